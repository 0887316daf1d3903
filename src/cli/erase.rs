//! `tallylight erase`: a show's data destroyed, its results kept.

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;

use crate::{
    app::{self, layout},
    base::{
        clock::Stopwatch,
        ids::{NodeId, ShowId},
        limits,
    },
    config::{Defaults, NodeConfig, NodeFlags, nodes::NodesFlags},
    erasure::{self, InRedis, Place, Plan},
    identity::node,
    providers::{
        journal::Directory,
        redis::Redis,
        store::{SqliteStore, erased::Erased, shared::SharedStore},
    },
};

/// What could be destroyed is, and something is left to do.
const NOT_WHOLE: u8 = 2;

/// Destroy a show's data; its signed results and its as-run log stay
///
/// The show's salt is destroyed, so that nobody can find a voter's ballots any more; its ballots, unless another show's
/// stand in the same journal; its staff links; and with redis what several nodes shared. No node may use the data
/// directories. Says what it will destroy, and asks for the show's id once more. Export the show first, if anybody may want
/// to count again. What was interrupted is finished by the same command. Ends with 0 if all is done; with 2 if something is
/// left, which is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The show's id
    show: ShowId,
    /// Data directory of the node; of several nodes each one's, one after the other
    #[arg(long, env = "TALLYLIGHT_DATA", value_name = "DIR", default_value = "tallylight.data")]
    data: Vec<PathBuf>,
    #[command(flatten)]
    nodes: NodesFlags,
    /// The show's id once more, instead of typing it when asked
    #[arg(long, value_name = "SHOW")]
    yes: Option<String>,
    /// Who erases it: the as-run log keeps the name
    #[arg(long, env = "USER", value_name = "NAME", default_value = "somebody at the command line")]
    by: String,
}

/// Erases.
///
/// # Errors
/// A node uses a directory, the show is not there, the id was not typed, or a step failed: the same command goes on.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let places = args.data.iter().map(|data| place(data)).collect::<anyhow::Result<Vec<_>>>()?;
    let flags = NodeFlags { nodes: args.nodes.clone(), ..NodeFlags::default() };
    let config = NodeConfig::new(flags, Vec::new(), Defaults::NODE, super::read)?;
    let redis = app::way_to_redis(&config)?;
    let plan = erasure::plan(&places, &args.show, &args.by, app::now())?;
    tell(&plan, &args.data, redis.is_some());
    if !is_meant(args)? {
        eprintln!("nothing was done");
        return Ok(ExitCode::FAILURE);
    }
    let first = places.first().context("give the data directory of the node: --data DIR")?;
    let shared = redis.as_ref().map(|redis| (SharedStore::new(redis.clone(), first.node), redis));
    let in_redis = |erased: &Erased| match &shared {
        Some((shared, redis)) => out_of_redis(shared, redis, &plan.show, erased),
        None => Ok(Vec::new()),
    };
    let mut said = |step: String| {
        eprintln!("{step}");
        Ok(())
    };
    let with_redis = shared.is_some().then_some(&in_redis as &InRedis<'_>);
    let left = erasure::erase(&places, &plan, with_redis, &mut said)?;
    if left.is_empty() {
        eprintln!("show {} is erased; its id is not used again", plan.show);
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("show {} is NOT WHOLLY erased:", plan.show);
    for left in &left {
        eprintln!("  {left}");
    }
    Ok(ExitCode::from(NOT_WHOLE))
}

fn place(data: &Path) -> anyhow::Result<Place> {
    // First of all, and nothing is made where nothing is.
    anyhow::ensure!(data.join(layout::DOCUMENTS).exists(), "{} is no data directory", data.display());
    let journals = Directory::open(&data.join(layout::JOURNALS))?;
    let node = node::read(&data.join(layout::NODE)).context("the name of the data directory")?;
    let store = SqliteStore::open_existing(&data.join(layout::DOCUMENTS))?;
    Ok(Place { path: data.display().to_string(), node, store, journals })
}

/// What will be destroyed, before anything is.
fn tell(plan: &Plan, data: &[PathBuf], redis: bool) {
    let Erased { by, runs, seals, .. } = &plan.erased;
    if plan.begun {
        eprintln!("the erasure that {by} began goes on; what was done is looked at once more");
    }
    eprintln!("of show {} this will be destroyed, in", plan.show);
    data.iter().for_each(|data| eprintln!("  {}", data.display()));
    if redis {
        eprintln!("  Redis");
    }
    eprintln!(
        "its salt, so that nobody can find a voter's ballots any more; the ballots of {} runs, where no other show's stand \
         beside them; what the audience wrote; its document and its staff links. {} signed manifests and the as-run log stay. Without an export that \
         was made before, nobody can count again.",
        runs.len(),
        seals.len(),
    );
}

fn is_meant(args: &Args) -> anyhow::Result<bool> {
    let typed = match &args.yes {
        Some(typed) => typed.clone(),
        None => {
            anyhow::ensure!(std::io::stdin().is_terminal(), "type the show's id once more: --yes {}", args.show);
            eprint!("type the show's id to erase it: ");
            std::io::stderr().flush()?;
            let mut typed = String::new();
            std::io::stdin().read_line(&mut typed)?;
            typed
        }
    };
    Ok(typed.trim() == args.show.as_str())
}

/// A node that was stopped just now is listed as serving for a while.
fn out_of_redis(shared: &SharedStore, redis: &Redis, show: &ShowId, erased: &Erased) -> anyhow::Result<Vec<NodeId>> {
    super::serve::runtime()?.block_on(async {
        let watch = Stopwatch::start();
        loop {
            let serving = erasure::in_redis(shared, redis, show, erased, false).await?;
            if serving.is_empty() || watch.elapsed().as_millis() > u128::from(limits::STATUS_TTL_MS * 2) {
                return Ok(serving);
            }
            tokio::time::sleep(limits::LOOK_EVERY).await;
        }
    })
}
