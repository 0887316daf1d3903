//! Correcting a sealed run: its next revision is made of the manifest in force, signed and kept before the show names it.

use std::sync::Arc;

use super::{
    desk::Desk,
    seal::{signed, storage, summary},
    services::Services,
};
use crate::{
    ballots::manifest::{Manifest, Signed},
    base::{ids::RunId, limits},
    shows::{
        correction::{Asked, Correction, asked},
        document::Document,
        transition::{Context, Refusal},
    },
    wire::command::Command,
};

/// Completes what a confirmed correction made of a document; of any other command nothing is left to do. `before`: the
/// document that the command was applied to.
pub(super) async fn complete(
    desk: &Desk,
    services: &Arc<Services>,
    before: &Document,
    mut next: Document,
    command: &Command,
    context: &Context,
) -> Result<Document, Refusal> {
    let Command::Confirm { proposal } = command else { return Ok(next) };
    let Some(proposal) = before.proposal(*proposal) else { return Ok(next) };
    let (Command::Exclude { reason, .. } | Command::Override { reason, .. }) = &proposal.command else {
        return Ok(next);
    };
    let seal = before.run(proposal.run).and_then(|run| run.sealed()).expect("it was checked a moment ago");
    let Asked { excluded, declared, right } =
        asked(seal.correction.as_ref(), &proposal.command).expect("it corrects something");
    let failed = |error: anyhow::Error| storage(format!("nothing was corrected: {error}"));
    let (manifest, last) = in_force(desk, services, proposal.run, &seal.manifest_hash).await.map_err(failed)?;
    let correction = Correction {
        counted: manifest.counted_revision(),
        corrects: seal.manifest_hash.clone(),
        at: context.now,
        reason: reason.trim().to_owned(),
        by: [proposal.by.name.clone(), context.by.name.clone()],
        excluded,
        declared,
        right,
    };
    // A revision that was signed and did not come into force keeps its number.
    for revision in last + 1..=last + limits::SEAL_TRIES_MAX {
        let corrected = manifest.corrected(revision, correction.clone());
        let json = corrected.to_json();
        let summary = summary(&corrected, &json);
        if keep(desk, services, &corrected, json).await.map_err(failed)? {
            next.correct(proposal.run, revision, summary);
            return Ok(next);
        }
    }
    Err(storage("nothing was corrected: other nodes seal this run, too; try again"))
}

/// The manifest that the show names, and the last revision of its run that somebody signed.
async fn in_force(desk: &Desk, services: &Arc<Services>, run: RunId, hash: &str) -> anyhow::Result<(Manifest, u32)> {
    let (store, show) = (services.store.clone(), desk.show.clone());
    let mut all = services.tasks.blocking(move || store.manifests(&show)).await?;
    if let Some(shared) = &services.shared {
        all.extend(shared.manifests(&desk.show).await?);
    }
    let of_run = all.iter().filter(|(other, ..)| *other == run);
    let last = of_run.clone().map(|(_, revision, _)| *revision).max().unwrap_or(0);
    let read = of_run.filter_map(|(.., json)| serde_json::from_str::<Signed>(json).ok());
    let signed = read.into_iter().find(|signed| signed.hash() == hash);
    let signed = signed.ok_or_else(|| anyhow::anyhow!("its manifest is not here"))?;
    Ok((serde_json::from_str(signed.manifest.get())?, last))
}

/// Keeps a manifest here and, among several nodes, for all. `false`: another one has its revision.
async fn keep(desk: &Desk, services: &Arc<Services>, manifest: &Manifest, json: String) -> anyhow::Result<bool> {
    let (run, revision) = (manifest.definition.run, manifest.revision);
    let signed = signed(services, json);
    if let Some(shared) = &services.shared
        && shared.put_manifest(&desk.show, run, revision, &signed).await? != signed
    {
        return Ok(false);
    }
    let (store, show) = (services.store.clone(), desk.show.clone());
    let put = move || match store.put_manifest(&show, run, revision, &signed) {
        // What all nodes keep may have come here from there already.
        Err(error) if !store.manifests(&show)?.contains(&(run, revision, signed)) => Err(error),
        _ => Ok(true),
    };
    Ok(services.tasks.blocking(put).await?)
}
