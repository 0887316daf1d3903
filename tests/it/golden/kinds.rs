//! What the kinds of question and the rules of a cue add to messages.

use tallylight::wire::{
    kind::{KindView, Scale},
    outcome::{Outcome, Place, Polarity, PoolOutcome, Rated, Unit},
};

pub fn rating() -> KindView {
    KindView::Rating(Scale { from: 0, to: 10, step: 5, low: "cold".into(), high: String::new() })
}

pub fn rated() -> Rated {
    Rated { mean: 2.333, exact: "7/3".into(), median: 2.5 }
}

pub fn outcome() -> Outcome {
    let place = |n, points, exact: &str| Place { n, rank: n, points, exact: exact.into(), reached: Some(n == 1) };
    let pool = |name: &str, votes, points| PoolOutcome { name: name.into(), votes, points, silent: false };
    Outcome {
        polarity: Polarity::Save,
        unit: Unit::Percent,
        places: vec![place(1, 83.333, "250/3"), place(2, 16.667, "50/3")],
        pools: vec![pool("", vec![2, 1], vec![33.333, 16.667]), pool("jury", vec![1, 0], vec![50.0, 0.0])],
    }
}
