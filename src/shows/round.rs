//! Rounds: which runs a leaderboard is made of. Pure, so that every node, and who counts again, says the same.

use super::{document::Document, run::Run};
use crate::base::{clock::Micros, ids::RunId};

/// A run whose answer everybody may know.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a, T> {
    /// Since when.
    pub at: Micros,
    pub run: RunId,
    pub cue: &'a str,
    pub round: &'a str,
    pub what: T,
}

/// The rounds of a show in the order in which their last answers became known, each with its runs in that order. Of runs of the
/// same cue the newest counts; they come in oldest first.
pub fn rounds<'a, T>(runs: impl IntoIterator<Item = Known<'a, T>>) -> Vec<(&'a str, Vec<T>)> {
    let mut newest: Vec<Known<'_, T>> = Vec::new();
    for known in runs {
        newest.retain(|other| other.cue != known.cue);
        newest.push(known);
    }
    newest.sort_by_key(|known| (known.at, known.run));
    let mut rounds: Vec<(&str, Vec<T>)> = Vec::new();
    for Known { round, what, .. } in newest {
        let before = rounds.iter().position(|(other, _)| *other == round).map(|at| rounds.remove(at).1);
        let mut runs = before.unwrap_or_default();
        runs.push(what);
        rounds.push((round, runs));
    }
    rounds
}

/// The round that is played: the one in which an answer became known last. Rehearsal and live never mix.
pub fn played(document: &Document) -> Option<(&str, Vec<&Run>)> {
    let runs = document.runs.iter().filter(|run| run.definition.rehearsal == document.rehearsal);
    rounds(runs.filter_map(known)).pop()
}

fn known(run: &Run) -> Option<Known<'_, &Run>> {
    let (cue, round) = (&*run.definition.cue, run.definition.interaction.kind.round()?);
    run.answered().map(|(at, _)| Known { at, run: run.id(), cue, round, what: run })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_run_of_a_cue_counts_and_the_last_answer_says_which_round_is_played() {
        let known = |at, cue, round| Known { at: Micros(at), run: RunId(at), cue, round, what: at };
        let runs = [known(1, "1", "a"), known(9, "2", "b"), known(3, "3", "a"), known(5, "1", "a"), known(7, "4", "b")];
        assert_eq!(rounds(runs), [("a", vec![3, 5]), ("b", vec![7, 9])]);
        let again = runs.into_iter().chain([known(11, "3", "a")]);
        assert_eq!(rounds(again).pop(), Some(("a", vec![5, 11])));
        assert!(rounds(std::iter::empty::<Known<'_, ()>>()).is_empty());
    }
}
