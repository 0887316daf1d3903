//! One line of the book: a ballot, when it was sent, and every receipt ever seen for it.

use serde::{Serialize, Serializer};
use tallylight::{
    base::{
        clock::Micros,
        ids::{BallotId, RunId},
    },
    viewer::standing::{News, Standing},
    wire::server::{Answer, Reason, Receipt},
};

/// A ballot. Times are milliseconds since 1970 on this machine's clock.
#[derive(Debug, Serialize)]
pub struct Record {
    /// The voter's number; both connections of a competing voter have the same.
    pub voter: usize,
    /// From the second connection of a competing voter.
    pub twin: bool,
    /// How often this connection had become another voter, because its token was not good any more.
    pub life: u32,
    pub run: RunId,
    pub id: BallotId,
    pub picks: Vec<u16>,
    /// Of a changeable run: the number of this ballot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<u32>,
    /// When it should have been sent; latencies count from here.
    #[serde(serialize_with = "ms")]
    pub due_at: Micros,
    /// The node it was first sent to, and when; absent: never sent.
    pub node: Option<usize>,
    #[serde(serialize_with = "maybe_ms")]
    pub sent_at: Option<Micros>,
    /// How often it was sent.
    pub sent: u32,
    pub receipts: Vec<Heard>,
    /// What the receipts say together: `open`, `counted`, `refused`.
    #[serde(serialize_with = "word")]
    pub standing: Standing,
    /// When it was settled.
    #[serde(serialize_with = "maybe_ms")]
    pub settled_at: Option<Micros>,
    /// A counted ballot that was taken out of the tally by the book.
    pub withdrawn: bool,
    /// A receipt cannot be true if another one is.
    pub contradiction: bool,
}

/// A receipt as it was seen.
#[derive(Debug, Serialize)]
pub struct Heard {
    pub is: Answer,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(serialize_with = "ms")]
    pub at: Micros,
    pub node: usize,
    /// The server's receive time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
}

impl Record {
    /// A ballot that is due then.
    pub const fn new(
        voter: usize,
        run: RunId,
        id: BallotId,
        picks: Vec<u16>,
        change: Option<u32>,
        due_at: Micros,
    ) -> Self {
        Self {
            voter,
            twin: false,
            life: 0,
            run,
            id,
            picks,
            change,
            due_at,
            node: None,
            sent_at: None,
            sent: 0,
            receipts: Vec::new(),
            standing: Standing::Open,
            settled_at: None,
            withdrawn: false,
            contradiction: false,
        }
    }

    /// Notes that the ballot is sent; `true` the first time.
    pub fn offered(&mut self, node: usize, now: Micros) -> bool {
        self.sent += 1;
        if self.sent_at.is_some() {
            return false;
        }
        self.node = Some(node);
        self.sent_at = Some(now);
        true
    }

    /// Notes a receipt; `true` if it settles the ballot.
    pub fn heard(&mut self, receipt: &Receipt, node: usize, now: Micros) -> bool {
        let news = self.standing.hear(receipt);
        let mut picks = receipt.picks.clone();
        picks.sort_unstable();
        let mut own = self.picks.clone();
        own.sort_unstable();
        self.contradiction |= news == News::Contradiction || (!picks.is_empty() && picks != own);
        self.withdrawn |= news == News::Withdrawn;
        self.receipts.push(Heard {
            is: receipt.is,
            reason: receipt.reason,
            at: now,
            node,
            received_at: receipt.at,
            repeated: receipt.repeated,
        });
        let settles = news == News::Settled;
        if settles {
            self.settled_at = Some(now);
        }
        settles
    }
}

fn ms<S: Serializer>(at: &Micros, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(at.as_ms())
}

fn maybe_ms<S: Serializer>(at: &Option<Micros>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Micros::as_ms).serialize(serializer)
}

fn word<S: Serializer>(standing: &Standing, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match standing {
        Standing::Open => "open",
        Standing::Counted => "counted",
        Standing::Refused(_) => "refused",
    })
}
