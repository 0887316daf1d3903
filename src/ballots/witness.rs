//! What a witness says of the counted ballots: how many there are per bucket and journal, and a hash of the set that
//! does not depend on the order. Two witnesses that agree have the same ballots.
//!
//! The hash is the sum, modulo 2^256, of the SHA-256 of every counted copy (the construction of Bellare and Micciancio's
//! AdHash). It guards against faults; against forgery stands the recount of the ballots themselves.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use super::ballot::{Picks, Place};
use crate::base::{
    clock::Micros,
    hex,
    ids::{BallotId, JournalId, RunId, VoterId},
};

/// The witness of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witness {
    parts: BTreeMap<(u16, JournalId), Part>,
    entries: BTreeMap<u8, Came>,
    /// Of each voter of a changeable run the ballot that is in force.
    in_force: HashMap<VoterId, InForce>,
    superseded: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct InForce {
    rank: (Option<u32>, Micros, Place),
    entry: u8,
    picks: Picks,
}

/// The counted ballots that came by one entry; in a changeable run those that are in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Came {
    /// How many.
    pub counted: u64,
    /// Their votes per option, as far as there are any.
    pub votes: Vec<u64>,
    /// Votes of late ballots per option, as far as there are any.
    pub late_votes: Vec<u64>,
}

/// The counted copies of one bucket in one journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// How many.
    pub count: u64,
    sum: [u64; 4],
}

impl Part {
    /// The hash of the set, in hexadecimal.
    pub fn hash(&self) -> String {
        let bytes: Vec<u8> = self.sum.iter().rev().flat_map(|word| word.to_be_bytes()).collect();
        hex::encode(&bytes)
    }
}

/// One counted copy, as far as it is hashed.
#[derive(Debug, Clone, Copy)]
pub struct Copy<'a> {
    pub run: RunId,
    pub bucket: u16,
    pub voter: VoterId,
    pub id: BallotId,
    pub picks: &'a Picks,
    pub received: Micros,
    pub entry: u8,
    pub place: Place,
}

impl Witness {
    /// Adds one counted copy.
    pub fn add(&mut self, copy: Copy<'_>) {
        let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        digest.update(&copy.run.0.to_be_bytes());
        digest.update(&copy.voter.0.to_be_bytes());
        digest.update(&copy.id.0.to_be_bytes());
        digest.update(&copy.received.0.to_be_bytes());
        digest.update(&copy.place.journal.0.to_be_bytes());
        digest.update(&copy.place.seq.to_be_bytes());
        digest.update(&[copy.entry]);
        for word in copy.picks.words() {
            digest.update(&word.to_be_bytes());
        }
        let digest = digest.finish();
        let part = self.parts.entry((copy.bucket, copy.place.journal)).or_default();
        part.count += 1;
        let mut carry = false;
        for (word, bytes) in part.sum.iter_mut().zip(digest.as_ref().as_chunks::<8>().0) {
            let (sum, over) = word.overflowing_add(u64::from_le_bytes(*bytes));
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            *word = sum;
            carry = over || over_again;
        }
        if copy.picks.change().is_some() && !self.is_in_force(&copy) {
            self.superseded += 1;
            return;
        }
        let came = self.entries.entry(copy.entry).or_default();
        came.counted += 1;
        add(copy.picks, &mut came.votes);
    }

    /// Whether a ballot of a changeable run is in force, as far as is known now; that which was before is no more.
    fn is_in_force(&mut self, copy: &Copy<'_>) -> bool {
        let Copy { entry, picks, .. } = *copy;
        let this = InForce { rank: (picks.change(), copy.received, copy.place), entry, picks: picks.clone() };
        match self.in_force.entry(copy.voter) {
            Entry::Vacant(place) => _ = place.insert(this),
            Entry::Occupied(known) if known.get().rank > this.rank => return false,
            Entry::Occupied(mut known) => {
                let was = known.insert(this);
                let came = self.entries.entry(was.entry).or_default();
                came.counted -= 1;
                was.picks.take_from(&mut came.votes);
                let some = came.votes.iter().rposition(|votes| *votes > 0).map_or(0, |last| last + 1);
                came.votes.truncate(some);
                self.superseded += 1;
            }
        }
        true
    }

    /// Votes per option, of `options` options.
    pub fn votes(&self, options: usize) -> Vec<u64> {
        let mut votes = vec![0; options];
        for came in self.entries.values() {
            votes.iter_mut().zip(&came.votes).for_each(|(all, more)| *all += more);
        }
        votes
    }

    /// Ballots of a changeable run that later ones of their voters replace.
    pub fn superseded(&self) -> u64 {
        self.superseded
    }

    /// Adds a ballot that came too late: it is in no part, and is told by its entry only.
    pub fn add_late(&mut self, entry: u8, picks: &Picks) {
        add(picks, &mut self.entries.entry(entry).or_default().late_votes);
    }

    /// What came by one entry; 0: by none.
    pub fn came(&self, entry: u8) -> Came {
        self.entries.get(&entry).cloned().unwrap_or_default()
    }

    /// What one bucket has in one journal.
    pub fn part(&self, bucket: u16, journal: JournalId) -> Part {
        self.parts.get(&(bucket, journal)).cloned().unwrap_or_default()
    }
}

fn add(picks: &Picks, votes: &mut Vec<u64>) {
    let most = picks.as_slice().iter().max().copied().unwrap_or(0);
    votes.resize(votes.len().max(usize::from(most)), 0);
    picks.add_to(votes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn witness(ids: &[u128]) -> Witness {
        let mut witness = Witness::default();
        for id in ids {
            let place = Place { journal: JournalId(1), seq: 1 };
            let (run, voter, id, received) = (RunId(1), VoterId(1), BallotId(*id), Micros(1));
            let entry = u8::from(id.0 > 4);
            witness.add(Copy { run, bucket: 0, voter, id, picks: &Picks::One(1), received, entry, place });
        }
        witness
    }

    #[test]
    fn what_came_by_an_entry_is_told_apart() {
        let witness = witness(&[1, 5, 6]);
        assert_eq!(witness.came(0), Came { counted: 1, votes: vec![1], late_votes: Vec::new() });
        assert_eq!(witness.came(1), Came { counted: 2, votes: vec![2], late_votes: Vec::new() });
        assert_eq!(witness.came(2), Came::default());
    }

    #[test]
    fn of_a_voter_who_changed_the_last_change_is_in_force_in_whatever_order_it_is_read() {
        let add = |witness: &mut Witness, change: u32, option: u16, received: u64, entry: u8| {
            let place = Place { journal: JournalId(1), seq: received };
            let (run, voter, id) = (RunId(1), VoterId(1), BallotId(received.into()));
            let picks = &Picks::changed(change, vec![option]);
            witness.add(Copy { run, bucket: 0, voter, id, picks, received: Micros(received), entry, place });
        };
        // The last change came first; of two with one number the later one is in force.
        let copies = [(3, 2, 10, 1), (2, 1, 11, 0), (3, 3, 12, 0), (1, 1, 13, 1)];
        for turn in 0..copies.len() {
            let mut witness = Witness::default();
            for index in 0..copies.len() {
                let (change, option, received, entry) = copies[(turn + index) % copies.len()];
                add(&mut witness, change, option, received, entry);
            }
            assert_eq!((witness.votes(3), witness.superseded()), (vec![0, 0, 1], 3));
            assert_eq!((witness.came(0).counted, witness.came(1).counted), (1, 0));
            assert_eq!(witness.part(0, JournalId(1)).count, 4);
        }
    }

    #[test]
    fn the_order_does_not_matter_and_everything_else_does() {
        assert_eq!(witness(&[1, 2, 3]), witness(&[3, 1, 2]));
        assert_ne!(witness(&[1, 2, 3]), witness(&[1, 2, 4]));
        assert_ne!(witness(&[1]), witness(&[1, 1]));
        assert_eq!(witness(&[1]).part(0, JournalId(1)).hash().len(), 64);
    }
}
