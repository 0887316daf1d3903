//! What a seed is about: the size of the show and how much goes wrong. Drawn once, at the begin.

use fastrand::Rng;

/// The knobs of one seed.
#[derive(Debug, Clone)]
pub struct Plan {
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
    /// Percent of messages that are lost, and that come twice.
    pub lost: u32,
    pub twice: u32,
    /// One voter sends hundreds of ballots.
    pub flood: bool,
    /// This many ballots come at once, more than a group holds.
    pub rush: usize,
}

impl Plan {
    pub fn of(rng: &mut Rng) -> Self {
        let votes = if rng.bool() { 1 } else { rng.u16(2..=4) };
        let rush = if rng.u32(0..12) == 0 { 5000 } else { 0 };
        Self {
            // Drawn beside the others, which stay as they are.
            changeable: rng.clone().u32(0..4) == 0,
            platforms: rng.clone().u32(0..5) < 2,
            pools: rng.clone().u32(0..3) == 1,
            segments: matches!(rng.clone().u32(0..5), 1 | 3),
            votes,
            options: rng.u16(2..=5),
            buckets: *rng.choice(&[1, 2, 8, 64]).expect("not empty"),
            runs: rng.usize(1..=2),
            voters: if rush > 0 { 20 } else { rng.usize(20..=90) },
            window_us: rng.u64(2_000_000..8_000_000),
            grace_ms: *rng.choice(&[0, 300, 1000]).expect("not empty"),
            fault_us: *rng.choice(&[400_000, 900_000, 2_500_000]).expect("not empty"),
            lost: *rng.choice(&[0, 3, 15]).expect("not empty"),
            twice: *rng.choice(&[0, 5, 20]).expect("not empty"),
            flood: rng.u32(0..6) == 0,
            rush,
        }
    }
}
