//! The command line: one file per command, each thin. Errors are for the person at the terminal.

mod check;
mod demo;
mod erase;
mod export;
mod health;
mod here;
mod key;
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

/// What a command does is said in its own file, above its arguments: the first line in the list, the rest in its help.
#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    Check(check::Args),
    Health(health::Args),
    Link(link::Args),
    Key(key::Args),
    Export(export::Args),
    Verify(verify::Args),
    Erase(erase::Args),
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
        Command::Health(args) => health::run(args),
        Command::Link(args) => link::run(&args),
        Command::Key(args) => key::run(args),
        Command::Export(args) => export::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Erase(args) => erase::run(&args),
    }
}
