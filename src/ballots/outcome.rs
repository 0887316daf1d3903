//! The outcome of a run: what its rules make of the counted votes. Pure, and exact: points are fractions, so that
//! everybody who counts again gets the same order.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};

use super::{
    bucket::Totals,
    corrected::{Stands, stands},
    tally::{self, Margin},
};
use crate::{
    shows::{
        counting::{Gives, Pool},
        interaction::Interaction,
        kind::Kind,
        run::{ByEntry, Definition, Run, SealSummary},
    },
    wire::outcome::{Outcome, Place, PoolOutcome, Rated, Unit},
};

type Points = Vec<BigRational>;

/// The outcome, if the run's rules say more than that all votes are one. `votes`: per option, in all; `by_entry`: the same
/// votes by the entries that their ballots carry.
pub fn outcome(definition: &Definition, votes: &[u64], by_entry: &[ByEntry]) -> Option<Outcome> {
    if definition.interaction.counting.is_plain() {
        return None;
    }
    made(definition, weigh(definition, votes, by_entry))
}

/// Outcome and rating of values that are declared, in thousandths of a vote or a point for each option. No pool gave them.
pub fn declared(definition: &Definition, thousandths: &[u64]) -> (Option<Outcome>, Option<Rated>) {
    let points: Points = thousandths.iter().map(|value| whole(value) / whole(&1000)).collect();
    let rated = mean_and_median(definition, points.clone());
    (made(definition, Given { pools: Vec::new(), given: Vec::new(), points }), rated)
}

/// The outcome of what pools gave.
fn made(definition: &Definition, given: Given<'_>) -> Option<Outcome> {
    let counting = &definition.interaction.counting;
    if counting.is_plain() {
        return None;
    }
    let Given { pools, given, points } = given;
    let tie = counting.tie_pool.as_ref().and_then(|name| pools.iter().position(|one| one.pool.name == *name));
    let zero = BigRational::zero();
    let key = |index: usize| (&points[index], tie.map_or(&zero, |pool| &given[pool][index]));
    let rank = |index: usize| 1 + (0..points.len()).filter(|other| key(*other) > key(index)).count();
    let all: BigRational = points.iter().sum();
    let reached = |points: &BigRational| {
        let hundredth = &all / whole(&100);
        counting.threshold.map(|percent| !all.is_zero() && *points >= hundredth * whole(&u64::from(percent)))
    };
    let mut places: Vec<_> = (0..points.len())
        .map(|index| Place {
            n: number(index + 1),
            rank: number(rank(index)),
            points: rounded(&points[index]),
            exact: points[index].to_string(),
            reached: reached(&points[index]),
        })
        .collect();
    places.sort_by_key(|place| (place.rank, place.n));
    let pools = pools.iter().zip(&given).map(|(counted, points)| PoolOutcome {
        name: counted.pool.name.clone(),
        votes: counted.votes(points.len()),
        points: points.iter().map(rounded).collect(),
        silent: counted.is_silent(),
    });
    let unit = match counting.pools.first() {
        None => Unit::Votes,
        Some(pool) if pool.gives.percent().is_some() => Unit::Percent,
        Some(_) => Unit::Points,
    };
    Some(Outcome { polarity: counting.polarity, unit, places, pools: pools.collect() })
}

/// Each option's place in a sealed run, as it stands, in the order of the options; equal ones share it.
pub fn ranks(run: &Run, sealed: &SealSummary) -> Vec<u16> {
    let Stands { votes, outcome, .. } = stands(run, sealed);
    match outcome {
        Some(mut outcome) => {
            outcome.places.sort_by_key(|place| place.n);
            outcome.places.iter().map(|place| place.rank).collect()
        }
        None => votes.iter().map(|own| number(1 + votes.iter().filter(|other| *other > own).count())).collect(),
    }
}

/// Mean and median of a rating: of the votes, or of the points that pools give to each step. `None`: it is no rating, or
/// nobody voted.
pub fn rated(definition: &Definition, votes: &[u64], by_entry: &[ByEntry]) -> Option<Rated> {
    let is_rating = matches!(definition.interaction.kind, Kind::Rating(_));
    if is_rating { mean_and_median(definition, weigh(definition, votes, by_entry).points) } else { None }
}

fn mean_and_median(definition: &Definition, points: Points) -> Option<Rated> {
    let Kind::Rating(scale) = &definition.interaction.kind else { return None };
    let all: BigRational = points.iter().sum();
    if all.is_zero() {
        return None;
    }
    let steps: Vec<_> =
        scale.values().map(|value| BigRational::new(value.into(), scale.parts().into())).zip(&points).collect();
    let mean = steps.iter().map(|(value, points)| value * *points).sum::<BigRational>() / &all;
    let (half, mut so_far) = (all / whole(&2), BigRational::zero());
    let mut middle = Vec::new();
    for (value, points) in steps.into_iter().filter(|(_, points)| !points.is_zero()) {
        let before = so_far.clone();
        so_far += points;
        if before <= half && so_far >= half {
            middle.push(value);
        }
    }
    let median = middle.iter().sum::<BigRational>() / whole(&(middle.len() as u64));
    Some(Rated { mean: rounded(&mean), exact: mean.to_string(), median: rounded(&median) })
}

/// Shares of all points in tenths of a percent, in the order of the options: they add up to exactly 1000 (or are all 0).
/// For bars and percentages; the order is that of the points themselves.
pub fn shares(outcome: &Outcome) -> Vec<u16> {
    let mut thousandths = vec![0; outcome.places.len()];
    for place in &outcome.places {
        if let Some(slot) = thousandths.get_mut(usize::from(place.n).wrapping_sub(1)) {
            *slot = (place.points * 1000.0).round().to_u64().unwrap_or(0);
        }
    }
    tally::shares(&thousandths)
}

/// The margin of a run, with `outstanding` ballots that may still be missing, and `missing` votes among those that it carries
/// over. `by_entry`: of its seal, if it has one. Where
/// pools count apart, one ballot of a small one may weigh more than all of a large one: then nothing is sure before all
/// ballots are there, and late ones may change the order until the seal tells them by their entries.
pub fn margin(
    definition: &Definition,
    totals: &Totals,
    (outstanding, missing): (u64, u64),
    by_entry: Option<&[ByEntry]>,
) -> Margin {
    let Interaction { votes, changeable, .. } = definition.interaction;
    let mut margin = tally::margin(totals, outstanding, votes, changeable);
    // Those that are missing here may be added to those that are missing there.
    margin.decisive &= missing == 0 || margin.votes > missing.saturating_add(outstanding * u64::from(votes) * 2);
    if !definition.interaction.counting.pools.is_empty() {
        margin.decisive = outstanding == 0 && missing == 0;
        margin.late_would_change_order = match by_entry {
            // Whose votes a late change would have replaced is not told by the entries.
            Some(by_entry) if !changeable => late_would_change_order(definition, totals, by_entry),
            _ => totals.late > 0,
        };
    }
    margin
}

fn late_would_change_order(definition: &Definition, totals: &Totals, by_entry: &[ByEntry]) -> bool {
    let with =
        |votes: &[u64], late: &[u64]| votes.iter().zip(late).map(|(votes, late)| votes + late).collect::<Vec<_>>();
    let line = |line: &ByEntry| match &*line.late_votes {
        [] => line.clone(),
        late => ByEntry { votes: with(&line.votes, late), ..line.clone() },
    };
    let all: Vec<_> = by_entry.iter().map(line).collect();
    let order = |outcome: Option<Outcome>| {
        outcome.map(|outcome| outcome.places.iter().map(|place| (place.n, place.rank)).collect::<Vec<_>>())
    };
    let with_late = outcome(definition, &with(&totals.votes, &totals.late_votes), &all);
    order(outcome(definition, &totals.votes, by_entry)) != order(with_late)
}

/// What each pool gives, and all of them together: without pools a point a vote.
struct Given<'a> {
    pools: Vec<Counted<'a>>,
    given: Vec<Points>,
    points: Points,
}

fn weigh<'a>(definition: &'a Definition, votes: &[u64], by_entry: &[ByEntry]) -> Given<'a> {
    let of = |pool| Counted::of(pool, definition, votes, by_entry);
    let pools: Vec<_> = definition.interaction.counting.pools.iter().map(of).collect();
    let given = give(&pools, votes.len());
    let points = if pools.is_empty() { votes.iter().map(whole).collect() } else { sum(&given, votes.len()) };
    Given { pools, given, points }
}

/// The votes of one pool: all of them, or of each segment.
struct Counted<'a> {
    pool: &'a Pool,
    parts: Vec<Vec<u64>>,
}

impl<'a> Counted<'a> {
    fn of(pool: &'a Pool, definition: &Definition, votes: &[u64], by_entry: &[ByEntry]) -> Self {
        let mut parts: BTreeMap<Option<&str>, Vec<u64>> = BTreeMap::new();
        // A run without entries has no lines: all ballots came by none.
        if by_entry.is_empty() && pool.name.is_empty() {
            parts.insert(None, votes.to_vec());
        }
        for line in by_entry {
            let entry = definition.entries.declared().find(|(number, _)| *number == line.entry).map(|(_, entry)| entry);
            let name = entry.and_then(|entry| entry.pool.as_deref()).unwrap_or_default();
            if name == pool.name {
                let segment = entry.and_then(|entry| entry.segment.as_deref()).filter(|_| pool.each_segment);
                let part = parts.entry(segment).or_insert_with(|| vec![0; votes.len()]);
                part.iter_mut().zip(&line.votes).for_each(|(sum, more)| *sum += more);
            }
        }
        Self { pool, parts: parts.into_values().collect() }
    }

    fn is_silent(&self) -> bool {
        self.parts.iter().flatten().all(|votes| *votes == 0)
    }

    fn votes(&self, options: usize) -> Vec<u64> {
        (0..options).map(|index| self.parts.iter().map(|part| part[index]).sum()).collect()
    }

    /// Percentages are of the pools that voted: `more` is what those of the silent ones add to each.
    fn points(&self, options: usize, more: &BigRational) -> Points {
        let parts: Vec<_> = self.parts.iter().map(|votes| points(&self.pool.gives, votes)).collect();
        let mut points = sum(&parts, options);
        if let Some(percent) = self.pool.gives.percent() {
            // Segments that voted share what the pool gives where its whole is a percentage.
            let given: BigRational = points.iter().sum();
            if !given.is_zero() {
                let factor = whole(&u64::from(percent)) * more / given;
                points.iter_mut().for_each(|points| *points *= &factor);
            }
        }
        points
    }
}

fn give(pools: &[Counted<'_>], options: usize) -> Vec<Points> {
    let percent = |silent: bool| -> u64 {
        let those = pools.iter().filter(|counted| !silent || !counted.is_silent());
        those.map(|counted| u64::from(counted.pool.gives.percent().unwrap_or(0))).sum()
    };
    let (all, voted) = (percent(false), percent(true));
    let more = if voted == 0 { whole(&1) } else { whole(&all) / whole(&voted) };
    pools.iter().map(|counted| counted.points(options, &more)).collect()
}

fn points(gives: &Gives, votes: &[u64]) -> Points {
    let all: u64 = votes.iter().sum();
    match gives {
        _ if all == 0 => vec![BigRational::zero(); votes.len()],
        Gives::Percent(points) => {
            let of = |votes: &u64| (u128::from(*points) * u128::from(*votes)).into();
            votes.iter().map(|votes| BigRational::new(of(votes), all.into())).collect()
        }
        Gives::Proportional(points) => {
            tally::apportion(votes, *points).iter().map(|points| whole(&u64::from(*points))).collect()
        }
        Gives::Ranks(table) => {
            let of = |votes_of: &u64| {
                let first = votes.iter().filter(|other| *other > votes_of).count();
                let equal = votes.iter().filter(|other| *other == votes_of).count();
                let shared: u64 = table.iter().skip(first).take(equal).map(|points| u64::from(*points)).sum();
                whole(&shared) / whole(&(equal as u64))
            };
            votes.iter().map(|votes| if *votes == 0 { BigRational::zero() } else { of(votes) }).collect()
        }
    }
}

fn sum(parts: &[Points], options: usize) -> Points {
    // Over one denominator: fractions that are added one by one are reduced each time, and those of many parts are long.
    let denominators: Vec<_> =
        parts.iter().map(|part| part.iter().map(BigRational::denom).fold(One::one(), lcm)).collect();
    let all = denominators.iter().fold(One::one(), lcm);
    let factors: Vec<_> = denominators.iter().map(|denominator| &all / denominator).collect();
    let of = |index: usize| {
        let parts = parts.iter().zip(&denominators).zip(&factors);
        let wholes = parts.map(|((part, denominator), factor)| {
            let points = &part[index];
            factor * (points.numer() * (denominator / points.denom()))
        });
        BigRational::new(wholes.sum(), all.clone())
    };
    (0..options).map(of).collect()
}

/// The least number that both divide.
fn lcm(one: BigInt, other: &BigInt) -> BigInt {
    let factor = BigRational::new(one.clone(), other.clone()).denom().clone();
    one * factor
}

fn whole(number: &u64) -> BigRational {
    BigRational::from_integer((*number).into())
}

fn number(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// To a thousandth, halves away from zero: for people to read. The order is that of the exact fractions.
fn rounded(points: &BigRational) -> f64 {
    (points * whole(&1000)).round().to_integer().to_f64().unwrap_or(f64::MAX) / 1000.0
}

#[cfg(test)]
mod tests;
