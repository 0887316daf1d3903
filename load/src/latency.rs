//! Latencies: a histogram of microseconds and its few numbers for a report. Histograms of several processes are added up
//! exactly: what is written down is every bucket with its count.

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longer times count as this, ten minutes. The range is fixed: a histogram that grows does not grow on a saturating
/// record, it clips.
const US_MAX: u64 = 600_000_000;

/// Times from a beginning to an end, to three digits (or two).
#[derive(Debug, Clone, PartialEq)]
pub struct Latency(Histogram<u64>);

/// What a report says of them, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Percentiles {
    pub n: u64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Latency {
    /// None yet.
    pub fn new() -> Self {
        Self(Histogram::new_with_max(US_MAX, 3).expect("the range and three digits are allowed"))
    }

    /// None yet, to two digits, and small until something long comes: for one of many seconds.
    pub fn small() -> Self {
        Self(Histogram::new(2).expect("two digits are allowed"))
    }

    /// Adds one, in microseconds.
    pub fn add(&mut self, us: u64) {
        self.add_many(us, 1);
    }

    /// Adds what another one has.
    pub fn merge(&mut self, other: &Self) {
        for (us, n) in other.counts() {
            self.add_many(us, n);
        }
    }

    /// How many there are.
    pub fn n(&self) -> u64 {
        self.0.len()
    }

    /// The time that this share of them did not exceed, in milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1000.0
    }

    /// Every bucket in which there is something: microseconds, and how often.
    fn counts(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter_recorded().map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
    }

    fn add_many(&mut self, us: u64, n: u64) {
        self.0.record_n(us.min(US_MAX), n).expect("the range holds it, or grows");
    }

    /// The report.
    pub fn percentiles(&self) -> Percentiles {
        let ms = |us: u64| us as f64 / 1000.0;
        Percentiles {
            n: self.0.len(),
            p50_ms: ms(self.0.value_at_quantile(0.50)),
            p90_ms: ms(self.0.value_at_quantile(0.90)),
            p99_ms: ms(self.0.value_at_quantile(0.99)),
            max_ms: ms(self.0.max()),
        }
    }
}

/// A histogram as it is written down.
#[derive(Serialize, Deserialize)]
struct Written {
    digits: u8,
    counts: Vec<(u64, u64)>,
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { digits: self.0.sigfig(), counts: self.counts().collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let mut latency = if written.digits == 2 { Self::small() } else { Self::new() };
        for (us, n) in written.counts {
            latency.add_many(us, n);
        }
        Ok(latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_are_written_down_and_added_up_without_loss() {
        for empty in [Latency::new, Latency::small] {
            let [mut whole, mut first, mut second] = [empty(), empty(), empty()];
            for us in (0..2000_u64).map(|n| n * n * 7 % 3_000_000) {
                whole.add(us);
                if us % 3 == 0 { &mut first } else { &mut second }.add(us);
            }
            let [mut first, second] = [first, second].map(|part| {
                let text = serde_json::to_string(&part).unwrap();
                let back: Latency = serde_json::from_str(&text).unwrap();
                assert_eq!(back.counts().collect::<Vec<_>>(), part.counts().collect::<Vec<_>>());
                back
            });
            first.merge(&second);
            assert_eq!(first.counts().collect::<Vec<_>>(), whole.counts().collect::<Vec<_>>());
            assert_eq!((first.n(), first.quantile_ms(0.99)), (2000, whole.quantile_ms(0.99)));
        }
    }

    #[test]
    fn percentiles_are_of_what_was_added() {
        let mut latency = Latency::new();
        for us in 1..=100_000 {
            latency.add(us);
        }
        let report = latency.percentiles();
        assert_eq!(report.n, 100_000);
        let near = |ms: f64, expected: f64| (ms / expected - 1.0).abs() < 2e-3;
        assert!(near(report.p50_ms, 50.0) && near(report.p99_ms, 99.0) && near(report.max_ms, 100.0), "{report:?}");
    }
}
