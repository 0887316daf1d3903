//! Tickets: a token's holder gets one, a socket joins with it once.

use serde_json::{Value, json};

use super::{
    raw::Raw,
    stage::{SHOW, Stage},
};

fn ticket(stage: &Stage, bearer: &str) -> String {
    let reply = stage.ask("POST", &format!("/api/v1/shows/{SHOW}/tickets"), Some(bearer), &[], &json!(null));
    let given = reply.json();
    assert_eq!(reply.status, 200, "{given}");
    let now = stage.app.get("/api/v1/time").json()["now"].as_u64().unwrap();
    assert!((now..=now + 30_000).contains(&given["expires"].as_u64().unwrap()));
    given["ticket"].as_str().unwrap().to_owned()
}

fn join(stage: &Stage, ticket: &str) -> (Raw, Value) {
    Raw::join(stage.app.address(), json!({"ticket": ticket}))
}

#[test]
fn a_ticket_is_its_holder_once() {
    let mut stage = Stage::start(&[]);
    let run = stage.open();
    let device = stage.device();
    let first = ticket(&stage, &device);
    let (mut player, welcome) = join(&stage, &first);
    assert_eq!((&welcome["role"], &welcome["device"]), (&json!("viewer"), &json!(null)));
    let vote = json!({"t": "vote", "run": run, "id": "0123456789abcdef0123456789abcdef", "picks": [2]});
    player.say(&vote);
    assert_eq!(player.wait_for("receipt")["is"], "counted");
    // The ballot is the device's.
    let mine = stage.join(Some(&device), &[]).json();
    assert_eq!((&mine["mine"][0]["is"], &mine["mine"][0]["picks"]), (&json!("counted"), &json!([2])));

    let (mut again, problem) = join(&stage, &first);
    assert_eq!((&problem["code"], again.end().1), (&json!("bad_token"), Some(4001)));
    assert_eq!(join(&stage, &ticket(&stage, &device)).1["role"], "viewer");
    assert_eq!(join(&stage, &ticket(&stage, &stage.staff)).1["role"], "producer");
}

#[test]
fn what_is_no_ticket_lets_nobody_in() {
    let stage = Stage::start(&[]);
    let path = format!("/api/v1/shows/{SHOW}/tickets");
    for bearer in [None, Some("x"), Some(stage.key.as_str())] {
        let reply = stage.ask("POST", &path, bearer, &[], &json!(null));
        assert_eq!((reply.status, &reply.json()["code"]), (401, &json!("bad_token")));
    }
    let good = ticket(&stage, &stage.device());
    let cut = &good[..good.len() - 1];
    for bad in ["", "x", cut, &stage.device(), &stage.key] {
        assert_eq!(join(&stage, bad).1["code"], "bad_token", "{bad}");
    }
    // A ticket is no token for anything else.
    assert_eq!(stage.join(Some(&good), &[]).status, 401);
}
