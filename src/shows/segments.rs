//! Windows of segments: which part of a run's windows the voters of one have, and the clock that it goes by. Pure; what is left of
//! an opening by it is one for whatever judges (`windows.rs`).

use serde::{Deserialize, Serialize};

use super::windows::{Span, Track, Windows};
use crate::base::clock::Micros;

/// Which part of a run's windows a segment has: so many seconds from the first opening on. They go on while the run is closed in
/// between, and stand still while it is on hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentWindow {
    /// Seconds from the first opening until theirs begins.
    #[serde(default, skip_serializing_if = "is_at_once")]
    pub from_s: u32,
    /// Seconds from the first opening until theirs ends; `None`: with the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_s: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_at_once(seconds: &u32) -> bool {
    *seconds == 0
}

impl Windows {
    /// Whether those on a track have a window of their own.
    pub(super) fn is_cut(&self, track: Option<&Track>) -> bool {
        track.is_some_and(|track| track.window.is_some())
    }

    /// What a segment with a window of its own has of an opening on its track; all others have all of it. It is told by the
    /// programme, and comes as much later as the first opening does there.
    pub(super) fn own(&self, span: Span, track: Option<&Track>) -> Option<Span> {
        let Some((track, SegmentWindow { from_s, to_s })) = track.and_then(|track| Some((track, track.window?))) else {
            return Some(span);
        };
        let on_it = |seconds| Some(self.after(seconds)?.plus_ms(track.shift(0).opens_ms));
        let opens = span.opens.max(on_it(from_s)?);
        let closes = [span.closes, to_s.and_then(on_it)].into_iter().flatten().min();
        closes.is_none_or(|closes| opens < closes).then_some(Span { opens, closes })
    }

    /// So many seconds after the programme's first opening, by the clock of the segments; `None`: it stands still before that.
    fn after(&self, seconds: u32) -> Option<Micros> {
        let moment = self.spans.first()?.opens.plus_ms(u64::from(seconds) * 1000);
        self.pauses.iter().try_fold(moment, |moment, Span { opens, closes }| match closes {
            _ if moment < *opens => Some(moment),
            closes => Some(Micros(moment.0.saturating_add(closes.as_ref()?.0.saturating_sub(opens.0)))),
        })
    }

    /// Whether some segment has a window of its own.
    pub(super) fn has_segments(&self) -> bool {
        self.tracks.iter().any(|track| track.window.is_some())
    }

    /// The clock of the segments stands still from a moment on.
    pub(super) fn pause(&mut self, at: Micros) {
        if self.has_segments() {
            self.pauses.push(Span { opens: at, closes: None });
        }
    }

    /// It goes on from a moment on, if it stands still.
    pub(super) fn go_on(&mut self, at: Micros) {
        if let Some(pause) = self.pauses.last_mut().filter(|pause| pause.closes.is_none()) {
            pause.closes = Some(at.max(pause.opens));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shows::{
            catch_up::catch_up,
            document::{Document, FORMAT},
            file::read,
            merge::{Merged, merge},
            transition::{replace_rundown, tests::Desk},
            windows::{
                ClockPhase, Timeliness,
                tests::{at, track, windows},
            },
        },
        wire::{command::Command, server::Role},
    };

    /// Beside television, 5 s later: who came by entry 2 has the first 4 s of a run and by entry 4 what follows on them; by entry 5
    /// the latter on television.
    fn by_segment(spans: &[(u64, Option<u64>)]) -> Windows {
        let (early, later) = (SegmentWindow { from_s: 0, to_s: Some(4) }, SegmentWindow { from_s: 4, to_s: Some(7) });
        let own = |segment: &str, window, track| Track { segment: segment.into(), window: Some(window), ..track };
        let tracks = vec![
            track("tv", &[1], 0, &[(5000, 5000)]),
            own("west", later, track("tv", &[5], 0, &[(5000, 5000)])),
            own("east", early, track("", &[2], 0, &[])),
            own("west", later, track("", &[4], 0, &[])),
        ];
        Windows { tracks, ..windows(spans) }
    }

    fn on(windows: &Windows, entry: u8) -> Vec<(u64, Option<u64>)> {
        let spans = windows.spans_on(windows.track(entry));
        spans.map(|span| (span.opens.as_ms(), span.closes.map(Micros::as_ms))).collect()
    }

    #[test]
    fn a_segment_has_its_part_of_the_run_and_nothing_beyond_the_run() {
        for (spans, everybody, east, west, west_on_tv) in [
            (
                vec![(1000, Some(10_000))],
                (6000, Some(15_000)),
                vec![(1000, Some(5000))],
                vec![(5000, Some(8000))],
                vec![(10_000, Some(13_000))],
            ),
            // By hand.
            (
                vec![(1000, None)],
                (6000, None),
                vec![(1000, Some(5000))],
                vec![(5000, Some(8000))],
                vec![(10_000, Some(13_000))],
            ),
            // Closed sooner.
            (
                vec![(1000, Some(6000))],
                (6000, Some(11_000)),
                vec![(1000, Some(5000))],
                vec![(5000, Some(6000))],
                vec![(10_000, Some(11_000))],
            ),
            (vec![(1000, Some(3000))], (6000, Some(8000)), vec![(1000, Some(3000))], vec![], vec![]),
            // Opened again: the time counts from the first opening.
            (
                vec![(1000, Some(3000)), (4000, Some(9000))],
                (6000, Some(8000)),
                vec![(1000, Some(3000)), (4000, Some(5000))],
                vec![(5000, Some(8000))],
                vec![(10_000, Some(13_000))],
            ),
            (
                vec![(1000, Some(2000)), (8000, Some(9000))],
                (6000, Some(7000)),
                vec![(1000, Some(2000))],
                vec![],
                vec![],
            ),
        ] {
            let w = by_segment(&spans);
            assert_eq!((on(&w, 0), on(&w, 1)[0]), (spans.clone(), everybody));
            assert_eq!((on(&w, 2), on(&w, 4), on(&w, 5)), (east, west, west_on_tv), "{spans:?}");
        }
    }

    #[test]
    fn on_hold_what_a_segment_has_not_reached_comes_as_much_later() {
        let mut w = by_segment(&[(1000, None)]);
        // Whoever has closed or opened by then has.
        w.pause(at(5000));
        assert_eq!((on(&w, 2), on(&w, 4)), (vec![(1000, None)], vec![]));
        w.go_on(at(9000));
        assert_eq!((on(&w, 2), on(&w, 4)), (vec![(1000, Some(9000))], vec![(9000, Some(12_000))]));
        w.pause(at(10_000));
        assert_eq!(
            (on(&w, 2), on(&w, 4), on(&w, 5)),
            (vec![(1000, Some(9000))], vec![(9000, None)], vec![(14_000, None)])
        );
        w.go_on(at(10_500));
        w.go_on(at(20_000));
        assert_eq!((on(&w, 4), on(&w, 5)), (vec![(9000, Some(12_500))], vec![(14_000, Some(17_500))]));
        assert_eq!((on(&w, 0), on(&w, 1)), (vec![(1000, None)], vec![(6000, None)]));
        let mut plain = windows(&[(1000, None)]);
        plain.pause(at(5000));
        assert_eq!(plain.pauses, []);
    }

    #[test]
    fn on_a_late_platform_a_segment_has_what_it_has_elsewhere_as_much_later() {
        // On hold before its viewers there have the opening, around it, and when it is over on the programme.
        for (hold, release) in [(1500, 3500), (2500, 5500), (4500, 7500), (5500, 6500), (8500, 9500), (12_000, 13_000)]
        {
            let mut w = by_segment(&[(1000, None)]);
            let reached = |w: &Windows, entry| {
                let moments = |(opens, closes): (u64, Option<u64>)| [Some(opens), closes];
                let all = on(w, entry).into_iter().flat_map(moments).flatten();
                all.filter(|ms| *ms < hold).collect::<Vec<_>>()
            };
            let before = [4, 5].map(|entry| reached(&w, entry));
            w.pause(at(hold));
            assert_eq!([4, 5].map(|entry| reached(&w, entry)), before, "{hold}");
            w.go_on(at(release));
            assert_eq!([4, 5].map(|entry| reached(&w, entry)), before, "{hold} to {release}");
            let later = |(opens, closes): (u64, Option<u64>)| (opens + 5000, closes.map(|closes| closes + 5000));
            assert_eq!(on(&w, 5), on(&w, 4).into_iter().map(later).collect::<Vec<_>>(), "{hold} to {release}");
        }
        // A minute behind: a hold that is over by then takes nothing of their first 20 s, nor does one that goes on.
        let east = SegmentWindow { from_s: 0, to_s: Some(20) };
        let one = |name: &str| Track { window: Some(east), ..track(name, &[1], 0, &[(60_000, 60_000)]) };
        let mut w = Windows { tracks: vec![one("tv")], ..windows(&[(0, None)]) };
        w.pause(at(6500));
        assert_eq!(on(&w, 1), [(60_000, None)]);
        w.go_on(at(26_500));
        assert_eq!(on(&w, 1), [(60_000, Some(100_000))]);
        w.spans[0].closes = Some(at(11_500));
        assert_eq!(on(&w, 1), [(60_000, Some(71_500))]);
    }

    #[test]
    fn numbers_of_a_file_from_elsewhere_are_judged_whatever_they_are() {
        let mut w = by_segment(&[(1000, Some(6000))]);
        for (opens, closes) in [(0, u64::MAX), (u64::MAX, 0), (1000, 0)] {
            w.pauses.push(Span { opens: Micros(opens), closes: Some(Micros(closes)) });
            w.grace_ms = u64::MAX;
            w.tracks.iter_mut().for_each(|track| track.jitter_ms = u64::MAX);
            assert_eq!((w.judge(at(2000), 4), w.judge(at(2000), 1)), (Timeliness::Early, Timeliness::Early));
            assert_eq!((on(&w, 4), w.on(w.track(4)).grace_ms), (vec![], u64::MAX));
        }
    }

    #[test]
    fn a_segment_is_judged_by_its_own_window_and_grace() {
        use Timeliness::{Early, Late, Within};
        let w = by_segment(&[(1000, Some(6000))]);
        for (ms, nobody, east, west, west_on_tv) in [
            (999, Early, Early, Early, Early),
            (1000, Within, Within, Early, Early),
            (4999, Within, Within, Early, Early),
            (5000, Within, Within, Within, Early),
            (5099, Within, Within, Within, Early),
            (5100, Within, Late, Within, Early),
            (6099, Within, Late, Within, Early),
            (6100, Late, Late, Late, Early),
            (10_000, Late, Late, Late, Within),
            (11_100, Late, Late, Late, Late),
        ] {
            assert_eq!([0, 2, 4, 5].map(|entry| w.judge(at(ms), entry)), [nobody, east, west, west_on_tv], "{ms}");
        }
        // The run ended before their part began: too late once it is over, and nothing changes while it is open by hand.
        let w = by_segment(&[(1000, Some(3000))]);
        assert_eq!([3099, 3100].map(|ms| w.judge(at(ms), 4)), [Early, Late]);
        let open = by_segment(&[(1000, None)]);
        assert_eq!((open.phase(at(90_000)), open.locks_at()), (ClockPhase::Open, None));
        assert_eq!((open.judge(at(90_000), 0), open.judge(at(90_000), 2)), (Within, Late));
    }

    #[test]
    fn a_run_is_locked_for_all_when_its_last_segment_is_and_each_segment_at_its_own_end() {
        let w = by_segment(&[(1000, Some(6000))]);
        assert_eq!(w.locks_at(), Some(at(11_100)));
        use ClockPhase::{Before, Closing, Locked, Open};
        let own = |entry, ms: [u64; 4]| ms.map(|ms| w.on(w.track(entry)).phase(at(ms)));
        assert_eq!(own(2, [999, 1000, 5000, 5100]), [Before, Open, Closing, Locked]);
        assert_eq!(own(4, [4999, 5000, 6000, 6100]), [Before, Open, Closing, Locked]);
        let mut moments = vec![at(0)];
        moments.extend(std::iter::successors(w.next_change(at(0)), |now| w.next_change(*now)));
        assert_eq!(moments, [0, 1000, 5000, 5100, 6000, 6100, 10_000, 11_000, 11_100].map(at));
    }

    const SHOW: &str = "show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n\
         [cue.rules.windows]\neast = { to_s = 20 }\nwest = { from_s = 30 }\n\
         [[entry]]\nsegment = \"east\"\n[[entry]]\nsegment = \"west\"\n[[entry]]\nsegment = \"west\"\nplatform = \"tv\"\n\
         [[entry]]\nsegment = \"east\"\nplatform = \"tv\"\n\
         [[platform]]\nname = \"tv\"\ndelay_ms = 10000\n";

    /// Open for a minute from 100 s on.
    fn desk() -> Desk {
        let mut desk = Desk::new();
        desk.document = replace_rundown(&desk.document, &read(SHOW).unwrap(), Role::Producer).unwrap();
        desk.at_ms(100_000).send(Command::Standby { cue: "1".into() });
        desk.send(Command::Take);
        desk.send(Command::Open { seconds: Some(60) });
        desk
    }

    /// What the east, the west, and the west on television have, in tenths of seconds.
    fn all(document: &Document) -> [Vec<(u64, Option<u64>)>; 3] {
        let windows = &document.runs[0].windows;
        assert!(document.runs[0].definition.cuts(windows));
        let tenths = |(opens, closes): (u64, Option<u64>)| (opens / 100, closes.map(|closes| closes / 100));
        [1, 2, 3].map(|entry| on(windows, entry).into_iter().map(tenths).collect())
    }

    #[test]
    fn a_hold_suspends_the_windows_of_segments_and_a_release_goes_on_with_them() {
        let mut desk = desk();
        assert_eq!(desk.document.format, FORMAT, "an older release would judge by the whole window");
        assert_eq!(all(&desk.document), [vec![(1000, Some(1200))], vec![(1300, Some(1600))], vec![(1400, Some(1700))]]);
        desk.at_ms(110_000).send(Command::Hold);
        assert_eq!(all(&desk.document), [vec![(1000, None)], vec![], vec![]]);
        desk.at_ms(140_000).send(Command::Release);
        assert_eq!(all(&desk.document), [vec![(1000, Some(1500))], vec![(1600, Some(1900))], vec![(1700, Some(2000))]]);
        desk.send(Command::Extend { seconds: 10 });
        assert_eq!(all(&desk.document), [vec![(1000, Some(1500))], vec![(1600, Some(2000))], vec![(1700, Some(2100))]]);
        // What is so near that not everybody could know stays, and a close ends a hold.
        let mut desk = self::desk();
        desk.at_ms(119_000).send(Command::Hold);
        assert_eq!(all(&desk.document)[0], [(1000, Some(1200))]);
        desk.at_ms(140_000).send(Command::Close);
        assert_eq!(all(&desk.document), [vec![(1000, Some(1200))], vec![], vec![]]);
        // A marker later than their opening moves neither end nor beginning.
        let mut desk = self::desk();
        desk.at_ms(120_000).send(Command::Marker { programme_time: 100_000, platform: Some("tv".into()) });
        assert_eq!(all(&desk.document)[2], [(1400, Some(1800))]);
        desk.at_ms(200_000).send(Command::Extend { seconds: 10 });
        assert_eq!(
            all(&desk.document),
            [
                vec![(1000, Some(1200))],
                vec![(1300, Some(1600)), (2015, Some(2115))],
                vec![(1400, Some(1800)), (2215, Some(2315))]
            ]
        );
    }

    #[test]
    fn a_hold_or_a_release_that_was_stored_too_late_counts_from_when_everybody_can_know() {
        let mut desk = desk();
        let before = desk.document.clone();
        desk.at_ms(110_000).send(Command::Hold);
        assert_eq!(catch_up(&before, &desk.document, Micros::from_ms(111_400)), None);
        let late = catch_up(&before, &desk.document, Micros::from_ms(119_000)).unwrap();
        assert_eq!(all(&late)[0], [(1000, Some(1200))], "it ended while nobody knew");
        let late = catch_up(&before, &desk.document, Micros::from_ms(115_000)).unwrap();
        assert_eq!(all(&late)[0], [(1000, None)]);
        let before = desk.document.clone();
        desk.at_ms(140_000).send(Command::Release);
        assert_eq!(catch_up(&before, &desk.document, Micros::from_ms(141_400)), None);
        let late = catch_up(&before, &desk.document, Micros::from_ms(145_000)).unwrap();
        assert_eq!(all(&late)[0], [(1000, Some(1550))]);
        assert_eq!(catch_up(&desk.document, &desk.document.succeed(), Micros::from_ms(145_000)), None);
    }

    #[test]
    fn of_two_branches_a_segment_has_what_it_had_on_either() {
        let (mut ours, mut theirs) = (desk(), desk());
        theirs.document = ours.document.clone();
        theirs.at_ms(110_000).send(Command::Hold);
        ours.at_ms(110_000).send(Command::Step);
        for (one, other, command) in [(&ours, &theirs, "hold"), (&theirs, &ours, "step")] {
            let Merged { document, incidents } =
                merge(&one.document, &other.document, &[command], Micros::from_ms(135_000));
            assert_eq!(incidents.len(), 1, "{incidents:?}");
            let windows = &document.runs[0].windows;
            // The east voted on where it was held, the west had begun where it was not.
            assert_eq!([1, 2].map(|entry| windows.judge(at(134_000), entry)), [Timeliness::Within; 2]);
            assert!(document.runs[0].definition.cuts(windows) && document.runs[0].hold.is_some());
        }
        let same = merge(&ours.document, &ours.document.succeed(), &[], Micros::from_ms(115_000));
        assert_eq!(same.incidents, [""; 0]);
    }

    #[test]
    fn of_two_branches_with_holds_or_a_marker_a_segment_keeps_what_was_counted_on_either() {
        let marker = |at_ms: u64, behind_ms: u64| {
            (at_ms, Command::Marker { programme_time: at_ms - behind_ms, platform: Some("tv".into()) })
        };
        let held = |hold: u64, release: u64| vec![(hold, Command::Hold), (release, Command::Release)];
        for (one, other, now_ms) in [
            // As long on hold, and not at the same time: the west began before the one and after the other.
            (held(110_000, 120_000), held(132_000, 142_000), 150_000),
            (held(105_000, 112_000), held(118_000, 140_000), 155_000),
            (held(110_000, 120_000), vec![(132_000, Command::Hold)], 150_000),
            // Television is later on one branch, or on each by another time.
            (vec![], vec![marker(105_000, 20_000)], 145_000),
            (vec![marker(104_000, 4000)], vec![marker(105_000, 20_000)], 145_000),
            ([vec![marker(105_000, 20_000)], held(108_000, 111_000)].concat(), held(112_000, 117_000), 150_000),
        ] {
            let told = |commands: &[(u64, Command)]| {
                let mut desk = desk();
                commands.iter().for_each(|(at_ms, command)| desk.at_ms(*at_ms).send(command.clone()));
                desk
            };
            let branches = [told(&one), told(&other)].map(|desk| desk.document);
            for (ours, theirs) in [(0, 1), (1, 0)] {
                let merged = merge(&branches[ours], &branches[theirs], &[], at(now_ms));
                assert!(merged.incidents.iter().any(|one| one.contains("the windows of segments differed")));
                let run = &merged.document.runs[0];
                assert!(run.definition.cuts(&run.windows));
                for (ms, entry) in (100_000..now_ms).step_by(250).flat_map(|ms| (0..=4).map(move |entry| (ms, entry))) {
                    let is_within = |windows: &Windows| windows.judge(at(ms), entry) == Timeliness::Within;
                    let was = branches.iter().any(|branch| is_within(&branch.runs[0].windows));
                    assert!(!was || is_within(&run.windows), "{one:?} {other:?}: {ms} by {entry}");
                }
            }
        }
    }

    #[test]
    fn windows_that_cut_something_else_are_not_those_of_the_rules() {
        let run = &desk().document.runs[0];
        let with = |change: fn(&mut Track)| {
            let mut windows = run.windows.clone();
            windows.tracks.iter_mut().filter(|track| track.window.is_some()).for_each(change);
            run.definition.cuts(&windows)
        };
        assert!(with(|_| ()));
        let changes: [fn(&mut Track); 5] = [
            |track| track.window = None,
            |track| track.entries.clear(),
            |track| track.window = Some(SegmentWindow { from_s: 31, to_s: None }),
            |track| track.window = Some(SegmentWindow { from_s: 0, to_s: Some(19) }),
            |track| track.segment.clear(),
        ];
        for change in changes {
            assert!(!with(change));
        }
    }
}
