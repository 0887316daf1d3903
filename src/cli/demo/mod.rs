//! `tallylight demo`: an example show that plays by itself, with an audience that really connects and votes.

mod audience;
mod robot;

use std::process::ExitCode;

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

/// The show that is played, as its file.
const SHOW: &str = include_str!("../../../examples/evening.toml");

/// Play an example show that votes on itself, to look at every page
///
/// A robot operator plays the rundown and simulated viewers vote. Take control on the studio page, and the robot stands
/// back until control is free again. Logs at level warn, and keeps its data in ./tallylight-demo.data, unless told
/// otherwise.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    node: NodeFlags,
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
        let show = file::read(SHOW)?;
        let id = show.id.clone();
        let app = App::start(&config, vec![show]).await?;
        startup::tell(&app).await?;
        if let Some(desk) = app.doors.desks.get(&id) {
            app.doors.services.tasks.spawn(robot::run(desk, app.doors.services.clone()));
        }
        audience::start(&app, &id, args.audience)?;
        told.stop().await;
        app.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}
