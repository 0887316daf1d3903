//! `tallylight verify`: the offline check of an export.

use std::{fs::File, io::BufReader, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use crate::{
    base::limits,
    export::{
        file::RunLine,
        items::ItemsLine,
        verify::{Board, Checked, Outcome, Report, verify},
    },
    shows::transition::phase_word,
    wire::{
        moderation::ItemCounts,
        scores::{Leaderboard, Line},
    },
};

/// The answer without a pinned key.
const SIGNER_UNKNOWN: u8 = 2;

/// Check an export offline: signatures, whether the file is whole, and a recount of every ballot
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

fn kind(rehearsal: bool) -> &'static str {
    if rehearsal { "rehearsal" } else { "live" }
}

fn tell(report: &Report) {
    for checked in &report.results {
        let word = match (checked.findings.is_empty(), checked.replaced_by, checked.corrected_by) {
            (false, ..) => "WRONG",
            (true, Some(_), _) => "NOT IN FORCE",
            (true, None, Some(_)) => "CORRECTED",
            (true, None, None) => "agrees",
        };
        let missing = if checked.missing > 0 { format!(", {} missing", checked.missing) } else { String::new() };
        let state = report.runs.iter().find(|run| run.run == checked.run).map(|run| phase_word(run.state));
        println!(
            "{word}  cue {} ({}, {}), run {}, seal {}: {} ballots{missing}: {}",
            checked.cue,
            kind(checked.rehearsal),
            state.unwrap_or("archived"),
            checked.run,
            checked.revision,
            checked.ballots,
            checked.result.join(", ")
        );
        if let Some(revision) = checked.replaced_by {
            println!("       it was signed and did not come into force: what counts is seal {revision}");
        }
        if let Some(revision) = checked.corrected_by {
            println!("       it is as it was sealed, and was corrected: what counts is seal {revision} or a later one");
        }
        for line in checked.places.iter().chain(&checked.findings).chain(&checked.notes) {
            println!("       {line}");
        }
    }
    let not_sealed = report.runs.iter().filter(|run| run.manifest_hash.is_none());
    for RunLine { run, cue, rehearsal, state, .. } in not_sealed {
        println!("NO SEAL  cue {cue} ({}), run {run}: {}", kind(*rehearsal), phase_word(*state));
    }
    for Board { rehearsal, leaderboard: Leaderboard { round, runs, players, top } } in &report.boards {
        let round = if round.is_empty() { String::new() } else { format!(", round {round}") };
        println!("LEADERBOARD ({}{round}): {} questions, {players} players", kind(*rehearsal), runs.len());
        for Line { rank, name, points, right, ms } in top.iter().take(limits::LEADERS_SENT_MAX) {
            println!("       {rank}. {name}: {points} points, {right} right in {ms} ms");
        }
    }
    if let Some(ItemsLine { events, live, rehearsal }) = &report.items {
        for (kind, ItemCounts { waiting, approved, rejected, hidden, picked, used }) in
            [("live", live), ("rehearsal", rehearsal)]
        {
            println!(
                "ITEMS ({kind}): {waiting} waiting, {approved} approved, {rejected} rejected, {hidden} hidden, {picked} \
                 picked, {used} used"
            );
        }
        println!("       made of {events} events, each text the one of its hash");
    }
    for missing in &report.missing {
        println!("MISSING  {missing}");
    }
    for finding in &report.findings {
        println!("WRONG  the file: {finding}");
    }
    let is_noted = |checked: &Checked| checked.replaced_by.is_some() || !checked.notes.is_empty();
    let noted = !report.missing.is_empty() || report.results.iter().any(is_noted);
    println!(
        "{}",
        match report.outcome() {
            Outcome::Verified if noted => {
                "verified: every seal signed by your key, every ballot recounted but for what is said above"
            }
            Outcome::Verified => "verified: every ballot recounted, every seal signed by your key",
            Outcome::SignerUnknown => "consistent, signer unknown: give --key to know who signed",
            Outcome::Failed => "NOT verified",
        }
    );
}
