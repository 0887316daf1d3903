//! The seeded simulation of several nodes and the ledger that they share. Real are the intakes, the shards, the
//! committers' rounds, the restores, each directory's side of the ledger and the show's commands; simulated are time, the
//! disks, the ledger's servers, all networks, clients and staff.
//!
//! `cargo test` runs the short form. `TALLYLIGHT_SIM_SEEDS=N` runs N seeds, `TALLYLIGHT_SIM_SEED=K` runs seed K alone.

use std::ops::Range;

use crate::sim::seeds;

mod audit;
mod clients;
mod event;
mod faults;
mod flights;
mod journal;
mod mutants;
mod node;
mod oracle;
mod plan;
mod sealing;
mod server;
mod staff;
mod world;

/// The seeds of the short form.
const SHORT_SEEDS: Range<u64> = 0..45;

#[test]
fn every_seed_keeps_the_invariants() {
    seeds::keep("sim_nodes::every_seed", SHORT_SEEDS, &faults::KINDS, |seed| world::run(seed, None));
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    seeds::repeat(SHORT_SEEDS.step_by(15), |seed| world::run(seed, None));
}
