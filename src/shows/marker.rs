//! A marker says what viewers see just now: how far platforms are behind is set by it, for what is open and for what comes. Pure.
//! An opening or a close that somebody has reached stays, and none comes nearer than what everybody can know.

use super::{
    document::Document,
    transition::{Refusal, not_now, refuse},
    windows::{Shift, Span, Windows},
};
use crate::{
    base::{clock::Micros, limits},
    wire::codes::Code,
};

/// Two markers that are nearer than this say the same, milliseconds: a hand is no steadier.
const SAME_MS: u64 = 250;

/// Sets how far a platform is behind, or all of them: what is on there now is what the programme was at `programme_ms`.
pub(super) fn marker(
    next: &mut Document,
    programme_ms: u64,
    platform: Option<&str>,
    now: Micros,
) -> Result<(), Refusal> {
    if next.platforms.is_empty() {
        return not_now("this show has no platforms: name them in its file");
    }
    if platform.is_some_and(|name| next.platforms.iter().all(|one| one.name != name)) {
        return refuse(Code::NotFound, "this show has no such platform");
    }
    let Some(behind_ms) = behind_ms(programme_ms, now) else {
        return refuse(Code::BadMessage, "programme_time: nobody sees yet what is still to come");
    };
    let meant = next.platforms.iter().filter(|one| platform.is_none_or(|name| one.name == name));
    let delay_ms = |declared: u64| {
        let said = said_ms(declared, platform, behind_ms);
        // What took its way here is no measure: 0 seconds said on a page take a marker back.
        if said.abs_diff(declared) <= SAME_MS { declared } else { said }
    };
    let delays: Vec<_> = meant.map(|one| (one.name.clone(), delay_ms(one.delay_ms))).collect();
    if let Some((name, ms)) = delays.iter().find(|(_, ms)| *ms > limits::DELAY_MS_MAX) {
        let (s, most) = (ms / 1000, limits::DELAY_MS_MAX / 1000);
        return refuse(Code::BadMessage, format!("{name} would be {s} s behind; it may be {most} s at most"));
    }
    let (epoch, revision, lead) = (next.epoch, next.revision, now.plus_ms(limits::WINDOW_LEAD_MS));
    for (name, ms) in delays {
        for run in next.runs.iter_mut().filter(|run| run.seal.is_none() && run.void.is_none()) {
            if run.windows.anchor(&name, ms, lead) {
                (run.windows.epoch, run.windows.revision) = (epoch, revision);
            }
        }
        next.marked.insert(name, ms);
    }
    Ok(())
}

/// How long ago that was. A page's clock may be ahead a little. `None`: it is still to come.
fn behind_ms(programme_ms: u64, now: Micros) -> Option<u64> {
    (programme_ms <= now.as_ms().saturating_add(SAME_MS)).then(|| now.as_ms().saturating_sub(programme_ms))
}

/// How far a platform is behind, by a marker of it or of the output: if that is late, all are by as much later than declared.
fn said_ms(declared: u64, platform: Option<&str>, behind_ms: u64) -> u64 {
    if platform.is_some() { behind_ms } else { declared.saturating_add(behind_ms) }
}

/// Whether a marker would say what is known: nobody sees it better than by eye and hand.
pub fn is_marked(document: &Document, programme_ms: u64, platform: Option<&str>, now: Micros) -> bool {
    let Some(behind_ms) = behind_ms(programme_ms, now) else { return false };
    let meant = document
        .platforms
        .iter()
        .zip(document.delays())
        .filter(|(one, _)| platform.is_none_or(|name| one.name == name));
    let mut off_ms = meant.map(|(one, is)| said_ms(one.delay_ms, platform, behind_ms).abs_diff(is.delay_ms));
    off_ms.next().is_some_and(|first| off_ms.fold(first, u64::max) <= SAME_MS)
}

impl Windows {
    /// From now on a platform is so far behind. Of the newest opening moves what is later than `lead`, and not before it.
    /// `false`: there is no such platform here, or it is so already.
    fn anchor(&mut self, platform: &str, delay_ms: u64, lead: Micros) -> bool {
        let on_it = |at: &usize| self.tracks[*at].platform == platform;
        let on_it: Vec<_> = (0..self.tracks.len()).filter(on_it).collect();
        on_it.into_iter().filter(|at| self.anchor_track(*at, delay_ms, lead)).count() > 0
    }

    /// The same for one track. What its segment has of the platform's openings follows from them.
    fn anchor_track(&mut self, at: usize, delay_ms: u64, lead: Micros) -> bool {
        let (new, before) = (Shift { opens_ms: delay_ms, closes_ms: delay_ms }, self.tracks[at].shifts.clone());
        let seen = self.whole_on(Some(&self.tracks[at])).last();
        let mut newest = None;
        if let (Some(last), Some(seen), Some(index)) = (self.last(), seen, self.spans.len().checked_sub(1)) {
            let mut shift = self.tracks[at].shift(index);
            let ahead = |of: Micros| delay_ms.max(lead.0.saturating_sub(of.0).div_ceil(1000));
            if seen.opens > lead {
                shift.opens_ms = ahead(last.opens);
            }
            match (last.closes, seen.closes) {
                (Some(closes), Some(seen)) if seen > lead => shift.closes_ms = ahead(closes),
                // By hand, or on hold: the close that will be announced is as much later.
                (None, _) => shift.closes_ms = delay_ms,
                _ => {}
            }
            newest = Some((index, shift));
        }
        let track = &mut self.tracks[at];
        if let Some((index, shift)) = newest {
            track.shifts = (0..index).map(|earlier| track.shift(earlier)).chain([shift]).collect();
        } else {
            track.shifts.clear();
        }
        if track.shifts.last() != Some(&new) {
            track.shifts.push(new);
        }
        track.shifts != before
    }

    /// These windows after a marker that came into force only at `now`, made of those `before` it. `None`: it was in time.
    pub(super) fn anchored_late(&self, before: &Self, now: Micros) -> Option<Self> {
        let lead = now.plus_ms(limits::WINDOW_LEAD_MS);
        let missed = |(was, is): (Span, Span)| {
            let moved = was.opens != is.opens && was.opens.min(is.opens) <= now;
            let nearer = is.closes < was.closes && is.closes.is_some_and(|closes| closes <= now);
            moved || nearer || (was.closes < is.closes && was.closes.is_some_and(|closes| closes <= now))
        };
        let is_missed =
            self.tracks.iter().zip(&before.tracks).any(|(is, was)| {
                before.whole_on(Some(was)).last().zip(self.whole_on(Some(is)).last()).is_some_and(missed)
            });
        let mut again = before.clone();
        for (at, track) in self.tracks.iter().enumerate() {
            again.anchor_track(at, track.delay_ms(), lead);
        }
        is_missed.then_some(again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shows::{catch_up::catch_up, transition::tests::Desk, windows::Track};
    use crate::wire::command::Command;

    const SHOW: &str = "show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n\
         [[cue]]\nnumber = \"2\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n\
         [[entry]]\nplatform = \"tv\"\n[[entry]]\nplatform = \"web\"\n\
         [[platform]]\nname = \"tv\"\ndelay_ms = 10000\n[[platform]]\nname = \"web\"\ndelay_ms = 30000\n";

    /// Open for a minute from 100 s on; television has it 10 s later, the web 30 s.
    fn desk() -> Desk {
        let mut desk = Desk::new();
        let file = crate::shows::file::read(SHOW).unwrap();
        desk.document =
            crate::shows::transition::replace_rundown(&desk.document, &file, crate::wire::server::Role::Producer)
                .unwrap();
        desk.at_ms(100_000).send(Command::Standby { cue: "1".into() });
        desk.send(Command::Take);
        desk.send(Command::Open { seconds: Some(60) });
        desk
    }

    fn mark(desk: &mut Desk, at_ms: u64, behind_ms: u64, platform: Option<&str>) {
        let platform = platform.map(ToOwned::to_owned);
        desk.at_ms(at_ms).send(Command::Marker { programme_time: at_ms - behind_ms, platform });
    }

    /// What television has of the run on program, in seconds.
    fn on_tv(document: &Document) -> Vec<(u64, Option<u64>)> {
        let windows = &document.on_program().unwrap().windows;
        let s = |at: Micros| at.as_ms() / 100;
        windows.spans_on(windows.track(1)).map(|span| (s(span.opens), span.closes.map(s))).collect()
    }

    #[test]
    fn a_marker_moves_what_is_ahead_and_nothing_that_was_reached() {
        // Second of the marker, how far behind it says, what becomes of 110.0 to 170.0 s.
        for (at_s, behind_s, opens, closes) in [
            (105, 20, 1200, 1800),
            (105, 2, 1065, 1620),
            (108, 2, 1095, 1620),
            // Within 1.5 s of the opening it stays.
            (109, 20, 1100, 1800),
            (150, 25, 1100, 1850),
            (150, 0, 1100, 1600),
            (165, 0, 1100, 1665),
            (169, 0, 1100, 1700),
            (169, 60, 1100, 1700),
            (171, 60, 1100, 1700),
        ] {
            let mut desk = desk();
            let before = desk.document.on_program().unwrap().windows.clone();
            mark(&mut desk, at_s * 1000, behind_s * 1000, Some("tv"));
            assert_eq!(on_tv(&desk.document), [(opens, Some(closes))], "at {at_s}, {behind_s} behind");
            let windows = &desk.document.on_program().unwrap().windows;
            assert_eq!((&windows.spans, &windows.tracks[1]), (&before.spans, &before.tracks[1]));
            assert!(before.is_older_than(windows), "nodes and the ledger take it");
            // A reopening, and the next run, have the new delay.
            desk.at_ms(400_000).send(Command::Extend { seconds: 10 });
            assert_eq!(on_tv(&desk.document)[1], (4015 + behind_s * 10, Some(4115 + behind_s * 10)));
            assert_eq!(on_tv(&desk.document)[0], (opens, Some(closes)));
            desk.at_ms(500_000).send(Command::Standby { cue: "2".into() });
            let made = &desk.document.runs[1];
            assert_eq!(
                (made.definition.platforms[0].delay_ms, made.windows.tracks[0].delay_ms()),
                (behind_s * 1000, behind_s * 1000)
            );
        }
    }

    #[test]
    fn without_a_platform_all_are_later_than_the_file_says_and_twice_is_not_more() {
        let mut desk = desk();
        for at_ms in [120_000, 130_000] {
            mark(&mut desk, at_ms, 5000, None);
            let delays: Vec<_> =
                desk.document.on_program().unwrap().windows.tracks.iter().map(Track::delay_ms).collect();
            assert_eq!(delays, [15_000, 35_000]);
        }
        // Pressed again by hand it is nothing new; of one platform it is.
        let is_so = |behind_ms: u64, platform| {
            is_marked(&desk.document, 140_000 - behind_ms, platform, Micros::from_ms(140_000))
        };
        assert!(is_so(5000, None) && is_so(5250, None) && !is_so(5251, None) && !is_so(4749, None));
        assert!(is_so(15_000, Some("tv")) && !is_so(5000, Some("tv")) && !is_so(5000, Some("radio")));
        // By a page whose clock is ahead, or whose message took its time.
        for programme_time in [140_250, 139_750] {
            mark(&mut desk, 135_000, 5000, None);
            desk.at_ms(140_000).send(Command::Marker { programme_time, platform: None });
            let delays = desk.document.on_program().unwrap().windows.tracks.iter().map(Track::delay_ms);
            assert_eq!(delays.collect::<Vec<_>>(), [10_000, 30_000]);
        }
        assert_eq!(on_tv(&desk.document), [(1100, Some(1700))]);
    }

    #[test]
    fn what_no_viewer_can_see_is_refused() {
        let mut desk = desk();
        desk.at_ms(500_000);
        let marker = |programme_time, platform: Option<&str>| Command::Marker {
            programme_time,
            platform: platform.map(ToOwned::to_owned),
        };
        desk.refuses(marker(500_251, None), Code::BadMessage);
        desk.refuses(marker(500_000 - 180_001, Some("tv")), Code::BadMessage);
        desk.refuses(marker(500_000 - 151_000, None), Code::BadMessage);
        desk.refuses(marker(500_000, Some("radio")), Code::NotFound);
        let mut plain = Desk::open_for(60);
        plain.at_ms(500_000).refuses(marker(500_000, None), Code::NotNow);
    }

    #[test]
    fn a_marker_during_a_hold_counts_from_the_close_that_follows() {
        let mut desk = desk();
        desk.at_ms(120_000).send(Command::Hold);
        mark(&mut desk, 121_000, 12_000, Some("tv"));
        desk.at_ms(130_000).send(Command::Release);
        assert_eq!(on_tv(&desk.document), [(1100, Some(1820))]);
    }

    #[test]
    fn a_marker_that_was_stored_too_late_moves_what_is_ahead_of_its_coming_into_force() {
        let mut desk = desk();
        let before = desk.document.clone();
        mark(&mut desk, 165_000, 0, Some("tv"));
        assert_eq!(on_tv(&desk.document), [(1100, Some(1665))]);
        assert_eq!(catch_up(&before, &desk.document, Micros::from_ms(166_400)), None);
        let again = catch_up(&before, &desk.document, Micros::from_ms(167_000)).unwrap();
        assert_eq!(on_tv(&again), [(1100, Some(1685))]);
        assert!(desk.document.runs[0].windows.is_older_than(&again.runs[0].windows));
        let at_the_end = catch_up(&before, &desk.document, Micros::from_ms(169_000)).unwrap();
        assert_eq!(on_tv(&at_the_end), [(1100, Some(1700))]);
        // Later, when the old close is reached.
        let mut longer = self::desk();
        mark(&mut longer, 165_000, 40_000, Some("tv"));
        assert_eq!(on_tv(&longer.document), [(1100, Some(2000))]);
        let missed = catch_up(&before, &longer.document, Micros::from_ms(170_000)).unwrap();
        assert_eq!(on_tv(&missed), [(1100, Some(1700))]);
    }
}
