//! What happens in the world, one thing at a time.

use tallylight::{
    base::{clock::Micros, ids::RunId},
    wire::server::Receipt,
};

use super::faults::Fault;

/// Everything that can happen. Offers and flights are named by their numbers; what names a life is for that life only.
#[derive(Debug, Clone)]
pub enum Event {
    /// A client sends its ballot, or asks about it.
    Send(usize),
    /// A message with a ballot reaches a node.
    Arrive {
        offer: usize,
        node: usize,
    },
    /// The session takes it on, a while after its receive time was read.
    Cast {
        offer: usize,
        node: usize,
        received: Micros,
        life: u32,
    },
    /// A question about a ballot reaches a node.
    Ask {
        offer: usize,
        node: usize,
    },
    /// A receipt reaches a client.
    Reply(usize, Receipt),
    /// A client has waited long enough.
    Timeout {
        offer: usize,
        attempt: u32,
    },
    /// A node's committer has something to do.
    Round {
        node: usize,
        life: u32,
    },
    /// A courier makes its next call, unless it was woken before.
    Turn {
        node: usize,
        life: u32,
        run: RunId,
        bucket: u16,
        tick: u64,
    },
    /// A call reaches the ledger.
    Execute(usize),
    /// An answer reaches its node.
    Answer(usize),
    /// No answer came in time.
    NoAnswer(usize),
    /// A node looks whether the show has changed.
    Refresh {
        node: usize,
        life: u32,
    },
    /// A node learns the watermarks of a seal.
    Seal {
        node: usize,
        life: u32,
        run: RunId,
    },
    /// The next call or look of a seal that is being made.
    Mark {
        revision: u32,
        run: RunId,
        bucket: u16,
    },
    Read {
        revision: u32,
        run: RunId,
    },
    /// Staff look at the show and act.
    Staff,
    /// Chance picks a fault.
    Chance,
    /// A fault begins, or ends.
    Fault(Fault),
    /// Whoever watches over a node finds that it cannot write.
    Watchdog {
        node: usize,
        life: u32,
    },
    /// A node starts.
    Start(usize),
    /// A file becomes durable after the fact (mutants only).
    Sync {
        node: usize,
        file: usize,
    },
    /// All faults end.
    Heal,
    /// Nothing may be held any more.
    AllDecided,
    /// Everything has to be settled.
    Deadline,
}
