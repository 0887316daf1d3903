//! Sealing and verifying where several nodes serve a show: around the desk's own steps, so that the desk goes on meanwhile.
//! The show says `sealing`; all buckets of the ledger are closed and read; the signed manifest is kept by everybody; then
//! the seal is written. Whoever verifies compares three witnesses: the manifest, the ledger, and every node's journals.

use std::{borrow::Cow, sync::Arc};

use super::{
    desk::{Desk, Sealed},
    seal::{self, Recounted, storage},
    services::Services,
    witnesses::{self, Report},
};
use crate::{
    ballots::{
        carried,
        manifest::{Manifest, by_entry},
        seal::Seal,
        sealing::{self, Closed, SealError},
    },
    base::{
        clock::Stopwatch,
        ids::{NodeId, RunId},
        limits,
    },
    providers::{redis::Redis, store::shared::SharedStore},
    shows::{
        document::{Document, Staff},
        roster::WrittenOff,
        run::{ByEntry, Run},
        transition::{self, Refusal},
    },
    wire::{client::CommandMessage, codes::Code, command::Command, server::Done},
};

/// The ways of a node among several.
#[derive(Clone, Copy)]
pub(super) struct Ways<'a> {
    pub services: &'a Arc<Services>,
    pub shared: &'a SharedStore,
    pub redis: &'a Redis,
}

impl<'a> Ways<'a> {
    /// `None`: this node works alone.
    pub fn of(services: &'a Arc<Services>) -> Option<Self> {
        Some(Self { services, shared: services.shared.as_deref()?, redis: services.redis.as_ref()? })
    }
}

impl From<SealError> for Refusal {
    fn from(error: SealError) -> Self {
        Self { code: Code::Busy, detail: format!("nothing was sealed: {error}") }
    }
}

/// Seals a run.
pub(super) async fn seal(desk: &Desk, ways: Ways<'_>, message: CommandMessage, by: Staff) -> Done {
    let id = message.id.clone();
    let answer = |outcome: Result<(), Refusal>| {
        let refusal = outcome.err();
        let (code, detail) = refusal.map_or((None, String::new()), |refusal| (Some(refusal.code), refusal.detail));
        Done { id: id.clone(), ok: code.is_none(), rev: desk.document().revision, code, detail, proposal: None }
    };
    let Command::Seal { run } = message.command else { return answer(Ok(())) };
    let allowed = transition::check_role(&message.command, by.role);
    let run = match allowed.and(transition::meant(&desk.document(), run)) {
        Ok(run) => run,
        Err(refusal) => return answer(Err(refusal)),
    };
    settle(desk, ways.services, run).await;
    let mut message = message;
    for tried in 1..=limits::SEAL_TRIES_MAX {
        let done = desk.send(message.clone(), by.clone(), None).await;
        if !done.ok {
            return Done { id, ..done };
        }
        match close(desk, ways, run, &by).await {
            Ok(outcome) => return answer(outcome),
            Err(SealError::Changed) if tried < limits::SEAL_TRIES_MAX => {
                tracing::warn!(%run, "the ledger failed over during a seal: it is made again");
                // The same command again, not a double press.
                tokio::time::sleep(std::time::Duration::from_millis(limits::DEBOUNCE_MS)).await;
                message = CommandMessage { id: format!("{id}.{tried}"), expect: None, ..message };
            }
            Err(error) => {
                if matches!(error, SealError::DoesNotAddUp(_) | SealError::Disagrees) {
                    ways.services.metrics.incident();
                    tracing::error!(%run, %error, "a run cannot be sealed");
                }
                return answer(Err(error.into()));
            }
        }
    }
    answer(Err(SealError::Changed.into()))
}

/// Before buckets are closed, nodes may finish what they hold; a node that is silent, or cannot, is not waited for long.
async fn settle(desk: &Desk, services: &Services, run: RunId) {
    let watch = Stopwatch::start();
    while watch.elapsed() < limits::SEAL_SETTLE_TIMEOUT {
        let document = desk.document();
        let locked_at = document.run(run).and_then(|run| run.windows.locks_at());
        // What nodes say of themselves may be from before the lock.
        let known = locked_at.is_none_or(|at| services.clock.now() >= at.plus_ms(limits::STATUS_AGE_MS));
        if known && outstanding(desk, services, &document, run) == 0 {
            return;
        }
        tokio::time::sleep(limits::LOOK_EVERY).await;
    }
}

/// Ballots that may be on some disk and are not decided. A node of the roster that says nothing counts with as many as it
/// may hold.
fn outstanding(desk: &Desk, services: &Services, document: &Document, run: RunId) -> u64 {
    let nodes = desk.others.nodes();
    let of = |node: &NodeId| {
        if *node == services.node {
            return services.intake.run(run).map_or(0, |intake| intake.outstanding());
        }
        let told = nodes.iter().find(|(one, _)| one == node);
        told.map_or(limits::HELD_MAX, |(_, status)| status.held.get(&run).copied().unwrap_or(0))
    };
    document.roster.iter().map(of).sum()
}

/// Closes the buckets, keeps the signed manifest, and writes the seal.
async fn close(desk: &Desk, ways: Ways<'_>, run: RunId, by: &Staff) -> Result<Result<(), Refusal>, SealError> {
    let services = ways.services;
    let document = desk.document();
    let sealing = document.run(run).and_then(|run| Some((run, run.seal.as_ref()?.revision)));
    let (Some((frozen, revision)), Some(intake)) = (sealing, services.intake.run(run)) else {
        return Ok(Err(storage("this node does not hold the run")));
    };
    let Closed { marked, witness, findings } = sealing::close(ways.redis, &services.queue, &intake, revision).await?;
    if let Some(first) = findings.first() {
        services.metrics.incident();
        tracing::error!(%run, first, "the ledger has more votes of a voter than there are");
        return Ok(Err(storage(format!("nothing was sealed, the ledger is wrong: {first}"))));
    }
    if !marked.changed.is_empty() {
        services.metrics.incident();
        tracing::error!(%run, ballots = marked.changed.len(), "ballots have another verdict than somebody was told");
    }
    // Somebody may have been written off meanwhile: one look for both figures.
    let now = desk.document();
    let written_off: Vec<_> = now.written_off_of(frozen).cloned().collect();
    let lost: u64 = written_off.iter().map(WrittenOff::ballots_max).sum();
    let outstanding = outstanding(desk, services, &now, run) + lost;
    let head = (services.node, document.title.as_str(), revision, services.clock.now());
    let by_pool = seal::compare_by_pool(services, &frozen.definition, &marked.totals, &witness);
    let sealed =
        Manifest::new(head, &frozen.definition, &frozen.windows, &marked, &witness, outstanding).of_run(frozen);
    let manifest = Manifest { written_off, ..sealed };
    Ok(keep(desk, ways, frozen, manifest, (by, by_pool)).await)
}

async fn keep(
    desk: &Desk,
    ways: Ways<'_>,
    run: &Run,
    manifest: Manifest,
    (by, incident): (&Staff, &str),
) -> Result<(), Refusal> {
    let Ways { services, shared, .. } = ways;
    let (id, revision) = (run.id(), manifest.revision);
    let json = manifest.to_json();
    let summary = seal::summary(&manifest, &json);
    let signed = seal::signed(services, json);
    let kept = shared.put_manifest(&desk.show, id, revision, &signed).await;
    let kept =
        kept.map_err(|error| storage(format!("the manifest could not be kept in Redis ({error}): seal again")))?;
    if kept != signed {
        return Err(storage("another node has sealed this run meanwhile: look, and seal again if it is not sealed"));
    }
    let (store, show) = (services.store.clone(), desk.show.clone());
    let here = services.tasks.blocking(move || store.put_manifest(&show, id, revision, &signed)).await;
    here.map_err(|error| storage(format!("the manifest could not be written ({error}): seal again")))?;
    let mut note = seal::sealed_note(&manifest, run);
    if manifest.outstanding > 0 {
        note += &format!(", at most {} not decided", manifest.outstanding);
    }
    for off in manifest.written_off.iter().filter(|off| off.ballots_max() > 0) {
        note += &format!(", of which at most {} were in directory {}, written off", off.ballots_max(), off.node);
    }
    if !manifest.changed.is_empty() {
        note += &format!(", incident: {} with another verdict than before", manifest.changed.len());
    }
    note += incident;
    desk.sealed(Sealed { run: id, revision, summary, by: by.clone(), note }).await
}

/// Compares what a manifest says with the ledger and with the journals of every node that is there.
pub(super) async fn recount(desk: &Desk, ways: Ways<'_>, run: Option<RunId>) -> Result<Recounted, Refusal> {
    let Ways { services, shared, redis } = ways;
    let document = desk.document();
    let id = transition::meant(&document, run)?;
    let (revision, summary) = seal::sealed(&document, id)?;
    let failed = |error: anyhow::Error| storage(format!("the recount could not be made: {error}"));
    let manifest = witnesses::fetch(desk, services, shared, id, revision).await.map_err(failed)?;
    let intake = services.intake.run(id).ok_or_else(|| storage("this node does not hold the run"))?;
    let (totals, ledger, mut findings) = sealing::recount(redis, &intake, &Seal::of(&manifest))
        .await
        .map_err(|error| Refusal { code: Code::Busy, detail: format!("the recount could not be made: {error}") })?;
    let by_pool = seal::compare_by_pool(services, &manifest.definition, &totals, &ledger);
    let mut compare = |what: &str, is_same: bool| {
        if !is_same {
            findings.push(format!("{what}: the ledger has other ones than the manifest"));
        }
    };
    compare("votes per option", totals.votes == manifest.counted_totals() && totals.counted == manifest.counted);
    let parts = |part: &crate::ballots::manifest::Part| {
        let counted = ledger.part(part.bucket, part.journal);
        (counted.count, counted.hash()) == (part.count, part.hash.clone())
    };
    compare("counted ballots", manifest.parts.iter().all(parts));
    // The ledger does not remember every late ballot.
    let counted = |lines: &[ByEntry]| lines.iter().map(|line| (line.counted, line.votes.clone())).collect::<Vec<_>>();
    let by_entry = by_entry(&manifest.definition, &ledger);
    compare("ballots by entry", counted(&manifest.by_entry) == counted(&by_entry));
    if (&summary.totals, summary.late) != (&manifest.totals, manifest.late)
        || summary.manifest_hash != seal::sha256(&manifest.to_json())
    {
        findings.push("the manifest is not the one that the show names".to_owned());
    }
    if manifest.clone().summed() != manifest {
        findings.push("the manifest makes something else of its votes than the rules do".to_owned());
    }
    let source = match &manifest.definition.carries {
        Some(pinned) => {
            let source = witnesses::fetch(desk, services, shared, pinned.run, pinned.revision).await;
            Some(source.map_err(failed)?)
        }
        None => None,
    };
    let source = source.as_ref();
    findings.extend(carried::differs(&manifest, |hash| {
        source.filter(|source| seal::sha256(&source.to_json()) == hash).map(Cow::Borrowed)
    }));
    let own = witnesses::report(services, manifest.clone()).await.map_err(failed)?;
    let mut ballots = own.ballots;
    let mut reports = vec![(services.node, own)];
    reports.extend(elsewhere(desk, ways, &document, id, revision).await);
    let mut single = 0;
    for part in &manifest.parts {
        let of_part = |report: &Report| {
            report.parts.iter().find(|one| (one.bucket, one.journal) == (part.bucket, part.journal)).cloned()
        };
        match reports.iter().find_map(|(_, report)| of_part(report)) {
            None => single += part.count,
            Some(found) if (found.count, &found.hash) == (part.count, &part.hash) => {}
            Some(found) => findings.push(format!(
                "bucket {} of journal {}: the manifest has {} counted ballots, the journal {} (or others)",
                part.bucket, part.journal, part.count, found.count
            )),
        }
    }
    for (node, report) in &reports[1..] {
        ballots += report.ballots;
        findings.extend(report.findings.iter().map(|finding| format!("node {node}: {finding}")));
    }
    findings.extend(reports[0].1.findings.iter().cloned());
    Ok(Recounted { run: id, revision, ballots, findings, single, by_pool })
}

/// What the other nodes that are there have found in their journals; waits a while for those that still read, or that do
/// not have all verdicts yet.
async fn elsewhere(
    desk: &Desk,
    ways: Ways<'_>,
    document: &Document,
    run: RunId,
    revision: u32,
) -> Vec<(NodeId, Report)> {
    let watch = Stopwatch::start();
    loop {
        let told = ways.shared.witnesses(&desk.show, run, revision).await.unwrap_or_default();
        let parse = |(node, json): (NodeId, String)| Some((node, serde_json::from_str::<Report>(&json).ok()?));
        let reports: Vec<_> =
            told.into_iter().filter_map(parse).filter(|(node, _)| *node != ways.services.node).collect();
        let is_there = |node: &NodeId| desk.others.nodes().iter().any(|(one, _)| one == node);
        let missing = document.roster.iter().filter(|node| **node != ways.services.node && is_there(node));
        let is_told = |node: &NodeId| reports.iter().any(|(one, report)| one == node && report.findings.is_empty());
        let all = missing.into_iter().all(is_told);
        if all || watch.elapsed() > limits::WITNESS_TIMEOUT {
            return reports;
        }
        tokio::time::sleep(limits::LOOK_EVERY).await;
    }
}
