//! What every test here stands on: a node with one show, its producer, an audience, and the way of a run from standby to
//! the revealed result.

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    process::{Command, Output},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    audience::{Audience, Crowd},
    audit,
    book::Book,
    operator::Operator,
};
use crate::support::{
    SOON,
    app::{TestApp, TestAppBuilder},
    http, until,
};

/// The id of the show.
pub const SHOW: &str = "faults";
/// How long an audience may take, on two slow cores that run other tests as well.
const CROWD: Duration = Duration::from_secs(120);

/// A node with a show that is run.
pub struct Stage {
    pub app: TestApp,
    pub operator: Operator,
    /// The public key that the node said it signs with.
    pub key: String,
    crowd: Crowd,
    /// When a fault was over, milliseconds since 1970.
    healed: Vec<u64>,
    began: Instant,
    files: TempDir,
}

impl Stage {
    /// Starts a node, told `how`, with a show of which every cue gives each voter the crowd's votes.
    pub fn set(crowd: Crowd, how: impl FnOnce(TestAppBuilder) -> TestAppBuilder) -> Self {
        let files = TempDir::with_prefix("tallylight-stage-").expect("a directory can be made");
        let show = files.path().join("show.toml");
        fs::write(&show, show_file(crowd.votes)).expect("a show file can be written");
        let show = show.to_str().expect("a path is text");
        let app = how(TestApp::with_show(show).on_one_port()).start();
        let producer =
            |line: &str| line.trim().strip_prefix("producer")?.split_once('#').map(|(_, code)| code.to_owned());
        let code = app.process().wait_for(SOON, producer);
        let key = app.process().wait_for(SOON, |line| Some(line.split_once("signed by ")?.1.trim().to_owned()));
        let operator = Operator::enter(app.address(), &code);
        Self { app, operator, key, crowd, healed: Vec::new(), began: Instant::now(), files }
    }

    /// Puts a cue on program, lets the audience in at `address` and opens the window when half of it is there.
    pub fn open(&mut self, cue: &str, address: SocketAddr) -> Audience {
        let audience = Audience::start(address, self.crowd, u64::from(self.crowd.ballots()));
        self.operator.does("standby", json!({ "cue": cue }));
        self.operator.does("take", json!({}));
        let half = u64::from(self.crowd.connections() / 2);
        until("half of the audience has joined", CROWD, || {
            (self.metric("sessions{role=\"viewer\"}") >= half).then_some(())
        });
        self.operator.does("open", json!({ "seconds": 0 }));
        audience
    }

    /// Waits until the public result counts so many votes.
    pub fn counts(&self, votes: u64) {
        counts(self.app.address(), votes);
    }

    /// Waits until everybody has voted.
    pub fn counts_all(&self) {
        self.counts(self.crowd.counted());
    }

    /// What is on for viewers; null while the node does not answer.
    pub fn live(&self) -> Value {
        live(self.app.address())
    }

    /// Waits until the node says, everywhere, that it takes no ballots, and why.
    pub fn not_ready(&self, stance: &str) {
        let ready =
            until("the node is not ready", CROWD, || Some(self.app.get("/readyz")).filter(|ready| ready.status == 503));
        assert!(ready.text().contains(stance), "{}", ready.text());
        let health = self.app.get("/health");
        assert_eq!((health.status, &health.json()["status"]), (503, &"fail".into()), "{}", health.text());
        assert_eq!(health.json()["checks"]["journal:state"][0]["observedValue"], stance);
        assert_eq!(self.metric(&format!("stance{{stance=\"{stance}\"}}")), 1);
    }

    /// A metric's value, without the name's beginning; 0 if it is not there.
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.app.get("/metrics").text().to_owned();
        let value = text.lines().find_map(|line| line.strip_prefix(&format!("tallylight_{name} ")));
        value.map_or(0, |value| value.parse().expect("this metric is a whole number"))
    }

    /// Lets the operator work until so many votes are counted, and while something breaks then.
    pub fn fidgets_until<T>(&mut self, votes: u64, breaks: impl FnOnce(&mut TestApp) -> T) -> T {
        let stop = AtomicBool::new(false);
        let (app, operator, seen) = (&mut self.app, &mut self.operator, &stop);
        thread::scope(|scope| {
            let fidgets = scope.spawn(move || operator.fidget(seen));
            counts(app.address(), votes);
            let broken = breaks(app);
            stop.store(true, Ordering::Relaxed);
            fidgets.join().expect("the operator goes home");
            broken
        })
    }

    /// Starts the node again. The show must be what its operator was told.
    pub fn start(&mut self) {
        self.app.start();
        let show = until("the show is back", SOON, || Some(self.live()["show"].clone()).filter(|show| !show.is_null()));
        self.operator.recognises(&show);
        self.healed();
    }

    /// The fault is over as of now.
    pub fn healed(&mut self) {
        self.healed.push(now_ms());
    }

    /// Closes the window and waits for the end of intake.
    pub fn close(&mut self) {
        self.operator.does("close", json!({}));
        until("the run is locked", SOON, || (self.live()["show"]["run"]["phase"] == "locked").then_some(()));
    }

    /// Seals, verifies and reveals, and compares all books.
    pub fn conclude(mut self, fault: &str, audience: Audience) -> Book {
        let book = audience.finish();
        self.seal_and_verify();
        self.reveal();
        self.compare(fault, &book);
        book
    }

    /// Sums a locked run and signs it off.
    pub fn seal_and_verify(&mut self) {
        self.operator.does("seal", json!({}));
        self.operator.does("verify", json!({}));
    }

    /// Publishes a verified result.
    pub fn reveal(&mut self) {
        self.operator.does("arm", json!({ "what": "reveal" }));
        self.operator.does("reveal", json!({}));
    }

    /// Compares what clients were told, what the operator was told, what is published and what stands in the export; and
    /// prints the figures.
    pub fn compare(&self, fault: &str, book: &Book) {
        let published = until("the result is final", SOON, || {
            Some(self.live()["results"].clone()).filter(|results| results["state"] == "final")
        });
        let (export, verified) = (self.export(), self.verify());
        assert!(verified.status.success(), "verify: {verified:?}");
        assert!(String::from_utf8_lossy(&verified.stdout).contains("\nverified: "), "{verified:?}");
        audit::settled(book, &self.healed);
        audit::receipts(book, &export);
        audit::totals(&export, &published);
        let entries = self.operator.checks_log();
        let mut refused = String::new();
        for (word, times) in book.receipts().iter().filter(|(word, _)| word.starts_with("refused")) {
            let _ = write!(refused, " {times} {word}");
        }
        println!(
            "{fault}: {} ballots, {} counted, {} refused for ever, {} unknown, {} log entries, {:.1} s; receipts:{refused}",
            book.ballots.len(),
            export.counted.len(),
            book.ballots.iter().filter(|ballot| ballot.standing == "refused").count(),
            book.with("unknown"),
            entries,
            self.began.elapsed().as_secs_f64(),
        );
    }

    /// Writes the export beside the running node, and reads it.
    pub fn export(&self) -> audit::Export {
        let mut command = self.app.program();
        command.args(["export", SHOW, "--data"]).arg(self.app.data()).arg("--out").arg(self.export_file());
        let output = run(&mut command);
        assert!(output.status.success(), "{output:?}");
        audit::Export::read(&self.export_file())
    }

    /// Checks the export with the node's key.
    pub fn verify(&self) -> Output {
        let mut command = self.app.program();
        run(command.arg("verify").arg(self.export_file()).args(["--key", &self.key]))
    }

    fn export_file(&self) -> std::path::PathBuf {
        self.files.path().join("export.jsonl")
    }
}

fn live(address: SocketAddr) -> Value {
    let path = format!("/api/v1/shows/{SHOW}/live");
    http::try_request(address, "GET", &path, &[], b"").map_or(Value::Null, |reply| reply.json())
}

fn counts(address: SocketAddr, votes: u64) {
    let what = format!("{votes} votes are counted");
    until(&what, CROWD, || (live(address)["results"]["total"].as_u64()? >= votes).then_some(()));
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Now, on the clock of the book.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    u64::try_from(since.as_millis()).expect("it is before the year 500,000,000")
}

fn show_file(votes: u32) -> String {
    let mut text = format!("show = \"{SHOW}\"\ntitle = \"Faults\"\n");
    for cue in ["1", "2"] {
        let _ = write!(
            text,
            "[[cue]]\nnumber = \"{cue}\"\nquestion = \"Who?\"\noptions = [\"Ada\", \"Grace\", \"Mary\", \"Radia\"]\n\
             votes = {votes}\ngrace_ms = 500\nviewers_see = \"always\"\n"
        );
    }
    text
}
