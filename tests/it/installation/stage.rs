//! What every test here stands on: two nodes with one show, an operator and a producer on each, an audience on both, and
//! the way of a run from standby to the revealed result.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Output,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tallylight::shows::{document::Document, run::Definition};
use tempfile::TempDir;

use crate::{
    books::{
        audience::{Audience, Crowd},
        audit::{self, Export},
        book::{Book, now_ms},
        log,
        operator::{Operator, State},
        papers,
        show::{self, CROWD, counts, live},
    },
    support::{
        SOON,
        app::{self, TestApp},
        until,
    },
};

/// The node that may break.
pub const A: usize = 0;
/// The node from which the show is led to its end.
pub const B: usize = 1;

/// A crowd of 2,002 sockets on each node, and 8,008 ballots; the environment may ask for another number of voters,
/// who take as long.
pub fn crowd() -> Crowd {
    let voters = env::var("TALLYLIGHT_VOTERS").map_or(3640, |voters| voters.parse().expect("a number of voters"));
    Crowd { voters, votes: 2, per_second: voters / 3 }
}

/// Two nodes with a show that is run.
pub struct Stage {
    pub nodes: [TestApp; 2],
    /// One of each node: they fidget.
    operators: [Operator; 2],
    /// One of each node.
    pub producers: [Operator; 2],
    /// The node whose program writes the export and checks it.
    pub papers: usize,
    pub crowd: Crowd,
    key: String,
    /// When a fault was over, milliseconds since 1970.
    healed: Vec<u64>,
    began: Instant,
    files: TempDir,
}

/// What a fault may take hold of.
pub struct Scene<'a> {
    pub nodes: &'a mut [TestApp; 2],
    pub producers: &'a mut [Operator; 2],
    healed: &'a mut Vec<u64>,
}

impl Scene<'_> {
    /// The fault is over as of now: from here on the clock runs for what is held.
    pub fn heals(&mut self) {
        self.healed.push(now_ms());
    }

    /// Waits until a node that was started takes ballots.
    pub fn is_ready(&self, node: usize) {
        until("the node is ready", SOON, || (self.nodes[node].get("/readyz").status == 200).then_some(()));
    }

    /// The run that is on.
    pub fn definition(&self) -> Definition {
        definition(&self.nodes[B])
    }

    /// Waits until so many votes are counted, and lets a producer have something done: the revision that was told.
    pub fn tells(&mut self, votes: u64) -> u64 {
        counts(self.nodes[B].address(), votes);
        self.producers[A].does("freeze", json!({}));
        self.producers[A].told.last().expect("it was told").1
    }
}

/// The run that is on.
pub fn definition(node: &TestApp) -> Definition {
    let document: Document = serde_json::from_value(node.document()).expect("it is as document.rs says");
    document.on_program().expect("a run is on").definition.clone()
}

impl Stage {
    /// Starts two nodes, each with its own addresses of Redis, and waits until both are on the roster.
    pub fn set(redis: &[String; 2]) -> Self {
        Self::set_with(redis, &[app::program(), app::program()])
    }

    /// The same, each with a program of its own.
    pub fn set_with(redis: &[String; 2], programs: &[PathBuf; 2]) -> Self {
        Self::set_show(redis, programs, crowd(), &show::file(crowd().votes))
    }

    /// The same with another audience, and another show for it.
    pub fn set_show(redis: &[String; 2], programs: &[PathBuf; 2], crowd: Crowd, show_file: &str) -> Self {
        let files = TempDir::with_prefix("tallylight-stage-").expect("a directory can be made");
        let (show, secret) = (files.path().join("show.toml"), files.path().join("secret"));
        fs::write(&show, show_file).expect("a show file can be written");
        fs::write(&secret, "ab".repeat(32)).expect("a secret can be written");
        let text = |path: &Path| path.to_str().expect("a path is text").to_owned();
        let nodes = [A, B].map(|node| {
            let app = TestApp::with_show(&text(&show)).program(&programs[node]).on_one_port();
            app.arg("--redis").arg(&redis[node]).arg("--secret-file").arg(text(&secret)).start()
        });
        let key = papers::key(&nodes[B]);
        let operators = [A, B].map(|node| Operator::of(&nodes[node], "Operator"));
        let producers = [A, B].map(|node| Operator::of(&nodes[node], "Producer"));
        let (papers, began) = (B, Instant::now());
        let stage = Self { nodes, operators, producers, papers, crowd, key, healed: Vec::new(), began, files };
        stage.wait_for_roster(2);
        stage
    }

    fn wait_for_roster(&self, nodes: usize) {
        until("both nodes have entered", SOON, || {
            let log = self.producers[B].log();
            (log.iter().filter(|entry| entry["what"] == "entered").count() >= nodes).then_some(())
        });
    }

    pub fn addresses(&self) -> [SocketAddr; 2] {
        [A, B].map(|node| self.nodes[node].address())
    }

    /// Puts the cue on program, lets the audience in and opens the window when half of it is there.
    pub fn open(&mut self) -> Audience {
        let audience = Audience::start(&self.addresses(), self.crowd, u64::from(self.crowd.ballots()));
        self.producers[B].does("control", json!({ "action": "take_over" }));
        self.producers[B].does("standby", json!({ "cue": "1" }));
        self.producers[B].does("take", json!({}));
        let half = u64::from(self.crowd.connections() / 4);
        until("half of the audience has joined", CROWD, || {
            let all = |node: SocketAddr| show::metric(node, "sessions{role=\"viewer\"}") >= half;
            self.addresses().into_iter().all(all).then_some(())
        });
        self.producers[B].does("open", json!({ "seconds": 0 }));
        audience
    }

    /// Lets both operators work until so many votes are counted, and while something breaks then.
    pub fn fidgets_until<T>(&mut self, votes: u64, breaks: impl FnOnce(Scene<'_>) -> T) -> T {
        let (nodes, producers, healed) = (&mut self.nodes, &mut self.producers, &mut self.healed);
        Operator::fidget_while(&mut self.operators, || {
            counts(nodes[B].address(), votes);
            breaks(Scene { nodes, producers, healed })
        })
    }

    /// A part of the votes that there are.
    pub fn part(&self, of: u64) -> u64 {
        self.crowd.counted() / of
    }

    /// The fault is over as of now.
    pub fn healed(&mut self) {
        self.healed.push(now_ms());
    }

    /// Waits until everybody has voted, closes the window and waits for the end of intake.
    pub fn close(&mut self) {
        counts(self.nodes[B].address(), self.crowd.counted());
        self.locks();
    }

    /// Closes the window and waits for the end of intake.
    pub fn locks(&mut self) {
        self.producers[B].does("control", json!({ "action": "take_over" }));
        self.producers[B].does("close", json!({}));
        until("the run is locked", SOON, || (self.live(B)["show"]["run"]["phase"] == "locked").then_some(()));
    }

    /// What a node shows to viewers.
    pub fn live(&self, node: usize) -> Value {
        live(self.nodes[node].address())
    }

    /// Seals, verifies and reveals, and compares all books.
    pub fn conclude(mut self, fault: &str, audience: Audience) -> Book {
        let book = self.seal(audience);
        self.finish(fault, book)
    }

    /// Seals once everybody is told.
    pub fn seal(&mut self, audience: Audience) -> Book {
        let book = audience.finish();
        self.producers[B].does("seal", json!({}));
        book
    }

    /// Verifies and reveals what is sealed, and compares all books.
    pub fn finish(mut self, fault: &str, book: Book) -> Book {
        self.ends(fault, &book);
        book
    }

    /// The same, of a stage that goes on.
    pub fn ends(&mut self, fault: &str, book: &Book) {
        self.verify_and_reveal();
        self.agree();
        self.compare(fault, book, 0);
        let note = self.verified();
        assert!(!note.contains("only witness"), "{note}");
    }

    pub fn verify_and_reveal(&mut self) {
        self.producers[B].does("verify", json!({}));
        self.producers[B].does("arm", json!({ "what": "reveal" }));
        self.producers[B].does("reveal", json!({}));
    }

    /// What the log says of the verification.
    pub fn verified(&self) -> String {
        let log = self.producers[B].log();
        let entry = log.iter().find(|entry| entry["what"] == "verify" && entry["note"] != "");
        entry.and_then(|entry| entry["note"].as_str()).expect("it was verified").to_owned()
    }

    /// Waits until both nodes have the same document and the same log, and show the same numbers.
    pub fn agree(&self) {
        let seen = |node: usize| {
            let mut live = self.live(node);
            let results = ["state", "options", "total"].map(|field| live["results"][field].take());
            let mut log = self.producers[node].log();
            log.sort_by_key(|entry| entry["id"].to_string());
            (self.nodes[node].document(), results, log)
        };
        let deadline = Instant::now() + SOON;
        while seen(A) != seen(B) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(50));
        }
        let ((document_a, results_a, log_a), (document_b, results_b, log_b)) = (seen(A), seen(B));
        assert_eq!((document_a, results_a), (document_b, results_b));
        for (one, other, node) in [(&log_a, &log_b, "A"), (&log_b, &log_a, "B")] {
            let only: Vec<_> = one.iter().filter(|entry| !other.contains(entry)).collect();
            assert!(only.is_empty(), "only the log of {node} has {only:#?}");
        }
    }

    /// Compares what clients were told, what operators were told, what is published and what stands in the export; and
    /// prints the figures. `outstanding`: ballots that may be missing, as the seal should say.
    pub fn compare(&self, fault: &str, book: &Book, outstanding: u64) {
        let published = until("the result is final", SOON, || {
            Some(self.live(B)["results"].clone()).filter(|results| results["state"] == "final")
        });
        let data = [A, B].map(|node| self.nodes[node].data());
        let exported = self.export(&data);
        assert!(exported.status.success(), "{exported:?}");
        let export = self.exported();
        papers::assert_verified(&self.verify());
        self.everybody_voted(book);
        audit::settled(book, &self.healed, 0);
        audit::receipts(book, &export);
        audit::totals(&export, &published, outstanding);
        let entries = self.compare_log();
        println!("{fault}: {}", audit::figures(book, &self.healed, &export, entries, self.began.elapsed()));
    }

    /// The audience was as large, as impatient and as restless as it should be.
    fn everybody_voted(&self, book: &Book) {
        let (ballots, connections) = (self.crowd.ballots() as usize, u64::from(self.crowd.connections()));
        assert_eq!((&book.summary["never_joined"], book.ballots.len()), (&json!(0), ballots), "{}", book.summary);
        let again = book.summary["ballots"]["again"].as_u64().expect("it is counted");
        assert!(again * 12 > ballots as u64, "one in ten is sent again: {}", book.summary);
        let moved = book.closings("own: to another node");
        assert!(moved * 8 > connections, "one in five changes over at every ballot: {}", book.summary);
    }

    /// Compares the log of each node that runs with what all four were told, and its show with the log.
    fn compare_log(&self) -> usize {
        let all: Vec<_> = self.operators.iter().chain(&self.producers).collect();
        let running = [A, B].into_iter().filter(|node| self.nodes[*node].is_running());
        let entries = running.map(|node| {
            let (log, show) = (self.producers[node].log(), self.live(node)["show"].clone());
            // Nobody went on alone, so what Redis lost was put back as it was.
            let joined = log.iter().find(|entry| entry["what"] == "joined");
            assert!(joined.is_none(), "the show had two branches: {joined:?}");
            assert_eq!(log::outcome(&log), (show["rev"].as_u64().expect("a revision"), State::of(&show)), "{show}");
            log::agrees(&all, &log)
        });
        entries.max().expect("a node runs")
    }

    /// Writes the export of these data directories.
    pub fn export(&self, data: &[&Path]) -> Output {
        papers::export(&self.nodes[self.papers], data, Some(&self.files.path().join("secret")), &self.export_file())
    }

    /// Checks the export with the installation's key.
    pub fn verify(&self) -> Output {
        self.verify_by(self.papers)
    }

    /// The same with the program of a node.
    pub fn verify_by(&self, node: usize) -> Output {
        papers::verify(&self.nodes[node], &self.export_file(), &self.key)
    }

    /// The export that was written last.
    pub fn exported(&self) -> Export {
        Export::read(&self.export_file())
    }

    fn export_file(&self) -> PathBuf {
        self.files.path().join("export.jsonl")
    }
}

impl Drop for Stage {
    /// After a failure: what the nodes said last.
    fn drop(&mut self) {
        for node in self.nodes.iter().filter(|node| thread::panicking() && node.is_running()) {
            let lines = node.process().lines();
            eprintln!("node {}:\n{}\n", node.address(), lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
}

/// Without Redis a command is refused, with the reason.
pub fn refuses(producer: &mut Operator) {
    let done = producer.asks("control", json!({ "action": "take_over" })).expect("there is an answer");
    let detail = done["detail"].as_str().unwrap_or_default();
    assert!(done["code"] == "busy" && detail.contains("Redis") && detail.contains("again in"), "{done}");
}

/// Without Redis the screens of a node are pulled at once, and no others.
pub fn pulls(nodes: &[TestApp; 2], producers: &mut [Operator; 2], node: usize) {
    let state = |node: usize| live(nodes[node].address())["show"]["graphic"]["state"].clone();
    thread::scope(|scope| {
        let producer = &mut producers[node];
        let asked = scope.spawn(move || producer.asks("panic", json!({})).expect("there is an answer"));
        until("the screens are pulled", Duration::from_secs(1), || (state(node) == "panic").then_some(()));
        let done = asked.join().expect("the producer is answered");
        let detail = done["detail"].as_str().unwrap_or_default();
        assert!(done["ok"] == true && detail.contains("this node and its screens only"), "{done}");
    });
    assert_eq!(state(1 - node), "on_air", "the other node cannot know yet");
}

/// What was pulled on one node is pulled on all.
pub fn pulled_everywhere(nodes: &[TestApp; 2]) {
    until("the screens are pulled everywhere", SOON, || {
        let pulled = |node: &TestApp| live(node.address())["show"]["graphic"]["state"] == "panic";
        nodes.iter().all(pulled).then_some(())
    });
}
