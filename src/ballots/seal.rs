//! Which copies of a run's ballots a seal has: of each journal those up to a number, and single ones beyond it.

use std::collections::{BTreeMap, BTreeSet};

use super::{ballot::Place, manifest::Manifest};
use crate::base::ids::JournalId;

/// What a seal says of all buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Counts the seals of a run from 1.
    pub revision: u32,
    watermarks: BTreeMap<(u16, JournalId), u64>,
    beyond: BTreeSet<(u16, Place)>,
}

impl Seal {
    /// A seal with the last number of each bucket and journal, and the copies beyond those.
    pub fn new(
        revision: u32,
        watermarks: impl IntoIterator<Item = (u16, JournalId, u64)>,
        beyond: impl IntoIterator<Item = (u16, Place)>,
    ) -> Self {
        let some = watermarks.into_iter().filter(|(.., watermark)| *watermark > 0);
        let watermarks = some.map(|(bucket, journal, watermark)| ((bucket, journal), watermark)).collect();
        Self { revision, watermarks, beyond: beyond.into_iter().collect() }
    }

    /// The seal that a manifest describes.
    pub fn of(manifest: &Manifest) -> Self {
        let watermarks = manifest.parts.iter().map(|part| (part.bucket, part.journal, part.watermark));
        Self::new(manifest.revision, watermarks, manifest.beyond.iter().copied())
    }

    /// Whether it has a copy.
    pub fn has(&self, bucket: u16, place: Place) -> bool {
        self.reaches(bucket, place) || self.beyond.contains(&(bucket, place))
    }

    /// Whether it has the copy, and all of its journal before it.
    pub fn reaches(&self, bucket: u16, place: Place) -> bool {
        self.watermarks.get(&(bucket, place.journal)).is_some_and(|watermark| place.seq <= *watermark)
    }

    /// Per journal the last number of one bucket, from 1.
    pub fn watermarks_of(&self, bucket: u16) -> Vec<(JournalId, u64)> {
        let from = self.watermarks.range((bucket, JournalId(0))..);
        let of_bucket = from.take_while(|((number, _), _)| *number == bucket);
        of_bucket.map(|((_, journal), watermark)| (*journal, *watermark)).collect()
    }

    /// The copies of one bucket beyond these.
    pub fn beyond_of(&self, bucket: u16) -> Vec<Place> {
        let from = self.beyond.range((bucket, Place { journal: JournalId(0), seq: 0 })..);
        let of_bucket = from.take_while(|(number, _)| *number == bucket);
        of_bucket.map(|(_, place)| *place).collect()
    }
}
