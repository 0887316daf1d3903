//! How many there are of something, by key, each with an end: a share is given back when it is dropped.

use std::{hash::Hash, sync::Arc};

use dashmap::DashMap;

/// Counts by key. A key without a share takes no room, so the table is never larger than what is held.
#[derive(Debug)]
pub struct Counts<K: Hash + Eq> {
    counts: DashMap<K, u32>,
}

impl<K: Hash + Eq> Default for Counts<K> {
    fn default() -> Self {
        Self { counts: DashMap::new() }
    }
}

/// One of a key's count, until it is dropped.
#[derive(Debug)]
pub struct Share<K: Hash + Eq> {
    counts: Arc<Counts<K>>,
    key: K,
}

impl<K: Hash + Eq + Clone> Counts<K> {
    /// Takes a share of a key, if fewer than `most` are taken.
    pub fn take(self: &Arc<Self>, key: K, most: u32) -> Option<Share<K>> {
        if most == 0 {
            return None;
        }
        let mut count = self.counts.entry(key.clone()).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(count);
        Some(Share { counts: self.clone(), key })
    }
}

impl<K: Hash + Eq> Drop for Share<K> {
    fn drop(&mut self) {
        self.counts.counts.remove_if_mut(&self.key, |_, count| {
            *count = count.saturating_sub(1);
            *count == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_comes_back() {
        let counts = Arc::<Counts<u8>>::default();
        let first = counts.take(1, 2);
        let second = counts.take(1, 2);
        assert!(first.is_some() && second.is_some() && counts.take(1, 2).is_none());
        assert!(counts.take(2, 2).is_some());
        drop(first);
        assert!(counts.take(1, 2).is_some());
        drop(second);
        assert!(counts.counts.is_empty());
    }
}
