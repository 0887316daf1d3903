//! What a process costs, from /proc: processor time and memory.

use std::fs;

use anyhow::{Context as _, Result};
use serde::Serialize;

/// One clock tick of /proc/PID/stat: USER_HZ is 100 on every Linux.
const TICK_US: f64 = 10_000.0;

/// Processor time used so far, all threads.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    pub user_us: f64,
    pub sys_us: f64,
}

impl Cpu {
    /// Of a process; without an id, of this one.
    pub fn of(pid: Option<u32>) -> Result<Self> {
        let stat = read(pid, "stat")?;
        // The name in brackets may hold anything; what counts comes after it.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|f| f.parse::<f64>().ok()).context("odd /proc/PID/stat");
        Ok(Self { user_us: ticks(11)? * TICK_US, sys_us: ticks(12)? * TICK_US })
    }

    /// What was used since `before`, for so many operations in so many seconds.
    pub fn since(self, before: Self, operations: u64, seconds: f64) -> Cost {
        let (user_us, sys_us) = (self.user_us - before.user_us, self.sys_us - before.sys_us);
        let each = |us: f64| if operations == 0 { 0.0 } else { us / operations as f64 };
        Cost {
            user_us_per_operation: each(user_us),
            sys_us_per_operation: each(sys_us),
            us_per_operation: each(user_us + sys_us),
            cores: (user_us + sys_us) / 1e6 / seconds,
        }
    }
}

/// Processor time of a process over a measurement.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cost {
    pub us_per_operation: f64,
    pub user_us_per_operation: f64,
    pub sys_us_per_operation: f64,
    /// 1.0: one core was busy all the time.
    pub cores: f64,
}

/// Resident memory, KiB.
pub fn rss_kib(pid: Option<u32>) -> Result<u64> {
    let status = read(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("odd /proc/PID/status")?;
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).context("odd /proc/PID/status")
}

fn read(pid: Option<u32>, file: &str) -> Result<String> {
    let path = pid.map_or_else(|| format!("/proc/self/{file}"), |pid| format!("/proc/{pid}/{file}"));
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_costs_something() {
        assert!(rss_kib(None).unwrap() > 100);
        let before = Cpu { user_us: 0.0, sys_us: 0.0 };
        let after = Cpu { user_us: 300.0, sys_us: 700.0 };
        let cost = after.since(before, 100, 0.001);
        assert!((cost.us_per_operation - 10.0).abs() < 1e-9 && (cost.cores - 1.0).abs() < 1e-9);
        Cpu::of(None).unwrap();
    }
}
