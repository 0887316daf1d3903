//! `tallylight serve`: a node for your own shows.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::startup;
use crate::{
    app::App,
    config::{Defaults, NodeConfig, NodeFlags},
    shows::file::{self, ShowFile},
    telemetry::logs,
};

/// Run a node for your own shows
///
/// SIGTERM or Ctrl-C drains it: clients are told to come back, ballots on their way are settled. It drains by itself and
/// ends with 1 when its disk fails, because no second fsync can be believed. The next start on the same data directory
/// goes on where this one ended.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    node: NodeFlags,
    /// Show file (TOML) to import; may be given several times. A show that is there already gets the file's rundown
    /// while it is in rehearsal, and is left as it is once it is live
    #[arg(long, value_name = "FILE")]
    show: Vec<PathBuf>,
}

/// Runs until it is told to stop.
///
/// # Errors
/// The node cannot start.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = NodeConfig::new(args.node, args.show, Defaults::NODE, super::read)?;
    let shows = config.shows.iter().map(|path| show(path)).collect::<anyhow::Result<Vec<_>>>()?;
    logs::start(&config.log, config.log_format)?;
    runtime()?.block_on(async {
        let mut told = Told::listen()?;
        let app = App::start(&config, shows).await?;
        startup::tell(&app).await?;
        let code = tokio::select! {
            () = told.stop() => ExitCode::SUCCESS,
            () = app.failed() => ExitCode::FAILURE,
        };
        if code == ExitCode::FAILURE {
            tracing::error!("this node goes away because its journal has ended: look at its disk, then start it anew");
        }
        app.stop().await;
        Ok(code)
    })
}

fn show(path: &Path) -> anyhow::Result<ShowFile> {
    file::read(&super::read(path)?).with_context(|| format!("the show file {}", path.display()))
}

/// Tasks that a worker polls before it looks again at sockets and timers, and at whether the committer has something to
/// do: some milliseconds of work, and some hundred ballots of a crowd in one group.
const TURN_POLLS: u32 = 512;

/// The event loop of a node: a worker per core.
///
/// # Errors
/// The system gives no threads.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().event_interval(TURN_POLLS).build().context("starting the event loop")
}

/// The signals that end a node.
pub struct Told {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Told {
    /// Listens for them, from here on.
    ///
    /// # Errors
    /// The system does not allow it.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one of them.
    pub async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
