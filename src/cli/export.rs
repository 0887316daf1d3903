//! `tallylight export`: a show's sealed results with every ballot.

use std::{
    fs::File,
    io::{BufWriter, IsTerminal as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;

use crate::{
    app::layout,
    base::ids::ShowId,
    export::file,
    identity::secret::Secret,
    providers::store::{SqliteStore, Store},
};

/// Write a show's sealed results with every ballot into a file
///
/// All sealed runs of the show, live and rehearsal, each with its signed manifest and every ballot that the journals have,
/// counted or not. The node may be running.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The show's id
    show: ShowId,
    /// Data directory of the node; of several nodes each one's, one after the other
    #[arg(long, env = "TALLYLIGHT_DATA", value_name = "DIR", default_value = "tallylight.data")]
    data: Vec<PathBuf>,
    /// File with the node secret, if it is not in the data directory
    #[arg(long, env = "TALLYLIGHT_SECRET_FILE", value_name = "FILE")]
    secret_file: Option<PathBuf>,
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
    let open = |data: &PathBuf| SqliteStore::open_existing(&data.join(layout::DOCUMENTS));
    let stores = args.data.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let stores: Vec<&dyn Store> = stores.iter().map(|store| store as &dyn Store).collect();
    let journals: Vec<_> = args.data.iter().map(|data| data.join(layout::JOURNALS)).collect();
    let terminal = std::io::stdout().is_terminal();
    let named = || terminal.then(|| PathBuf::from(format!("{}.tally.jsonl", args.show)));
    let path = args.out.clone().or_else(named);
    let written = match &path {
        None => file::write(&stores, &journals, &args.show, &mut BufWriter::new(std::io::stdout().lock()))?,
        Some(path) => {
            let out = File::create(path).with_context(|| format!("making {}", path.display()))?;
            let mut out = BufWriter::new(out);
            let written = file::write(&stores, &journals, &args.show, &mut out)?;
            out.get_ref().sync_all().with_context(|| format!("writing {}", path.display()))?;
            written
        }
    };
    let path = path.unwrap_or_else(|| "FILE".into());
    let key = Secret::read(&args.secret_file.clone().unwrap_or_else(|| first.join(layout::SECRET)))?.public_key();
    eprintln!(
        "{} seals and {} ballots written; check them with\n  tallylight verify {} --key {key}",
        written.manifests,
        written.ballots,
        path.display(),
    );
    Ok(ExitCode::SUCCESS)
}
