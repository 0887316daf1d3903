//! How often something may happen: a token bucket, and a bounded table of them. Pure; the time is an argument.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{Mutex, PoisonError},
};

use super::{clock::Micros, limits};

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once, after a rest.
    pub burst: u32,
    /// In the long run; not 0.
    pub per_second: u32,
}

/// Audience messages: of one session, and of one voter who sends them by POST.
pub const MESSAGES: Rate = Rate { burst: limits::MESSAGES_BURST, per_second: limits::MESSAGES_PER_SECOND };

/// Taps of one device that count.
pub const TAPS: Rate = Rate { burst: limits::TAPS_BURST, per_second: limits::TAPS_PER_SECOND };

/// Triggers of one key.
pub const TRIGGERS: Rate = Rate { burst: limits::TRIGGERS_BURST, per_second: limits::TRIGGERS_PER_SECOND };
/// Keys that open nothing, of one network.
pub const WRONG_KEYS: Rate = Rate { burst: limits::WRONG_KEYS_BURST, per_second: limits::WRONG_KEYS_PER_SECOND };

/// What somebody has left.
#[derive(Debug)]
pub struct Permits {
    /// Thousandths of a permit.
    left_milli: u64,
    at: Micros,
}

impl Permits {
    /// A full bucket.
    pub fn new(rate: Rate, now: Micros) -> Self {
        Self { left_milli: u64::from(rate.burst) * 1000, at: now }
    }

    /// Takes one permit, or says in how many milliseconds there is one.
    pub fn take(&mut self, rate: Rate, now: Micros) -> Result<(), u32> {
        self.left_milli = self.left_milli(rate, now);
        self.at = self.at.plus_ms(now.since_ms(self.at));
        match self.left_milli.checked_sub(1000) {
            Some(left) => {
                self.left_milli = left;
                Ok(())
            }
            None => Err(1000_u32.div_ceil(rate.per_second)),
        }
    }

    /// Takes as many permits as there are, `most` at most.
    pub fn take_up_to(&mut self, rate: Rate, most: u64, now: Micros) -> u64 {
        self.left_milli = self.left_milli(rate, now);
        self.at = self.at.plus_ms(now.since_ms(self.at));
        let taken = most.min(self.left_milli / 1000);
        self.left_milli -= taken * 1000;
        taken
    }

    fn left_milli(&self, rate: Rate, now: Micros) -> u64 {
        let gained = now.since_ms(self.at).saturating_mul(u64::from(rate.per_second));
        (self.left_milli + gained).min(u64::from(rate.burst) * 1000)
    }
}

/// Permits of many, by key. A bucket that is full again says nothing and is forgotten, so that nobody who rests takes
/// room. If there is none left, the fullest bucket goes: its owner may send a little more than its rate, and nobody is
/// refused because of others.
#[derive(Debug)]
pub struct Rates<K> {
    rate: Rate,
    shards: Box<[Mutex<HashMap<K, Permits>>]>,
    shard_max: usize,
    hasher: RandomState,
}

/// So many that cores hardly ever wait for one another, and a look through one of them takes microseconds.
const SHARDS: usize = 64;

impl<K: Hash + Eq + Copy> Rates<K> {
    /// A table of at most about `most` keys.
    pub fn new(rate: Rate, most: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { rate, shards, shard_max: most.div_ceil(SHARDS), hasher: RandomState::new() }
    }

    /// Takes one permit of a key, or says in how many milliseconds there is one.
    ///
    /// # Errors
    /// The milliseconds.
    pub fn take(&self, key: K, now: Micros) -> Result<(), u32> {
        let shard = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        let mut shard = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if !shard.contains_key(&key) && shard.len() >= self.shard_max {
            self.make_room(&mut shard, now);
        }
        shard.entry(key).or_insert_with(|| Permits::new(self.rate, now)).take(self.rate, now)
    }

    fn make_room(&self, shard: &mut HashMap<K, Permits>, now: Micros) {
        let full = u64::from(self.rate.burst) * 1000;
        shard.retain(|_, permits| permits.left_milli(self.rate, now) < full);
        if shard.len() >= self.shard_max {
            let fullest = shard.iter().max_by_key(|(_, permits)| permits.left_milli(self.rate, now));
            if let Some(key) = fullest.map(|(key, _)| *key) {
                shard.remove(&key);
            }
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_it_is_a_rate() {
        let mut permits = Permits::new(MESSAGES, Micros(0));
        for _ in 0..MESSAGES.burst {
            assert_eq!(permits.take(MESSAGES, Micros(0)), Ok(()));
        }
        assert_eq!(permits.take(MESSAGES, Micros(0)), Err(50));
        assert_eq!(permits.take(MESSAGES, Micros::from_ms(49)), Err(50));
        assert_eq!(permits.take(MESSAGES, Micros::from_ms(50)), Ok(()));
        assert_eq!(permits.take(MESSAGES, Micros::from_ms(50)), Err(50));
    }

    const SLOW: Rate = Rate { burst: 2, per_second: 1 };

    #[test]
    fn everybody_has_a_bucket_of_their_own() {
        let rates = Rates::new(SLOW, 1000);
        for key in 0..100 {
            assert_eq!([(); 3].map(|()| rates.take(key, Micros(0))), [Ok(()), Ok(()), Err(1000)]);
        }
        assert_eq!(rates.take(7, Micros::from_ms(1000)), Ok(()));
    }

    #[test]
    fn a_crowd_takes_no_more_room_than_there_is_and_nobody_is_refused_for_it() {
        let rates = Rates::new(SLOW, 640);
        for key in 0..10_000 {
            assert_eq!(rates.take(key, Micros(0)), Ok(()));
        }
        assert!(rates.len() <= 640, "{}", rates.len());
        // Those who went slowly made room; one who went fast is still known.
        assert_eq!([(); 3].map(|()| rates.take(10_000, Micros(0))), [Ok(()), Ok(()), Err(1000)]);
        for key in 0..10_000 {
            assert_eq!(rates.take(key, Micros::from_ms(500)), Ok(()), "{key}");
        }
        assert_eq!(rates.take(10_000, Micros::from_ms(500)), Err(1000));
    }

    #[test]
    fn who_rests_is_forgotten() {
        let rates = Rates::new(SLOW, 64);
        (0..64).for_each(|key| rates.take(key, Micros(0)).unwrap());
        let before = rates.len();
        // A second later all are full again; whoever comes into a full shard finds it empty.
        (1000..1640).for_each(|key| rates.take(key, Micros::from_ms(1000)).unwrap());
        assert!(before > 0 && rates.len() <= 64);
    }
}
