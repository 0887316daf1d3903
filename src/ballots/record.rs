//! How ballots stand in the journal: the payloads of its records, and what each kind means.
//!
//! A ballot (kind 1), all numbers little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 16 | voter |
//! | 16 | ballot id |
//! | 8 | receive time, microseconds |
//! | 1 | number of the entry in the run's definition; 0: none |
//! | 4 + 8 | epoch and revision of the windows it was judged under |
//! | 1 | verdict: 0 counted, 1 late, 2 budget, 3 id reused, 4 invalid, 5 after seal, 6 displaced; 255 undecided |
//! | 2 each | picks, to the end; in a changeable run 0 and the change number (high half, low half) before them |
//!
//! A definition (kind 2) and windows (kind 3) are JSON; they take no number (`bucket` and `seq` are 0).
//!
//! A verdict (kind 4), where a ledger of several nodes decides; it takes no number (`seq` is 0), and what stands last over
//! a ballot is in force:
//!
//! | bytes | what |
//! |---|---|
//! | 8 + 8 | journal and number of the ballot that it is about |
//! | 1 | verdict, as above |
//! | 8 + 8 | journal and number of the copy that the verdict names |
//! | 8 | receive time of that copy, microseconds |
//! | 1 | number of its entry |
//!
//! This is format 2 of a run's records, and format 3 of changeable runs (`RECORD_FORMAT`). Format 1 had no entries; of its
//! runs nothing is read.

use super::ballot::{Ballot, Decided, Picks, Place, Verdict};
use crate::base::{
    clock::Micros,
    ids::{BallotId, JournalId, VoterId},
};

/// A ballot, with its verdict where the ledger is embedded.
pub const BALLOT: u8 = 1;
/// The run's definition, before its first ballot in each journal.
pub const DEFINITION: u8 = 2;
/// The windows of a run from here on.
pub const WINDOWS: u8 = 3;
/// What the ledger decided over a ballot of this or an older journal.
pub const VERDICT: u8 = 4;

const HEAD_BYTES: usize = 16 + 16 + 8 + 1 + 4 + 8 + 1;
const VERDICT_BYTES: usize = 8 + 8 + 1 + 8 + 8 + 8 + 1;
const UNDECIDED: u8 = 255;

/// A ballot's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BallotRecord {
    /// The ballot.
    pub ballot: Ballot,
    /// Epoch of the windows it was judged under.
    pub windows_epoch: u32,
    /// Revision of the windows it was judged under.
    pub windows_revision: u64,
    /// What was decided, if it was.
    pub verdict: Option<Verdict>,
}

/// Writes a ballot's record into a buffer that is reused.
pub fn encode(record: &BallotRecord, into: &mut Vec<u8>) {
    into.clear();
    into.extend_from_slice(&record.ballot.voter.0.to_le_bytes());
    into.extend_from_slice(&record.ballot.id.0.to_le_bytes());
    into.extend_from_slice(&record.ballot.received.0.to_le_bytes());
    into.push(record.ballot.entry);
    into.extend_from_slice(&record.windows_epoch.to_le_bytes());
    into.extend_from_slice(&record.windows_revision.to_le_bytes());
    into.push(record.verdict.map_or(UNDECIDED, number));
    for word in record.ballot.picks.words() {
        into.extend_from_slice(&word.to_le_bytes());
    }
}

fn number(verdict: Verdict) -> u8 {
    let place = Verdict::ALL.iter().position(|one| *one == verdict);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(UNDECIDED)
}

/// Writes a verdict's record into a buffer that is reused.
pub fn encode_verdict(ballot: Place, decided: Decided, into: &mut Vec<u8>) {
    into.clear();
    into.extend_from_slice(&ballot.journal.0.to_le_bytes());
    into.extend_from_slice(&ballot.seq.to_le_bytes());
    into.push(number(decided.verdict));
    into.extend_from_slice(&decided.place.journal.0.to_le_bytes());
    into.extend_from_slice(&decided.place.seq.to_le_bytes());
    into.extend_from_slice(&decided.received.0.to_le_bytes());
    into.push(decided.entry);
}

/// Reads a verdict's record: the place of the ballot, and what was decided. `None`: these bytes are none.
pub fn decode_verdict(payload: &[u8]) -> Option<(Place, Decided)> {
    let payload: &[u8; VERDICT_BYTES] = payload.try_into().ok()?;
    let word = |at: usize| Some(u64::from_le_bytes(payload.get(at..at + 8)?.try_into().ok()?));
    let verdict = *Verdict::ALL.get(usize::from(payload[16]))?;
    let (ballot, copy) = (
        Place { journal: JournalId(word(0)?), seq: word(8)? },
        Place { journal: JournalId(word(17)?), seq: word(25)? },
    );
    Some((ballot, Decided { verdict, place: copy, received: Micros(word(33)?), entry: payload[41] }))
}

/// Reads a ballot's record; `None`: these bytes are none.
pub fn decode(payload: &[u8]) -> Option<BallotRecord> {
    let (head, picks) = payload.split_at_checked(HEAD_BYTES)?;
    let (picks, rest) = picks.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let verdict = match head[53] {
        UNDECIDED => None,
        number => Some(*Verdict::ALL.get(usize::from(number))?),
    };
    let ballot = Ballot {
        voter: VoterId(u128::from_le_bytes(head[..16].try_into().ok()?)),
        id: BallotId(u128::from_le_bytes(head[16..32].try_into().ok()?)),
        received: Micros(u64::from_le_bytes(head[32..40].try_into().ok()?)),
        entry: head[40],
        picks: Picks::from_words(picks.iter().map(|word| u16::from_le_bytes(*word)).collect()),
    };
    let windows_epoch = u32::from_le_bytes(head[41..45].try_into().ok()?);
    let windows_revision = u64::from_le_bytes(head[45..53].try_into().ok()?);
    Some(BallotRecord { ballot, windows_epoch, windows_revision, verdict })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_record_reads_in_as_it_was_written(
            voter: u128, id: u128, received: u64, entry: u8, epoch: u32, revision: u64,
            verdict in prop::option::of(0..Verdict::ALL.len()),
            picks in prop::collection::vec(0..200_u16, 0..12), change in prop::option::of(any::<u32>()),
        ) {
            let (voter, id, received) = (VoterId(voter), BallotId(id), Micros(received));
            let picks = match change {
                Some(change) => Picks::changed(change, picks),
                None => Picks::new(picks),
            };
            let ballot = Ballot { voter, id, picks, received, entry };
            let verdict = verdict.map(|number| Verdict::ALL[number]);
            let record = BallotRecord { ballot, windows_epoch: epoch, windows_revision: revision, verdict };
            let mut bytes = vec![1, 2, 3];
            encode(&record, &mut bytes);
            prop_assert_eq!(decode(&bytes), Some(record));
        }

        #[test]
        fn a_verdict_reads_in_as_it_was_written(
            journal: u64, seq: u64, copy: u64, copy_seq: u64, received: u64, entry: u8,
            verdict in 0..Verdict::ALL.len(),
        ) {
            let place = |journal, seq| Place { journal: JournalId(journal), seq };
            let (verdict, received) = (Verdict::ALL[verdict], Micros(received));
            let decided = Decided { verdict, place: place(copy, copy_seq), received, entry };
            let mut bytes = vec![1, 2, 3];
            encode_verdict(place(journal, seq), decided, &mut bytes);
            prop_assert_eq!(decode_verdict(&bytes), Some((place(journal, seq), decided)));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..90)) {
            decode_verdict(&bytes);
            decode(&bytes);
        }
    }
}
