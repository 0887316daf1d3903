//! Logs: one JSON object a line, or plain lines for a person at a terminal. Ballots, tokens, keys and addresses are
//! never logged; what is logged is named by the caller, field by field.

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For a person.
    #[default]
    Plain,
    /// For machines.
    Json,
}

/// Starts logging to standard error. `filter` is a level or a list like `info,tallylight::ballots=debug`.
///
/// # Errors
/// The filter cannot be read.
pub fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)?;
    let plain = (format == LogFormat::Plain).then(|| fmt::layer().with_writer(std::io::stderr).with_target(false));
    let json = (format == LogFormat::Json).then(|| fmt::layer().json().with_writer(std::io::stderr));
    tracing_subscriber::registry().with(filter).with(plain).with(json).try_init()?;
    Ok(())
}
