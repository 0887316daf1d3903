//! Destroys what a show is not to keep any longer, when its time has come: the voter key, then everything but manifests
//! and log. Every node does it by itself; what another one has done before is done. What is due is decided in
//! `shows/keep.rs`; what a start still has to do is in `erasure.rs`.

use std::sync::{Arc, atomic::Ordering};

use super::{desk::Desk, services::Services};
use crate::{
    base::{clock::Micros, limits},
    erasure,
    providers::store::{StoreError, erased, erased::Erased},
    shows::{document::Document, keep::Step},
};

/// Runs until the process stops, or the show is erased.
pub(super) async fn run(desk: Arc<Desk>, services: Arc<Services>) {
    let stop = services.tasks.stop().clone();
    let mut scrubbed = None;
    while !desk.is_erased() {
        let (document, now) = (desk.document(), services.clock.now());
        if let Some(gone) = document.voter_key_gone.filter(|gone| scrubbed != Some(*gone))
            && scrub(&desk, &services, gone).await
        {
            scrubbed = Some(gone);
        }
        // A clock that is wrong must not destroy anything, nor must a board that is old.
        let sure = services.clock_ok.load(Ordering::Relaxed) && desk.is_fresh(services.clock.elapsed_us());
        if sure && document.is_due(Step::Ballots, now) {
            take_off(&desk, &services, clock_erases(&document, now)).await;
        } else if sure
            && document.is_due(Step::VoterKey, now)
            && let Err(refusal) = desk.destroy_voter_key().await
        {
            tracing::warn!(show = %desk.show, %refusal, "the voter key could not be destroyed: it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(limits::KEEP_LOOK) => {}
            () = stop.cancelled() => return,
        }
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
    let Some(erased) = noted(desk, services, erased).await else { return };
    desk.set_erased(services);
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
