//! What a seed is about: the size of the show and how much goes wrong. Drawn once, at the begin.

use fastrand::Rng;

/// The knobs of one seed.
#[derive(Debug, Clone)]
pub struct Plan {
    pub nodes: usize,
    /// Votes of one voter.
    pub votes: u16,
    /// A later ballot of a voter replaces the one before.
    pub changeable: bool,
    /// Some voters have the windows later.
    pub platforms: bool,
    /// Parts of the voters count apart.
    pub pools: bool,
    /// Segments have windows of their own.
    pub segments: bool,
    pub options: u16,
    pub buckets: u16,
    /// Runs, one after another.
    pub runs: usize,
    /// Voters of each run, beside those that come right at a close.
    pub voters: usize,
    /// How long staff keep changing the windows, microseconds.
    pub window_us: u64,
    pub grace_ms: u64,
    /// Mean time between faults, microseconds.
    pub fault_us: u64,
    /// Percent of messages between clients and nodes that are lost.
    pub lost: u32,
    /// Percent of calls that do not reach the ledger, and of answers that do not come back.
    pub lost_calls: u32,
    /// Percent of calls that are on their way for long.
    pub slow_calls: u32,
    /// Faults come together: a split ledger, a ledger that loses its tail while a node is away.
    pub double: bool,
}

impl Plan {
    pub fn of(rng: &mut Rng) -> Self {
        Self {
            // Drawn beside the others, which stay as they are.
            changeable: rng.clone().u32(0..4) == 0,
            platforms: rng.clone().u32(0..5) < 2,
            pools: rng.clone().u32(0..3) == 1,
            segments: matches!(rng.clone().u32(0..5), 0 | 3),
            nodes: rng.usize(2..=3),
            votes: if rng.bool() { 1 } else { rng.u16(2..=3) },
            options: rng.u16(2..=4),
            buckets: *rng.choice(&[1, 2, 4]).expect("not empty"),
            runs: rng.usize(1..=2),
            voters: rng.usize(15..=60),
            window_us: rng.u64(3_000_000..9_000_000),
            grace_ms: *rng.choice(&[0, 300, 1000]).expect("not empty"),
            fault_us: *rng.choice(&[500_000, 1_000_000, 2_000_000]).expect("not empty"),
            lost: *rng.choice(&[0, 3, 15]).expect("not empty"),
            lost_calls: *rng.choice(&[0, 2, 10]).expect("not empty"),
            slow_calls: *rng.choice(&[0, 2, 10]).expect("not empty"),
            double: rng.u32(0..3) == 0,
        }
    }
}
