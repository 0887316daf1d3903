//! What a bucket has counted.

use super::{Kept, Pools};
use crate::ballots::ballot::Picks;

/// Totals of a bucket at a version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// Counts the histories of the ledger that holds the bucket; 0 where it is embedded.
    pub epoch: u64,
    /// Counts the changes of the bucket. Totals of the newest (epoch, version) are in force.
    pub version: u64,
    /// Ballots counted.
    pub counted: u64,
    /// Of these, those that a later one of their voter replaces: their votes are in no tally.
    pub superseded: u64,
    /// Votes per option.
    pub votes: Vec<u64>,
    /// Ballots outside the window.
    pub late: u64,
    /// Their votes per option.
    pub late_votes: Vec<u64>,
    /// Where pools count apart: what is counted of each part, as [`Pools`] say. `None`: nobody knows.
    pub by_pool: Option<Vec<u64>>,
}

impl Totals {
    /// Whether others are to be used in the place of these.
    pub fn is_older_than(&self, other: &Self) -> bool {
        (self.epoch, self.version) < (other.epoch, other.version)
    }

    /// Adds a counted ballot to the tally.
    pub(super) fn add(&mut self, pools: &Pools, entry: u8, picks: &Picks) {
        picks.add_to(&mut self.votes);
        pools.add(self.by_pool.as_deref_mut(), entry, picks);
    }

    /// Takes a ballot out of the tally again.
    pub(super) fn take(&mut self, pools: &Pools, kept: &Kept) {
        kept.picks.take_from(&mut self.votes);
        pools.take(self.by_pool.as_deref_mut(), kept.entry, &kept.picks);
    }
}
