//! Which copies of a run's ballots a seal has: of each journal those up to a number, but for single ones, and
//! single ones beyond it.

use std::collections::{BTreeMap, BTreeSet};

use super::{ballot::Place, bucket::Sealed, committer::Marked, manifest::Manifest};
use crate::base::ids::JournalId;

/// What a seal says of all buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Counts the seals of a run from 1.
    pub revision: u32,
    /// It is written. Buckets get it a moment before: what nodes tell from then on is kept apart, and nothing undecided is
    /// taken as a part of it.
    pub in_force: bool,
    watermarks: BTreeMap<(u16, JournalId), u64>,
    beyond: BTreeSet<(u16, Place)>,
    apart: BTreeSet<(u16, Place)>,
}

impl Seal {
    /// A seal in force with the last number of each bucket and journal, the copies beyond those, and the copies that are kept
    /// apart from it though their numbers are below.
    pub fn new(
        revision: u32,
        watermarks: impl IntoIterator<Item = (u16, JournalId, u64)>,
        beyond: impl IntoIterator<Item = (u16, Place)>,
        apart: impl IntoIterator<Item = (u16, Place)>,
    ) -> Self {
        let some = watermarks.into_iter().filter(|(.., watermark)| *watermark > 0);
        let watermarks = some.map(|(bucket, journal, watermark)| ((bucket, journal), watermark)).collect();
        let (beyond, apart) = (beyond.into_iter().collect(), apart.into_iter().collect());
        Self { revision, in_force: true, watermarks, beyond, apart }
    }

    /// The seal of buckets that were marked.
    pub fn marked(revision: u32, marked: &Marked) -> Self {
        let Marked { watermarks, beyond, apart, .. } = marked;
        Self::new(revision, watermarks.iter().copied(), beyond.iter().copied(), apart.iter().copied())
    }

    /// The same, about to be written.
    pub fn drafted(self) -> Self {
        Self { in_force: false, ..self }
    }

    /// The seal that a manifest describes.
    pub fn of(manifest: &Manifest) -> Self {
        let watermarks = manifest.parts.iter().map(|part| (part.bucket, part.journal, part.watermark));
        Self::new(
            manifest.counted_revision(),
            watermarks,
            manifest.beyond.iter().copied(),
            manifest.apart.iter().copied(),
        )
    }

    /// Whether it has a copy.
    pub fn has(&self, bucket: u16, place: Place) -> bool {
        let listed = if self.reaches(bucket, place) { &self.apart } else { &self.beyond };
        listed.contains(&(bucket, place)) != self.reaches(bucket, place)
    }

    /// Whether the copy's number is one of those up to which it has everything that is not kept apart.
    pub fn reaches(&self, bucket: u16, place: Place) -> bool {
        self.watermarks.get(&(bucket, place.journal)).is_some_and(|watermark| place.seq <= *watermark)
    }

    /// What it has of one bucket.
    pub fn of_bucket(&self, bucket: u16) -> Sealed {
        let of_bucket = |places: &BTreeSet<(u16, Place)>| {
            let from = places.range((bucket, Place { journal: JournalId(0), seq: 0 })..);
            from.take_while(|(number, _)| *number == bucket).map(|(_, place)| *place).collect()
        };
        let watermarks =
            self.watermarks.range((bucket, JournalId(0))..).take_while(|((number, _), _)| *number == bucket);
        Sealed {
            revision: self.revision,
            in_force: self.in_force,
            watermarks: watermarks.map(|((_, journal), watermark)| (*journal, *watermark)).collect(),
            beyond: of_bucket(&self.beyond),
            apart: of_bucket(&self.apart),
        }
    }
}
