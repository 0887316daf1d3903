//! What a client gets that breaks a rule of the wire: an answer in words, and a close code that says whose turn it is.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::{app::TestApp, http, websocket::Client};
use tallylight::base::limits;

const SHOW: &str = "evening";

fn start() -> TestApp {
    TestApp::with_show("examples/evening.toml").start()
}

fn viewer(app: &TestApp) -> Client {
    Client::joined(app, SHOW, &json!({"t": "join"})).0
}

/// Enters by a link that the server wrote when it started.
fn staff(app: &TestApp, show: &str) -> Client {
    let code = |line: &str| Some(line.trim().strip_prefix("producer")?.split_once('#')?.1.to_owned());
    let code = app.process().wait_for(super::support::SOON, code);
    let entered = http::post(app.address(), "/api/v1/staff/enter", &json!({"code": code})).json();
    let (client, welcome) = Client::joined(app, show, &json!({"t": "join", "staff": entered["staff"]}));
    assert_eq!(welcome["role"], "producer");
    client
}

fn vote() -> String {
    json!({"t": "vote", "run": "00c0ffee00c0ffee", "id": "0123456789abcdef0123456789abcdef", "picks": [1]}).to_string()
}

/// Text that is no message, of exactly this length.
fn nonsense(bytes: usize) -> String {
    "x".repeat(bytes)
}

fn last_problem(messages: &[Value]) -> &str {
    messages.iter().rfind(|message| message["t"] == "problem").and_then(|problem| problem["code"].as_str()).unwrap()
}

#[test]
fn a_message_that_is_too_large_ends_the_session_with_1009() {
    let app = start();
    let most = limits::AUDIENCE_MESSAGE_BYTES_MAX;
    let mut client = viewer(&app);
    client.send(nonsense(most));
    assert_eq!(client.wait_for("problem")["code"], "bad_message");
    client.send(nonsense(most + 1));
    let (messages, code) = client.until_closed();
    assert_eq!((last_problem(&messages), code), ("too_large", 1009));

    // Above what anybody may send it is not even read.
    let mut client = Client::connect(&app, SHOW, None).unwrap();
    client.send(nonsense(limits::STAFF_MESSAGE_BYTES_MAX + 1));
    let (messages, code) = client.until_closed();
    assert_eq!((last_problem(&messages), code), ("too_large", 1009));

    let mut client = staff(&app, SHOW);
    client.send(nonsense(limits::STAFF_MESSAGE_BYTES_MAX));
    assert_eq!(client.wait_for("problem")["code"], "bad_message");
    client.send(nonsense(limits::STAFF_MESSAGE_BYTES_MAX + 1));
    let (messages, code) = client.until_closed();
    assert_eq!((last_problem(&messages), code), ("too_large", 1009));
}

#[test]
fn who_does_not_join_is_turned_away_with_1008() {
    let app = start();
    let mut silent = Client::connect(&app, SHOW, None).unwrap();

    let mut client = Client::connect(&app, SHOW, None).unwrap();
    client.send(vote());
    let (messages, code) = client.until_closed();
    assert_eq!((last_problem(&messages), code), ("join_first", 1008));

    let began = std::time::Instant::now();
    assert_eq!(silent.until_closed(), (vec![], 1008));
    assert!(began.elapsed() <= limits::JOIN_TIMEOUT + super::support::SOON / 4, "{:?}", began.elapsed());
}

#[test]
fn what_is_no_message_is_a_problem_and_the_session_goes_on() {
    let app = start();
    let mut client = Client::connect(&app, SHOW, None).unwrap();
    client.send("hello".to_owned());
    assert_eq!(client.wait_for("problem")["code"], "bad_message");
    client.send(json!({"t": "join"}).to_string());
    assert!(client.wait_for("welcome")["device"].is_string());

    let strange = [json!({"t": "dance"}), json!({"t": "vote"}), json!({"t": "join"}), json!([]), json!(null)];
    for message in strange {
        client.send(message.to_string());
        assert_eq!(client.wait_for("problem")["code"], "bad_message", "{message}");
    }
    client.send(b"\x00\x01".to_vec());
    assert_eq!(client.wait_for("problem")["code"], "bad_message");
    client.send(vote());
    assert_eq!(client.wait_for("receipt")["is"], "unknown");
}

#[test]
fn who_sends_too_much_is_told_when_there_is_room() {
    let app = start();
    let many = limits::MESSAGES_BURST * 2;
    let mut client = viewer(&app);
    // Votes get their own word for it, and nobody is sent away for voting.
    for _ in 0..many {
        client.send(vote());
    }
    let receipts: Vec<Value> = (0..many).map(|_| client.wait_for("receipt")).collect();
    let busy = receipts.iter().rfind(|receipt| receipt["reason"] == "busy").unwrap();
    assert!(busy["retry_ms"].as_u64().unwrap() > 0);

    let mut client = viewer(&app);
    for _ in 0..many {
        client.send(json!({"t": "ask", "run": "00c0ffee00c0ffee", "ids": []}).to_string());
    }
    let (messages, code) = client.until_closed();
    assert_eq!((last_problem(&messages), code), ("too_many", 1008));
}

#[test]
fn pages_of_another_origin_may_not_connect() {
    let app = start();
    assert!(Client::connect(&app, SHOW, Some(&app.url(""))).is_ok());
    assert_eq!(Client::connect(&app, SHOW, Some("http://example.org")).err(), Some(403));
    assert_eq!(Client::connect(&app, "nowhere", None).err(), Some(404));
}

#[test]
fn the_desk_of_a_long_show_arrives() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("long.toml");
    let question = "Why? ".repeat(limits::TEXT_CHARS_MAX / 5);
    let cue =
        |n| format!("[[cue]]\nnumber = \"{n}\"\ntitle = \"t\"\nquestion = \"{question}\"\noptions = [\"a\", \"b\"]\n");
    let cues: String = (1..=limits::CUES_MAX).map(cue).collect();
    fs::write(&path, format!("show = \"long\"\ntitle = \"Long\"\n{cues}")).unwrap();
    let app = TestApp::with_show(path.to_str().unwrap()).start();
    let desk = staff(&app, "long").wait_for("desk");
    assert!(desk.to_string().len() > 128 * 1024);
    assert_eq!(desk["cues"].as_array().unwrap().len(), limits::CUES_MAX);
}
