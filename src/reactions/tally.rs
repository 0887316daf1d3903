//! The count of one run on this node: its own, and what the other processes told.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::{Deserialize, Serialize};

use super::{devices::Devices, pace::PaceMeter};
use crate::{
    base::{
        clock::Micros,
        ids::{JournalId, RunId, SessionId, VoterId},
        limits,
    },
    wire::results::Pace,
};

/// So many that cores hardly ever wait for one another.
const SHARDS: usize = 64;
/// What another process said of its pace holds so long.
const PACE_HOLDS_MS: u64 = 1500;

/// What one process has counted of a run. Counts and `highest` only grow, so of two words the greater one is the newer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// By option.
    counts: Vec<u64>,
    /// Taps per second at this process now.
    pace: u64,
    /// The most that all processes together had, as this one saw it.
    highest: u64,
}

/// What is counted of a run, as this node knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// By option.
    pub counts: Vec<u64>,
    pub pace: Pace,
}

/// The count of one run.
#[derive(Debug)]
pub struct Tally {
    pub run: RunId,
    devices: Box<[Mutex<Devices>]>,
    hasher: RandomState,
    own: Box<[AtomicU64]>,
    rest: Mutex<Rest>,
}

/// What is looked at at each tick and not at each tap.
#[derive(Debug, Default)]
struct Rest {
    others: BTreeMap<JournalId, (Told, Micros)>,
    meter: PaceMeter,
    highest: u64,
}

impl Tally {
    /// Nothing is counted yet.
    pub fn new(run: RunId, options: usize) -> Self {
        Self {
            run,
            devices: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            own: (0..options).map(|_| AtomicU64::new(0)).collect(),
            rest: Mutex::default(),
        }
    }

    /// How many options there are to tap.
    pub fn options(&self) -> usize {
        self.own.len()
    }

    /// Takes the running count of a device's session, one figure for each option. What it adds counts only while the run
    /// `is_open`. Gives back how much was added.
    pub fn hear(&self, device: (VoterId, SessionId), counts: &[u32], now: Micros, is_open: bool) -> u64 {
        let shard = usize::try_from(self.hasher.hash_one(device.0) % SHARDS as u64).unwrap_or(0);
        let mut devices = self.devices[shard].lock().unwrap_or_else(PoisonError::into_inner);
        let most = limits::TAPPING_DEVICES_REMEMBERED / SHARDS;
        let Some(more) = devices.hear(device, counts, now, is_open, most) else { return 0 };
        drop(devices);
        let mut added = 0;
        for (own, more) in self.own.iter().zip(more).filter(|(_, more)| *more > 0) {
            own.fetch_add(more, Ordering::Relaxed);
            added += more;
        }
        added
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> Vec<u64> {
        self.own.iter().map(|own| own.load(Ordering::Relaxed)).collect()
    }

    /// What this process tells the others.
    pub fn told(&self, now: Micros) -> Told {
        let counts = self.counts();
        let rest = &mut *self.rest();
        let pace = rest.meter.at(now, counts.iter().sum());
        Told { counts, pace, highest: rest.highest }
    }

    /// What another process told. An older word changes nothing, and one of another number of options neither.
    pub fn learn(&self, process: JournalId, told: Told, now: Micros) {
        if told.counts.len() != self.own.len() {
            return;
        }
        let rest = &mut *self.rest();
        let (known, at) = rest.others.entry(process).or_insert_with(|| (Told::default(), now));
        let is_newer = |known: &Told| known.counts.iter().sum::<u64>() <= told.counts.iter().sum();
        if *known != told && is_newer(known) {
            (*known, *at) = (told, now);
        }
    }

    /// Everything that is known, of all processes.
    pub fn seen(&self, now: Micros) -> Seen {
        let mut counts = self.counts();
        let rest = &mut *self.rest();
        let mut pace = rest.meter.at(now, counts.iter().sum());
        for (told, at) in rest.others.values() {
            counts.iter_mut().zip(&told.counts).for_each(|(all, one)| *all += one);
            rest.highest = rest.highest.max(told.highest);
            if now.since_ms(*at) < PACE_HOLDS_MS {
                pace += told.pace;
            }
        }
        rest.highest = rest.highest.max(pace);
        Seen { counts, pace: Pace { now: pace, highest: rest.highest } }
    }
}

#[cfg(test)]
mod tests;
