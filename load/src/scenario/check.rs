//! What a scenario file means, in words, before anybody plays it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};

use super::file::{self, Act, Scenario};

/// Options of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario files.
    #[arg(required = true)]
    scenarios: Vec<PathBuf>,
}

/// Reads scenarios and says what they are.
pub fn run(args: &Args) -> Result<ExitCode> {
    for path in &args.scenarios {
        println!("{}", summary(&read(path)?.1, 0));
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a scenario file: its text, and what it says.
pub fn read(path: &Path) -> Result<(String, Scenario)> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let scenario = file::read(&text).with_context(|| path.display().to_string())?;
    Ok((text, scenario))
}

/// What a scenario is, in a few lines.
pub fn summary(scenario: &Scenario, parts: usize) -> String {
    let mut text = format!("{}: {} viewers in {:.0} s", scenario.title, scenario.viewers, scenario.seconds);
    if parts > 0 {
        text += &format!(", {parts} {}", if parts == 1 { "process" } else { "processes" });
    }
    for crowd in &scenario.crowds {
        let habits = &crowd.habits;
        let [from, to] = habits.join_s;
        text += &format!("\n  {:>7} {}: come in from {from} s to {to} s", crowd.viewers, crowd.name);
        if to > from {
            text += &format!(" ({:.0} a second)", crowd.viewers as f64 / (to - from));
        }
        if habits.votes > 0.0 {
            let [from, to] = habits.think_s;
            text += &format!(", {:.0} % vote {from} to {to} s after the opening", habits.votes * 100.0);
        }
    }
    for step in &scenario.steps {
        let who = if matches!(step.act, Act::Cut { .. }) { "network" } else { "studio" };
        text += &format!("\n  {:>6.1} s  {who}: {}", step.at_s, step.act);
    }
    text
}
