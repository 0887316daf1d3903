//! What goes wrong, and who puts it right: faults begin by chance, a watchdog starts a node anew that cannot write.

use tallylight::base::stance::Stance;

use super::{
    disk::{Crash, Trouble},
    event::Event,
    world::World,
};

/// Faults of the node and its disk. The network's are in `clients.rs`.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The node ends between two events, if it is still the one that was meant.
    Crash { crash: Crash, life: u32 },
    /// The next commit has trouble.
    Commit(Trouble),
    /// The disk has no room for a while.
    Full,
    /// The disk is slow for some commits.
    Slow,
    /// The node is told to go, in good order.
    Drain,
}

/// What to count, so that a test can say that each kind really happened.
pub const KINDS: [&str; 17] = [
    "kills",
    "power cuts",
    "torn groups",
    "groups found after a crash",
    "crashes between write and fsync",
    "crashes after fsync, before receipts",
    "failed writes",
    "failed fsyncs",
    "records that found the disk full",
    "slow fsyncs",
    "drains",
    "clock steps back",
    "lost messages",
    "messages that came twice",
    "ballots that stalled in the node",
    "seals made again",
    "reopenings",
];

impl World {
    /// How long this fsync takes.
    pub fn fsync_us(&mut self) -> u64 {
        if self.disk.slow > 0 {
            self.disk.slow -= 1;
            self.count("slow fsyncs");
            return self.rng.u64(100_000..700_000);
        }
        self.rng.u64(800..6000)
    }

    /// Draws the next fault.
    pub fn chance(&mut self) {
        if self.healed {
            return;
        }
        let mean_us = self.plan.fault_us;
        let next_us = self.rng.u64(mean_us / 4..mean_us * 7 / 4);
        self.after(next_us, Event::Chance);
        let crash = if self.rng.bool() { Crash::Kill } else { Crash::PowerCut };
        let fault = match self.rng.u32(0..20) {
            0..=2 => Fault::Crash { crash, life: self.life },
            3..=6 => Fault::Commit(Trouble::CrashBeforeFsync(crash)),
            7..=8 => Fault::Commit(Trouble::CrashAfterFsync(crash)),
            9 => Fault::Commit(Trouble::WriteFails),
            10..=11 => Fault::Commit(Trouble::FsyncFails),
            12..=14 => Fault::Full,
            15..=18 => Fault::Slow,
            _ => Fault::Drain,
        };
        self.fault(fault);
    }

    pub fn fault(&mut self, fault: Fault) {
        let Some(process) = &self.process else { return };
        match fault {
            Fault::Crash { crash, life } => {
                if life == self.life {
                    self.crash(crash);
                }
            }
            Fault::Commit(trouble) => self.disk.trouble = Some(trouble),
            Fault::Full => {
                self.disk.full_until = self.now + self.rng.u64(100_000..1_500_000);
                self.disk.full_after = self.rng.u32(0..4);
            }
            Fault::Slow => self.disk.slow = self.rng.u32(1..4),
            Fault::Drain => {
                process.stance.set_draining();
                self.count("drains");
                self.after(20_000, Event::Drained { life: self.life });
            }
        }
    }

    /// A draining node goes once nothing waits, and nothing may be lost by that.
    pub fn drained(&mut self, life: u32) {
        let Some(process) = self.process.as_ref().filter(|_| self.life == life) else { return };
        if process.outstanding(&self.staff.document) > 0 {
            return self.after(20_000, Event::Drained { life });
        }
        self.crash(Crash::Kill);
    }

    /// A node that cannot write any more is started anew.
    pub fn watchdog(&mut self, life: u32) {
        let Some(process) = self.process.as_ref().filter(|_| self.life == life) else { return };
        if process.stance.get() == Stance::JournalFailed {
            let crash = if self.rng.bool() { Crash::Kill } else { Crash::PowerCut };
            self.crash(crash);
        }
    }
}
