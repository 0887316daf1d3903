//! `tallylight check`: what a node here will lean on, looked at before the show.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use crate::{
    app::{self, layout},
    base::{clock::Clock, ids::RunId, limits},
    config::{Defaults, NodeConfig, NodeFlags, nodes::NodesFlags},
    identity::secret::Secret,
    providers::{
        journal::{Directory, Frame, Journal as _},
        redis::{Probe, RedisError, Server},
        store::{SqliteStore, Store as _},
    },
    shows::document::Document,
};

/// Commits that the disk is measured with.
const COMMITS: usize = 200;
/// A receipt waits for one fsync: slower than this, voters feel it.
const FSYNC_MS_MAX: u128 = 20;
/// Files that a node needs beside its connections.
const FILES_BESIDE: u64 = 200;

/// Look at what a node here will lean on, and say what to change
///
/// Measures the disk with the commits a node makes, and looks at its room, the limit of open files, the clock, the node
/// secret and, with redis, every server of it. Says what will be destroyed of each show, and when. May run beside a node. Ends with 0 if all is well and with 1 if something
/// should be changed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Data directory of the node: its disk is measured [default: ./tallylight.data]
    #[arg(long, env = "TALLYLIGHT_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration file (TOML) of the node, for its data directory
    #[arg(long, env = "TALLYLIGHT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    nodes: NodesFlags,
    /// Viewers that you expect at once
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    viewers: u64,
}

/// Looks and says.
///
/// # Errors
/// The data directory cannot be used.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { data, config, nodes, viewers } = args;
    let config = NodeConfig::new(
        NodeFlags { data, config, nodes, ..NodeFlags::default() },
        Vec::new(),
        Defaults::NODE,
        super::read,
    )?;
    let mut findings = vec![disk(&config)?, files(viewers, config.doors.connections)?, clock(), secret(&config)];
    findings.extend(shows(&config));
    if let Some(redis) = app::way_to_redis(&config)? {
        findings.extend(servers(super::serve::runtime()?.block_on(redis.probe())));
    }
    let mut good = true;
    for (fine, text) in findings {
        println!("{}  {text}", if fine { "ok    " } else { "change" });
        good &= fine;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Real commits by the real journal, in a folder of their own.
fn disk(config: &NodeConfig) -> anyhow::Result<(bool, String)> {
    let folder = config.data.join("check");
    let measured = measure(&folder);
    let _ = fs::remove_dir_all(&folder);
    let (median_us, worst_us, free_mb) =
        measured.with_context(|| format!("the disk below {}", config.data.display()))?;
    let slow = u128::from(worst_us) > FSYNC_MS_MAX * 1000;
    let tight = free_mb < 1000;
    let mut text =
        format!("disk: fsync {median_us} µs (median), {worst_us} µs (1 in 100); {free_mb} MB free above the reserve");
    if slow {
        text += "; use a faster disk: every receipt waits for one fsync";
    }
    if tight {
        text += "; make room: a ballot takes 104 bytes, among several nodes 192";
    }
    Ok((!slow && !tight, text))
}

fn measure(folder: &std::path::Path) -> anyhow::Result<(u64, u64, u64)> {
    let mut journal = Directory::open(folder)?.create(app::now())?;
    let mut times = Vec::with_capacity(COMMITS);
    for seq in 1..=COMMITS as u64 {
        for _ in 0..64 {
            journal.append(Frame { kind: 0, run: RunId(0), bucket: 0, seq, payload: &[0; 100] })?;
        }
        times.push(u64::try_from(journal.commit()?.fsync.as_micros()).unwrap_or(u64::MAX));
    }
    times.sort_unstable();
    Ok((times[COMMITS / 2], times[COMMITS * 99 / 100], journal.free_bytes() / 1_000_000))
}

fn files(viewers: u64, connections: usize) -> anyhow::Result<(bool, String)> {
    let table = fs::read_to_string("/proc/self/limits").context("the limits of this process")?;
    let line = table.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    let limit = line.split_whitespace().nth(3).and_then(|soft| soft.parse::<u64>().ok()).unwrap_or(u64::MAX);
    Ok(places(viewers, limit, connections as u64))
}

/// Whether there are files and places for all viewers.
fn places(viewers: u64, files: u64, connections: u64) -> (bool, String) {
    let needed = viewers + FILES_BESIDE;
    let for_viewers = connections - connections.div_ceil(limits::RESERVED_ONE_IN as u64);
    let mut text = format!("files: {files} may be open, {needed} are needed for {viewers} viewers");
    if files < needed {
        text += "; raise LimitNOFILE (ulimit -n), or run more nodes";
    }
    if viewers > for_viewers {
        text += &format!("; connections lets in {for_viewers} viewers: raise it, or run more nodes");
    }
    (files >= needed && viewers <= for_viewers, text)
}

fn clock() -> (bool, String) {
    let clock = Clock::start();
    let year_2020_ms = 1_577_836_800_000;
    let fine = clock.now().as_ms() > year_2020_ms && clock.resync().is_ok();
    let text =
        "clock: ".to_owned() + if fine { "steady" } else { "wrong or stepping; run chrony or systemd-timesyncd" };
    (fine, text)
}

fn secret(config: &NodeConfig) -> (bool, String) {
    if let Some(shared) = &config.nodes.secret_file {
        return match Secret::shared(shared) {
            Ok(secret) => (true, format!("the shared secret is there; every node signs as {}", secret.public_key())),
            Err(error) => (false, format!("the shared secret: {error}")),
        };
    }
    let there = config.data.join(layout::SECRET).exists();
    let text = if there {
        "the node secret is there; keep a copy in a safe"
    } else {
        "the node secret is made at the first start"
    };
    (true, text.to_owned())
}

/// What will be destroyed of each show, and when.
fn shows(config: &NodeConfig) -> Vec<(bool, String)> {
    let file = config.data.join(layout::DOCUMENTS);
    if !file.exists() {
        return Vec::new();
    }
    let read = || -> anyhow::Result<Vec<(bool, String)>> {
        let store = SqliteStore::look_at(&file)?;
        let mut shows = Vec::new();
        for show in store.shows()? {
            let Some(stored) = store.show(&show)? else { continue };
            shows.push((true, format!("show {show}: {}", Document::read(&stored.json)?.keeps(app::now()))));
        }
        Ok(shows)
    };
    read().unwrap_or_else(|error| vec![(true, format!("documents: not looked at: {error:#}"))])
}

/// A command and a group of ballots wait for Redis: slower than this, people feel it.
const ROUND_TRIP_MS_MAX: u128 = 5;

/// A cluster whose servers take longer to notice a dead primary holds ballots longer than viewers wait.
const FAILOVER_MS_MAX: u64 = 5000;

/// What Redis is like, server by server.
fn servers(probe: Result<Probe, RedisError>) -> Vec<(bool, String)> {
    let probe = match probe {
        Ok(probe) => probe,
        Err(error) => return vec![(false, format!("redis: {error}; start it, or correct its address and login"))],
    };
    let failing = probe.failing.iter().map(|(address, error)| (false, format!("redis {address}: {error}")));
    failing.chain(probe.servers.iter().map(server)).collect()
}

fn server(server: &Server) -> (bool, String) {
    let major = server.version.as_deref().and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    let told = |name: &str| server.settings.get(name).map(String::as_str);
    let mut changes = Vec::new();
    if major.is_none_or(|major| major < 7) {
        changes.push("use Redis 7 or newer: the scripts need it");
    }
    if server.round_trip.as_millis() > ROUND_TRIP_MS_MAX {
        changes.push("put it nearer: every receipt waits for one round trip");
    }
    if server.role.as_deref().is_some_and(|role| role != "master") {
        changes.push("give the address of the primary: this is a replica");
    }
    if server.maxmemory_policy.as_deref().is_some_and(|policy| policy != "noeviction") {
        changes.push("set maxmemory-policy noeviction: any other throws ballots away when memory is full");
    }
    if server.aof == Some(false) {
        changes
            .push("set appendonly yes: without it a restart forgets everything, and the nodes have to tell it again");
    } else if told("appendfsync") == Some("no") {
        changes.push("set appendfsync everysec, or always: with no a power cut may lose half a minute");
    }
    let timeout_ms = told("cluster-node-timeout").and_then(|value| value.parse::<u64>().ok());
    if server.in_cluster && timeout_ms.is_some_and(|ms| ms > FAILOVER_MS_MAX) {
        changes.push("set cluster-node-timeout 2000: when a primary dies, ballots are held for so long and longer");
    }
    if server.in_cluster && told("cluster-require-full-coverage") == Some("yes") {
        changes.push("set cluster-require-full-coverage no: else all servers stop while one is missing");
    }
    if server.in_cluster && server.replicas == Some(0) {
        changes.push("give it a replica, on another machine: when it dies, what it has waits until it is back");
    }
    if told("min-replicas-to-write").is_some_and(|value| value != "0") {
        changes.push("set min-replicas-to-write 0: with more the loss of a replica stops the show");
    }
    let unknown = |value: &Option<String>| value.clone().unwrap_or_else(|| "not told".to_owned());
    let text = format!(
        "redis {}: version {}, {} µs there and back, {} replicas, {}",
        server.address,
        unknown(&server.version),
        server.round_trip.as_micros(),
        server.replicas.unwrap_or_default(),
        if server.aof == Some(false) {
            "no appendonly file".to_owned()
        } else {
            format!("appendfsync {}", told("appendfsync").unwrap_or("not told"))
        },
    );
    let text = changes.iter().fold(text, |text, change| text + "; " + change);
    (changes.is_empty(), text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn too_few_files_and_too_few_places_are_told_apart() {
        assert!(places(9_500, 9_700, 10_000).0);
        let (fine, text) = places(9_500, 9_699, 10_000);
        assert!(!fine && text.contains("LimitNOFILE") && !text.contains("connections"), "{text}");
        let (fine, text) = places(9_501, 20_000, 10_000);
        assert!(!fine && text.contains("connections lets in 9500 viewers") && !text.contains("LimitNOFILE"), "{text}");
    }

    #[test]
    fn what_to_change_in_redis_is_said_in_words() {
        let good = Server {
            address: "a:6379".into(),
            version: Some("7.0.15".into()),
            maxmemory_policy: Some("noeviction".into()),
            aof: Some(true),
            in_cluster: false,
            settings: [("appendfsync".into(), "everysec".into())].into(),
            role: Some("master".into()),
            replicas: Some(1),
            round_trip: Duration::from_micros(200),
        };
        assert!(server(&good).0, "{:?}", server(&good));
        let says = |bad: Server, words: &str| {
            let (fine, text) = server(&bad);
            assert!(!fine && text.contains(words), "{text}");
        };
        says(Server { version: Some("6.2.1".into()), ..good.clone() }, "Redis 7");
        says(Server { maxmemory_policy: Some("allkeys-lru".into()), ..good.clone() }, "noeviction");
        says(Server { aof: Some(false), ..good.clone() }, "no appendonly file; set appendonly yes");
        let with = |name: &str, value: &str| Server {
            in_cluster: true,
            settings: [(name.into(), value.into())].into(),
            ..good.clone()
        };
        assert!(server(&with("cluster-node-timeout", "2000")).0);
        says(with("appendfsync", "no"), "everysec");
        says(with("cluster-node-timeout", "15000"), "cluster-node-timeout 2000");
        says(with("cluster-require-full-coverage", "yes"), "full-coverage no");
        says(with("min-replicas-to-write", "1"), "min-replicas-to-write 0");
        says(Server { in_cluster: true, replicas: Some(0), ..good.clone() }, "replica");
        says(Server { role: Some("slave".into()), ..good.clone() }, "primary");
        says(Server { round_trip: Duration::from_millis(30), ..good }, "nearer");
        assert!(!servers(Err(RedisError::Loading))[0].0);
    }
}
