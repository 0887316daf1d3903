//! Carries ballots from this disk to a ledger of several nodes, and its verdicts back: one task per bucket with one call
//! on its way, so that a part of the ledger that stands still keeps nobody else waiting. All decisions are in
//! `reconcile.rs`; here are only the calls and the waiting.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    committer::Queue,
    ledger::{self, Answer},
    run_intake::RunIntake,
};
use crate::{
    base::{clock::Stopwatch, limits, stance::StanceCell, tasks::Tasks},
    providers::redis::Redis,
    telemetry::metrics::Metrics,
};

/// What the couriers of one process share.
#[derive(Debug, Clone)]
pub struct Couriers {
    pub tasks: Tasks,
    pub redis: Redis,
    pub stance: Arc<StanceCell>,
    pub metrics: Arc<Metrics>,
    pub queue: Arc<Queue>,
    /// Buckets whose part of the ledger did not answer the last call.
    pub away: Arc<AtomicUsize>,
}

impl Couriers {
    /// Begins to carry a run's ballots. Ends when the run leaves the desk, or with the process: after the committer's
    /// last group, so that what is settled is told.
    pub fn carry(&self, run: &Arc<RunIntake>) {
        for bucket in 0..run.definition.buckets {
            let courier = Courier { shared: self.clone(), run: run.clone(), bucket, failures: 0 };
            self.tasks.spawn(courier.work());
        }
    }
}

struct Courier {
    shared: Couriers,
    run: Arc<RunIntake>,
    bucket: u16,
    /// Calls in a row that had no answer.
    failures: u32,
}

impl Courier {
    async fn work(mut self) {
        let stop = self.shared.tasks.stop().clone();
        loop {
            let wait = self.turn().await;
            if wait.is_zero() {
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                on_desk = self.run.woken(self.bucket), if self.failures == 0 => {
                    if !on_desk {
                        return;
                    }
                }
                () = stop.cancelled() => break,
            }
        }
        self.last_turns().await;
    }

    /// One call, and how long to wait for the next one if nothing happens.
    async fn turn(&mut self) -> Duration {
        let holding = self.shared.stance.is_holding();
        let Some(call) = self.run.next_call(self.bucket, holding) else { return limits::LEDGER_IDLE };
        let watch = Stopwatch::start();
        let answer = ledger::call(&self.shared.redis, &call).await;
        self.shared.metrics.ledger_call(watch.elapsed(), answer.is_ok());
        match answer {
            Ok(answer) => {
                self.is_back();
                let changed = self.run.answered(&self.shared.queue, &call, &answer);
                if changed > 0 {
                    self.shared.metrics.incident();
                    tracing::error!(run = %self.run.id(), changed, "ballots have another verdict than before");
                }
                self.after(&answer, holding)
            }
            Err(error) => {
                // Once for all buckets: they ask on, each at its own pace.
                if self.failures == 0 && self.shared.away.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::warn!(run = %self.run.id(), bucket = self.bucket, %error, "the ledger is not reached: ballots are held");
                }
                self.failures = self.failures.saturating_add(1);
                self.run.hold(self.bucket);
                let doubled = limits::LEDGER_RETRY_MIN * 2_u32.saturating_pow(self.failures.min(6) - 1);
                spread(doubled.min(limits::LEDGER_RETRY_MAX))
            }
        }
    }

    /// Said once the last bucket is reached again: of a cluster a part may be away for long.
    fn is_back(&mut self) {
        if std::mem::take(&mut self.failures) > 0 && self.shared.away.fetch_sub(1, Ordering::Relaxed) == 1 {
            tracing::info!("the ledger is reached again");
        }
    }

    fn after(&self, answer: &Answer, holding: bool) -> Duration {
        if holding {
            self.run.hold(self.bucket);
        }
        if *answer == Answer::Disagrees {
            self.shared.metrics.incident();
            tracing::error!(run = %self.run.id(), bucket = self.bucket, "the ledger has another definition of this run");
        }
        spread(pause(&self.run, self.bucket, answer, holding))
    }

    /// The process ends: what is on disk should be decided before, if the ledger is there.
    async fn last_turns(&mut self) {
        let finish = async {
            while self.run.waits(self.bucket) {
                let wait = self.turn().await;
                if self.failures > 0 {
                    return;
                }
                tokio::time::sleep(wait.min(limits::LEDGER_REBUILDING)).await;
            }
        };
        let _ = tokio::time::timeout(limits::SETTLE_TIMEOUT, finish).await;
    }
}

/// A run that leaves the desk waits for nobody.
impl Drop for Courier {
    fn drop(&mut self) {
        self.is_back();
    }
}

/// How long a courier waits after an answer, if nothing happens.
pub fn pause(run: &RunIntake, bucket: u16, answer: &Answer, holding: bool) -> Duration {
    match answer {
        Answer::Disagrees => limits::LEDGER_RETRY_MAX,
        _ if run.is_behind(bucket, holding) => Duration::ZERO,
        Answer::Done(standing) if standing.rebuilding => limits::LEDGER_REBUILDING,
        // Nobody says when a node may send again what it holds.
        _ if run.is_over() && !run.waits(bucket) => limits::LEDGER_IDLE,
        _ => limits::LEDGER_POLL,
    }
}

/// A wait of a courier, spread so that not all buckets call at once.
fn spread(wait: Duration) -> Duration {
    wait.mul_f64(0.75 + 0.5 * fastrand::f64())
}
