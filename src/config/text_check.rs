//! A service of somebody else that looks at what the audience writes before a moderator does.
#![expect(rustdoc::broken_intra_doc_links, reason = "these are help texts first, read at a terminal")]

use std::{path::PathBuf, time::Duration};

use anyhow::bail;

use crate::base::limits;

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckConfig {
    /// Its address; empty: there is none.
    pub url: String,
    /// The secret that it knows this node by.
    pub secret_file: Option<PathBuf>,
    /// How long it may take.
    pub timeout: Duration,
}

impl Default for CheckConfig {
    fn default() -> Self {
        Self { url: String::new(), secret_file: None, timeout: Duration::from_millis(limits::CHECK_TIMEOUT_MS) }
    }
}

/// Flags and environment of it.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct CheckFlags {
    /// Service that looks at each question and text once it has passed the rules: http://host[:port][/path]. While it does
    /// not answer, texts wait for a moderator with a flag [default: none]
    #[arg(long, env = "TALLYLIGHT_CHECK_URL", value_name = "URL")]
    pub check_url: Option<String>,
    /// File with the secret that is sent to it, as a bearer token [default: none is sent]
    #[arg(long, env = "TALLYLIGHT_CHECK_SECRET_FILE", value_name = "FILE")]
    pub check_secret_file: Option<PathBuf>,
    /// How long it may take, in milliseconds, 100 to 5000: who wrote waits for it [default: 2000]
    #[arg(long, env = "TALLYLIGHT_CHECK_TIMEOUT_MS", value_name = "MS")]
    pub check_timeout_ms: Option<u64>,
}

/// The same in the configuration file.
#[derive(Debug, Default)]
pub(super) struct CheckFile {
    pub(super) url: Option<String>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) timeout_ms: Option<u64>,
}

impl CheckConfig {
    /// Puts the sources together and checks the whole.
    ///
    /// # Errors
    /// Something impossible is said; the message says what to do.
    pub(super) fn new(flags: CheckFlags, file: CheckFile) -> anyhow::Result<Self> {
        let timeout_ms = flags.check_timeout_ms.or(file.timeout_ms).unwrap_or(limits::CHECK_TIMEOUT_MS);
        let config = Self {
            url: flags.check_url.or(file.url).unwrap_or_default(),
            secret_file: flags.check_secret_file.or(file.secret_file),
            timeout: Duration::from_millis(timeout_ms),
        };
        check_service("check", &config.url, config.secret_file.is_some())?;
        if !(100..=limits::CHECK_TIMEOUT_MS_MAX).contains(&timeout_ms) {
            bail!("check_timeout_ms = {timeout_ms}: give 100 to {}", limits::CHECK_TIMEOUT_MS_MAX);
        }
        Ok(config)
    }
}

/// Whether a service of somebody else can be there, and has a secret only if it is there.
///
/// # Errors
/// It cannot; the message says what to do.
pub(super) fn check_service(name: &str, url: &str, has_secret: bool) -> anyhow::Result<()> {
    if !url.is_empty() && !url.starts_with("http://") {
        bail!(
            "{name}_url: begin it with http://; for a service elsewhere put a proxy beside the node that speaks TLS to it"
        );
    }
    if url.is_empty() && has_secret {
        bail!("{name}_secret_file is for {name}_url: give that, too, or leave it out");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_said_with_what_to_do() {
        let new = |url: &str, ms: u64, secret: Option<&str>| {
            let flags = CheckFlags {
                check_url: Some(url.to_owned()),
                check_timeout_ms: Some(ms),
                check_secret_file: secret.map(PathBuf::from),
            };
            CheckConfig::new(flags, CheckFile::default()).map_err(|error| error.to_string())
        };
        assert_eq!(new("http://a/b", 100, Some("s")).unwrap().timeout, Duration::from_millis(100));
        assert!(new("https://a", 2000, None).unwrap_err().contains("proxy"));
        assert!(new("http://a", 60_000, None).unwrap_err().contains("100 to 5000"));
        assert!(new("", 2000, Some("s")).unwrap_err().contains("check_url"));
    }
}
