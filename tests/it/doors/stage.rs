//! A server with one show and what is needed to run it: a producer's token, the screens' key, commands over HTTP.

use std::{
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    SOON,
    app::TestApp,
    http::{self, Reply},
};

pub const SHOW: &str = "doors";

/// The server and its producer.
pub struct Stage {
    pub app: TestApp,
    pub staff: String,
    pub key: String,
    sent: u32,
}

impl Stage {
    /// Starts a server with these arguments of `serve`.
    pub fn with(args: &[&str]) -> Self {
        Self::of("tests/it/doors/show.toml", args)
    }

    /// Starts a server with a show file of its own.
    pub fn of(show: &str, args: &[&str]) -> Self {
        let builder = TestApp::with_show(show);
        let app = args.iter().fold(builder, |builder, arg| builder.arg(*arg)).start();
        let told = |word: &'static str, mark: char| {
            app.process().wait_for(SOON, |line| Some(line.trim().strip_prefix(word)?.split_once(mark)?.1.to_owned()))
        };
        let (code, key) = (told("producer", '#'), told("overlay", '='));
        Self { app, staff: code, key, sent: 0 }
    }

    /// Exchanges the code of the link for the producer's token. Apart from [`Stage::with`], because a server that wants
    /// another header first answers no plain request.
    pub fn enter(mut self) -> Self {
        let entered = http::post(self.app.address(), "/api/v1/staff/enter", &json!({"code": self.staff}));
        self.staff = entered.json()["staff"].as_str().expect("a token").to_owned();
        self
    }

    /// A server whose producer has entered.
    pub fn start(args: &[&str]) -> Self {
        Self::with(args).enter()
    }

    /// Gives a command that must be done.
    pub fn does(&mut self, verb: &str, arguments: Value) {
        let done = self.asks(verb, arguments);
        assert_eq!(done["ok"], true, "{verb}: {done}");
    }

    /// Gives a command, and the answer to it.
    pub fn asks(&mut self, verb: &str, mut arguments: Value) -> Value {
        self.sent += 1;
        arguments["id"] = self.sent.to_string().into();
        arguments["do"] = verb.into();
        let path = format!("/api/v1/shows/{SHOW}/commands");
        self.ask("POST", &path, Some(&self.staff), &[], &arguments).json()
    }

    /// Puts the cue on air, which opens its window, and gives the run.
    pub fn open(&mut self) -> String {
        self.does("standby", json!({"cue": "1"}));
        self.open_standby()
    }

    /// Takes what is on standby, which opens its window, and gives the run.
    pub fn open_standby(&mut self) -> String {
        self.does("take", json!({}));
        until("the run is open", || {
            let run = &self.live(None)["show"]["run"];
            (run["phase"] == "open").then(|| run["id"].as_str().unwrap().to_owned())
        })
    }

    /// Closes the window of what is on, and brings its result to everybody.
    pub fn ends(&mut self) {
        self.does("close", json!({}));
        // As screens see it: viewers of the studio see it before it is so everywhere.
        let is_locked = || self.live(Some(&self.key))["show"]["run"]["phase"] == "locked";
        until("the run is locked", || is_locked().then_some(()));
        self.does("seal", json!({}));
        self.does("verify", json!({}));
        self.does("arm", json!({"what": "reveal"}));
        self.does("reveal", json!({}));
        until("it is revealed", || (self.live(None)["results"]["state"] == "final").then_some(()));
    }

    /// A viewer's ballot for one option; gives the receipt.
    pub fn vote(&self, run: &str, device: &str, pick: u16) -> Value {
        let body = json!({ "run": run, "id": format!("{:032x}", u128::from(pick)), "picks": [pick] });
        self.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(device), &[], &body).json()
    }

    /// Exports the show into a file.
    pub fn export(&self) -> PathBuf {
        let file = self.app.data().join("export.jsonl");
        let mut export = self.app.program();
        export.args(["export", SHOW, "--data"]).arg(self.app.data()).arg("--out").arg(&file);
        assert!(export.output().unwrap().status.success());
        file
    }

    /// What `tallylight verify` says of an export.
    pub fn verified(&self, file: &Path) -> String {
        String::from_utf8(self.app.program().arg("verify").arg(file).output().unwrap().stdout).unwrap()
    }

    /// What is on, as viewers see it or as screens do.
    pub fn live(&self, key: Option<&str>) -> Value {
        let query = key.map(|key| format!("?key={key}")).unwrap_or_default();
        self.app.get(&format!("/api/v1/shows/{SHOW}/live{query}")).json()
    }

    /// A request with a bearer's token and more headers; a body that is null is none.
    pub fn ask(&self, method: &str, path: &str, bearer: Option<&str>, headers: &[(&str, &str)], body: &Value) -> Reply {
        let bearer = bearer.map(|token| format!("Bearer {token}"));
        let mut all = headers.to_vec();
        all.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !text.is_empty() {
            all.push(("content-type", "application/json"));
        }
        http::request(self.app.address(), method, path, &all, text.as_bytes())
    }

    /// Joins by POST, as a new viewer or as one who is known.
    pub fn join(&self, device: Option<&str>, headers: &[(&str, &str)]) -> Reply {
        let body = device.map_or_else(|| json!({}), |device| json!({"device": device}));
        self.ask("POST", &format!("/api/v1/shows/{SHOW}/join"), None, headers, &body)
    }

    /// A new viewer's device token.
    pub fn device(&self) -> String {
        self.join(None, &[]).json()["device"].as_str().expect("a device token").to_owned()
    }

    /// A figure of `/metrics`; 0 where there is none.
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.app.get("/metrics");
        let line = text.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }
}

/// Looks again and again until there is something to see.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A refusal for now: its code, and a time to come back that is in the answer and in its header.
pub fn refused_for_now(reply: &Reply) -> String {
    let problem = reply.json();
    let after_ms = problem["retry_after_ms"].as_u64().expect("a time to come back");
    let after_s: u64 = reply.header("retry-after").expect("a header for it").parse().unwrap();
    assert!(after_ms > 0 && after_s == after_ms.div_ceil(1000).max(1), "{problem}");
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    problem["code"].as_str().unwrap().to_owned()
}
