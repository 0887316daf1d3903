//! What takes two people: one proposes it, another confirms it. Until then nothing of it is so. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    arming::disarm,
    correction,
    document::{Armed, Document, FORMAT_WITH_TWO_PEOPLE, Staff},
    end,
    transition::{Context, Refusal, meant, not_now, refuse},
};
use crate::{
    base::{
        clock::Micros,
        ids::{ProposalId, RunId},
        limits,
    },
    wire::{
        codes::Code,
        command::{Armable, Command},
    },
};

/// What a show asks of its staff.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// What one person alone may not do.
    pub two_people: BTreeSet<Decision>,
}

/// What may take two people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Reveal,
    Void,
    /// Always, whatever a show says.
    Override,
    /// Always, too.
    Exclude,
}

impl Policy {
    /// The show asks nothing.
    pub fn is_empty(&self) -> bool {
        self.two_people.is_empty()
    }
}

/// What somebody wants to do and another one has to confirm.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Proposal {
    pub id: ProposalId,
    /// The run that it is about.
    pub run: RunId,
    /// With that run in it.
    pub command: Command,
    pub by: Staff,
    pub at: Micros,
    /// Nobody can confirm it any more.
    pub until: Micros,
}

/// Whether two names are of two people: links of different names, which who made them answers for. One person with two
/// devices is one.
fn is_another(one: &Staff, other: &Staff) -> bool {
    let name = |staff: &Staff| staff.name.trim().to_lowercase();
    one.session != other.session && name(one) != name(other)
}

/// What of a command takes two people, and the run that it is about.
fn decision(command: &Command) -> Option<(Decision, Option<RunId>)> {
    match command {
        Command::Reveal { run } => Some((Decision::Reveal, *run)),
        Command::Void { run, .. } => Some((Decision::Void, *run)),
        Command::Override { run, .. } => Some((Decision::Override, *run)),
        Command::Exclude { run, .. } => Some((Decision::Exclude, *run)),
        _ => None,
    }
}

/// Whether a command takes two people: as the show said when the run was made.
pub(super) fn takes_two(next: &Document, command: &Command) -> bool {
    let Some((decision, run)) = decision(command) else { return false };
    if matches!(decision, Decision::Override | Decision::Exclude) {
        return true;
    }
    let run = meant(next, run).ok().and_then(|run| next.run(run));
    run.is_some_and(|run| run.policy.two_people.contains(&decision))
}

fn decide(next: &mut Document, command: &Command, context: &Context) -> Result<(), Refusal> {
    match command {
        Command::Reveal { run } => end::reveal(next, *run, context),
        Command::Void { run, reason } => end::void(next, *run, reason, context),
        // What it comes to is counted and signed outside, from the manifest.
        Command::Exclude { run, .. } | Command::Override { run, .. } => {
            correction::check(next, command, context)?;
            let run = meant(next, *run)?;
            disarm(next, armable(command), Some(run))
        }
        _ => unreachable!("it takes nobody else"),
    }
}

/// What has to be armed for it.
fn armable(command: &Command) -> Armable {
    match command {
        Command::Void { .. } => Armable::Void,
        Command::Exclude { .. } => Armable::Exclude,
        Command::Override { .. } => Armable::Override,
        _ => Armable::Reveal,
    }
}

/// Puts a proposal on the desk, if what is proposed could be done now.
pub(super) fn propose(next: &mut Document, command: &Command, context: &Context) -> Result<(), Refusal> {
    if next.key_of(context.by.session).is_some() {
        return refuse(Code::Forbidden, "this takes two people, and a key is nobody: do it on the studio page");
    }
    let id = meant(next, decision(command).and_then(|(_, run)| run))?;
    let mut command = command.clone();
    match &mut command {
        Command::Reveal { run }
        | Command::Void { run, .. }
        | Command::Exclude { run, .. }
        | Command::Override { run, .. } => *run = Some(id),
        _ => {}
    }
    if let Command::Override { right: Some(right), .. } = &mut command {
        right.sort_unstable();
        right.dedup();
    }
    let mut done = next.clone();
    decide(&mut done, &command, context)?;
    // One press of the arm, one proposal.
    next.armed = done.armed;
    let is_same = |other: &&Proposal| other.run == id && other.command.verb() == command.verb();
    if let Some(other) = next.proposals.iter().find(is_same) {
        return not_now(format!("{} has proposed that already: confirm it, or decline it first", other.by.name));
    }
    if next.proposals.len() >= limits::PROPOSALS_MAX {
        return not_now("too many proposals wait: decide about those first");
    }
    let until = context.now.plus_ms(limits::PROPOSAL_MS);
    let (by, at, id_of) = (context.by.clone(), context.now, ProposalId(context.fresh_run.0));
    next.proposals.push(Proposal { id: id_of, run: id, command, by, at, until });
    next.format = next.format.max(FORMAT_WITH_TWO_PEOPLE);
    Ok(())
}

/// Whether somebody may arm the confirmation of what is proposed about a run.
pub(super) fn may_confirm(next: &Document, run: RunId, context: &Context) -> Result<(), Refusal> {
    let about = || next.proposals.iter().filter(|proposal| proposal.run == run);
    if about().next().is_none() {
        return not_now("nothing is proposed about this run");
    }
    if !about().any(|proposal| is_another(&proposal.by, &context.by)) {
        return refuse(Code::Forbidden, "you have proposed it yourself: another person has to confirm it");
    }
    Ok(())
}

fn find(next: &Document, id: ProposalId) -> Result<Proposal, Refusal> {
    match next.proposals.iter().find(|proposal| proposal.id == id) {
        Some(proposal) => Ok(proposal.clone()),
        None => refuse(Code::NotFound, "this proposal is over, withdrawn or done: look at the desk"),
    }
}

/// Does what somebody else has proposed, in both names.
pub(super) fn confirm(next: &mut Document, id: ProposalId, context: &Context) -> Result<(), Refusal> {
    let proposal = find(next, id)?;
    if !is_another(&proposal.by, &context.by) {
        return refuse(Code::Forbidden, "you have proposed it yourself: another person has to confirm it");
    }
    disarm(next, Armable::Confirm, Some(proposal.run))?;
    next.proposals.retain(|other| other.id != id);
    let (what, run, until) = (armable(&proposal.command), Some(proposal.run), context.now);
    next.armed.push(Armed { what, run, until, by: proposal.by.name.clone() });
    let name = format!("{} and {}", proposal.by.name, context.by.name);
    let both = Context { by: Staff { name, ..context.by.clone() }, ..context.clone() };
    decide(next, &proposal.command, &both)
}

/// Takes a proposal off the desk: whoever made it withdraws it, another one declines it.
pub(super) fn decline(next: &mut Document, id: ProposalId) -> Result<(), Refusal> {
    find(next, id)?;
    next.proposals.retain(|other| other.id != id);
    Ok(())
}

impl Document {
    /// Proposals that somebody can confirm at a moment.
    pub fn proposals_at(&self, now: Micros) -> impl Iterator<Item = &Proposal> {
        self.proposals.iter().filter(move |proposal| proposal.until > now && self.run(proposal.run).is_some())
    }

    /// A proposal by its id.
    pub fn proposal(&self, id: ProposalId) -> Option<&Proposal> {
        self.proposals.iter().find(|proposal| proposal.id == id)
    }

    /// What was proposed since a revision.
    pub fn new_proposal(&self, before: &Self) -> Option<ProposalId> {
        self.proposals.iter().map(|one| one.id).find(|id| before.proposal(*id).is_none())
    }

    /// Another seal of a run is in force, or the same one is signed off now: what was proposed about the one before is over.
    /// A void is about the run.
    pub(super) fn drop_proposals(&mut self, run: RunId) {
        self.proposals.retain(|one| one.run != run || matches!(one.command, Command::Void { .. }));
    }

    /// Raises the format where the show asks for two people: an older release would do with one.
    pub(super) fn tell_policy(&mut self) {
        if !self.policy.is_empty() {
            self.format = self.format.max(FORMAT_WITH_TWO_PEOPLE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{shows::transition::tests::Desk, wire::server::Role};

    /// A verified run of a show in which all of this takes two people.
    fn verified(two_people: impl IntoIterator<Item = Decision>) -> (Desk, RunId) {
        let mut desk = Desk::new();
        desk.document.policy = Policy { two_people: two_people.into_iter().collect() };
        desk.send(Command::Standby { cue: "1".into() });
        desk.send(Command::Take);
        desk.send(Command::Open { seconds: Some(60) });
        desk.verify();
        let run = desk.document.runs[0].id();
        (desk, run)
    }

    fn arm(what: Armable) -> Command {
        Command::Arm { what, run: None }
    }

    fn proposed(desk: &Desk) -> ProposalId {
        desk.document.proposals.last().expect("something is proposed").id
    }

    #[test]
    fn one_person_proposes_and_another_one_does_it() {
        let (mut desk, run) = verified([Decision::Reveal]);
        let reveal = Command::Reveal { run: None };
        desk.refuses(reveal.clone(), Code::NotArmed);
        desk.send(arm(Armable::Reveal));
        desk.send(reveal.clone());
        assert!(desk.document.runs[0].revealed_at.is_none() && desk.document.armed.is_empty());
        assert_eq!((desk.document.proposals[0].run, desk.document.format), (run, FORMAT_WITH_TWO_PEOPLE));
        let confirm = Command::Confirm { proposal: proposed(&desk) };
        // Not who proposed it, not on another device, not without arming, not with another role, not another proposal.
        desk.refuses(arm(Armable::Confirm), Code::Forbidden);
        desk.refuses(confirm.clone(), Code::Forbidden);
        desk.named(2, " s1 ", Role::Producer).refuses(confirm.clone(), Code::Forbidden);
        desk.by(3, Role::Operator).refuses(confirm.clone(), Code::Forbidden);
        desk.by(4, Role::Adjudicator).refuses(confirm.clone(), Code::NotArmed);
        desk.send(arm(Armable::Confirm));
        desk.refuses(Command::Confirm { proposal: ProposalId(0) }, Code::NotFound);
        desk.send(confirm);
        assert!(desk.document.runs[0].revealed_at.is_some() && desk.document.proposals.is_empty());
    }

    #[test]
    fn what_is_proposed_is_withdrawn_declined_or_over() {
        let (mut desk, run) = verified([Decision::Void]);
        let void = Command::Void { run: Some(run), reason: "the lines were down".into() };
        let propose = |desk: &mut Desk| {
            desk.by(1, Role::Producer).send(arm(Armable::Void));
            desk.send(void.clone());
            proposed(desk)
        };
        let first = propose(&mut desk);
        desk.send(arm(Armable::Void));
        desk.refuses(void.clone(), Code::NotNow);
        desk.send(Command::Decline { proposal: first });
        let second = propose(&mut desk);
        desk.by(2, Role::Adjudicator).send(Command::Decline { proposal: second });
        desk.refuses(Command::Decline { proposal: second }, Code::NotFound);
        let third = propose(&mut desk);
        assert_eq!(desk.document.proposals_at(desk.now).count(), 1);
        let over = desk.document.proposals[0].until;
        assert_eq!(desk.document.proposals_at(over).count(), 0);
        desk.at_ms(over.as_ms()).by(2, Role::Adjudicator).refuses(arm(Armable::Confirm), Code::NotNow);
        desk.refuses(Command::Confirm { proposal: third }, Code::NotFound);
        let fourth = propose(&mut desk);
        desk.by(2, Role::Adjudicator).send(arm(Armable::Confirm));
        desk.send(Command::Confirm { proposal: fourth });
        let void = desk.document.runs[0].void.as_ref().expect("it is void");
        assert_eq!((&*void.by, &*void.reason), ("S1 and S2", "the lines were down"));
    }

    #[test]
    fn what_was_proposed_about_another_result_is_over() {
        let (mut desk, run) = verified([Decision::Reveal, Decision::Void]);
        let proposing = |desk: &mut Desk| {
            desk.by(1, Role::Producer);
            for (what, command) in [
                (Armable::Reveal, Command::Reveal { run: None }),
                (Armable::Void, Command::Void { run: None, reason: "the lines were down".into() }),
                (
                    Armable::Override,
                    Command::Override {
                        run: None,
                        thousandths: Some(vec![0, 2000]),
                        right: None,
                        reason: "the notary".into(),
                    },
                ),
            ] {
                desk.send(arm(what));
                desk.send(command);
            }
            desk.document.proposals[0].id
        };
        let left = |document: &Document| {
            document.proposals.iter().map(|one| one.command.verb()).collect::<Vec<_>>() == ["void"]
        };
        let reveal = proposing(&mut desk);
        let mut summary = desk.document.runs[0].sealed().unwrap().clone();
        summary.totals = vec![0, 1];
        desk.document.correct(run, 2, summary.clone());
        assert!(left(&desk.document), "what was corrected is not what was to be revealed");
        desk.by(2, Role::Adjudicator).send(arm(Armable::Confirm));
        desk.refuses(Command::Confirm { proposal: reveal }, Code::NotFound);
        let void = desk.document.proposals[0].id;
        desk.send(Command::Decline { proposal: void });

        proposing(&mut desk);
        let seal = desk.document.runs[0].seal.as_mut().unwrap();
        (seal.summary, seal.verified) = (None, None);
        desk.document = end::with_seal(&desk.document, run, 2, summary).unwrap();
        assert!(left(&desk.document), "it is another seal");
        let proposal = desk.document.proposals[0].clone();
        let command = Command::Override {
            run: Some(run),
            thousandths: Some(vec![1000, 0]),
            right: None,
            reason: "the notary".into(),
        };
        desk.document.proposals.push(Proposal { command, ..proposal });
        desk.document = end::with_sign_off(&desk.document, run, 2, "Eve", desk.now).unwrap();
        assert!(left(&desk.document), "it is signed off now");
    }

    #[test]
    fn a_show_asks_of_a_run_what_it_asked_when_the_run_was_made() {
        let (mut desk, _) = verified([Decision::Reveal]);
        desk.document.policy = Policy::default();
        desk.send(arm(Armable::Reveal));
        desk.send(Command::Reveal { run: None });
        assert_eq!(desk.document.proposals.len(), 1, "a new rundown takes nothing back");
        // What the show does not name one person does alone.
        let (mut desk, _) = verified([Decision::Void]);
        desk.send(arm(Armable::Reveal));
        desk.send(Command::Reveal { run: None });
        assert!(desk.document.runs[0].revealed_at.is_some());
    }
}
