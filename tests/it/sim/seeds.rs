//! Seeds, whatever they simulate: which ones are run, what is said of those in which something does not hold, and how
//! mutants are caught.

use std::{
    collections::BTreeMap,
    fmt::{Debug, Write as _},
    ops::Range,
};

/// Folds all events of a seed into one number (FNV-1a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace(u64);

impl Default for Trace {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Trace {
    pub fn add(&mut self, text: &str) {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// What is left of a seed when it is over.
#[derive(Debug)]
pub struct Outcome<Invariant> {
    /// What does not hold, with the first few cases in words.
    pub blamed: BTreeMap<Invariant, Vec<String>>,
    /// How often what happened.
    pub figures: BTreeMap<&'static str, u64>,
    pub trace: Trace,
    /// What else helps to understand it.
    pub about: String,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: give a number, not {text:?}")))
}

/// Runs the seeds of the short form, or those that the environment names. Nothing may be blamed in any, and all `kinds`
/// of faults must have happened. `test`: how the test is called.
pub fn keep<Invariant: Debug + Ord>(
    test: &str,
    short: Range<u64>,
    kinds: &[&str],
    run: impl Fn(u64) -> Outcome<Invariant>,
) {
    let (alone, many) = (number("TALLYLIGHT_SIM_SEED"), number("TALLYLIGHT_SIM_SEEDS"));
    let seeds = match (alone, many) {
        (Some(seed), _) => seed..seed + 1,
        (None, Some(seeds)) => 0..seeds,
        (None, None) => short,
    };
    let mut figures: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut failed = Vec::new();
    for seed in seeds.clone() {
        let outcome = run(seed);
        if !outcome.blamed.is_empty() {
            println!("seed {seed} does not hold: {:?}", outcome.blamed.keys().collect::<Vec<_>>());
            failed.push(report(test, seed, &outcome));
        }
        for (what, times) in outcome.figures {
            *figures.entry(what).or_default() += times;
        }
    }
    println!("seeds {seeds:?}");
    for (what, times) in &figures {
        println!("{times:>10} {what}");
    }
    let first = failed[..failed.len().min(3)].concat();
    assert!(failed.is_empty(), "{} seeds fail, the first ones are{first}", failed.len());
    if alone.is_none() {
        for kind in kinds {
            assert!(figures.get(kind).is_some_and(|times| *times > 0), "no seed of {seeds:?} had {kind}");
        }
    }
}

/// What of a seed does not hold, and how to run it again.
fn report<Invariant: Debug>(test: &str, seed: u64, outcome: &Outcome<Invariant>) -> String {
    let again = format!("TALLYLIGHT_SIM_SEED={seed} cargo test --test it {test}");
    let mut report = format!("\nseed {seed} does not hold; run it again with\n  {again}\n{}", outcome.about);
    for (invariant, cases) in &outcome.blamed {
        let _ = writeln!(report, "{invariant:?}:\n  {}", cases.join("\n  "));
    }
    report
}

/// Runs seeds twice.
pub fn repeat<Invariant>(seeds: impl Iterator<Item = u64> + Clone, run: impl Fn(u64) -> Outcome<Invariant>) {
    let traces = || seeds.clone().map(|seed| run(seed).trace).collect::<Vec<_>>();
    let first = traces();
    assert_eq!(first, traces());
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]), "different seeds give different traces");
}

/// Runs seeds until each of these invariants has caught a mutant.
pub fn catch<Invariant: Debug + Ord>(
    mutant: impl Debug,
    seeds: Range<u64>,
    invariants: &[Invariant],
    run: impl Fn(u64) -> Outcome<Invariant>,
) {
    let mut caught: BTreeMap<Invariant, u64> = BTreeMap::new();
    for seed in seeds {
        for invariant in run(seed).blamed.into_keys() {
            caught.entry(invariant).or_insert(seed);
        }
        if invariants.iter().all(|invariant| caught.contains_key(invariant)) {
            println!("{mutant:?}: caught by (invariant: first seed) {caught:?}");
            return;
        }
    }
    panic!("{mutant:?} was not caught by {invariants:?}, only by {caught:?}");
}
