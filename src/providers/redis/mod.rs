//! The way to Redis, one server or a cluster: scripts, called by their digest, over keys that all have one hash tag.
//! Knows connections, time limits and what each failure means; never what a vote or a show is.
//!
//! Nothing is connected before it is needed, and nothing gives up: a call that finds no server says so at once or after a
//! time limit, and one of the next finds it again. Each server of a cluster has its own connection, limit and backoff,
//! so that a dead one stalls only its own slots.

mod cluster;
mod error;
mod link;
mod probe;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use cluster::Cluster;
use error::Failure;
pub use error::RedisError;
use link::{Eval, Link};
pub use probe::{Probe, Server};

/// A script of Redis. It reads and decides first and then writes what cannot fail: nothing rolls back.
#[derive(Debug)]
pub struct Script {
    /// For logs and metrics.
    pub name: &'static str,
    /// Lua.
    pub source: &'static str,
    digest: OnceLock<String>,
}

impl Script {
    /// A script and its name.
    pub const fn new(name: &'static str, source: &'static str) -> Self {
        Self { name, source, digest: OnceLock::new() }
    }

    /// How Redis knows it: the SHA-1 of its source, in hexadecimal.
    fn digest(&self) -> &str {
        self.digest.get_or_init(|| redis::Script::new(self.source).get_hash().to_owned())
    }
}

/// What a script answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Nil,
    Int(i64),
    Bytes(Vec<u8>),
    List(Vec<Value>),
}

/// Where Redis is.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// `redis://[user:password@]host[:port]` or `rediss://…` (TLS). Several are seeds of one cluster.
    pub urls: Vec<String>,
    /// One address that leads to a cluster.
    pub cluster: bool,
    /// Certificates (PEM) that a server's may be signed by; `None`: those that this machine trusts.
    pub ca_file: Option<PathBuf>,
}

/// Passwords stay where they are.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without_user = |url: &String| match url.rsplit_once('@') {
            Some((before, host)) => format!("{}…@{host}", before.split_inclusive("://").next().unwrap_or_default()),
            None => url.clone(),
        };
        let urls: Vec<_> = self.urls.iter().map(without_user).collect();
        f.debug_struct("Config")
            .field("urls", &urls)
            .field("cluster", &self.cluster)
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

/// The way to one Redis. A clone is the same way.
#[derive(Debug, Clone)]
pub struct Redis {
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    One(Arc<Link>),
    Cluster(Arc<Cluster>),
}

impl Redis {
    /// Looks at the addresses only: Redis need not be there, and is not waited for.
    ///
    /// # Errors
    /// [`RedisError::Refused`] for an address that cannot be one, or certificates that cannot be read.
    pub fn open(config: &Config) -> Result<Self, RedisError> {
        let read = |path: &PathBuf| {
            let refused = |why: String| RedisError::Refused(format!("redis_ca_file {}: {why}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
            let has_one = text.contains("-----BEGIN CERTIFICATE-----");
            has_one.then_some(text.into_bytes()).ok_or_else(|| refused("there is no certificate (PEM) in it".into()))
        };
        let ca = config.ca_file.as_ref().map(read).transpose()?;
        let servers = config.urls.iter().map(|url| link::server(url, ca.as_deref())).collect::<Result<Vec<_>, _>>()?;
        let way = match &*servers {
            [] => return Err(RedisError::Refused("no address of a server is given".into())),
            [one] if !config.cluster => Way::One(Arc::new(Link::new(one.clone()))),
            _ => Way::Cluster(Arc::new(Cluster::new(servers))),
        };
        Ok(Self { way })
    }

    /// Calls a script. All keys must have one hash tag, and all of them must be named.
    ///
    /// # Errors
    /// Whatever it is, the same call may be made again; after [`RedisError::Unreachable`] the script may have run.
    pub async fn run(&self, script: &Script, keys: &[Vec<u8>], args: Vec<Vec<u8>>) -> Result<Value, RedisError> {
        let eval = Eval::new(script, keys, &args);
        match &self.way {
            Way::One(link) => link.eval(&eval, false).await.map_err(RedisError::from),
            Way::Cluster(cluster) => {
                let Some(key) = keys.first() else {
                    return Err(RedisError::Refused("a call without a key has no place in a cluster".into()));
                };
                cluster.eval(key, &eval).await
            }
        }
    }

    /// What the servers say of themselves, and how long they take to answer.
    ///
    /// # Errors
    /// If none of them answers.
    pub async fn probe(&self) -> Result<Probe, RedisError> {
        let (links, cluster) = match &self.way {
            Way::One(link) => (vec![Arc::clone(link)], false),
            Way::Cluster(cluster) => (cluster.primaries().await?, true),
        };
        let mut probe = Probe { cluster, servers: Vec::with_capacity(links.len()), failing: Vec::new() };
        for link in links {
            match probe::server(&link).await {
                Ok(server) => probe.servers.push(server),
                Err(error) => probe.failing.push((link.address().to_owned(), error)),
            }
        }
        match probe.failing.first() {
            Some((_, error)) if probe.servers.is_empty() => Err(error.clone()),
            _ => Ok(probe),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(urls: &[&str]) -> Config {
        Config { urls: urls.iter().map(|url| (*url).to_owned()).collect(), cluster: false, ca_file: None }
    }

    #[test]
    fn a_password_is_never_shown() {
        let config = config(&["redis://me:s3cret@a.example:6379", "rediss://:s3cr@t@b.example"]);
        let redis = Redis::open(&self::config(&["redis://me:s3cret@a.example:6379"])).unwrap();
        for shown in [format!("{config:?}"), format!("{redis:?}")] {
            assert!(shown.contains("a.example") && !shown.contains("s3cr"), "{shown}");
        }
        let bad = Redis::open(&self::config(&["http://me:s3cret@a.example"])).unwrap_err();
        assert!(!bad.to_string().contains("s3cret"), "{bad}");
    }

    #[test]
    fn one_address_is_a_server_and_several_are_a_cluster() {
        let is_cluster = |config: &Config| matches!(Redis::open(config).unwrap().way, Way::Cluster(_));
        assert!(!is_cluster(&config(&["redis://a"])));
        assert!(is_cluster(&config(&["redis://a", "redis://b:7000"])));
        assert!(is_cluster(&Config { cluster: true, ..config(&["redis://a"]) }));
        assert!(Redis::open(&config(&[])).is_err());
    }
}
