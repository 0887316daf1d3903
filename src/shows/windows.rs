//! When ballots of a run are accepted. A pure list of spans, for each platform by how much its viewers have them later, and for
//! a segment with a window of its own which part of them it has: every node, the bucket, the recount and the offline verifier
//! judge a receive time by the same few lines.

use serde::{Deserialize, Serialize};

use super::segments::SegmentWindow;
use crate::base::{clock::Micros, limits};

/// One opening of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First moment inside.
    pub opens: Micros,
    /// First moment outside; `None`: until somebody closes it.
    pub closes: Option<Micros>,
}

/// A run's windows as of one revision of the show. Newer (epoch, revision) replaces older, never the other way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Windows {
    /// Epoch of the document that made this list.
    pub epoch: u32,
    /// Revision of the document that made this list.
    pub revision: u64,
    /// Extra acceptance after every close, milliseconds.
    pub grace_ms: u64,
    /// Openings in the order of time, as the programme has them; they do not overlap.
    pub spans: Vec<Span>,
    /// Those who have them later or not all of them: platforms, and segments with a window of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<Track>,
    /// When the clock of the segments stands still, because the run is on hold; `None` as its end: until somebody releases it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Span>,
}

/// The openings as some viewers have them: by how much later on their platform, and which part of them if their segment has a
/// window of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Track {
    /// Its name; empty: they have everything when the programme has it.
    pub platform: String,
    /// The segment with a window of its own; empty: all others there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub segment: String,
    /// What the rules give the segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<SegmentWindow>,
    /// The numbers of the entries by which they come, in the run's definition.
    pub entries: Vec<u8>,
    /// Extra acceptance after each close, beside the grace, milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub jitter_ms: u64,
    /// One for each span, in their order; the last one counts for all that follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shifts: Vec<Shift>,
}

/// How much later one opening begins and ends, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Shift {
    pub opens_ms: u64,
    pub closes_ms: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Track {
    /// The shift of a span, by its place in the list.
    pub fn shift(&self, index: usize) -> Shift {
        self.shifts.get(index).or(self.shifts.last()).copied().unwrap_or_default()
    }

    /// How much later its viewers see what is on now.
    pub fn delay_ms(&self) -> u64 {
        self.shift(self.shifts.len()).closes_ms
    }
}

/// How a receive time lies to the windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeliness {
    /// Before the first opening, or the run was never opened.
    Early,
    /// Inside a span or its grace.
    Within,
    /// Outside all spans and after at least one of them opened.
    Late,
}

/// Where the clock stands in the windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockPhase {
    /// Not opened yet.
    Before,
    /// Inside a span.
    Open,
    /// In the grace after a close.
    Closing,
    /// Intake is over.
    Locked,
}

impl Windows {
    /// No spans yet.
    pub fn new(grace_ms: u64) -> Self {
        Self { grace_ms, ..Self::default() }
    }

    /// Judges when a ballot was received whose voter came by an entry.
    pub fn judge(&self, received: Micros, entry: u8) -> Timeliness {
        let track = self.track(entry);
        let is_over = |span: Span| self.end_on(span, track).is_some_and(|end| end <= received);
        match self.spans_on(track).take_while(|span| span.opens <= received).last() {
            Some(span) if is_over(span) => Timeliness::Late,
            Some(_) => Timeliness::Within,
            // Whose part was to come when the run was closed comes too late for it.
            None if self.is_cut(track) && self.whole_on(track).last().is_some_and(is_over) => Timeliness::Late,
            None => Timeliness::Early,
        }
    }

    /// The phase at a moment: open and closed as the programme has it, locked once it is so for everybody.
    pub fn phase(&self, at: Micros) -> ClockPhase {
        let Some(index) = self.spans.iter().rposition(|span| span.opens <= at) else { return ClockPhase::Before };
        match self.spans[index].closes {
            Some(closes) if at >= closes => match self.end(index) {
                Some(end) if end <= at => ClockPhase::Locked,
                _ => ClockPhase::Closing,
            },
            _ => ClockPhase::Open,
        }
    }

    /// The track of an entry. `None`: its viewers have everything as the programme has it.
    pub fn track(&self, entry: u8) -> Option<&Track> {
        self.tracks.iter().find(|track| track.entries.contains(&entry))
    }

    /// All openings as those have them who are on a track; they do not overlap there either.
    pub fn spans_on(&self, track: Option<&Track>) -> impl Iterator<Item = Span> {
        self.whole_on(track).filter_map(move |span| self.own(span, track))
    }

    /// All openings as the platform of a track has them, whatever the window of its segment.
    pub fn whole_on(&self, track: Option<&Track>) -> impl Iterator<Item = Span> {
        let mut free = Micros(0);
        self.spans.iter().enumerate().map(move |(index, span)| {
            let Some(track) = track else { return *span };
            let shift = track.shift(index);
            let opens = span.opens.plus_ms(shift.opens_ms).max(free);
            let closes = span.closes.map(|closes| closes.plus_ms(shift.closes_ms).max(opens));
            free = closes.unwrap_or(opens);
            Span { opens, closes }
        })
    }

    /// Extra acceptance after every close on a track, milliseconds.
    fn grace_on(&self, track: Option<&Track>) -> u64 {
        self.grace_ms.saturating_add(track.map_or(0, |track| track.jitter_ms))
    }

    /// When intake of one of these spans is over; `None`: not by itself.
    pub fn end_on(&self, span: Span, track: Option<&Track>) -> Option<Micros> {
        Some(span.closes?.plus_ms(self.grace_on(track)))
    }

    /// When intake of a span is over for everybody; `None`: not by itself.
    fn end(&self, index: usize) -> Option<Micros> {
        self.spans[index].closes?;
        let on = |track| self.end_on(self.own(self.whole_on(track).nth(index)?, track)?, track);
        self.all_tracks().filter_map(on).max()
    }

    /// The programme itself, and every track. A segment's window is never longer than that of its platform.
    fn all_tracks(&self) -> impl Iterator<Item = Option<&Track>> {
        std::iter::once(None).chain(self.tracks.iter().map(Some))
    }

    /// The windows as those have them who are on a track, for themselves.
    pub fn on(&self, track: Option<&Track>) -> Self {
        Self {
            epoch: self.epoch,
            revision: self.revision,
            grace_ms: self.grace_on(track),
            spans: self.spans_on(track).collect(),
            ..Self::default()
        }
    }

    /// How long the window was open until a moment, in whole milliseconds, for a voter who came by an entry. A grace is no
    /// opening: nobody was to answer in it.
    pub fn open_ms(&self, at: Micros, entry: u8) -> u64 {
        let until = |span: Span| span.closes.map_or(at, |closes| closes.min(at)).0.saturating_sub(span.opens.0);
        self.spans_on(self.track(entry)).map(until).sum::<u64>() / 1000
    }

    /// The next moment after `at` at which a phase changes by itself, for anybody.
    pub fn next_change(&self, at: Micros) -> Option<Micros> {
        let moments = |track: Option<&Track>| {
            let of = move |span: Span| [Some(span.opens), span.closes, self.end_on(span, track)];
            let next = self.spans_on(track).flat_map(of).flatten().filter(|moment| *moment > at);
            next.min()
        };
        self.all_tracks().filter_map(moments).min()
    }

    /// The newest span, as the programme has it.
    pub fn last(&self) -> Option<Span> {
        self.spans.last().copied()
    }

    /// When intake of the newest span is over for everybody.
    pub fn locks_at(&self) -> Option<Micros> {
        self.end(self.spans.len().checked_sub(1)?)
    }

    /// Whether an extension asked for now comes too late to move the close, so that it opens a new span.
    pub fn extension_reopens(&self, now: Micros) -> bool {
        match self.last() {
            Some(Span { closes: Some(closes), .. }) => now.plus_ms(limits::WINDOW_LEAD_MS) > closes,
            _ => false,
        }
    }

    /// Whether `other` is to be used in the place of this.
    pub fn is_older_than(&self, other: &Self) -> bool {
        (self.epoch, self.revision) < (other.epoch, other.revision)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// So many milliseconds.
    pub fn at(ms: u64) -> Micros {
        Micros::from_ms(ms)
    }

    /// Openings in milliseconds, with a grace of 100.
    pub fn windows(spans: &[(u64, Option<u64>)]) -> Windows {
        let spans = spans.iter().map(|(opens, closes)| Span { opens: at(*opens), closes: closes.map(at) }).collect();
        Windows { grace_ms: 100, spans, ..Windows::default() }
    }

    #[test]
    fn a_time_is_judged_by_span_and_grace() {
        let w = windows(&[(1000, Some(2000)), (5000, Some(6000))]);
        for (ms, want) in [
            (999, Timeliness::Early),
            (1000, Timeliness::Within),
            (2099, Timeliness::Within),
            (2100, Timeliness::Late),
            (4999, Timeliness::Late),
            (5000, Timeliness::Within),
            (6100, Timeliness::Late),
        ] {
            assert_eq!(w.judge(at(ms), 0), want, "{ms}");
        }
        assert_eq!(windows(&[]).judge(at(5), 0), Timeliness::Early);
    }

    #[test]
    fn what_was_closed_is_no_time_to_answer() {
        let w = windows(&[(1000, Some(2000)), (5000, Some(6000))]);
        for (ms, open) in
            [(0, 0), (1000, 0), (1750, 750), (2000, 1000), (2099, 1000), (5000, 1000), (5500, 1500), (6100, 2000)]
        {
            assert_eq!(w.open_ms(at(ms), 0), open, "{ms}");
        }
        assert_eq!(windows(&[(1000, None)]).open_ms(Micros(2_500_999), 0), 1500);
    }

    #[test]
    fn the_clock_alone_moves_the_phase() {
        let w = windows(&[(1000, Some(2000))]);
        assert_eq!(w.next_change(at(0)), Some(at(1000)));
        assert_eq!(w.next_change(at(1000)), Some(at(2000)));
        assert_eq!(w.next_change(at(2000)), Some(at(2100)));
        assert_eq!(w.next_change(at(2100)), None);
        assert_eq!(windows(&[(1000, None)]).phase(at(u64::MAX / 2000)), ClockPhase::Open);
    }

    #[test]
    fn an_extension_within_the_lead_is_a_reopening() {
        let w = windows(&[(1000, Some(10_000))]);
        assert!(!w.extension_reopens(at(8_500)));
        assert!(w.extension_reopens(at(8_501)));
        assert!(!windows(&[(1000, None)]).extension_reopens(at(5000)));
    }

    /// Those who come by some entries of a platform, and how much later they have each opening and close.
    pub fn track(platform: &str, entries: &[u8], jitter_ms: u64, shifts: &[(u64, u64)]) -> Track {
        let shifts = shifts.iter().map(|(opens_ms, closes_ms)| Shift { opens_ms: *opens_ms, closes_ms: *closes_ms });
        let shifts = shifts.collect();
        Track { platform: platform.into(), entries: entries.to_vec(), jitter_ms, shifts, ..Track::default() }
    }

    /// 1 s to 2 s, and for entries 1 and 3 5 s later with 200 ms more.
    fn tracked() -> Windows {
        Windows { tracks: vec![track("tv", &[1, 3], 200, &[(5000, 5000)])], ..windows(&[(1000, Some(2000))]) }
    }

    #[test]
    fn a_platform_has_its_own_window_by_its_delay_and_jitter() {
        use Timeliness::{Early, Late, Within};
        for (ms, programme, delayed) in [
            (999, Early, Early),
            (1000, Within, Early),
            (2099, Within, Early),
            (2100, Late, Early),
            (5999, Late, Early),
            (6000, Late, Within),
            (7299, Late, Within),
            (7300, Late, Late),
        ] {
            let found = [0, 2, 1, 3].map(|entry| tracked().judge(at(ms), entry));
            assert_eq!(found, [programme, programme, delayed, delayed], "{ms}");
        }
        assert_eq!((tracked().open_ms(at(6500), 1), tracked().open_ms(at(6500), 2)), (500, 1000));
    }

    #[test]
    fn a_run_is_locked_when_it_is_so_for_everybody() {
        let w = tracked();
        let phases = [999, 1000, 2000, 5000, 7299, 7300].map(|ms| w.phase(at(ms)));
        use ClockPhase::{Before, Closing, Locked, Open};
        assert_eq!(phases, [Before, Open, Closing, Closing, Closing, Locked]);
        assert_eq!(w.locks_at(), Some(at(7300)));
        let mut moments = vec![at(0)];
        moments.extend(std::iter::successors(w.next_change(at(0)), |now| w.next_change(*now)));
        assert_eq!(moments, [0, 1000, 2000, 2100, 6000, 7000, 7300].map(at));
        let own = w.on(w.track(1));
        assert_eq!([5999, 6000, 7000, 7300].map(|ms| own.phase(at(ms))), [Before, Open, Closing, Locked]);
        let programme = w.on(None);
        assert_eq!((programme.phase(at(2100)), programme.locks_at()), (Locked, Some(at(2100))));
        let open = Windows { tracks: w.tracks.clone(), ..windows(&[(1000, None)]) };
        assert_eq!(
            (open.phase(at(90_000)), open.locks_at(), open.judge(at(90_000), 1)),
            (Open, None, Timeliness::Within)
        );
    }

    #[test]
    fn an_opening_keeps_its_shift_and_the_next_one_begins_after_it() {
        let spans = windows(&[(1000, Some(2000)), (4000, Some(9000))]);
        let w = Windows { tracks: vec![track("tv", &[1], 0, &[(5000, 5000), (1000, 2000)])], ..spans };
        let found: Vec<_> = w.spans_on(w.track(1)).collect();
        // By its own shift the second would begin at 5 s, inside the first.
        assert_eq!(found, [(6000, 7000), (7000, 11_000)].map(|(o, c)| Span { opens: at(o), closes: Some(at(c)) }));
    }

    #[test]
    fn windows_without_platforms_are_written_as_before() {
        let json = serde_json::to_string(&windows(&[(1, None)])).unwrap();
        assert!(!json.contains("tracks"), "{json}");
        assert_eq!(serde_json::from_str::<Windows>(&json).unwrap(), windows(&[(1, None)]));
        let json = serde_json::to_string(&tracked()).unwrap();
        assert_eq!(serde_json::from_str::<Windows>(&json).unwrap(), tracked());
    }
}
