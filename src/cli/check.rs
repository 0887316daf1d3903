//! `tallylight check`: what a node here will lean on, looked at before the show.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use crate::{
    app::{self, layout},
    base::{clock::Clock, ids::RunId},
    config::{NodeConfig, NodeFlags},
    providers::journal::{Directory, Frame, Journal as _},
};

/// Commits that the disk is measured with.
const COMMITS: usize = 200;
/// A receipt waits for one fsync: slower than this, voters feel it.
const FSYNC_MS_MAX: u128 = 20;
/// Files that a node needs beside its connections.
const FILES_BESIDE: u64 = 200;

/// Look at what a node here will lean on, and say what to change
///
/// Measures the disk with the commits a node makes, and looks at its room, the limit of open files, the clock and the
/// node secret. May run beside a node. Ends with 0 if all is well and with 1 if something should be changed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Data directory of the node: its disk is measured [default: ./tallylight.data]
    #[arg(long, env = "TALLYLIGHT_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration file (TOML) of the node, for its data directory
    #[arg(long, env = "TALLYLIGHT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Viewers that you expect at once
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    viewers: u64,
}

/// Looks and says.
///
/// # Errors
/// The data directory cannot be used.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { data, config, viewers } = args;
    let config = NodeConfig::new(NodeFlags { data, config, ..NodeFlags::default() }, Vec::new(), super::read)?;
    let findings = [disk(&config)?, files(viewers, config.doors.connections)?, clock(), secret(&config)];
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
        text += "; make room: a ballot takes about 120 bytes";
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
    let needed = viewers + FILES_BESIDE;
    let fine = limit >= needed && viewers <= connections as u64;
    let text = format!("files: {limit} may be open, {needed} are needed for {viewers} viewers");
    Ok((fine, if fine { text } else { text + "; raise LimitNOFILE (ulimit -n), or run more nodes" }))
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
    let there = config.data.join(layout::SECRET).exists();
    let text = if there {
        "the node secret is there; keep a copy in a safe"
    } else {
        "the node secret is made at the first start"
    };
    (true, text.to_owned())
}
