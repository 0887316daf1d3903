//! What the notes of the whole audience come to.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use serde::Serialize;
use tallylight::{
    base::ids::RunId,
    viewer::{backoff::Closing, standing::Standing},
    wire::server::{Answer, Reason},
};

use super::{
    member::Shared,
    record::{Heard, Record},
};
use crate::latency::{Latency, Percentiles};

/// The report, as JSON on the standard output.
#[derive(Debug, Serialize)]
pub struct Summary {
    seed: u64,
    nodes: usize,
    connections: usize,
    voters: usize,
    seconds: f64,
    joins: u64,
    /// Joins after the first of each connection.
    rejoins: u64,
    closings: BTreeMap<String, u64>,
    problems: u64,
    ballots: Ballots,
    /// All receipts, repeated ones too, by answer.
    receipts: BTreeMap<String, u64>,
    receipts_repeated: u64,
    /// Milliseconds from the time a ballot was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_first_receipt: Option<Percentiles>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_settled: Option<Percentiles>,
    wrong: Wrong,
    #[serde(skip)]
    first: Latency,
    #[serde(skip)]
    settled: Latency,
    #[serde(skip)]
    spent: HashMap<Purse, u64>,
}

/// Whose votes are counted together: a voter's (both its connections', until one of them became another voter) in a run.
type Purse = (usize, u32, bool, RunId);

/// Ballots by what became of them.
#[derive(Debug, Default, Serialize)]
struct Ballots {
    cast: u64,
    /// Due, but there was no connection (or the voter's ballot before it was not settled) until the end.
    never_sent: u64,
    /// Times any ballot was sent, and how many of these were deliberate repetitions.
    sends: u64,
    again: u64,
    counted: u64,
    /// By reason.
    refused: BTreeMap<String, u64>,
    /// Not settled, by the last answer.
    open: BTreeMap<String, u64>,
    /// Counted once, later taken out of the tally by the book.
    withdrawn: u64,
}

/// What must be nothing.
#[derive(Debug, Default, Serialize)]
struct Wrong {
    /// Ballots with receipts that cannot both be true.
    contradictions: u64,
    /// Voters of whom more is counted in a run than it allows.
    over_budget: u64,
    /// Receipts of ballots that were never cast.
    strays: u64,
}

impl Summary {
    /// Of an audience that is done.
    pub fn new(shared: &Arc<Shared>, seed: u64, connections: usize, nodes: usize) -> Self {
        Self {
            seed,
            nodes,
            connections,
            voters: shared.plan.voters(),
            seconds: 0.0,
            joins: 0,
            rejoins: 0,
            closings: BTreeMap::new(),
            problems: 0,
            ballots: Ballots::default(),
            receipts: BTreeMap::new(),
            receipts_repeated: 0,
            to_first_receipt: None,
            to_settled: None,
            wrong: Wrong::default(),
            first: Latency::new(),
            settled: Latency::new(),
            spent: HashMap::new(),
        }
    }

    /// Whether all receipts may be true together.
    pub const fn sound(&self) -> bool {
        self.wrong.contradictions == 0 && self.wrong.over_budget == 0 && self.wrong.strays == 0
    }

    /// Adds a ballot.
    pub fn add(&mut self, record: &Record) {
        self.ballots.cast += 1;
        self.ballots.withdrawn += u64::from(record.withdrawn);
        self.wrong.contradictions += u64::from(record.contradiction);
        for heard in &record.receipts {
            *self.receipts.entry(word(heard)).or_default() += 1;
            self.receipts_repeated += u64::from(heard.repeated);
        }
        match record.standing {
            Standing::Counted => {
                self.ballots.counted += 1;
                let purse = (record.voter, record.life, record.twin && record.life > 0, record.run);
                *self.spent.entry(purse).or_default() += record.picks.len() as u64;
            }
            Standing::Refused(reason) => *self.ballots.refused.entry(reason_word(reason)).or_default() += 1,
            Standing::Open if record.sent_at.is_none() => self.ballots.never_sent += 1,
            Standing::Open => {
                let last = record.receipts.last().map_or_else(|| "no answer".to_owned(), word);
                *self.ballots.open.entry(last).or_default() += 1;
            }
        }
        if let Some(heard) = record.receipts.first() {
            self.first.add(heard.at.0.saturating_sub(record.due_at.0));
        }
        if let Some(at) = record.settled_at {
            self.settled.add(at.0.saturating_sub(record.due_at.0));
        }
    }

    /// Adds what was counted on the way, and the sums.
    pub fn finish(&mut self, shared: &Shared, ms: u64) {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        let counters = &shared.counters;
        self.seconds = ms as f64 / 1000.0;
        self.joins = read(&counters.joins);
        self.rejoins = self.joins.saturating_sub(self.connections as u64);
        self.problems = read(&counters.problems);
        self.ballots.sends = read(&counters.offers);
        self.ballots.again = read(&counters.again);
        self.wrong.strays = read(&counters.strays);
        let over = |((_, _, _, run), votes): (&Purse, &u64)| {
            shared.opened(*run).is_some_and(|opened| *votes > u64::from(opened.votes))
        };
        self.wrong.over_budget = self.spent.iter().filter(|entry| over(*entry)).count() as u64;
        self.closings = shared.closings().into_iter().map(|(closing, n)| (closing_word(closing), n)).collect();
        self.to_first_receipt = Some(self.first.percentiles());
        self.to_settled = Some(self.settled.percentiles());
    }
}

fn word(heard: &Heard) -> String {
    let is = match heard.is {
        Answer::Counted => "counted",
        Answer::Held => "held",
        Answer::Refused => "refused",
        Answer::Unknown => "unknown",
    };
    heard.reason.map_or_else(|| is.to_owned(), |reason| format!("{is}({})", reason_word(reason)))
}

/// The word on the wire.
fn reason_word(reason: Reason) -> String {
    let value = serde_json::to_value(reason).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn closing_word(closing: Closing) -> String {
    match closing {
        Closing::Told { .. } => "told to reconnect".to_owned(),
        Closing::Code(code) => format!("code {code}"),
        Closing::Status(status) => format!("status {status}"),
        Closing::Broken => "broken".to_owned(),
        Closing::Unreachable => "unreachable".to_owned(),
        Closing::Moved => "own: to another node".to_owned(),
        Closing::Left => "own: at the end".to_owned(),
    }
}
