//! What every test here stands on: a node with one show, its producer, an audience, and the way of a run from standby to
//! the revealed result.

use std::{fs, net::SocketAddr, process::Output, time::Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    audience::{Audience, Crowd},
    audit,
    book::{Book, now_ms},
    log,
    operator::Operator,
    papers,
    show::{self, CROWD, counts, live},
};
use crate::support::{
    SOON,
    app::{TestApp, TestAppBuilder},
    until,
};

/// A node with a show that is run.
pub struct Stage {
    pub app: TestApp,
    pub operator: Operator,
    /// The public key that the node said it signs with.
    pub key: String,
    crowd: Crowd,
    /// When a fault was over, milliseconds since 1970.
    healed: Vec<u64>,
    /// When the node was last broken, and how long it was away at most.
    broke_at: u64,
    away_ms: u64,
    began: Instant,
    files: TempDir,
}

impl Stage {
    /// Starts a node, told `how`, with a show of which every cue gives each voter the crowd's votes.
    pub fn set(crowd: Crowd, how: impl FnOnce(TestAppBuilder) -> TestAppBuilder) -> Self {
        let files = TempDir::with_prefix("tallylight-stage-").expect("a directory can be made");
        let show = files.path().join("show.toml");
        fs::write(&show, show::file(crowd.votes)).expect("a show file can be written");
        let show = show.to_str().expect("a path is text");
        let app = how(TestApp::with_show(show).on_one_port()).start();
        let key = papers::key(&app);
        let operator = Operator::of(&app, "Producer");
        Self {
            app,
            operator,
            key,
            crowd,
            healed: Vec::new(),
            broke_at: now_ms(),
            away_ms: 0,
            began: Instant::now(),
            files,
        }
    }

    /// Puts a cue on program, lets the audience in at `address` and opens the window when half of it is there.
    pub fn open(&mut self, cue: &str, address: SocketAddr) -> Audience {
        let audience = Audience::start(&[address], self.crowd, u64::from(self.crowd.ballots()));
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
        show::metric(self.app.address(), name)
    }

    /// Lets the operator work until so many votes are counted, and while something breaks then.
    pub fn fidgets_until<T>(&mut self, votes: u64, breaks: impl FnOnce(&mut TestApp) -> T) -> T {
        let (app, broke_at) = (&mut self.app, &mut self.broke_at);
        Operator::fidget_while([&mut self.operator], || {
            counts(app.address(), votes);
            *broke_at = now_ms();
            breaks(app)
        })
    }

    /// Starts the node again. The show must be what its operator was told.
    pub fn start(&mut self) {
        self.app.start();
        self.away_ms = self.away_ms.max(now_ms() - self.broke_at);
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
        papers::assert_verified(&verified);
        audit::settled(book, &self.healed, self.away_ms);
        audit::receipts(book, &export);
        audit::totals(&export, &published, 0);
        let entries = log::agrees(&[&self.operator], &self.operator.log());
        println!("{fault}: {}", audit::figures(book, &self.healed, &export, entries, self.began.elapsed()));
    }

    /// Writes the export beside the running node, and reads it.
    pub fn export(&self) -> audit::Export {
        let output = papers::export(&self.app, &[self.app.data()], None, &self.export_file());
        assert!(output.status.success(), "{output:?}");
        audit::Export::read(&self.export_file())
    }

    /// Checks the export with the node's key.
    pub fn verify(&self) -> Output {
        papers::verify(&self.app, &self.export_file(), &self.key)
    }

    fn export_file(&self) -> std::path::PathBuf {
        self.files.path().join("export.jsonl")
    }
}
