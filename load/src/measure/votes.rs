//! Ballots: each connection keeps so many in flight and sends the next when a receipt comes. The ids are fresh, so every
//! ballot is decided anew.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::Result;
use fastrand::Rng;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    Args, Meter,
    fleet::{Fleet, Peer, Work},
    wait_for_run,
};
use crate::{latency::Latency, raw::frame};

/// The longest wait of a poll, so that a pace is kept to about a millisecond.
const POLL: Duration = Duration::from_millis(1);
/// Ballots that came at a rate have so long to be answered after the last one.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Measures receipts per second and what each cost.
pub fn measure(args: &Args, fleet: &mut Fleet) -> Result<Map<String, Value>> {
    let (run, options) = wait_for_run(args, fleet)?;
    let mut voters = Voters::new(args, Writer::new(&run, options), args.connections);
    let mut meter = Meter::new(args);
    for round in 0..args.rounds {
        if round > 0 {
            fleet.change(args, args.connections)?;
            voters.change(args.connections);
        }
        let warm_up = if round == 0 { args.warm_up } else { 0.0 };
        voters.play(fleet, args, warm_up)?;
        if warm_up > 0.0 {
            voters.counts.clear();
            voters.latency = Latency::new();
        }
        meter.resume(fleet)?;
        voters.play(fleet, args, args.seconds)?;
        meter.stop(fleet)?;
    }
    let mut report = meter.report(voters.counts.values().sum(), fleet);
    report.insert("in_flight".to_owned(), args.in_flight.into());
    report.insert("replies".to_owned(), json!(voters.counts));
    report.insert("books".to_owned(), json!(voters.books));
    report.insert("latency".to_owned(), json!(voters.latency.percentiles()));
    Ok(report)
}

/// Every ballot and every reply, those of the warm-up too.
#[derive(Default, Serialize)]
struct Books {
    sent: u64,
    answered: u64,
    counted: u64,
}

/// All voters, one per connection.
struct Voters {
    voters: Vec<Voter>,
    writer: Writer,
    latency: Latency,
    /// Replies by answer; `refused(budget)` and so on are their own.
    counts: BTreeMap<&'static str, u64>,
    /// Connections that the pace holds, by the time in microseconds they may send again.
    held: BinaryHeap<Reverse<(u64, usize)>>,
    began: Instant,
    /// Microseconds between two messages of a connection in the long run; 0: no pace.
    interval_us: u64,
    burst: u64,
    in_flight: u32,
    /// Ballots come at a rate.
    open: bool,
    ballots_max: u32,
    /// Ballots in flight, all connections.
    waiting: usize,
    books: Books,
    /// At a rate: when the next ballot is due, and whose it is.
    due: Instant,
    next: usize,
    batch: Vec<u8>,
}

#[derive(Default)]
struct Voter {
    /// Ballots it may send, as far as receipts go.
    credit: u32,
    sent: u32,
    sent_at: VecDeque<Instant>,
    /// When the next message is due at the pace (GCRA's theoretical arrival time), microseconds.
    due_us: u64,
}

impl Voters {
    fn new(args: &Args, writer: Writer, connections: usize) -> Self {
        let paced = args.pace > 0.0 && !args.floor;
        Self {
            voters: std::iter::repeat_with(Voter::default).take(connections).collect(),
            writer,
            latency: Latency::new(),
            counts: BTreeMap::new(),
            held: BinaryHeap::new(),
            began: Instant::now(),
            interval_us: if paced { (1e6 / args.pace) as u64 } else { 0 },
            burst: u64::from(args.burst),
            in_flight: args.in_flight,
            open: args.rate > 0.0,
            ballots_max: if args.ballots_per_connection == 0 { u32::MAX } else { args.ballots_per_connection },
            waiting: 0,
            books: Books::default(),
            due: Instant::now(),
            next: 0,
            batch: Vec::new(),
        }
    }

    /// Others vote from now on.
    fn change(&mut self, connections: usize) {
        self.voters.clear();
        self.voters.resize_with(connections, Voter::default);
        self.held.clear();
        self.waiting = 0;
    }

    /// Plays for so many seconds, or until all ballots are answered.
    fn play(&mut self, fleet: &mut Fleet, args: &Args, seconds: f64) -> Result<()> {
        if seconds <= 0.0 {
            return Ok(());
        }
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        if args.rate > 0.0 {
            self.arrive(fleet, Duration::from_secs_f64(1.0 / args.rate), until)?;
            return self.settle(fleet, Instant::now() + ANSWER_TIMEOUT);
        }
        for (voter, peer) in self.voters.iter_mut().zip(&fleet.peers).filter(|(voter, _)| voter.sent == 0) {
            voter.credit = args.in_flight;
            self.held.push(Reverse((0, peer.index)));
        }
        self.settle(fleet, until)
    }

    /// Ballots that wait for nobody. A late one counts from when it was due.
    fn arrive(&mut self, fleet: &mut Fleet, every: Duration, until: Instant) -> Result<()> {
        self.due = Instant::now();
        while self.due < until {
            while self.due <= Instant::now() && self.due < until {
                let peer = &mut fleet.peers[self.next % self.voters.len()];
                self.batch.clear();
                self.cast(peer.index, self.due);
                peer.send(&self.batch);
                self.next += 1;
                self.due += every;
            }
            fleet.poll(POLL, self)?;
        }
        Ok(())
    }

    fn settle(&mut self, fleet: &mut Fleet, until: Instant) -> Result<()> {
        while Instant::now() < until && (self.waiting > 0 || !self.held.is_empty()) {
            let now_us = self.now_us();
            while let Some(&Reverse((at, index))) = self.held.peek()
                && at <= now_us
            {
                self.held.pop();
                self.send(&mut fleet.peers[index]);
            }
            let limit = if self.held.is_empty() { POLL * 50 } else { POLL };
            fleet.poll(limit, self)?;
        }
        Ok(())
    }

    /// Puts one more ballot into the batch.
    fn cast(&mut self, voter: usize, at: Instant) {
        let voter = &mut self.voters[voter];
        voter.sent += 1;
        voter.sent_at.push_back(at);
        self.waiting += 1;
        self.books.sent += 1;
        self.writer.write(&mut self.batch);
    }

    /// Sends all that credit, pace and limit allow, in one write.
    fn send(&mut self, peer: &mut Peer) {
        let now = Instant::now();
        let now_us = self.now_us();
        self.batch.clear();
        loop {
            let voter = &mut self.voters[peer.index];
            if voter.credit == 0 || voter.sent >= self.ballots_max {
                break;
            }
            if self.interval_us > 0 {
                let due_us = voter.due_us.max(now_us);
                let ahead_us = self.interval_us * (self.burst - 1);
                if due_us > now_us + ahead_us {
                    // Until all that it may have in flight can go at once: one by one they would be another work.
                    let more_us = self.interval_us * u64::from(self.in_flight - 1);
                    self.held.push(Reverse((due_us - ahead_us + more_us, peer.index)));
                    break;
                }
                voter.due_us = due_us + self.interval_us;
            }
            voter.credit -= 1;
            self.cast(peer.index, now);
        }
        if !self.batch.is_empty() {
            peer.send(&self.batch);
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Work for Voters {
    fn text(&mut self, peer: &mut Peer, text: &[u8]) {
        let Some(kind) = kind(text) else { return };
        *self.counts.entry(kind).or_default() += 1;
        self.books.answered += 1;
        self.books.counted += u64::from(kind == "counted");
        let voter = &mut self.voters[peer.index];
        // At a rate nobody waits for a reply.
        voter.credit += u32::from(!self.open);
        if let Some(sent_at) = voter.sent_at.pop_front() {
            self.waiting -= 1;
            self.latency.add(u64::try_from(sent_at.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
    }

    fn drained(&mut self, peer: &mut Peer) {
        self.send(peer);
    }
}

/// What a reply says; `None`: it is no reply.
pub fn kind(text: &[u8]) -> Option<&'static str> {
    if text.starts_with(br#"{"t":"problem""#) {
        return Some("problem");
    }
    if text.starts_with(br#"{"t":"receipt""#) { kind_of(text) } else { None }
}

/// What a receipt says, whatever stands around it.
pub fn kind_of(text: &[u8]) -> Option<&'static str> {
    // `is` comes after two ids, a reason right after it.
    let is = after(text, br#""is":""#)?;
    Some(match (is.first()?, after(is, br#""reason":""#).unwrap_or_default()) {
        (b'c', _) => "counted",
        (b'h', _) => "held",
        (b'u', _) => "unknown",
        (_, [b'b', b'u', b'd', ..]) => "refused(budget)",
        (_, [b'b', b'u', b's', ..]) => "refused(busy)",
        (_, [b'n', b'o', b't', b'_', b'o', ..]) => "refused(not_open)",
        (_, [b'l', ..]) => "refused(late)",
        _ => "refused(other)",
    })
}

/// What comes after a word.
pub fn after<'a>(text: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(word.len()).position(|window| window == word)?;
    Some(&text[at + word.len()..])
}

/// Writes ballots with fresh ids.
pub struct Writer {
    run: String,
    options: u16,
    rng: Rng,
    text: Vec<u8>,
}

impl Writer {
    /// For a run with so many options.
    pub fn new(run: &str, options: u16) -> Self {
        Self { run: run.to_owned(), options: options.max(1), rng: Rng::new(), text: Vec::new() }
    }

    /// Adds one ballot's frame.
    pub fn write(&mut self, buffer: &mut Vec<u8>) {
        self.text.clear();
        let (run, id, pick) = (&self.run, self.rng.u128(..), self.rng.u16(1..=self.options));
        write!(self.text, r#"{{"t":"vote","run":"{run}","id":"{id:032x}","picks":[{pick}]}}"#)
            .expect("a vector takes all bytes");
        frame::write(buffer, frame::TEXT, &self.text, true);
    }
}

#[cfg(test)]
mod tests {
    use tallylight::wire::client::ClientMessage;

    use super::*;

    #[test]
    fn a_ballot_is_one_of_the_wire() {
        let mut buffer = Vec::new();
        Writer::new("00c0ffee00c0ffee", 6).write(&mut buffer);
        let found = frame::read(&buffer).unwrap();
        let message: ClientMessage = serde_json::from_slice(&buffer[found.start..found.end]).unwrap();
        let ClientMessage::Vote(vote) = message else { panic!("{message:?}") };
        assert_eq!(vote.run.to_string(), "00c0ffee00c0ffee");
        assert!((1..=6).contains(&vote.picks[0]));
    }

    #[test]
    fn replies_are_told_apart() {
        let receipt = |rest: &str| format!(r#"{{"t":"receipt","run":"0","id":"0",{rest},"left":0}}"#);
        for (rest, expected) in [
            (r#""is":"counted""#, "counted"),
            (r#""is":"held""#, "held"),
            (r#""is":"unknown""#, "unknown"),
            (r#""is":"refused","reason":"budget""#, "refused(budget)"),
            (r#""is":"refused","reason":"busy","retry_ms":500"#, "refused(busy)"),
            (r#""is":"refused","reason":"not_open""#, "refused(not_open)"),
            (r#""is":"refused","reason":"not_eligible""#, "refused(other)"),
            (r#""is":"refused","reason":"late""#, "refused(late)"),
        ] {
            assert_eq!(kind(receipt(rest).as_bytes()), Some(expected));
        }
        assert_eq!(kind(br#"{"t":"problem","code":"too_many"}"#), Some("problem"));
        assert_eq!(kind(br#"{"t":"results"}"#), None);
    }
}
