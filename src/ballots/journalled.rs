//! Ballots as they stand in journals, each with what was decided over it: in its own record, or in a verdict's record of
//! the same directory.

use std::{collections::HashMap, path::Path};

use super::{
    ballot::{Ballot, Decided, Place},
    record,
};
use crate::{
    base::ids::RunId,
    providers::journal::{self, DirectoryError, Replay},
};

/// One ballot of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journalled {
    pub run: RunId,
    pub bucket: u16,
    /// Where it stands.
    pub place: Place,
    pub ballot: Ballot,
    /// What the journals say of it, if anything.
    pub decided: Option<Decided>,
}

/// Reads the ballots of some runs from a directory of journals, beside the process that writes there, if any: journals in
/// the order of their process starts, ballots in the order of their numbers.
///
/// # Errors
/// The directory cannot be read.
pub fn read(
    directory: &Path,
    wanted: &dyn Fn(RunId) -> bool,
    each: &mut dyn FnMut(Journalled),
) -> Result<Replay, DirectoryError> {
    // A verdict may stand in a later journal than its ballot; what stands last is in force.
    let mut verdicts = HashMap::new();
    journal::read(directory, &mut |_, frame| {
        let is_verdict = frame.kind == record::VERDICT && wanted(frame.run);
        if let Some((place, decided)) = is_verdict.then(|| record::decode_verdict(frame.payload)).flatten() {
            verdicts.insert((frame.run, frame.bucket, place), decided);
        }
    })?;
    journal::read(directory, &mut |journal, frame| {
        let is_ballot = frame.kind == record::BALLOT && wanted(frame.run);
        let Some(record) = is_ballot.then(|| record::decode(frame.payload)).flatten() else { return };
        let (run, bucket, place) = (frame.run, frame.bucket, Place { journal, seq: frame.seq });
        let Ballot { received, entry, .. } = record.ballot;
        let own = record.verdict.map(|verdict| Decided { verdict, place, received, entry });
        let decided = verdicts.get(&(run, bucket, place)).copied().or(own);
        each(Journalled { run, bucket, place, ballot: record.ballot, decided });
    })
}
