//! A thousand honest viewers vote while the doors are under every slow attack at once, and notice nothing.

use std::{
    io::Write as _,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use serde_json::json;
use tallylight::{
    base::{
        clock::{Clock, Micros},
        ids::BallotId,
        tasks::Tasks,
    },
    viewer::{
        behaviour::{Act, Agenda, Behaviour, Event, Once},
        viewer::{Setup, Viewer},
    },
    wire::server::{Answer, RunView},
};

use super::{
    raw::{self, Raw},
    stage::{SHOW, Stage, until},
};

const VIEWERS: usize = 1000;
const TRICKLERS: usize = 200;
const SILENT: usize = 200;
const NEVER_JOINING: usize = 200;
const NEVER_READING: usize = 20;
/// Two cores, a debug build and all the attackers: a receipt should still be quick for a person.
const RECEIPT_P99_MS: u64 = 3000;
/// They think for so long, so that ballots come while the attack goes on.
const THINK_MS: u64 = 8000;

/// What a viewer thinks of a run.
type Choose = fn(&RunView, &mut Rng) -> Option<(u64, Vec<u16>)>;

/// Votes once and notes how long each receipt took.
struct Honest {
    once: Once<Choose>,
    offered: Option<(BallotId, Micros)>,
    book: Arc<Book>,
}

/// What all viewers noted.
#[derive(Default)]
struct Book {
    joined: Mutex<usize>,
    waits_ms: Mutex<Vec<u64>>,
    troubles: Mutex<Vec<String>>,
}

impl Behaviour for Honest {
    fn on(&mut self, event: &Event<'_>, now: Micros, rng: &mut Rng, agenda: &mut Agenda) {
        self.once.on(event, now, rng, agenda);
        match event {
            Event::Joined { .. } => *self.book.joined.lock().unwrap() += 1,
            Event::Offered { vote, .. } => self.offered = Some((vote.id, now)),
            Event::Receipt { receipt, .. } if receipt.is == Answer::Counted => {
                let (id, at) = self.offered.take().expect("only what was offered is answered");
                assert_eq!(id, receipt.id);
                self.book.waits_ms.lock().unwrap().push(now.since_ms(at));
                // Stays and looks on, as people do.
                agenda.at(now.plus_ms(60_000), Act::Leave);
            }
            Event::Receipt { .. } | Event::Problem(_) | Event::Closed { .. } | Event::NewVoter => {
                self.book.troubles.lock().unwrap().push(format!("{event:?}"));
            }
            _ => {}
        }
    }
}

/// The audience on a thread of its own; it ends when this is dropped.
struct Crowd {
    tasks: Tasks,
    book: Arc<Book>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Crowd {
    fn come(stage: &Stage) -> Self {
        let (tasks, book) = (Tasks::default(), Arc::<Book>::default());
        let node = stage.app.url("").parse().unwrap();
        let (nodes, show, clock) = (Arc::from([node]), Arc::from(SHOW), Arc::new(Clock::start()));
        let (inside, noted) = (tasks.clone(), book.clone());
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                for number in 0..VIEWERS {
                    let setup = Setup {
                        nodes: Arc::clone(&nodes),
                        node: 0,
                        show: Arc::clone(&show),
                        origin: None,
                        source: None,
                        device: None,
                        skip_results: true,
                        seed: number as u64,
                    };
                    let honest = Honest { once: Once::new(choose as Choose), offered: None, book: noted.clone() };
                    let viewer = Viewer::new(setup, clock.clone(), honest);
                    let stop = inside.stop().clone();
                    inside.spawn(async move {
                        viewer.run(&stop).await;
                    });
                    // As a crowd comes that was told to: hundreds a second, not all in one millisecond.
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                inside.stop().cancelled().await;
                inside.finish(Duration::from_secs(10)).await;
            });
        });
        Self { tasks, book, thread: Some(thread) }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.tasks.stop().cancel();
        // A panic in there was a failed check of ours already.
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

fn choose(run: &RunView, rng: &mut Rng) -> Option<(u64, Vec<u16>)> {
    Some((rng.u64(..THINK_MS), vec![run.options[rng.usize(..run.options.len())].n]))
}

/// Drips headers a byte at a time, forever anew, over this many connections; gives how many connections were cut.
fn trickle(address: std::net::SocketAddr, until: Instant) -> usize {
    let head = format!("GET /s/{SHOW} HTTP/1.1\r\nhost: x\r\nx-padding: {}\r\n", "y".repeat(2000));
    let connect = || (raw::tcp(address), head.bytes());
    let mut drips: Vec<_> = (0..TRICKLERS).map(|_| connect()).collect();
    let mut cut = 0;
    while Instant::now() < until {
        for drip in &mut drips {
            let byte = drip.1.next().unwrap_or(b'y');
            // The write after the one that met a closed connection fails.
            if drip.0.write_all(&[byte]).is_err() {
                cut += 1;
                *drip = connect();
            }
        }
        thread::sleep(Duration::from_secs(1));
    }
    cut
}

#[test]
fn a_thousand_honest_viewers_notice_nothing_of_a_siege() {
    let mut stage = Stage::start(&[]);
    let address = stage.app.address();
    let until_then = Instant::now() + Duration::from_secs(18);
    let tricklers = thread::spawn(move || trickle(address, until_then));
    let mut silent: Vec<_> = (0..SILENT).map(|_| raw::tcp(address)).collect();
    let mut never_joining: Vec<_> = (0..NEVER_JOINING).map(|_| Raw::connect(address, &[]).unwrap()).collect();
    let never_reading: Vec<_> = (0..NEVER_READING).map(|_| Raw::join(address, json!({"key": stage.key})).0).collect();

    let crowd = Crowd::come(&stage);
    until("everybody has joined", || (*crowd.book.joined.lock().unwrap() >= VIEWERS).then_some(()));
    let run = stage.open();
    let shouting = thread::spawn(move || {
        // Oversized and broken messages, again and again, until the crowd is done.
        let mut ends = Vec::new();
        while Instant::now() < until_then {
            let mut large = Raw::viewer(address);
            large.send(tokio_tungstenite::tungstenite::Message::text("x".repeat(10_000)));
            let mut broken = Raw::viewer(address);
            broken.frame(0x81, b"\xff");
            ends.push((large.end().1, broken.end().1));
        }
        ends
    });
    until("everybody has a receipt", || (crowd.book.waits_ms.lock().unwrap().len() >= VIEWERS).then_some(()));
    let mut waits_ms = crowd.book.waits_ms.lock().unwrap().clone();
    waits_ms.sort_unstable();
    let p99_ms = waits_ms[waits_ms.len() * 99 / 100 - 1];
    assert!(p99_ms < RECEIPT_P99_MS, "p99 of the receipts {p99_ms} ms");
    assert_eq!(*crowd.book.troubles.lock().unwrap(), [""; 0]);
    let total = until("screens show everybody's vote", || {
        let live = stage.live(Some(&stage.key));
        (live["results"]["total"] == json!(VIEWERS)).then(|| live["results"]["run"].clone())
    });
    assert_eq!(total, json!(run));

    // The attackers got what they should have got.
    for stream in &mut silent {
        assert_eq!(raw::rest(stream), b"");
    }
    for socket in &mut never_joining {
        assert_eq!(socket.end().1, Some(1008));
    }
    let ends = shouting.join().unwrap();
    assert!(!ends.is_empty() && ends.iter().all(|ends| *ends == (Some(1009), Some(1007))), "{ends:?}");
    assert!(tricklers.join().unwrap() >= TRICKLERS, "every trickler was cut at least once");
    drop(never_reading);
}
