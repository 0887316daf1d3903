//! When to come back: after a close by its code, after anything else a random time that doubles with each failure,
//! so that an audience that was cut off together does not return together.

use fastrand::Rng;

/// The first wait after an unannounced close is a random time up to this.
pub const RECONNECT_MS: u64 = 1000;
/// No random wait is longer.
pub const RECONNECT_MS_MAX: u64 = 30_000;
/// A node that says "come back later" (1013) is left alone for at least this long.
pub const LATER_MS: u64 = 1000;
/// After 1008 the client has been wrong, most likely too fast: it waits at least this long.
pub const WRONG_MS: u64 = 5000;

/// How a connection ended, or why there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Closing {
    /// The server said `reconnect` and named a wait in milliseconds; what is left of it.
    Told { wait_ms: u64 },
    /// The server closed with this code.
    Code(u16),
    /// The connection broke, or nothing was heard for too long.
    Broken,
    /// No connection came about.
    Unreachable,
    /// The server answered the upgrade with this HTTP status.
    Status(u16),
    /// The client left by itself, to connect to another node.
    Moved,
    /// The client left for good.
    Left,
}

/// What to do after a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Connect again after this many milliseconds, with the token that is there.
    After(u64),
    /// The token is not good any more: forget it, then connect again after this many milliseconds.
    NewToken(u64),
    /// Never.
    Stop,
}

/// Failures in a row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The session was joined: the next failure is the first again.
    pub const fn joined(&mut self) {
        self.failures = 0;
    }

    /// What to do after `closing`.
    pub fn after(&mut self, closing: Closing, rng: &mut Rng) -> Next {
        match closing {
            Closing::Left | Closing::Code(1009 | 4003 | 4004 | 4009) | Closing::Status(403 | 404) => Next::Stop,
            Closing::Moved => Next::After(0),
            Closing::Told { wait_ms } => Next::After(wait_ms),
            Closing::Code(4001) | Closing::Status(401) => Next::NewToken(self.random_ms(rng)),
            Closing::Code(1013) | Closing::Status(429 | 503) => Next::After(LATER_MS + self.random_ms(rng)),
            Closing::Code(1008) => Next::After(WRONG_MS + self.random_ms(rng)),
            Closing::Code(_) | Closing::Status(_) | Closing::Broken | Closing::Unreachable => {
                Next::After(self.random_ms(rng))
            }
        }
    }

    /// Full jitter: anything between nothing and the doubled limit.
    fn random_ms(&mut self, rng: &mut Rng) -> u64 {
        let limit_ms = doubled(RECONNECT_MS, self.failures);
        self.failures = self.failures.saturating_add(1);
        rng.u64(0..=limit_ms)
    }
}

/// `ms`, doubled `times` times, at most [`RECONNECT_MS_MAX`] (or `ms` itself, if that is more).
pub fn doubled(ms: u64, times: u32) -> u64 {
    ms.saturating_mul(1 << times.min(20)).min(RECONNECT_MS_MAX.max(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longest(closing: Closing, failures_before: u32) -> u64 {
        let mut rng = Rng::with_seed(7);
        (0..2000)
            .map(|_| match (Backoff { failures: failures_before }).after(closing, &mut rng) {
                Next::After(ms) | Next::NewToken(ms) => ms,
                Next::Stop => panic!("should come back after {closing:?}"),
            })
            .max()
            .unwrap_or_default()
    }

    #[test]
    fn waits_are_random_and_double_up_to_half_a_minute() {
        for (failures, limit_ms) in [(0, 1000), (1, 2000), (4, 16_000), (5, 30_000), (4_000_000, 30_000)] {
            let longest = longest(Closing::Broken, failures);
            assert!((limit_ms * 9 / 10..=limit_ms).contains(&longest), "{failures}: {longest}");
        }
    }

    #[test]
    fn success_starts_anew() {
        let mut rng = Rng::with_seed(1);
        let mut backoff = Backoff::default();
        for _ in 0..10 {
            backoff.after(Closing::Unreachable, &mut rng);
        }
        backoff.joined();
        let Next::After(ms) = backoff.after(Closing::Unreachable, &mut rng) else { panic!("comes back") };
        assert!(ms <= RECONNECT_MS);
    }

    #[test]
    fn close_codes_are_obeyed() {
        let mut rng = Rng::with_seed(1);
        let mut after = |closing| Backoff::default().after(closing, &mut rng);
        for closing in [Closing::Code(4003), Closing::Code(4004), Closing::Code(1009), Closing::Left] {
            assert_eq!(after(closing), Next::Stop);
        }
        assert_eq!(after(Closing::Told { wait_ms: 1234 }), Next::After(1234));
        assert_eq!(after(Closing::Moved), Next::After(0));
        assert!(matches!(after(Closing::Code(4001)), Next::NewToken(_)));
        assert!(matches!(after(Closing::Code(1013)), Next::After(LATER_MS..)));
        assert!(matches!(after(Closing::Code(1008)), Next::After(WRONG_MS..)));
        for code in [1001, 1006, 1011, 1012] {
            assert!(matches!(after(Closing::Code(code)), Next::After(0..=RECONNECT_MS)));
        }
    }
}
