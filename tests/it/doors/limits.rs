//! Every limit of the doors, run into: the answer says so and when to come back, and the others are let be.

use std::net::TcpStream;

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tallylight::base::limits;

use super::{
    raw::{self, Raw, plain_get},
    stage::{SHOW, Stage, refused_for_now, until},
};
use crate::support::SOON;

#[test]
fn a_network_that_makes_voters_is_slowed_down_but_its_voters_get_in() {
    let stage = Stage::start(&["--venues=", "--connections-per-prefix=3"]);
    let known = stage.device();
    assert_eq!([(); 2].map(|()| stage.join(None, &[]).status), [200; 2]);
    assert_eq!(refused_for_now(&stage.join(None, &[])), "too_many");
    for _ in 0..20 {
        assert_eq!(stage.join(Some(&known), &[]).status, 200);
    }
    let (mut new, answer) = Raw::join(stage.app.address(), json!({}));
    assert_eq!((&answer["t"], &answer["code"]), (&json!("problem"), &json!("too_many")));
    assert!(answer["retry_ms"].as_u64().unwrap() >= 1000);
    assert_eq!(new.end().1, Some(1008));
    let (_known, welcome) = Raw::join(stage.app.address(), json!({"device": known}));
    assert_eq!(welcome["t"], "welcome");
}

#[test]
fn a_network_has_its_connections_and_a_venue_all() {
    let stage = Stage::start(&["--venues=", "--connections-per-prefix=3"]);
    let held: Vec<_> = (0..3).map(|_| Raw::viewer(stage.app.address())).collect();
    let answer = String::from_utf8(raw::bytes(stage.app.address(), plain_get("/livez", "").as_bytes())).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("too many connections come from"), "{answer}");
    drop(held);
    until("the places are free again", || {
        raw::bytes(stage.app.address(), plain_get("/livez", "").as_bytes()).starts_with(b"HTTP/1.1 200 ").then_some(())
    });

    let venue = Stage::start(&["--venues=127.0.0.0/16", "--connections-per-prefix=3"]);
    let held: Vec<_> = (0..10).map(|_| Raw::viewer(venue.app.address())).collect();
    assert_eq!(held.len(), 10);
}

#[test]
fn the_last_places_are_for_staff_and_screens_and_full_is_an_answer() {
    let stage = Stage::start(&["--connections=40"]);
    let address = stage.app.address();
    let comes_as = |join: Value| move || Raw::try_join(address, join.clone());
    // Connections that just ended may still have their places for a moment.
    let mut held: Vec<_> = (0..38).map(|_| until("a viewer gets in", comes_as(json!({})))).collect();
    // Two places are left; whoever takes one of them may not be a viewer.
    let (mut viewer, answer) = Raw::join(address, json!({}));
    assert_eq!((&answer["code"], viewer.end().1), (&json!("busy"), Some(1013)));
    assert!(answer["retry_ms"].as_u64().unwrap() >= 1000);
    let device = device_of(&held[0].1);
    assert_eq!(Raw::join(address, json!({"device": device})).1["code"], "busy");
    held.push(until("the producer gets in", comes_as(json!({"staff": stage.staff}))));
    held.push(until("a screen gets in", comes_as(json!({"key": stage.key}))));
    assert_eq!((&held[38].1["role"], &held[39].1["role"]), (&json!("producer"), &json!("screen")));
    // Now there is no place at all, which is an answer as well.
    let answer = String::from_utf8(raw::bytes(address, plain_get("/livez", "").as_bytes())).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\"code\":\"busy\""), "{answer}");
    assert!(answer.contains("\r\nretry-after: "));
    drop(held);
    until("viewers get in again", comes_as(json!({})));
}

fn device_of(welcome: &Value) -> &str {
    welcome["device"].as_str().expect("a new viewer gets a token")
}

/// A connection that takes next to nothing from the network as long as nobody reads.
fn narrow(address: std::net::SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.set_write_timeout(Some(SOON)).unwrap();
    stream
}

#[test]
fn who_never_reads_is_let_go_and_holds_up_nobody() {
    let mut stage = Stage::start(&[]);
    let run = stage.open();
    let viewers = || stage.metric("tallylight_sessions{role=\"viewer\"}");
    let mut honest = Raw::viewer(stage.app.address());
    let mut deaf: Vec<_> = (0..5).map(|_| Raw::over(narrow(stage.app.address()), &[]).unwrap()).collect();
    let ids: Vec<_> = (0..64).map(|number| format!("{number:032x}")).collect();
    for raw in &mut deaf {
        raw.say(&json!({"t": "join"}));
        raw.wait_for("welcome");
    }
    assert_eq!(viewers(), 6);
    let ask = json!({"t": "ask", "run": run, "ids": ids});
    for _ in 0..limits::MESSAGES_BURST {
        deaf.iter_mut().for_each(|raw| raw.say(&ask));
    }
    honest.say(&json!({"t": "vote", "run": run, "id": ids[0], "picks": [1]}));
    assert_eq!(honest.wait_for("receipt")["is"], "counted");
    until("they are let go", || (viewers() == 1).then_some(()));
    honest.say(&json!({"t": "vote", "run": run, "id": ids[0], "picks": [1]}));
    assert_eq!(honest.wait_for("receipt")["repeated"], true);
}

#[test]
fn silent_connections_take_only_their_part_and_are_ended() {
    let stage = Stage::start(&["--connections=50"]);
    let address = stage.app.address();
    // One in five places is for those who have not said anything; the eleventh is told to come back.
    let mut silent: Vec<_> = (0..5).map(|_| raw::tcp(address)).collect();
    let mut upgraded: Vec<_> = (0..5).map(|_| Raw::connect(address, &[]).unwrap()).collect();
    until("all ten are noticed", || {
        let answer = String::from_utf8(raw::bytes(address, plain_get("/livez", "").as_bytes())).unwrap();
        answer.starts_with("HTTP/1.1 503 ").then(|| assert!(answer.contains("have not said yet"), "{answer}"))
    });
    // Their time runs out by itself.
    for stream in &mut silent {
        assert_eq!(raw::rest(stream), b"");
    }
    for raw in &mut upgraded {
        assert_eq!(raw.end().1, Some(1008));
    }
    let held: Vec<_> = (0..20).map(|_| Raw::viewer(address)).collect();
    assert_eq!(held.len(), 20);
}

#[test]
fn the_ninth_session_of_a_device_ends_its_first() {
    let stage = Stage::start(&[]);
    let device = stage.device();
    let join = || Raw::join(stage.app.address(), json!({"device": device})).0;
    let mut sessions: Vec<_> = (0..limits::SESSIONS_PER_DEVICE_MAX).map(|_| join()).collect();
    let mut other = Raw::viewer(stage.app.address());
    sessions.push(join());
    assert_eq!(sessions[0].end(), (vec!["replaced".to_owned()], Some(4009)));
    for session in sessions[1..].iter_mut().chain([&mut other]) {
        session.say(&json!({"t": "ask", "run": "00c0ffee00c0ffee", "ids": ["0123456789abcdef0123456789abcdef"]}));
        assert_eq!(session.wait_for("receipt")["is"], "unknown");
    }
}

/// Casts a ballot by POST and gives the receipt.
fn vote(stage: &Stage, device: &str, run: &str, number: usize) -> Value {
    let body = json!({"run": run, "id": format!("{number:032x}"), "picks": [1]});
    let reply = stage.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(device), &[], &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[test]
fn ballots_by_post_have_the_permits_of_a_session() {
    let mut stage = Stage::start(&[]);
    let run = stage.open();
    let (fast, other) = (stage.device(), stage.device());
    assert_eq!(vote(&stage, &fast, &run, 1)["is"], "counted");
    // One voter sends as fast as the network lets it: at some point it is told to slow down, and nothing is lost.
    let busy = (0..2000).map(|_| vote(&stage, &fast, &run, 1)).find(|receipt| receipt["reason"] == "busy");
    let busy = busy.expect("a limit within 2000 ballots");
    assert_eq!((&busy["is"], busy["retry_ms"].as_u64().unwrap() > 0), (&json!("refused"), true));
    assert_eq!(vote(&stage, &other, &run, 1)["is"], "counted");
    let again = until("the voter may again", || Some(vote(&stage, &fast, &run, 1)).filter(|r| r["reason"] != "busy"));
    assert_eq!((&again["is"], &again["repeated"]), (&json!("counted"), &json!(true)));
}

#[test]
fn slow_bodies_and_headers_are_ended() {
    let stage = Stage::start(&[]);
    let head =
        "POST /api/v1/staff/enter HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    let answer = String::from_utf8(raw::bytes(stage.app.address(), head.as_bytes())).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("too_slow"), "{answer}");
    let head = format!("GET / HTTP/1.1\r\nx: {}\r\n", "y".repeat(20_000));
    let answer = String::from_utf8(raw::bytes(stage.app.address(), head.as_bytes())).unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[test]
fn the_limits_are_told() {
    let stage = Stage::start(&["--connections=1234", "--connections-per-prefix=56"]);
    let told = stage.app.get("/limits").json();
    assert_eq!((&told["connections"], &told["connections_per_prefix"]), (&json!(1234), &json!(56)));
    assert_eq!(told["sessions_per_device"], limits::SESSIONS_PER_DEVICE_MAX);
}
