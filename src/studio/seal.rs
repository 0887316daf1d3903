//! Sealing and signing off: the steps that need the buckets and the journals, around the pure ones of `shows/end.rs`.

use std::{borrow::Cow, sync::Arc};

use super::{
    asrun,
    desk::{self, Desk, DeskTask, Sealed},
    seal_shared::{self, Ways},
    services::Services,
};
use crate::{
    ballots::{
        ballot::Verdict,
        bucket::{Kept, Pools, Totals},
        carried,
        committer::Marked,
        journalled,
        manifest::{Manifest, Signed},
        recount::Recount,
        seal::Seal,
        witness::{Copy, Witness},
    },
    base::{hex, ids::RunId, limits},
    shows::{
        document::Document,
        end,
        run::{Definition, Run, SealSummary},
        transition::{self, Context, Refusal},
    },
    wire::{codes::Code, command::Command, server::AsRunEntry},
};

/// What a recount found out.
#[derive(Debug)]
pub(super) struct Recounted {
    pub(super) run: RunId,
    pub(super) revision: u32,
    pub(super) ballots: u64,
    pub(super) findings: Vec<String>,
    /// Ballots that only the ledger has: the journals that hold them are not there.
    pub(super) single: u64,
    /// What the as-run log says of the numbers by pool before the seal.
    pub(super) by_pool: &'static str,
}

pub(super) fn storage(detail: impl Into<String>) -> Refusal {
    Refusal { code: Code::Storage, detail: detail.into() }
}

pub(super) fn sha256(text: &str) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref())
}

/// Says `sealing`, marks all buckets behind everything that was cast, and writes the seal with its signed manifest.
pub(super) async fn seal(
    task: &mut DeskTask,
    document: &Document,
    run: Option<RunId>,
    context: &Context,
) -> Result<(), Refusal> {
    let command = Command::Seal { run };
    let sealing = transition::apply(document, &command, context)?;
    let id = transition::meant(&sealing, run)?;
    let entry = asrun::of_command(&sealing, &command, &context.by.name, context.now, String::new());
    task.commit(sealing.clone(), vec![entry]).await?;

    let services = &task.services.clone();
    let run = sealing.run(id).expect("it is being sealed").clone();
    let revision = run.seal.as_ref().map_or(0, |seal| seal.revision);
    let marked =
        services.intake.mark(id, revision).await.ok_or_else(|| {
            storage("ballots of this run cannot be written: look at the node's disk, then seal again")
        })?;
    let (manifest, by_pool) = manifest(services, &sealing, &run, revision, &marked).await?;
    let json = manifest.to_json();
    let summary = summary(&manifest, &json);
    keep(services, &sealing, id, revision, json).await?;
    let next =
        end::with_seal(&sealing, id, revision, summary).ok_or_else(|| storage("the seal was overtaken: seal again"))?;
    let mut note = sealed_note(&manifest, &run);
    if manifest.outstanding > 0 {
        note += &format!(", {} missing", manifest.outstanding);
    }
    note += by_pool;
    let now = services.clock.now();
    let sealed = AsRunEntry {
        what: "sealed".to_owned(),
        ..asrun::of_command(&next, &Command::Seal { run: Some(id) }, &context.by.name, now, note)
    };
    task.commit(next, vec![sealed]).await
}

async fn manifest(
    services: &Arc<Services>,
    document: &Document,
    run: &Run,
    revision: u32,
    marked: &Marked,
) -> Result<(Manifest, &'static str), Refusal> {
    let id = run.id();
    let intake = services.intake.run(id).ok_or_else(|| storage("this node does not hold the run"))?;
    let seal = Seal::marked(revision, marked);
    let witness = services.tasks.blocking(move || {
        let mut witness = Witness::default();
        intake.each_bucket(|bucket, state| {
            for (voter, kept) in state.ballots() {
                let Kept { id: ballot, ref picks, received, entry, place, verdict } = *kept;
                match verdict {
                    Verdict::Counted => {
                        witness.add(Copy { run: id, bucket, voter, id: ballot, picks, received, entry, place });
                    }
                    Verdict::Late if seal.has(bucket, place) => witness.add_late(entry, picks),
                    _ => {}
                }
            }
        });
        witness
    });
    let witness = witness.await;
    // With one node nothing is on its way once the marks are set: only what a damaged journal has lost is missing.
    let outstanding = marked.lost;
    let head = (services.node, document.title.as_str(), revision, services.clock.now());
    let by_pool = compare_by_pool(services, &run.definition, &marked.totals, &witness);
    let manifest = Manifest::new(head, &run.definition, &run.windows, marked, &witness, outstanding);
    Ok((manifest.of_run(run), by_pool))
}

/// Compares the numbers by pool that were told before the seal with its ballots. The seal is made of the ballots alone: it is
/// right all the same.
pub(super) fn compare_by_pool(
    services: &Services,
    definition: &Definition,
    totals: &Totals,
    witness: &Witness,
) -> &'static str {
    let note = note_by_pool(definition, totals, witness);
    if !note.is_empty() {
        services.metrics.incident();
        tracing::error!(run = %definition.run, "the numbers by pool before the seal are not those of its ballots");
    }
    note
}

/// What the as-run log says of them; empty: they are the same, or nobody knew them.
fn note_by_pool(definition: &Definition, totals: &Totals, witness: &Witness) -> &'static str {
    match &totals.by_pool {
        None => "",
        told if *told == Pools::of(definition).of_witness(witness) => "",
        Some(_) => ", incident: the numbers by pool that were seen before the seal were wrong",
    }
}

/// What the as-run log says of a seal. Everybody of the staff reads it, so it has no number that some of them may not see.
pub(super) fn sealed_note(manifest: &Manifest, run: &Run) -> String {
    let Manifest { revision, counted, late, .. } = manifest;
    match run.is_open_to_operators() {
        true => format!("revision {revision}: {counted} ballots counted, {late} late"),
        false => format!("revision {revision}"),
    }
}

/// What the show keeps of a seal. `json`: the text of its manifest.
pub(super) fn summary(manifest: &Manifest, json: &str) -> SealSummary {
    SealSummary {
        at: manifest.sealed_at,
        totals: manifest.totals.clone(),
        late: manifest.late,
        late_totals: manifest.late_totals.clone(),
        by_entry: manifest.by_entry.clone(),
        outstanding: manifest.outstanding,
        manifest_hash: sha256(json),
        correction: manifest.correction.clone(),
    }
}

/// A manifest with its signature, as it is kept.
pub(super) fn signed(services: &Services, json: String) -> String {
    let signed = Signed {
        signature: services.secret.sign(json.as_bytes()),
        public_key: services.secret.public_key(),
        manifest: serde_json::value::RawValue::from_string(json).expect("a manifest is JSON"),
    };
    serde_json::to_string(&signed).expect("a manifest is plain data")
}

/// Writes a seal whose manifest is kept, also if the show has moved on otherwise.
pub(super) async fn write(task: &mut DeskTask, sealed: Sealed) -> Result<(), Refusal> {
    let Sealed { run, revision, summary, by, note } = sealed;
    for _ in 0..limits::SEAL_SWAPS_MAX {
        let document = task.based();
        let next = end::with_seal(&document, run, revision, summary.clone())
            .ok_or_else(|| storage("the seal was overtaken: seal again"))?;
        let now = task.services.clock.now();
        let entry = AsRunEntry {
            what: "sealed".to_owned(),
            ..asrun::of_command(&next, &Command::Seal { run: Some(run) }, &by.name, now, note.clone())
        };
        match task.commit(next, vec![entry]).await {
            Err(Refusal { code: Code::Stale, .. }) => {}
            done => return done,
        }
    }
    Err(storage("the show moves on too fast: seal again"))
}

/// The newest seal of a run: its revision and what the show says of it.
pub(super) fn sealed(document: &Document, run: RunId) -> Result<(u32, SealSummary), Refusal> {
    let seal = document.run(run).and_then(|run| run.seal.as_ref());
    seal.and_then(|seal| Some((seal.revision, seal.summary.clone()?))).ok_or_else(|| Refusal {
        code: Code::NotNow,
        detail: "only a sealed run can be verified: seal it first".to_owned(),
    })
}

async fn keep(
    services: &Arc<Services>,
    document: &Document,
    run: RunId,
    revision: u32,
    json: String,
) -> Result<(), Refusal> {
    let signed = signed(services, json);
    let (store, show) = (services.store.clone(), document.id.clone());
    let kept = services.tasks.blocking(move || store.put_manifest(&show, run, revision, &signed)).await;
    kept.map_err(|error| storage(format!("the manifest could not be written ({error}): seal again")))
}

/// Reads every ballot of a sealed run from the journals again. Runs beside the desk's other commands.
pub(super) async fn recount(desk: &Desk, services: &Arc<Services>, run: Option<RunId>) -> Result<Recounted, Refusal> {
    if let Some(ways) = Ways::of(services) {
        return seal_shared::recount(desk, ways, run).await;
    }
    let document = desk.document();
    let id = transition::meant(&document, run)?;
    let (revision, summary) = sealed(&document, id)?;
    let (store, show, journals) = (services.store.clone(), desk.show.clone(), services.journals.clone());
    let work = move || -> anyhow::Result<Recounted> {
        let manifests = store.manifests(&show)?;
        let of_seal = manifests.iter().find(|(run, number, _)| (*run, *number) == (id, revision));
        let (_, _, signed) = of_seal.ok_or_else(|| anyhow::anyhow!("the manifest of this seal is gone"))?;
        let signed: Signed = serde_json::from_str(signed)?;
        let manifest: Manifest = serde_json::from_str(signed.manifest.get())?;
        let mut recount = Recount::new(&manifest);
        journalled::read(&journals, &|run| run == id, &mut |one| {
            recount.take(one.bucket, one.place, &one.ballot, one.decided);
        })?;
        let ballots = recount.read;
        let mut findings = recount.finish().findings;
        let mut read = manifests.iter().filter_map(|(.., json)| serde_json::from_str::<Signed>(json).ok());
        findings.extend(carried::differs(&manifest, |hash| {
            let signed = read.find(|signed| signed.hash() == hash)?;
            serde_json::from_str(signed.manifest.get()).ok().map(Cow::Owned)
        }));
        // What is signed off is what the show has published, so the show must name this very manifest.
        let same = (&summary.totals, summary.late) == (&manifest.totals, manifest.late);
        if !same || summary.manifest_hash != signed.hash() {
            findings.push("the manifest is not the one that the show names".to_owned());
        }
        Ok(Recounted { run: id, revision, ballots, findings, single: 0, by_pool: "" })
    };
    services.tasks.blocking(work).await.map_err(|error| storage(format!("the recount could not be made: {error}")))
}

/// Signs a seal off if its recount agreed; a difference is an incident, told and logged.
pub(super) async fn sign_off(
    task: &mut DeskTask,
    document: &Document,
    recounted: &Recounted,
    context: &Context,
) -> Result<(), Refusal> {
    let Recounted { run, revision, ballots, findings, single, by_pool } = recounted;
    let command = Command::Verify { run: Some(*run) };
    let open = document.run(*run).is_some_and(Run::is_open_to_operators);
    if let Some(first) = findings.first() {
        task.services.metrics.incident();
        tracing::error!(run = %run, revision, findings = findings.len(), first, "the recount differs from the seal");
        let told = if open { findings.join("; ") } else { format!("{} findings", findings.len()) };
        let note = format!("incident: the recount differs: {told}");
        let entry = AsRunEntry {
            id: format!("{run}.recount.{revision}.{}", context.now.0),
            ..asrun::of_command(document, &command, &context.by.name, context.now, note)
        };
        desk::log(&task.desk, &task.services, vec![entry]).await;
        let detail = format!("the recount differs from the seal, nothing was signed off: {first}");
        return Err(Refusal { code: Code::NotNow, detail });
    }
    let next = end::with_sign_off(document, *run, *revision, &context.by.name, context.now).ok_or_else(|| Refusal {
        code: Code::NotNow,
        detail: "this seal is verified already, or was replaced meanwhile".to_owned(),
    })?;
    let mut note = match open {
        true => format!("the recount of {ballots} ballots agrees with seal {revision}"),
        false => format!("the recount agrees with seal {revision}"),
    };
    if *single > 0 {
        let single = if open { single.to_string() } else { "some".to_owned() };
        note += &format!(
            "; of {single} counted ballots the ledger is the only witness: their node is away, or written off"
        );
    }
    note += by_pool;
    let entry = asrun::of_command(&next, &command, &context.by.name, context.now, note);
    task.commit(next, vec![entry]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ballots::ballot::{Picks, Place},
        base::{
            clock::Micros,
            ids::{BallotId, JournalId, VoterId},
        },
        shows::{
            counting::{Gives, Pool},
            transition::tests::Desk,
        },
    };

    #[test]
    fn numbers_by_pool_that_are_not_those_of_the_ballots_are_an_incident() {
        let mut definition = Desk::open_for(60).document.runs[0].definition.clone();
        definition.interaction.counting.pools =
            vec![Pool { name: String::new(), gives: Gives::Percent(100), each_segment: false }];
        let mut witness = Witness::default();
        let place = Place { journal: JournalId(1), seq: 1 };
        let (run, received, picks) = (definition.run, Micros(1), &Picks::One(2));
        witness.add(Copy { run, bucket: 0, voter: VoterId(1), id: BallotId(1), picks, received, entry: 0, place });
        let note = |by_pool: Option<[u64; 3]>| {
            let totals = Totals { by_pool: by_pool.map(Vec::from), ..Totals::default() };
            note_by_pool(&definition, &totals, &witness)
        };
        assert_eq!((note(Some([1, 0, 1])), note(None)), ("", ""));
        assert!(note(Some([1, 1, 0])).contains("incident"));
    }
}
