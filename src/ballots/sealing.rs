//! Closes the buckets of a run at a ledger of several nodes, and reads everything that they keep: the sum is never taken
//! on trust, it is the fold of the ballots behind it.

use std::{sync::Arc, time::Duration};

use futures_util::future::try_join_all;

use super::{
    ballot::{Picks, Verdict},
    bucket::{Kept, Pools, Rules, Totals},
    committer::{Marked, Queue},
    ledger::{self, Answer, Call, Contents, Standing},
    manifest::LedgerKind,
    run_intake::RunIntake,
    seal::Seal,
    tally,
    witness::{Copy, Witness},
};
use crate::{
    base::{
        ids::{JournalId, VoterId},
        limits,
    },
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
    /// It knows more ballots than a seal can name of which it has lost the numbers, and their node is not there to tell them.
    #[error("the ledger has lost the numbers of {0} ballots whose node is away: start that node, then seal again")]
    NumbersLost(usize),
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

/// Marks all buckets for a seal, waits until each has what the nodes had told, reads them, and gives them the seal. Nothing
/// that was counted changes any more once this returns.
///
/// # Errors
/// See [`SealError`]; the marks stay, and do no harm: the seal of a later revision replaces this one.
pub async fn close(redis: &Redis, queue: &Queue, run: &Arc<RunIntake>, revision: u32) -> Result<Closed, SealError> {
    let buckets = 0..run.definition.buckets;
    let marks = |seal: Option<Arc<Seal>>| {
        let mark = move |bucket| mark(redis, queue, run, bucket, (revision, seal.clone()));
        within(try_join_all(buckets.clone().map(mark)))
    };
    let standings = marks(None).await?;
    let contents = contents(redis, &run.definition).await?;
    let marked = marked(&run.definition, standings.iter().zip(&contents))?;
    // The buckets have the seal before it is signed: a node that was away and tells again what it knows has done so before
    // this call, and then the totals show it, or it is kept apart. So does a failover that lost nothing but marks show.
    let seal = Seal::marked(revision, &marked);
    let given = marks(Some(Arc::new(seal.clone().drafted()))).await?;
    if !standings.iter().zip(&given).all(|(before, after)| is_same(before, &after.totals)) {
        return Err(SealError::Changed);
    }
    let (witness, findings) = add_up(run, &seal, &contents)?;
    Ok(Closed { marked, witness, findings })
}

/// What a seal has, from how all buckets stood at their mark and what they kept when they were read after it. Of the late
/// ballots it has those of the mark, too.
///
/// # Errors
/// The ledger changed in between, or has lost more numbers of ballots that it knows than a seal can name.
pub fn marked<'a>(
    definition: &Definition,
    buckets: impl Iterator<Item = (&'a Standing, &'a Contents)>,
) -> Result<Marked, SealError> {
    let zero = Totals { by_pool: Pools::of(definition).zeros(), ..tally::zero(definition.interaction.options.len()) };
    let mut marked = Marked {
        totals: zero.clone(),
        watermarks: Vec::new(),
        beyond: Vec::new(),
        apart: Vec::new(),
        lost: 0,
        ledger: LedgerKind::Redis,
        changed: Vec::new(),
    };
    for (bucket, (standing, contents)) in (0..).zip(buckets) {
        if !is_same(standing, &contents.totals) {
            return Err(SealError::Changed);
        }
        let mut totals = Totals { late: 0, late_votes: zero.late_votes.clone(), ..standing.totals.clone() };
        for (_, Kept { place, verdict, picks, .. }) in &contents.ballots {
            let is_below = |watermarks: &[(JournalId, u64)]| {
                watermarks.iter().any(|(journal, last)| *journal == place.journal && place.seq <= *last)
            };
            let is_new = || !is_below(&standing.watermarks);
            match verdict {
                Verdict::AfterSeal if !is_new() => marked.apart.push((bucket, *place)),
                Verdict::Counted if is_new() => marked.beyond.push((bucket, *place)),
                Verdict::Late if is_new() && is_below(&contents.watermarks) => {}
                Verdict::Late => {
                    totals.late += 1;
                    picks.add_to(&mut totals.late_votes);
                    marked.beyond.extend(is_new().then_some((bucket, *place)));
                }
                _ => {}
            }
        }
        tally::add_totals(&mut marked.totals, &totals);
        let of_bucket = standing.watermarks.iter();
        marked.watermarks.extend(of_bucket.map(|(journal, watermark)| (bucket, *journal, *watermark)));
        marked.changed.extend(standing.changed.iter().map(|place| (bucket, *place)));
    }
    marked.watermarks.sort_unstable();
    marked.beyond.sort_unstable();
    marked.apart.sort_unstable();
    // Without the rest the seal is as right: should the ledger lose them, they may be decided as if they came before it.
    marked.apart.truncate(limits::SEAL_APART_MAX);
    match marked.beyond.len() {
        0..=limits::SEAL_BEYOND_MAX => Ok(marked),
        lost => Err(SealError::NumbersLost(lost)),
    }
}

/// Whether a bucket has counted nothing since its mark, and lost nothing.
pub fn is_same(marked: &Standing, since: &Totals) -> bool {
    let Totals { epoch, counted, votes, .. } = &marked.totals;
    (*epoch, *counted, votes) == (since.epoch, since.counted, &since.votes)
}

/// Reads everything that the ledger keeps of a run again: its totals, and what the ballots of a seal are.
///
/// # Errors
/// See [`SealError`].
pub async fn recount(redis: &Redis, run: &RunIntake, seal: &Seal) -> Result<(Totals, Witness, Vec<String>), SealError> {
    let contents = contents(redis, &run.definition).await?;
    let by_pool = Pools::of(&run.definition).zeros();
    let mut totals = Totals { by_pool, ..tally::zero(run.definition.interaction.options.len()) };
    contents.iter().for_each(|contents| tally::add_totals(&mut totals, &contents.totals));
    let (witness, findings) = add_up(run, seal, &contents)?;
    Ok((totals, witness, findings))
}

async fn within<T>(work: impl Future<Output = Result<T, SealError>>) -> Result<T, SealError> {
    tokio::time::timeout(limits::SEAL_TIMEOUT, work).await.unwrap_or(Err(SealError::Rebuilding))
}

/// Marks one bucket for a revision, and gives it the seal once that is known; tells how it stands once no ballot that was
/// counted can be missing there.
async fn mark(
    redis: &Redis,
    queue: &Queue,
    run: &Arc<RunIntake>,
    bucket: u16,
    (revision, seal): (u32, Option<Arc<Seal>>),
) -> Result<Standing, SealError> {
    loop {
        let Some(next) = run.next_call(bucket, true) else { return Err(SealError::Disagrees) };
        let call = Call { sealing: Some(revision), seal: seal.clone().or(next.seal), ..next };
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
fn add_up(run: &RunIntake, seal: &Seal, contents: &[Contents]) -> Result<(Witness, Vec<String>), SealError> {
    let definition = &run.definition;
    let (mut witness, mut findings, rules) = (Witness::default(), Vec::new(), Rules::of(definition));
    for (bucket, contents) in (0..).zip(contents) {
        // Voters belong to one bucket: what the witness has more after it are the votes of this one.
        let options = definition.interaction.options.len();
        let (before, superseded, mut counted) = (witness.votes(options), witness.superseded(), 0);
        let mut cast = std::collections::HashMap::<VoterId, Vec<&Picks>>::new();
        let of = |verdict| contents.ballots.iter().filter(move |(_, kept)| kept.verdict == verdict);
        let late = of(Verdict::Late).filter(|(_, kept)| seal.has(bucket, kept.place));
        late.for_each(|(_, kept)| witness.add_late(kept.entry, &kept.picks));
        let kept = of(Verdict::Counted);
        for (voter, Kept { id, picks, received, entry, place, .. }) in kept {
            counted += 1;
            let cast = cast.entry(*voter).or_default();
            cast.push(picks);
            if !rules.allow(cast.iter().copied()) {
                findings.push(format!("ballot {id} is counted, though its voter had not that many votes left"));
            }
            let (run, received, entry, place) = (definition.run, *received, *entry, *place);
            witness.add(Copy { run, bucket, voter: *voter, id: *id, picks, received, entry, place });
        }
        let votes: Vec<_> = witness.votes(options).iter().zip(before).map(|(all, before)| all - before).collect();
        let Totals { counted: told, superseded: replaced, votes: of_bucket, .. } = &contents.totals;
        if (counted, witness.superseded() - superseded, &votes) != (*told, *replaced, of_bucket) {
            return Err(SealError::DoesNotAddUp(bucket));
        }
    }
    Ok((witness, findings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ballots::ballot::{Picks, Place},
        base::{clock::Micros, ids::BallotId},
        shows::transition::tests::Desk,
    };

    /// Each ballot: journal, number, verdict.
    fn closed(ballots: &[(u64, u64, Verdict)]) -> Result<Marked, SealError> {
        let definition = Desk::open_for(60).document.runs[0].definition.clone();
        let counted = ballots.iter().filter(|(.., verdict)| *verdict == Verdict::Counted).count() as u64;
        // At the mark it knew of two late ones.
        let totals = Totals { counted, votes: vec![counted, 0], late: 2, ..tally::zero(2) };
        let standing = Standing {
            totals: totals.clone(),
            rebuilding: false,
            marked: 1,
            watermarks: vec![(JournalId(1), 5), (JournalId(2), 5)],
            decisions: Vec::new(),
            changed: Vec::new(),
            time: Micros(0),
        };
        let kept = ballots.iter().map(|(journal, seq, verdict)| {
            let place = Place { journal: JournalId(*journal), seq: *seq };
            let (id, picks, received, entry) = (BallotId(1), Picks::One(1), Micros(0), 0);
            (VoterId(1), Kept { id, picks, received, entry, place, verdict: *verdict })
        });
        // When it was read, one journal had gone on.
        let watermarks = vec![(JournalId(1), 7), (JournalId(2), 5), (JournalId(3), 0)];
        let contents = Contents { totals, watermarks, ballots: kept.collect() };
        marked(&definition, [(&standing, &contents)].into_iter())
    }

    #[test]
    fn a_seal_names_what_is_counted_or_late_and_has_no_number_at_the_ledger() {
        use Verdict::{AfterSeal, Counted, Late};
        let ballots = [
            (1, 5, Counted),
            (1, 6, Late),
            (1, 7, AfterSeal),
            (2, 4, Late),
            (2, 5, AfterSeal),
            (2, 6, Counted),
            (2, 7, Late),
            (2, 8, AfterSeal),
            (3, 1, Counted),
        ];
        let marked = closed(&ballots).unwrap();
        let beyond: Vec<_> = marked.beyond.iter().map(|(_, place)| (place.journal.0, place.seq)).collect();
        assert_eq!(beyond, [(2, 6), (2, 7), (3, 1)]);
        assert_eq!(marked.apart, [(0, Place { journal: JournalId(2), seq: 5 })]);
        // What came after the mark and is late is not in the seal.
        assert_eq!((marked.totals.counted, marked.totals.late, marked.totals.late_votes), (3, 2, vec![2, 0]));
    }

    #[test]
    fn a_seal_that_would_have_to_name_too_many_is_not_made() {
        let many: Vec<_> = (6..).map(|seq| (2, seq, Verdict::Counted)).take(limits::SEAL_BEYOND_MAX + 1).collect();
        assert!(matches!(closed(&many), Err(SealError::NumbersLost(_))));
        assert_eq!(closed(&many[1..]).unwrap().beyond.len(), limits::SEAL_BEYOND_MAX);
    }
}
