//! A voter's own ballots: kept and offered with the same id until a receipt settles them, one at a time per run.

use fastrand::Rng;

use super::{
    backoff::doubled,
    standing::{News, Standing},
};
use crate::{
    base::{
        clock::Micros,
        ids::{BallotId, RunId},
    },
    wire::{client::Vote, server::Receipt},
};

/// No answer for this long on a connection that is up: the ballot is offered again. Longer than any answer should
/// take, so that a slow node is not offered everything twice.
pub const ANSWER_MS: u64 = 5000;
/// The wait before the next offer, where a receipt names none.
pub const RETRY_MS: u64 = 1000;

/// The ballots of one voter.
#[derive(Debug, Default)]
pub struct Book {
    /// In the order they were cast; of each run only the first is on offer.
    open: Vec<Entry>,
    settled: Vec<(Vote, Standing)>,
}

#[derive(Debug)]
struct Entry {
    vote: Vote,
    /// When it should be offered (again).
    offer_at: Micros,
    /// Offers and undecided receipts in a row: each doubles the wait.
    offers: u32,
}

impl Book {
    /// Keeps a ballot and puts it on offer behind the others of its run.
    pub fn add(&mut self, vote: Vote, now: Micros) {
        self.open.push(Entry { vote, offer_at: now, offers: 0 });
    }

    /// A ballot that should be sent now; it counts as sent. Ask until there is none.
    pub fn offer(&mut self, now: Micros) -> Option<Vote> {
        let index = self.firsts().find(|&index| self.open[index].offer_at <= now)?;
        let entry = &mut self.open[index];
        entry.offer_at = now.plus_ms(doubled(ANSWER_MS, entry.offers));
        entry.offers += 1;
        Some(entry.vote.clone())
    }

    /// When [`Book::offer`] will have something, if nothing happens before.
    pub fn wake_at(&self) -> Option<Micros> {
        self.firsts().map(|index| self.open[index].offer_at).min()
    }

    /// Takes a receipt. `None`: the ballot is not in this book.
    pub fn hear(&mut self, receipt: &Receipt, now: Micros, rng: &mut Rng) -> Option<News> {
        let is = |vote: &Vote| vote.id == receipt.id && vote.run == receipt.run;
        if let Some((_, standing)) = self.settled.iter_mut().find(|(vote, _)| is(vote)) {
            return Some(standing.hear(receipt));
        }
        let index = self.open.iter().position(|entry| is(&entry.vote))?;
        let mut standing = Standing::Open;
        let news = standing.hear(receipt);
        if standing.settled() {
            let entry = self.open.remove(index);
            self.settled.push((entry.vote, standing));
        } else {
            let entry = &mut self.open[index];
            let wait_ms = receipt.retry_ms.map_or(RETRY_MS, u64::from);
            let spread_ms = doubled(wait_ms, entry.offers.saturating_sub(1));
            entry.offer_at = now.plus_ms(wait_ms + rng.u64(0..=spread_ms));
        }
        Some(news)
    }

    /// A new session began: what was sent before it may never have arrived and is offered at once.
    pub fn resume(&mut self, now: Micros) {
        for entry in &mut self.open {
            entry.offer_at = now;
            entry.offers = 0;
        }
    }

    /// A ballot as it was cast, settled or not.
    pub fn find(&self, run: RunId, id: BallotId) -> Option<&Vote> {
        let open = self.open.iter().map(|entry| &entry.vote);
        open.chain(self.settled.iter().map(|(vote, _)| vote)).find(|vote| vote.run == run && vote.id == id)
    }

    /// What the receipts so far say of a ballot; `None`: it is not in this book.
    pub fn standing(&self, run: RunId, id: BallotId) -> Option<Standing> {
        let settled = self.settled.iter().find(|(vote, _)| vote.run == run && vote.id == id);
        settled.map(|(_, standing)| *standing).or_else(|| self.find(run, id).map(|_| Standing::Open))
    }

    /// Drops the settled ballots of all runs but this one: nothing will be asked about them any more.
    pub fn forget_settled_but(&mut self, run: RunId) {
        self.settled.retain(|(vote, _)| vote.run == run);
    }

    /// Drops everything: the voter is another one now.
    pub fn clear(&mut self) {
        self.open.clear();
        self.settled.clear();
    }

    /// The first open ballot of each run.
    fn firsts(&self) -> impl Iterator<Item = usize> {
        let open = &self.open;
        (0..open.len()).filter(move |&index| !open[..index].iter().any(|e| e.vote.run == open[index].vote.run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        viewer::standing::tests::receipt,
        wire::server::{Answer, Reason},
    };

    const T0: Micros = Micros::from_ms(1_000_000);

    fn vote(run: u64, id: u128) -> Vote {
        Vote { run: RunId(run), id: BallotId(id), picks: vec![1], change: None }
    }

    fn offered(book: &mut Book, now: Micros) -> Vec<u128> {
        std::iter::from_fn(|| book.offer(now)).map(|vote| vote.id.0).collect()
    }

    #[test]
    fn one_ballot_at_a_time_per_run() {
        let mut rng = Rng::with_seed(1);
        let mut book = Book::default();
        for (run, id) in [(1, 1), (1, 2), (2, 3)] {
            book.add(vote(run, id), T0);
        }
        assert_eq!(offered(&mut book, T0), [1, 3]);
        let news = book.hear(&receipt(1, Answer::Refused, Some(Reason::Budget), None), T0, &mut rng);
        assert_eq!(news, Some(News::Settled));
        assert_eq!(offered(&mut book, T0), [2]);
        assert_eq!(book.open.len(), 2);
        assert_eq!(book.standing(RunId(1), BallotId(1)), Some(Standing::Refused(Reason::Budget)));
        assert_eq!(book.standing(RunId(2), BallotId(3)), Some(Standing::Open));
        assert_eq!(book.standing(RunId(2), BallotId(1)), None);
    }

    #[test]
    fn undecided_is_offered_again_after_the_named_wait_and_some() {
        let answers = [
            (Answer::Refused, Some(Reason::Busy)),
            (Answer::Refused, Some(Reason::NotOpen)),
            (Answer::Held, None),
            (Answer::Unknown, None),
        ];
        for (is, reason) in answers {
            for seed in 0..50 {
                let mut rng = Rng::with_seed(seed);
                let mut book = Book::default();
                book.add(vote(1, 9), T0);
                assert_eq!(offered(&mut book, T0), [9]);
                let news = book.hear(&receipt(9, is, reason, Some(400)), T0, &mut rng);
                assert_eq!(news, Some(News::Nothing));
                assert_eq!(offered(&mut book, T0.plus_ms(399)), []);
                let at = book.wake_at().unwrap();
                assert!((T0.plus_ms(400)..=T0.plus_ms(800)).contains(&at));
                assert_eq!(offered(&mut book, at), [9]);
            }
        }
    }

    #[test]
    fn silence_is_answered_with_the_same_id_ever_more_slowly() {
        let mut book = Book::default();
        book.add(vote(1, 9), T0);
        let mut waits = Vec::new();
        let mut now = T0;
        for _ in 0..6 {
            assert_eq!(offered(&mut book, now), [9]);
            let at = book.wake_at().unwrap();
            waits.push(at.since_ms(now));
            now = at;
        }
        assert_eq!(waits, [5000, 10_000, 20_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn a_new_session_offers_all_that_is_open_and_nothing_that_is_settled() {
        let mut rng = Rng::with_seed(1);
        let mut book = Book::default();
        book.add(vote(1, 1), T0);
        book.add(vote(2, 2), T0);
        assert_eq!(offered(&mut book, T0), [1, 2]);
        book.hear(&receipt(1, Answer::Counted, None, None), T0, &mut rng);
        assert_eq!(offered(&mut book, T0), []);
        book.resume(T0);
        assert_eq!(offered(&mut book, T0), [2]);
        assert_eq!(book.hear(&receipt(1, Answer::Counted, None, None), T0, &mut rng), Some(News::Repeated));
        let taken_back = receipt(1, Answer::Refused, Some(Reason::Late), None);
        assert_eq!(book.hear(&taken_back, T0, &mut rng), Some(News::Contradiction));
        assert_eq!(book.hear(&receipt(77, Answer::Counted, None, None), T0, &mut rng), None);
        book.forget_settled_but(RunId(2));
        assert!(book.find(RunId(1), BallotId(1)).is_none());
    }
}
