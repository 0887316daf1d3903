//! What the answers of a round are worth: a fold over the counted ballots of its runs, in whole numbers. The same lines run on
//! every node and in `tallylight verify`.

use std::collections::HashMap;

use super::{ballot::Picks, names::name};
use crate::{
    base::{
        clock::Micros,
        ids::{RunId, VoterId},
        limits,
    },
    shows::{
        correction::{Correction, leaves_out},
        run::Definition,
        windows::Windows,
    },
    wire::scores::{Leaderboard, Line, Score},
};

/// A counted ballot, as far as it is worth something: who, what, when it was received, and by which entry.
pub type Answer = (VoterId, Picks, Micros, u8);

/// What one voter has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    points: u64,
    right: u32,
    /// What the right answers took together.
    ms: u64,
    /// In the last run.
    gained: Option<u32>,
    rank: u32,
}

/// The scores of a round.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scores {
    round: String,
    runs: Vec<RunId>,
    sums: HashMap<VoterId, Sum>,
    /// The first ones, in their order.
    first: Vec<VoterId>,
}

impl Scores {
    /// Nobody has answered anything.
    pub fn new(round: &str) -> Self {
        Self { round: round.to_owned(), ..Self::default() }
    }

    /// Adds the answers of one more run: of each voter one, the ballot in force. `right`: its right options. What its correction
    /// leaves out is no answer.
    pub fn add(
        &mut self,
        definition: &Definition,
        windows: &Windows,
        right: &[u16],
        correction: Option<&Correction>,
        answers: impl IntoIterator<Item = Answer>,
    ) {
        self.runs.push(definition.run);
        self.sums.values_mut().for_each(|sum| sum.gained = None);
        let excluded = correction.map_or(&[][..], |one| &one.excluded);
        let count = |(.., entry): &Answer| !leaves_out(excluded, definition, *entry);
        for (voter, picks, received, entry) in answers.into_iter().filter(count) {
            let sum = self.sums.entry(voter).or_default();
            let gained = sum.gained.insert(0);
            if picks.as_slice().iter().any(|pick| right.contains(pick)) {
                let ms = windows.open_ms(received, entry);
                *gained = definition.interaction.kind.points(ms);
                sum.points += u64::from(*gained);
                sum.right += 1;
                sum.ms += ms;
            }
        }
    }

    /// Gives everybody a rank: most points first, of equal points the least time; equal in both share a rank.
    pub fn rank(&mut self) {
        let mut all: Vec<_> = self.sums.iter_mut().map(|(voter, sum)| (*voter, sum)).collect();
        // Equal ones stand in an order that says nothing and is the same everywhere.
        all.sort_unstable_by_key(|(voter, sum)| (std::cmp::Reverse(sum.points), sum.ms, *voter));
        let (mut rank, mut before) = (0, None);
        for (at, (_, sum)) in (1..).zip(&mut all) {
            if before.replace((sum.points, sum.ms)) != Some((sum.points, sum.ms)) {
                rank = at;
            }
            sum.rank = rank;
        }
        self.first = all.iter().take(limits::LEADERS_MAX).map(|(voter, _)| *voter).collect();
    }

    /// The first ones, at most so many.
    pub fn leaderboard(&self, most: usize) -> Leaderboard {
        let top = self.first.iter().take(most).filter_map(|voter| self.line(*voter));
        Leaderboard {
            round: self.round.clone(),
            runs: self.runs.clone(),
            players: self.sums.len() as u64,
            top: top.collect(),
        }
    }

    /// Where a voter stands. `None`: there is no round.
    pub fn of(&self, voter: VoterId) -> Option<Score> {
        let gained = self.sums.get(&voter).and_then(|sum| sum.gained);
        Some(Score { run: *self.runs.last()?, gained, line: self.line(voter) })
    }

    fn line(&self, voter: VoterId) -> Option<Line> {
        let Sum { points, right, ms, rank, .. } = *self.sums.get(&voter)?;
        Some(Line { rank, name: name(voter), points, right, ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shows::{
            entries::Entries,
            kind::{Kind, Prediction, Quiz, Worth},
            transition::tests::Desk,
            windows::{Shift, Span, Track},
        },
        wire::entry::Entry,
    };

    fn ms(ms: u64) -> Micros {
        Micros::from_ms(ms)
    }

    fn asked(kind: Kind) -> (Definition, Windows) {
        let mut run = Desk::open_for(60).document.runs[0].clone();
        run.definition.interaction.kind = kind;
        run.windows.spans = vec![Span { opens: ms(10_000), closes: Some(ms(20_000)) }];
        (run.definition, run.windows)
    }

    fn quiz() -> Kind {
        let worth = Worth { points_max: 1000, points_min: 500, full_ms: 0, least_ms: 10_000 };
        Kind::Quiz(Quiz { right: vec![2], worth, round: String::new() })
    }

    fn answer(voter: u128, pick: u16, at_ms: u64) -> Answer {
        (VoterId(voter), Picks::One(pick), ms(at_ms), 0)
    }

    /// Voters with rank, points and time, in the order of the leaderboard.
    fn table(scores: &Scores, voters: &[u128]) -> Vec<(u32, u64, u64)> {
        let line = |voter: &u128| scores.of(VoterId(*voter)).unwrap().line.unwrap();
        voters.iter().map(line).map(|line| (line.rank, line.points, line.ms)).collect()
    }

    #[test]
    fn points_come_first_then_time_and_who_is_equal_in_both_shares_a_rank() {
        let (definition, windows) = asked(quiz());
        let mut scores = Scores::new("");
        let first = [answer(1, 2, 10_000), answer(2, 2, 12_000), answer(3, 1, 10_500), answer(4, 2, 15_000)];
        scores.add(&definition, &windows, &[2], None, first);
        // The second question, where who was slower catches up, and somebody comes late.
        let second = [answer(1, 1, 10_100), answer(2, 2, 15_000), answer(4, 2, 12_000), answer(5, 2, 20_100)];
        scores.add(&definition, &windows, &[2], None, second);
        scores.rank();
        let found = table(&scores, &[2, 4, 1, 5, 3]);
        assert_eq!(found, [(1, 1650, 7000), (1, 1650, 7000), (3, 1000, 0), (4, 500, 10_000), (5, 0, 0)]);
        assert_eq!(scores.leaderboard(2).top.len(), 2);
        assert_eq!(scores.leaderboard(100).players, 5);
        let gained = |voter| scores.of(VoterId(voter)).unwrap().gained;
        assert_eq!((gained(1), gained(4), gained(3)), (Some(0), Some(900), None));
        assert_eq!(scores.of(VoterId(9)).unwrap().line, None, "who never answered has no rank");
        assert_eq!(Scores::new("").of(VoterId(1)), None);
    }

    #[test]
    fn of_equal_points_the_faster_is_ahead() {
        let (definition, windows) = asked(Kind::Prediction(Prediction { points: 10, round: String::new() }));
        let mut scores = Scores::new("cup");
        scores.add(
            &definition,
            &windows,
            &[1],
            None,
            [answer(1, 1, 18_000), answer(2, 1, 11_000), answer(3, 2, 10_000)],
        );
        scores.rank();
        assert_eq!(table(&scores, &[2, 1, 3]), [(1, 10, 1000), (2, 10, 8000), (3, 0, 0)]);
        assert_eq!(scores.leaderboard(9).round, "cup");
    }

    #[test]
    fn time_runs_from_the_opening_that_a_voter_had() {
        let (definition, mut windows) = asked(quiz());
        let shifts = vec![Shift { opens_ms: 30_000, closes_ms: 30_000 }];
        windows.tracks = vec![Track { platform: "tv".into(), entries: vec![3], shifts, ..Track::default() }];
        let mut scores = Scores::new("");
        let on_tv = (VoterId(1), Picks::One(2), ms(42_000), 3);
        scores.add(&definition, &windows, &[2], None, [on_tv, answer(2, 2, 12_000)]);
        scores.rank();
        assert_eq!(table(&scores, &[1, 2]), [(1, 900, 2000), (1, 900, 2000)]);
    }

    #[test]
    fn an_answer_that_is_left_out_is_none() {
        let (mut definition, windows) = asked(quiz());
        let jury = Entry { pool: Some("jury".into()), ..Entry::default() };
        definition.entries = Entries::default().declaring(std::slice::from_ref(&jury)).unwrap();
        let correction = Correction {
            counted: 1,
            corrects: String::new(),
            at: ms(0),
            reason: String::new(),
            by: [String::new(), String::new()],
            excluded: vec![jury],
            declared: Vec::new(),
            right: Vec::new(),
        };
        let of_jury = (VoterId(1), Picks::One(2), ms(10_000), 1);
        let mut scores = Scores::new("");
        scores.add(&definition, &windows, &[2], None, [of_jury.clone()]);
        scores.add(&definition, &windows, &[2], Some(&correction), [of_jury, answer(2, 2, 12_000)]);
        scores.rank();
        assert_eq!(table(&scores, &[1, 2]), [(1, 1000, 0), (2, 900, 2000)]);
        assert_eq!(scores.of(VoterId(1)).unwrap().gained, None, "and gains nothing");
    }

    #[test]
    fn a_leaderboard_is_the_same_whatever_order_the_ballots_come_in() {
        let (definition, windows) = asked(quiz());
        let answers: Vec<_> = (0..500)
            .map(|n| answer(n, u16::try_from(n % 3).unwrap(), 10_000 + u64::try_from(n % 50).unwrap() * 100))
            .collect();
        let of = |answers: Vec<Answer>| {
            let mut scores = Scores::new("");
            scores.add(&definition, &windows, &[2], None, answers);
            scores.rank();
            scores
        };
        let (one, other) = (of(answers.clone()), of(answers.into_iter().rev().collect()));
        assert_eq!(one, other);
        assert_eq!(one.leaderboard(1000).top.len(), limits::LEADERS_MAX);
    }
}
