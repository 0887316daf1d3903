//! What a seal counted by segment, by pool and by platform: sums of what it counted by entry. Pure.

use crate::wire::{
    entry::Entry,
    seal::{EntryCount, Part, PartCount},
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
        for EntryCount { entry, counted, votes, .. } in by_entry {
            let name = named(of, entry).unwrap_or_default();
            match parts.iter_mut().find(|part| (part.of, &part.name) == (of, &name)) {
                Some(part) => {
                    part.counted += counted;
                    part.votes.iter_mut().zip(votes).for_each(|(sum, more)| *sum += more);
                }
                None => parts.push(PartCount { of, name, counted: *counted, votes: votes.clone() }),
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(segment: Option<&str>, pool: Option<&str>, votes: [u64; 2]) -> EntryCount {
        let entry = Entry { segment: segment.map(str::to_owned), pool: pool.map(str::to_owned), platform: None };
        EntryCount { entry, counted: votes.iter().sum(), votes: votes.into(), excluded: false }
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
}
