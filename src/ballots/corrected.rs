//! What a corrected seal comes to: what is left out counts nothing, and what is declared stands in place of what was
//! counted, which is kept beside it. Pure and exact, so that whoever counts again gets the same.

use serde::{Deserialize, Serialize};

use super::{
    manifest::{self, Manifest},
    outcome::{self, outcome, rated},
    tally,
};
use crate::{
    shows::{
        carry,
        correction::{Correction, left},
        run::{ByEntry, Definition, Run, SealSummary},
    },
    wire::outcome::{Outcome, Rated},
};

/// What is declared, made into a result by the run's rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Votes per option; empty where pools count apart: there points are declared, and votes stay what they were.
    pub votes: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rated: Option<Rated>,
}

impl Declared {
    /// Of a correction; `None`: it declares nothing.
    pub fn of(definition: &Definition, correction: Option<&Correction>) -> Option<Self> {
        let thousandths = &correction.filter(|one| !one.declared.is_empty())?.declared;
        let (outcome, rated) = outcome::declared(definition, thousandths);
        let are_votes = definition.interaction.counting.pools.is_empty();
        let votes = if are_votes { thousandths.iter().map(|value| value / 1000).collect() } else { Vec::new() };
        Some(Self { votes, outcome, rated })
    }
}

/// What stands of a seal: for everybody who is shown its result.
#[derive(Debug, Clone)]
pub struct Stands {
    /// Votes per option: as declared, where votes are.
    pub votes: Vec<u64>,
    pub outcome: Option<Outcome>,
    pub rated: Option<Rated>,
    /// Votes per option as counted, with those that are carried over, whatever is declared.
    pub counted: Vec<u64>,
    /// The lines that they come from, and the votes of late ballots among them.
    pub by_entry: Vec<ByEntry>,
    pub late_votes: Vec<u64>,
}

/// What stands of a seal.
pub fn stands(run: &Run, seal: &SealSummary) -> Stands {
    let (definition, correction) = (&run.definition, seal.correction.as_ref());
    let own = counted(definition, &seal.totals, &seal.by_entry, correction);
    let (votes, by_entry) = carry::sum(definition, own, run.carried.as_ref(), correction);
    let late_votes = match correction {
        Some(one) if !one.excluded.is_empty() => sum(by_entry.iter().map(|line| &line.late_votes), votes.len()),
        _ => seal.late_totals.clone(),
    };
    match Declared::of(definition, correction) {
        None => Stands {
            outcome: outcome(definition, &votes, &by_entry),
            rated: rated(definition, &votes, &by_entry),
            counted: votes.clone(),
            votes,
            by_entry,
            late_votes,
        },
        Some(Declared { votes: declared, outcome, rated }) => Stands {
            votes: if declared.is_empty() { votes.clone() } else { declared },
            outcome,
            rated,
            counted: votes,
            by_entry,
            late_votes,
        },
    }
}

/// Votes per option of all that was counted, whatever is left out of `totals`.
pub fn counted_totals(totals: &[u64], by_entry: &[ByEntry], correction: Option<&Correction>) -> Vec<u64> {
    match correction {
        Some(one) if !one.excluded.is_empty() => sum(by_entry.iter().map(|line| &line.votes), totals.len()),
        _ => totals.to_vec(),
    }
}

/// The votes that count and the lines that they come from, of all that were counted (`all`, or what is left of them already).
pub fn counted(
    definition: &Definition,
    all: &[u64],
    by_entry: &[ByEntry],
    correction: Option<&Correction>,
) -> (Vec<u64>, Vec<ByEntry>) {
    match correction {
        Some(one) if !one.excluded.is_empty() => {
            let lines = left(&one.excluded, definition, by_entry);
            (sum(lines.iter().map(|line| &line.votes), all.len()), lines)
        }
        _ => (all.to_vec(), by_entry.to_vec()),
    }
}

fn sum<'a>(lines: impl Iterator<Item = &'a Vec<u64>>, options: usize) -> Vec<u64> {
    let mut sums = vec![0; options];
    lines.for_each(|votes| sums.iter_mut().zip(votes).for_each(|(sum, more)| *sum += more));
    sums
}

impl Manifest {
    /// The revision that counted.
    pub fn counted_revision(&self) -> u32 {
        self.correction.as_ref().map_or(self.revision, |correction| correction.counted)
    }

    /// Votes per option of all counted ballots, whatever is left out.
    pub fn counted_totals(&self) -> Vec<u64> {
        counted_totals(&self.totals, &self.by_entry, self.correction.as_ref())
    }

    /// The votes that make the result, and the lines that they come from: those of its own ballots and those that are carried
    /// over, without what is left out.
    pub fn sum(&self, own: &[u64], by_entry: &[ByEntry]) -> (Vec<u64>, Vec<ByEntry>) {
        let correction = self.correction.as_ref();
        let own = counted(&self.definition, own, by_entry, correction);
        carry::sum(&self.definition, own, self.carried.as_ref(), correction)
    }

    /// With what the rules make of its votes.
    #[must_use]
    pub fn summed(self) -> Self {
        let (votes, lines) = self.sum(&self.counted_totals(), &self.by_entry);
        Self {
            shares: tally::shares(&votes),
            outcome: outcome(&self.definition, &votes, &lines),
            rated: rated(&self.definition, &votes, &lines),
            sum: if self.carried.is_some() { votes } else { Vec::new() },
            ..self
        }
    }

    /// Votes per option that make the result.
    pub fn votes(&self) -> &[u64] {
        if self.carried.is_some() { &self.sum } else { &self.totals }
    }

    /// The same count, corrected.
    #[must_use]
    pub fn corrected(&self, revision: u32, correction: Correction) -> Self {
        let (totals, _) = counted(&self.definition, &self.counted_totals(), &self.by_entry, Some(&correction));
        let corrected = Self {
            format: manifest::format(&self.definition, true).to_owned(),
            revision,
            totals,
            declared: Declared::of(&self.definition, Some(&correction)),
            correction: Some(correction),
            ..self.clone()
        };
        corrected.summed()
    }
}
