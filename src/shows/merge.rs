//! Two branches of one show become one again: pure. Redis forgot what one node was told, or was two for a while. Facts that
//! only go forward are kept from both; the rest is as in the branch that Redis holds; what else was commanded on the other
//! one is named, and the show goes to hold. A window is never changed in the past: what was counted until now stays.

use super::{
    document::Document,
    roster,
    run::{Hold, Run, SealState, SealSummary},
    segments::SegmentWindow,
    windows::{Shift, Span, Track, Windows},
};
use crate::{
    base::{clock::Micros, limits},
    wire::server::{GraphicState, Phase},
};

/// What two branches have become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The successor of what Redis holds.
    pub document: Document,
    /// What somebody has to look at, in words.
    pub incidents: Vec<String>,
}

/// Merges `other` into `held`, which Redis holds. `commands` are the verbs of what was commanded on the other branch after
/// it left this one.
pub fn merge(held: &Document, other: &Document, commands: &[&str], now: Micros) -> Merged {
    let mut next = held.succeed();
    next.revision = held.revision.max(other.revision) + 1;
    next.epoch = held.epoch.max(other.epoch);
    // What is kept of the other branch may be of a newer format.
    next.format = held.format.max(other.format);
    let mut incidents = Vec::new();
    for theirs in &other.runs {
        match next.runs.iter_mut().find(|run| run.id() == theirs.id()) {
            Some(ours) => merge_run(ours, theirs, now, &mut incidents),
            None => next.runs.extend(orphan(theirs, held, now, &mut incidents)),
        }
    }
    for ours in &mut next.runs {
        // One that only the other branch has is new by what it was there.
        let before = held.run(ours.id()).or_else(|| other.run(ours.id()));
        if before.is_some_and(|before| is_other(&before.windows, &ours.windows)) {
            (ours.windows.epoch, ours.windows.revision) = (next.epoch, next.revision);
        }
    }
    let other_seal = |run: &&Run| held.run(run.id()).is_some_and(|before| before.seal != run.seal);
    let sealed: Vec<_> = next.runs.iter().filter(other_seal).map(Run::id).collect();
    sealed.into_iter().for_each(|run| next.drop_proposals(run));
    pulled(&mut next, other, commands);
    next.armed.clear();
    roster::merge(&mut next, [held, other], now);
    next.merge_keys(other);
    next.merge_voter_key(other);
    hold(&mut next, held, now);
    Merged { document: next, incidents }
}

fn merge_run(ours: &mut Run, theirs: &Run, now: Micros, incidents: &mut Vec<String>) {
    if ours.void.is_none() {
        ours.void.clone_from(&theirs.void);
    }
    let said_at = |run: &Run| run.resolved.as_ref().map(|resolved| resolved.at);
    if said_at(theirs) > said_at(ours) {
        ours.resolved.clone_from(&theirs.resolved);
    }
    let seal = merge_seals(ours, theirs);
    for left in [&ours.seal, &theirs.seal].into_iter().flatten() {
        if seal.as_ref().is_some_and(|seal| !keeps_correction(seal, left)) {
            incidents.push(format!(
                "cue {} was corrected in seal {}, which the other branch did not have: another seal is in force; look at both",
                ours.definition.cue, left.revision
            ));
        }
    }
    let before = std::mem::replace(&mut ours.seal, seal);
    if ours.revealed_at.is_none() {
        ours.revealed_at = theirs.revealed_at;
    }
    // What was sealed was judged by these windows.
    if ours.sealed() != before.as_ref().and_then(|before| before.summary.as_ref()) {
        ours.windows = theirs.windows.clone();
        ours.hold = None;
    }
    if ours.sealed().is_some() || ours.void.is_some() {
        return;
    }
    merge_segments(ours, &theirs.windows, now, incidents);
    let spans = merge_spans(&ours.windows.spans, &theirs.windows.spans, now);
    if spans != ours.windows.spans {
        let cue = &ours.definition.cue;
        incidents.push(format!("the windows of cue {cue} differed: they are joined, and what was counted stays"));
        ours.windows.spans = spans;
        ours.end_hold(now.plus_ms(limits::WINDOW_LEAD_MS));
    }
    merge_tracks(&mut ours.windows.tracks, &theirs.windows.tracks, &ours.definition.cue, incidents);
}

fn is_other(before: &Windows, windows: &Windows) -> bool {
    let of = |windows: &Windows| (windows.spans.clone(), windows.tracks.clone(), windows.pauses.clone());
    of(before) != of(windows)
}

/// A segment has its window from when it begins on either branch until it ends on either: by how much the branches differ in the
/// first opening and in how much later platforms have it, and by how long its clock stood still on one of them alone.
fn merge_segments(ours: &mut Run, theirs: &Windows, now: Micros, incidents: &mut Vec<String>) {
    let first = |windows: &Windows| windows.spans.first().map(|span| span.opens.0);
    let opened = first(&ours.windows).zip(first(theirs)).map_or(0, |(ours, theirs)| ours.abs_diff(theirs));
    let windows = &mut ours.windows;
    let own = |windows: &Windows| -> Vec<_> {
        windows.tracks.iter().filter_map(|track| Some((track.window?, track.shift(0).opens_ms))).collect()
    };
    let (is, other) = (own(windows), own(theirs));
    if is.is_empty() || (opened == 0 && is == other && windows.pauses == theirs.pauses) {
        return;
    }
    let seen_ms = is.iter().zip(&other).map(|(ours, theirs)| ours.1.abs_diff(theirs.1)).max().unwrap_or(0);
    let (lead, mut theirs) = (now.plus_ms(limits::WINDOW_LEAD_MS), theirs.clone());
    windows.go_on(lead);
    theirs.go_on(lead);
    let common = windows.pauses.iter().zip(&theirs.pauses).take_while(|(ours, theirs)| ours == theirs).count();
    let stood = |windows: &Windows| -> u64 {
        windows.pauses[common..].iter().filter_map(|pause| Some(pause.closes?.0.saturating_sub(pause.opens.0))).sum()
    };
    // Where the other branch stood still sets ends later, where this one did sets beginnings earlier: whichever is more, for both.
    let apart_s = (opened + seen_ms * 1000 + stood(windows).max(stood(&theirs))).div_ceil(1_000_000);
    let apart_s = u32::try_from(apart_s).unwrap_or(u32::MAX);
    for (track, (other, _)) in windows.tracks.iter_mut().filter(|track| track.window.is_some()).zip(other) {
        track.window = track.window.map(|window| SegmentWindow {
            from_s: window.from_s.min(other.from_s).saturating_sub(apart_s),
            to_s: window.to_s.zip(other.to_s).map(|(one, other)| one.max(other).saturating_add(apart_s)),
        });
    }
    if ours.hold.is_some() {
        windows.pause(lead);
    }
    let cue = &ours.definition.cue;
    incidents
        .push(format!("the windows of segments differed in cue {cue}: they have them from the earlier to the later"));
}

/// Where a marker was set on one branch alone, ballots are taken for as long as either has it.
fn merge_tracks(ours: &mut [Track], theirs: &[Track], cue: &str, incidents: &mut Vec<String>) {
    for (ours, theirs) in ours.iter_mut().zip(theirs).filter(|(ours, theirs)| ours.shifts != theirs.shifts) {
        let both = |at| (ours.shift(at), theirs.shift(at));
        let longest = ours.shifts.len().max(theirs.shifts.len());
        let joined = (0..longest).map(both).map(|(ours, theirs)| Shift {
            opens_ms: ours.opens_ms.min(theirs.opens_ms),
            closes_ms: ours.closes_ms.max(theirs.closes_ms),
        });
        ours.shifts = joined.collect();
        let incident = format!("how far {} is behind in cue {cue} differed: it has the longer window", ours.platform);
        if !incidents.contains(&incident) {
            incidents.push(incident);
        }
    }
}

/// The seal that is in force. Of one count that was corrected its newest correction is, and whoever signed that count off did
/// so for good; of two counts the one whose run has come further.
fn merge_seals(ours: &Run, theirs: &Run) -> Option<SealState> {
    if let (Some(own), Some(other)) = (&ours.seal, &theirs.seal)
        && is_one_count_corrected(own, other)
    {
        let (newer, older) = if other.revision > own.revision { (other, own) } else { (own, other) };
        let verified = newer.verified.clone().or_else(|| older.verified.clone());
        return Some(SealState { verified, ..newer.clone() });
    }
    if rank(theirs) > rank(ours) { theirs.seal.clone() } else { ours.seal.clone() }
}

/// Whether two seals are of the same count, which nobody made twice in one microsecond, and one of them is a correction.
fn is_one_count_corrected(one: &SealState, other: &SealState) -> bool {
    let (Some(a), Some(b)) = (&one.summary, &other.summary) else { return false };
    (one.counted(), a.at) == (other.counted(), b.at) && (a.correction.is_some() || b.correction.is_some())
}

/// Whether nothing of a correction is lost where this seal is in force: it is that one, or was made of it.
fn keeps_correction(seal: &SealState, corrected: &SealState) -> bool {
    let Some(lost) = corrected.summary.as_ref().filter(|summary| summary.correction.is_some()) else { return true };
    let made_of = |summary: &SealSummary| {
        summary == lost || summary.correction.as_ref().is_some_and(|one| one.corrects == lost.manifest_hash)
    };
    seal.summary.as_ref().is_some_and(made_of)
}

/// How far the end of a run has come: it never goes back.
fn rank(run: &Run) -> (bool, bool, bool, u32) {
    let seal = run.seal.as_ref();
    let verified = seal.is_some_and(|seal| seal.verified.is_some());
    (run.revealed_at.is_some(), verified, run.sealed().is_some(), seal.map_or(0, |seal: &SealState| seal.revision))
}

fn merge_spans(ours: &[Span], theirs: &[Span], now: Micros) -> Vec<Span> {
    let longest = ours.len().max(theirs.len());
    let pair = |at: usize| match (ours.get(at), theirs.get(at)) {
        (Some(ours), Some(theirs)) => Some(Span {
            opens: ours.opens.min(theirs.opens),
            closes: if at + 1 == longest {
                closes(ours.closes, theirs.closes, now)
            } else {
                later(ours.closes, theirs.closes)
            },
        }),
        (Some(ours), None) => Some(*ours),
        // An opening that nobody here knew of: ballots may have been counted in it. One that is still to come is dropped.
        (None, Some(theirs)) if theirs.opens <= now => {
            Some(Span { opens: theirs.opens, closes: Some(soon(theirs.closes, now)) })
        }
        (None, _) => None,
    };
    let mut spans: Vec<Span> = (0..longest).map_while(pair).collect();
    // Openings do not overlap: where one branch was open, both are.
    for at in 1..spans.len() {
        let opens = spans[at].opens;
        let before = &mut spans[at - 1].closes;
        *before = Some(before.map_or(opens, |closes| closes.min(opens)));
    }
    spans
}

fn later(ours: Option<Micros>, theirs: Option<Micros>) -> Option<Micros> {
    Some(ours?.max(theirs?))
}

/// The close of the newest opening: where the branches agree, or where neither has come to its own, as it is held.
fn closes(ours: Option<Micros>, theirs: Option<Micros>, now: Micros) -> Option<Micros> {
    let earlier = [ours, theirs].into_iter().flatten().min()?;
    if ours == theirs || earlier > now.plus_ms(limits::WINDOW_LEAD_MS) {
        return ours;
    }
    Some(soon(later(ours, theirs), now))
}

/// As soon as everybody can know, or when it was to close anyway.
fn soon(close: Option<Micros>, now: Micros) -> Micros {
    let lead = now.plus_ms(limits::WINDOW_LEAD_MS);
    close.map_or(lead, |close| close.min(lead))
}

/// A run that only the other branch has. Its ballots are somewhere, if it was ever opened.
fn orphan(theirs: &Run, held: &Document, now: Micros, incidents: &mut Vec<String>) -> Option<Run> {
    let opened = theirs.windows.spans.first().is_some_and(|span| span.opens <= now);
    // A rehearsal that one branch has left stays left.
    if !opened || (theirs.definition.rehearsal && !held.rehearsal) {
        return None;
    }
    let mut run = theirs.clone();
    run.hold = None;
    if run.sealed().is_none() && run.void.is_none() {
        run.windows.spans.retain(|span| span.opens <= now);
        if let Some(span) = run.windows.spans.last_mut() {
            span.closes = Some(soon(span.closes, now));
        }
        run.windows.go_on(now.plus_ms(limits::WINDOW_LEAD_MS));
    }
    incidents
        .push(format!("a run of cue {} was opened where Redis did not know of it: it is kept", run.definition.cue));
    Some(run)
}

/// What was pulled from the screens stays pulled.
fn pulled(next: &mut Document, other: &Document, commands: &[&str]) {
    let state = other.graphic.state;
    if state == GraphicState::Panic && commands.contains(&"panic") {
        next.graphic.state = GraphicState::Panic;
    }
    let cleared = state == GraphicState::Cleared && commands.contains(&"clear");
    if cleared && next.graphic.state != GraphicState::Panic {
        next.graphic.state = GraphicState::Cleared;
    }
    next.graphic.frozen |= other.graphic.frozen && commands.contains(&"freeze");
}

/// Nothing moves by itself until somebody has looked: an open window on program has its close taken away, if that is far
/// enough ahead and was not just joined.
fn hold(next: &mut Document, held: &Document, now: Micros) {
    let (epoch, revision) = (next.epoch, next.revision);
    let Some(id) = next.program.as_ref().map(|placed| placed.run) else { return };
    let before = held.run(id).map(|run| run.windows.spans.clone());
    let Some(run) = next.run_mut(id) else { return };
    let joined = before.as_ref() != Some(&run.windows.spans);
    if joined || run.phase(now) != Phase::Open || run.hold.is_some() {
        return;
    }
    let Some(span) = run.windows.spans.last_mut() else { return };
    if span.closes.is_some_and(|closes| closes <= now.plus_ms(limits::WINDOW_LEAD_MS)) {
        return;
    }
    run.hold = Some(Hold { left_ms: span.closes.map(|closes| closes.since_ms(now)) });
    span.closes = None;
    run.windows.pause(now.plus_ms(limits::WINDOW_LEAD_MS));
    (run.windows.epoch, run.windows.revision) = (epoch, revision);
}

#[cfg(test)]
mod tests;
