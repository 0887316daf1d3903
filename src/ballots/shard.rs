//! A shard: one bucket of a run in this node's memory, with the ballots that wait to be decided. Held under one short
//! lock; nothing here blocks.

use std::{collections::HashMap, hash::BuildHasherDefault, sync::Arc};

use super::{
    ballot::{Ballot, Decided, Picks, Place, Verdict},
    bucket::{Bucket, Decision, Kept, hasher::VoterHasher, in_force},
    inbox::Inbox,
    reconcile::{News, Reconcile},
    run_intake::RunIntake,
};
use crate::{
    base::ids::{BallotId, RunId, VoterId},
    wire::server::{Answer, Reason, Receipt},
};

/// One bucket and what waits before it.
#[derive(Debug)]
pub struct Shard {
    /// Decides, where the ledger is embedded; else it remembers what was decided over ballots of this directory.
    pub(super) bucket: Bucket,
    /// This directory's side of a ledger of several nodes.
    pub(super) reconcile: Option<Reconcile>,
    /// What the ledger decided and this disk does not have.
    pub(super) verdicts: Vec<News>,
    /// It waits in the committer's queue.
    pub(super) announced: bool,
    /// Ballots that the next group takes.
    pub(super) staged: Vec<(Ballot, Option<Decided>)>,
    /// Ballots that are staged, or decided and not on disk yet: nobody is told anything about them.
    pending: HashMap<(VoterId, BallotId), Pending, BuildHasherDefault<VoterHasher>>,
    /// The number of the next record in the current journal.
    pub(super) next_seq: u64,
}

#[derive(Debug)]
struct Pending {
    picks: Picks,
    first: Option<Arc<Inbox>>,
    others: Vec<Arc<Inbox>>,
    standing: Standing,
}

/// How far a ballot is that is not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// On its way to the disk.
    Staged,
    /// The disk did not take it (yet): nothing can be said.
    Doubtful,
    /// On disk, on its way to the ledger.
    Logged,
    /// On disk, and everybody who waits was told that it is held.
    Held,
}

/// What a shard says to a ballot that comes in.
#[derive(Debug)]
pub enum Staged {
    /// It was decided before: this is its receipt.
    Known(Receipt),
    /// It is on its way already; the receipt comes to this inbox too.
    Joined,
    /// It is on its way, but nothing can be said: the disk is in doubt, or another content has this id.
    Undecided,
    /// It is new: [`Shard::stage`] takes it.
    New,
}

impl Shard {
    /// A shard before which nothing waits.
    pub fn new(bucket: Bucket) -> Self {
        Self {
            bucket,
            reconcile: None,
            verdicts: Vec::new(),
            announced: false,
            staged: Vec::new(),
            pending: HashMap::default(),
            next_seq: 1,
        }
    }

    /// Looks a ballot up, by its id, among what is on its way and what is decided.
    pub fn look_up(&mut self, run: RunId, ballot: &Ballot, inbox: &Arc<Inbox>) -> Staged {
        if let Some(pending) = self.pending.get_mut(&(ballot.voter, ballot.id)) {
            if pending.standing == Standing::Doubtful || pending.picks != ballot.picks {
                return Staged::Undecided;
            }
            let mut waiting = pending.first.iter().chain(&pending.others);
            if pending.standing == Standing::Held && waiting.any(|one| Arc::ptr_eq(one, inbox)) {
                return Staged::Known(held(run, ballot.id, true));
            }
            if !inbox.reserve() {
                return Staged::Undecided;
            }
            pending.others.push(inbox.clone());
            return match pending.standing {
                Standing::Held => Staged::Known(held(run, ballot.id, true)),
                _ => Staged::Joined,
            };
        }
        let (kept, _) = self.bucket.voter(ballot.voter);
        match kept.iter().find(|kept| kept.id == ballot.id && kept.picks == ballot.picks) {
            Some(kept) => Staged::Known(Receipt { picks: Vec::new(), ..self.known(run, ballot.voter, kept) }),
            None => Staged::New,
        }
    }

    /// Takes a new ballot for the next group. `true`: the shard was empty and has to be announced to the committer.
    pub fn stage(&mut self, ballot: Ballot, inbox: Arc<Inbox>) -> bool {
        let standing = Standing::Staged;
        let pending = Pending { picks: ballot.picks.clone(), first: Some(inbox), others: Vec::new(), standing };
        self.pending.insert((ballot.voter, ballot.id), pending);
        self.staged.push((ballot, None));
        !std::mem::replace(&mut self.announced, true)
    }

    /// A ballot is on disk, and the ledger has to decide.
    pub(super) fn log(&mut self, place: Place, ballot: Ballot) {
        if let Some(pending) = self.pending.get_mut(&(ballot.voter, ballot.id)) {
            pending.standing = Standing::Logged;
        }
        if let Some(reconcile) = &mut self.reconcile {
            reconcile.append(place, ballot, None);
        }
    }

    /// The ledger cannot be asked now: everybody who waits for it is told that the ballot is held.
    pub(super) fn hold(&mut self, run: RunId) {
        for ((_, id), pending) in &mut self.pending {
            if pending.standing == Standing::Logged {
                pending.standing = Standing::Held;
                let waiting = pending.first.iter().chain(&pending.others);
                waiting.for_each(|inbox| inbox.tell(held(run, *id, false)));
            }
        }
    }

    /// Takes in what the ledger decided. What is counted is told at once; anything else once this disk has the verdict.
    /// `true`: the shard has to be announced to the committer.
    pub(super) fn learn(&mut self, run: &RunIntake, news: Vec<News>) -> bool {
        let counted = news.iter().filter(|one| one.decision.verdict == Verdict::Counted);
        let counted: Vec<_> = counted.cloned().collect();
        counted.iter().for_each(|one| self.told(run, one));
        if news.is_empty() {
            return false;
        }
        self.verdicts.extend(news);
        !std::mem::replace(&mut self.announced, true)
    }

    /// A verdict of the ledger may be told.
    pub(super) fn told(&mut self, run: &RunIntake, news: &News) {
        let Some(ballot) = self.reconcile.as_ref().and_then(|reconcile| reconcile.ballot(news.place)) else { return };
        // From here on whoever asks is told, too; nobody waits for what a process before this one took.
        self.bucket.remember(ballot, news.decision.decided());
        // Another content may wait under the same id: its own copy is on its way, and this verdict is not about it.
        let pending = self.pending.get(&(news.voter, news.id));
        if pending.is_none_or(|pending| pending.picks != ballot.picks) {
            return;
        }
        // The copy that counts may be this very one, sent again because an answer was lost.
        let repeated = news.decision.repeated && news.decision.place != news.place;
        self.settle(run, news.voter, news.id, &Decision { repeated, ..news.decision });
    }

    /// A ballot's verdict is on disk: everybody who waits is told.
    pub(super) fn settle(&mut self, run: &RunIntake, voter: VoterId, id: BallotId, decision: &Decision) {
        let Some(pending) = self.pending.remove(&(voter, id)) else { return };
        let (is, reason) = decision.verdict.answer();
        let receipt = run.judged(
            Receipt {
                run: run.id(),
                id,
                is,
                reason,
                retry_ms: None,
                left: (is == Answer::Counted).then_some(decision.left),
                at: Some(decision.received.as_ms()),
                picks: Vec::new(),
                repeated: decision.repeated,
                change: pending.picks.change(),
                change_seen: pending.picks.change().map(|_| decision.change_seen),
                in_force: (is == Answer::Counted && pending.picks.change().is_some()).then_some(decision.in_force),
                instead: None,
                excluded: false,
            },
            Some(decision.entry),
        );
        for other in pending.others {
            other.deliver(Receipt { repeated: true, ..receipt.clone() });
        }
        if let Some(first) = pending.first {
            first.deliver(receipt);
        }
    }

    /// The disk did not take a ballot: everybody who waits is told that nothing can be said, and so is everybody
    /// who asks, until the ballot is settled or a new start has read the disk.
    pub(super) fn doubt(&mut self, run: RunId, voter: VoterId, id: BallotId) {
        let Some(pending) = self.pending.get_mut(&(voter, id)) else { return };
        pending.standing = Standing::Doubtful;
        for inbox in pending.first.take().into_iter().chain(pending.others.drain(..)) {
            inbox.deliver(unknown(run, id));
        }
    }

    /// What is known of one ballot of a voter.
    pub fn receipt(&self, run: RunId, voter: VoterId, id: BallotId) -> Receipt {
        let (kept, _) = self.bucket.voter(voter);
        match kept.iter().find(|kept| kept.id == id && kept.has_its_id()) {
            Some(kept) if !self.is_on_its_way(voter, kept) => self.known(run, voter, kept),
            _ if self.is_held(voter, id) => held(run, id, true),
            _ => unknown(run, id),
        }
    }

    /// By which entry a ballot came that is settled.
    pub(super) fn came_by(&self, voter: VoterId, id: BallotId) -> Option<u8> {
        let (kept, _) = self.bucket.voter(voter);
        kept.iter().find(|kept| kept.id == id && kept.has_its_id()).map(|kept| kept.entry)
    }

    fn is_held(&self, voter: VoterId, id: BallotId) -> bool {
        let pending = self.pending.get(&(voter, id));
        pending.is_some_and(|pending| matches!(pending.standing, Standing::Logged | Standing::Held))
    }

    /// Everything that is settled or held of a voter.
    pub fn mine(&self, run: RunId, voter: VoterId) -> Vec<Receipt> {
        let (kept, _) = self.bucket.voter(voter);
        let settled = kept.iter().filter(|kept| kept.has_its_id() && !self.is_on_its_way(voter, kept));
        let waiting = self.pending.iter().filter(|((whose, id), _)| *whose == voter && self.is_held(voter, *id));
        let waiting = waiting.map(|((_, id), pending)| {
            let (picks, change) = (pending.picks.as_slice().to_vec(), pending.picks.change());
            Receipt { picks, change, ..held(run, *id, true) }
        });
        settled.map(|kept| self.known(run, voter, kept)).chain(waiting).collect()
    }

    /// The receipt of a ballot that is settled.
    fn known(&self, run: RunId, voter: VoterId, kept: &Kept) -> Receipt {
        let settled = || self.bucket.voter(voter).0.iter().filter(|kept| !self.is_on_its_way(voter, kept));
        // Where several nodes take ballots, another one may know a later change.
        known(run, kept, self.left(voter), settled, self.reconcile.is_none())
    }

    /// Whether a ballot of a voter is counted, as far as this node knows.
    pub(super) fn has_counted(&self, voter: VoterId) -> bool {
        let (kept, _) = self.bucket.voter(voter);
        kept.iter().any(|kept| kept.verdict == Verdict::Counted && !self.is_on_its_way(voter, kept))
    }

    /// Every ballot of a voter that is on disk, also those whose id stands for another one, with what was decided; `None`:
    /// nothing yet.
    pub fn of_voter(&self, voter: VoterId) -> Vec<(Ballot, Option<Verdict>)> {
        let settled = self.bucket.voter(voter).0.iter().filter(|kept| !self.is_on_its_way(voter, kept));
        let settled = settled.map(|kept| (kept.ballot(voter), Some(kept.verdict)));
        let held = self.reconcile.iter().flat_map(|own| own.undecided(voter)).map(|ballot| (ballot.clone(), None));
        settled.chain(held).collect()
    }

    /// Whether a ballot is decided and not on disk yet. Another content under its id says nothing about it.
    fn is_on_its_way(&self, voter: VoterId, kept: &Kept) -> bool {
        self.pending.get(&(voter, kept.id)).is_some_and(|pending| pending.picks == kept.picks)
    }

    /// The votes that a voter has left by what is on disk: a crash may give back what is still on its way.
    fn left(&self, voter: VoterId) -> u16 {
        let (kept, left) = self.bucket.voter(voter);
        let counted = kept.iter().filter(|kept| kept.verdict == Verdict::Counted);
        let on_their_way = counted.filter(|kept| self.is_on_its_way(voter, kept));
        left + on_their_way.map(|kept| kept.picks.votes()).sum::<u16>()
    }

    /// Ballots that are not settled.
    pub fn outstanding(&self) -> usize {
        // After a start nobody waits for what an earlier one has left.
        self.pending.len().max(self.reconcile.as_ref().map_or(0, Reconcile::held))
    }
}

/// The receipt of a ballot that is settled. `all`: what is known of its voter; `is_all`: nobody knows more.
pub(super) fn known<'a, All: Iterator<Item = &'a Kept>>(
    run: RunId,
    kept: &Kept,
    left: u16,
    all: impl Fn() -> All,
    is_all: bool,
) -> Receipt {
    let (is, reason) = kept.verdict.answer();
    let change = kept.picks.change();
    let greatest = change.filter(|_| is == Answer::Counted).and_then(|_| in_force(all()));
    let is_greatest = greatest.is_some_and(|greatest| greatest.id == kept.id);
    Receipt {
        run,
        id: kept.id,
        is,
        reason,
        retry_ms: None,
        left: (is == Answer::Counted).then_some(left),
        at: Some(kept.received.as_ms()),
        picks: kept.picks.as_slice().to_vec(),
        repeated: true,
        change,
        change_seen: change.and_then(|_| all().filter_map(|kept| kept.picks.change()).max()),
        in_force: greatest.filter(|_| is_all || !is_greatest).map(|_| is_greatest),
        instead: None,
        excluded: false,
    }
}

/// What a receipt says once the run is void: no ballot of it counts, whatever was said before. `instead`: the run that is held
/// in place of it.
pub(super) fn void(receipt: Receipt, instead: Option<RunId>) -> Receipt {
    let (is, reason) = (Answer::Refused, Some(Reason::Void));
    Receipt { is, reason, retry_ms: None, left: None, in_force: None, instead, ..receipt }
}

/// A receipt that says that a ballot is on disk and not decided.
fn held(run: RunId, id: BallotId, repeated: bool) -> Receipt {
    let retry_ms = Some(crate::base::limits::RETRY_HELD_MS);
    Receipt { repeated, ..answer(run, id, Answer::Held, None, retry_ms) }
}

/// A receipt that says that nothing can be said.
pub fn unknown(run: RunId, id: BallotId) -> Receipt {
    answer(run, id, Answer::Unknown, None, Some(crate::base::limits::RETRY_NOT_OPEN_MS))
}

/// A receipt without any more than the answer.
pub fn answer(run: RunId, id: BallotId, is: Answer, reason: Option<Reason>, retry_ms: Option<u32>) -> Receipt {
    Receipt {
        run,
        id,
        is,
        reason,
        retry_ms,
        left: None,
        at: None,
        picks: Vec::new(),
        repeated: false,
        change: None,
        change_seen: None,
        in_force: None,
        instead: None,
        excluded: false,
    }
}
