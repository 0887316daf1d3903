//! What a server of Redis says of itself, for `tallylight check` and the service's health.

use std::{collections::HashMap, time::Duration};

use super::{Failure, RedisError, Value, link::Link};
use crate::base::clock::Stopwatch;

/// What was found where the addresses lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The addresses lead to a cluster.
    pub cluster: bool,
    /// The servers that answered: the one, or the primaries of the cluster.
    pub servers: Vec<Server>,
    /// The servers that did not, by address, and why.
    pub failing: Vec<(String, RedisError)>,
}

/// One server. What it does not tell is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Host and port.
    pub address: String,
    /// Its version, `7.0.15`.
    pub version: Option<String>,
    /// What it does at the limit of its memory. Only `noeviction` never loses a ballot.
    pub maxmemory_policy: Option<String>,
    /// It keeps an append-only file.
    pub aof: Option<bool>,
    /// It is a server of a cluster.
    pub in_cluster: bool,
    /// What it told of the settings that it is asked for.
    pub settings: HashMap<String, String>,
    /// `master` or `slave`.
    pub role: Option<String>,
    /// Replicas that are connected to it.
    pub replicas: Option<u64>,
    /// Time of one call there and back.
    pub round_trip: Duration,
}

/// The settings that it is asked for: when the file is fsynced, when a dead primary is noticed and what stands still then.
const SETTINGS: [&str; 4] =
    ["appendfsync", "cluster-node-timeout", "cluster-require-full-coverage", "min-replicas-to-write"];

/// Asks one server.
pub(super) async fn server(link: &Link) -> Result<Server, RedisError> {
    // The first one may have to connect.
    link.command(&redis::cmd("PING"), false).await?;
    let watch = Stopwatch::start();
    link.command(&redis::cmd("PING"), false).await?;
    let round_trip = watch.elapsed();
    let info = match link.command(&redis::cmd("INFO"), false).await {
        Ok(Value::Bytes(text)) => fields(&String::from_utf8_lossy(&text)),
        // It may be forbidden to us, and so may CONFIG, which many services do not have.
        Ok(_) | Err(Failure::Other(RedisError::Refused(_))) => HashMap::new(),
        Err(failure) => return Err(failure.into()),
    };
    let settings = match link.command(redis::cmd("CONFIG").arg("GET").arg(&SETTINGS), false).await {
        Ok(Value::List(told)) => pairs(&told),
        Ok(_) | Err(Failure::Other(RedisError::Refused(_))) => HashMap::new(),
        Err(failure) => return Err(failure.into()),
    };
    let text = |name: &str| info.get(name).cloned();
    Ok(Server {
        address: link.address().to_owned(),
        version: text("redis_version"),
        maxmemory_policy: text("maxmemory_policy"),
        aof: info.get("aof_enabled").map(|value| value == "1"),
        in_cluster: info.get("cluster_enabled").is_some_and(|value| value == "1"),
        settings,
        role: text("role"),
        replicas: info.get("connected_slaves").and_then(|value| value.parse().ok()),
        round_trip,
    })
}

/// Names and values in turn.
fn pairs(told: &[Value]) -> HashMap<String, String> {
    let pair = |pair: &[Value]| match pair {
        [Value::Bytes(name), Value::Bytes(value)] => {
            Some((String::from_utf8_lossy(name).into_owned(), String::from_utf8_lossy(value).into_owned()))
        }
        _ => None,
    };
    told.chunks(2).filter_map(pair).collect()
}

/// `name:value` lines; headings start with `#`.
fn fields(info: &str) -> HashMap<String, String> {
    let pairs = info.lines().filter_map(|line| line.trim_end().split_once(':'));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn info_is_read_line_by_line() {
        let info = super::fields("# Server\r\nredis_version:7.0.15\r\n\r\n# Memory\r\nmaxmemory:0\r\n");
        assert_eq!((info["redis_version"].as_str(), info["maxmemory"].as_str(), info.len()), ("7.0.15", "0", 2));
    }
}
