//! Corrections of a sealed run: what is left out of its count, or declared in place of it, by two people and for a reason.
//! Pure. What the votes come to then is made in `ballots/corrected.rs`.

use serde::{Deserialize, Serialize};

use super::{
    document::{Document, FORMAT_WITH_TWO_PEOPLE},
    run::{ByEntry, Definition, SealSummary},
    transition::{Context, Refusal, meant, not_now, phase_word, refuse},
};
use crate::{
    base::{clock::Micros, ids::RunId, limits},
    wire::{codes::Code, command::Command, entry::Entry, server::Phase},
};

/// What a seal says that was made of another one, without counting again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The revision that counted: its buckets, journals and ballots are those of this one.
    pub counted: u32,
    /// SHA-256 of the manifest that was in force until then.
    pub corrects: String,
    pub at: Micros,
    pub reason: String,
    /// Who proposed it, and who confirmed it.
    pub by: [String; 2],
    /// Ballots that came by an entry that names all that one of these names count nothing. An empty name: the entry names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Entry>,
    /// What each option is declared to have, in thousandths of a vote or a point; empty: what was counted stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<u64>,
}

/// Whether ballots that came by an entry are left out.
fn is_excluded(excluded: &[Entry], entry: &Entry) -> bool {
    let same = |named: &Option<String>, name: &Option<String>| {
        named.as_ref().is_none_or(|named| *named == name.clone().unwrap_or_default())
    };
    excluded.iter().any(|one| {
        same(&one.segment, &entry.segment) && same(&one.pool, &entry.pool) && same(&one.platform, &entry.platform)
    })
}

/// Whether ballots with the number of an entry are left out; 0: those that came by none.
pub fn leaves_out(excluded: &[Entry], definition: &Definition, number: u8) -> bool {
    is_excluded(excluded, definition.entries.get(number).unwrap_or(&Entry::default()))
}

/// The lines that count.
pub fn left(excluded: &[Entry], definition: &Definition, by_entry: &[ByEntry]) -> Vec<ByEntry> {
    by_entry.iter().filter(|line| !leaves_out(excluded, definition, line.entry)).cloned().collect()
}

/// What is left out, in words.
pub fn in_words(excluded: &[Entry]) -> String {
    let name = |kind: &str, name: &Option<String>| match name.as_deref() {
        None => None,
        Some("") => Some(format!("no {kind}")),
        Some(name) => Some(format!("{kind} {name}")),
    };
    let one = |entry: &Entry| {
        let parts = [name("segment", &entry.segment), name("pool", &entry.pool), name("platform", &entry.platform)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" with ")
    };
    excluded.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a command makes of what was left out and declared until now.
pub fn asked(was: Option<&Correction>, command: &Command) -> Option<(Vec<Entry>, Vec<u64>)> {
    match command {
        Command::Exclude { entries, .. } => Some((entries.clone(), Vec::new())),
        Command::Override { thousandths, .. } => {
            Some((was.map(|was| was.excluded.clone()).unwrap_or_default(), thousandths.clone()))
        }
        _ => None,
    }
}

/// Whether a run can be corrected so now.
pub(super) fn check(next: &Document, command: &Command, context: &Context) -> Result<(), Refusal> {
    let (Command::Exclude { run, reason, .. } | Command::Override { run, reason, .. }) = command else {
        unreachable!("it corrects nothing")
    };
    let run = next.run(meant(next, *run)?).expect("just found");
    let phase = run.phase(context.now);
    let sealed = run.sealed().filter(|_| matches!(phase, Phase::Sealed | Phase::Verified | Phase::Revealed));
    let Some(seal) = sealed else {
        return not_now(format!("only a sealed run can be corrected; this one is {}", phase_word(phase)));
    };
    let interaction = &run.definition.interaction;
    if interaction.kind.round().is_some() {
        return not_now("a leaderboard is made of every ballot of its questions: declare this run void instead");
    }
    if reason.trim().is_empty() || reason.chars().count() > limits::TEXT_CHARS_MAX {
        let detail = format!("give the reason, in at most {} characters: the seal keeps it", limits::TEXT_CHARS_MAX);
        return refuse(Code::BadMessage, detail);
    }
    let was = seal.correction.as_ref();
    let (excluded, declared) = was.map(|was| (was.excluded.clone(), was.declared.clone())).unwrap_or_default();
    if asked(was, command) == Some((excluded, declared.clone())) {
        return not_now("that is so already");
    }
    match command {
        Command::Exclude { entries, .. } => {
            if seal.by_entry.is_empty() {
                return not_now("this run has no entries: there is nothing to tell its ballots apart by");
            }
            if !declared.is_empty() {
                return not_now("a declared result stands: take that back first");
            }
            if entries.len() > limits::ENTRIES_MAX {
                return refuse(Code::BadMessage, format!("name at most {} of them", limits::ENTRIES_MAX));
            }
            for one in entries {
                let excluded = std::slice::from_ref(one);
                let is_there = seal.by_entry.iter().any(|line| leaves_out(excluded, &run.definition, line.entry));
                if *one == Entry::default() || !is_there {
                    return refuse(Code::NotFound, "name a segment, a pool or a platform that this run's entries name");
                }
            }
            if left(entries, &run.definition, &seal.by_entry)
                .iter()
                .all(|line| line.votes.iter().all(|votes| *votes == 0))
            {
                return not_now("no vote would be left: declare the run void instead");
            }
        }
        Command::Override { thousandths, .. } => {
            let options = interaction.options.len();
            let whole = !interaction.counting.pools.is_empty() || thousandths.iter().all(|value| value % 1000 == 0);
            let some = thousandths.iter().any(|value| *value > 0);
            let fits = some && thousandths.len() == options && thousandths.iter().all(|v| *v <= limits::DECLARED_MAX);
            if !(thousandths.is_empty() || fits && whole) {
                let what = if whole { "in thousandths" } else { "in thousandths, and whole votes" };
                return refuse(Code::BadMessage, format!("declare what each of the {options} options has, {what}"));
            }
        }
        _ => {}
    }
    Ok(())
}

impl Document {
    /// Puts a corrected seal in the place of the one that it was made of. Who signed off what was counted did so for good:
    /// nothing was counted again.
    pub fn correct(&mut self, run: RunId, revision: u32, summary: SealSummary) {
        if let Some(seal) = self.run_mut(run).and_then(|run| run.seal.as_mut()) {
            seal.revision = revision;
            seal.summary = Some(summary);
            self.format = self.format.max(FORMAT_WITH_TWO_PEOPLE);
            self.drop_proposals(run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shows::{
            entries::Entries,
            kind::{Kind, Prediction},
            transition::tests::Desk,
        },
        wire::{command::Armable, server::Role},
    };

    fn entry(pool: Option<&str>, platform: Option<&str>) -> Entry {
        Entry { segment: None, pool: pool.map(str::to_owned), platform: platform.map(str::to_owned) }
    }

    /// A verified run with two votes of the jury, and one of somebody who came by no link.
    fn verified() -> Desk {
        let mut desk = Desk::open_for(60);
        let entries = [entry(Some("jury"), None), entry(None, Some("tv"))];
        desk.document.runs[0].definition.entries = Entries::default().declaring(&entries).unwrap();
        desk.verify();
        let line = |entry, votes: [u64; 2]| ByEntry { entry, counted: 1, votes: votes.into(), late_votes: Vec::new() };
        let seal = desk.document.runs[0].seal.as_mut().unwrap().summary.as_mut().unwrap();
        seal.by_entry = vec![line(0, [1, 0]), line(1, [0, 2]), line(2, [0, 0])];
        desk
    }

    fn exclude(entries: &[Entry]) -> Command {
        Command::Exclude { run: None, entries: entries.to_vec(), reason: "its lines were down".into() }
    }

    fn declare(thousandths: &[u64]) -> Command {
        Command::Override { run: None, thousandths: thousandths.to_vec(), reason: "the notary's count".into() }
    }

    fn arm(what: Armable) -> Command {
        Command::Arm { what, run: None }
    }

    #[test]
    fn what_can_be_corrected_is_said_before_anybody_else_is_asked() {
        let (jury, tv) = (entry(Some("jury"), None), entry(None, Some("tv")));
        let run = None;
        for (command, code) in [
            (exclude(&[]), Code::NotNow),
            (exclude(&[Entry::default()]), Code::NotFound),
            (exclude(&[entry(None, Some("radio"))]), Code::NotFound),
            (exclude(&[entry(Some("jury"), Some("tv"))]), Code::NotFound),
            (exclude(&[jury.clone(), entry(Some(""), None)]), Code::NotNow),
            (Command::Exclude { run, entries: vec![jury.clone()], reason: " ".into() }, Code::BadMessage),
            (declare(&[]), Code::NotNow),
            (declare(&[1000]), Code::BadMessage),
            (declare(&[0, 0]), Code::BadMessage),
            (declare(&[1500, 1000]), Code::BadMessage),
            (declare(&[limits::DECLARED_MAX + 1000, 0]), Code::BadMessage),
        ] {
            verified().refuses(command, code);
        }
        for (command, what) in [
            (exclude(&[jury]), Armable::Exclude),
            (exclude(&[entry(Some(""), None), tv]), Armable::Exclude),
            (declare(&[0, 4000]), Armable::Override),
        ] {
            let mut desk = verified();
            desk.refuses(command.clone(), Code::NotArmed);
            desk.by(3, Role::Operator).refuses(arm(what), Code::Forbidden);
            desk.by(2, Role::Adjudicator).send(arm(what));
            desk.send(command);
            assert_eq!(desk.document.proposals.len(), 1);
            assert!(
                desk.document.runs[0].sealed().unwrap().correction.is_none(),
                "nothing is so before the second name"
            );
        }
    }

    #[test]
    fn only_a_sealed_run_of_votes_is_corrected() {
        let mut open = Desk::open_for(60);
        open.refuses(declare(&[1000, 0]), Code::NotNow);
        let mut desk = verified();
        desk.document.runs[0].definition.interaction.kind =
            Kind::Prediction(Prediction { points: 1, round: String::new() });
        desk.refuses(declare(&[1000, 0]), Code::NotNow);
        let mut plain = verified();
        plain.document.runs[0].seal.as_mut().unwrap().summary.as_mut().unwrap().by_entry.clear();
        plain.refuses(exclude(&[entry(Some("jury"), None)]), Code::NotNow);
    }

    #[test]
    fn what_is_left_out_is_said_in_words() {
        let all = [entry(Some("jury"), Some("tv")), entry(Some(""), None)];
        assert_eq!(in_words(&all), "pool jury with platform tv, no pool");
        assert_eq!(in_words(&[]), "");
    }
}
