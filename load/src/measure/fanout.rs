//! Results: one push to all connections, told apart by its version. A trickle of ballots keeps the numbers moving.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{
    Args, Meter,
    fleet::{Fleet, Peer, Work},
    poll_for,
    votes::{Writer, after, kind},
    wait_for_run,
};
use crate::latency::Latency;

/// How long after the end the receipts of the last ballots may take.
const LAST_RECEIPTS: Duration = Duration::from_secs(10);

/// Measures deliveries per second, what each cost, the time from the first receiver of a push to the last, and from a
/// ballot's receipt until every connection has a result with it.
pub fn measure(args: &Args, fleet: &mut Fleet) -> Result<Map<String, Value>> {
    let (run, options) = wait_for_run(args, fleet)?;
    let mut trickle = (!args.floor && args.votes_per_second > 0.0).then(|| Trickle {
        writer: Writer::new(&run, options),
        next: 0,
        every: Duration::from_secs_f64(1.0 / args.votes_per_second),
        at: Instant::now(),
    });
    let mut audience = Audience::of(fleet);
    play(fleet, args.warm_up, &mut trickle, &mut audience)?;
    audience.begin();
    let mut meter = Meter::start(args, fleet)?;
    play(fleet, args.seconds, &mut trickle, &mut audience)?;
    meter.stop(fleet)?;
    let mut report = meter.report(audience.deliveries, fleet);
    let mut spread = Latency::new();
    // The first push and the last one may lie across the ends of the interval.
    let within = |push: &&Push| push.receivers >= audience.screens && push.first >= audience.began;
    for push in audience.pushes.values().filter(within) {
        spread.add(micros(push.last - push.first));
    }
    report.insert(
        "pushes".to_owned(),
        audience.pushes.values().filter(|push| push.first >= audience.began).count().into(),
    );
    report.insert("bytes_per_push".to_owned(), audience.bytes.checked_div(audience.deliveries).into());
    // Messages of other topics than results, which came besides.
    report.insert("others".to_owned(), audience.others.into());
    report.insert("receipts".to_owned(), audience.receipts.into());
    let told = audience.told.percentiles();
    // The last ballots are still on their way.
    let (sent, until) = (trickle.as_ref().map_or(0, |trickle| trickle.next as u64), Instant::now() + LAST_RECEIPTS);
    while audience.counted < sent && Instant::now() < until {
        fleet.poll(Duration::from_millis(1), &mut audience)?;
    }
    // Every ballot and every counted receipt, those of the warm-up too.
    report.insert("books".to_owned(), json!({ "sent": sent, "counted": audience.counted }));
    // Over the pushes that every connection got; the others were overtaken by newer ones.
    report.insert("first_to_last".to_owned(), json!(spread.percentiles()));
    report.insert("receipt_to_all".to_owned(), json!(told));
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
struct Audience {
    deliveries: u64,
    bytes: u64,
    others: u64,
    receipts: u64,
    pushes: HashMap<u64, Push>,
    began: Instant,
    /// Connections.
    screens: u64,
    /// The total of the results before the first ballot, and what was counted since. Nobody else votes.
    total: u64,
    counted: u64,
    /// Receipts whose ballots not all connections have seen in a result, the oldest first: the total that has it, and when it came.
    waiting: VecDeque<(u64, Instant)>,
    /// The greatest total that all connections got.
    seen: u64,
    told: Latency,
}

struct Push {
    first: Instant,
    last: Instant,
    receivers: u64,
    total: u64,
}

impl Audience {
    fn of(fleet: &Fleet) -> Self {
        let total = number(&fleet.results, br#""total":"#).unwrap_or(0);
        Self {
            deliveries: 0,
            bytes: 0,
            others: 0,
            receipts: 0,
            pushes: HashMap::new(),
            began: Instant::now(),
            screens: fleet.peers.len() as u64,
            total,
            counted: 0,
            waiting: VecDeque::new(),
            seen: total,
            told: Latency::new(),
        }
    }

    /// The measurement begins. What is on its way stays so.
    fn begin(&mut self) {
        (self.deliveries, self.bytes, self.others, self.receipts) = (0, 0, 0, 0);
        self.began = Instant::now();
        self.waiting.clear();
    }

    fn receipt(&mut self, text: &[u8]) {
        self.receipts += 1;
        if kind(text) != Some("counted") {
            return;
        }
        self.counted += 1;
        let total = self.total + self.counted;
        if total <= self.seen {
            self.told.add(0);
        } else {
            self.waiting.push_back((total, Instant::now()));
        }
    }
}

impl Work for Audience {
    fn text(&mut self, _peer: &mut Peer, text: &[u8]) {
        if text.starts_with(br#"{"t":"receipt""#) {
            return self.receipt(text);
        }
        if !text.starts_with(br#"{"t":"results""#) {
            self.others += 1;
            return;
        }
        self.deliveries += 1;
        self.bytes += text.len() as u64 + if text.len() < 126 { 2 } else { 4 };
        let Some(version) = number(text, br#""version":"#) else { return };
        let now = Instant::now();
        let new = || Push { first: now, last: now, receivers: 0, total: number(text, br#""total":"#).unwrap_or(0) };
        let push = self.pushes.entry(version).or_insert_with(new);
        push.last = now;
        push.receivers += 1;
        if push.receivers < self.screens {
            return;
        }
        self.seen = self.seen.max(push.total);
        while let Some((_, at)) = self.waiting.pop_front_if(|(total, _)| *total <= push.total) {
            self.told.add(micros(now - at));
        }
    }

    fn drained(&mut self, _peer: &mut Peer) {}
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The number after a word like `"version":`.
fn number(text: &[u8], word: &[u8]) -> Option<u64> {
    let digits = after(text, word)?.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found() {
        let text = br#"{"t":"results","epoch":1,"version":42,"as_of":9}"#;
        assert_eq!(number(text, br#""version":"#), Some(42));
        assert_eq!(number(br#"{"t":"results"}"#, br#""version":"#), None);
    }
}
