//! What happens in the world, one thing at a time.

use tallylight::{base::clock::Micros, wire::server::Receipt};

use super::faults::Fault;

/// Everything that can happen. Numbers are those of offers in [`Clients`].
#[derive(Debug, Clone)]
pub enum Event {
    /// A client sends its ballot, or asks about it.
    Send(usize),
    /// A message with a ballot reaches the node.
    Arrive(usize),
    /// The session takes it on, a while after its receive time was read.
    Cast { offer: usize, received: Micros, life: u32 },
    /// A question about a ballot reaches the node.
    Ask(usize),
    /// A receipt reaches a client.
    Reply(usize, Receipt),
    /// A client has waited long enough.
    Timeout { offer: usize, attempt: u32 },
    /// The committer has something to do.
    Round,
    /// Staff look at the show and act.
    Staff,
    /// Chance picks a fault.
    Chance,
    /// A fault begins.
    Fault(Fault),
    /// A draining node may be done.
    Drained { life: u32 },
    /// Whoever watches over the node finds that it cannot write.
    Watchdog { life: u32 },
    /// The node starts.
    Start,
    /// A file becomes durable after the fact (mutants only).
    Sync(usize),
    /// All faults end.
    Heal,
    /// Everything has to be settled.
    Deadline,
}
