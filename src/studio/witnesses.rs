//! The second witness of a seal, where several nodes serve a show: each node reads the ballots of its own journals again
//! and tells what it found, for whoever verifies. Takes the watermarks of every seal over, too.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{desk::Desk, services::Services};
use crate::{
    ballots::{
        ballot::{Ballot, Verdict},
        journalled,
        manifest::{Manifest, Part, Signed},
        recount::Recount,
        seal::Seal,
        witness::{Copy, Witness},
    },
    base::{clock::Stopwatch, ids::RunId, limits},
    providers::store::shared::SharedStore,
};

/// What one node's journals hold of a sealed run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    /// The counted ballots of its journals, as far as the seal has them.
    pub parts: Vec<Part>,
    /// Ballots read.
    pub ballots: u64,
    /// What is wrong with single ballots, in words.
    pub findings: Vec<String>,
}

/// A report of this node.
struct Told {
    report: Report,
    /// It agrees with the manifest. One that does not may only have been too early: a verdict of the ledger comes to a node
    /// that was away a moment after the seal does.
    agrees: bool,
    read: Stopwatch,
    /// When to read again, should it not agree; ever later, for journals are large.
    wait: Duration,
}

/// Runs until the process stops.
pub(super) async fn run(desk: Arc<Desk>, services: Arc<Services>, shared: Arc<SharedStore>) {
    let stop = services.tasks.stop().clone();
    let mut reports = HashMap::new();
    while !desk.is_erased() {
        if let Err(error) = testify(&desk, &services, &shared, &mut reports).await {
            tracing::debug!(%error, show = %desk.show, "a seal waits for its witness");
        }
        tokio::select! {
            () = tokio::time::sleep(limits::WITNESS_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Tells what this node's journals hold of every sealed run that is not verified.
async fn testify(
    desk: &Desk,
    services: &Arc<Services>,
    shared: &SharedStore,
    reports: &mut HashMap<(RunId, u32), Told>,
) -> anyhow::Result<()> {
    let document = desk.document();
    for run in &document.runs {
        let Some(seal) = run.seal.as_ref().filter(|seal| seal.summary.is_some()) else { continue };
        let (id, revision) = (run.id(), seal.revision);
        let known = services.intake.run(id).map_or(seal.counted(), |intake| intake.seal_known());
        let again = |told: &Told| !told.agrees && told.read.elapsed() > told.wait;
        let is_due = seal.verified.is_none() && reports.get(&(id, revision)).is_none_or(again);
        if known < seal.counted() || is_due {
            let manifest = fetch(desk, services, shared, id, revision).await?;
            if let Some(intake) = services.intake.run(id) {
                intake.set_seal(Seal::of(&manifest));
            }
            let report = report(services, manifest.clone()).await?;
            let agrees = report.findings.is_empty() && report.parts.iter().all(|part| manifest.parts.contains(part));
            let wait = reports.get(&(id, revision)).map_or(limits::WITNESS_AGAIN, |told| 2 * told.wait);
            reports.insert((id, revision), Told { report, agrees, read: Stopwatch::start(), wait });
        }
        if let (Some(told), None) = (reports.get(&(id, revision)), &seal.verified) {
            let json = serde_json::to_string(&told.report)?;
            let known = shared.witnesses(&desk.show, id, revision).await?;
            if !known.iter().any(|(node, known)| (*node, known) == (services.node, &json)) {
                shared.put_witness(&desk.show, id, revision, &json).await?;
            }
        }
    }
    reports.retain(|(run, _), _| document.run(*run).is_some());
    Ok(())
}

/// The manifest of a seal, which another node may have made. This node keeps it, too.
pub(super) async fn fetch(
    desk: &Desk,
    services: &Arc<Services>,
    shared: &SharedStore,
    run: RunId,
    revision: u32,
) -> anyhow::Result<Manifest> {
    let (store, show) = (services.store.clone(), desk.show.clone());
    let here = services.tasks.blocking(move || store.manifests(&show)).await?;
    let of_seal = |all: Vec<(RunId, u32, String)>| {
        all.into_iter().find(|(one, number, _)| (*one, *number) == (run, revision)).map(|(_, _, json)| json)
    };
    let json = match of_seal(here) {
        Some(json) => json,
        None => {
            let elsewhere = of_seal(shared.manifests(&desk.show).await?);
            let json = elsewhere.ok_or_else(|| anyhow::anyhow!("the manifest of this seal is gone"))?;
            let (store, show, kept) = (services.store.clone(), desk.show.clone(), json.clone());
            services.tasks.blocking(move || store.put_manifest(&show, run, revision, &kept)).await?;
            json
        }
    };
    let signed: Signed = serde_json::from_str(&json)?;
    Ok(serde_json::from_str(signed.manifest.get())?)
}

/// Reads this node's journals against a manifest.
pub(super) async fn report(services: &Arc<Services>, manifest: Manifest) -> anyhow::Result<Report> {
    let journals = services.journals.clone();
    let read = move || -> anyhow::Result<Report> {
        let run = manifest.definition.run;
        let (mut witness, mut recount) = (Witness::default(), Recount::new(&manifest));
        let mut own = BTreeSet::new();
        let seal = Seal::of(&manifest);
        journalled::read(&journals, &|one| one == run, &mut |one| {
            recount.take(one.bucket, one.place, &one.ballot, one.decided);
            own.insert(one.place.journal);
            let counted =
                one.decided.filter(|decided| decided.verdict == Verdict::Counted && decided.place == one.place);
            if counted.is_some() && seal.has(one.bucket, one.place) {
                let Ballot { voter, id, ref picks, received, entry } = one.ballot;
                witness.add(Copy { run, bucket: one.bucket, voter, id, picks, received, entry, place: one.place });
            }
        })?;
        let ours = manifest.parts.iter().filter(|part| own.contains(&part.journal));
        let parts = ours.map(|part| {
            let counted = witness.part(part.bucket, part.journal);
            Part { count: counted.count, hash: counted.hash(), ..part.clone() }
        });
        Ok(Report { parts: parts.collect(), ballots: recount.read, findings: recount.findings().to_vec() })
    };
    services.tasks.blocking(read).await
}
