//! Corrections of a sealed run: what is left out of its count, or declared in place of it, by two people and for a reason.
//! Pure. What the votes come to then is made in `ballots/corrected.rs`.

use serde::{Deserialize, Serialize};

use super::{
    document::{Document, FORMAT_WITH_TWO_PEOPLE},
    kind::{Kind, Quiz},
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
    /// Of a quiz: the options that are declared to be right; empty: those that the cue says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub right: Vec<u16>,
}

/// The right options of a quiz.
pub fn right<'a>(quiz: &'a Quiz, correction: Option<&'a Correction>) -> &'a [u16] {
    correction.filter(|one| !one.right.is_empty()).map_or(&quiz.right, |one| &one.right)
}

/// What two people want of a run, in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub excluded: Vec<Entry>,
    pub declared: Vec<u64>,
    pub right: Vec<u16>,
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
pub fn asked(was: Option<&Correction>, command: &Command) -> Option<Asked> {
    let Asked { excluded, right: was_right, .. } = until_now(was);
    match command {
        Command::Exclude { entries, .. } => {
            Some(Asked { excluded: entries.clone(), declared: Vec::new(), right: was_right })
        }
        Command::Override { thousandths, right, .. } => {
            let mut right = right.clone().unwrap_or_default();
            right.sort_unstable();
            right.dedup();
            Some(Asked { excluded, declared: thousandths.clone().unwrap_or_default(), right })
        }
        _ => None,
    }
}

fn until_now(was: Option<&Correction>) -> Asked {
    let of = |was: &Correction| Asked {
        excluded: was.excluded.clone(),
        declared: was.declared.clone(),
        right: was.right.clone(),
    };
    was.map(of).unwrap_or_default()
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
    if reason.trim().is_empty() || reason.chars().count() > limits::TEXT_CHARS_MAX {
        let detail = format!("give the reason, in at most {} characters: the seal keeps it", limits::TEXT_CHARS_MAX);
        return refuse(Code::BadMessage, detail);
    }
    if matches!(command, Command::Override { thousandths: None, right: None, .. }) {
        let detail = "say what is declared: thousandths, or of a quiz right; an empty list takes it back";
        return refuse(Code::BadMessage, detail);
    }
    let was = seal.correction.as_ref();
    let until_now = until_now(was);
    let asked = asked(was, command).expect("it corrects something");
    if asked == until_now {
        return not_now("that is so already");
    }
    match command {
        Command::Exclude { entries, .. } => {
            if seal.by_entry.is_empty() {
                return not_now("this run has no entries: there is nothing to tell its ballots apart by");
            }
            if !until_now.declared.is_empty() {
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
            let own = left(entries, &run.definition, &seal.by_entry);
            let before = run.carried.iter().flat_map(|carried| &carried.by_entry);
            let before = before.filter(|line| !leaves_out(entries, &run.definition, line.entry));
            let mut votes = own.iter().map(|line| &line.votes).chain(before.map(|line| &line.votes)).flatten();
            if votes.all(|votes| *votes == 0) {
                return not_now("no vote would be left: declare the run void instead");
            }
        }
        Command::Override { .. } if interaction.kind.round().is_some() => {
            return check_right(&interaction.kind, interaction.options.len(), &asked);
        }
        Command::Override { .. } if !asked.right.is_empty() => {
            return refuse(Code::BadMessage, "only a quiz has a right answer: declare what the options have");
        }
        Command::Override { .. } => {
            let thousandths = &asked.declared;
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

/// Whether another answer of a quiz can be declared right.
fn check_right(kind: &Kind, options: usize, asked: &Asked) -> Result<(), Refusal> {
    let Kind::Quiz(quiz) = kind else {
        return not_now("say again what came true of a prediction (resolve): points are made of that");
    };
    if !asked.declared.is_empty() {
        return refuse(Code::BadMessage, "points are made of the right answer: declare that, not what options have");
    }
    if asked.right == quiz.right {
        return not_now("the cue says that already: declare nothing to go back to it");
    }
    // All of them, too: where the question itself was wrong.
    if !asked.right.iter().all(|n| (1..=options).contains(&usize::from(*n))) {
        return refuse(Code::BadMessage, format!("name the right options by their numbers, 1 to {options}"));
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
            carry::{Carried, CarriedLine},
            entries::Entries,
            kind::{Kind, Prediction, Quiz, Worth},
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
        let reason = "the notary's count".into();
        Command::Override { run: None, thousandths: Some(thousandths.to_vec()), right: None, reason }
    }

    fn declare_right(right: &[u16]) -> Command {
        let reason = "the wrong one was marked".into();
        Command::Override { run: None, thousandths: None, right: Some(right.to_vec()), reason }
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
            // Nothing is said, not that it is taken back.
            (Command::Override { run, thousandths: None, right: None, reason: "oops".into() }, Code::BadMessage),
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
    fn votes_that_are_carried_over_may_be_all_that_is_left() {
        let all_own = exclude(&[entry(Some("jury"), None), entry(None, Some(""))]);
        let mut desk = verified();
        desk.refuses(all_own.clone(), Code::NotNow);
        let by_entry = vec![CarriedLine { entry: 2, votes: vec![0, 1] }];
        desk.document.runs[0].carried = Some(Carried { votes: vec![0, 1], by_entry, missing: 0 });
        desk.refuses(all_own, Code::NotArmed);
    }

    #[test]
    fn only_a_sealed_run_of_votes_is_corrected() {
        let mut open = Desk::open_for(60);
        open.refuses(declare(&[1000, 0]), Code::NotNow);
        let mut plain = verified();
        plain.document.runs[0].seal.as_mut().unwrap().summary.as_mut().unwrap().by_entry.clear();
        plain.refuses(exclude(&[entry(Some("jury"), None)]), Code::NotNow);
    }

    #[test]
    fn of_a_quiz_the_right_answer_is_corrected_and_of_a_prediction_what_is_left_out() {
        let kinds = [
            Kind::Quiz(Quiz {
                right: vec![2],
                worth: Worth { points_max: 2, points_min: 1, full_ms: 0, least_ms: 1 },
                round: String::new(),
            }),
            Kind::Prediction(Prediction { points: 1, round: String::new() }),
        ];
        let of = |kind: &Kind| {
            let mut desk = verified();
            desk.document.runs[0].definition.interaction.kind = kind.clone();
            desk
        };
        for (command, codes) in [
            (declare(&[1000, 0]), [Code::BadMessage, Code::NotNow]),
            (declare_right(&[]), [Code::NotNow, Code::NotNow]),
            (declare_right(&[2, 2]), [Code::NotNow, Code::NotNow]),
            (declare_right(&[3]), [Code::BadMessage, Code::NotNow]),
            (declare_right(&[0]), [Code::BadMessage, Code::NotNow]),
            (declare_right(&[1]), [Code::NotArmed, Code::NotNow]),
            (declare_right(&[2, 1]), [Code::NotArmed, Code::NotNow]),
            (exclude(&[entry(None, Some("tv"))]), [Code::NotArmed, Code::NotArmed]),
        ] {
            for (kind, code) in kinds.iter().zip(codes) {
                of(kind).refuses(command.clone(), code);
            }
        }
        verified().refuses(declare_right(&[1]), Code::BadMessage);
        // However often each is named, it is kept once.
        let mut desk = of(&kinds[0]);
        desk.by(2, Role::Adjudicator).send(arm(Armable::Override));
        desk.send(declare_right(&[2, 1, 2, 1]));
        let Command::Override { right, .. } = &desk.document.proposals[0].command else { panic!("a declaration") };
        assert_eq!(right.as_deref(), Some(&[1, 2][..]));
        // Who leaves something out does not take the right answer back, nor the other way round.
        let was = Correction {
            counted: 1,
            corrects: String::new(),
            at: Micros(0),
            reason: String::new(),
            by: [String::new(), String::new()],
            excluded: vec![entry(Some("jury"), None)],
            declared: Vec::new(),
            right: vec![1],
        };
        assert_eq!(asked(Some(&was), &exclude(&[])).unwrap(), Asked { right: vec![1], ..Asked::default() });
        let both = Asked { excluded: was.excluded.clone(), right: vec![1, 2], ..Asked::default() };
        assert_eq!(asked(Some(&was), &declare_right(&[2, 1, 2])).unwrap(), both);
    }

    #[test]
    fn what_is_left_out_is_said_in_words() {
        let all = [entry(Some("jury"), Some("tv")), entry(Some(""), None)];
        assert_eq!(in_words(&all), "pool jury with platform tv, no pool");
        assert_eq!(in_words(&[]), "");
    }
}
