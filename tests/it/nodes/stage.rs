//! Nodes with one show over one Redis, each with its producer.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    books::operator::pressed,
    support::{
        SOON,
        app::{TestApp, TestAppBuilder},
        http,
        redis::RedisServer,
        until,
    },
};

/// The id of the show.
pub const SHOW: &str = "many";

const SHOW_FILE: &str = r#"
show = "many"
title = "Many"
[[cue]]
number = "1"
question = "Who?"
options = ["Ada", "Grace"]
grace_ms = 200
[[cue]]
number = "2"
question = "What?"
options = ["this", "that"]
[[cue]]
number = "3"
question = "Where?"
options = ["here", "there"]
"#;

/// What all nodes share.
pub struct Stage {
    pub redis: RedisServer,
    files: TempDir,
}

/// One node and its producer.
pub struct Node {
    pub app: TestApp,
    /// Codes of the links that it printed at its start: producer, operator, adjudicator.
    pub codes: Vec<String>,
    pub token: String,
    sent: u64,
    name: usize,
    /// Revisions that its producer was told as done, by what.
    pub told: Vec<(u64, String)>,
}

impl Stage {
    /// A Redis that keeps everything, and no node yet.
    pub fn new() -> Self {
        Self::over(RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"]))
    }

    pub fn over(redis: RedisServer) -> Self {
        let files = TempDir::new().unwrap();
        fs::write(files.path().join("show.toml"), SHOW_FILE).unwrap();
        fs::write(files.path().join("secret"), "ab".repeat(32)).unwrap();
        Self { redis, files }
    }

    pub fn secret(&self) -> PathBuf {
        self.files.path().join("secret")
    }

    /// Changes the show file.
    pub fn edit_show(&self, from: &str, to: &str) {
        let path = self.files.path().join("show.toml");
        fs::write(path, SHOW_FILE.replace(from, to)).unwrap();
    }

    fn builder(&self, redis: &str) -> TestAppBuilder {
        let app = TestApp::with_show(self.files.path().join("show.toml").to_str().unwrap());
        app.arg("--redis").arg(redis).arg("--secret-file").arg(self.secret().to_str().unwrap())
    }

    /// Starts a node.
    pub fn node(&self, name: usize) -> Node {
        self.node_over(name, &self.redis.url())
    }

    /// Starts a node that reaches Redis at another address.
    pub fn node_over(&self, name: usize, redis: &str) -> Node {
        let app = self.builder(redis).start();
        let codes = codes(&app);
        let mut node = Node { app, codes, token: String::new(), sent: 0, name, told: Vec::new() };
        node.token = node.enter(0).expect("a link is good once");
        node
    }

    /// Starts two nodes, and waits until both are on the roster.
    pub fn two(&self) -> (Node, Node) {
        let (a, b) = (self.node(1), self.node(2));
        for node in [&a, &b] {
            until("both nodes have entered", SOON, || (node.did("entered").len() >= 2).then_some(()));
        }
        (a, b)
    }
}

fn codes(app: &TestApp) -> Vec<String> {
    let code = |role: &str| {
        app.process().wait_for(SOON, |line| Some(line.trim().strip_prefix(role)?.split_once('#')?.1.to_owned()))
    };
    ["producer", "operator", "adjudicator"].map(code).into()
}

impl Node {
    /// Uses one of its links on this node.
    pub fn enter(&self, code: usize) -> Option<String> {
        self.enter_with(&self.codes[code])
    }

    /// Uses a link on this node.
    pub fn enter_with(&self, code: &str) -> Option<String> {
        let body = json!({ "code": code }).to_string();
        let headers = [("content-type", "application/json")];
        let reply = http::request(self.app.address(), "POST", "/api/v1/staff/enter", &headers, body.as_bytes());
        (reply.status == 200).then(|| reply.json()["staff"].as_str().unwrap().to_owned())
    }

    /// From here on its producer is the one of another node, whose requests reach either.
    pub fn is_led_by(&mut self, other: &Self) {
        self.token.clone_from(&other.token);
    }

    /// Gives a command, and remembers what was told as done.
    pub fn asks(&mut self, verb: &str, mut arguments: Value) -> Value {
        self.sent += 1;
        arguments["id"] = format!("{}-{}", self.name, self.sent).into();
        arguments["do"] = verb.into();
        let path = format!("/api/v1/shows/{SHOW}/commands");
        let token = format!("Bearer {}", self.token);
        let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
        let reply = http::request(self.app.address(), "POST", &path, &headers, arguments.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{verb}: {}", reply.text());
        let done = reply.json();
        if done["ok"] == true && done["detail"].as_str().is_none_or(|detail| !detail.contains("only")) {
            self.told.push((done["rev"].as_u64().unwrap(), verb.to_owned()));
        }
        done
    }

    /// Gives a command that must be done.
    pub fn does(&mut self, verb: &str, arguments: Value) -> Value {
        pressed(verb, || self.asks(verb, arguments.clone()))
    }

    /// A new viewer of this node votes for the first option, and is told that it counts.
    pub fn votes(&self, run: &str, id: u128) {
        let welcome = http::post(self.app.address(), &format!("/api/v1/shows/{SHOW}/join"), &json!({})).json();
        let token = format!("Bearer {}", welcome["device"].as_str().unwrap());
        let ballot = json!({ "run": run, "id": format!("{id:032x}"), "picks": [1] }).to_string();
        until("a ballot is counted", SOON, || {
            let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
            let path = format!("/api/v1/shows/{SHOW}/ballots");
            let receipt = http::request(self.app.address(), "POST", &path, &headers, ballot.as_bytes()).json();
            (receipt["is"] == "counted").then_some(())
        });
    }

    /// Takes control and gives a command that must be done.
    pub fn takes_over(&mut self) {
        self.does("control", json!({ "action": "take_over" }));
    }

    /// The show as viewers see it here.
    pub fn show(&self) -> Value {
        let reply = http::get(self.app.address(), &format!("/api/v1/shows/{SHOW}/live"));
        if reply.status == 200 { reply.json()["show"].clone() } else { Value::Null }
    }

    /// The document on this node's disk.
    pub fn document(&self) -> Value {
        self.app.document()
    }

    pub fn rev(&self) -> u64 {
        self.document()["revision"].as_u64().unwrap()
    }

    pub fn graphic(&self) -> String {
        self.show()["graphic"]["state"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until its screens show this state: they follow a command within a moment.
    pub fn graphic_is(&self, state: &str) {
        until(&format!("the graphic is {state}"), SOON, || (self.graphic() == state).then_some(()));
    }

    pub fn stance(&self) -> String {
        self.app.get("/health").json()["checks"]["journal:state"][0]["observedValue"].as_str().unwrap().to_owned()
    }

    /// The as-run log, by id.
    pub fn log(&self) -> BTreeMap<String, Value> {
        let token = format!("Bearer {}", self.token);
        let path = format!("/api/v1/shows/{SHOW}/asrun");
        let reply = http::request(self.app.address(), "GET", &path, &[("authorization", token.as_str())], b"");
        assert_eq!(reply.status, 200, "{}", reply.text());
        let entries = reply.json()["entries"].as_array().unwrap().clone();
        entries.into_iter().map(|entry| (entry["id"].as_str().unwrap().to_owned(), entry)).collect()
    }

    /// Entries of the log that say this.
    pub fn did(&self, what: &str) -> Vec<Value> {
        self.log().into_values().filter(|entry| entry["what"] == what).collect()
    }

    /// Every command that was told as done stands in the log here.
    pub fn recognises(&self, told: &[(u64, String)]) {
        let log = self.log();
        for (rev, verb) in told {
            let found = log.values().any(|entry| {
                let id = entry["id"].as_str().unwrap();
                id.split_once('.').is_some_and(|(_, number)| number == rev.to_string())
                    && entry["what"] == verb.as_str()
            });
            assert!(found, "{verb} was told as revision {rev}, and the log is {log:#?}");
        }
    }
}

/// Waits until both nodes have the same revision and the same log.
pub fn agree(a: &Node, b: &Node) {
    until("both nodes have the same document and log", Duration::from_secs(10), || {
        (a.document() == b.document() && a.log() == b.log()).then_some(())
    });
}
