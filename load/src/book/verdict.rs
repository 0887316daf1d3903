//! Whether the books are right: what the audience was told, held against what the server says it has counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tallylight::base::ids::RunId;

use super::{
    Book, RunBook,
    series::{Kind, Series},
};
use crate::scenario::file::Expect;

/// What the server says of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub cue: String,
    pub source: Source,
    /// Ballots counted, those that a later one replaces too; absent where the source does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
    /// Ballots that came too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<u64>,
    /// Votes by option; of reactions taps.
    pub votes: Vec<u64>,
    /// Why there is no certificate.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Where an account comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The signed manifest of the verified run.
    Manifest,
    /// The results that viewers see, after the close.
    Results,
    /// There is none.
    #[default]
    Nothing,
}

/// What it all comes to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Verdict {
    /// What cannot be true together.
    pub wrong: Vec<String>,
    /// What could not be compared, and parts that are missing.
    pub unchecked: Vec<String>,
    /// What was expected, and is not so.
    pub missed: Vec<String>,
}

impl Verdict {
    /// 0: the books are right and everything is as expected; 1: the books are wrong; 3: they are right as far as they could
    /// be compared, but not all of them could, or something was expected that is not so.
    pub const fn exit_code(&self) -> u8 {
        if !self.wrong.is_empty() {
            1
        } else if self.unchecked.is_empty() && self.missed.is_empty() {
            0
        } else {
            3
        }
    }

    /// In a few words.
    pub const fn words(&self) -> &'static str {
        match (self.exit_code(), self.unchecked.is_empty()) {
            (0, _) => "The books are right.",
            (1, _) => "The books are wrong.",
            (_, false) => "The books could not all be compared.",
            (_, true) => "The books are right, but it is not as expected.",
        }
    }
}

/// Compares the books of an audience with the server's accounts. `missing`: viewers whose part of the books is lost.
pub fn compare(book: &Book, accounts: &BTreeMap<RunId, Account>, missing: usize) -> Verdict {
    let mut verdict = Verdict::default();
    for (n, what) in [
        (book.contradictions, "have receipts that cannot both be true"),
        (book.strays, "were told of to viewers who never cast them"),
    ] {
        if n > 0 {
            verdict.wrong.push(format!("{} {what}.", ballots(n)));
        }
    }
    if book.over_budget > 0 {
        let says = "more votes are counted than the run gives";
        verdict.wrong.push(format!("Of {} voters {says}.", book.over_budget));
    }
    for (id, run) in &book.runs {
        let none = Account::default();
        let account = accounts.get(id).unwrap_or(&none);
        if run.votes_per_voter == 0 {
            continue;
        }
        if account.source == Source::Nothing {
            let why = if account.note.is_empty() { "the server's numbers were not to be had" } else { &account.note };
            verdict.unchecked.push(format!("Cue {}: not compared: {why}.", run.cue));
            continue;
        }
        if !account.note.is_empty() {
            verdict.unchecked.push(format!("Cue {}: without a certificate: {}.", run.cue, account.note));
        }
        if missing == 0 {
            verdict.wrong.extend(differences(run, account).into_iter().map(|says| format!("Cue {}: {says}", run.cue)));
        }
    }
    if missing > 0 {
        verdict.unchecked.push(format!(
            "The parts of {missing} viewers are missing: what they were told is not in the books, so the totals were not compared."
        ));
    }
    verdict
}

/// Everything in which a run's book and the server's account of it differ. A ballot without a final answer may be in the
/// tally or not: only what it cannot explain is a difference.
fn differences(run: &RunBook, account: &Account) -> Vec<String> {
    let mut says = Vec::new();
    let open = run.open();
    if let Some(counted) = account.counted {
        if counted < run.counted {
            let lost = run.counted - counted;
            says.push(format!("{} were told that they are counted, and the server has them not.", ballots(lost)));
        } else if counted > run.counted + open {
            let more = counted - run.counted - open;
            says.push(format!("the server has counted {} that no receipt explains.", ballots(more)));
        }
    }
    let options = run.votes.len().max(account.votes.len());
    let of = |votes: &[u64], n: usize| votes.get(n).copied().unwrap_or(0);
    for n in 0..options {
        let (ours, theirs) = (of(&run.votes, n), of(&account.votes, n));
        // A change that nobody answered may have moved a vote away from any option.
        let fewer = if run.changeable { open } else { 0 };
        let more = of(&run.open_votes, n);
        if theirs + fewer < ours || theirs > ours + more {
            says.push(format!("option {} has {theirs} votes, and by the receipts it has {ours}.", n + 1));
        }
    }
    let late = run.refused.get("late").copied().unwrap_or(0);
    if let Some(theirs) = account.late.filter(|theirs| *theirs < late || *theirs > late + open) {
        says.push(format!("the server kept {theirs} late ballots, and {late} were told that they are late."));
    }
    says
}

/// What was expected and is not so.
pub fn missed(expect: &Expect, book: &Book, series: &Series, viewers: usize) -> Vec<String> {
    let mut missed = Vec::new();
    let done = |kind| series.tracks.get(&kind).map_or(0, |track| track.total.n());
    let joined = done(Kind::Join) as f64 / viewers.max(1) as f64;
    if expect.joined.is_some_and(|share| joined < share) {
        missed.push(format!("{:.2} % of the viewers got in.", joined * 100.0));
    }
    let sum = |of: fn(&RunBook) -> u64| book.runs.values().map(of).sum::<u64>();
    let (due, counted, open) = (sum(|run| run.due), sum(|run| run.counted), sum(RunBook::open));
    if expect.counted.is_some_and(|share| (counted as f64) < share * due as f64) {
        missed.push(format!("{counted} of {due} ballots that were due are counted."));
    }
    if expect.open.is_some_and(|most| open > most) {
        missed.push(format!("{} have no final answer.", ballots(open)));
    }
    for (most, kind) in
        [(expect.join_p99_ms, Kind::Join), (expect.vote_p99_ms, Kind::Vote), (expect.results_p99_ms, Kind::Results)]
    {
        let Some(most) = most else { continue };
        match series.tracks.get(&kind).filter(|track| track.total.n() > 0) {
            None => missed.push(format!("there was no {} to be measured.", kind.words())),
            Some(track) => {
                let p99 = track.total.quantile_ms(0.99);
                if p99 > most {
                    missed.push(format!(
                        "{}: 99 of 100 within {p99:.0} ms, and {most:.0} ms were expected.",
                        kind.words()
                    ));
                }
            }
        }
    }
    missed
}

fn ballots(n: u64) -> String {
    if n == 1 { "1 ballot".to_owned() } else { format!("{n} ballots") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(run: RunBook) -> Book {
        let run = RunBook { cue: "1".to_owned(), votes_per_voter: 1, ..run };
        Book { runs: [(RunId(7), run)].into(), ..Book::default() }
    }

    fn right() -> RunBook {
        let refused = [("late".to_owned(), 3)].into();
        RunBook { due: 20, sent: 18, counted: 15, refused, votes: vec![10, 5], ..RunBook::default() }
    }

    fn account() -> Account {
        let (counted, late) = (Some(15), Some(3));
        Account { source: Source::Manifest, counted, late, votes: vec![10, 5, 0], ..Account::default() }
    }

    type Forge = fn(&mut Account);

    fn verdict(run: RunBook, account: Account, missing: usize) -> Verdict {
        compare(&book(run), &[(RunId(7), account)].into(), missing)
    }

    #[test]
    fn right_books_are_right() {
        let verdict = verdict(right(), account(), 0);
        assert_eq!((verdict.exit_code(), verdict.words()), (0, "The books are right."), "{verdict:?}");
    }

    #[test]
    fn a_forged_tally_is_found_whichever_number_was_touched() {
        let forged: [(&str, Forge); 6] = [
            ("1 ballot were told that they are counted", |account| account.counted = Some(14)),
            ("counted 2 ballots that no receipt explains", |account| account.counted = Some(17)),
            ("option 1 has 11 votes, and by the receipts it has 10", |account| account.votes[0] += 1),
            ("option 2 has 4 votes", |account| account.votes[1] -= 1),
            ("option 3 has 1 votes", |account| account.votes[2] += 1),
            ("kept 2 late ballots", |account| account.late = Some(2)),
        ];
        for (says, forge) in forged {
            let mut account = account();
            forge(&mut account);
            let verdict = verdict(right(), account, 0);
            assert_eq!(verdict.exit_code(), 1);
            assert!(verdict.wrong.iter().any(|wrong| wrong.contains(says)), "{says}: {verdict:?}");
        }
    }

    #[test]
    fn what_has_no_answer_may_be_counted_or_not_and_explains_no_more_than_itself() {
        let open = [("no answer".to_owned(), 1)].into();
        let run = RunBook { open, open_votes: vec![0, 1], ..right() };
        assert_eq!(verdict(run.clone(), account(), 0).exit_code(), 0);
        let one_more = Account { counted: Some(16), votes: vec![10, 6], ..account() };
        assert_eq!(verdict(run.clone(), one_more, 0).exit_code(), 0);
        let elsewhere = Account { counted: Some(16), votes: vec![11, 5], ..account() };
        assert_eq!(verdict(run.clone(), elsewhere, 0).exit_code(), 1);
        let two_more = Account { counted: Some(17), votes: vec![10, 7], ..account() };
        assert_eq!(verdict(run, two_more, 0).exit_code(), 1);
    }

    #[test]
    fn what_could_not_be_compared_is_never_called_right() {
        let verdict = compare(&book(right()), &BTreeMap::new(), 0);
        assert_eq!((verdict.exit_code(), verdict.unchecked.len()), (3, 1));
        let verdict = compare(&book(right()), &[(RunId(7), account())].into(), 250);
        assert_eq!(verdict.exit_code(), 3);
        assert!(verdict.unchecked[0].contains("250 viewers are missing"), "{verdict:?}");
    }

    #[test]
    fn receipts_that_lie_are_wrong_whatever_the_totals_say() {
        for (lie, says) in [
            (Book { contradictions: 2, ..book(right()) }, "2 ballots have receipts that cannot both be true"),
            (Book { strays: 1, ..book(right()) }, "1 ballot were told of to viewers who never cast them"),
            (Book { over_budget: 1, ..book(right()) }, "Of 1 voters more votes are counted"),
        ] {
            let verdict = compare(&lie, &[(RunId(7), account())].into(), 0);
            assert_eq!(verdict.exit_code(), 1);
            assert!(verdict.wrong[0].starts_with(says), "{verdict:?}");
        }
    }

    #[test]
    fn expectations_are_held_against_what_was() {
        let mut series = Series::new(tallylight::base::clock::Micros(0));
        for ms in 1..=99 {
            let due = tallylight::base::clock::Micros(0);
            series.done(Kind::Join, due, due.plus_ms(ms));
        }
        let expect = Expect {
            joined: Some(1.0),
            counted: Some(0.9),
            open: Some(0),
            join_p99_ms: Some(50.0),
            vote_p99_ms: Some(10.0),
            results_p99_ms: None,
        };
        let missed = missed(&expect, &book(right()), &series, 100);
        assert_eq!(missed.len(), 4, "{missed:?}");
        assert_eq!(missed[0], "99.00 % of the viewers got in.");
        let fine = Expect {
            joined: Some(0.99),
            counted: Some(0.75),
            open: Some(0),
            join_p99_ms: Some(100.0),
            ..Expect::default()
        };
        assert_eq!(super::missed(&fine, &book(right()), &series, 100), [""; 0]);
    }
}
