//! A service of somebody else that puts timed metadata into a stream.
#![expect(rustdoc::broken_intra_doc_links, reason = "these are help texts first, read at a terminal")]

use std::path::PathBuf;

use super::text_check::check_service;

/// Where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimedConfig {
    /// Its address; empty: there is none.
    pub url: String,
    /// The secret that it knows this node by.
    pub secret_file: Option<PathBuf>,
}

/// Flags and environment of it.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TimedFlags {
    /// Service that is told when runs open, close, are revealed or void, to put it into a stream: http://host[:port][/path]
    /// [default: none]
    #[arg(long, env = "TALLYLIGHT_TIMED_URL", value_name = "URL")]
    pub timed_url: Option<String>,
    /// File with the secret that is sent to it, as a bearer token [default: none is sent]
    #[arg(long, env = "TALLYLIGHT_TIMED_SECRET_FILE", value_name = "FILE")]
    pub timed_secret_file: Option<PathBuf>,
}

impl TimedConfig {
    /// Puts the sources together and checks the whole.
    ///
    /// # Errors
    /// Something impossible is said; the message says what to do.
    pub(super) fn new(flags: TimedFlags, url: Option<String>, secret_file: Option<PathBuf>) -> anyhow::Result<Self> {
        let config = Self {
            url: flags.timed_url.or(url).unwrap_or_default(),
            secret_file: flags.timed_secret_file.or(secret_file),
        };
        check_service("timed", &config.url, config.secret_file.is_some())?;
        Ok(config)
    }
}
