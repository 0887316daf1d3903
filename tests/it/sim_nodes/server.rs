//! The ledger as one Redis that can lose its newest writes: buckets by their model, a log of the calls since some older
//! copies, and a second server that goes on alone when the ledger is split.

use std::collections::{BTreeMap, BTreeSet};

use tallylight::{
    ballots::{
        ballot::{Place, Verdict},
        ledger::{Answer, Call, Contents},
    },
    base::{
        clock::Micros,
        ids::{BallotId, NodeId, RunId},
        limits,
    },
};

use super::mutants::Mutant;
use crate::ledger::model::LedgerBucket;

/// How often a copy is kept, and how many.
const COPY_US: u64 = 1_000_000;
const COPIES: usize = 3;

/// All that one server has.
#[derive(Debug, Clone)]
pub struct Store {
    history: String,
    buckets: BTreeMap<(RunId, u16), LedgerBucket>,
    barriers: BTreeMap<(RunId, u16), Barrier>,
}

/// What is known here of a bucket's barrier, to tell how it ended.
#[derive(Debug, Clone)]
struct Barrier {
    history: String,
    epoch: u64,
    since: Micros,
    retold: BTreeSet<NodeId>,
    is_over: bool,
}

/// Which server a node talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Main,
    /// The old primary, whose writes will be lost.
    Old,
}

#[derive(Debug)]
pub struct Server {
    main: Store,
    /// Older copies, each with the number of calls that it has.
    copies: Vec<(Store, usize)>,
    copied_at: Micros,
    /// All calls that the main server took.
    log: Vec<(Call, Micros)>,
    old: Option<Store>,
    /// Nodes that talk to the old primary, and whether they get the show from elsewhere.
    split: BTreeMap<usize, bool>,
    /// Nobody reaches the ledger before this moment …
    pub down_until: u64,
    /// … and these nodes do not before theirs.
    pub cut_until: Vec<u64>,
    histories: u64,
    /// When it last lost something.
    pub lost_at: u64,
}

impl Store {
    /// Takes a call. `true`: a barrier is over, though not everybody had told again what he knows.
    fn call(&mut self, call: &Call, now: Micros) -> (Answer, bool) {
        let key = (call.definition.run, call.bucket);
        let answer = self.buckets.entry(key).or_default().call(call, &self.history, now);
        let (epoch, rebuilding) = match &answer {
            Answer::Done(standing) => (standing.totals.epoch, standing.rebuilding),
            Answer::Gap { epoch, .. } => (*epoch, true),
            Answer::Absent | Answer::Disagrees => return (answer, false),
        };
        let history = &self.history;
        let fresh = || Barrier { history: history.clone(), epoch, since: now, retold: BTreeSet::new(), is_over: false };
        let barrier = self.barriers.entry(key).or_insert_with(fresh);
        if (&barrier.history, barrier.epoch) != (history, epoch) {
            *barrier = fresh();
        }
        if call.retold && call.epoch == epoch {
            barrier.retold.insert(call.directory);
        }
        let ends = !rebuilding && !barrier.is_over;
        barrier.is_over |= !rebuilding;
        let by_the_clock = now.0 - barrier.since.0 >= limits::LEDGER_BARRIER_MS * 1000;
        let all = call.roster.iter().all(|directory| barrier.retold.contains(directory));
        (answer, ends && (by_the_clock || !all))
    }
}

impl Server {
    pub fn new(nodes: usize) -> Self {
        let main = Store { history: "h1".into(), buckets: BTreeMap::new(), barriers: BTreeMap::new() };
        Self {
            copies: vec![(main.clone(), 0)],
            main,
            copied_at: Micros(0),
            log: Vec::new(),
            old: None,
            split: BTreeMap::new(),
            down_until: 0,
            cut_until: vec![0; nodes],
            histories: 1,
            lost_at: 0,
        }
    }

    pub fn heal(&mut self) {
        self.down_until = 0;
        self.cut_until.fill(0);
        self.unite();
    }

    /// Whether a node gets an answer now.
    pub fn is_reached(&self, node: usize, now: u64) -> bool {
        now >= self.cut_until[node] && now >= self.down_until
    }

    /// Whether a node gets the show, which stands in the same Redis but may be in another part of it.
    pub fn gives_documents(&self, node: usize, now: u64) -> bool {
        self.is_reached(node, now) && self.split.get(&node).is_none_or(|elsewhere| *elsewhere)
    }

    pub fn side(&self, node: usize) -> Side {
        if self.split.contains_key(&node) { Side::Old } else { Side::Main }
    }

    pub fn is_split(&self) -> bool {
        self.old.is_some()
    }

    /// Takes a call, as a mutant would have it; tells what the call became.
    pub fn call(&mut self, side: Side, mut call: Call, now: Micros, mutant: Option<Mutant>) -> (Call, Answer, bool) {
        match mutant {
            Some(Mutant::DecidedAnew) => strip(&mut call),
            Some(Mutant::NoLookUp) => self.store(side).hide_known(&mut call),
            // Who seals gives nothing to the buckets; the nodes do later.
            Some(Mutant::SealWithoutMark) if call.sealing.take().is_some() => call.seal = None,
            _ => {}
        }
        if side == Side::Main {
            self.log.push((call.clone(), now));
        }
        let (mut answer, clocked) = self.store(side).call(&call, now);
        if let (Some(Mutant::ChangesUntold), Answer::Done(standing)) = (mutant, &mut answer) {
            standing.changed.clear();
        }
        if now.0 - self.copied_at.0 >= COPY_US {
            self.copied_at = now;
            self.copies.push((self.main.clone(), self.log.len()));
            let surplus = self.copies.len().saturating_sub(COPIES);
            self.copies.drain(..surplus);
        }
        (call, answer, clocked)
    }

    fn store(&mut self, side: Side) -> &mut Store {
        match (side, &mut self.old) {
            (Side::Old, Some(old)) => old,
            _ => &mut self.main,
        }
    }

    fn new_history(&mut self) {
        self.histories += 1;
        self.main.history = format!("h{}", self.histories);
    }

    /// Calls that can be lost.
    pub fn losable(&self) -> usize {
        self.log.len() - self.copies.first().map_or(0, |(_, calls)| *calls)
    }

    /// The newest calls are lost, with another history of the store.
    pub fn lose(&mut self, calls: usize, mutant: Option<Mutant>) {
        let kept = self.log.len() - calls;
        let copy = self.copies.iter().rposition(|(_, has)| *has <= kept).expect("no more than can be lost");
        let (mut store, has) = self.copies[copy].clone();
        for (call, now) in &self.log[has..kept] {
            store.call(call, *now);
        }
        if let (Some(Mutant::WatermarkNotAtomic), Some((call, _))) = (mutant, self.log.get(kept)) {
            store.tear(call);
        }
        self.main = store;
        self.log.truncate(kept);
        self.new_history();
        self.copies.truncate(copy + 1);
        // What the copies have is of an older history; the new one begins here.
        self.copies.push((self.main.clone(), kept));
        self.copies.drain(..=copy);
    }

    /// Everything is gone.
    pub fn wipe(&mut self, same_history: bool) {
        self.main.buckets.clear();
        if !same_history {
            self.new_history();
        }
        self.copies = vec![(self.main.clone(), self.log.len())];
    }

    /// Some nodes go on with the primary that was, all others with a replica that misses its newest writes.
    pub fn split(&mut self, nodes: BTreeMap<usize, bool>, lost_calls: usize) {
        self.old = Some(self.main.clone());
        self.split = nodes;
        self.lose(lost_calls, None);
    }

    /// The old primary becomes a replica: what only it has is discarded.
    pub fn unite(&mut self) {
        self.old = None;
        self.split.clear();
    }

    /// The copies of a bucket that have another verdict than somebody was told.
    pub fn changed(&self, run: RunId, bucket: u16) -> Vec<Place> {
        let bucket = self.main.buckets.get(&(run, bucket)).cloned();
        bucket.and_then(|mut bucket| Some(bucket.bucket()?.changed().to_vec())).unwrap_or_default()
    }

    /// What the main server has of a bucket.
    pub fn contents(&self, run: RunId, bucket: u16) -> Option<Contents> {
        self.main.buckets.get(&(run, bucket))?.contents()
    }
}

impl Store {
    /// Half of a call is done: the watermark has moved, and the ballots are not there.
    fn tear(&mut self, call: &Call) {
        let Some(batch) = &call.batch else { return };
        let bucket = self.buckets.get_mut(&(call.definition.run, call.bucket)).and_then(LedgerBucket::bucket);
        let last = batch.first_seq + batch.ballots.len() as u64 - 1;
        if let Some(bucket) = bucket.filter(|bucket| bucket.watermark(batch.journal) < last) {
            bucket.skip_to(batch.journal, last);
        }
    }

    /// Ballots that are known come under other ids, so that nobody finds them.
    fn hide_known(&mut self, call: &mut Call) {
        let key = (call.definition.run, call.bucket);
        let Some(bucket) = self.buckets.get_mut(&key).and_then(LedgerBucket::bucket) else { return };
        for (ballot, _) in call.batch.iter_mut().flat_map(|batch| &mut batch.ballots) {
            let (kept, _) = bucket.voter(ballot.voter);
            if kept.iter().any(|kept| kept.id == ballot.id && kept.picks == ballot.picks) {
                let copies = kept.len() as u128;
                ballot.id = BallotId(ballot.id.0 ^ (copies << 64) ^ 1);
            }
        }
    }
}

/// Takes the verdicts out of a call; numbers that are passed over stay so.
fn strip(call: &mut Call) {
    for (_, said) in call.batch.iter_mut().flat_map(|batch| &mut batch.ballots) {
        if said.is_some_and(|said| said.verdict != Verdict::Unreadable) {
            *said = None;
        }
    }
}
