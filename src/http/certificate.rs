//! The certificate of a verified result: what its signed manifest says, for people who hold a sheet of paper.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use serde::Serialize;

use super::{
    extract::{self, OfShow},
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    ballots::{
        corrected::Declared,
        manifest::{Manifest, Signed},
    },
    base::{
        clock::Micros,
        ids::{BadId, RunId, ShowId},
    },
    live::results::{Audience, is_hidden},
    shows::{
        carry::{self, Pinned},
        kind::Kind,
        run::{Replaced, Void},
        windows::Span,
    },
    studio::{parts::parts, view},
    wire::{
        codes::Code,
        outcome::{Outcome, Rated},
        seal::{CarriedChange, CorrectionView, EntryCount, PartCount},
        server::Phase,
    },
};

/// A verified result, as its manifest says it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Certificate {
    show: ShowId,
    show_title: String,
    run: RunId,
    cue: String,
    rehearsal: bool,
    question: String,
    options: Vec<CertifiedOption>,
    /// Ballots.
    counted: u64,
    /// Of these, those that a later one of their voter replaces.
    superseded: u64,
    /// What the rules make of the votes, where they say more than that all are one.
    outcome: Option<Outcome>,
    /// What a rating came to.
    rated: Option<Rated>,
    /// What stands behind these numbers; empty: nothing.
    #[schema(max_length = 12)]
    unit: String,
    /// How it was corrected: what is left out is in no other figure here but in those by entry and part.
    correction: Option<CorrectionView>,
    /// What is declared in place of what was counted.
    declared: Option<CertifiedDeclaration>,
    by_entry: Vec<EntryCount>,
    /// The same ballots by segment, by pool and by platform.
    by_part: Vec<PartCount>,
    late: u64,
    outstanding: u64,
    /// When ballots were taken, milliseconds since 1970.
    windows: Vec<CertifiedSpan>,
    /// The same for those who see what is on later, and for segments with windows of their own.
    platforms: Vec<CertifiedTrack>,
    /// Counts the seals of this run.
    revision: u32,
    /// The votes of an earlier run that are among those of the options.
    carried: Option<CertifiedCarried>,
    /// The void run in whose place this one was held.
    replaces: Option<CertifiedReplaced>,
    sealed_at: u64,
    verified_at: u64,
    verified_by: String,
    revealed_at: Option<u64>,
    rules_hash: String,
    manifest_hash: String,
    /// Ed25519 over the manifest.
    signature: String,
    public_key: String,
}

/// What two people declared. All else on the sheet was counted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CertifiedDeclaration {
    /// Votes per option; empty where pools count apart.
    votes: Vec<u64>,
    outcome: Option<Outcome>,
    rated: Option<Rated>,
}

/// The votes of an earlier run.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CertifiedCarried {
    run: RunId,
    cue: String,
    /// Which seal of it, and SHA-256 of its manifest.
    revision: u32,
    manifest_hash: String,
    /// Votes per option, as far as they are not left out.
    votes: Vec<u64>,
    /// What became of that result since. No manifest says it: this is as of now.
    changed: Option<CarriedChange>,
}

fn carried(manifest: &Manifest, changed: Option<CarriedChange>) -> Option<CertifiedCarried> {
    let Pinned { cue, run, revision, manifest: hash, .. } = manifest.definition.carries.clone()?;
    let votes = manifest.sum.iter().zip(&manifest.totals).map(|(sum, own)| sum.saturating_sub(*own)).collect();
    Some(CertifiedCarried { run, cue, revision, manifest_hash: hash, votes, changed })
}

/// A run that was declared void.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CertifiedReplaced {
    run: RunId,
    at: u64,
    by: String,
    reason: String,
}

/// One option.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CertifiedOption {
    n: u16,
    label: String,
    votes: u64,
    /// Percent of the votes, with one decimal.
    share: f64,
}

/// One opening.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CertifiedSpan {
    opens: u64,
    closes: Option<u64>,
}

/// The openings of a platform, or those that a segment has of them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CertifiedTrack {
    /// Empty: those of the segment, as the programme has them.
    platform: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    segment: String,
    windows: Vec<CertifiedSpan>,
}

/// The certificate of a run that is verified, for staff that may see its numbers. The page of it is
/// `/studio/{show}/certificate/{run}`.
#[utoipa::path(get, path = "/api/v1/shows/{show}/runs/{run}/certificate",
    params(("show" = ShowId, Path), ("run" = RunId, Path)), security(("staff" = [])),
    responses((status = 200, description = "The certificate", body = Certificate), Problems))]
pub async fn certificate(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Certificate>, Failure> {
    let staff = extract::staff(&doors, &desk, &headers)?;
    let id: RunId = path.1.parse().map_err(|error: BadId| Failure::new(Code::BadMessage, error.to_string()))?;
    let (document, now) = (desk.document(), doors.services.clock.now());
    let run = document.run(id).ok_or_else(|| Failure::new(Code::NotFound, "this show has no such run on its desk"))?;
    let seal = run.seal.as_ref().filter(|_| matches!(run.phase(now), Phase::Verified | Phase::Revealed));
    let summary = seal.and_then(|seal| Some((seal.verified.as_ref()?, seal.summary.as_ref()?)));
    let Some((verified, summary)) = summary else {
        return Err(Failure::new(Code::NotNow, "only a verified result has a certificate: seal and verify it first"));
    };
    if is_hidden(run, Audience::of_staff(staff.role), now) {
        return Err(Failure::new(Code::Forbidden, "your role may not see the numbers of this run now"));
    }
    let (store, show) = (doors.services.store.clone(), desk.show.clone());
    let manifests = doors.services.tasks.blocking(move || store.manifests(&show)).await?;
    let signed = manifests.iter().filter(|(run, ..)| *run == id);
    let signed = signed.filter_map(|(.., json)| serde_json::from_str::<Signed>(json).ok());
    let signed = signed.into_iter().find(|signed| signed.hash() == summary.manifest_hash);
    let read = signed.and_then(|signed| Some((serde_json::from_str::<Manifest>(signed.manifest.get()).ok()?, signed)));
    let Some((manifest, signed)) = read else {
        return Err(Failure::new(Code::Busy, "the manifest of this run is not on this node yet: try again"));
    };
    let interaction = &manifest.definition.interaction;
    let (counted, carried) = (manifest.votes().to_vec(), carried(&manifest, carry::changed(&document, run)));
    let numbers = counted.iter().zip(&manifest.shares);
    let option = |((n, label), (votes, share)): ((u16, &String), (&u64, &u16))| CertifiedOption {
        n,
        label: label.clone(),
        votes: *votes,
        share: f64::from(*share) / 10.0,
    };
    let unit = match &interaction.kind {
        Kind::Rating(scale) => scale.unit.clone(),
        _ => String::new(),
    };
    let window = |span: &Span| CertifiedSpan { opens: span.opens.as_ms(), closes: span.closes.map(Micros::as_ms) };
    let windows = &manifest.windows;
    let tracks = windows.tracks.iter().map(|track| CertifiedTrack {
        platform: track.platform.clone(),
        segment: track.segment.clone(),
        windows: windows.spans_on(Some(track)).map(|span| window(&span)).collect(),
    });
    Ok(Json(Certificate {
        show: desk.show.clone(),
        show_title: manifest.title.clone(),
        run: id,
        cue: manifest.definition.cue.clone(),
        rehearsal: manifest.definition.rehearsal,
        question: interaction.question.clone(),
        options: (1..).zip(&interaction.options).zip(numbers).map(option).collect(),
        counted: manifest.counted,
        superseded: manifest.superseded,
        outcome: manifest.outcome.clone(),
        rated: manifest.rated.clone(),
        unit,
        correction: summary.correction.as_ref().map(|one| view::correction(one, &counted)),
        declared: manifest.declared.map(|Declared { votes, outcome, rated }| CertifiedDeclaration {
            votes,
            outcome,
            rated,
        }),
        by_part: parts(&view::by_entry(run)),
        by_entry: view::by_entry(run),
        late: manifest.late,
        outstanding: manifest.outstanding,
        windows: windows.spans.iter().map(window).collect(),
        platforms: tracks.collect(),
        revision: manifest.revision,
        carried,
        replaces: manifest.replaces.map(|Replaced { run, void: Void { at, by, reason } }| CertifiedReplaced {
            run,
            at: at.as_ms(),
            by,
            reason,
        }),
        sealed_at: manifest.sealed_at.as_ms(),
        verified_at: verified.at.as_ms(),
        verified_by: verified.by.clone(),
        revealed_at: run.revealed_at.map(Micros::as_ms),
        rules_hash: manifest.rules_hash.clone(),
        manifest_hash: summary.manifest_hash.clone(),
        signature: signed.signature,
        public_key: signed.public_key,
    }))
}
