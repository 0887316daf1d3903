//! The desk as staff sees it: pure, from the document, who is here, and the time.

use std::collections::BTreeMap;

use super::parts::parts;
use crate::{
    ballots::{
        bucket::Totals,
        corrected::{Stands, stands},
        outcome,
    },
    base::clock::Micros,
    live,
    shows::{
        carry::{self, Pinned},
        correction::{self, Correction, leaves_out},
        document::{Document, Placed, Staff},
        kind::Kind,
        platforms::{Delay, Platform},
        roster::WrittenOff,
        run::{ByEntry, Run},
        two_people::Proposal,
        windows::Track,
    },
    wire::{
        command::Command,
        proposal::ProposalView,
        seal::{CarriedView, CorrectionView, EntryCount, SealView},
        server::{
            ArmedView, CueView, DelayView, DeskRun, DeskView, OnDesk, PlatformView, RunView, StaffView, WrittenOffView,
        },
    },
};

/// The whole desk.
pub fn desk(document: &Document, staff: Vec<StaffView>, now: Micros) -> DeskView {
    let on_desk =
        |placed: &Placed| OnDesk { cue: placed.cue.clone(), run: placed.run, edited: document.is_edited(placed) };
    DeskView {
        id: document.id.to_string(),
        title: document.title.clone(),
        epoch: document.epoch,
        rev: document.revision,
        now: now.as_ms(),
        rehearsal: document.rehearsal,
        cues: cues(document),
        standby: document.standby.as_ref().map(on_desk),
        program: document.program.as_ref().map(on_desk),
        next_cue: document.neighbour(true).map(str::to_owned),
        back_cue: document.neighbour(false).map(str::to_owned),
        graphic: live::view::graphic(document),
        runs: document.runs.iter().map(|run| desk_run(document, run, now)).collect(),
        owner: document.control.owner.as_ref().map(staff_view),
        requests: document.control.requests.iter().map(staff_view).collect(),
        staff,
        armed: armed(document, now),
        proposals: document.proposals_at(now).map(proposal).collect(),
        roster: document.roster.clone(),
        written_off: document.written_off.iter().map(written_off).collect(),
        platforms: document.platforms.iter().zip(document.delays()).map(delay).collect(),
    }
}

fn delay((declared, now): (&Platform, Delay)) -> DelayView {
    DelayView {
        platform: now.platform,
        label: declared.label().to_owned(),
        delay_ms: now.delay_ms,
        declared_ms: declared.delay_ms,
    }
}

fn written_off(off: &WrittenOff) -> WrittenOffView {
    WrittenOffView {
        node: off.node,
        at: off.at.as_ms(),
        by: off.by.clone(),
        reason: off.reason.clone(),
        returned_at: off.returned_at.map(Micros::as_ms),
    }
}

fn staff_view(staff: &Staff) -> StaffView {
    StaffView { session: staff.session, name: staff.name.clone(), role: staff.role }
}

fn cues(document: &Document) -> Vec<CueView> {
    let view = |cue: &crate::shows::rundown::Cue| CueView {
        number: cue.number.clone(),
        segment: cue.segment.clone(),
        title: cue.name().to_owned(),
        question: cue.interaction.question.clone(),
        options: live::view::options(&cue.interaction.options),
        votes: cue.interaction.votes,
        window_s: cue.interaction.window_s,
        opens_on_take: cue.interaction.opens_on_take,
        adlib: cue.adlib,
        carry_from: cue.carry.as_ref().map(|carry| carry.cue.clone()),
    };
    document.rundown.iter().map(view).collect()
}

fn armed(document: &Document, now: Micros) -> Vec<ArmedView> {
    let current = document.armed.iter().filter(|armed| armed.until > now);
    let view = current.map(|armed| ArmedView {
        what: armed.what,
        run: armed.run,
        until: armed.until.as_ms(),
        by: armed.by.clone(),
    });
    view.collect()
}

fn proposal(proposal: &Proposal) -> ProposalView {
    let reason = match &proposal.command {
        Command::Void { reason, .. } | Command::Exclude { reason, .. } | Command::Override { reason, .. } => {
            reason.trim().to_owned()
        }
        _ => String::new(),
    };
    let (exclude, declare, right) = match &proposal.command {
        Command::Exclude { entries, .. } => (Some(entries.clone()), Vec::new(), Vec::new()),
        Command::Override { thousandths, right, .. } => {
            (None, thousandths.clone().unwrap_or_default(), right.clone().unwrap_or_default())
        }
        _ => (None, Vec::new(), Vec::new()),
    };
    ProposalView {
        id: proposal.id,
        what: proposal.command.verb().to_owned(),
        run: proposal.run,
        reason,
        exclude,
        declare,
        right,
        by: proposal.by.name.clone(),
        session: proposal.by.session,
        at: proposal.at.as_ms(),
        until: proposal.until.as_ms(),
    }
}

fn desk_run(document: &Document, run: &Run, now: Micros) -> DeskRun {
    DeskRun {
        // Staff reads the first language: forty runs in all of them would be a large message.
        run: RunView { texts: BTreeMap::new(), ..live::view::run(run, now) },
        rehearsal: run.definition.rehearsal,
        extend_reopens: run.windows.extension_reopens(now),
        seal: seal(document, run),
        carried: carried(document, run),
        void_reason: run.void.as_ref().map(|void| void.reason.clone()),
        right: match &run.definition.interaction.kind {
            Kind::Quiz(quiz) if run.answered().is_none() => correction::right(quiz, run.correction()).to_vec(),
            _ => Vec::new(),
        },
        platforms: run.windows.tracks.iter().map(|track| platform(document, run, track, now)).collect(),
    }
}

fn platform(document: &Document, run: &Run, track: &Track, now: Micros) -> PlatformView {
    let windows = run.windows.on(Some(track));
    let declared = document.platforms.iter().find(|one| one.name == track.platform);
    PlatformView {
        platform: track.platform.clone(),
        label: declared.map_or(&*track.platform, Platform::label).to_owned(),
        segment: track.segment.clone(),
        from_s: track.window.map(|window| window.from_s),
        to_s: track.window.and_then(|window| window.to_s),
        delay_ms: track.delay_ms(),
        phase: run.phase_on(track, now),
        opens_at: windows.last().map(|span| span.opens.as_ms()),
        closes_at: windows.last().and_then(|span| span.closes).map(Micros::as_ms),
        locks_at: windows.locks_at().map(Micros::as_ms),
    }
}

/// The votes that a run begins with.
fn carried(document: &Document, run: &Run) -> Option<CarriedView> {
    let Pinned { cue, run: source, revision, .. } = run.definition.carries.clone()?;
    let votes = run.carried.as_ref().map(|carried| carried.votes.clone()).unwrap_or_default();
    Some(CarriedView { cue, run: source, revision, votes, changed: carry::changed(document, run) })
}

/// What the newest seal says came by each entry, with what is carried over.
pub fn by_entry(run: &Run) -> Vec<EntryCount> {
    let entries = &run.definition.entries;
    let named = |number| entries.declared().find(|(n, _)| *n == number).map(|(_, entry)| entry.clone());
    let excluded = run.correction().map_or(&[][..], |one| &one.excluded);
    let line = |line: &ByEntry| {
        let before = run.carried.iter().flat_map(|carried| &carried.by_entry).find(|one| one.entry == line.entry);
        let carried = before.map(|one| one.votes.clone()).unwrap_or_default();
        let mut votes = line.votes.clone();
        votes.iter_mut().zip(&carried).for_each(|(sum, more)| *sum += more);
        EntryCount {
            entry: named(line.entry).unwrap_or_default(),
            counted: line.counted,
            votes,
            carried,
            excluded: leaves_out(excluded, &run.definition, line.entry),
        }
    };
    run.sealed().iter().flat_map(|summary| &summary.by_entry).map(line).collect()
}

/// How a seal was corrected.
pub fn correction(correction: &Correction, counted: &[u64]) -> CorrectionView {
    let Correction { at, by, reason, excluded, declared, right, .. } = correction.clone();
    CorrectionView { at: at.as_ms(), by, reason, excluded, declared, right, counted: counted.to_vec() }
}

/// What the newest seal of a run says.
pub fn seal(document: &Document, run: &Run) -> Option<SealView> {
    let state = run.seal.as_ref()?;
    let summary = state.summary.as_ref()?;
    let Stands { votes, outcome, rated, counted, by_entry: lines, late_votes } = stands(run, summary);
    let totals = Totals { votes: counted.clone(), late: summary.late, late_votes, ..Totals::default() };
    let missing = (summary.outstanding, run.carried.as_ref().map_or(0, |carried| carried.missing));
    let margin = outcome::margin(&run.definition, &totals, missing, Some(&lines));
    Some(SealView {
        revision: state.revision,
        total: votes.iter().sum(),
        margin: margin.votes,
        outstanding: summary.outstanding,
        by_entry: by_entry(run),
        by_part: parts(&by_entry(run)),
        outcome,
        rated,
        correction: summary.correction.as_ref().map(|one| correction(one, &counted)),
        late: summary.late,
        late_would_change_order: margin.late_would_change_order,
        decisive: margin.decisive && carry::changed(document, run).is_none(),
        rules_hash: run.definition.rules_hash(),
        recount_agrees: state.verified.is_some().then_some(true),
        verified_by: state.verified.as_ref().map(|verified| verified.by.clone()),
        hidden: false,
    })
}
