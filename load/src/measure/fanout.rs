//! Results: one push to all connections, told apart by its version. A trickle of ballots keeps the numbers moving.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{
    Args, Interval,
    fleet::{Fleet, Peer, Work},
    poll_for,
    votes::Writer,
    wait_for_run,
};
use crate::latency::Latency;

/// Measures deliveries per second, what each cost, and the time from the first receiver of a push to the last.
pub fn measure(args: &Args, fleet: &mut Fleet) -> Result<Map<String, Value>> {
    let (run, options) = wait_for_run(args, fleet)?;
    let mut trickle = (!args.floor && args.votes_per_second > 0.0).then(|| Trickle {
        writer: Writer::new(&run, options),
        next: 0,
        every: Duration::from_secs_f64(1.0 / args.votes_per_second),
        at: Instant::now(),
    });
    let mut audience = Audience::default();
    play(fleet, args.warm_up, &mut trickle, &mut audience)?;
    audience = Audience::default();
    let interval = Interval::begin(args.pid, fleet)?;
    play(fleet, args.seconds, &mut trickle, &mut audience)?;
    let mut report = interval.end(audience.deliveries, fleet)?;
    let mut spread = Latency::new();
    let open = fleet.peers.iter().filter(|peer| peer.open()).count() as u64;
    // The first push and the last one may lie across the ends of the interval.
    let complete = audience.pushes.values().filter(|push| push.receivers >= open);
    for push in complete {
        spread.add(u64::try_from((push.last - push.first).as_micros()).unwrap_or(u64::MAX));
    }
    report.insert("pushes".to_owned(), audience.pushes.len().into());
    report.insert("bytes_per_push".to_owned(), audience.bytes.checked_div(audience.deliveries).into());
    report.insert("receipts".to_owned(), audience.receipts.into());
    // Over the pushes that every connection got; the others were overtaken by newer ones.
    report.insert("first_to_last".to_owned(), json!(spread.percentiles()));
    Ok(report)
}

fn play(fleet: &mut Fleet, seconds: f64, trickle: &mut Option<Trickle>, audience: &mut Audience) -> Result<()> {
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let Some(trickle) = trickle else { return poll_for(fleet, seconds, audience) };
    while Instant::now() < until {
        while trickle.at <= Instant::now() {
            trickle.send(fleet);
        }
        let wait = trickle.at.min(until).saturating_duration_since(Instant::now());
        fleet.poll(wait, audience)?;
    }
    Ok(())
}

/// Ballots at a steady rate, from one connection after the other.
struct Trickle {
    writer: Writer,
    next: usize,
    every: Duration,
    at: Instant,
}

impl Trickle {
    fn send(&mut self, fleet: &mut Fleet) {
        let mut ballot = Vec::new();
        self.writer.write(&mut ballot);
        let index = self.next % fleet.peers.len();
        if fleet.peers[index].open() {
            fleet.peers[index].send(&ballot);
        }
        self.next += 1;
        self.at += self.every;
    }
}

/// What the connections got.
#[derive(Default)]
struct Audience {
    deliveries: u64,
    bytes: u64,
    receipts: u64,
    pushes: HashMap<u64, Push>,
}

struct Push {
    first: Instant,
    last: Instant,
    receivers: u64,
}

impl Work for Audience {
    fn text(&mut self, _peer: &mut Peer, text: &[u8]) {
        if !text.starts_with(br#"{"t":"results""#) {
            self.receipts += u64::from(text.starts_with(br#"{"t":"receipt""#));
            return;
        }
        self.deliveries += 1;
        self.bytes += text.len() as u64 + if text.len() < 126 { 2 } else { 4 };
        let Some(version) = version(text) else { return };
        let now = Instant::now();
        let push = self.pushes.entry(version).or_insert(Push { first: now, last: now, receivers: 0 });
        push.last = now;
        push.receivers += 1;
    }

    fn drained(&mut self, _peer: &mut Peer) {}
}

/// The number after `"version":`.
fn version(text: &[u8]) -> Option<u64> {
    let word = br#""version":"#;
    let at = text.windows(word.len()).position(|window| window == word)? + word.len();
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found() {
        assert_eq!(version(br#"{"t":"results","epoch":1,"version":42,"as_of":9}"#), Some(42));
        assert_eq!(version(br#"{"t":"results"}"#), None);
    }
}
