//! What a node and a ledger of several nodes say to each other over one bucket. `bucket.lua` decides by the lines of
//! `bucket.rs`, and adds what a store needs that can lose its newest writes: epochs, and the barrier after a change.

mod encode;

use std::sync::Arc;

use super::{
    ballot::{Ballot, Decided, Place},
    bucket::{Decision, Kept, Pools, Totals},
    seal::Seal,
};
use crate::{
    base::{
        clock::Micros,
        ids::{JournalId, NodeId, RunId, VoterId},
        limits,
    },
    providers::redis::{Redis, RedisError, Script},
    shows::{run::Definition, windows::Windows},
};

/// Decides: everything that a [`Call`] says, in one step.
pub static BUCKET: Script = Script::new("bucket", include_str!("bucket.lua"));
/// Reads what is kept.
pub static BALLOTS: Script = Script::new("bucket_ballots", include_str!("bucket_ballots.lua"));

static ERASE: Script = Script::new("bucket_erase", include_str!("bucket_erase.lua"));

/// One call for one bucket. Without a batch it asks how things stand, and finds a lost tail without traffic.
#[derive(Debug, Clone)]
pub struct Call {
    /// The run, as it is frozen. The ledger turns away what disagrees with the definition it has.
    pub definition: Arc<Definition>,
    /// SHA-256 of the definition, in hexadecimal.
    pub rules_hash: Arc<str>,
    /// What of the run is counted by pool.
    pub pools: Pools,
    /// The bucket of the run.
    pub bucket: u16,
    /// The newest windows that the caller knows.
    pub windows: Arc<Windows>,
    /// The newest seal that the show speaks of, being made or made.
    pub sealing: Option<u32>,
    /// The newest seal that was made.
    pub seal: Option<Arc<Seal>>,
    /// The caller's data directory.
    pub directory: NodeId,
    /// The data directories on the show's roster.
    pub roster: Arc<[NodeId]>,
    /// The highest epoch of this bucket that the caller has seen. In another one than the bucket's no batch is taken.
    pub epoch: u64,
    /// The caller's directory has sent, in this epoch, everything that it has a verdict for.
    pub retold: bool,
    /// Makes the bucket, if it is not there.
    pub create: bool,
    /// Ballots, if any; those after the first [`limits::LEDGER_BATCH_MAX`] are not sent.
    pub batch: Option<OwnedBatch>,
}

/// Ballots of one journal, in the order of their numbers without gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedBatch {
    pub journal: JournalId,
    /// Number of the first one.
    pub first_seq: u64,
    /// What was decided over them, if it was. Undecided ones are a tail.
    pub ballots: Vec<(Ballot, Option<Decided>)>,
}

/// What a ledger answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was done, as far as it says.
    Done(Standing),
    /// Numbers before the batch are missing: none of it was taken.
    Gap { epoch: u64, watermark: u64 },
    /// There is no such bucket: make it.
    Absent,
    /// The bucket was made of another definition: an incident; nothing was done.
    Disagrees,
}

/// How a bucket stands after a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The totals, with their epoch and version.
    pub totals: Totals,
    /// The barrier after a change of the epoch runs: undecided ballots are not taken.
    pub rebuilding: bool,
    /// The newest seal that it is marked for; 0: none.
    pub marked: u32,
    /// All journals, with the last number that the bucket has of each, in the order of their ids.
    pub watermarks: Vec<(JournalId, u64)>,
    /// The decisions over the ballots that were taken, from the first on. While `rebuilding` the first undecided one and
    /// all after it are not taken.
    pub decisions: Vec<Decision>,
    /// All copies that have another verdict than somebody was told.
    pub changed: Vec<Place>,
    /// The ledger's clock.
    pub time: Micros,
}

/// All that a bucket keeps, as of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Its totals, with epoch and version.
    pub totals: Totals,
    /// Its journals, with the last number that it has of each; 0: known only as the place of a copy.
    pub watermarks: Vec<(JournalId, u64)>,
    /// Its ballots; those of one voter in the order of decision.
    pub ballots: Vec<(VoterId, Kept)>,
}

/// Makes a call of a bucket.
///
/// # Errors
/// Whatever it is, the same call may be made again: a ballot that was taken is known by its id.
pub async fn call(redis: &Redis, call: &Call) -> Result<Answer, RedisError> {
    call_by(redis, &BUCKET, call).await
}

/// Makes a call by another script than [`BUCKET`]: for tests that show what a wrong one does.
///
/// # Errors
/// As [`call`].
pub async fn call_by(redis: &Redis, script: &Script, call: &Call) -> Result<Answer, RedisError> {
    let (keys, args) = encode::call(call);
    let value = redis.run(script, &keys, args).await?;
    encode::answer(value, call.definition.interaction.options.len()).ok_or_else(unreadable)
}

/// Reads everything that a bucket keeps, sub-hashes by sub-hashes. `None`: there is no such bucket, or it changed while it
/// was read: ask again.
///
/// # Errors
/// As [`call`].
pub async fn ballots(redis: &Redis, definition: &Definition, bucket: u16) -> Result<Option<Contents>, RedisError> {
    let (run, options) = (definition.run, definition.interaction.options.len());
    let sub_hashes: Vec<u8> = (0..encode::SUB_HASHES).collect();
    let mut contents = None;
    for some in sub_hashes.chunks(limits::LEDGER_SUB_HASHES_READ) {
        let mut keys = vec![encode::meta_key(run, bucket)];
        keys.extend(some.iter().map(|sub_hash| encode::sub_key(run, bucket, *sub_hash)));
        let value = redis.run(&BALLOTS, &keys, Vec::new()).await?;
        if !encode::ballots(value, options, &mut contents).ok_or_else(unreadable)? {
            return Ok(None);
        }
    }
    Ok(contents)
}

/// Reads what a voter has in a run, in the order of decision. Nothing, too, if there is no such bucket.
///
/// # Errors
/// As [`call`].
pub async fn of_voter(redis: &Redis, definition: &Definition, voter: VoterId) -> Result<Vec<Kept>, RedisError> {
    let (run, bucket) = (definition.run, definition.bucket_of(voter));
    let keys = [encode::meta_key(run, bucket), encode::sub_key(run, bucket, encode::sub_hash_of(voter))];
    let value = redis.run(&BALLOTS, &keys, Vec::new()).await?;
    let mut contents = None;
    encode::ballots(value, definition.interaction.options.len(), &mut contents).ok_or_else(unreadable)?;
    let ballots = contents.map_or_else(Vec::new, |contents: Contents| contents.ballots);
    Ok(ballots.into_iter().filter(|(whose, _)| *whose == voter).map(|(_, kept)| kept).collect())
}

/// Takes a run's buckets away. A bucket that is not there is one that was taken away.
///
/// # Errors
/// As [`call`].
pub async fn erase(redis: &Redis, run: RunId, buckets: u16) -> Result<(), RedisError> {
    for bucket in 0..buckets {
        redis.run(&ERASE, &encode::all_keys(run, bucket), Vec::new()).await?;
    }
    Ok(())
}

fn unreadable() -> RedisError {
    RedisError::Refused("the script's answer cannot be read: is it of another version?".into())
}
