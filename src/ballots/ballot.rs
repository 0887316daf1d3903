//! A ballot, the copy of it that counts, and the verdict over it.

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        clock::Micros,
        ids::{BallotId, JournalId, VoterId},
    },
    wire::server::{Answer, Reason},
};

/// What one voter expresses at once in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// Who, as a pseudonym.
    pub voter: VoterId,
    /// The client's id for it, unique per (run, voter).
    pub id: BallotId,
    /// What.
    pub picks: Picks,
    /// When it reached a node, on the show's clock.
    pub received: Micros,
    /// The number of the entry by which its voter came, in the run's definition; 0: none.
    pub entry: u8,
}

/// A ballot's content: option numbers from 1, in ascending order; a number that stands twice is two votes. In a changeable
/// run its change number stands before them, as three words: 0, which is no option, and the number's high and low half. One
/// pick, the common case, needs no heap.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Picks {
    /// One vote for one option.
    One(u16),
    /// Any other content.
    Many(Box<[u16]>),
}

/// What stands before a change number.
const CHANGE: u16 = 0;

impl Picks {
    /// Sorts what a client sent, so that the same choice is the same content.
    pub fn new(mut numbers: Vec<u16>) -> Self {
        sort(&mut numbers);
        Self::from_words(numbers)
    }

    /// As [`Self::new`], under the client's change number.
    pub fn changed(change: u32, mut numbers: Vec<u16>) -> Self {
        sort(&mut numbers);
        let [a, b, c, d] = change.to_be_bytes();
        let words = [CHANGE, u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
        Self::Many(words.into_iter().chain(numbers).collect())
    }

    /// A content as it is stored, from its [`Self::words`].
    pub fn from_words(words: Vec<u16>) -> Self {
        match *words {
            [one] => Self::One(one),
            _ => Self::Many(words.into()),
        }
    }

    /// The content as it is stored and hashed.
    pub fn words(&self) -> &[u16] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// The option numbers.
    pub fn as_slice(&self) -> &[u16] {
        let words = self.words();
        words.strip_prefix(&[CHANGE]).and_then(|change| change.get(2..)).unwrap_or(words)
    }

    /// The client's change number; `None`: the ballot is final.
    pub fn change(&self) -> Option<u32> {
        match *self.words() {
            [CHANGE, high, low, ..] => Some(u32::from(high) << 16 | u32::from(low)),
            _ => None,
        }
    }

    /// Votes spent.
    pub fn votes(&self) -> u16 {
        u16::try_from(self.as_slice().len()).unwrap_or(u16::MAX)
    }

    /// Adds the votes to totals per option.
    pub fn add_to(&self, totals: &mut [u64]) {
        self.each_of(totals, |total| *total += 1);
    }

    /// Takes the votes out of totals per option again.
    pub fn take_from(&self, totals: &mut [u64]) {
        self.each_of(totals, |total| *total -= 1);
    }

    fn each_of(&self, totals: &mut [u64], change: impl Fn(&mut u64)) {
        for number in self.as_slice() {
            if let Some(total) = totals.get_mut(usize::from(*number).wrapping_sub(1)) {
                change(total);
            }
        }
    }
}

/// No client's number is taken for what stands before a change number: 0 becomes another one without an option.
fn sort(numbers: &mut [u16]) {
    numbers.iter_mut().filter(|number| **number == CHANGE).for_each(|number| *number = u16::MAX);
    numbers.sort_unstable();
}

/// Where a ballot's record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The journal.
    pub journal: JournalId,
    /// The number within this journal and bucket, from 1.
    pub seq: u64,
}

/// What was decided over a ballot. Part of the ballot for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// In the tally.
    Counted,
    /// Outside the window.
    Late,
    /// More votes than the voter had left.
    Budget,
    /// The id was used for other content.
    IdReused,
    /// Does not fit the question.
    Invalid,
    /// In time, but decided after the seal: kept apart until a new revision takes it.
    AfterSeal,
    /// Was counted by one history of the ledger, while another had counted an earlier ballot of the same voter.
    Displaced,
    /// The record cannot be read, or not yet: its number is passed over.
    Unreadable,
}

/// What was decided over a ballot, and over which copy: part of the ballot for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// The verdict.
    pub verdict: Verdict,
    /// The copy that the verdict is about: this one, or the one that came first.
    pub place: Place,
    /// When that copy was received.
    pub received: Micros,
    /// The entry that it carries.
    pub entry: u8,
}

impl Verdict {
    /// All verdicts; their place is their number in a record.
    pub const ALL: [Self; 8] = [
        Self::Counted,
        Self::Late,
        Self::Budget,
        Self::IdReused,
        Self::Invalid,
        Self::AfterSeal,
        Self::Displaced,
        Self::Unreadable,
    ];

    /// Its number in a record.
    pub const fn number(self) -> u8 {
        match self {
            Self::Counted => 0,
            Self::Late => 1,
            Self::Budget => 2,
            Self::IdReused => 3,
            Self::Invalid => 4,
            Self::AfterSeal => 5,
            Self::Displaced => 6,
            Self::Unreadable => 7,
        }
    }

    /// The answer and the reason of a receipt.
    pub const fn answer(self) -> (Answer, Option<Reason>) {
        match self {
            Self::Counted => (Answer::Counted, None),
            Self::Late => (Answer::Refused, Some(Reason::Late)),
            Self::Budget => (Answer::Refused, Some(Reason::Budget)),
            Self::IdReused => (Answer::Refused, Some(Reason::IdReused)),
            Self::Invalid => (Answer::Refused, Some(Reason::Invalid)),
            Self::AfterSeal => (Answer::Held, Some(Reason::AfterSeal)),
            Self::Displaced => (Answer::Refused, Some(Reason::Displaced)),
            Self::Unreadable => (Answer::Unknown, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_choice_is_the_same_content() {
        assert_eq!(Picks::new(vec![3, 1, 3]), Picks::new(vec![1, 3, 3]));
        assert_eq!(size_of::<Picks>(), 16);
    }

    #[test]
    fn a_change_number_is_part_of_the_content_and_no_vote() {
        let picks = Picks::changed(0x0001_0203, vec![3, 1]);
        assert_eq!((picks.change(), picks.as_slice(), picks.votes()), (Some(0x0001_0203), &[1, 3][..], 2));
        assert_eq!(Picks::from_words(picks.words().to_vec()), picks);
        assert_ne!(picks, Picks::changed(1, vec![1, 3]));
        for sent in [vec![0, 0, 1, 2], vec![0], vec![]] {
            assert_eq!(Picks::new(sent).change(), None, "a client cannot smuggle one in");
        }
    }

    #[test]
    fn a_verdict_is_found_by_its_number() {
        assert!(Verdict::ALL.iter().all(|verdict| Verdict::ALL[usize::from(verdict.number())] == *verdict));
    }
}
