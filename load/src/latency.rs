//! Latencies: a histogram of microseconds and its few numbers for a report.

use hdrhistogram::Histogram;
use serde::Serialize;

/// Longer times count as this, ten minutes. The range is fixed: a histogram that grows does not grow on a saturating
/// record, it clips.
const US_MAX: u64 = 600_000_000;

/// Times from a beginning to an end, to three digits.
#[derive(Debug)]
pub struct Latency(Histogram<u64>);

/// What a report says of them, in milliseconds.
#[derive(Debug, Serialize)]
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

    /// Adds one, in microseconds.
    pub fn add(&mut self, us: u64) {
        self.0.saturating_record(us);
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

#[cfg(test)]
mod tests {
    use super::*;

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
