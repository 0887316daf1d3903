//! The virtual audience: thousands of viewers of `tallylight::viewer`, each with a plan from one seed. `plan` says who
//! does what and when, `member` does it, `record` notes every ballot and receipt, `summary` folds the notes.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tallylight::{
    base::{clock::Clock, tasks::Tasks},
    viewer::{
        connection::NodeAddress,
        viewer::{Setup, Viewer},
    },
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};

use self::{
    member::{Member, Shared},
    plan::{Plan, Role, Shares},
    record::Record,
    summary::Summary,
};

mod member;
mod plan;
pub mod record;
mod summary;
#[cfg(test)]
pub(crate) mod tests;

/// Connections from one local address: far below the 28,000 ports it has, so that a free one is found at once.
const CONNECTIONS_PER_SOURCE: usize = 2000;

/// Options of `audience`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A node, http://host:port; several, separated by commas, are nodes of one service.
    #[arg(long = "url", required = true, value_delimiter = ',')]
    nodes: Vec<NodeAddress>,
    /// The show's id.
    #[arg(long)]
    show: String,
    /// Connections in all, with the second ones of competing voters.
    #[arg(long, default_value_t = 1000)]
    connections: usize,
    /// How many connect per second.
    #[arg(long, default_value_t = 500.0)]
    join_per_second: f64,
    /// Ballots per second of all voters together, on a schedule that waits for no answer.
    /// Left out: each voter thinks for a random time.
    #[arg(long)]
    votes_per_second: Option<f64>,
    /// The longest time to think after a run opened (or after the voter's last ballot), in milliseconds.
    #[arg(long, default_value_t = 10_000)]
    think_ms: u64,
    /// Ballots of one voter in one run, at most as many as the run has votes (and one over it with --over-budget).
    #[arg(long, default_value_t = 1)]
    votes_per_voter: u16,
    /// Cast one ballot more than the run has votes: it must be refused.
    #[arg(long)]
    over_budget: bool,
    /// Share of ballots that are deliberately sent again.
    #[arg(long, default_value_t = 0.1)]
    retry_share: f64,
    /// Share of voters that go to another node the moment they sent a ballot.
    #[arg(long, default_value_t = 0.2)]
    switch_share: f64,
    /// Share of voters that cast two different ballots at once, over two connections (on two nodes, if given).
    #[arg(long, default_value_t = 0.0)]
    compete_share: f64,
    /// Seconds in which ballots are cast.
    #[arg(long, default_value_t = 60.0)]
    duration: f64,
    /// Seconds to wait after that for ballots that are not settled.
    #[arg(long, default_value_t = 15)]
    settle: u64,
    /// Threads of the audience.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// What all random choices come from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes one JSON line per ballot to this file.
    #[arg(long)]
    book: Option<PathBuf>,
    /// The Origin header; left out: the node's own.
    #[arg(long)]
    origin: Option<String>,
}

/// Plays the audience, writes the book and prints the summary. The exit code is 2 if a receipt contradicts another, if
/// more is counted of a voter than the run allows, or if there is a receipt that nobody asked for.
pub fn run(args: Args) -> Result<ExitCode> {
    for share in [args.retry_share, args.switch_share, args.compete_share] {
        ensure!((0.0..=1.0).contains(&share), "a share is a number from 0 to 1");
    }
    ensure!(args.votes_per_second.is_none_or(|rate| rate > 0.0), "--votes-per-second must be more than 0");
    ensure!(args.join_per_second > 0.0, "--join-per-second must be more than 0");
    ensure!(args.connections > 0, "--connections must be more than 0");
    let runtime = match args.threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        threads => tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?,
    };
    let summary = runtime.block_on(play(args))?;
    println!("{}", serde_json::to_string_pretty(&summary)?);
    Ok(if summary.sound() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

async fn play(args: Args) -> Result<Summary> {
    let mut book =
        args.book.as_ref().map(File::create).transpose().context("cannot write the book")?.map(BufWriter::new);
    let clock = Arc::new(Clock::start());
    let started = clock.now();
    let plan = Plan::new(
        args.seed,
        args.connections,
        args.nodes.len(),
        Shares { retry: args.retry_share, switch: args.switch_share, compete: args.compete_share },
        args.votes_per_second,
        args.think_ms,
    );
    let shared = Arc::new(Shared::new(
        plan,
        args.votes_per_voter,
        args.over_budget,
        started.plus_ms((args.duration * 1000.0) as u64),
    ));
    let tasks = Tasks::default();
    let (notes, mut noted) = mpsc::channel(1024);
    let play = async {
        ramp(&args, &shared, &clock, &tasks, &notes).await;
        let until = Instant::now() + Duration::from_micros(shared.end.0.saturating_sub(clock.now().0));
        watch_until(until, &shared).await;
    };
    tokio::select! {
        () = play => {}
        _ = tokio::signal::ctrl_c() => eprintln!("stopping early"),
    }
    settle(Duration::from_secs(args.settle), &shared).await;
    tasks.stop().cancel();
    drop(notes);
    let mut summary = Summary::new(&shared, args.seed, args.connections, args.nodes.len());
    while let Some(records) = noted.recv().await {
        for record in &records {
            if let Some(book) = &mut book {
                serde_json::to_writer(&mut *book, record)?;
                book.write_all(b"\n")?;
            }
            summary.add(record);
        }
    }
    if let Some(mut book) = book {
        book.flush().context("cannot write the book")?;
    }
    summary.finish(&shared, clock.now().since_ms(started));
    Ok(summary)
}

/// Lets the audience in at its rate. A competing voter's second connection waits for the first one's token.
async fn ramp(args: &Args, shared: &Arc<Shared>, clock: &Arc<Clock>, tasks: &Tasks, notes: &mpsc::Sender<Vec<Record>>) {
    let nodes: Arc<[NodeAddress]> = args.nodes.clone().into();
    let show: Arc<str> = args.show.as_str().into();
    let origin: Option<Arc<str>> = args.origin.as_deref().map(Into::into);
    let loopback = nodes.iter().all(|node| node.host().parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()));
    let tokens: Vec<_> = shared.plan.competitors().map(|_| watch::channel(None)).collect();
    let began = Instant::now();
    for index in 0..args.connections {
        let part = shared.plan.part(index);
        let mut setup = Setup {
            nodes: Arc::clone(&nodes),
            node: part.node,
            show: Arc::clone(&show),
            origin: origin.clone(),
            source: loopback.then(|| source(index)),
            device: None,
            skip_results: true,
            seed: part.seed,
        };
        let pair = part.competes.map(|pair| tokens[pair].clone());
        let token = match part.role {
            Role::Voter => pair.as_ref().map(|(sender, _)| sender.clone()),
            Role::Twin => None,
        };
        let waits_for = pair.map(|(_, receiver)| receiver).filter(|_| part.role == Role::Twin);
        let member = Member::new(part, Arc::clone(shared), token);
        let (clock, stop, notes) = (Arc::clone(clock), tasks.stop().clone(), notes.clone());
        tasks.spawn(async move {
            if let Some(mut token) = waits_for {
                tokio::select! {
                    () = stop.cancelled() => return,
                    known = token.wait_for(Option::is_some) => match known {
                        Ok(device) => setup.device = device.clone(),
                        Err(_) => return,
                    },
                }
            }
            let member = Viewer::new(setup, clock, member).run(&stop).await;
            // Nobody reads any more only if the process is ending over an error.
            let _ = notes.send(member.into_records()).await;
        });
        let due = began + Duration::from_secs_f64((index + 1) as f64 / args.join_per_second);
        if due > Instant::now() + Duration::from_millis(5) {
            sleep(due - Instant::now()).await;
        }
    }
}

/// Waits, and says every five seconds how it goes.
async fn watch_until(until: Instant, shared: &Shared) {
    while Instant::now() < until {
        sleep((until - Instant::now()).min(Duration::from_secs(5))).await;
        eprintln!("{}", shared.counters);
    }
}

/// An audience of which nothing was sent for this long has sent all it has.
const QUIET: Duration = Duration::from_millis(500);

/// Waits until no ballot that was sent is open and none was sent for a while: between two ballots of a fast server
/// nothing is open either.
async fn settle(limit: Duration, shared: &Shared) {
    let until = Instant::now() + limit;
    let (mut sent, mut quiet) = (shared.counters.offers.load(Relaxed), Instant::now());
    while quiet.elapsed() < QUIET && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
        let now = shared.counters.offers.load(Relaxed);
        if now != sent || shared.counters.open() > 0 {
            (sent, quiet) = (now, Instant::now());
        }
    }
}

/// The local address of a connection: the whole of 127.0.0.0/8 is this machine.
fn source(index: usize) -> IpAddr {
    let number = u32::try_from(index / CONNECTIONS_PER_SOURCE).unwrap_or(0) % 60_000;
    IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 1, 1)) + number))
}
