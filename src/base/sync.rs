//! How far the node's clock is from the clock of the installation: pure. A sample is a call to the clock and its answer;
//! those with a short way say most.

use std::collections::VecDeque;

use super::clock::Micros;

/// Samples older than this are forgotten.
const WINDOW_US: u64 = 2_000_000;
/// With samples ten times this rare there is always one; more are never kept.
const SAMPLES_MAX: usize = 64;
/// A clock that is further off than this is not trusted to judge a window...
pub const ERROR_US_MAX: u64 = 50_000;
/// ...once that has lasted this long.
const UNSURE_AFTER_US: u64 = 5_000_000;

/// One call to the clock. All times in microseconds; `sent` and `received` on this node's clock.
#[derive(Debug, Clone, Copy)]
struct Sample {
    received: u64,
    round_trip: u64,
    /// What to add to this node's clock.
    offset: i64,
}

/// What the samples say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// What to add to this node's clock, microseconds.
    pub offset_us: i64,
    /// Half the way there and back: how wrong that may be.
    pub error_us: u64,
}

/// The newest samples and since when they are bad.
#[derive(Debug, Default)]
pub struct Sync {
    samples: VecDeque<Sample>,
    /// Since when the clock was off; on the monotonic clock.
    off_since: Option<u64>,
    /// A sample was taken.
    seen: bool,
}

impl Sync {
    /// Takes a sample: a call sent and answered at these monotonic moments, when this node's clock said `now` at its
    /// answer, and the other clock `theirs` somewhere between.
    pub fn sample(&mut self, sent_us: u64, received_us: u64, now: Micros, theirs: Micros) {
        let round_trip = received_us.saturating_sub(sent_us);
        let at_answer = theirs.0.saturating_add(round_trip / 2);
        let offset = i64::try_from(at_answer).unwrap_or(i64::MAX) - i64::try_from(now.0).unwrap_or(i64::MAX);
        self.forget(received_us);
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample { received: received_us, round_trip, offset });
        self.seen = true;
    }

    fn forget(&mut self, at_us: u64) {
        self.samples.retain(|sample| sample.received + WINDOW_US >= at_us);
    }

    /// What the best of the newest samples says.
    pub fn estimate(&mut self, at_us: u64) -> Option<Estimate> {
        self.forget(at_us);
        let best = self.samples.iter().min_by_key(|sample| sample.round_trip)?;
        Some(Estimate { offset_us: best.offset, error_us: best.round_trip / 2 })
    }

    /// The clock was moved by so much: what the samples say of it moves too.
    pub fn moved(&mut self, by_us: i64) {
        for sample in &mut self.samples {
            sample.offset -= by_us;
        }
    }

    /// Whether the clock may be trusted: it was near the other one within the last five seconds. Without samples it runs
    /// on by itself, which is as good as a quartz: what was sure stays sure.
    pub fn sure(&mut self, at_us: u64) -> bool {
        match self.estimate(at_us) {
            None => {}
            Some(estimate) if estimate.offset_us.unsigned_abs() + estimate.error_us <= ERROR_US_MAX => {
                self.off_since = None;
            }
            Some(_) => {
                self.off_since.get_or_insert(at_us);
            }
        }
        self.seen && self.off_since.is_none_or(|since| at_us < since + UNSURE_AFTER_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    /// A sample of a clock that is `off` ahead, over a way of `trip`, at `at`.
    fn take(sync: &mut Sync, at: u64, trip: u64, off: i64) {
        let theirs = (at - trip / 2).checked_add_signed(off).unwrap();
        sync.sample(at - trip, at, Micros(at), Micros(theirs));
    }

    #[test]
    fn the_shortest_way_says_most() {
        let mut sync = Sync::default();
        assert_eq!((sync.estimate(0), sync.sure(0)), (None, false));
        take(&mut sync, 10 * S, 20_000, 3000);
        take(&mut sync, 11 * S, 400, 1000);
        take(&mut sync, 11 * S + 1, 90_000, -70_000);
        assert_eq!(sync.estimate(12 * S), Some(Estimate { offset_us: 1000, error_us: 200 }));
        sync.moved(1000);
        assert_eq!(sync.estimate(12 * S).unwrap().offset_us, 0);
        take(&mut sync, 14 * S, 600, 500);
        assert_eq!(sync.estimate(14 * S).unwrap().offset_us, 500, "what is old is forgotten");
    }

    #[test]
    fn a_clock_is_unsure_after_five_seconds() {
        let mut sync = Sync::default();
        for second in 1..=10 {
            take(&mut sync, second * S, 400, 60_000);
            assert_eq!(sync.sure(second * S), second < 6, "{second}");
        }
        for second in 11..=20 {
            take(&mut sync, second * S, 400, 49_000);
        }
        assert!(sync.sure(20 * S));
    }

    #[test]
    fn a_long_way_is_an_error_too() {
        let mut sync = Sync::default();
        for second in 1..=10 {
            take(&mut sync, second * S, 120_000, 0);
            assert_eq!(sync.sure(second * S), second < 6, "{second}");
        }
    }

    #[test]
    fn without_samples_what_was_sure_stays_sure() {
        let mut sync = Sync::default();
        take(&mut sync, S, 400, 0);
        assert!(sync.sure(S) && sync.sure(100 * S));
    }
}
