//! The journal of one life of a node, on the node's disk. While it waits for the disk, the world goes on.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tallylight::{
    ballots::record,
    base::ids::JournalId,
    providers::journal::{Committed, Frame, Journal, JournalError},
};

use super::{
    event::Event,
    faults::Fault,
    mutants::Mutant,
    world::{self, World, locked},
};
use crate::sim::disk::{self, Trouble};

#[derive(Debug)]
pub struct NodeJournal {
    world: Arc<Mutex<World>>,
    node: usize,
    life: u32,
    id: JournalId,
    file: usize,
    group: Vec<u8>,
    has_verdicts: bool,
    ended: Option<JournalError>,
}

impl NodeJournal {
    /// A journal in a file of its own.
    pub fn create(shared: &Arc<Mutex<World>>, world: &mut World, node: usize, id: JournalId) -> Self {
        let file = world.nodes[node].disk.create(id);
        let life = world.nodes[node].life;
        Self { world: shared.clone(), node, life, id, file, group: Vec::new(), has_verdicts: false, ended: None }
    }

    fn end(&mut self, doing: &'static str) -> JournalError {
        let file = format!("{}.journal", self.id).into();
        let error = JournalError::Failed { journal: self.id, doing, file, reason: "simulated".into() };
        self.ended = Some(error.clone());
        error
    }

    /// A disk that says yes too soon, for the groups that a mutant is about.
    fn says_yes_too_soon(&self, mutant: Option<Mutant>) -> bool {
        match mutant {
            Some(Mutant::LedgerBeforeFsync) => !self.has_verdicts,
            Some(Mutant::ReceiptBeforeFsync) => self.has_verdicts,
            _ => false,
        }
    }
}

impl Journal for NodeJournal {
    fn id(&self) -> JournalId {
        self.id
    }

    fn append(&mut self, frame: Frame<'_>) -> Result<(), JournalError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        self.has_verdicts |= frame.kind == record::VERDICT;
        disk::add(&mut self.group, frame);
        Ok(())
    }

    fn lend_reserve(&mut self, _lent: bool) {}

    fn commit(&mut self) -> Result<Committed, JournalError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        if self.group.is_empty() {
            return Ok(Committed::default());
        }
        disk::end(&mut self.group);
        let group = std::mem::take(&mut self.group);
        let (node, life) = (self.node, self.life);
        let shared = self.world.clone();
        let (trouble, fsync_us, bytes, done) = {
            let mut world = locked(&shared);
            let trouble = world.nodes[node].disk.trouble.take();
            let mut written = group.len();
            if trouble == Some(Trouble::WriteFails) {
                written = world.rng.usize(0..written);
            }
            world.nodes[node].disk.put(self.file, &group[..written]);
            let fsync_us = world.fsync_us(node);
            if self.says_yes_too_soon(world.mutant) {
                world.after(fsync_us, Event::Sync { node, file: self.file });
                self.has_verdicts = false;
                return Ok(Committed { bytes: written as u64, fsync: Duration::ZERO });
            }
            if let Some(Trouble::CrashBeforeFsync(crash)) = trouble {
                let within_us = world.rng.u64(0..fsync_us);
                world.count("crashes between write and fsync");
                world.after(within_us, Event::Fault(Fault::Crash { node, life, crash }));
            }
            (trouble, fsync_us, written as u64, world.now + fsync_us)
        };
        self.has_verdicts = false;
        world::go_on(&shared, done, Some((node, life)));
        let mut world = locked(&shared);
        if !world.lives(node, life) {
            return Err(self.end("fsync"));
        }
        match trouble {
            Some(Trouble::WriteFails) => {
                world.count("failed writes");
                return Err(self.end("write"));
            }
            Some(Trouble::FsyncFails) => {
                world.count("failed fsyncs");
                if world.rng.bool() {
                    world.durable(node, self.file);
                }
                return Err(self.end("fsync"));
            }
            _ => world.durable(node, self.file),
        }
        if let Some(Trouble::CrashAfterFsync(crash)) = trouble {
            world.count("crashes after fsync");
            world.crash(node, crash);
        }
        Ok(Committed { bytes, fsync: Duration::from_micros(fsync_us) })
    }

    fn free_bytes(&self) -> u64 {
        if self.ended.is_some() { 0 } else { 1 << 30 }
    }
}
