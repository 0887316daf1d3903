//! The scores of the round that is played, made of the counted ballots whenever an answer becomes known. Every node makes them
//! for itself: what it adds up is what was sealed, so all have the same.

use std::{collections::HashMap, sync::Arc};

use super::{desk::Desk, services::Services};
use crate::{
    ballots::{
        ballot::Verdict,
        bucket::Kept,
        corrected::counted_totals,
        score::{Answer, Scores},
        sealing, tally,
    },
    base::{
        clock::Micros,
        ids::{RunId, VoterId},
        limits,
    },
    shows::{document::Document, round, run::Run},
};

/// What scores are made of: runs, the hashes of their manifests, and since when their answers are known.
pub(super) type Key = Vec<(RunId, Option<String>, Micros)>;

/// What the scores of a show are made of now.
pub(super) fn key(document: &Document) -> Key {
    let Some((_, runs)) = round::played(document) else { return Key::new() };
    let of = |run: &Run| {
        // Not the revision: two branches of a show may have made one each.
        let manifest = run.sealed().map(|seal| seal.manifest_hash.clone());
        (run.id(), manifest, run.answered().map_or(Micros(0), |(at, _)| at))
    };
    runs.into_iter().map(of).collect()
}

/// Makes the scores and gives them to the desk; tries again while not all ballots are there, until something else is to be made.
pub(super) async fn make(desk: Arc<Desk>, services: Arc<Services>, key: Key) {
    let mut wait = limits::LEDGER_REBUILDING;
    while !desk.is_erased() && self::key(&desk.document()) == key {
        let document = desk.document();
        if let Some(scores) = scores(&services, &document).await {
            if self::key(&desk.document()) == key {
                desk.set_scores(scores);
            }
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = services.tasks.stop().cancelled() => return,
        }
        if wait < limits::SCORES_RETRY_MAX && wait * 2 >= limits::SCORES_RETRY_MAX {
            tracing::warn!(show = %desk.show, "the ballots here are not those that were sealed: no newer leaderboard is made yet");
        }
        // All ballots of a round are read each time: a fault that stays must not keep the node busy.
        wait = (wait * 2).min(limits::SCORES_RETRY_MAX);
    }
}

async fn scores(services: &Services, document: &Document) -> Option<Scores> {
    let Some((round, runs)) = round::played(document) else { return Some(Scores::default()) };
    let mut scores = Scores::new(round);
    for run in runs {
        scores = with(services, scores, run.clone()).await?;
    }
    services
        .tasks
        .blocking(move || {
            scores.rank();
            Some(scores)
        })
        .await
}

/// Adds the ballots in force of a sealed run. `None`: they are not what was sealed, because a part of them is not here now.
async fn with(services: &Services, mut scores: Scores, run: Run) -> Option<Scores> {
    let intake = services.intake.run(run.id())?;
    let contents = match &services.redis {
        Some(redis) => Some(sealing::contents(redis, &intake.definition).await.ok()?),
        None => None,
    };
    let add = move || {
        let mut answers = Vec::new();
        match &contents {
            Some(contents) => {
                let ballots = contents.iter().flat_map(|bucket| &bucket.ballots);
                answers.extend(ballots.filter_map(|(voter, kept)| answer(*voter, kept)));
            }
            None => intake.each_bucket(|_, bucket| {
                answers.extend(bucket.ballots().filter_map(|(voter, kept)| answer(voter, kept)));
            }),
        }
        let (_, right) = run.answered().filter(|_| is_whole(&run, &answers))?;
        scores.add(&run.definition, &run.windows, right, run.correction(), answers);
        Some(scores)
    };
    services.tasks.blocking(add).await
}

fn answer(voter: VoterId, kept: &Kept) -> Option<Answer> {
    (kept.verdict == Verdict::Counted).then(|| (voter, kept.picks.clone(), kept.received, kept.entry))
}

/// Whether answers are what was sealed, of each voter one.
fn is_whole(run: &Run, answers: &[Answer]) -> bool {
    let mut votes = tally::zero(run.definition.interaction.options.len()).votes;
    let mut voters = HashMap::with_capacity(answers.len());
    for (voter, picks, ..) in answers {
        picks.add_to(&mut votes);
        voters.insert(*voter, ());
    }
    let sealed = run.sealed().map(|seal| counted_totals(&seal.totals, &seal.by_entry, seal.correction.as_ref()));
    sealed == Some(votes) && voters.len() == answers.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shows::{
        kind::{Kind, Prediction},
        run::Resolved,
        transition::tests::Desk,
    };

    #[test]
    fn scores_are_made_anew_where_another_seal_of_the_same_revision_is_in_force() {
        let mut desk = Desk::open_for(60);
        desk.document.runs[0].definition.interaction.kind =
            Kind::Prediction(Prediction { points: 10, round: String::new() });
        desk.verify();
        let key_of = |desk: &mut Desk, hash: &str| {
            desk.document.runs[0].seal.as_mut().unwrap().summary.as_mut().unwrap().manifest_hash = hash.into();
            key(&desk.document)
        };
        assert!(key_of(&mut desk, "one").is_empty());
        let run = &mut desk.document.runs[0];
        run.revealed_at = Some(desk.now);
        run.resolved = Some(Resolved { at: desk.now, by: "Ada".into(), right: vec![2] });
        let [one, again, other] = ["one", "one", "other"].map(|hash| key_of(&mut desk, hash));
        assert!(one == again && one != other && one[0].0 == desk.document.runs[0].id());
    }
}
