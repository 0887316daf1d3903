//! The committer between a full disk, a crowd in one bucket and somebody who wants to seal.

use std::{path::PathBuf, sync::atomic::AtomicUsize};

use futures_util::FutureExt as _;

use super::*;
use crate::{
    ballots::{
        ballot::{Ballot, Picks},
        inbox::Inbox,
        intake::Intake,
    },
    base::{clock::Micros, stance::Stance},
    providers::journal::Committed,
    shows::{board::Board, transition::tests::Desk},
    wire::{
        command::{Armable, Command},
        server::{Answer, Reason},
    },
};

/// A journal in memory whose disk can be full, and which takes no more than so many records at once.
#[derive(Debug, Default)]
struct FakeJournal {
    full: Arc<std::sync::atomic::AtomicBool>,
    group: usize,
    largest: Arc<AtomicUsize>,
}

impl Journal for FakeJournal {
    fn id(&self) -> JournalId {
        JournalId(7)
    }
    fn append(&mut self, _: Frame<'_>) -> Result<(), JournalError> {
        if self.full.load(Ordering::Relaxed) {
            return Err(JournalError::Full { free: 0, reserve: 1, directory: PathBuf::new() });
        }
        self.group += 1;
        Ok(())
    }
    fn commit(&mut self) -> Result<Committed, JournalError> {
        self.largest.fetch_max(self.group, Ordering::Relaxed);
        self.group = 0;
        Ok(Committed::default())
    }
    fn free_bytes(&self) -> u64 {
        u64::from(!self.full.load(Ordering::Relaxed))
    }
    fn lend_reserve(&mut self, _: bool) {}
}

struct Node {
    board: Board,
    intake: Intake,
    committer: Committer<FakeJournal>,
    stance: Arc<StanceCell>,
    full: Arc<std::sync::atomic::AtomicBool>,
    largest: Arc<AtomicUsize>,
}

impl Node {
    fn new() -> Self {
        let board = Board::of(&Desk::open_for(60).document);
        let (queue, stance) = (Arc::<Queue>::default(), Arc::<StanceCell>::default());
        let intake = Intake::new(queue.clone(), stance.clone(), None);
        board.runs().iter().for_each(|run| drop(intake.follow(run, board.roster())));
        let journal = FakeJournal::default();
        let (full, largest) = (journal.full.clone(), journal.largest.clone());
        Self { board, intake, committer: Committer::new(queue, journal, stance.clone()), stance, full, largest }
    }

    fn run(&self) -> RunId {
        self.board.runs()[0].definition.run
    }

    /// A voter's ballot, all voters in one bucket.
    fn cast(&self, number: u128, inbox: &Arc<Inbox>) {
        let (voter, id, picks, received) = (VoterId(number), BallotId(number), Picks::One(1), Micros::from_ms(5));
        let ballot = Ballot { voter, id, picks, received, entry: 0 };
        assert_eq!(self.intake.cast(self.run(), self.board.run(self.run()), ballot, inbox), None);
    }
}

#[test]
fn a_full_disk_is_told_though_nobody_writes() {
    let mut node = Node::new();
    node.full.store(true, Ordering::Relaxed);
    node.committer.look();
    node.committer.round();
    assert_eq!(node.stance.get(), Stance::DiskFull);
    node.full.store(false, Ordering::Relaxed);
    node.committer.look();
    node.committer.round();
    assert_eq!(node.stance.get(), Stance::Open);
}

#[test]
fn who_wants_to_seal_does_not_wait_for_a_full_disk() {
    let mut node = Node::new();
    let inbox = Arc::<Inbox>::default();
    node.cast(1, &inbox);
    node.full.store(true, Ordering::Relaxed);
    let (intake, run) = (&node.intake, node.run());
    let mut mark = Box::pin(intake.mark(run, 1));
    assert!(mark.as_mut().now_or_never().is_none());
    node.committer.round();
    assert_eq!(mark.as_mut().now_or_never(), Some(None), "a ballot of this run is not on disk");
    assert_eq!(inbox.take()[0].is, Answer::Unknown);

    node.full.store(false, Ordering::Relaxed);
    let mut mark = Box::pin(intake.mark(run, 2));
    assert!(mark.as_mut().now_or_never().is_none());
    node.committer.round();
    assert_eq!(mark.as_mut().now_or_never().flatten().map(|marked| marked.totals.counted), Some(1));
}

#[test]
fn a_full_disk_does_not_keep_another_run_from_its_seal() {
    let mut node = Node::new();
    let mut other = Desk::open_for(60);
    other.send(Command::Standby { cue: "2".into() });
    let board = Board::of(&other.document);
    let other = board.runs().last().unwrap();
    node.intake.follow(other, board.roster());
    node.cast(1, &Arc::default());
    node.full.store(true, Ordering::Relaxed);
    let mut mark = Box::pin(node.intake.mark(other.definition.run, 1));
    assert!(mark.as_mut().now_or_never().is_none());
    node.committer.round();
    assert!(matches!(mark.as_mut().now_or_never(), Some(Some(_))));
}

#[test]
fn a_crowd_in_one_bucket_is_written_in_groups_that_a_journal_takes() {
    let mut node = Node::new();
    let many = limits::GROUP_MAX * 2 + 1;
    let inboxes: Vec<_> = (0..many).map(|_| Arc::<Inbox>::default()).collect();
    for (number, inbox) in (1..).zip(&inboxes) {
        node.cast(number, inbox);
    }
    let (intake, run) = (&node.intake, node.run());
    let mut mark = Box::pin(intake.mark(run, 1));
    assert!(mark.as_mut().now_or_never().is_none());
    for _ in 0..3 {
        assert!(mark.as_mut().now_or_never().is_none(), "a seal comes behind all that was cast before");
        node.committer.round();
    }
    assert!(inboxes.iter().all(|inbox| inbox.take()[0].is == Answer::Counted));
    assert!(node.largest.load(Ordering::Relaxed) <= limits::GROUP_MAX + 2);
    let marked = mark.as_mut().now_or_never().flatten().unwrap();
    assert_eq!((marked.totals.counted, marked.watermarks[0].2), (many as u64, many as u64));
}

#[test]
fn after_a_void_no_receipt_says_counted() {
    let mut desk = Desk::open_for(60);
    let mut node = Node::new();
    let (inbox, run) = (Arc::<Inbox>::default(), node.run());
    node.cast(1, &inbox);
    node.committer.round();
    assert_eq!(inbox.take()[0].is, Answer::Counted);
    node.cast(2, &inbox);
    desk.send(Command::Arm { what: Armable::Void, run: None });
    desk.send(Command::Void { run: None, reason: "wrong number on screen".into() });
    let board = Board::of(&desk.document);
    node.intake.follow(&board.runs()[0], board.roster());
    node.committer.round();
    let (settled, asked) = (inbox.take(), node.intake.ask(run, VoterId(1), BallotId(1)));
    for receipt in settled.iter().chain([&asked]).chain(&node.intake.mine(run, VoterId(1))) {
        assert_eq!((receipt.is, receipt.reason, receipt.left), (Answer::Refused, Some(Reason::Void), None));
    }
    assert_eq!(settled.len(), 1);
}

#[test]
fn nobody_waits_for_a_committer_that_is_gone() {
    let node = Node::new();
    let mut mark = Box::pin(node.intake.mark(node.run(), 1));
    assert!(mark.as_mut().now_or_never().is_none());
    drop(node.committer);
    assert_eq!(mark.as_mut().now_or_never(), Some(None));
}

#[test]
fn a_full_disk_is_noticed_without_a_ballot_and_so_is_room() {
    let mut node = Node::new();
    node.full.store(true, Ordering::Relaxed);
    node.committer.look();
    let refused = |node: &Node| {
        let (voter, id, picks, received) = (VoterId(9), BallotId(9), Picks::One(1), Micros::from_ms(5));
        let ballot = Ballot { voter, id, picks, received, entry: 0 };
        let said = node.intake.cast(node.run(), node.board.run(node.run()), ballot, &Arc::default());
        said.is_some_and(|receipt| receipt.reason == Some(Reason::Busy))
    };
    assert!(refused(&node));
    node.full.store(false, Ordering::Relaxed);
    node.committer.look();
    assert!(!refused(&node));
}
