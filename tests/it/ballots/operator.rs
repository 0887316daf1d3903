//! A member of staff who runs the show over HTTP and remembers every answer, to be held against the as-run log and the
//! show itself.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use super::stage::SHOW;
use crate::support::http::{self, Reply};

/// Between two commands of [`Operator::fidget`]: a hundred a second is more than any hand does.
const BETWEEN: Duration = Duration::from_millis(10);

/// One operator.
pub struct Operator {
    address: SocketAddr,
    token: String,
    sent: u32,
    /// What was answered with `ok`, in order: the command's word and the revision after it.
    told: Vec<(&'static str, u64)>,
    /// Commands without an answer, and how many were answered when each was sent: done or not, nobody knows.
    lost: Vec<(&'static str, usize)>,
}

impl Operator {
    /// Enters with the code of a one-time link.
    pub fn enter(address: SocketAddr, code: &str) -> Self {
        let reply = http::post(address, "/api/v1/staff/enter", &json!({ "code": code }));
        assert_eq!(reply.status, 200, "{}", reply.text());
        let token = reply.json()["staff"].as_str().expect("there is a token").to_owned();
        Self { address, token, sent: 0, told: Vec::new(), lost: Vec::new() }
    }

    /// Gives a command that must be done.
    pub fn does(&mut self, verb: &'static str, arguments: Value) {
        let done = self.asks(verb, arguments).unwrap_or_else(|| panic!("no answer to {verb}"));
        assert_eq!(done["ok"], true, "{verb}: {done}");
    }

    /// Gives a command and remembers the answer. `None`: there was none.
    pub fn asks(&mut self, verb: &'static str, mut arguments: Value) -> Option<Value> {
        self.sent += 1;
        arguments["id"] = self.sent.to_string().into();
        arguments["do"] = verb.into();
        let path = format!("/api/v1/shows/{SHOW}/commands");
        let token = format!("Bearer {}", self.token);
        let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
        let body = arguments.to_string();
        let Ok(reply) = http::try_request(self.address, "POST", &path, &headers, body.as_bytes()) else {
            self.lost.push((verb, self.told.len()));
            return None;
        };
        assert_eq!(reply.status, 200, "{verb}: {}", reply.text());
        let done = reply.json();
        if done["ok"] == true {
            self.told.push((verb, done["rev"].as_u64().expect("a revision is a number")));
        }
        Some(done)
    }

    /// Freezes and holds, and undoes it, again and again until told to stop: commands that change nothing of the count.
    pub fn fidget(&mut self, stop: &AtomicBool) {
        for verb in ["freeze", "hold", "unfreeze", "release"].into_iter().cycle() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            self.asks(verb, json!({}));
            thread::sleep(BETWEEN);
        }
    }

    /// GETs something that only staff may see.
    pub fn get(&self, path: &str) -> Reply {
        let token = format!("Bearer {}", self.token);
        http::request(self.address, "GET", path, &[("authorization", token.as_str())], b"")
    }

    /// Compares the show as it is with what this operator was told.
    pub fn recognises(&self, show: &Value) {
        let (_, rev) = *self.told.last().expect("something was done");
        let is = |show: &Value| (show["graphic"]["frozen"] == true, show["run"]["hold"] == true);
        let seen = show["rev"].as_u64().expect("a revision is a number");
        let mut done: Vec<_> = self.told.iter().map(|(verb, _)| *verb).collect();
        if seen == rev {
            assert_eq!(is(show), after(&done), "the show is not what its operator was told: {show}");
            return;
        }
        // What came after the last answer can only be one of the commands that got none.
        let lost = self.lost.iter().filter(|(_, told)| *told == self.told.len());
        let states: Vec<_> = lost
            .map(|(verb, _)| {
                done.push(verb);
                after(&done)
            })
            .collect();
        let explained = seen > rev && seen - rev <= states.len() as u64 && states.contains(&is(show));
        assert!(explained, "revision {rev} was told, and the show is {show}");
    }

    /// Compares the as-run log with what was told: each command that was done stands there once, and nothing else does
    /// but what was sent and never answered.
    pub fn checks_log(&self) -> usize {
        let reply = self.get(&format!("/api/v1/shows/{SHOW}/asrun"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        let log = reply.json();
        let entries = log["entries"].as_array().expect("a log is a list");
        let mut by_id: HashMap<&str, Vec<&str>> = HashMap::new();
        // A disk that was too slow for a window change makes the clock follow it with a revision of its own.
        let followed = |rev: u64| {
            let id = format!("1.{rev}");
            entries.iter().any(|entry| entry["by"] == "clock" && entry["id"] == id.as_str())
        };
        // What the clock did, and what was found out on the way, nobody was told as done.
        let found = |entry: &Value| entry["note"].as_str().is_some_and(|note| note.starts_with("incident: "));
        let by_staff = |entry: &&Value| entry["by"] != "clock" && entry["by"] != "node" && !found(entry);
        for entry in entries.iter().filter(by_staff) {
            let text = |field: &str| entry[field].as_str().expect("a log has words");
            by_id.entry(text("id")).or_default().push(text("what"));
        }
        for (verb, told) in &self.told {
            let rev = if followed(*told) { told - 1 } else { *told };
            let here = by_id.remove(format!("1.{rev}").as_str());
            // A seal makes two revisions, and tells the second.
            let what = if *verb == "seal" { "sealed" } else { verb };
            assert_eq!(here, Some(vec![what]), "{verb} was told as revision {rev}");
            if *verb == "seal" {
                assert_eq!(by_id.remove(format!("1.{}", rev - 1).as_str()), Some(vec!["seal"]));
            }
        }
        let mut unanswered: Vec<_> = self.lost.iter().map(|(verb, _)| *verb).collect();
        for (id, what) in by_id {
            let one = unanswered.iter().position(|verb| what == [*verb]);
            let one = one.unwrap_or_else(|| panic!("{what:?} stands in the log as {id}, and was not told as done"));
            unanswered.swap_remove(one);
        }
        entries.len()
    }
}

/// Frozen or not and held or not, after these commands.
fn after(done: &[&str]) -> (bool, bool) {
    let mut state = (false, false);
    for verb in done {
        match *verb {
            "freeze" => state.0 = true,
            "unfreeze" | "take" => state.0 = false,
            "hold" => state.1 = true,
            "release" | "close" => state.1 = false,
            _ => {}
        }
    }
    state
}
