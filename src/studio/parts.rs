//! What was counted by segment, by pool and by platform: sums of what a seal counted by entry, and before it of the parts that
//! count apart. Pure.

use crate::{
    ballots::bucket::Pools,
    shows::run::{ByEntry, Run},
    wire::{
        entry::Entry,
        seal::{EntryCount, Part, PartCount},
    },
};

/// A line for every name of a part, and one for the ballots whose entry names none. A part that no entry names has no
/// lines.
pub fn parts(by_entry: &[EntryCount]) -> Vec<PartCount> {
    let named = |part, entry: &Entry| match part {
        Part::Segment => entry.segment.clone(),
        Part::Pool => entry.pool.clone(),
        Part::Platform => entry.platform.clone(),
    };
    let mut parts = Vec::<PartCount>::new();
    for of in [Part::Segment, Part::Pool, Part::Platform] {
        if by_entry.iter().all(|line| named(of, &line.entry).is_none()) {
            continue;
        }
        for EntryCount { entry, counted, votes, carried, .. } in by_entry {
            let name = named(of, entry).unwrap_or_default();
            match parts.iter_mut().find(|part| (part.of, &part.name) == (of, &name)) {
                Some(part) => {
                    part.counted += counted;
                    add(&mut part.votes, votes);
                    add(&mut part.carried, carried);
                }
                None => {
                    let (votes, carried) = (votes.clone(), carried.clone());
                    parts.push(PartCount { of, name, counted: *counted, votes, carried });
                }
            }
        }
    }
    parts
}

fn add(sum: &mut Vec<u64>, more: &[u64]) {
    sum.resize(sum.len().max(more.len()), 0);
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// The parts of the audience that count apart, as they stand before the seal.
pub fn so_far(run: &Run, by_pool: &[u64]) -> Vec<PartCount> {
    let definition = &run.definition;
    let each_segment = definition.interaction.counting.pools.iter().all(|pool| pool.each_segment);
    let line = |entry, counted, votes, carried| {
        let Entry { pool, segment, .. } = definition.entries.get(entry).cloned().unwrap_or_default();
        // Of what counts together the line has one segment's name, and others are in it.
        let entry = Entry { pool, segment: segment.filter(|_| each_segment), platform: None };
        EntryCount { entry, counted, votes, carried, excluded: false }
    };
    let own = Pools::of(definition).lines(by_pool).into_iter();
    let own = own.map(|ByEntry { entry, counted, votes, .. }| line(entry, counted, votes, Vec::new()));
    let before = run.carried.iter().flat_map(|carried| &carried.by_entry);
    let before = before.map(|one| line(one.entry, 0, one.votes.clone(), one.votes.clone()));
    parts(&own.chain(before).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shows::{
        counting::{Gives, Pool},
        entries::Entries,
        transition::tests::Desk,
    };

    fn line(segment: Option<&str>, pool: Option<&str>, votes: [u64; 2]) -> EntryCount {
        let entry = Entry { segment: segment.map(str::to_owned), pool: pool.map(str::to_owned), platform: None };
        EntryCount { entry, counted: votes.iter().sum(), votes: votes.into(), carried: Vec::new(), excluded: false }
    }

    #[test]
    fn each_part_is_the_sum_of_the_entries_that_name_it() {
        let lines = [
            line(None, None, [5, 0]),
            line(Some("nl"), None, [1, 2]),
            line(Some("se"), None, [0, 4]),
            line(Some("nl"), Some("jury"), [3, 0]),
            line(Some("se"), Some("jury"), [0, 0]),
        ];
        let of = |of, name: &str, votes: [u64; 2]| PartCount {
            of,
            name: name.to_owned(),
            counted: votes.iter().sum(),
            votes: votes.into(),
            carried: Vec::new(),
        };
        let sums = [
            of(Part::Segment, "", [5, 0]),
            of(Part::Segment, "nl", [4, 2]),
            of(Part::Segment, "se", [0, 4]),
            of(Part::Pool, "", [6, 6]),
            of(Part::Pool, "jury", [3, 0]),
        ];
        assert_eq!(parts(&lines), sums);
        assert_eq!(parts(&lines[..1]), [], "nobody can have come by an entry");
        assert_eq!(parts(&[]), []);
    }

    #[test]
    fn segments_are_told_so_far_only_where_every_pool_counts_each_by_itself() {
        let mut run = Desk::open_for(60).document.runs[0].clone();
        let definition = &mut run.definition;
        let entry = |segment: &str, pool: Option<&str>| line(Some(segment), pool, [0, 0]).entry;
        let entries = [entry("nl", None), entry("nl", Some("jury"))];
        definition.entries = Entries::default().declaring(&entries).unwrap();
        let pool = |name: &str, each_segment| Pool { name: name.to_owned(), gives: Gives::Percent(50), each_segment };
        let mut told = |each_segment, by_pool: &[u64]| {
            run.definition.interaction.counting.pools = vec![pool("", each_segment), pool("jury", true)];
            let parts = so_far(&run, by_pool).into_iter();
            parts.map(|part| (part.of, part.name, part.counted, part.votes)).collect::<Vec<_>>()
        };
        let pools = |pools: [(&str, u64, [u64; 2]); 2]| {
            pools.map(|(name, counted, votes)| (Part::Pool, name.to_owned(), counted, votes.to_vec()))
        };
        // By none and from nl together; then the jury of nl.
        assert_eq!(told(false, &[3, 1, 2, 1, 1, 0]), pools([("", 3, [1, 2]), ("jury", 1, [1, 0])]));
        let told = told(true, &[2, 1, 1, 1, 0, 1, 1, 1, 0]);
        let of = |name: &str, counted, votes: [u64; 2]| (Part::Segment, name.to_owned(), counted, votes.to_vec());
        assert_eq!(told[..2], [of("", 2, [1, 1]), of("nl", 2, [1, 1])]);
        assert_eq!(told[2..], pools([("", 3, [1, 2]), ("jury", 1, [1, 0])]));
    }
}
