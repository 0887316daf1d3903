//! What every desk and every door of this process shares.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize},
    },
};

use crate::{
    ballots::{committer::Queue, intake::Intake},
    base::{
        clock::Clock,
        ids::{JournalId, NodeId},
        stance::StanceCell,
        tasks::Tasks,
    },
    identity::secret::Secret,
    providers::{
        plain_http::PlainHttp,
        redis::Redis,
        store::{Store, shared::SharedStore},
        text_check::TextCheck,
    },
    telemetry::metrics::Metrics,
};

/// The shared parts of one process, made once in `app.rs`.
pub struct Services {
    pub node: NodeId,
    /// The journal of this process start, in words.
    pub journal: JournalId,
    pub clock: Clock,
    /// Whether the system clock agrees with the one this process runs on.
    pub clock_ok: AtomicBool,
    pub tasks: Tasks,
    pub stance: Arc<StanceCell>,
    pub intake: Intake,
    pub queue: Arc<Queue>,
    pub store: Arc<dyn Store>,
    /// The way to Redis, where many nodes serve the same shows.
    pub redis: Option<Redis>,
    /// Buckets whose part of the ledger did not answer the last call.
    pub buckets_away: Arc<AtomicUsize>,
    /// The control state that nodes share, over the same way.
    pub shared: Option<Arc<SharedStore>>,
    pub secret: Secret,
    /// Who looks at what the audience writes before moderators do.
    pub check: Option<TextCheck>,
    /// Whom an encoder hears timed metadata from.
    pub encoder: Option<PlainHttp>,
    pub metrics: Arc<Metrics>,
    /// Where the journals are, for recounts.
    pub journals: PathBuf,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").field("node", &self.node).finish_non_exhaustive()
    }
}
