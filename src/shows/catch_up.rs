//! A revision that took longer to store than its announcement allowed: what it changed in the past is moved ahead, so
//! that no ballot is judged by a window nobody could know.

use super::{
    document::Document,
    run::Run,
    windows::{Span, Windows},
};
use crate::base::{clock::Micros, limits};

/// The revision that has to follow `next`, if `next` comes into force too late for one of its window changes. What was
/// counted until now stays counted; the caller logs it as an incident.
pub fn catch_up(before: &Document, next: &Document, now: Micros) -> Option<Document> {
    let overtaken = |run: &Run| {
        let old = before.run(run.id())?;
        let as_now = |spans| Windows { spans, ..run.windows.clone() };
        let windows = match old.windows.spans == run.windows.spans {
            true => run.windows.anchored_late(&old.windows, now),
            false => mended(&old.windows.spans, run, now).map(as_now),
        };
        match paused_late(&old.windows.pauses, &run.windows.pauses, now) {
            Some(pauses) => Some(Windows { pauses, ..windows.unwrap_or_else(|| run.windows.clone()) }),
            None => windows,
        }
    };
    let mends: Vec<_> = next.runs.iter().filter_map(|run| Some((run.id(), overtaken(run)?))).collect();
    if mends.is_empty() {
        return None;
    }
    let mut again = next.succeed();
    let (epoch, revision) = (again.epoch, again.revision);
    for (id, windows) in mends {
        again.run_mut(id).expect("just found").windows = Windows { epoch, revision, ..windows };
    }
    Some(again)
}

/// The pauses of the segments' clock, if it was to stand still or to go on since a moment that nobody knew of.
fn paused_late(old: &[Span], new: &[Span], now: Micros) -> Option<Vec<Span>> {
    let (lead, was) = (now.plus_ms(limits::WINDOW_LEAD_MS), new.len().checked_sub(1).and_then(|last| old.get(last)));
    let mut pauses = new.to_vec();
    let is = pauses.last_mut()?;
    match (was, is.closes) {
        (None, _) if is.opens < now => *is = Span { opens: lead, closes: is.closes.map(|closes| closes.max(lead)) },
        (Some(Span { closes: None, .. }), Some(closes)) if closes < now => is.closes = Some(lead),
        _ => return None,
    }
    Some(pauses)
}

fn mended(old: &[Span], run: &Run, now: Micros) -> Option<Vec<Span>> {
    let mut spans = run.windows.spans.clone();
    let (was, is) = (old.last()?, spans.last_mut()?);
    let lead = now.plus_ms(limits::WINDOW_LEAD_MS);
    if old.len() != run.windows.spans.len() {
        // A reopening that nobody knew of when it began begins later.
        if is.opens > now {
            return None;
        }
        let length_ms = is.closes.map(|closes| closes.since_ms(is.opens));
        *is = Span { opens: lead, closes: length_ms.map(|ms| lead.plus_ms(ms)) };
        return Some(spans);
    }
    let later = match (was.closes, is.closes) {
        (Some(was), Some(is)) => is > was,
        (Some(_), None) => true,
        (None, _) => false,
    };
    if later {
        // An extension (or a hold) that came into force after the window had locked becomes a reopening.
        let old_close = was.closes.filter(|closes| closes.plus_ms(run.windows.grace_ms) <= now)?;
        let more_ms = is.closes.map(|closes| closes.since_ms(old_close));
        is.closes = Some(old_close);
        spans.push(Span { opens: lead, closes: more_ms.map(|ms| lead.plus_ms(ms)) });
        return Some(spans);
    }
    // A close that has passed before anybody knew of it: 1.5 s from now, or at the old close if that is sooner.
    is.closes.filter(|closes| *closes <= now)?;
    is.closes = Some(was.closes.filter(|old| *old > now).map_or(lead, |old| old.min(lead)));
    Some(spans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shows::transition::tests::Desk;
    use crate::wire::command::Command;

    fn closes_ms(document: &Document) -> Vec<(u64, Option<u64>)> {
        let spans = &document.runs[0].windows.spans;
        spans.iter().map(|span| (span.opens.as_ms(), span.closes.map(Micros::as_ms))).collect()
    }

    #[test]
    fn a_close_that_was_stored_too_late_is_moved_ahead() {
        let mut desk = Desk::open_for(60);
        let before = desk.document.clone();
        desk.at_ms(10_000).send(Command::Close);
        assert_eq!(catch_up(&before, &desk.document, Micros::from_ms(11_000)), None);
        let again = catch_up(&before, &desk.document, Micros::from_ms(12_000)).unwrap();
        assert_eq!(closes_ms(&again), [(0, Some(13_500))]);
        assert_eq!(again.revision, desk.document.revision + 1);
        let at_the_end = catch_up(&before, &desk.document, Micros::from_ms(59_000)).unwrap();
        assert_eq!(closes_ms(&at_the_end), [(0, Some(60_000))]);
    }

    #[test]
    fn an_extension_that_was_stored_after_the_lock_reopens() {
        let mut desk = Desk::open_for(60);
        let before = desk.document.clone();
        desk.at_ms(58_000).send(Command::Extend { seconds: 30 });
        assert_eq!(catch_up(&before, &desk.document, Micros::from_ms(62_000)), None, "the grace still runs");
        let again = catch_up(&before, &desk.document, Micros::from_ms(64_000)).unwrap();
        assert_eq!(closes_ms(&again), [(0, Some(60_000)), (65_500, Some(95_500))]);
    }

    #[test]
    fn a_reopening_that_was_stored_after_its_beginning_begins_later() {
        let mut desk = Desk::open_for(60);
        let before = desk.at_ms(70_000).document.clone();
        desk.send(Command::Extend { seconds: 30 });
        let again = catch_up(&before, &desk.document, Micros::from_ms(72_000)).unwrap();
        assert_eq!(closes_ms(&again), [(0, Some(60_000)), (73_500, Some(103_500))]);
    }
}
