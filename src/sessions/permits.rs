//! How often one session may send: a token bucket. Pure; the time is an argument.

use crate::base::{clock::Micros, limits};

/// What a session has left.
#[derive(Debug)]
pub struct Permits {
    /// Thousandths of a permit.
    left_milli: u64,
    at: Micros,
}

impl Permits {
    /// A full bucket.
    pub fn new(now: Micros) -> Self {
        Self { left_milli: u64::from(limits::MESSAGES_BURST) * 1000, at: now }
    }

    /// Takes one permit, or says in how many milliseconds there is one.
    pub fn take(&mut self, now: Micros) -> Result<(), u32> {
        let gained = now.since_ms(self.at).saturating_mul(u64::from(limits::MESSAGES_PER_SECOND));
        self.at = self.at.plus_ms(now.since_ms(self.at));
        self.left_milli = (self.left_milli + gained).min(u64::from(limits::MESSAGES_BURST) * 1000);
        match self.left_milli.checked_sub(1000) {
            Some(left) => {
                self.left_milli = left;
                Ok(())
            }
            None => Err(1000 / limits::MESSAGES_PER_SECOND),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_it_is_a_rate() {
        let mut permits = Permits::new(Micros(0));
        for _ in 0..limits::MESSAGES_BURST {
            assert_eq!(permits.take(Micros(0)), Ok(()));
        }
        assert_eq!(permits.take(Micros(0)), Err(50));
        assert_eq!(permits.take(Micros::from_ms(49)), Err(50));
        assert_eq!(permits.take(Micros::from_ms(50)), Ok(()));
        assert_eq!(permits.take(Micros::from_ms(50)), Err(50));
    }
}
