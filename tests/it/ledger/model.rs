//! The model of a bucket in a ledger of several nodes: the rules of a bucket, with epochs and the barrier after a change.
//! Pure: time and the server's history are arguments, and a clone is a backup.

use std::{collections::BTreeSet, sync::Arc};

use tallylight::{
    ballots::{
        bucket::{Batch, Bucket, Gap, Rules},
        ledger::{Answer, Call, Contents, Standing},
    },
    base::{clock::Micros, ids::NodeId, limits},
};

/// One bucket of a run, made or not.
#[derive(Debug, Clone, Default)]
pub struct LedgerBucket {
    made: Option<Made>,
}

#[derive(Debug, Clone)]
struct Made {
    rules_hash: Arc<str>,
    bucket: Bucket,
    epoch: u64,
    history: String,
    /// When the epoch began; `None`: its barrier is over.
    since: Option<Micros>,
    retold: BTreeSet<NodeId>,
    marked: u32,
}

impl LedgerBucket {
    /// Answers a call at a moment. `history` names the history of the store (the `master_replid` of Redis).
    pub fn call(&mut self, call: &Call, history: &str, now: Micros) -> Answer {
        if self.made.is_none() && !call.create {
            return Answer::Absent;
        }
        let made = self.made.get_or_insert_with(|| Made {
            rules_hash: Arc::clone(&call.rules_hash),
            bucket: Bucket::new(Rules::of(&call.definition), call.pools.clone()),
            epoch: 0,
            history: String::new(),
            since: None,
            retold: BTreeSet::new(),
            marked: 0,
        });
        if made.rules_hash != call.rules_hash {
            return Answer::Disagrees;
        }
        made.enter(call, history, now);
        made.bucket.set_windows(&call.windows);
        if let Some(revision) = call.sealing {
            made.bucket.mark(revision);
            made.marked = made.marked.max(revision);
        }
        if let Some(seal) = &call.seal {
            made.bucket.set_seal(seal.of_bucket(call.bucket));
            made.marked = made.marked.max(seal.revision);
        }
        made.take(call, now)
    }

    /// The bucket itself, for simulations that break what a script does in one step.
    pub fn bucket(&mut self) -> Option<&mut Bucket> {
        self.made.as_mut().map(|made| &mut made.bucket)
    }

    /// All that it keeps.
    pub fn contents(&self) -> Option<Contents> {
        let made = self.made.as_ref()?;
        let mut totals = made.bucket.totals().clone();
        totals.epoch = made.epoch;
        let watermarks = made.bucket.watermarks().to_vec();
        let ballots = made.bucket.ballots().map(|(voter, kept)| (voter, kept.clone())).collect();
        Some(Contents { totals, watermarks, ballots })
    }
}

impl Made {
    /// Another history begins another epoch; who has told all that he knows is written down.
    fn enter(&mut self, call: &Call, history: &str, now: Micros) {
        // So does a caller that saw a later epoch: it knows of a history that was lost.
        if self.history != history || call.epoch > self.epoch {
            self.epoch = self.epoch.max(call.epoch) + 1;
            history.clone_into(&mut self.history);
            self.since = Some(now);
            self.retold.clear();
        }
        if call.retold && call.epoch == self.epoch {
            self.retold.insert(call.directory);
        }
        // A clock that steps back does not hold a barrier up.
        self.since = self.since.map(|since| since.min(now));
        let all_retold = call.roster.iter().all(|directory| self.retold.contains(directory));
        let over = |since: Micros| now.0 - since.0 >= limits::LEDGER_BARRIER_MS * 1000;
        self.since = self.since.filter(|since| !all_retold && !over(*since));
    }

    fn take(&mut self, call: &Call, now: Micros) -> Answer {
        let rebuilding = self.since.is_some();
        let mut decisions = Vec::new();
        // What was made for another history may pass over numbers that this one has to have.
        if let Some(batch) = call.batch.as_ref().filter(|_| call.epoch == self.epoch) {
            let sent = batch.ballots.iter().take(limits::LEDGER_BATCH_MAX);
            let taken: Vec<_> = sent.take_while(|(_, decided)| decided.is_some() || !rebuilding).cloned().collect();
            let batch = Batch { journal: batch.journal, first_seq: batch.first_seq, ballots: &taken };
            match self.bucket.apply(&batch) {
                Ok(made) => decisions = made,
                Err(Gap { watermark }) => return Answer::Gap { epoch: self.epoch, watermark },
            }
        }
        let mut totals = self.bucket.totals().clone();
        totals.epoch = self.epoch;
        let mut watermarks = self.bucket.watermarks().to_vec();
        watermarks.sort_unstable();
        let changed = self.bucket.changed().to_vec();
        Answer::Done(Standing { totals, rebuilding, marked: self.marked, watermarks, decisions, changed, time: now })
    }
}
