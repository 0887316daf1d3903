//! `tallylight verify`: the offline check of an export.

use std::{fs::File, io::BufReader, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use crate::export::verify::{Outcome, Report, verify};

/// The answer without a pinned key.
const SIGNER_UNKNOWN: u8 = 2;

/// Check an export offline: signatures, and a recount of every ballot
///
/// Ends with 0 if everything is right and signed by the key, with 1 if something is wrong, and with 2 if it is consistent
/// but no key was given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The export
    file: PathBuf,
    /// Public key of the node that sealed, 64 hexadecimal digits. The node tells it at its start; take it from a person
    /// or a place you trust, not from the file
    #[arg(long, value_name = "PUB")]
    key: Option<String>,
}

/// Checks and reports.
///
/// # Errors
/// The file is no export.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let file = File::open(&args.file).with_context(|| format!("opening {}", args.file.display()))?;
    let report = verify(&mut BufReader::new(file), args.key.as_deref())?;
    tell(&report);
    Ok(match report.outcome() {
        Outcome::Verified => ExitCode::SUCCESS,
        Outcome::SignerUnknown => ExitCode::from(SIGNER_UNKNOWN),
        Outcome::Failed => ExitCode::FAILURE,
    })
}

fn tell(report: &Report) {
    for checked in &report.results {
        let kind = if checked.rehearsal { "rehearsal" } else { "live" };
        let word = if checked.findings.is_empty() { "agrees" } else { "WRONG" };
        let missing = if checked.missing > 0 { format!(", {} missing", checked.missing) } else { String::new() };
        println!(
            "{word}  cue {} ({kind}), run {}, seal {}: {} ballots{missing}: {}",
            checked.cue,
            checked.run,
            checked.revision,
            checked.ballots,
            checked.result.join(", ")
        );
        for finding in &checked.findings {
            println!("       {finding}");
        }
    }
    println!(
        "{}",
        match report.outcome() {
            Outcome::Verified => "verified: every ballot recounted, every seal signed by your key",
            Outcome::SignerUnknown => "consistent, signer unknown: give --key to know who signed",
            Outcome::Failed => "NOT verified",
        }
    );
}
