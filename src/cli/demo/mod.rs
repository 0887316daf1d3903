//! `tallylight demo`: an example show that plays by itself, with an audience that really connects and votes.

mod audience;
mod robot;

use std::process::ExitCode;

use anyhow::Context as _;

use super::{
    serve::{Told, runtime},
    startup,
};
use crate::{
    app::App,
    config::{Defaults, NodeConfig, NodeFlags},
    shows::file,
    telemetry::logs,
};

/// The shows that can be played.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Example {
    /// An evening with four questions
    Evening,
    /// A talent final: regions, a jury, several rounds
    Talent,
    /// A quiz night: points for speed, a leaderboard
    Quiz,
}

impl Example {
    /// The show as its file.
    const fn file(self) -> &'static str {
        match self {
            Self::Evening => include_str!("../../../examples/evening.toml"),
            Self::Talent => include_str!("../../../examples/talent.toml"),
            Self::Quiz => include_str!("../../../examples/quiz.toml"),
        }
    }
}

/// Play an example show that votes on itself, to look at every page
///
/// A robot operator plays the rundown and simulated viewers vote. Take control on the studio page, and the robot stands
/// back until control is free again. Logs at level warn, and keeps its data in ./tallylight-demo.data, unless told
/// otherwise.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    node: NodeFlags,
    /// The show that is played
    #[arg(long, value_enum, default_value = "evening", value_name = "NAME")]
    show: Example,
    /// Simulated viewers, each with a connection of its own
    #[arg(long, default_value_t = 40, value_name = "N")]
    audience: usize,
}

/// Plays until it is told to stop.
///
/// # Errors
/// The node cannot start.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = NodeConfig::new(args.node, Vec::new(), Defaults::DEMO, super::read)?;
    logs::start(&config.log, config.log_format)?;
    runtime()?.block_on(async {
        let mut told = Told::listen()?;
        let show = file::read(args.show.file())?;
        let id = show.id.clone();
        let app = App::start(&config, vec![show]).await?;
        startup::tell(&app).await?;
        let desk = app.doors.desks.get(&id).context("the show is not there")?;
        app.doors.services.tasks.spawn(robot::run(desk.clone(), app.doors.services.clone()));
        audience::start(&app, &desk, args.audience)?;
        told.stop().await;
        app.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_example_is_a_show_that_reads_in_as_it_is_written() {
        for example in Example::value_variants() {
            let show = file::read(example.file()).unwrap_or_else(|error| panic!("{example:?}: {error}"));
            assert_eq!(file::read(&file::write(&show)), Ok(show), "{example:?}");
        }
    }
}
