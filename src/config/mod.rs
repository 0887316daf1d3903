//! What a node is told from outside. Default < file < environment < flag; read once, checked whole. The only place that
//! reads the environment (through the flags' parser).
#![expect(rustdoc::bare_urls, reason = "these are help texts first, read at a terminal")]

pub mod doors;
pub mod nodes;
pub mod text_check;
pub mod timed;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::telemetry::logs::LogFormat;
use doors::{DoorConfig, DoorFile, DoorFlags};
use nodes::{NodesConfig, NodesFile, NodesFlags};
use text_check::{CheckConfig, CheckFile, CheckFlags};
use timed::{TimedConfig, TimedFlags};

/// How a node runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its data directory.
    pub data: PathBuf,
    /// Show files that are imported at the start.
    pub shows: Vec<PathBuf>,
    /// The address that viewers type; empty: as the request says.
    pub public_url: String,
    pub doors: DoorConfig,
    pub nodes: NodesConfig,
    pub check: CheckConfig,
    pub timed: TimedConfig,
    /// A level, or a list like `info,tallylight::ballots=debug`.
    pub log: String,
    pub log_format: LogFormat,
}

/// Flags and environment of a node.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct NodeFlags {
    /// Address and port to listen on, plain HTTP; port 0 takes any free one [default: 127.0.0.1:8080]
    #[arg(long, env = "TALLYLIGHT_LISTEN", value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Data directory: journals, documents and the node secret, for one process at a time [default:
    /// ./tallylight.data; of demo: ./tallylight-demo.data]
    #[arg(long, env = "TALLYLIGHT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address by which people reach the node, like https://vote.example.org: for links, the QR code and the check of
    /// where a page comes from [default: as each request says]
    #[arg(long, env = "TALLYLIGHT_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Log level, or a list like info,tallylight::ballots=debug [default: info; of demo: warn]
    #[arg(long, env = "TALLYLIGHT_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// How log lines look, on standard error [default: plain]
    #[arg(long, env = "TALLYLIGHT_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    #[command(flatten)]
    pub doors: DoorFlags,
    #[command(flatten)]
    pub nodes: NodesFlags,
    #[command(flatten)]
    pub check: CheckFlags,
    #[command(flatten)]
    pub timed: TimedFlags,
    /// Configuration file (TOML); a flag or a variable beats it. Names: listen, data, public_url, trusted_proxies,
    /// proxy_protocol, venues, connections, connections_per_prefix, origins, redis, redis_cluster, redis_ca_file,
    /// secret_file, check_url, check_secret_file, check_timeout_ms, timed_url, timed_secret_file, log,
    /// log_format, and shows, a list of show files
    #[arg(long, env = "TALLYLIGHT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    listen: Option<SocketAddr>,
    data: Option<PathBuf>,
    public_url: Option<String>,
    log: Option<String>,
    log_format: Option<String>,
    shows: Vec<PathBuf>,
    trusted_proxies: Option<Vec<String>>,
    proxy_protocol: Option<bool>,
    venues: Option<Vec<String>>,
    connections: Option<usize>,
    connections_per_prefix: Option<u32>,
    origins: Option<Vec<String>>,
    redis: Option<Vec<String>>,
    redis_cluster: Option<bool>,
    redis_ca_file: Option<PathBuf>,
    secret_file: Option<PathBuf>,
    check_url: Option<String>,
    check_secret_file: Option<PathBuf>,
    check_timeout_ms: Option<u64>,
    timed_url: Option<String>,
    timed_secret_file: Option<PathBuf>,
}

impl File {
    fn doors(&mut self) -> DoorFile {
        DoorFile {
            trusted_proxies: self.trusted_proxies.take(),
            proxy_protocol: self.proxy_protocol,
            venues: self.venues.take(),
            connections: self.connections,
            connections_per_prefix: self.connections_per_prefix,
            origins: self.origins.take(),
        }
    }
}

/// What a command takes where nobody says anything.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// Its data directory.
    pub data: &'static str,
    /// Its log level.
    pub log: &'static str,
}

impl Defaults {
    /// Of a node for shows of one's own.
    pub const NODE: Self = Self { data: "tallylight.data", log: "info" };
    /// Of the demo, which keeps apart from them and leaves the terminal to its addresses.
    pub const DEMO: Self = Self { data: "tallylight-demo.data", log: "warn" };
}

impl NodeConfig {
    /// Puts the sources together and checks the whole. `read` reads the configuration file, if one is named.
    ///
    /// # Errors
    /// A source cannot be read or says something impossible; the message says where and what to do.
    pub fn new(
        flags: NodeFlags,
        shows: Vec<PathBuf>,
        defaults: Defaults,
        read: impl Fn(&Path) -> anyhow::Result<String>,
    ) -> anyhow::Result<Self> {
        let parse = |path: &Path| -> anyhow::Result<File> {
            toml::from_str(&read(path)?).with_context(|| format!("the configuration file {}", path.display()))
        };
        let mut file = flags.config.as_deref().map(parse).transpose()?.unwrap_or_default();
        let doors = DoorConfig::new(flags.doors, file.doors())?;
        let nodes = NodesConfig::new(
            flags.nodes,
            NodesFile {
                redis: file.redis,
                redis_cluster: file.redis_cluster,
                redis_ca_file: file.redis_ca_file,
                secret_file: file.secret_file,
            },
        )?;
        let check =
            CheckFile { url: file.check_url, secret_file: file.check_secret_file, timeout_ms: file.check_timeout_ms };
        let check = CheckConfig::new(flags.check, check)?;
        let timed = TimedConfig::new(flags.timed, file.timed_url, file.timed_secret_file)?;
        let log_format = match (flags.log_format, file.log_format.as_deref()) {
            (Some(format), _) => format,
            (None, Some("json")) => LogFormat::Json,
            (None, Some("plain") | None) => LogFormat::Plain,
            (None, Some(other)) => bail!("log_format = {other:?}: give \"plain\" or \"json\""),
        };
        let public_url = flags.public_url.or(file.public_url).unwrap_or_default();
        let public_url = public_url.trim_end_matches('/').to_owned();
        if !public_url.is_empty() && !public_url.starts_with("http://") && !public_url.starts_with("https://") {
            bail!("public_url = {public_url:?}: begin it with https:// (or http://)");
        }
        Ok(Self {
            doors,
            nodes,
            check,
            timed,
            listen: flags.listen.or(file.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            data: flags.data.or(file.data).unwrap_or_else(|| PathBuf::from(defaults.data)),
            shows: if shows.is_empty() { file.shows } else { shows },
            public_url,
            log: flags.log.or(file.log).unwrap_or_else(|| defaults.log.to_owned()),
            log_format,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_beats_the_file_and_the_file_the_default() {
        let by = |defaults, text: &'static str, listen| {
            let flags = NodeFlags { listen, config: Some("node.toml".into()), ..NodeFlags::default() };
            NodeConfig::new(flags, Vec::new(), defaults, |_| Ok(text.to_owned()))
        };
        let told = |text, listen| by(Defaults::NODE, text, listen);
        let file = "listen = \"127.0.0.1:1\"\nlog = \"debug\"\npublic_url = \"https://v.example/\"\n";
        let config = told(file, Some(SocketAddr::from(([127, 0, 0, 1], 2)))).unwrap();
        assert_eq!((config.listen.port(), config.log.as_str()), (2, "debug"));
        assert_eq!((config.public_url.as_str(), config.data), ("https://v.example", PathBuf::from("tallylight.data")));
        assert_eq!(told(file, None).unwrap().listen.port(), 1);
        let of_demo = |text| {
            let config = by(Defaults::DEMO, text, None).unwrap();
            (config.data, config.log)
        };
        assert_eq!(of_demo(""), (PathBuf::from("tallylight-demo.data"), "warn".to_owned()));
        assert_eq!(of_demo("data = \"d\"\nlog = \"info\"\n"), (PathBuf::from("d"), "info".to_owned()));
        assert!(format!("{:#}", told("lisen = \"127.0.0.1:1\"\n", None).unwrap_err()).contains("lisen"));
    }
}
