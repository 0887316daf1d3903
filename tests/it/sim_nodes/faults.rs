//! What goes wrong, and who puts it right. A plan without double faults lets the ledger lose something only while every
//! node is there and has been for a while, and nodes only once the ledger is whole again.

use tallylight::{base::stance::Stance, shows::run::Run};

use super::{event::Event, oracle::A_SPLIT, world::World};
use crate::sim::disk::{Crash, Trouble};

/// Faults of nodes, their disks, the ledger and the ways to it. Those of the audience's network are in `clients.rs`, and
/// lost and slow calls in `flights.rs`.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// A node ends between two events, if it is still the one that was meant.
    Crash { node: usize, life: u32, crash: Crash },
    /// A node's next commit has trouble.
    Commit { node: usize, trouble: Trouble },
    /// A disk is slow for some commits.
    Slow { node: usize },
    /// A node does not reach the ledger for a while.
    Cut { node: usize },
    /// Nobody does.
    CutAll,
    /// A node does not get the show for a while.
    Blind { node: usize },
    /// The server is killed and comes back with a file whose tail is gone.
    Kill,
    /// A replica takes over that lags behind.
    FailOver,
    /// The server comes back with nothing.
    Wipe { same_history: bool },
    /// Some nodes go on with the old primary.
    Split,
    /// The split ends.
    Unite,
}

/// What to count, so that a test can say that each kind really happened.
pub const KINDS: [&str; 33] = [
    "kills",
    "power cuts",
    "torn groups",
    "groups found after a crash",
    "crashes between write and fsync",
    "crashes after fsync",
    "failed writes",
    "failed fsyncs",
    "slow fsyncs",
    "nodes away for longer than the barrier",
    "nodes cut off from the ledger",
    "ledgers that nobody reached",
    "nodes with an old board",
    "servers killed, the tail of the file lost",
    "replicas that took over and lagged",
    "ledgers wiped, same history",
    "ledgers wiped, new history",
    "splits",
    "calls to the old primary of a split",
    "calls that did not reach the ledger",
    "answers that did not come back",
    "calls that were on their way for long",
    "calls without an answer",
    "ballots sent again with their verdicts",
    "lost messages",
    "ballots that stalled in a node",
    "ballots offered again to another node",
    "voters who compete with themselves",
    "seals made again",
    "copies that seals have beyond their watermarks",
    "copies that are kept apart below watermarks",
    "a barrier that ended by the clock",
    "receipts: held",
];

/// How long everything has to be whole before the ledger may lose something in a plan without double faults.
const WHOLE_US: u64 = 3_500_000;

/// Faults go on until the last run is sealed, but not for longer: where a node goes away every second and the ledger loses its
/// end as often, no seal may ever be finished.
const STORM_US_MAX: u64 = 90_000_000;

impl World {
    /// How long this fsync takes.
    pub fn fsync_us(&mut self, node: usize) -> u64 {
        let disk = &mut self.nodes[node].disk;
        if disk.slow > 0 {
            disk.slow -= 1;
            self.count("slow fsyncs");
            return self.rng.u64(100_000..700_000);
        }
        self.rng.u64(800..6000)
    }

    /// Draws the next fault.
    pub fn chance(&mut self) {
        if self.healed.is_some() || self.now > STORM_US_MAX {
            return;
        }
        let mean_us = self.plan.fault_us;
        let next_us = self.rng.u64(mean_us / 4..mean_us * 7 / 4);
        self.after(next_us, Event::Chance);
        let node = self.rng.usize(0..self.plan.nodes);
        let life = self.nodes[node].life;
        let crash = if self.rng.bool() { Crash::Kill } else { Crash::PowerCut };
        let commit = |trouble| Fault::Commit { node, trouble };
        let fault = match self.rng.u32(0..40) {
            0..=4 => Fault::Crash { node, life, crash },
            5..=8 => commit(Trouble::CrashBeforeFsync(crash)),
            9..=11 => commit(Trouble::CrashAfterFsync(crash)),
            12 => commit(Trouble::WriteFails),
            13..=14 => commit(Trouble::FsyncFails),
            15..=17 => Fault::Slow { node },
            18..=20 => Fault::Cut { node },
            21..=22 => Fault::CutAll,
            23..=25 => Fault::Blind { node },
            26..=29 => Fault::Kill,
            30..=33 => Fault::FailOver,
            34..=35 => Fault::Wipe { same_history: self.rng.bool() },
            _ => Fault::Split,
        };
        let loses = matches!(fault, Fault::Kill | Fault::FailOver | Fault::Wipe { .. } | Fault::Split);
        let allowed = self.plan.double
            || match (loses, fault) {
                (_, Fault::Split) => false,
                (true, _) => self.is_whole(),
                (false, _) => self.now >= self.server.lost_at + WHOLE_US,
            };
        if allowed {
            self.fault(fault);
        }
    }

    fn is_whole(&self) -> bool {
        let long_up = |at: u64| self.now >= at + WHOLE_US;
        let nodes = self.nodes.iter().all(|node| {
            node.process.is_some() && node.disk.trouble.is_none() && node.disk.slow == 0 && long_up(node.up_since)
        });
        nodes && self.server.cut_until.iter().all(|until| long_up(*until)) && long_up(self.server.down_until)
    }

    pub fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Crash { node, life, crash } => {
                if self.lives(node, life) {
                    self.crash(node, crash);
                }
            }
            Fault::Commit { node, trouble } => self.nodes[node].disk.trouble = Some(trouble),
            Fault::Slow { node } => self.nodes[node].disk.slow = self.rng.u32(1..4),
            Fault::Cut { node } => {
                self.count("nodes cut off from the ledger");
                self.server.cut_until[node] = self.now + self.for_a_while();
            }
            Fault::CutAll => {
                self.count("ledgers that nobody reached");
                self.server.down_until = self.now + self.for_a_while();
            }
            Fault::Blind { node } => {
                self.count("nodes with an old board");
                self.nodes[node].documents_from = self.now + self.rng.u64(500_000..4_000_000);
            }
            Fault::Kill => {
                self.count("servers killed, the tail of the file lost");
                self.lose_tail();
                self.server.down_until = self.now + self.rng.u64(50_000..800_000);
            }
            Fault::FailOver => {
                self.count("replicas that took over and lagged");
                self.lose_tail();
                self.server.down_until = self.now + self.rng.u64(0..100_000);
            }
            Fault::Wipe { same_history } => {
                self.count(if same_history { "ledgers wiped, same history" } else { "ledgers wiped, new history" });
                self.server.unite();
                self.server.wipe(same_history);
                self.ledger_lost();
            }
            Fault::Split => self.split(),
            Fault::Unite => {
                self.server.unite();
                self.look_for_double_losses();
            }
        }
    }

    fn for_a_while(&mut self) -> u64 {
        let most = if self.plan.double { 4_000_000 } else { 1_500_000 };
        self.rng.u64(50_000..most)
    }

    /// How much a server loses: nothing, a call or two, or all that it can.
    fn tail(&mut self) -> usize {
        let most = self.server.losable();
        match self.rng.u32(0..4) {
            0 => most.min(1),
            1 => self.rng.usize(0..=most.min(4)),
            _ => self.rng.usize(0..=most),
        }
    }

    fn lose_tail(&mut self) {
        let calls = self.tail();
        self.server.unite();
        self.server.lose(calls, self.mutant);
        self.ledger_lost();
    }

    fn ledger_lost(&mut self) {
        self.server.lost_at = self.now;
        self.compete();
        self.look_for_double_losses();
    }

    /// A split leaves some nodes with the old primary. Seals are made by nodes of the other side only.
    fn split(&mut self) {
        if self.server.is_split() || self.staff.sealing.is_some() {
            return;
        }
        self.count("splits");
        let (alone, elsewhere) = (self.rng.usize(0..self.plan.nodes), self.rng.bool());
        let calls = self.tail();
        self.server.split([(alone, elsewhere)].into(), calls);
        self.ledger_lost();
        let on_air = self.staff.document.runs.iter().map(Run::id).collect::<Vec<_>>();
        on_air.into_iter().for_each(|run| self.damage(run, A_SPLIT));
        let until_us = self.rng.u64(200_000..3_000_000);
        self.after(until_us, Event::Fault(Fault::Unite));
    }

    /// A node that cannot write any more is started anew.
    pub fn watchdog(&mut self, node: usize, life: u32) {
        let process = self.nodes[node].process.as_ref().filter(|_| self.lives(node, life));
        if process.is_some_and(|process| process.stance.get() == Stance::JournalFailed) {
            let crash = if self.rng.bool() { Crash::Kill } else { Crash::PowerCut };
            self.crash(node, crash);
        }
    }
}
