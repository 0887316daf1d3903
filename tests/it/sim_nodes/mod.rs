//! The seeded simulation of several nodes and the ledger that they share. Real are the intakes, the shards, the
//! committers' rounds, the restores, each directory's side of the ledger and the show's commands; simulated are time, the
//! disks, the ledger's servers, all networks, clients and staff.
//!
//! `cargo test` runs the short form. `TALLYLIGHT_SIM_SEEDS=N` runs N seeds, `TALLYLIGHT_SIM_SEED=K` runs seed K alone.

use std::{collections::BTreeMap, fmt::Write as _, ops::Range};

use crate::sim::number;

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

/// What of a seed does not hold, and how to run it again.
fn report(seed: u64, outcome: &world::Outcome) -> String {
    let again = format!("TALLYLIGHT_SIM_SEED={seed} cargo test --test it sim_nodes::every_seed");
    let (plan, damaged) = (&outcome.plan, &outcome.oracle.damaged);
    let mut report = format!("\nseed {seed} does not hold; run it again with\n  {again}\n{plan:?}\n{damaged:?}\n");
    for (invariant, cases) in &outcome.oracle.blamed {
        let _ = writeln!(report, "{invariant:?}:\n  {}", cases.join("\n  "));
    }
    report
}

#[test]
fn every_seed_keeps_the_invariants() {
    let (alone, many) = (number("TALLYLIGHT_SIM_SEED"), number("TALLYLIGHT_SIM_SEEDS"));
    let seeds = match (alone, many) {
        (Some(seed), _) => seed..seed + 1,
        (None, Some(seeds)) => 0..seeds,
        (None, None) => SHORT_SEEDS,
    };
    let mut figures: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut failed = Vec::new();
    for seed in seeds.clone() {
        let outcome = world::run(seed, None);
        if !outcome.oracle.blamed.is_empty() {
            println!("seed {seed} does not hold: {:?}", outcome.oracle.blamed.keys().collect::<Vec<_>>());
            failed.push(report(seed, &outcome));
        }
        for (what, times) in outcome.figures {
            *figures.entry(what).or_default() += times;
        }
    }
    println!("seeds {seeds:?}");
    for (what, times) in &figures {
        println!("{times:>10} {what}");
    }
    assert!(
        failed.is_empty(),
        "{} seeds fail, the first ones are{}",
        failed.len(),
        failed[..failed.len().min(3)].concat()
    );
    if alone.is_none() {
        for kind in faults::KINDS {
            assert!(figures.get(kind).is_some_and(|times| *times > 0), "no seed of {seeds:?} had {kind}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let traces = |_| SHORT_SEEDS.step_by(15).map(|seed| world::run(seed, None).trace).collect::<Vec<_>>();
    assert_eq!(traces(1), traces(2));
    assert!(traces(1).windows(2).all(|pair| pair[0] != pair[1]), "different seeds give different traces");
}
