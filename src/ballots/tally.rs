//! The tally of a run as it may be shown: per bucket the newest totals that are on disk, summed when somebody looks.

use std::sync::{Mutex, PoisonError};

use super::bucket::Totals;

/// One run's published totals, per bucket.
#[derive(Debug)]
pub struct Tally {
    buckets: Mutex<Vec<Totals>>,
}

impl Tally {
    /// Each bucket as it is empty.
    pub fn new(buckets: u16, empty: &Totals) -> Self {
        Self { buckets: Mutex::new(vec![empty.clone(); usize::from(buckets)]) }
    }

    /// Takes the totals of a bucket, if they are newer by (epoch, version).
    pub fn publish(&self, bucket: u16, totals: &Totals) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = buckets.get_mut(usize::from(bucket)).filter(|slot| slot.is_older_than(totals)) {
            slot.clone_from(totals);
        }
    }

    /// The sum over all buckets. Its epoch and version are the sums of theirs: the pair grows with every change. By pool
    /// nobody knows it where somebody does not know one bucket.
    pub fn sum(&self) -> Totals {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((first, others)) = buckets.split_first() else { return Totals::default() };
        let mut sum = first.clone();
        others.iter().for_each(|bucket| add_totals(&mut sum, bucket));
        sum
    }
}

/// Totals of nothing.
pub fn zero(options: usize) -> Totals {
    let zeros = vec![0; options];
    Totals { votes: zeros.clone(), late_votes: zeros, ..Totals::default() }
}

/// Adds the totals of a bucket to those of others.
pub fn add_totals(sum: &mut Totals, bucket: &Totals) {
    sum.epoch += bucket.epoch;
    sum.version += bucket.version;
    sum.counted += bucket.counted;
    sum.superseded += bucket.superseded;
    sum.late += bucket.late;
    add(&mut sum.votes, &bucket.votes);
    add(&mut sum.late_votes, &bucket.late_votes);
    match (&mut sum.by_pool, &bucket.by_pool) {
        (Some(sum), Some(more)) => add(sum, more),
        (sum, _) => *sum = None,
    }
}

fn add(into: &mut Vec<u64>, votes: &[u64]) {
    into.resize(into.len().max(votes.len()), 0);
    for (total, more) in into.iter_mut().zip(votes) {
        *total += more;
    }
}

/// Shares of votes in tenths of a percent that add up to exactly 1000 (or are all 0).
pub fn shares(votes: &[u64]) -> Vec<u16> {
    apportion(votes, 1000).into_iter().map(|share| u16::try_from(share).unwrap_or(u16::MAX)).collect()
}

/// So many points for votes, in whole points that add up exactly (or are all 0): the largest remainders are rounded up,
/// among equal ones the first option's (the method of Hamilton). Integers only, so that everybody gets the same.
pub fn apportion(votes: &[u64], points: u32) -> Vec<u32> {
    let total: u128 = votes.iter().map(|v| u128::from(*v)).sum();
    if total == 0 {
        return vec![0; votes.len()];
    }
    let exact = |votes: &u64| u128::from(*votes) * u128::from(points);
    let mut given: Vec<u32> = votes.iter().map(|v| u32::try_from(exact(v) / total).unwrap_or(points)).collect();
    let missing = u64::from(points) - given.iter().map(|points| u64::from(*points)).sum::<u64>();
    let mut by_remainder: Vec<usize> = (0..votes.len()).collect();
    by_remainder.sort_by_key(|index| std::cmp::Reverse(exact(&votes[*index]) % total));
    for index in by_remainder.into_iter().take(usize::try_from(missing).unwrap_or(usize::MAX)) {
        given[index] += 1;
    }
    given
}

/// What separates the first from the second, and whether ballots that are missing or late could change that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin {
    /// Votes between the first and the second.
    pub votes: u64,
    /// No ballots that are still missing can bring another option to the first place.
    pub decisive: bool,
    /// The late ballots, had they counted, would change the order.
    pub late_would_change_order: bool,
}

/// The margin of a run, with `outstanding` ballots that may still be missing, each with at most `votes` votes. A ballot of a
/// changeable run may take as many from another option as it gives.
pub fn margin(totals: &Totals, outstanding: u64, votes: u16, changeable: bool) -> Margin {
    let order = |votes: &[u64]| {
        let mut order: Vec<usize> = (0..votes.len()).collect();
        order.sort_by_key(|index| (std::cmp::Reverse(votes[*index]), *index));
        order
    };
    let mut sorted = totals.votes.clone();
    sorted.sort_unstable_by_key(|votes| std::cmp::Reverse(*votes));
    let lead = match *sorted {
        [first, second, ..] => first - second,
        _ => 0,
    };
    let mut with_late = totals.votes.clone();
    add(&mut with_late, &totals.late_votes);
    let taken = if changeable { totals.late * u64::from(votes) } else { 0 };
    let ranks = order(&totals.votes);
    let may_pass = |(first, second): (usize, usize)| totals.votes[first].saturating_sub(taken) <= with_late[second];
    let mut pairs =
        ranks.iter().enumerate().flat_map(|(at, first)| ranks[at + 1..].iter().map(|second| (*first, *second)));
    Margin {
        votes: lead,
        decisive: lead > outstanding * u64::from(votes) * (1 + u64::from(changeable)),
        late_would_change_order: if taken > 0 { pairs.any(may_pass) } else { ranks != order(&with_late) },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_add_up_to_exactly_one_hundred_percent(votes in prop::collection::vec(0..u64::MAX / 64, 1..20)) {
            let sum: u32 = shares(&votes).iter().map(|share| u32::from(*share)).sum();
            prop_assert_eq!(sum, if votes.iter().all(|v| *v == 0) { 0 } else { 1000 });
        }
    }

    #[test]
    fn shares_of_three_equal_options() {
        assert_eq!(shares(&[1, 1, 1]), [334, 333, 333]);
        assert_eq!(shares(&[2, 1]), [667, 333]);
    }

    #[test]
    fn a_margin_is_decisive_only_beyond_all_that_is_missing() {
        let totals = Totals { votes: vec![10, 7, 1], late_votes: vec![0, 4, 0], ..Totals::default() };
        assert_eq!(margin(&totals, 2, 1, false), Margin { votes: 3, decisive: true, late_would_change_order: true });
        assert!(!margin(&totals, 3, 1, false).decisive);
        assert!(!margin(&totals, 1, 3, false).decisive);
    }

    #[test]
    fn a_ballot_that_may_be_changed_counts_twice_for_the_margin() {
        let totals = |votes: Vec<u64>, late, late_votes| Totals { votes, late, late_votes, ..Totals::default() };
        let apart = totals(vec![10, 7], 0, vec![0, 0]);
        assert_eq!([1, 2].map(|outstanding| margin(&apart, outstanding, 1, true).decisive), [true, false]);
        // Two late ballots for the second: as final ones they leave it behind, as changes they may bring it to the first place.
        let late = totals(vec![10, 6], 2, vec![0, 2]);
        assert_eq!(
            [false, true].map(|changeable| margin(&late, 0, 1, changeable).late_would_change_order),
            [false, true]
        );
        assert!(!margin(&totals(vec![10, 5], 2, vec![0, 2]), 0, 1, true).late_would_change_order);
    }

    #[test]
    fn older_totals_change_nothing() {
        let tally = Tally::new(2, &zero(1));
        let totals = |version, votes| Totals { version, votes: vec![votes], ..Totals::default() };
        tally.publish(0, &totals(2, 5));
        tally.publish(0, &totals(1, 4));
        tally.publish(1, &totals(1, 1));
        assert_eq!((tally.sum().version, tally.sum().votes), (3, vec![6]));
    }

    #[test]
    fn what_one_bucket_does_not_know_by_pool_nobody_knows() {
        let tally = Tally::new(2, &Totals { by_pool: Some(vec![0, 0]), ..zero(1) });
        let totals = |version, by_pool| Totals { version, by_pool, ..zero(1) };
        tally.publish(1, &totals(1, Some(vec![1, 2])));
        assert_eq!(tally.sum().by_pool, Some(vec![1, 2]));
        tally.publish(0, &totals(1, Some(vec![3, 4])));
        assert_eq!(tally.sum().by_pool, Some(vec![4, 6]));
        tally.publish(0, &totals(2, None));
        assert_eq!(tally.sum().by_pool, None);
    }
}
