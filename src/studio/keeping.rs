//! Destroys what a show is not to keep any longer, when its time has come: the voter key, then everything but manifests
//! and log. Every node does it by itself, while no show of it is open; what another one has done before is done. What is due
//! is decided in `shows/keep.rs`; what a start still has to do is in `erasure.rs`.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use super::{desk::Desk, desks::Desks, services::Services};
use crate::{
    base::{clock::Micros, ids::ShowId, limits},
    erasure,
    providers::store::{StoreError, erased, erased::Erased},
    shows::{document::Document, keep::Step, run::Run},
};

/// Whether the clock may destroy anything. A machine can start with any date, which is mended minutes later, if at all.
#[derive(Debug)]
struct Trust {
    /// The newest moment that anything was done here before this start.
    shown: Micros,
    /// Since when the clock was sure without a break; on the monotonic clock.
    sure_since_us: Option<u64>,
}

impl Trust {
    /// Looks at the clock, which says `now` so long after the start.
    fn look(&mut self, sure: bool, now: Micros, elapsed_us: u64) -> bool {
        self.sure_since_us = sure.then(|| self.sure_since_us.unwrap_or(elapsed_us));
        let leapt = now.since_ms(self.shown) > limits::KEEP_LEAP_MS + elapsed_us / 1000;
        let stood = |since| u128::from(elapsed_us - since) >= limits::KEEP_SURE.as_micros();
        self.sure_since_us.is_some_and(|since| !leapt || stood(since))
    }
}

/// Whether a show is open: reading all journals and writing the documents anew has to wait.
fn is_open(document: &Document, now: Micros) -> bool {
    let lately =
        |run: &Run| run.windows.spans.last().is_some_and(|span| now.since_ms(span.opens) < limits::KEEP_ASIDE_MS);
    document.runs.iter().any(|run| run.is_live(now) && lately(run))
}

/// Runs until the process stops. `shown`: the newest moment that anything was done here before this start.
pub async fn run(services: Arc<Services>, desks: Arc<Desks>, shown: Micros) {
    let stop = services.tasks.stop().clone();
    let (mut trust, mut scrubbed) = (Trust { shown, sure_since_us: None }, HashMap::new());
    loop {
        let (now, elapsed_us) = (services.clock.now(), services.clock.elapsed_us());
        let sure = trust.look(services.clock_ok.load(Ordering::Relaxed), now, elapsed_us);
        for desk in desks.all() {
            // One may have opened while another was looked after.
            if !desks.all().iter().any(|desk| is_open(&desk.document(), services.clock.now())) {
                look(&desk, &services, sure, &mut scrubbed).await;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(limits::KEEP_LOOK) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Looks after one show. `scrubbed`: which voter keys are out of free pages.
async fn look(desk: &Arc<Desk>, services: &Arc<Services>, sure: bool, scrubbed: &mut HashMap<ShowId, Micros>) {
    let (document, now) = (desk.document(), services.clock.now());
    if let Some(gone) = document.voter_key_gone.filter(|gone| scrubbed.get(&desk.show) != Some(gone))
        && scrub(desk, services, gone).await
    {
        scrubbed.insert(desk.show.clone(), gone);
    }
    // A clock that is wrong must not destroy anything, nor must a board that is old.
    let sure = sure && desk.is_fresh(services.clock.elapsed_us());
    if sure && document.is_due(Step::Ballots, now) {
        if let Some(erased) = begin(desk, services, clock_erases(&document, now)).await {
            // A Redis that is away keeps the other shows from nothing.
            let (desk, services) = (desk.clone(), services.clone());
            services.tasks.clone().spawn(async move { finish(&desk, &services, erased).await });
        }
    } else if sure
        && document.is_due(Step::VoterKey, now)
        && let Err(refusal) = desk.destroy_voter_key().await
    {
        tracing::warn!(show = %desk.show, %refusal, "the voter key could not be destroyed: it is tried again");
    }
}

/// Once the voter key is out of the document, it must not be in pages of the file that are free. `false`: try again.
async fn scrub(desk: &Desk, services: &Services, gone: Micros) -> bool {
    let (store, note, gone) = (services.store.clone(), format!("scrubbed.{}", desk.show), gone.0.to_string());
    let work = move || -> Result<(), StoreError> {
        if store.note(&note)?.as_ref() != Some(&gone) {
            store.scrub()?;
            store.put_note(&note, &gone)?;
        }
        Ok(())
    };
    let done = services.tasks.blocking(work).await;
    if let Err(error) = &done {
        tracing::error!(%error, show = %desk.show, "the voter key is destroyed, and may still be in free pages of the documents file");
    }
    done.is_ok()
}

fn clock_erases(document: &Document, at: Micros) -> Erased {
    let runs = document.runs.iter().map(|run| (run.id(), run.definition.buckets)).collect();
    Erased { at, by: "clock".to_owned(), runs, seals: Vec::new(), shared: false, done: false, by_clock: true }
}

/// Takes a show off this node that the clock has erased, here or on another node, with everything of it but the journals:
/// those the next start deletes.
pub(super) async fn take_off(desk: &Desk, services: &Services, erased: Erased) {
    if let Some(erased) = begin(desk, services, erased).await {
        finish(desk, services, erased).await;
    }
}

async fn begin(desk: &Desk, services: &Services, erased: Erased) -> Option<Erased> {
    let erased = noted(desk, services, erased).await?;
    desk.set_erased(services);
    Some(erased)
}

async fn finish(desk: &Desk, services: &Services, erased: Erased) {
    if let (Some(shared), Some(redis)) = (&services.shared, &services.redis) {
        let stop = services.tasks.stop().clone();
        // What was on its way to a bucket may have made it again: each node looks once more after its own last word.
        let mut again = true;
        loop {
            match erasure::in_redis(shared, redis, &desk.show, &erased, true).await {
                Ok(_) if !std::mem::take(&mut again) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(show = %desk.show, %error, "Redis still has of an erased show: it is tried again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(limits::KEEP_LOOK) => {}
                () = stop.cancelled() => return,
            }
        }
    }
    let (store, show, entry) = (services.store.clone(), desk.show.clone(), erasure::entry(&erased));
    match services.tasks.blocking(move || store.erase(&show, &entry)).await {
        Ok(()) => {
            tracing::warn!(show = %desk.show, "the show is erased, as its file says; the next start deletes its journals");
        }
        Err(error) => {
            tracing::error!(show = %desk.show, %error, "the show is erased, and its document is still here: the next start erases it");
        }
    }
}

/// Writes down that the show is to be erased, with all its runs and seals that are known here.
async fn noted(desk: &Desk, services: &Services, mut erased: Erased) -> Option<Erased> {
    let (store, show, journals) = (services.store.clone(), desk.show.clone(), services.journals.clone());
    erased.shared |= services.shared.is_some();
    let work = move || -> anyhow::Result<Erased> {
        let runs = erasure::runs(&show, &mut |each| Ok(crate::providers::journal::read(&journals, each)?))?;
        erased.runs.extend(
            runs.into_iter().filter(|(run, _)| erased.runs.iter().all(|(known, _)| known != run)).collect::<Vec<_>>(),
        );
        erased.seals.extend(store.manifests(&show)?.into_iter().map(|(run, revision, _)| (run, revision)));
        erased.seals.sort_unstable();
        erased.seals.dedup();
        erased::put(&*store, &show, &erased)?;
        Ok(erased)
    };
    match services.tasks.blocking(work).await {
        Ok(erased) => Some(erased),
        Err(error) => {
            tracing::error!(show = %desk.show, %error, "that a show is to be erased could not be written down: it is tried again");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{shows::transition::tests::Desk, wire::command::Command};

    const HOUR_US: u64 = 3_600_000_000;

    #[test]
    fn a_start_far_ahead_of_all_that_was_done_destroys_nothing_for_an_hour_of_a_sure_clock() {
        let start = Micros(1000 * HOUR_US);
        let at = |trust: &mut Trust, sure, elapsed_us| trust.look(sure, Micros(start.0 + elapsed_us), elapsed_us);
        let mut near = Trust { shown: Micros(start.0 - 24 * HOUR_US), sure_since_us: None };
        assert_eq!([false, true].map(|sure| at(&mut near, sure, 5)), [false, true], "something was done here today");
        let mut far = Trust { shown: Micros(start.0 - 25 * HOUR_US), sure_since_us: None };
        let looks = [(true, 0), (true, HOUR_US - 1), (true, HOUR_US), (false, HOUR_US + 1), (true, HOUR_US + 2)];
        assert_eq!(looks.map(|(sure, us)| at(&mut far, sure, us)), [false, false, true, false, false]);
        assert!(at(&mut far, true, 2 * HOUR_US + 2), "an hour after it was unsure");
        // Redis came later, with another date: what is near is not near any more.
        let leapt = Micros(near.shown.0 + 300 * HOUR_US);
        assert!(!near.look(true, leapt, HOUR_US / 2) && near.look(true, leapt, 2 * HOUR_US));
    }

    #[test]
    fn a_run_that_was_opened_today_is_open_and_one_that_was_forgotten_is_not() {
        let mut desk = Desk::new();
        desk.send(Command::Standby { cue: "1".into() });
        desk.send(Command::Take);
        assert!(!is_open(&desk.document, Micros(0)));
        desk.send(Command::Open { seconds: Some(0) });
        let hours = [0, 23, 24].map(|hour| is_open(&desk.document, Micros(hour * HOUR_US + 2_000_000)));
        assert_eq!(hours, [true, true, false]);
        assert!(!is_open(&Desk::open_for(60).document, Micros(HOUR_US)), "it is locked");
    }
}
