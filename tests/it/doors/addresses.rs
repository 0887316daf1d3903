//! Who a client is by its address: the proxies that are believed, and those who only say they are one.

use std::io::Write as _;

use serde_json::json;

use super::{
    raw::{self, Raw, plain_get, proxied},
    stage::{SHOW, Stage, refused_for_now},
};

/// Every network may have two connections and two new voters, and the one of the tests is nothing special.
const TIGHT: [&str; 2] = ["--venues=", "--connections-per-prefix=2"];
const TRUSTING: &str = "--trusted-proxies=127.0.0.0/8";

#[test]
fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let stage = Stage::start(&[TIGHT[0], TIGHT[1], TRUSTING]);
    let joins = |forwarded: &str| stage.join(None, &[("x-forwarded-for", forwarded)]).status;
    // Networks have their new voters each; what stands left of the right-most stranger may be made up.
    assert_eq!(["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(joins), [200, 200, 429]);
    assert_eq!(["1.1.1.1, 198.51.100.1", "2.2.2.2, 198.51.100.1", "3.3.3.3, 198.51.100.1"].map(joins), [200, 200, 429]);
    assert_eq!(joins("203.0.113.1, 127.0.0.7"), 200);

    // Without trust every one of them is this machine.
    let stage = Stage::start(&TIGHT);
    let joins = |forwarded: &str| stage.join(None, &[("x-forwarded-for", forwarded)]);
    assert_eq!(["192.0.2.1", "192.0.3.1"].map(|forwarded| joins(forwarded).status), [200, 200]);
    assert_eq!(refused_for_now(&joins("192.0.4.1")), "too_many");
}

#[test]
fn sessions_through_a_proxy_are_counted_by_client() {
    let stage = Stage::start(&[TIGHT[0], TIGHT[1], TRUSTING]);
    let upgrade = |forwarded: &str| Raw::connect(stage.app.address(), &[("x-forwarded-for", forwarded)]);
    let held: Vec<_> = [1, 2].map(|host| upgrade(&format!("192.0.2.{host}")).unwrap()).into();
    let (status, problem) = upgrade("192.0.2.3").unwrap_err();
    assert_eq!((status, &problem["code"]), (503, &json!("busy")));
    assert!(problem["retry_after_ms"].as_u64().unwrap() > 0);
    assert!(upgrade("192.0.3.1").is_ok());
    let events = stage.ask("GET", &format!("/sse/{SHOW}"), None, &[("x-forwarded-for", "192.0.2.4")], &json!(null));
    assert_eq!(refused_for_now(&events), "busy");
    drop(held);
    super::stage::until("the places are free again", || upgrade("192.0.2.3").ok());
}

#[test]
fn a_proxy_protocol_header_says_who_the_client_is() {
    let stage = Stage::with(&[TIGHT[0], TIGHT[1], TRUSTING, "--proxy-protocol"]);
    let address = stage.app.address();
    let connect = |client| {
        let mut stream = raw::tcp(address);
        stream.write_all(&proxied(client)).unwrap();
        stream
    };
    let mut held = Vec::new();
    for host in [1, 2] {
        held.push(Raw::over(connect([192, 0, 2, host]), &[]).unwrap());
    }
    // The third of a network is told when to come back, as an answer.
    let answer = raw::bytes(address, &[&proxied([192, 0, 2, 3])[..], plain_get("/livez", "").as_bytes()].concat());
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nretry-after: "), "{answer}");
    assert!(Raw::over(connect([192, 0, 3, 1]), &[]).is_ok());
    // Version 1 is the same in words, and what follows the header in one packet is not lost.
    let line = "PROXY TCP4 198.51.100.1 127.0.0.1 1 2\r\n".to_owned();
    let answer = raw::bytes(address, (line + &plain_get("/livez", "")).as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{answer:?}");
}

#[test]
fn without_the_header_or_the_trust_a_connection_is_closed() {
    let trusting = Stage::with(&[TRUSTING, "--proxy-protocol=true"]);
    let request = plain_get("/livez", "x-forwarded-for: 192.0.2.1\r\n");
    let unsigned = [&proxied([192, 0, 2, 1])[1..], request.as_bytes()].concat();
    assert_eq!(raw::bytes(trusting.app.address(), request.as_bytes()), b"");
    assert_eq!(raw::bytes(trusting.app.address(), &unsigned), b"");
    // A header that never ends.
    assert_eq!(raw::bytes(trusting.app.address(), b"PROXY TCP4 192.0."), b"");

    let distrusting = Stage::with(&["--trusted-proxies=10.0.0.0/8", "--proxy-protocol"]);
    let signed = [&proxied([192, 0, 2, 1])[..], request.as_bytes()].concat();
    assert_eq!(raw::bytes(distrusting.app.address(), &signed), b"");
}
