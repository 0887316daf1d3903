//! What one operation costs the server: its processor time and memory, divided by what a raw client saw. `fleet` is the
//! client; `votes`, `fanout` and `fill` are the work; idle connections do nothing.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use serde_json::{Map, Value, json};
use tallylight::viewer::connection::NodeAddress;

use self::{
    fleet::{Fleet, Peer, Work},
    process::{Cpu, rss_kib},
};

mod fanout;
mod fill;
mod fleet;
mod process;
#[cfg(test)]
mod tests;
mod votes;

/// Options of `measure`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is measured.
    #[arg(long)]
    work: Kind,
    /// The node, http://host:port.
    #[arg(long)]
    url: NodeAddress,
    /// The show's id.
    #[arg(long, default_value = "floor")]
    show: String,
    /// The server is `tallylight-load floor`: no welcome, no show, no pace.
    #[arg(long)]
    floor: bool,
    /// Codes of entry links, with commas: the connections come by them in turns.
    #[arg(long, value_delimiter = ',')]
    entries: Vec<String>,
    /// Connections; each is a voter.
    #[arg(long, default_value_t = 1000)]
    connections: usize,
    /// votes: ballots of one connection that wait for a receipt at the same time.
    #[arg(long, default_value_t = 1)]
    in_flight: u32,
    /// votes: ballots of one connection in all; 0 (and with --floor): no limit. A run allows a voter at most 100 votes.
    #[arg(long, default_value_t = 0)]
    ballots_per_connection: u32,
    /// votes: messages one connection sends per second in the long run; the server allows 20. 0 (and with --floor):
    /// as fast as the receipts come.
    #[arg(long, default_value_t = 18.0)]
    pace: f64,
    /// votes: messages one connection may send at once before the pace holds it; the server allows 64.
    #[arg(long, default_value_t = 48)]
    burst: u32,
    /// fanout: ballots per second, so that there is something new to push.
    #[arg(long, default_value_t = 40.0)]
    votes_per_second: f64,
    /// Seconds before the measurement begins.
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
    /// Seconds of the measurement.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// votes: so many audiences come one after the other, each of new voters; what they cost to come is left out.
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// votes: ballots per second that come whatever the receipts do; 0: each waits for a receipt.
    #[arg(long, default_value_t = 0.0)]
    rate: f64,
    /// fill: ballots, each of a voter of its own.
    #[arg(long, default_value_t = 1_000_000)]
    ballots: u64,
    /// Connections that are on their way at the same time.
    #[arg(long, default_value_t = 256)]
    opening: usize,
    /// The server's process.
    #[arg(long)]
    pid: u32,
    /// Processes that work beside it, with commas: what they cost is told apart.
    #[arg(long, value_delimiter = ',')]
    beside: Vec<u32>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Results to all connections.
    Fanout,
    /// Ballots and their receipts.
    Votes,
    /// Memory of connections that do nothing.
    Idle,
    /// Memory of ballots that are remembered.
    Fill,
}

/// Measures and prints one JSON object.
pub fn run(args: &Args) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(&Value::Object(measure(args)?))?);
    Ok(())
}

fn measure(args: &Args) -> Result<Map<String, Value>> {
    ensure!(
        args.connections > 0 && args.in_flight > 0 && args.opening > 0,
        "--connections, --in-flight and --opening must be more than 0"
    );
    ensure!(args.burst >= args.in_flight || args.pace <= 0.0 || args.floor, "--burst must hold what is in flight");
    if args.work == Kind::Fill {
        return fill::measure(args);
    }
    let rss_before = rss_kib(Some(args.pid))?;
    let cpu_before = Cpu::of(Some(args.pid))?;
    let began = Instant::now();
    let mut fleet = Fleet::open(args, args.connections)?;
    let seconds = began.elapsed().as_secs_f64();
    let join = (Cpu::of(Some(args.pid))? - cpu_before).over(args.connections as u64, seconds);
    let rss_joined = rss_kib(Some(args.pid))?;
    let mut report = Map::new();
    report.insert("work".to_owned(), format!("{:?}", args.work).to_lowercase().into());
    report.insert("floor".to_owned(), args.floor.into());
    report.insert("connections".to_owned(), args.connections.into());
    report.insert("join".to_owned(), json!({ "seconds": seconds, "server": join }));
    let measured = match args.work {
        Kind::Votes => votes::measure(args, &mut fleet)?,
        Kind::Fanout => fanout::measure(args, &mut fleet)?,
        Kind::Idle => idle(args, &mut fleet)?,
        Kind::Fill => unreachable!("it was measured above"),
    };
    report.extend(measured);
    let rss_after = rss_kib(Some(args.pid))?;
    let each = |kib: u64| kib.saturating_sub(rss_before) as f64 / args.connections as f64;
    let rss = json!({
        "before_kib": rss_before, "joined_kib": rss_joined, "after_kib": rss_after,
        "joined_per_connection_kib": each(rss_joined), "after_per_connection_kib": each(rss_after),
    });
    report.insert("rss".to_owned(), rss);
    report.insert("closed".to_owned(), fleet.closed.into());
    Ok(report)
}

/// What a measurement costs the server, what works beside it, and this client. It may stop, and go on.
struct Meter {
    pid: u32,
    beside: Vec<u32>,
    began: Instant,
    from: [Cpu; 3],
    spent: [Cpu; 3],
    seconds: f64,
    from_bytes: u64,
    bytes: u64,
}

impl Meter {
    fn new(args: &Args) -> Self {
        Self {
            pid: args.pid,
            beside: args.beside.clone(),
            began: Instant::now(),
            from: Default::default(),
            spent: Default::default(),
            seconds: 0.0,
            from_bytes: 0,
            bytes: 0,
        }
    }

    fn start(args: &Args, fleet: &Fleet) -> Result<Self> {
        let mut meter = Self::new(args);
        meter.resume(fleet)?;
        Ok(meter)
    }

    fn now(&self) -> Result<[Cpu; 3]> {
        Ok([Cpu::of(Some(self.pid))?, Cpu::of_all(&self.beside)?, Cpu::of(None)?])
    }

    fn resume(&mut self, fleet: &Fleet) -> Result<()> {
        (self.from, self.from_bytes, self.began) = (self.now()?, fleet.bytes, Instant::now());
        Ok(())
    }

    fn stop(&mut self, fleet: &Fleet) -> Result<()> {
        self.seconds += self.began.elapsed().as_secs_f64();
        self.bytes += fleet.bytes - self.from_bytes;
        let now = self.now()?;
        for ((spent, now), from) in self.spent.iter_mut().zip(now).zip(self.from) {
            *spent += now - from;
        }
        Ok(())
    }

    fn report(&self, operations: u64, fleet: &Fleet) -> Map<String, Value> {
        let seconds = self.seconds;
        let [server, beside, client] = self.spent.map(|spent| spent.over(operations, seconds));
        let value = json!({
            "seconds": seconds,
            "operations": operations,
            "per_second": operations as f64 / seconds,
            // Of everything that came, not of these operations alone.
            "bytes_per_connection": self.bytes / fleet.peers.len().max(1) as u64,
            "server": server,
            "beside": beside,
            "client_cores": client.cores,
        });
        match value {
            Value::Object(map) => map,
            _ => unreachable!("the value above is an object"),
        }
    }
}

/// Polls for so many seconds.
fn poll_for(fleet: &mut Fleet, seconds: f64, work: &mut impl Work) -> Result<()> {
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        fleet.poll(left.min(Duration::from_millis(100)), work)?;
    }
    Ok(())
}

fn idle(args: &Args, fleet: &mut Fleet) -> Result<Map<String, Value>> {
    struct Nothing(u64);
    impl Work for Nothing {
        fn text(&mut self, _peer: &mut Peer, _text: &[u8]) {
            self.0 += 1;
        }
        fn drained(&mut self, _peer: &mut Peer) {}
    }
    let mut nothing = Nothing(0);
    poll_for(fleet, args.warm_up, &mut nothing)?;
    nothing.0 = 0;
    let mut meter = Meter::start(args, fleet)?;
    poll_for(fleet, args.seconds, &mut nothing)?;
    meter.stop(fleet)?;
    Ok(meter.report(nothing.0, fleet))
}

/// The run that is open in a `show` message, and how many options it has.
fn open_run(show: &[u8]) -> Option<(String, u16)> {
    let show: Value = serde_json::from_slice(show).ok()?;
    let run = show.get("run").filter(|run| run["phase"] == "open")?;
    Some((run["id"].as_str()?.to_owned(), u16::try_from(run["options"].as_array()?.len()).ok()?))
}

/// Waits until a run is open (the floor takes anything).
fn wait_for_run(args: &Args, fleet: &mut Fleet) -> Result<(String, u16)> {
    if args.floor {
        return Ok(("00c0ffee00c0ffee".to_owned(), 6));
    }
    struct Nothing;
    impl Work for Nothing {
        fn text(&mut self, _peer: &mut Peer, _text: &[u8]) {}
        fn drained(&mut self, _peer: &mut Peer) {}
    }
    let until = Instant::now() + Duration::from_secs(60);
    let mut told = false;
    loop {
        if let Some(run) = open_run(&fleet.show) {
            return Ok(run);
        }
        ensure!(Instant::now() < until, "no run opened within a minute");
        if !std::mem::replace(&mut told, true) {
            eprintln!("waiting for a run to open");
        }
        fleet.poll(Duration::from_millis(100), &mut Nothing).context("while waiting for a run")?;
    }
}
