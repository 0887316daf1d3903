//! Screens on the ways beside the WebSocket, the page that loads an overlay, and event streams when the node goes.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use super::{
    raw,
    stage::{SHOW, Stage, until},
};

/// A stream of events that is being read.
pub struct Events(BufReader<TcpStream>);

impl Events {
    pub fn open(stage: &Stage, query: &str) -> Self {
        let mut stream = raw::tcp(stage.app.address());
        stream.write_all(format!("GET /sse/{SHOW}{query} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).unwrap();
        Self(BufReader::new(stream))
    }

    /// The next event: its name, if it has one, and its message.
    pub fn next(&mut self) -> (Option<String>, Value) {
        let mut name = None;
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            if let Some(event) = line.strip_prefix("event:") {
                name = Some(event.trim().to_owned());
            }
            if let Some(data) = line.strip_prefix("data:") {
                return (name, serde_json::from_str(data).unwrap());
            }
        }
    }

    /// The total of the next results in this state.
    fn results(&mut self, state: &str) -> u64 {
        loop {
            let (_, message) = self.next();
            if message["t"] == "results" && message["state"] == state {
                return message["total"].as_u64().unwrap();
            }
        }
    }
}

fn vote(stage: &Stage, run: &str) {
    let body = json!({"run": run, "id": "0123456789abcdef0123456789abcdef", "picks": [1]});
    let path = format!("/api/v1/shows/{SHOW}/ballots");
    let receipt = stage.ask("POST", &path, Some(&stage.device()), &[], &body).json();
    assert_eq!(receipt["is"], "counted");
}

#[test]
fn a_key_shows_what_screens_see_and_none_what_viewers_see() {
    let mut stage = Stage::start(&[]);
    stage.does("standby", json!({"cue": "1"}));
    until("screens see what comes next", || (stage.live(Some(&stage.key))["show"]["next"]["cue"] == "1").then_some(()));
    assert_eq!(stage.live(None)["show"]["next"], json!(null));
    stage.does("take", json!({}));
    let run = until("it is on", || stage.live(None)["show"]["run"]["id"].as_str().map(str::to_owned));
    let (mut screen, mut viewer) = (Events::open(&stage, &format!("?key={}", stage.key)), Events::open(&stage, ""));
    assert_eq!((screen.results("live"), viewer.results("hidden")), (0, 0));
    vote(&stage, &run);
    assert_eq!(screen.results("live"), 1);
    let seen = until("the poll shows it", || {
        let live = stage.live(Some(&stage.key));
        (live["results"]["total"] == 1).then_some(live)
    });
    assert_eq!((&seen["results"]["state"], &seen["results"]["options"][0]["votes"]), (&json!("live"), &json!(1)));
    let hidden = stage.live(None);
    assert_eq!((&hidden["results"]["state"], &hidden["results"]["total"]), (&json!("hidden"), &json!(0)));
    // Only the viewer is one.
    assert_eq!(stage.metric("tallylight_sessions{role=\"screen\"}"), 1);
    assert_eq!(stage.metric("tallylight_sessions{role=\"viewer\"}"), 1);
}

#[test]
fn a_bad_key_shows_nothing() {
    let stage = Stage::start(&[]);
    let other = stage.key.replace(|c: char| c.is_ascii_digit(), "0");
    for key in ["", "x", &other, &stage.staff] {
        for path in [format!("/sse/{SHOW}?key={key}"), format!("/api/v1/shows/{SHOW}/live?key={key}")] {
            let reply = stage.app.get(&path);
            assert_eq!((reply.status, &reply.json()["code"]), (401, &json!("bad_token")), "{path}");
        }
    }
}

#[test]
fn what_screens_see_has_an_etag_of_its_own() {
    let stage = Stage::start(&[]);
    let path = format!("/api/v1/shows/{SHOW}/live");
    let keyed = format!("{path}?key={}", stage.key);
    let etag = |path: &str| stage.app.get(path).header("etag").unwrap().to_owned();
    let again = |path: &str, etag: &str| stage.ask("GET", path, None, &[("if-none-match", etag)], &json!(null)).status;
    let (viewers, screens) = (etag(&path), etag(&keyed));
    assert_ne!(viewers, screens);
    assert_eq!((again(&path, &viewers), again(&keyed, &screens)), (304, 304));
    assert_eq!((again(&path, &screens), again(&keyed, &viewers)), (200, 200));
}

#[test]
fn the_loader_is_a_download() {
    let stage = Stage::start(&[]);
    let loader = stage.app.get("/web/overlay/loader.html");
    assert_eq!(loader.header("content-disposition"), Some("attachment; filename=\"loader.html\""));
    assert_eq!((loader.status, loader.header("content-security-policy")), (200, None));
    let page = stage.app.get("/web/overlay/index.html");
    assert!(page.header("content-security-policy").is_some() && page.header("content-disposition").is_none());
}

#[test]
fn event_streams_are_told_when_to_come_back() {
    let mut stage = Stage::start(&[]);
    let mut streams: Vec<_> = (0..20).map(|_| Events::open(&stage, "")).collect();
    for stream in &mut streams {
        assert_eq!(stream.next().1["t"], "show");
    }
    let told = std::thread::spawn(move || {
        let told = streams.iter_mut().map(|stream| {
            loop {
                let (name, message) = stream.next();
                if name.as_deref() == Some("reconnect") {
                    assert_eq!(message["t"], "reconnect");
                    return message["after_ms"].as_u64().unwrap();
                }
            }
        });
        told.collect::<Vec<_>>()
    });
    assert!(stage.app.stop().success());
    let told = told.join().unwrap();
    assert!(
        told.iter().all(|after_ms| *after_ms < 3000) && told.iter().any(|after_ms| *after_ms != told[0]),
        "{told:?}"
    );
}
