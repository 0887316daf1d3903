//! A member of staff who runs the show over HTTP and remembers every answer, to be held against the as-run log and the
//! show itself.

use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use super::show::SHOW;
use crate::support::{
    SOON,
    app::TestApp,
    http::{self, Reply},
    until,
};

/// Between two commands of [`Operator::fidget`]: a hundred a second is more than any hand does.
const BETWEEN: Duration = Duration::from_millis(10);

/// A command that Redis did not agree to is pressed again after this time.
const AGAIN: Duration = Duration::from_secs(2);

/// One operator.
pub struct Operator {
    address: SocketAddr,
    token: String,
    /// As the as-run log has it.
    pub name: &'static str,
    sent: u32,
    /// What was answered with `ok`, in order: the command's word and the revision after it.
    pub told: Vec<(&'static str, u64)>,
    /// What was done on the one node and its screens only, for want of Redis.
    pub here: Vec<&'static str>,
    /// Commands without an answer, or with one that leaves it open, and how many were answered when each was sent: done
    /// or not, nobody knows.
    pub lost: Vec<(&'static str, usize)>,
    /// It asked for a seal, with whatever answer.
    pub sealed: bool,
    /// What the show should look like after all that.
    state: State,
}

/// What of a show [`Operator::fidget`] changes, and whether its graphic was pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    frozen: bool,
    held: bool,
    pulled: bool,
}

impl State {
    /// As viewers are shown it.
    pub fn of(show: &Value) -> Self {
        let graphic = &show["graphic"];
        Self {
            frozen: graphic["frozen"] == true,
            held: show["run"]["hold"] == true,
            pulled: graphic["state"] == "panic",
        }
    }

    /// After a command was done.
    pub fn after(self, verb: &str) -> Self {
        match verb {
            "freeze" => Self { frozen: true, ..self },
            "unfreeze" => Self { frozen: false, ..self },
            "take" => Self { frozen: false, pulled: false, ..self },
            "panic" => Self { pulled: true, ..self },
            "hold" => Self { held: true, ..self },
            "release" | "close" => Self { held: false, ..self },
            _ => self,
        }
    }
}

impl Operator {
    /// Uses the one-time link that a node printed for this role.
    pub fn of(app: &TestApp, name: &'static str) -> Self {
        let role = name.to_lowercase();
        let code =
            |line: &str| line.trim().strip_prefix(&role)?.split_once('#').map(|(_, code)| code.trim().to_owned());
        let code = app.process().wait_for(SOON, code);
        Self::enter(app.address(), name, &code)
    }

    /// Uses the code of a one-time link.
    pub fn enter(address: SocketAddr, name: &'static str, code: &str) -> Self {
        let reply = http::post(address, "/api/v1/staff/enter", &json!({ "code": code }));
        assert_eq!(reply.status, 200, "{}", reply.text());
        let token = reply.json()["staff"].as_str().expect("there is a token").to_owned();
        let (told, here, lost) = (Vec::new(), Vec::new(), Vec::new());
        Self { address, token, name, sent: 0, told, here, lost, sealed: false, state: State::default() }
    }

    /// Gives a command that must be done.
    pub fn does(&mut self, verb: &'static str, arguments: Value) {
        pressed(verb, || self.asks(verb, arguments.clone()).unwrap_or_else(|| panic!("no answer to {verb}")));
    }

    /// Gives a command and remembers the answer. `None`: there was none.
    pub fn asks(&mut self, verb: &'static str, mut arguments: Value) -> Option<Value> {
        self.sent += 1;
        self.sealed |= verb == "seal";
        arguments["id"] = self.sent.to_string().into();
        arguments["do"] = verb.into();
        let path = format!("/api/v1/shows/{SHOW}/commands");
        let token = format!("Bearer {}", self.token);
        let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
        let body = arguments.to_string();
        let reply = match http::try_request(self.address, "POST", &path, &headers, body.as_bytes()) {
            Ok(reply) => reply,
            // Nobody was there to hear it.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return None,
            Err(_) => {
                self.lost.push((verb, self.told.len()));
                return None;
            }
        };
        if reply.status == 502 {
            // Not the node's word: the balancer's, whose node went away before it answered.
            self.lost.push((verb, self.told.len()));
            return None;
        }
        assert_eq!(reply.status, 200, "{verb}: {}", reply.text());
        let done = reply.json();
        let only_here =
            done["detail"].as_str().is_some_and(|detail| detail.contains("on this node and its screens only"));
        if done["ok"] == true && !only_here {
            self.told.push((verb, done["rev"].as_u64().expect("a revision is a number")));
            self.state = self.state.after(verb);
            return Some(done);
        }
        if only_here {
            self.here.push(verb);
        }
        if only_here || done["code"] == "busy" {
            // Redis may have heard of it all the same.
            self.lost.push((verb, self.told.len()));
        }
        Some(done)
    }

    /// Lets operators fidget while something else is done.
    pub fn fidget_while<'a, T>(operators: impl IntoIterator<Item = &'a mut Self>, work: impl FnOnce() -> T) -> T {
        /// Tells them to go home, also where the work ends in a panic.
        struct Home<'a>(&'a AtomicBool);
        impl Drop for Home<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for operator in operators {
                scope.spawn(|| operator.fidget(&stop));
            }
            let _home = Home(&stop);
            work()
        })
    }

    /// Freezes and holds, and undoes it, again and again until told to stop: commands that change nothing of the count. Who
    /// has no control takes it.
    fn fidget(&mut self, stop: &AtomicBool) {
        for verb in ["freeze", "hold", "unfreeze", "release"].into_iter().cycle() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let done = self.asks(verb, json!({}));
            if done.is_some_and(|done| done["code"] == "no_control") {
                self.asks("control", json!({ "action": "take_over" }));
            }
            thread::sleep(BETWEEN);
        }
    }

    /// GETs something that only staff may see.
    pub fn get(&self, path: &str) -> Reply {
        let token = format!("Bearer {}", self.token);
        http::request(self.address, "GET", path, &[("authorization", token.as_str())], b"")
    }

    /// Compares the show as it is with what this operator was told.
    pub fn recognises(&mut self, show: &Value) {
        let (_, rev) = *self.told.last().expect("something was done");
        let (seen, state) = (show["rev"].as_u64().expect("a revision is a number"), State::of(show));
        if seen == rev {
            assert_eq!(state, self.state, "the show is not what its operator was told: {show}");
            return;
        }
        // What came after the last answer can only be some of the commands that got none.
        let lost = self.lost.iter().filter(|(_, told)| *told == self.told.len());
        let one_more = |state: &mut State, (verb, _): &(&str, usize)| {
            *state = state.after(verb);
            Some(*state)
        };
        let states: Vec<_> = lost.scan(self.state, one_more).collect();
        let explained = seen > rev && seen - rev <= states.len() as u64 && states.contains(&state);
        assert!(explained, "revision {rev} was told, and the show is {show}");
        self.state = state;
    }

    /// The as-run log, as the node of this operator has it.
    pub fn log(&self) -> Vec<Value> {
        let reply = self.get(&format!("/api/v1/shows/{SHOW}/asrun"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["entries"].as_array().expect("a log is a list").clone()
    }
}

/// Presses until it is done: again, as it is told, where Redis was too slow on a busy machine, unless the revision says that
/// it was done all the same. Gives the last answer.
pub fn pressed(verb: &str, mut asks: impl FnMut() -> Value) -> Value {
    let mut busy_at = None;
    until(&format!("{verb} is done"), SOON, || {
        let done = asks();
        if done["code"] == "busy" {
            busy_at = done["rev"].as_u64();
            thread::sleep(AGAIN);
            return None;
        }
        let all_the_same = done["code"] == "not_now" && busy_at.is_some() && done["rev"].as_u64() > busy_at;
        assert!(done["ok"] == true || all_the_same, "{verb}: {done}");
        Some(done)
    })
}
