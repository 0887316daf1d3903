//! Closes the buckets of a run at a ledger of several nodes, and reads everything that they keep: the sum is never taken
//! on trust, it is the fold of the ballots behind it.

use std::{sync::Arc, time::Duration};

use futures_util::future::try_join_all;

use super::{
    ballot::Verdict,
    bucket::{Kept, Totals},
    committer::{Marked, Queue},
    ledger::{self, Answer, Call, Contents, Standing},
    manifest::LedgerKind,
    run_intake::RunIntake,
    tally,
    witness::{Copy, Witness},
};
use crate::{
    base::{ids::VoterId, limits},
    providers::redis::{Redis, RedisError},
    shows::run::Definition,
};

/// Why a run was not closed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A part of the ledger was not reached in time.
    #[error("the ledger was not reached: {0}")]
    Unreached(#[from] RedisError),
    /// It rebuilds after a failover, or has no bucket yet, and was not ready in time.
    #[error("the ledger is rebuilding what it lost: seal again in a few seconds")]
    Rebuilding,
    /// It went through a failover meanwhile: the seal has to be made under the next revision.
    #[error("the ledger lost its newest writes meanwhile")]
    Changed,
    /// A sum is not that of its ballots: an incident.
    #[error("bucket {0} of the ledger does not add up: its ballots are not its totals")]
    DoesNotAddUp(u16),
    /// The ledger has the run under another definition: an incident.
    #[error("the ledger has another definition of this run")]
    Disagrees,
}

/// What the ledger holds of a run, all of it read and added up.
#[derive(Debug)]
pub struct Closed {
    pub marked: Marked,
    /// What the counted ballots are.
    pub witness: Witness,
    /// Voters with more votes counted than they have, in words: an incident.
    pub findings: Vec<String>,
}

/// Marks all buckets for a seal, waits until each has what the nodes had told, and reads them. Nothing that was counted
/// changes any more once this returns, unless the ledger fails over: then it says so.
///
/// # Errors
/// See [`SealError`]; the marks stay, and do no harm.
pub async fn close(redis: &Redis, queue: &Queue, run: &Arc<RunIntake>, revision: u32) -> Result<Closed, SealError> {
    let buckets = 0..run.definition.buckets;
    let marks = || within(try_join_all(buckets.clone().map(|bucket| mark(redis, queue, run, bucket, revision))));
    let standings = marks().await?;
    let contents = contents(redis, &run.definition).await?;
    // A failover that lost nothing but marks shows only to a call that looks for one.
    let epoch = |standing: &Standing| standing.totals.epoch;
    if !marks().await?.iter().map(epoch).eq(standings.iter().map(epoch)) {
        return Err(SealError::Changed);
    }
    let mut marked = Marked {
        totals: tally::zero(run.definition.interaction.options.len()),
        watermarks: Vec::new(),
        lost: 0,
        ledger: LedgerKind::Redis,
        changed: Vec::new(),
    };
    for (bucket, (standing, contents)) in buckets.zip(standings.into_iter().zip(&contents)) {
        let (before, after) = (&standing.totals, &contents.totals);
        if (before.epoch, before.counted, &before.votes) != (after.epoch, after.counted, &after.votes) {
            return Err(SealError::Changed);
        }
        tally::add_totals(&mut marked.totals, before);
        let of_bucket = standing.watermarks.iter();
        marked.watermarks.extend(of_bucket.map(|(journal, watermark)| (bucket, *journal, *watermark)));
        marked.changed.extend(standing.changed.into_iter().map(|place| (bucket, place)));
    }
    marked.watermarks.sort_unstable();
    let (witness, findings) = add_up(run, &contents)?;
    Ok(Closed { marked, witness, findings })
}

/// Reads everything that the ledger keeps of a run again: its totals, and what the counted ballots are.
///
/// # Errors
/// See [`SealError`].
pub async fn recount(redis: &Redis, run: &RunIntake) -> Result<(Totals, Witness, Vec<String>), SealError> {
    let contents = contents(redis, &run.definition).await?;
    let mut totals = tally::zero(run.definition.interaction.options.len());
    contents.iter().for_each(|contents| tally::add_totals(&mut totals, &contents.totals));
    let (witness, findings) = add_up(run, &contents)?;
    Ok((totals, witness, findings))
}

async fn within<T>(work: impl Future<Output = Result<T, SealError>>) -> Result<T, SealError> {
    tokio::time::timeout(limits::SEAL_TIMEOUT, work).await.unwrap_or(Err(SealError::Rebuilding))
}

/// Marks one bucket, and tells how it stands once no ballot that was counted can be missing there.
async fn mark(
    redis: &Redis,
    queue: &Queue,
    run: &Arc<RunIntake>,
    bucket: u16,
    revision: u32,
) -> Result<Standing, SealError> {
    loop {
        let Some(next) = run.next_call(bucket, true) else { return Err(SealError::Disagrees) };
        let call = Call { sealing: Some(revision), ..next };
        match ledger::call(redis, &call).await {
            Ok(answer) => {
                run.answered(queue, &call, &answer);
                match answer {
                    Answer::Done(standing) if call.batch.is_none() && !standing.rebuilding => {
                        // Another seal that began later has the buckets now.
                        return if standing.marked == revision { Ok(standing) } else { Err(SealError::Changed) };
                    }
                    Answer::Disagrees => return Err(SealError::Disagrees),
                    _ => {}
                }
            }
            Err(error @ RedisError::Refused(_)) => return Err(error.into()),
            Err(error) => tracing::debug!(%error, bucket, "marking"),
        }
        tokio::time::sleep(limits::LEDGER_REBUILDING).await;
    }
}

/// Reads everything that the ledger keeps of a run, bucket by bucket.
///
/// # Errors
/// It was not reached, or does not have it, in the time of a seal.
pub async fn contents(redis: &Redis, definition: &Definition) -> Result<Vec<Contents>, SealError> {
    let buckets = (0..definition.buckets).map(|bucket| read_bucket(redis, definition, bucket));
    within(try_join_all(buckets)).await
}

async fn read_bucket(redis: &Redis, definition: &Definition, bucket: u16) -> Result<Contents, SealError> {
    loop {
        match ledger::ballots(redis, definition, bucket).await {
            Ok(Some(contents)) => return Ok(contents),
            Ok(None) => {}
            Err(error @ RedisError::Refused(_)) => return Err(error.into()),
            Err(error) => tracing::debug!(%error, bucket, "reading"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Adds up the ballots of all buckets and compares with what the ledger says of itself.
fn add_up(run: &RunIntake, contents: &[Contents]) -> Result<(Witness, Vec<String>), SealError> {
    let definition = &run.definition;
    let (mut witness, mut findings) = (Witness::default(), Vec::new());
    for (bucket, contents) in (0..).zip(contents) {
        let (mut votes, mut counted) = (vec![0; definition.interaction.options.len()], 0);
        let mut spent = std::collections::HashMap::<VoterId, u32>::new();
        let of = |verdict| contents.ballots.iter().filter(move |(_, kept)| kept.verdict == verdict);
        of(Verdict::Late).for_each(|(_, kept)| witness.add_late(kept.entry, &kept.picks));
        let kept = of(Verdict::Counted);
        for (voter, Kept { id, picks, received, entry, place, .. }) in kept {
            counted += 1;
            picks.add_to(&mut votes);
            let spent = spent.entry(*voter).or_default();
            *spent += u32::from(picks.votes());
            if *spent > u32::from(definition.interaction.votes) {
                findings.push(format!("ballot {id} is counted, though its voter had not that many votes left"));
            }
            let (run, received, entry, place) = (definition.run, *received, *entry, *place);
            witness.add(Copy { run, bucket, voter: *voter, id: *id, picks, received, entry, place });
        }
        if (counted, &votes) != (contents.totals.counted, &contents.totals.votes) {
            return Err(SealError::DoesNotAddUp(bucket));
        }
    }
    Ok((witness, findings))
}
