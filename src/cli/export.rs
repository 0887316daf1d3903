//! `tallylight export`: a show's sealed results with every ballot.

use std::{
    fs::File,
    io::{BufWriter, IsTerminal as _, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;

use crate::{
    app::{self, layout},
    ballots::{
        ledger::Contents,
        sealing::{self, SealError},
    },
    base::ids::ShowId,
    config::{Defaults, NodeConfig, NodeFlags, nodes::NodesFlags},
    export::write::{self, Sources, Written},
    identity::{node, secret::Secret},
    providers::store::{SqliteStore, Store},
    shows::run::Definition,
};

/// What was there is written, and something is missing.
const NOT_WHOLE: u8 = 2;

/// Write a show's sealed results with every ballot into a file
///
/// All sealed runs of the show, live and rehearsal, each with its signed manifest and every ballot that the journals have,
/// counted or not. The node may be running. With redis the ledger of several nodes is asked for what no data directory has: a
/// verdict that a killed node did not write down, the ballots of a disk that is lost. Ends with 0 if the file is whole; with
/// 2 if it is written and something is missing, which is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The show's id
    show: ShowId,
    /// Data directory of the node; of several nodes each one's, one after the other
    #[arg(long, env = "TALLYLIGHT_DATA", value_name = "DIR", default_value = "tallylight.data")]
    data: Vec<PathBuf>,
    #[command(flatten)]
    nodes: NodesFlags,
    /// What the audience wrote, too: texts, who decided what about them, and pseudonyms. Think about who gets the file
    #[arg(long)]
    items: bool,
    /// File to write [default: standard output, or SHOW.tally.jsonl if that is a terminal]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the file.
///
/// # Errors
/// Nothing is sealed, or something cannot be read or written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let first = args.data.first().context("give the data directory of the node: --data DIR")?;
    let open = |data: &PathBuf| SqliteStore::look_at(&data.join(layout::DOCUMENTS));
    let stores = args.data.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let stores: Vec<&dyn Store> = stores.iter().map(|store| store as &dyn Store).collect();
    let journals: Vec<_> = args.data.iter().map(|data| data.join(layout::JOURNALS)).collect();
    let directories: Option<Vec<_>> = args.data.iter().map(|data| node::read(&data.join(layout::NODE)).ok()).collect();
    let flags = NodeFlags { nodes: args.nodes.clone(), ..NodeFlags::default() };
    let config = NodeConfig::new(flags, Vec::new(), Defaults::NODE, super::read)?;
    let secret = config.nodes.secret_file.clone().unwrap_or_else(|| first.join(layout::SECRET));
    let secret = Secret::read(&secret)?;
    let redis = app::way_to_redis(&config)?;
    let runtime = super::serve::runtime()?;
    let ask = |definition: &Definition| -> anyhow::Result<Vec<Contents>> {
        let redis = redis.as_ref().context("no --redis")?;
        runtime.block_on(sealing::contents(redis, definition)).map_err(|error| match error {
            SealError::Rebuilding => anyhow::anyhow!("it does not have the run, or is putting it together again"),
            error => error.into(),
        })
    };
    let sources = Sources {
        stores: &stores,
        journals: &journals,
        directories: directories.as_deref(),
        ledger: redis.is_some().then_some(&ask),
        items: args.items,
        secret: &secret,
        now: app::now(),
    };
    let terminal = std::io::stdout().is_terminal();
    let named = || terminal.then(|| PathBuf::from(format!("{}.tally.jsonl", args.show)));
    let path = args.out.clone().or_else(named);
    let written = match &path {
        None => write::write(&sources, &args.show, &mut BufWriter::new(std::io::stdout().lock()))?,
        Some(path) => {
            // An earlier export stands until this one is whole on disk.
            let beside = path.with_added_extension("part");
            let out = File::create(&beside).with_context(|| format!("making {}", beside.display()))?;
            let written = whole(&sources, &args.show, out).and_then(|written| {
                std::fs::rename(&beside, path)?;
                Ok(written)
            });
            if written.is_err() {
                // Half an export is none.
                let _ = std::fs::remove_file(&beside);
            }
            written.with_context(|| format!("writing {}", path.display()))?
        }
    };
    let path = path.unwrap_or_else(|| "FILE".into());
    eprintln!(
        "{} seals and {} ballots written; check them with\n  tallylight verify {} --key {}",
        written.manifests,
        written.ballots,
        path.display(),
        secret.public_key(),
    );
    if args.items {
        eprintln!("and {} events of what the audience wrote", written.events);
    }
    if written.missing.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("the export is NOT WHOLE:");
    for missing in &written.missing {
        eprintln!("  {missing}");
    }
    Ok(ExitCode::from(NOT_WHOLE))
}

/// Writes an export and waits until the disk has it.
fn whole(sources: &Sources<'_>, show: &ShowId, out: File) -> anyhow::Result<Written> {
    let mut out = BufWriter::new(out);
    let written = write::write(sources, show, &mut out)?;
    out.flush()?;
    out.get_ref().sync_all()?;
    Ok(written)
}
