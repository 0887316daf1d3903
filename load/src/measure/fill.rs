//! Fills a run with ballots, each of a voter of its own, by plain requests: all voters join before the run is open, for
//! a join looks up what a voter has in it; then each of them votes once, whatever the connection. What the server grows by
//! meanwhile, over the ballots, is what it remembers of one.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::{
    Args, Meter,
    fleet::Fleet,
    process::rss_kib,
    votes::{after, kind_of},
    wait_for_run,
};
use crate::raw::{epoll::Epoll, upgrade::head_end};

/// Joins, votes and reads the receipts. `--seconds` is the longest that each of the two may take.
pub fn measure(args: &Args) -> Result<Map<String, Value>> {
    let mut filler = Filler::open(args)?;
    filler.play(args.seconds)?;
    let mut fleet = Fleet::open(args, 1)?;
    let (run, options) = wait_for_run(args, &mut fleet)?;
    filler.run = Some((run, options.max(1)));
    let rss_before = rss_kib(Some(args.pid))?;
    let mut meter = Meter::start(args, &fleet)?;
    filler.play(args.seconds)?;
    meter.stop(&fleet)?;
    let rss_after = rss_kib(Some(args.pid))?;
    let mut report = meter.report(args.ballots, &fleet);
    report.insert("replies".to_owned(), json!(filler.replies));
    let bytes = rss_after.saturating_sub(rss_before) as f64 * 1024.0 / args.ballots.max(1) as f64;
    let rss = json!({ "before_kib": rss_before, "after_kib": rss_after, "bytes_per_ballot": bytes });
    report.insert("rss".to_owned(), rss);
    Ok(report)
}

/// One connection, and what came of an answer so far.
struct Line {
    stream: TcpStream,
    rest: Vec<u8>,
}

struct Filler {
    epoll: Epoll,
    tokens: Vec<u64>,
    buffer: Vec<u8>,
    lines: Vec<Line>,
    /// What every request of a kind begins with.
    join: String,
    ballot: String,
    rng: Rng,
    voters: u64,
    /// Tokens of the voters who have joined and not voted yet.
    devices: Vec<Box<str>>,
    /// The run that all vote in, and how many options it has; `None`: they join.
    run: Option<(String, u16)>,
    asked: u64,
    answered: u64,
    replies: BTreeMap<&'static str, u64>,
}

impl Filler {
    fn open(args: &Args) -> Result<Self> {
        let host = args.url.to_string();
        let post = |what: &str| {
            format!(
                "POST /api/v1/shows/{}/{what} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n",
                args.show
            )
        };
        let epoll = Epoll::new()?;
        let mut lines = Vec::with_capacity(args.connections);
        for index in 0..args.connections {
            let stream = TcpStream::connect((args.url.host(), args.url.port())).context("cannot connect")?;
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            epoll.add(&stream, index as u64)?;
            lines.push(Line { stream, rest: Vec::new() });
        }
        Ok(Self {
            epoll,
            tokens: Vec::new(),
            buffer: vec![0; 64 * 1024],
            lines,
            join: format!("{}Content-Length: 2\r\n\r\n{{}}", post("join")),
            ballot: post("ballots"),
            rng: Rng::new(),
            voters: args.ballots,
            devices: Vec::new(),
            run: None,
            asked: 0,
            answered: 0,
            replies: BTreeMap::new(),
        })
    }

    /// All voters join, or vote.
    fn play(&mut self, seconds: f64) -> Result<()> {
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        (self.asked, self.answered) = (0, 0);
        for index in 0..self.lines.len() {
            self.ask(index)?;
        }
        while self.answered < self.voters {
            ensure!(Instant::now() < until, "{} of {} answers after {seconds} s", self.answered, self.voters);
            self.poll()?;
        }
        Ok(())
    }

    /// What the next voter sends, if there is one more.
    fn ask(&mut self, index: usize) -> Result<()> {
        if self.asked == self.voters {
            return Ok(());
        }
        self.asked += 1;
        let stream = &mut self.lines[index].stream;
        let Some((run, options)) = &self.run else { return Ok(stream.write_all(self.join.as_bytes())?) };
        let device = self.devices.pop().context("more votes than voters")?;
        let (id, pick) = (self.rng.u128(..), self.rng.u16(1..=*options));
        let body = format!(r#"{{"run":"{run}","id":"{id:032x}","picks":[{pick}]}}"#);
        let (begin, length) = (&self.ballot, body.len());
        let request = format!("{begin}Authorization: Bearer {device}\r\nContent-Length: {length}\r\n\r\n{body}");
        Ok(stream.write_all(request.as_bytes())?)
    }

    fn poll(&mut self) -> Result<()> {
        let mut tokens = std::mem::take(&mut self.tokens);
        self.epoll.wait(Duration::from_millis(100), &mut tokens)?;
        for &token in &tokens {
            let index = token as usize;
            let line = &mut self.lines[index];
            let n = line.stream.read(&mut self.buffer)?;
            ensure!(n > 0, "the server closed a connection");
            line.rest.extend(&self.buffer[..n]);
            if let Some(body) = answer(&line.rest)? {
                let text = line.rest[body..].to_vec();
                line.rest.clear();
                self.answered += 1;
                self.take(&text)?;
                self.ask(index)?;
            }
        }
        self.tokens = tokens;
        Ok(())
    }

    fn take(&mut self, body: &[u8]) -> Result<()> {
        if self.run.is_some() {
            *self.replies.entry(kind_of(body).context("no receipt")?).or_default() += 1;
            return Ok(());
        }
        let device = after(body, br#""device":""#).and_then(|rest| rest.split(|byte| *byte == b'"').next());
        let device = std::str::from_utf8(device.context("a welcome without a device")?)?;
        self.devices.push(device.into());
        Ok(())
    }
}

/// Where the body of an answer begins that is there whole; `None`: not all of it is.
fn answer(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(start) = head_end(bytes) else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..start])?.to_ascii_lowercase();
    let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok())
    else {
        bail!("an answer without a length: {head}");
    };
    if bytes.len() < start + length {
        return Ok(None);
    }
    ensure!(head.starts_with("http/1.1 200"), "{}", String::from_utf8_lossy(bytes));
    Ok(Some(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_whole_or_not_at_all() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(answer(whole).unwrap(), Some(whole.len() - 2));
        for cut in 0..whole.len() {
            assert_eq!(answer(&whole[..cut]).unwrap(), None, "{cut}");
        }
        assert!(answer(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").is_err());
        assert!(answer(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
