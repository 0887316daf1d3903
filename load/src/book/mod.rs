//! The books: what an audience was told of every ballot (`Book`), how long everything took (`series`), and whether that and
//! the server's own account can both be true (`verdict`). All of it adds up over parts.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use tallylight::{
    base::ids::RunId,
    viewer::standing::Standing,
    wire::server::{Answer, Reason},
};

use crate::audience::record::{Heard, Record};

pub mod series;
pub mod verdict;

/// What became of all ballots of an audience.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    pub runs: BTreeMap<RunId, RunBook>,
    /// Ballots with receipts that cannot both be true.
    pub contradictions: u64,
    /// Voters of whom more is counted in a run than it allows.
    pub over_budget: u64,
    /// Receipts of ballots that were never cast.
    pub strays: u64,
}

/// The ballots of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBook {
    pub cue: String,
    pub changeable: bool,
    /// Votes of one voter; 0: no ballots are taken.
    pub votes_per_voter: u16,
    /// Ballots that were due.
    pub due: u64,
    /// Of these, ballots that were sent.
    pub sent: u64,
    /// How often any ballot was sent.
    pub sends: u64,
    /// All receipts, repeated ones too.
    pub receipts: u64,
    pub counted: u64,
    /// Of these, ballots that a later one of their voter replaces.
    pub superseded: u64,
    /// Counted once, and later taken out of the tally by the book.
    pub withdrawn: u64,
    /// By reason.
    pub refused: BTreeMap<String, u64>,
    /// No final answer, by the last one.
    pub open: BTreeMap<String, u64>,
    /// Votes by option, of what is counted and in force.
    pub votes: Vec<u64>,
    /// Ballots without a final answer, by the options that they would add to.
    pub open_votes: Vec<u64>,
    /// Taps that were sent.
    pub taps: u64,
}

impl RunBook {
    /// Ballots that were due and never sent: their viewer had no connection.
    pub fn never_sent(&self) -> u64 {
        self.due.saturating_sub(self.sent)
    }

    /// Ballots without a final answer.
    pub fn open(&self) -> u64 {
        self.open.values().sum()
    }

    /// Ballots that will never be counted.
    pub fn refused(&self) -> u64 {
        self.refused.values().sum()
    }

    fn merge(&mut self, other: &Self) {
        self.cue.clone_from(&other.cue);
        self.changeable = other.changeable;
        self.votes_per_voter = other.votes_per_voter;
        for (ours, theirs) in [
            (&mut self.due, other.due),
            (&mut self.sent, other.sent),
            (&mut self.sends, other.sends),
            (&mut self.receipts, other.receipts),
            (&mut self.counted, other.counted),
            (&mut self.superseded, other.superseded),
            (&mut self.withdrawn, other.withdrawn),
            (&mut self.taps, other.taps),
        ] {
            *ours += theirs;
        }
        add_words(&mut self.refused, &other.refused);
        add_words(&mut self.open, &other.open);
        add_options(&mut self.votes, &other.votes);
        add_options(&mut self.open_votes, &other.open_votes);
    }
}

impl Book {
    /// Adds all ballots of one viewer. What it would have sent is in `due` already.
    pub fn add(&mut self, records: &[Record], strays: u64) {
        self.strays += strays;
        let mut spent: HashMap<(RunId, u32), u64> = HashMap::new();
        // Of each run the counted ballot with the greatest number: the others are superseded.
        let mut in_force: HashMap<(RunId, u32), &Record> = HashMap::new();
        for record in records {
            self.contradictions += u64::from(record.contradiction);
            let run = self.runs.entry(record.run).or_default();
            run.sent += u64::from(record.sent_at.is_some());
            run.sends += u64::from(record.sent);
            run.receipts += record.receipts.len() as u64;
            run.withdrawn += u64::from(record.withdrawn);
            match record.standing {
                Standing::Counted => {
                    run.counted += 1;
                    if !run.changeable {
                        *spent.entry((record.run, record.life)).or_default() += record.picks.len() as u64;
                        pick(&mut run.votes, &record.picks);
                    } else if let Some(other) = in_force.insert((record.run, record.life), record) {
                        run.superseded += 1;
                        if other.change > record.change {
                            in_force.insert((record.run, record.life), other);
                        }
                    }
                }
                Standing::Refused(reason) => *run.refused.entry(reason.word().to_owned()).or_default() += 1,
                Standing::Open if record.sent_at.is_none() => {}
                Standing::Open => {
                    let last = record.receipts.last().map_or_else(|| "no answer".to_owned(), word);
                    *run.open.entry(last).or_default() += 1;
                    pick(&mut run.open_votes, &record.picks);
                }
            }
        }
        for ((run, _), record) in in_force {
            pick(&mut self.runs.entry(run).or_default().votes, &record.picks);
        }
        let over = |((run, _), votes): (&(RunId, u32), &u64)| {
            self.runs.get(run).is_some_and(|run| *votes > u64::from(run.votes_per_voter))
        };
        self.over_budget += spent.iter().filter(|entry| over(*entry)).count() as u64;
    }

    /// Adds another part of the same audience.
    pub fn merge(&mut self, other: &Self) {
        for (id, run) in &other.runs {
            self.runs.entry(*id).or_default().merge(run);
        }
        self.contradictions += other.contradictions;
        self.over_budget += other.over_budget;
        self.strays += other.strays;
    }
}

/// Adds up what is counted by word.
pub fn add_words(ours: &mut BTreeMap<String, u64>, theirs: &BTreeMap<String, u64>) {
    for (word, n) in theirs {
        *ours.entry(word.clone()).or_default() += n;
    }
}

fn add_options(ours: &mut Vec<u64>, theirs: &[u64]) {
    if ours.len() < theirs.len() {
        ours.resize(theirs.len(), 0);
    }
    for (ours, theirs) in ours.iter_mut().zip(theirs) {
        *ours += theirs;
    }
}

fn pick(votes: &mut Vec<u64>, picks: &[u16]) {
    for pick in picks.iter().map(|pick| usize::from(*pick)).filter(|pick| *pick > 0) {
        if votes.len() < pick {
            votes.resize(pick, 0);
        }
        votes[pick - 1] += 1;
    }
}

/// `held(after_seal)`.
fn word(heard: &Heard) -> String {
    let is = Answer::word(heard.is);
    heard.reason.map_or_else(|| is.to_owned(), |reason| format!("{is}({})", Reason::word(reason)))
}

#[cfg(test)]
pub mod tests {
    use tallylight::{
        base::{clock::Micros, ids::BallotId},
        wire::server::Receipt,
    };

    use super::*;

    /// A ballot of voter 1 in run 7 with one receipt for each word.
    pub fn record(id: u128, pick: u16, change: Option<u32>, words: &[&str]) -> Record {
        let mut record = Record::new(1, RunId(7), BallotId(id), vec![pick], change, Micros(5));
        record.offered(0, Micros(6));
        for word in words {
            let (is, reason) = word.split_once('/').map_or((*word, None), |(is, reason)| (is, Some(reason)));
            let receipt = serde_json::json!({"run": RunId(7), "id": BallotId(id), "is": is, "reason": reason});
            let receipt: Receipt = serde_json::from_value(receipt).unwrap();
            record.heard(&receipt, 0, Micros(9));
        }
        record
    }

    fn book(changeable: bool, votes_per_voter: u16, due: u64) -> Book {
        let run = RunBook { cue: "1".to_owned(), changeable, votes_per_voter, due, ..RunBook::default() };
        Book { runs: [(RunId(7), run)].into(), ..Book::default() }
    }

    #[test]
    fn every_ballot_is_in_exactly_one_column() {
        let mut book = book(false, 2, 7);
        let records = [
            record(1, 1, None, &["counted"]),
            record(2, 3, None, &["unknown", "counted", "counted"]),
            record(3, 1, None, &["refused/late"]),
            record(4, 1, None, &["refused/budget"]),
            record(5, 2, None, &["refused/busy"]),
            record(6, 2, None, &[]),
        ];
        book.add(&records, 0);
        let run = &book.runs[&RunId(7)];
        assert_eq!((run.due, run.sent, run.counted, run.refused(), run.open()), (7, 6, 2, 2, 2));
        assert_eq!(run.sent, run.counted + run.refused() + run.open() + run.withdrawn);
        assert_eq!((run.never_sent(), run.receipts), (1, 7));
        assert_eq!(run.open, BTreeMap::from([("no answer".to_owned(), 1), ("refused(busy)".to_owned(), 1)]));
        assert_eq!((&run.votes, &run.open_votes), (&vec![1, 0, 1], &vec![0, 2]));
        assert_eq!((book.contradictions, book.over_budget), (0, 0));
    }

    #[test]
    fn the_greatest_change_is_in_force_whatever_comes_last() {
        let mut book = book(true, 1, 2);
        book.add(&[record(2, 3, Some(2), &["counted"]), record(1, 1, Some(1), &["counted"])], 0);
        let run = &book.runs[&RunId(7)];
        assert_eq!((run.counted, run.superseded, &run.votes), (2, 1, &vec![0, 0, 1]));
    }

    #[test]
    fn lies_are_seen() {
        let mut book = book(false, 1, 3);
        let records = [record(1, 1, None, &["counted", "refused/late"]), record(2, 1, None, &["counted"])];
        book.add(&records, 4);
        assert_eq!((book.contradictions, book.over_budget, book.strays), (1, 1, 4));
    }

    #[test]
    fn books_of_parts_add_up() {
        let mut whole = book(false, 1, 4);
        let mut parts = [book(false, 1, 1), book(false, 1, 3)];
        let records =
            |id| [record(id, (id % 3) as u16 + 1, None, if id % 2 == 0 { &["counted"] } else { &["refused/late"] })];
        for id in 1..5_u128 {
            whole.add(&records(id), 1);
            parts[usize::from(id > 1)].add(&records(id), 1);
        }
        let text = serde_json::to_string(&parts[1]).unwrap();
        parts[0].merge(&serde_json::from_str(&text).unwrap());
        assert_eq!(parts[0], whole);
    }
}
