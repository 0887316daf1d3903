//! `tallylight-load`: a virtual audience with exact book-keeping, and the raw tools behind
//! `scripts/bench`: `floor` (the least work any server could do) and `measure` (what one operation costs).
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures of a measurement: none comes near the limits of its type"
)]

use std::process::ExitCode;

use clap::Parser;

mod audience;
mod floor;
mod latency;
mod measure;
mod raw;

/// A virtual audience for Tallylight, and the tools that measure it.
#[derive(Debug, Parser)]
#[command(version)]
enum Command {
    /// Joins, votes, retries, switches and competes; notes every ballot and every receipt.
    Audience(audience::Args),
    /// The least a server can do, as the measure of ours: bare writes and fixed replies from one epoll loop.
    Floor(floor::Args),
    /// What one operation costs the server, from a client that costs little itself.
    Measure(measure::Args),
}

fn main() -> anyhow::Result<ExitCode> {
    match Command::parse() {
        Command::Audience(args) => audience::run(args),
        Command::Floor(args) => floor::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Measure(args) => measure::run(&args).map(|()| ExitCode::SUCCESS),
    }
}
