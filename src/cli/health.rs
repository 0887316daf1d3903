//! `tallylight health`: asks the node on this machine how it is, for containers that have no other program to ask with.

use std::{process::ExitCode, time::Duration};

use super::here::{self, Ask};
use crate::config::{Defaults, NodeConfig, NodeFlags};

/// A node that is well answers within milliseconds; this is for a machine that has too much to do.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Ask the node on this machine how it is
///
/// Reads the node's own settings to find it, so give it the same file, environment and flags. Prints what /health says.
/// Ends with 0 if the node takes ballots, or holds them until Redis is back; with 1 if it does not answer, or its disk or
/// journal keep ballots out.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    node: NodeFlags,
}

/// Asks and says.
///
/// # Errors
/// Nobody answers.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = NodeConfig::new(args.node, Vec::new(), Defaults::NODE, super::read)?;
    let answer =
        here::ask(&config, &Ask { method: "GET", path: "/health", bearer: "", body: "", timeout: ANSWER_TIMEOUT })?;
    println!("{}", answer.body.trim_end());
    Ok(if answer.status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
