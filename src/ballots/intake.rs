//! The front of this area: sessions cast, ask and look here. Knows which runs exist on this node and where their shards
//! are; decides nothing itself.

use std::sync::{Arc, atomic::Ordering};

use dashmap::DashMap;

use super::{
    admission::{self, Admission},
    ballot::{Ballot, Verdict},
    committer::{Marked, Order, Queue},
    inbox::Inbox,
    ledger,
    reconcile::Reconcile,
    run_intake::RunIntake,
    shard::{self, Staged},
};
use crate::{
    base::{
        ids::{BallotId, NodeId, RunId, VoterId},
        limits,
        stance::StanceCell,
    },
    providers::redis::Redis,
    shows::{board::BoardRun, interaction::Interaction},
    wire::server::{Answer, Reason, Receipt},
};

/// All runs of this node and the way to the committer.
#[derive(Debug)]
pub struct Intake {
    runs: DashMap<RunId, Arc<RunIntake>>,
    queue: Arc<Queue>,
    stance: Arc<StanceCell>,
    ledger: Option<LedgerSide>,
}

/// The way to a ledger of several nodes.
pub struct LedgerSide {
    /// This data directory.
    pub directory: NodeId,
    pub redis: Redis,
    /// Begins to carry a run's ballots to the ledger.
    pub carry: Carry,
}

/// Begins to carry the ballots of a run.
pub type Carry = Box<dyn Fn(&Arc<RunIntake>) + Send + Sync>;

impl std::fmt::Debug for LedgerSide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerSide").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Intake {
    /// An intake in front of a committer's queue.
    pub fn new(queue: Arc<Queue>, stance: Arc<StanceCell>, ledger: Option<LedgerSide>) -> Self {
        Self { runs: DashMap::new(), queue, stance, ledger }
    }

    /// Brings a run of the board in line with it: makes it known, and hands on what has changed.
    pub fn follow(&self, run: &BoardRun, roster: &Arc<[NodeId]>) -> Arc<RunIntake> {
        let fresh = || {
            Arc::new(match &self.ledger {
                Some(ledger) => RunIntake::remote(run.definition.clone(), ledger.directory, None),
                None => RunIntake::new(run.definition.clone(), None),
            })
        };
        let intake = self.runs.entry(run.definition.run).or_insert_with(fresh).clone();
        let is_first = intake.follow(run, roster);
        if let (true, Some(ledger)) = (is_first && intake.definition.is_readable(), &self.ledger) {
            (ledger.carry)(&intake);
        }
        intake
    }

    /// Takes a run that a restore brought back.
    pub fn adopt(&self, run: RunIntake) {
        self.runs.insert(run.id(), Arc::new(run));
    }

    /// Forgets a run that is on no board any more. Its ballots stay in the journals.
    pub fn forget(&self, run: RunId) {
        if let Some((_, intake)) = self.runs.remove(&run) {
            intake.leave();
        }
    }

    /// A run of this node. One whose ballots are laid out in another way is not known: nothing can be said of it.
    pub fn run(&self, run: RunId) -> Option<Arc<RunIntake>> {
        self.runs.get(&run).map(|intake| intake.clone()).filter(|intake| intake.definition.is_readable())
    }

    /// Takes a ballot. A receipt comes back if there is one already; else it comes to the inbox, once the ballot is
    /// settled.
    pub fn cast(&self, run: RunId, on_board: Option<&BoardRun>, ballot: Ballot, inbox: &Arc<Inbox>) -> Option<Receipt> {
        let id = ballot.id;
        let reply = |is, reason, retry_ms| Some(shard::answer(run, id, is, reason, retry_ms));
        let Some(on_board) = on_board else { return Some(shard::unknown(run, id)) };
        if !on_board.definition.interaction.takes_ballots() {
            return reply(Answer::Refused, Some(Reason::Invalid), None);
        }
        let Some(intake) = self.run(run) else { return Some(shard::unknown(run, id)) };
        if on_board.void {
            let answer = shard::answer(run, id, Answer::Refused, None, None);
            return Some(shard::void(answer, on_board.instead));
        }
        let bucket = intake.definition.bucket_of(ballot.voter);
        let mut shard = intake.shard(bucket);
        match shard.look_up(run, &ballot, inbox) {
            Staged::Known(receipt) => {
                return Some(intake.judged(receipt, shard.came_by(ballot.voter, ballot.id)));
            }
            Staged::Joined => return None,
            Staged::Undecided => return Some(shard::unknown(run, id)),
            Staged::New => {}
        }
        match admission::admit(on_board, self.stance.get(), &ballot) {
            Admission::Answer { is, reason, retry_ms } => return reply(is, reason, retry_ms),
            Admission::Admit => {}
        }
        if !intake.is_listed() {
            // Nobody would wait for this node's ballots: it has to enter the show's roster first.
            return reply(Answer::Refused, Some(Reason::Busy), Some(limits::RETRY_DRAIN_MS));
        }
        // A bucket's part of what the run may hold: voters are spread over them evenly.
        let held = shard.reconcile.as_ref().map_or(0, Reconcile::held) as u64;
        let full = held >= limits::HELD_MAX / u64::from(intake.definition.buckets)
            || self.queue.staged.load(Ordering::Relaxed) >= limits::STAGED_MAX;
        if full || !inbox.reserve() {
            return reply(Answer::Refused, Some(Reason::Busy), Some(limits::RETRY_FULL_MS));
        }
        self.queue.staged.fetch_add(1, Ordering::Relaxed);
        if shard.stage(ballot, inbox.clone()) {
            // Under the shard's lock, so that a mark that is ordered later cannot overtake this ballot.
            self.queue.announce(intake.clone(), bucket);
        }
        None
    }

    /// The receipt of one ballot of a voter again.
    pub fn ask(&self, run: RunId, voter: VoterId, id: BallotId) -> Receipt {
        match self.run(run) {
            Some(intake) => {
                let shard = intake.shard(intake.definition.bucket_of(voter));
                intake.judged(shard.receipt(run, voter, id), shard.came_by(voter, id))
            }
            None => shard::unknown(run, id),
        }
    }

    /// What a voter has in a run.
    pub fn mine(&self, run: RunId, voter: VoterId) -> Vec<Receipt> {
        match self.run(run) {
            Some(intake) => {
                let shard = intake.shard(intake.definition.bucket_of(voter));
                let judged = |receipt: Receipt| {
                    let entry = shard.came_by(voter, receipt.id);
                    intake.judged(receipt, entry)
                };
                shard.mine(run, voter).into_iter().map(judged).collect()
            }
            None => Vec::new(),
        }
    }

    /// Whether a ballot of a voter is counted in a run, as far as this node knows.
    pub fn has_counted(&self, run: RunId, voter: VoterId) -> bool {
        self.run(run).is_some_and(|intake| intake.shard(intake.definition.bucket_of(voter)).has_counted(voter))
    }

    /// What a voter has in a run, whichever node took it. A ledger that does not answer leaves what this node knows.
    pub async fn mine_everywhere(&self, run: RunId, voter: VoterId) -> Vec<Receipt> {
        let mut mine = self.mine(run, voter);
        let (Some(ledger), Some(intake)) = (&self.ledger, self.run(run)) else { return mine };
        let Interaction { votes, changeable, .. } = intake.definition.interaction;
        let counted = mine.iter().filter(|receipt| receipt.is == Answer::Counted);
        if !changeable && counted.map(|receipt| receipt.picks.len()).sum::<usize>() >= usize::from(votes) {
            return mine;
        }
        let elsewhere = ledger::of_voter(&ledger.redis, &intake.definition, voter);
        let Ok(Ok(kept)) = tokio::time::timeout(limits::LEDGER_LOOK_UP_TIMEOUT, elsewhere).await else { return mine };
        let spent: u16 = kept.iter().filter(|one| one.verdict == Verdict::Counted).map(|one| one.picks.votes()).sum();
        let left = if changeable { votes } else { votes.saturating_sub(spent) };
        for one in kept.iter().filter(|kept| kept.has_its_id()) {
            let receipt = intake.judged(shard::known(run, one, left, || kept.iter(), true), Some(one.entry));
            match mine.iter_mut().find(|known| known.id == one.id) {
                Some(known) if changeable || known.is == Answer::Held => *known = receipt,
                Some(_) => {}
                None => mine.push(receipt),
            }
        }
        mine
    }

    /// Whether a ballot of a voter is counted in a run, whichever node took it.
    pub async fn has_counted_anywhere(&self, run: RunId, voter: VoterId) -> bool {
        self.has_counted(run, voter)
            || self.mine_everywhere(run, voter).await.iter().any(|receipt| receipt.is == Answer::Counted)
    }

    /// Every ballot of a voter in a run with what was decided (`None`: nothing yet), whichever node took it, oldest first.
    /// `None`: the ledger does not answer, or the run is not known here.
    pub async fn of_voter(&self, run: RunId, voter: VoterId) -> Option<Vec<(Ballot, Option<Verdict>)>> {
        let intake = self.run(run)?;
        let mut all = intake.shard(intake.definition.bucket_of(voter)).of_voter(voter);
        if let Some(ledger) = &self.ledger {
            let elsewhere = ledger::of_voter(&ledger.redis, &intake.definition, voter);
            for one in tokio::time::timeout(limits::LEDGER_LOOK_UP_TIMEOUT, elsewhere).await.ok()?.ok()? {
                let (ballot, verdict) = (one.ballot(voter), Some(one.verdict));
                match all.iter_mut().find(|(known, _)| known.id == ballot.id && known.picks == ballot.picks) {
                    Some(known) => *known = (ballot, verdict),
                    None => all.push((ballot, verdict)),
                }
            }
        }
        all.sort_by_key(|(ballot, _)| ballot.received);
        Some(all)
    }

    /// The receipt of one ballot again, whichever node took it.
    pub async fn ask_everywhere(&self, run: RunId, voter: VoterId, id: BallotId) -> Receipt {
        let here = self.ask(run, voter, id);
        if here.is != Answer::Unknown || self.ledger.is_none() {
            return here;
        }
        self.mine_everywhere(run, voter).await.into_iter().find(|receipt| receipt.id == id).unwrap_or(here)
    }

    /// Marks all buckets of a run for a seal, behind everything that was cast before. `None`: the run is not known here,
    /// or the committer has ended.
    pub async fn mark(&self, run: RunId, revision: u32) -> Option<Marked> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.queue.order(Order::Mark { run: self.run(run)?, revision, reply });
        answer.await.ok()
    }
}
