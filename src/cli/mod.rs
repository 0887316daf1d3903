//! The command line: one file per command, each thin. Errors are for the person at the terminal.

mod check;
mod demo;
mod export;
mod link;
mod serve;
mod startup;
mod verify;

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// The backend of a live show's interaction: votes counted exactly, shown when allowed, recountable by anybody.
#[derive(Debug, Parser)]
#[command(name = "tallylight", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play an example show that votes on itself, to look at every page
    Demo(demo::Args),
    /// Run a node for your own shows
    Serve(serve::Args),
    /// Look at what a node here will lean on, and say what to change
    Check(check::Args),
    /// Make a one-time link to the studio page for a member of staff
    Link(link::Args),
    /// Write a show's sealed results with every ballot into a file
    Export(export::Args),
    /// Check an export offline: signatures, and a recount of every ballot
    Verify(verify::Args),
}

/// Reads a file that the command line names.
fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// Does what the command line says.
///
/// # Errors
/// What went wrong and what to do, for a person.
pub fn run() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Demo(args) => demo::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Check(args) => check::run(args),
        Command::Link(args) => link::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Verify(args) => verify::run(&args),
    }
}
