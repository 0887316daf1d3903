//! Whether this node works alone, or with others over Redis, and what all of them must have in common.

use std::path::PathBuf;

use anyhow::bail;

use super::doors::words;

/// What nodes share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodesConfig {
    /// Addresses of Redis: one server, or some nodes of one cluster. Empty: this node works alone.
    pub redis: Vec<String>,
    /// A single address leads to a cluster.
    pub redis_cluster: bool,
    /// Certificates (PEM) that a server of Redis may be signed by; `None`: those that this machine trusts.
    pub redis_ca_file: Option<PathBuf>,
    /// The node secret, equal on all nodes; `None`: the one of the data directory.
    pub secret_file: Option<PathBuf>,
}

/// Flags and environment of what nodes share.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct NodesFlags {
    /// Redis, for several nodes with the same shows: redis://host:port, or with a login redis://user:password@host:port;
    /// some nodes of one cluster, with commas; rediss:// for TLS [default: none, this node works alone]
    #[arg(long, env = "TALLYLIGHT_REDIS", value_name = "URLS")]
    pub redis: Option<String>,
    /// The one address of redis leads to a cluster; several do anyway [default: false]
    #[arg(long, env = "TALLYLIGHT_REDIS_CLUSTER", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub redis_cluster: Option<bool>,
    /// For rediss://, file with the certificates (PEM) that may sign those of Redis [default: what this machine trusts]
    #[arg(long, env = "TALLYLIGHT_REDIS_CA_FILE", value_name = "FILE")]
    pub redis_ca_file: Option<PathBuf>,
    /// File with the node secret, equal on all nodes: needed with redis, which never holds it. Make one with `openssl
    /// rand -hex 32` [default: node.secret in the data directory]
    #[arg(long, env = "TALLYLIGHT_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

/// The same in the configuration file.
#[derive(Debug, Default)]
pub(super) struct NodesFile {
    pub(super) redis: Option<Vec<String>>,
    pub(super) redis_cluster: Option<bool>,
    pub(super) redis_ca_file: Option<PathBuf>,
    pub(super) secret_file: Option<PathBuf>,
}

impl NodesConfig {
    /// Puts the sources together and checks the whole.
    ///
    /// # Errors
    /// Something impossible is said; the message says what to do.
    pub(super) fn new(flags: NodesFlags, file: NodesFile) -> anyhow::Result<Self> {
        let config = Self {
            redis: flags.redis.map(words).or(file.redis).unwrap_or_default(),
            redis_cluster: flags.redis_cluster.or(file.redis_cluster).unwrap_or_default(),
            redis_ca_file: flags.redis_ca_file.or(file.redis_ca_file),
            secret_file: flags.secret_file.or(file.secret_file),
        };
        let known = |url: &&String| ["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme));
        if config.redis.iter().any(|url| !known(&url)) {
            // The address itself may hold a password.
            bail!("redis: begin every address with redis:// (or rediss:// for TLS)");
        }
        if config.redis_ca_file.is_some() && !config.redis.iter().any(|url| url.starts_with("rediss://")) {
            bail!("redis_ca_file is for TLS: begin the addresses of redis with rediss://, or leave it out");
        }
        if !config.redis.is_empty() && config.secret_file.is_none() {
            bail!(
                "redis needs secret_file, a file that is equal on all nodes and only theirs to read: make it once with \
                 `openssl rand -hex 32 > tallylight.secret && chmod 600 tallylight.secret`, and copy it to every node"
            );
        }
        Ok(config)
    }

    /// Whether other nodes may serve the same shows.
    pub fn shared(&self) -> bool {
        !self.redis.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_needs_a_secret_that_all_nodes_have() {
        let new = |redis: &str, secret: Option<&str>| {
            let flags = NodesFlags {
                redis: Some(redis.into()),
                secret_file: secret.map(PathBuf::from),
                ..NodesFlags::default()
            };
            NodesConfig::new(flags, NodesFile::default())
        };
        let said = new("redis://a", None).unwrap_err().to_string();
        assert!(said.contains("openssl rand -hex 32"), "{said}");
        let said = new("http://user:pass@a", Some("s")).unwrap_err().to_string();
        assert!(said.contains("redis://") && !said.contains("pass"), "{said}");
        assert_eq!(new("redis://a, rediss://b:1", Some("s")).unwrap().redis, ["redis://a", "rediss://b:1"]);
        assert!(!new("", None).unwrap().shared());
    }
}
