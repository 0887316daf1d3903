//! The end of a run in the document: sealing, the seal, sign-off, reveal and void. Counting is done elsewhere; what was
//! counted comes in as an argument.

use super::{
    arming::disarm,
    document::Document,
    kind::Kind,
    run::{Resolved, Run, SealState, SealSummary, Verified, Void},
    transition::{Context, Refusal, meant, phase_word, refuse},
};
use crate::{
    base::{clock::Micros, ids::RunId},
    wire::{codes::Code, command::Armable, server::Phase},
};

/// Says `sealing`: from here on buckets may be marked for this revision.
pub(super) fn start_seal(next: &mut Document, run: Option<RunId>, context: &Context) -> Result<(), Refusal> {
    let id = meant(next, run)?;
    let run = next.run_mut(id).expect("just found");
    let phase = run.phase(context.now);
    if !run.definition.interaction.takes_ballots() {
        return refuse(
            Code::NotNow,
            "this kind of run takes no ballots: there is nothing to seal, to verify or to reveal",
        );
    }
    if phase != Phase::Locked {
        return refuse(Code::NotNow, format!("only a locked run can be sealed; this one is {}", phase_word(phase)));
    }
    if run.windows.next_change(context.now).is_some() {
        return refuse(Code::NotNow, "this run opens again in a moment");
    }
    // A seal that was started and not finished (the node died) is made again under the next revision.
    let revision = run.seal.as_ref().map_or(0, |seal| seal.revision) + 1;
    run.seal = Some(SealState { revision, summary: None, verified: None });
    Ok(())
}

/// Writes the seal, if it is still the one that was being made.
pub fn with_seal(document: &Document, run: RunId, revision: u32, summary: SealSummary) -> Option<Document> {
    let mut next = document.succeed();
    let seal = next.run_mut(run)?.seal.as_mut()?;
    if seal.revision != revision || seal.summary.is_some() {
        return None;
    }
    seal.summary = Some(summary);
    next.drop_proposals(run);
    Some(next)
}

/// Signs a seal off after a recount that agreed.
pub fn with_sign_off(document: &Document, run: RunId, revision: u32, by: &str, now: Micros) -> Option<Document> {
    let mut next = document.succeed();
    let seal = next.run_mut(run)?.seal.as_mut()?;
    if seal.revision != revision || seal.verified.is_some() {
        return None;
    }
    seal.verified = Some(Verified { at: now, by: by.to_owned() });
    next.drop_proposals(run);
    Some(next)
}

/// Publishes a verified result.
pub(super) fn reveal(next: &mut Document, run: Option<RunId>, context: &Context) -> Result<(), Refusal> {
    let id = meant(next, run)?;
    let phase = next.run(id).expect("just found").phase(context.now);
    if phase != Phase::Verified {
        return refuse(
            Code::NotNow,
            format!("only a verified result can be revealed; this run is {}", phase_word(phase)),
        );
    }
    disarm(next, Armable::Reveal, Some(id))?;
    next.run_mut(id).expect("just found").revealed_at = Some(context.now);
    Ok(())
}

/// Says what came true of a prediction. Who was wrong says it again: the newest counts, and the log has both.
pub(super) fn resolve(
    next: &mut Document,
    run: Option<RunId>,
    right: &[u16],
    context: &Context,
) -> Result<(), Refusal> {
    let id = meant(next, run)?;
    let run = next.run(id).expect("just found");
    may_resolve(run, context)?;
    let options = run.definition.interaction.options.len();
    let mut right = right.to_vec();
    right.sort_unstable();
    right.dedup();
    if right.is_empty() || !right.iter().all(|n| (1..=options).contains(&usize::from(*n))) {
        return refuse(Code::BadMessage, format!("name what came true by its number, 1 to {options}"));
    }
    disarm(next, Armable::Resolve, Some(id))?;
    let resolved = Resolved { at: context.now, by: context.by.name.clone(), right };
    next.run_mut(id).expect("just found").resolved = Some(resolved);
    Ok(())
}

/// Whether somebody may say now what came true.
pub(super) fn may_resolve(run: &Run, context: &Context) -> Result<(), Refusal> {
    if !matches!(run.definition.interaction.kind, Kind::Prediction(_)) {
        return refuse(Code::NotNow, "only a prediction comes true; this is another kind of question");
    }
    let phase = run.phase(context.now);
    if phase != Phase::Revealed {
        let detail = format!("only a revealed prediction can be resolved; this run is {}", phase_word(phase));
        return refuse(Code::NotNow, detail);
    }
    Ok(())
}

/// Declares a run void. What was counted stays in the journals; nothing of it is shown any more.
pub(super) fn void(next: &mut Document, run: Option<RunId>, reason: &str, context: &Context) -> Result<(), Refusal> {
    let id = meant(next, run)?;
    if reason.trim().is_empty() {
        return refuse(Code::BadMessage, "give the reason: it goes into the as-run log");
    }
    if next.run(id).is_some_and(|run| run.void.is_some()) {
        return refuse(Code::NotNow, "this run is void already");
    }
    disarm(next, Armable::Void, Some(id))?;
    let void = Void { at: context.now, by: context.by.name.clone(), reason: reason.trim().to_owned() };
    next.run_mut(id).expect("just found").void = Some(void);
    Ok(())
}
