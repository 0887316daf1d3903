//! How fast viewers tap: pure, from what was counted when.

use std::collections::VecDeque;

use crate::base::{clock::Micros, limits};

/// Samples lie at least so far apart: a window has a dozen of them.
const APART_MS: u64 = 150;

/// The pace of one process.
#[derive(Debug, Default)]
pub(super) struct PaceMeter {
    /// What was counted until when, oldest first; the first is older than the window, or the beginning.
    samples: VecDeque<(Micros, u64)>,
}

impl PaceMeter {
    /// Taps per second over the window, given what is counted until now.
    pub(super) fn at(&mut self, now: Micros, total: u64) -> u64 {
        if self.samples.back().is_none_or(|(at, _)| now.since_ms(*at) >= APART_MS) {
            self.samples.push_back((now, total));
        }
        let from = Micros::from_ms(now.as_ms().saturating_sub(limits::PACE_WINDOW_MS));
        while self.samples.get(1).is_some_and(|(at, _)| *at <= from) {
            self.samples.pop_front();
        }
        let Some((at, before)) = self.samples.front() else { return 0 };
        // A beginning is no pace: what came within less than a second counts as that of one second.
        total.saturating_sub(*before) * 1000 / now.since_ms(*at).max(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_two_seconds() {
        let mut meter = PaceMeter::default();
        let mut at = |ms, total| meter.at(Micros::from_ms(ms), total);
        assert_eq!((at(0, 0), at(100, 30), at(500, 50)), (0, 30, 50));
        // A hundred a second from here on.
        let steady: Vec<u64> = (1..=20).map(|tick| at(500 + tick * 200, 50 + tick * 20)).collect();
        assert_eq!(steady[12..], [100; 8]);
        assert_eq!((at(5500, 450), at(6501, 450)), (50, 0));
    }
}
