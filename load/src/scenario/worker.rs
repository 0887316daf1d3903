//! One process full of viewers: takes a job from the folder, says that it is ready, begins when all begin, and leaves its
//! notes there.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use tallylight::{
    base::{clock::Micros, tasks::Tasks},
    viewer::connection::NodeAddress,
};
use tokio::time::sleep;

use super::{
    clock,
    file::{self, Way},
    folder::{Folder, Job, PartResult, Progress, Start, of_part},
    http::Http,
    plan::Plan,
    poll, session,
    shared::Shared,
};
use crate::book::series::Kind;

/// Nobody waits longer for a job, or for the start.
const WAIT_MAX: Duration = Duration::from_secs(600);
/// Between two looks into the folder.
const LOOK: Duration = Duration::from_millis(50);
/// An audience of which nothing was sent for this long has sent all it has.
const QUIET: Duration = Duration::from_millis(500);
/// At the end everybody is gone within this time.
const LEAVE: Duration = Duration::from_secs(15);
/// Files that are no viewers.
const OTHER_FILES: u64 = 64;

/// Options of `worker`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder that `run --folder` wrote its jobs into, on this machine or a disk that both see.
    #[arg(long)]
    folder: PathBuf,
}

/// Takes one job and plays it.
pub fn run(args: &Args) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work(&Folder::open(&args.folder)))
}

async fn work(folder: &Folder) -> Result<()> {
    let job = wait_for("a job", || folder.take()).await?;
    let mut scenario = file::read(&job.scenario).context("the job's scenario")?;
    scenario.seed = job.seed.unwrap_or(scenario.seed);
    let nodes = job.nodes.iter().map(|node| Ok(node.parse()?)).collect::<Result<Vec<NodeAddress>>>()?;
    ensure!(!nodes.is_empty(), "the job names no node");
    let viewers = scenario.viewers.div_ceil(job.parts.max(1)) as u64;
    let files = allow_files();
    ensure!(
        files >= viewers + OTHER_FILES,
        "{viewers} viewers need as many open files, and a process may have {files} here: raise `ulimit -Hn` or use more workers"
    );
    let clock = clock::of_server(&mut Http::new(nodes[job.part % nodes.len()].clone(), None)).await?;
    folder.write(&of_part("ready", job.part), &std::process::id())?;
    let start: Start = wait_for("the start", || folder.read("start.json")).await?;
    let plan = Plan::new(scenario, start.at, job.part, job.parts);
    let viewers = plan.viewers().count();
    let shared = Arc::new(Shared::new(plan, clock, nodes, job.show.clone(), job.origin.clone()));
    play(folder, &job, &shared).await?;
    let notes = shared.notes().clone();
    folder.write(&of_part("results", job.part), &PartResult { part: job.part, viewers, notes })
}

/// Lets the viewers in when they are due, waits for the end, and for what is on its way then.
async fn play(folder: &Folder, job: &Job, shared: &Arc<Shared>) -> Result<()> {
    let tasks = Tasks::default();
    let mut arrivals: Vec<_> = shared.plan.viewers().map(|viewer| (shared.plan.joins(viewer), viewer)).collect();
    arrivals.sort_unstable();
    let mut arrivals = arrivals.into_iter().peekable();
    let mut tell_at = shared.clock.now();
    let stopped = async {
        // Where no signals are to be had, the folder's `stop` still works.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(stopped);
    loop {
        let now = shared.clock.now();
        while let Some((at, viewer)) = arrivals.next_if(|(at, _)| *at <= now) {
            let (shared, stop) = (Arc::clone(shared), tasks.stop().clone());
            shared.done(Kind::Tool, at, now);
            match shared.plan.habits(viewer).way {
                Way::Websocket => tasks.spawn(session::attend(viewer, shared, stop)),
                Way::Poll => tasks.spawn(poll::attend(viewer, shared, stop)),
            }
        }
        if now >= tell_at {
            tell(folder, job, shared)?;
            tell_at = now.plus_ms(1000);
            if folder.has("stop") {
                break;
            }
        }
        if now >= shared.plan.end() {
            break;
        }
        let wake_at = arrivals.peek().map_or(tell_at, |(at, _)| (*at).min(tell_at)).min(shared.plan.end());
        tokio::select! {
            () = &mut stopped => break,
            () = sleep(Duration::from_micros(wake_at.0.saturating_sub(now.0))) => {}
        }
    }
    settle(folder, job, shared).await?;
    ensure!(tasks.finish(LEAVE).await, "viewers did not leave in time");
    Ok(())
}

/// Waits until no ballot that was sent is open and none was sent for a while.
async fn settle(folder: &Folder, job: &Job, shared: &Shared) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(job.settle_s);
    let (mut sent, mut quiet) = (shared.live.figures().sent, Instant::now());
    while quiet.elapsed() < QUIET && Instant::now() < until {
        sleep(LOOK).await;
        let figures = shared.live.figures();
        if figures.sent != sent || figures.sent > figures.settled {
            (sent, quiet) = (figures.sent, Instant::now());
        }
        tell(folder, job, shared)?;
    }
    Ok(())
}

fn tell(folder: &Folder, job: &Job, shared: &Shared) -> Result<()> {
    let progress = Progress { at: shared.clock.now(), figures: shared.live.figures() };
    folder.write(&of_part("progress", job.part), &progress)
}

async fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let until = Instant::now() + WAIT_MAX;
    while Instant::now() < until {
        if let Some(found) = look()? {
            return Ok(found);
        }
        sleep(LOOK).await;
    }
    bail!("{what} did not come within {} s", WAIT_MAX.as_secs())
}

/// Takes as many open files as the system allows, and says how many.
#[expect(unsafe_code, reason = "std does not know the limits of a process")]
pub fn allow_files() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls get a pointer to a whole `rlimit` that lives longer than they run.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
            libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        }
    }
    limit.rlim_cur
}

/// How many viewers one process takes.
pub fn viewers_max() -> usize {
    usize::try_from(allow_files().saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).max(1)
}

/// When all should begin, if it is decided now.
pub const fn start_after(now: Micros) -> Start {
    Start { at: now.plus_ms(1000) }
}
