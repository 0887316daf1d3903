//! Where pools count apart, a bucket counts each part of the audience that gives points by itself: a pool, or each segment of
//! it. A part has the ballots that are in the tally, then their votes per option. Other runs have none of it.

use std::sync::Arc;

use crate::{
    ballots::{ballot::Picks, witness::Witness},
    base::limits,
    shows::run::{ByEntry, Definition},
};

/// The parts of a run's audience that count apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pools(Option<Arc<Parts>>);

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    options: usize,
    /// Of each part the entries, the first one of which stands for it: rules see no difference between them.
    entries: Vec<Vec<u8>>,
    /// Per entry the number of its part, from 1; 0: it is of none.
    of_entry: Vec<u8>,
}

impl Pools {
    /// Those of a run. None, too, where they would be more numbers than [`limits::POOL_NUMBERS_MAX`].
    pub fn of(definition: &Definition) -> Self {
        let (rules, options) = (&definition.interaction.counting.pools, definition.interaction.options.len());
        if rules.is_empty() {
            return Self::default();
        }
        let mut names = Vec::new();
        let mut entries = Vec::<Vec<u8>>::new();
        let by_none = (0, Default::default());
        let declared = definition.entries.declared().map(|(number, entry)| (number, entry.clone()));
        for (number, entry) in std::iter::once(by_none).chain(declared) {
            let name = entry.pool.unwrap_or_default();
            let Some(pool) = rules.iter().find(|pool| pool.name == name) else { continue };
            let part = (name, entry.segment.filter(|_| pool.each_segment));
            match names.iter().position(|known| *known == part) {
                Some(place) => entries[place].push(number),
                None => {
                    names.push(part);
                    entries.push(vec![number]);
                }
            }
        }
        if entries.len() * (1 + options) > limits::POOL_NUMBERS_MAX {
            return Self::default();
        }
        let last = entries.iter().flatten().max().copied().unwrap_or(0);
        let mut of_entry = vec![0; usize::from(last) + 1];
        for (number, part) in (1..).zip(&entries) {
            part.iter().for_each(|entry| of_entry[usize::from(*entry)] = number);
        }
        Self(Some(Arc::new(Parts { options, entries, of_entry })))
    }

    /// How many parts there are, and per entry the number of its part, for those who count elsewhere.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Some(parts) = &self.0 else { return Vec::new() };
        std::iter::once(u8::try_from(parts.entries.len()).unwrap_or(u8::MAX)).chain(parts.of_entry.clone()).collect()
    }

    /// Nothing counted; `None`: nothing is counted apart.
    pub fn zeros(&self) -> Option<Vec<u64>> {
        self.0.as_ref().map(|parts| vec![0; parts.entries.len() * (1 + parts.options)])
    }

    /// Counts a ballot that came by an entry.
    pub(super) fn add(&self, by_pool: Option<&mut [u64]>, entry: u8, picks: &Picks) {
        if let Some([ballots, votes @ ..]) = self.part(by_pool, entry) {
            *ballots += 1;
            picks.add_to(votes);
        }
    }

    /// Takes a ballot out again.
    pub(super) fn take(&self, by_pool: Option<&mut [u64]>, entry: u8, picks: &Picks) {
        if let Some([ballots, votes @ ..]) = self.part(by_pool, entry) {
            *ballots -= 1;
            picks.take_from(votes);
        }
    }

    fn part<'a>(&self, by_pool: Option<&'a mut [u64]>, entry: u8) -> Option<&'a mut [u64]> {
        let (parts, by_pool) = (self.0.as_ref()?, by_pool?);
        let number = usize::from(*parts.of_entry.get(usize::from(entry))?).checked_sub(1)?;
        let size = 1 + parts.options;
        by_pool.get_mut(number * size..(number + 1) * size)
    }

    /// What was counted, as lines by entry: of each part one line, under the entry that stands for it. From these the rules
    /// make the same as from the lines of all entries.
    pub fn lines(&self, by_pool: &[u64]) -> Vec<ByEntry> {
        let Some(parts) = &self.0 else { return Vec::new() };
        let line = |(entries, numbers): (&Vec<u8>, &[u64])| {
            let (entry, [counted, votes @ ..]) = (*entries.first()?, numbers) else { return None };
            Some(ByEntry { entry, counted: *counted, votes: votes.to_vec(), late_votes: Vec::new() })
        };
        parts.entries.iter().zip(by_pool.chunks_exact(1 + parts.options)).filter_map(line).collect()
    }

    /// The same numbers, of the ballots that a witness has.
    pub fn of_witness(&self, witness: &Witness) -> Option<Vec<u64>> {
        let mut by_pool = self.zeros()?;
        let parts = self.0.as_ref()?;
        for (entries, numbers) in parts.entries.iter().zip(by_pool.chunks_exact_mut(1 + parts.options)) {
            for came in entries.iter().map(|entry| witness.came(*entry)) {
                numbers[0] += came.counted;
                numbers[1..].iter_mut().zip(&came.votes).for_each(|(sum, more)| *sum += more);
            }
        }
        Some(by_pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shows::{
            counting::{Gives, Pool},
            entries::Entries,
            transition::tests::Desk,
        },
        wire::entry::Entry,
    };

    fn definition(each_segment: bool) -> Definition {
        let mut definition = Desk::open_for(60).document.runs[0].definition.clone();
        let entry = |segment: &str, pool: Option<&str>| Entry {
            segment: Some(segment.to_owned()),
            pool: pool.map(str::to_owned),
            platform: None,
        };
        let entries = [
            entry("nl", Some("jury")),
            entry("se", None),
            entry("se", Some("jury")),
            entry("nl", Some("guests")),
            entry("nl", None),
        ];
        definition.entries = Entries::default().declaring(&entries).unwrap();
        let pool = |name: &str, each_segment| Pool { name: name.to_owned(), gives: Gives::Percent(50), each_segment };
        definition.interaction.counting.pools = vec![pool("", false), pool("jury", each_segment)];
        definition
    }

    #[test]
    fn entries_of_one_part_are_counted_together_and_those_of_no_pool_not_at_all() {
        for (each_segment, bytes) in [(false, [2, 1, 2, 1, 2, 0, 1]), (true, [3, 1, 2, 1, 3, 0, 1])] {
            let pools = Pools::of(&definition(each_segment));
            assert_eq!(pools.to_bytes(), bytes);
            let mut by_pool = pools.zeros();
            for entry in 0..=7 {
                pools.add(by_pool.as_deref_mut(), entry, &Picks::One(1 + u16::from(entry % 2)));
            }
            let lines = pools.lines(by_pool.as_deref().unwrap());
            let told = |line: &ByEntry| (line.entry, line.counted, line.votes.clone());
            let told: Vec<_> = lines.iter().map(told).collect();
            match each_segment {
                false => assert_eq!(told, [(0, 3, vec![2, 1]), (1, 2, vec![0, 2])]),
                true => assert_eq!(told, [(0, 3, vec![2, 1]), (1, 1, vec![0, 1]), (3, 1, vec![0, 1])]),
            }
            for entry in 0..=7 {
                pools.take(by_pool.as_deref_mut(), entry, &Picks::One(1 + u16::from(entry % 2)));
            }
            assert_eq!(by_pool, pools.zeros());
        }
    }

    #[test]
    fn a_run_without_pools_counts_nothing_apart_and_neither_does_one_with_too_many_numbers() {
        let mut plain = definition(false);
        plain.interaction.counting.pools.clear();
        assert_eq!((Pools::of(&plain).zeros(), Pools::of(&plain).to_bytes()), (None, Vec::new()));
        let mut many = definition(true);
        many.interaction.options = vec!["x".to_owned(); limits::POOL_NUMBERS_MAX / 3 - 1];
        assert!(Pools::of(&many).zeros().is_some());
        many.interaction.options.push("y".to_owned());
        assert_eq!(Pools::of(&many).zeros(), None);
    }
}
