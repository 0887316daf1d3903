//! The only place that says now. Everything else gets the time as an argument.
#![expect(clippy::disallowed_methods, reason = "this is the one place that says now")]

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// A moment of the show's clock: microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Micros(pub u64);

impl Micros {
    /// From milliseconds since 1970, the unit of the wire.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms.saturating_mul(1000))
    }
    /// Whole milliseconds since 1970.
    pub const fn as_ms(self) -> u64 {
        self.0 / 1000
    }
    /// This moment, `ms` milliseconds later.
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1000)))
    }
    /// Milliseconds from `earlier` until this moment; zero if it is not earlier.
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0) / 1000
    }
}

/// Measures how long something takes; never a moment of the show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    pub fn start() -> Self {
        Self(Instant::now())
    }
    /// Time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// How far the operating system's clock may have moved against the monotonic one before the node calls itself unsure.
const STEP_US_MAX: i64 = 50_000;

/// The node's clock: monotonic since the last good look at the system clock, so that a step of the system clock never
/// moves a window that is already open.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    /// What to add to the time since `started`, in microseconds.
    offset_us: AtomicI64,
}

impl Clock {
    /// Starts from the system clock.
    pub fn start() -> Self {
        Self::start_after(Micros(0))
    }

    /// Starts from the system clock, but never before a moment that this clock has shown already: a close that was
    /// reached stays reached, whatever somebody does to the system clock between two starts.
    pub fn start_after(shown: Micros) -> Self {
        let shown_us = i64::try_from(shown.0).unwrap_or(i64::MAX);
        Self { started: Instant::now(), offset_us: AtomicI64::new(system_us().max(shown_us)) }
    }

    /// The time of the show's clock.
    pub fn now(&self) -> Micros {
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        Micros(u64::try_from(elapsed + self.offset_us.load(Ordering::Relaxed)).unwrap_or(0))
    }

    /// Microseconds since this clock was started; never stepped.
    pub fn elapsed_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Moves towards another clock that is `offset_us` ahead, and gives back by how much. The first look may step
    /// forward; after that small leads are followed at once and larger ones ten milliseconds a look. Backwards it is one
    /// millisecond a look, which with some looks a second never outruns the clock itself: a close stays reached.
    pub fn steer(&self, offset_us: i64, first: bool) -> i64 {
        let forward = if first || offset_us <= STEP_US_MAX { offset_us } else { 10_000 };
        let by = forward.max(-1000);
        self.offset_us.fetch_add(by, Ordering::Relaxed);
        by
    }

    /// How far this clock is ahead of the system clock, microseconds.
    pub fn ahead_of_system_us(&self) -> i64 {
        i64::try_from(self.now().0).unwrap_or(i64::MAX) - system_us()
    }

    /// Steps, before anybody has seen this clock, but never before `shown`.
    pub fn set_before_anything_is_shown(&self, offset_us: i64, shown: Micros) {
        let back = i64::try_from(self.now().0.saturating_sub(shown.0)).unwrap_or(i64::MAX);
        self.offset_us.fetch_add(offset_us.max(-back), Ordering::Relaxed);
    }

    /// Looks at the system clock again. Small drift is followed; a step is not, and its size in microseconds comes
    /// back, so that the caller can report the clock as unsure.
    pub fn resync(&self) -> Result<(), i64> {
        let drift = system_us() - i64::try_from(self.now().0).unwrap_or(i64::MAX);
        if drift.abs() > STEP_US_MAX {
            return Err(drift);
        }
        // Backwards drift is followed one millisecond a look: time on this clock must not run back past a close that
        // was reached, and at one look a second this never outruns the clock itself.
        self.offset_us.fetch_add(drift.max(-1000), Ordering::Relaxed);
        Ok(())
    }
}

fn system_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_follows_gently_and_never_runs_back_far() {
        let clock = Clock::start();
        assert_eq!([30_000, 80_000, -500, -80_000].map(|off| clock.steer(off, false)), [30_000, 10_000, -500, -1000]);
        assert_eq!((clock.steer(3_600_000_000, true), clock.steer(-3_600_000_000, true)), (3_600_000_000, -1000));
        assert!(clock.ahead_of_system_us() > 3_600_000_000);
        let shown = clock.now();
        clock.set_before_anything_is_shown(-7_200_000_000, shown);
        assert!(clock.now() >= shown);
        clock.set_before_anything_is_shown(-3_600_000_000, Micros(0));
        assert!(clock.now() < shown);
    }

    #[test]
    fn a_clock_never_starts_before_what_it_has_shown() {
        let hour_ms = 3_600_000;
        let shown = Clock::start().now().plus_ms(hour_ms);
        let clock = Clock::start_after(shown);
        assert!(clock.now() >= shown);
        let behind_us = clock.resync().unwrap_err();
        assert!(behind_us < -3_500_000_000, "{behind_us}");
        assert!(clock.now() >= shown, "a step is told, not followed");
        assert_eq!(Clock::start().resync(), Ok(()));
    }
}
