//! `tallylight-load`: rehearsals from a file with exact books and a report, a virtual audience for tests, and the raw tools
//! behind `scripts/bench`: `floor` (the least work any server could do) and `measure` (what one operation costs).
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures of a measurement: none comes near the limits of its type"
)]

use std::process::ExitCode;

use clap::Parser;

mod audience;
mod book;
mod floor;
mod latency;
mod measure;
mod raw;
mod report;
mod scenario;

/// A virtual audience for Tallylight: rehearses a show, keeps exact books, and says whether they are right.
#[derive(Debug, Parser)]
#[command(version)]
enum Command {
    /// Plays a scenario file against a show and writes a report.
    Run(scenario::run::Args),
    /// Says what a scenario file means, and what is wrong with it.
    Check(scenario::check::Args),
    /// Plays one part of a rehearsal that `run` began; on other machines by hand.
    Worker(scenario::worker::Args),
    /// Writes the report of a rehearsal's folder again.
    Report(report::Args),
    /// An audience without a scenario, for tests: notes every ballot and every receipt.
    Audience(audience::Args),
    /// The least a server can do, as the measure of ours: bare writes and fixed replies from one epoll loop.
    Floor(floor::Args),
    /// What one operation costs the server, from a client that costs little itself.
    Measure(measure::Args),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Run(args) => scenario::run::run(&args),
        Command::Check(args) => scenario::check::run(&args),
        Command::Worker(args) => scenario::worker::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Report(args) => report::run(&args),
        Command::Audience(args) => audience::run(args),
        Command::Floor(args) => floor::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Measure(args) => measure::run(&args).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        // 1 is the verdict that books are wrong.
        ExitCode::from(2)
    })
}
