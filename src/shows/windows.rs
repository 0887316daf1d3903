//! When ballots of a run are accepted. A pure list of spans: every node, the bucket, the recount and the offline
//! verifier judge a receive time by the same few lines.

use serde::{Deserialize, Serialize};

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
    /// Openings in the order of time; they do not overlap.
    pub spans: Vec<Span>,
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

    /// Judges a receive time.
    pub fn judge(&self, received: Micros) -> Timeliness {
        match self.phase(received) {
            ClockPhase::Before => Timeliness::Early,
            ClockPhase::Open | ClockPhase::Closing => Timeliness::Within,
            ClockPhase::Locked => Timeliness::Late,
        }
    }

    /// The phase at a moment.
    pub fn phase(&self, at: Micros) -> ClockPhase {
        let Some(span) = self.spans.iter().rev().find(|span| span.opens <= at) else { return ClockPhase::Before };
        match span.closes {
            None => ClockPhase::Open,
            Some(closes) if at < closes => ClockPhase::Open,
            Some(closes) if at < closes.plus_ms(self.grace_ms) => ClockPhase::Closing,
            Some(_) => ClockPhase::Locked,
        }
    }

    /// How long the window was open until a moment, in whole milliseconds. A grace is no opening: nobody was to answer in it.
    pub fn open_ms(&self, at: Micros) -> u64 {
        let until = |span: &Span| span.closes.map_or(at, |closes| closes.min(at)).0.saturating_sub(span.opens.0);
        self.spans.iter().map(until).sum::<u64>() / 1000
    }

    /// The next moment after `at` at which the phase changes by itself.
    pub fn next_change(&self, at: Micros) -> Option<Micros> {
        self.spans
            .iter()
            .flat_map(|span| [Some(span.opens), span.closes, span.closes.map(|closes| closes.plus_ms(self.grace_ms))])
            .flatten()
            .filter(|moment| *moment > at)
            .min()
    }

    /// The newest span.
    pub fn last(&self) -> Option<Span> {
        self.spans.last().copied()
    }

    /// When intake of the newest span is over.
    pub fn locks_at(&self) -> Option<Micros> {
        Some(self.last()?.closes?.plus_ms(self.grace_ms))
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
mod tests {
    use super::*;

    fn at(ms: u64) -> Micros {
        Micros::from_ms(ms)
    }

    fn windows(spans: &[(u64, Option<u64>)]) -> Windows {
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
            assert_eq!(w.judge(at(ms)), want, "{ms}");
        }
        assert_eq!(windows(&[]).judge(at(5)), Timeliness::Early);
    }

    #[test]
    fn what_was_closed_is_no_time_to_answer() {
        let w = windows(&[(1000, Some(2000)), (5000, Some(6000))]);
        for (ms, open) in
            [(0, 0), (1000, 0), (1750, 750), (2000, 1000), (2099, 1000), (5000, 1000), (5500, 1500), (6100, 2000)]
        {
            assert_eq!(w.open_ms(at(ms)), open, "{ms}");
        }
        assert_eq!(windows(&[(1000, None)]).open_ms(Micros(2_500_999)), 1500);
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
}
