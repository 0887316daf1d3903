//! The only place that starts tasks and threads, so that all of them have a name, an owner and an end.
#![expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]

use std::{future::Future, io, thread, time::Duration};

use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

/// Work that is waited for at the end.
pub type Counted = TaskTrackerToken;

/// The tasks of one process: what is started here is told to stop together and waited for.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Starts a task. It should watch [`Tasks::stop`]; it is waited for in [`Tasks::finish`].
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// Counts work that somebody else started (a session) among what [`Tasks::finish`] waits for, until it is dropped.
    pub fn count(&self) -> Counted {
        self.tracker.token()
    }

    /// Runs blocking work (a database file) away from the event loop and gives back its value.
    ///
    /// # Panics
    /// If the work itself panicked.
    pub async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        self.tracker.spawn_blocking(work).await.expect("blocking work does not panic")
    }

    /// The token that is cancelled when the process should end.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Tells all tasks to stop and waits for them, at most `grace`. `true` if all of them ended.
    pub async fn finish(&self, grace: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait()).await.is_ok()
    }
}

/// Starts a thread that owns blocking work and its order (the journal's writer).
pub fn thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<thread::JoinHandle<T>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}
