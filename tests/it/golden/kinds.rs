//! What the kinds of question and the rules of a cue add to messages.

use tallylight::{
    base::ids::RunId,
    wire::{
        bracket::{Bracket, Match, Side},
        kind::{Answers, KindView, Scale},
        outcome::{Outcome, Place, Polarity, PoolOutcome, Rated, Unit},
        scores::{Leaderboard, Line, Score},
    },
};

pub fn rating() -> KindView {
    KindView::Rating(Scale {
        from: 0,
        to: 10,
        step: 5,
        decimals: 1,
        unit: "°C".into(),
        low: "cold".into(),
        high: String::new(),
    })
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

pub fn quiz() -> KindView {
    KindView::Quiz(Answers { right: vec![2], ..Answers::default() })
}

fn line(rank: u32, name: &str, points: u64) -> Line {
    Line { rank, name: name.into(), points, right: 1, ms: 2500 }
}

pub fn leaderboard(run: RunId) -> Leaderboard {
    let top = vec![line(1, "Brisk Otter 42", 975), line(1, "Calm Lantern 7", 975)];
    Leaderboard { round: "Music".into(), runs: vec![run], players: 31_415, top }
}

pub fn score(run: RunId) -> Score {
    Score { run, gained: Some(975), line: Some(line(1, "Calm Lantern 7", 975)) }
}

pub fn bracket() -> Bracket {
    let side = |label: Option<&str>, from: Option<&str>| Side {
        label: label.map(str::to_owned),
        labels: label.map(|label| ("de".to_owned(), format!("Die {label}"))).into_iter().collect(),
        from: from.map(str::to_owned),
        place: from.map(|_| 1),
    };
    let one = |cue: &str, round, sides, winner| Match {
        cue: cue.into(),
        name: "Who goes on?".into(),
        names: [("de".to_owned(), "Wer kommt weiter?".to_owned())].into(),
        segment: "Semi-finals".into(),
        segments: [("de".to_owned(), "Halbfinale".to_owned())].into(),
        round,
        sides,
        winner,
    };
    Bracket {
        matches: vec![
            one("1", 1, vec![side(Some("Ada"), None), side(Some("Grace"), None)], Some(2)),
            one("F", 2, vec![side(Some("Grace"), Some("1")), side(None, Some("2"))], None),
        ],
    }
}
