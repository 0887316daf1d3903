//! What a virtual viewer does by itself: it is told what happens and writes into an agenda what to do and when.

use fastrand::Rng;

use super::{backoff::Closing, standing::News};
use crate::{
    base::{
        clock::Micros,
        ids::{BallotId, RunId},
    },
    wire::{
        client::Vote,
        results::Results,
        server::{Phase, Problem, Receipt, RunView, ShowView, Welcome},
    },
};

/// What happens to a viewer. `node` is the index of the node in the viewer's list.
#[derive(Debug)]
pub enum Event<'a> {
    /// A session began.
    Joined { node: usize, welcome: &'a Welcome },
    /// The server made a new device token although there was one, or the one there was is not good any more: this is
    /// another voter now, and the ballots of the one before are gone from the book.
    NewVoter,
    /// What is on; never older than the one before.
    Show(&'a ShowView),
    /// Numbers; never older than the ones before of the same run.
    Results(&'a Results),
    /// A ballot is sent.
    Offered { node: usize, vote: &'a Vote },
    /// A receipt; `news` is absent if the ballot is not in the book.
    Receipt { node: usize, receipt: &'a Receipt, news: Option<News> },
    /// The server could not take something.
    Problem(&'a Problem),
    /// The session ended, or none came about.
    Closed { node: usize, closing: Closing },
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Keep this ballot and offer it until it is settled.
    Cast(Vote),
    /// Send a ballot of the book once more, whatever is known of it (nothing happens while there is no session).
    Again { run: RunId, id: BallotId },
    /// Tap the options of a run so often more (nothing happens while there is no session).
    Tap { run: RunId, more: Vec<u32> },
    /// Leave this connection and connect to the node with this index.
    Move { node: usize },
    /// Leave for good.
    Leave,
}

/// What to do and when.
#[derive(Debug, Default)]
pub struct Agenda {
    entries: Vec<(Micros, Act)>,
}

impl Agenda {
    /// Adds something to do; what has the same time is done in the order it was added.
    pub fn at(&mut self, at: Micros, act: Act) {
        self.entries.push((at, act));
    }

    /// When the next thing is due.
    pub fn wake_at(&self) -> Option<Micros> {
        self.entries.iter().map(|(at, _)| *at).min()
    }

    /// Takes out the next thing that is due.
    pub fn due(&mut self, now: Micros) -> Option<Act> {
        let next = self.wake_at().filter(|at| *at <= now)?;
        let index = self.entries.iter().position(|(at, _)| *at == next)?;
        Some(self.entries.remove(index).1)
    }
}

/// A viewer's behaviour.
pub trait Behaviour: Send {
    /// Something happened; what to do about it goes into the agenda.
    fn on(&mut self, event: &Event<'_>, now: Micros, rng: &mut Rng, agenda: &mut Agenda);
}

/// Casts at most one ballot in each run that opens.
#[derive(Debug)]
pub struct Once<F> {
    choose: F,
    last: Option<RunId>,
}

impl<F: FnMut(&RunView, &mut Rng) -> Option<(u64, Vec<u16>)> + Send> Once<F> {
    /// `choose` says after how many milliseconds of thought which options are picked; `None`: no ballot in this run.
    pub const fn new(choose: F) -> Self {
        Self { choose, last: None }
    }
}

impl<F: FnMut(&RunView, &mut Rng) -> Option<(u64, Vec<u16>)> + Send> Behaviour for Once<F> {
    fn on(&mut self, event: &Event<'_>, now: Micros, rng: &mut Rng, agenda: &mut Agenda) {
        let Event::Show(ShowView { run: Some(run), .. }) = event else { return };
        if run.phase != Phase::Open || self.last == Some(run.id) {
            return;
        }
        self.last = Some(run.id);
        if let Some((think_ms, picks)) = (self.choose)(run, rng) {
            let vote = Vote { run: run.id, id: BallotId(rng.u128(..)), picks, change: run.changeable.then_some(1) };
            agenda.at(now.plus_ms(think_ms), Act::Cast(vote));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agenda_keeps_time_and_order() {
        let mut agenda = Agenda::default();
        agenda.at(Micros(20), Act::Leave);
        agenda.at(Micros(10), Act::Move { node: 1 });
        agenda.at(Micros(10), Act::Move { node: 2 });
        assert_eq!(agenda.wake_at(), Some(Micros(10)));
        assert_eq!(agenda.due(Micros(9)), None);
        assert_eq!(agenda.due(Micros(30)), Some(Act::Move { node: 1 }));
        assert_eq!(agenda.due(Micros(30)), Some(Act::Move { node: 2 }));
        assert_eq!(agenda.due(Micros(30)), Some(Act::Leave));
        assert_eq!(agenda.due(Micros(30)), None);
    }
}
