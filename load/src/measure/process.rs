//! What a process costs: processor time, and memory from /proc.

use std::{
    fs,
    ops::{AddAssign, Sub},
};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::raw::clock::processor_time;

/// One clock tick of /proc/PID/stat: USER_HZ is 100 on every Linux.
const TICK_US: f64 = 10_000.0;

/// Processor time used so far, all threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu {
    /// Exactly.
    all_us: f64,
    /// What /proc saw of it at its ticks: how much of it was in user space and in the kernel.
    user_us: f64,
    sys_us: f64,
}

impl Cpu {
    /// Of a process; without an id, of this one.
    pub fn of(pid: Option<u32>) -> Result<Self> {
        let stat = read(pid, "stat")?;
        // The name in brackets may hold anything; what counts comes after it.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|f| f.parse::<f64>().ok()).context("odd /proc/PID/stat");
        let id = pid.unwrap_or_else(std::process::id);
        let all = processor_time(id).with_context(|| format!("there is no process {id}"))?;
        Ok(Self { all_us: all.as_secs_f64() * 1e6, user_us: ticks(11)? * TICK_US, sys_us: ticks(12)? * TICK_US })
    }

    /// Of several processes together.
    pub fn of_all(pids: &[u32]) -> Result<Self> {
        let mut all = Self::default();
        for pid in pids {
            all += Self::of(Some(*pid))?;
        }
        Ok(all)
    }

    /// Used for so many operations in so many seconds.
    pub fn over(self, operations: u64, seconds: f64) -> Cost {
        let Self { all_us, user_us, sys_us } = self;
        let seen_us = user_us + sys_us;
        let part = |us: f64| if seen_us > 0.0 { all_us * us / seen_us } else { 0.0 };
        let each = |us: f64| if operations == 0 { 0.0 } else { us / operations as f64 };
        Cost {
            user_us_per_operation: each(part(user_us)),
            sys_us_per_operation: each(part(sys_us)),
            us_per_operation: each(all_us),
            cores: all_us / 1e6 / seconds,
        }
    }
}

impl Sub for Cpu {
    type Output = Self;
    fn sub(self, before: Self) -> Self {
        Self {
            all_us: self.all_us - before.all_us,
            user_us: self.user_us - before.user_us,
            sys_us: self.sys_us - before.sys_us,
        }
    }
}

impl AddAssign for Cpu {
    fn add_assign(&mut self, other: Self) {
        self.all_us += other.all_us;
        self.user_us += other.user_us;
        self.sys_us += other.sys_us;
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
        let before = Cpu::default();
        let after = Cpu { all_us: 1000.0, user_us: 3000.0, sys_us: 1000.0 };
        let cost = (after - before).over(100, 0.001);
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        assert!(near(cost.us_per_operation, 10.0) && near(cost.user_us_per_operation, 7.5) && near(cost.cores, 1.0));
        Cpu::of_all(&[std::process::id()]).unwrap();
    }
}
