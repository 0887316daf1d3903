//! The seeded simulation of one node with its embedded ledger. Real are the intake, the shards, the committer's rounds,
//! the restore, the board and the show's commands; simulated are time, the disk, the network, clients and staff.
//!
//! `cargo test` runs the short form. `TALLYLIGHT_SIM_SEEDS=N` runs N seeds, `TALLYLIGHT_SIM_SEED=K` runs seed K alone.

use std::ops::Range;

mod audience;
mod audit;
pub mod clients;
pub mod disk;
mod event;
mod faults;
mod mutants;
mod node;
pub mod oracle;
mod plan;
pub mod seeds;
pub mod show;
mod staff;
mod world;

/// The seeds of the short form.
const SHORT_SEEDS: Range<u64> = 0..32;

#[test]
fn every_seed_keeps_the_invariants() {
    seeds::keep("sim::every_seed", SHORT_SEEDS, &faults::KINDS, |seed| world::run(seed, None));
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    seeds::repeat(SHORT_SEEDS.step_by(8), |seed| world::run(seed, None));
}
