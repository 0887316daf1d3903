//! What the doors are told: who may stand in front of them, how many may come in, and which pages may connect.

use std::str::FromStr;

use anyhow::{anyhow, bail};

use crate::base::{limits, prefix::Prefix};

/// How clients reach this node, and how many may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorConfig {
    /// Proxies that are believed when they say who their client is.
    pub trusted_proxies: Vec<Prefix>,
    /// Whether every connection begins with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// Networks without a limit of their own.
    pub venues: Vec<Prefix>,
    /// Connections of the node.
    pub connections: usize,
    /// Connections of one network.
    pub connections_per_prefix: u32,
    /// Origins of other sites' pages that may connect and vote.
    pub origins: Vec<String>,
}

impl Default for DoorConfig {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            // A proxy on this machine that nobody listed, a load tool: this machine is no crowd from outside.
            venues: ["127.0.0.0/8", "::1"].map(|own| own.parse().expect("a block")).into(),
            connections: limits::CONNECTIONS_MAX,
            connections_per_prefix: limits::CONNECTIONS_PER_PREFIX_MAX,
            origins: Vec::new(),
        }
    }
}

/// Flags and environment of the doors.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DoorFlags {
    /// Proxies in front of this node: addresses and blocks like 10.0.0.0/8, with commas. Only they are believed when they
    /// name their client (X-Forwarded-For, PROXY protocol) [default: none]
    #[arg(long, env = "TALLYLIGHT_TRUSTED_PROXIES", value_name = "BLOCKS")]
    pub trusted_proxies: Option<String>,
    /// Every connection begins with a PROXY protocol header (v1 or v2) of a trusted proxy; others are closed
    /// [default: false]
    #[arg(long, env = "TALLYLIGHT_PROXY_PROTOCOL", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub proxy_protocol: Option<bool>,
    /// Networks without a limit of their own, like a stadium's: blocks with commas [default: this machine]
    #[arg(long, env = "TALLYLIGHT_VENUES", value_name = "BLOCKS")]
    pub venues: Option<String>,
    /// Connections at once; one in 20 is kept for staff and screens [default: 100000]
    #[arg(long, env = "TALLYLIGHT_CONNECTIONS", value_name = "N")]
    pub connections: Option<usize>,
    /// Connections at once of one network (/24 of IPv4, /56 of IPv6), and its new voters at once; a hundredth of that
    /// per second after it. Raise it for a large audience behind few addresses [default: 5000]
    #[arg(long, env = "TALLYLIGHT_CONNECTIONS_PER_PREFIX", value_name = "N")]
    pub connections_per_prefix: Option<u32>,
    /// Other sites whose pages may connect and vote: https://www.example.org, with commas; compared exactly
    /// [default: none]
    #[arg(long, env = "TALLYLIGHT_ORIGINS", value_name = "ORIGINS")]
    pub origins: Option<String>,
}

/// The same in the configuration file.
#[derive(Debug, Default)]
pub(super) struct DoorFile {
    pub(super) trusted_proxies: Option<Vec<String>>,
    pub(super) proxy_protocol: Option<bool>,
    pub(super) venues: Option<Vec<String>>,
    pub(super) connections: Option<usize>,
    pub(super) connections_per_prefix: Option<u32>,
    pub(super) origins: Option<Vec<String>>,
}

impl DoorConfig {
    /// Puts the sources together and checks the whole.
    ///
    /// # Errors
    /// Something impossible is said; the message says what to do.
    pub(super) fn new(flags: DoorFlags, file: DoorFile) -> anyhow::Result<Self> {
        let default = Self::default();
        let blocks = |name, flag: Option<String>, file, default| -> anyhow::Result<Vec<Prefix>> {
            flag.map(words).or(file).map_or(Ok(default), |texts: Vec<String>| parse(name, &texts))
        };
        let config = Self {
            trusted_proxies: blocks(
                "trusted_proxies",
                flags.trusted_proxies,
                file.trusted_proxies,
                default.trusted_proxies,
            )?,
            proxy_protocol: flags.proxy_protocol.or(file.proxy_protocol).unwrap_or(default.proxy_protocol),
            venues: blocks("venues", flags.venues, file.venues, default.venues)?,
            connections: flags.connections.or(file.connections).unwrap_or(default.connections),
            connections_per_prefix: flags
                .connections_per_prefix
                .or(file.connections_per_prefix)
                .unwrap_or(default.connections_per_prefix),
            origins: flags.origins.map(words).or(file.origins).unwrap_or_default(),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.proxy_protocol && self.trusted_proxies.is_empty() {
            bail!("proxy_protocol = true: list the proxies that may send its header in trusted_proxies");
        }
        // Above this a semaphore has no numbers, and no machine has files.
        if !(1..=10_000_000).contains(&self.connections) {
            bail!("connections = {}: give a number from 1 to 10000000", self.connections);
        }
        if !(1..=10_000_000).contains(&self.connections_per_prefix) {
            bail!("connections_per_prefix = {}: give a number from 1 to 10000000", self.connections_per_prefix);
        }
        match self.origins.iter().find(|origin| !is_origin(origin)) {
            Some(bad) => bail!("origins: {bad:?}: give what browsers send, like https://www.example.org, and no path"),
            None => Ok(()),
        }
    }
}

/// The parts of a list with commas; an empty text is an empty list.
pub(super) fn words(text: String) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn parse<T: FromStr<Err: std::fmt::Display>>(name: &str, texts: &[String]) -> anyhow::Result<Vec<T>> {
    texts.iter().map(|text| text.parse().map_err(|error| anyhow!("{name}: {text:?} is {error}"))).collect()
}

/// Whether a browser could send this as an `Origin`: scheme, host and port, in lower case. Never `null`: that is every
/// local file and every sandboxed frame.
pub fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:[]".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_from_a_flag_or_the_file() {
        let file = || DoorFile { venues: Some(vec!["192.0.2.0/24".into()]), ..DoorFile::default() };
        let flags = |venues: &str| DoorFlags { venues: Some(venues.into()), ..DoorFlags::default() };
        let venues = |flags, file| DoorConfig::new(flags, file).unwrap().venues;
        assert_eq!(venues(DoorFlags::default(), file()), ["192.0.2.0/24".parse().unwrap()]);
        assert_eq!(venues(flags("10.0.0.1, ::1"), file()), ["10.0.0.1".parse().unwrap(), "::1".parse().unwrap()]);
        assert_eq!(venues(flags(""), file()), []);
        assert!(venues(DoorFlags::default(), DoorFile::default())[0].contains("127.0.0.9".parse().unwrap()));
    }

    #[test]
    fn what_cannot_be_is_told() {
        let says = |flags| DoorConfig::new(flags, DoorFile::default()).unwrap_err().to_string();
        let none = DoorFlags::default;
        assert!(says(DoorFlags { proxy_protocol: Some(true), ..none() }).contains("trusted_proxies"));
        assert!(says(DoorFlags { trusted_proxies: Some("10.0.0.1/8".into()), ..none() }).contains("10.0.0.0/8"));
        assert!(says(DoorFlags { connections_per_prefix: Some(0), ..none() }).contains("from 1"));
        for origin in ["*", "null", "https://a.example/", "HTTPS://a.example", "a.example", "https://", "https://*.a"] {
            assert!(says(DoorFlags { origins: Some(origin.into()), ..none() }).contains("browsers"), "{origin}");
        }
    }
}
