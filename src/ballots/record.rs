//! How ballots stand in the journal: the payloads of its records, and what each kind means.
//!
//! A ballot (kind 1), all numbers little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 16 | voter |
//! | 16 | ballot id |
//! | 8 | receive time, microseconds |
//! | 4 + 8 | epoch and revision of the windows it was judged under |
//! | 1 | verdict: 0 counted, 1 late, 2 budget, 3 id reused, 4 invalid, 5 after seal; 255 undecided |
//! | 2 each | picks, to the end |
//!
//! A definition (kind 2) and windows (kind 3) are JSON; they take no number (`bucket` and `seq` are 0).

use super::ballot::{Ballot, Picks, Verdict};
use crate::base::{
    clock::Micros,
    ids::{BallotId, VoterId},
};

/// A ballot, with its verdict where the ledger is embedded.
pub const BALLOT: u8 = 1;
/// The run's definition, before its first ballot in each journal.
pub const DEFINITION: u8 = 2;
/// The windows of a run from here on.
pub const WINDOWS: u8 = 3;

const HEAD_BYTES: usize = 16 + 16 + 8 + 4 + 8 + 1;
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
    into.extend_from_slice(&record.windows_epoch.to_le_bytes());
    into.extend_from_slice(&record.windows_revision.to_le_bytes());
    let verdict = record.verdict.and_then(|verdict| Verdict::ALL.iter().position(|one| *one == verdict));
    into.push(verdict.map_or(UNDECIDED, |number| u8::try_from(number).unwrap_or(UNDECIDED)));
    for pick in record.ballot.picks.as_slice() {
        into.extend_from_slice(&pick.to_le_bytes());
    }
}

/// Reads a ballot's record; `None`: these bytes are none.
pub fn decode(payload: &[u8]) -> Option<BallotRecord> {
    let (head, picks) = payload.split_at_checked(HEAD_BYTES)?;
    let (picks, rest) = picks.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let verdict = match head[52] {
        UNDECIDED => None,
        number => Some(*Verdict::ALL.get(usize::from(number))?),
    };
    let ballot = Ballot {
        voter: VoterId(u128::from_le_bytes(head[..16].try_into().ok()?)),
        id: BallotId(u128::from_le_bytes(head[16..32].try_into().ok()?)),
        received: Micros(u64::from_le_bytes(head[32..40].try_into().ok()?)),
        picks: Picks::new(picks.iter().map(|pick| u16::from_le_bytes(*pick)).collect()),
    };
    let windows_epoch = u32::from_le_bytes(head[40..44].try_into().ok()?);
    let windows_revision = u64::from_le_bytes(head[44..52].try_into().ok()?);
    Some(BallotRecord { ballot, windows_epoch, windows_revision, verdict })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_record_reads_in_as_it_was_written(
            voter: u128, id: u128, received: u64, epoch: u32, revision: u64,
            verdict in prop::option::of(0..Verdict::ALL.len()),
            picks in prop::collection::vec(0..200_u16, 0..12),
        ) {
            let ballot = Ballot { voter: VoterId(voter), id: BallotId(id), picks: Picks::new(picks), received: Micros(received) };
            let verdict = verdict.map(|number| Verdict::ALL[number]);
            let record = BallotRecord { ballot, windows_epoch: epoch, windows_revision: revision, verdict };
            let mut bytes = vec![1, 2, 3];
            encode(&record, &mut bytes);
            prop_assert_eq!(decode(&bytes), Some(record));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..90)) {
            decode(&bytes);
        }
    }
}
