//! Entry links: a ballot says where its voter came in because the show signed it, and for no other reason.

use serde_json::{Value, json};

use super::{
    raw::Raw,
    stage::{SHOW, Stage, until},
};
use crate::support::SOON;

/// The codes of the links that the start-up message names, in the order of the show file.
pub fn codes(stage: &Stage) -> Vec<String> {
    stage.app.process().wait_for(SOON, |line| line.contains("overlay").then_some(()));
    let lines = stage.app.process().lines();
    let codes = lines.iter().filter_map(|line| line.trim().strip_prefix("entry")?.split_once("#e="));
    codes.map(|(_, rest)| rest.split_whitespace().next().unwrap().to_owned()).collect()
}

pub fn posted(stage: &Stage, body: &Value) -> Value {
    let reply = stage.ask("POST", &format!("/api/v1/shows/{SHOW}/join"), None, &[], body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Votes by POST with a device token; gives the receipt.
fn vote(stage: &Stage, run: &str, device: &str, id: u8) -> Value {
    let body = json!({"run": run, "id": format!("{id:032x}"), "picks": [1]});
    stage.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(device), &[], &body).json()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[test]
fn a_ballot_carries_the_link_that_its_voter_followed_and_nothing_else() {
    let mut stage = Stage::start(&[]);
    let [hall, jury] = &*codes(&stage) else { panic!("two links are printed") };
    let run = stage.open();

    // By WebSocket, with a link.
    let (mut socket, welcome) = Raw::join(stage.app.address(), json!({"entry": hall}));
    assert_eq!(welcome["entry"], json!({"segment": "hall"}));
    socket.say(&json!({"t": "vote", "run": run, "id": format!("{:032x}", 1), "picks": [2]}));
    assert_eq!(socket.wait_for("receipt")["is"], "counted");
    let in_hall = text(&welcome["device"]).to_owned();

    // By POST, with another; a reload has the token alone, and a link that is known makes no new one.
    let welcome = posted(&stage, &json!({"entry": jury}));
    assert_eq!(welcome["entry"], json!({"pool": "jury", "platform": "tv"}));
    let in_jury = text(&welcome["device"]).to_owned();
    for again in [json!({"device": in_jury}), json!({"device": in_jury, "entry": jury})] {
        let again = posted(&stage, &again);
        assert_eq!((&again["entry"], &again["device"]), (&welcome["entry"], &Value::Null));
    }
    assert_eq!(vote(&stage, &run, &in_jury, 2)["is"], "counted");

    // The newest link counts, and the voter is the same: no vote is left.
    let welcome = posted(&stage, &json!({"device": in_hall, "entry": jury}));
    assert_eq!((&welcome["entry"]["pool"], &welcome["mine"][0]["is"]), (&json!("jury"), &json!("counted")));
    let moved = text(&welcome["device"]).to_owned();
    assert_ne!(moved, in_hall);
    assert_eq!(vote(&stage, &run, &moved, 3)["reason"], "budget");
    // The same ballot again is the one of the hall.
    let again = json!({"run": run, "id": format!("{:032x}", 1), "picks": [2]});
    let again = stage.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(&moved), &[], &again).json();
    assert_eq!((&again["is"], &again["repeated"]), (&json!("counted"), &json!(true)));

    // A link that is not good: let in, told, and with no entry but the one that was there.
    let mut forged = jury.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == '0' { '1' } else { '0' });
    for bad in [forged.as_str(), "", "x", in_hall.as_str(), stage.key.as_str()] {
        let welcome = posted(&stage, &json!({"entry": bad}));
        assert_eq!((&welcome["problem"]["code"], &welcome["entry"]), (&json!("bad_token"), &Value::Null), "{bad}");
        assert!(welcome["device"].is_string());
    }
    let kept = posted(&stage, &json!({"device": in_hall, "entry": forged}));
    assert_eq!((&kept["entry"]["segment"], &kept["device"]), (&json!("hall"), &Value::Null));
    let (mut socket, welcome) = Raw::join(stage.app.address(), json!({"entry": forged}));
    assert_eq!(welcome["problem"]["code"], "bad_token");
    socket.say(&json!({"t": "vote", "run": run, "id": format!("{:032x}", 4), "picks": [1]}));
    assert_eq!(socket.wait_for("receipt")["is"], "counted");
    // What a client says of itself is not believed, nor read.
    let claim = json!({"run": run, "id": format!("{:032x}", 5), "picks": [1], "entry": 2});
    let claim = stage.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(&stage.device()), &[], &claim);
    assert_eq!(claim.json()["code"], "bad_message");

    // A ticket is of who took it, and may come by a link of its own for one session; it gives no token.
    let ticket = |device: &str| {
        let path = format!("/api/v1/shows/{SHOW}/tickets");
        text(&stage.ask("POST", &path, Some(device), &[], &Value::Null).json()["ticket"]).to_owned()
    };
    let (_, welcome) = Raw::join(stage.app.address(), json!({"ticket": ticket(&in_jury)}));
    assert_eq!((&welcome["entry"]["pool"], &welcome["device"]), (&json!("jury"), &Value::Null));
    let (mut socket, welcome) =
        Raw::join(stage.app.address(), json!({"ticket": ticket(&stage.device()), "entry": hall}));
    assert_eq!((&welcome["entry"]["segment"], &welcome["device"]), (&json!("hall"), &Value::Null));
    socket.say(&json!({"t": "vote", "run": run, "id": format!("{:032x}", 6), "picks": [1]}));
    assert_eq!(socket.wait_for("receipt")["is"], "counted");

    // A restart keeps it, and the links.
    stage.app.kill();
    stage.app.start();
    assert_eq!(codes(&stage), [hall.clone(), jury.clone()]);
    let late = text(&posted(&stage, &json!({"entry": hall}))["device"]).to_owned();
    assert_eq!(vote(&stage, &run, &late, 7)["is"], "counted");
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    stage.does("seal", json!({}));
    stage.does("verify", json!({}));

    // The sums of the three lines, by what their entries name.
    let parts = stage.app.get(&format!("/f/{SHOW}/parts.csv?key={}", stage.key));
    let sums = [
        ("segment", "", [2, 0]),
        ("segment", "hall", [2, 1]),
        ("pool", "", [3, 1]),
        ("pool", "jury", [1, 0]),
        ("platform", "", [3, 1]),
        ("platform", "tv", [1, 0]),
    ];
    let row = |of, name: &str, option, label, votes| {
        let name = if name.is_empty() { String::new() } else { format!("\"{name}\"") };
        format!("\"{of}\",{name},{option},\"{label}\",{votes},\"provisional\",0\r\n")
    };
    let lines = sums.iter().flat_map(|(of, name, [door, window])| {
        [row(of, name, 1, "The door", door), row(of, name, 2, "The window", window)]
    });
    assert_eq!(parts.text(), format!("of,name,option,label,votes,state,carried\r\n{}", lines.collect::<String>()));
    let told = stage.app.get(&format!("/f/{SHOW}/parts.json?key={}", stage.key)).json();
    assert_eq!(
        told[3],
        json!({"of": "segment", "name": "hall", "option": 2, "label": "The window", "votes": 1, "carried": 0, "state": "provisional"})
    );
    let run_path = format!("/api/v1/shows/{SHOW}/runs/{run}/certificate");
    let sheet = stage.ask("GET", &run_path, Some(&stage.staff), &[], &Value::Null).json();
    assert_eq!(sheet["by_part"][1], json!({"of": "segment", "name": "hall", "counted": 3, "votes": [2, 1]}));

    let file = stage.export();
    let verified = || stage.verified(&file);
    assert!(verified().contains("consistent, signer unknown"), "{}", verified());
    let exported = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let manifest = &lines[1]["manifest"];
    let declared = json!([{"segment": "hall"}, {"pool": "jury", "platform": "tv"}]);
    assert_eq!(manifest["definition"]["entries"], declared);
    let by_entry = json!([
        {"entry": 0, "counted": 1, "votes": [1, 0]},
        {"entry": 1, "counted": 3, "votes": [2, 1]},
        {"entry": 2, "counted": 1, "votes": [1, 0]},
    ]);
    assert_eq!(manifest["by_entry"], by_entry);
    let ballots = lines.iter().filter_map(|line| line.get("ballot"));
    let entries: Vec<(u128, u64)> = ballots
        .map(|ballot| {
            let id = u128::from_str_radix(text(&ballot["id"]), 16).unwrap();
            (id, ballot["entry"].as_u64().unwrap_or(0))
        })
        .collect();
    for expected in [(1, 1), (2, 2), (3, 2), (4, 0), (6, 1), (7, 1)] {
        assert!(entries.contains(&expected), "{expected:?} is not among {entries:?}");
    }
    let of_the_jury = ",\"entry\":2,\"picks\"";
    assert!(exported.contains(of_the_jury));
    std::fs::write(&file, exported.replace(of_the_jury, ",\"picks\"")).unwrap();
    assert!(verified().contains("by entry: the manifest says"), "{}", verified());
}

#[test]
fn producers_get_the_links_and_nobody_else_does() {
    let stage = Stage::start(&[]);
    let codes = codes(&stage);
    let path = format!("/api/v1/shows/{SHOW}/entries");
    let listed = stage.ask("GET", &path, Some(&stage.staff), &[], &Value::Null).json();
    let url = |code: &String| stage.app.url(&format!("/s/{SHOW}#e={code}"));
    let expected = json!([
        {"number": 1, "segment": "hall", "url": url(&codes[0])},
        {"number": 2, "pool": "jury", "platform": "tv", "url": url(&codes[1])},
    ]);
    assert_eq!(listed["entries"], expected);
    for bearer in [None, Some(stage.device()), Some(stage.key.clone())] {
        assert_eq!(stage.ask("GET", &path, bearer.as_deref(), &[], &Value::Null).status, 401);
    }
    // An operator is staff, and not a producer.
    let mut link = stage.app.program();
    link.args(["link", SHOW, "--role", "operator", "--name", "Op", "--data"]).arg(stage.app.data());
    let printed = String::from_utf8(link.output().unwrap().stdout).unwrap();
    assert!(printed.starts_with(&stage.app.url(&format!("/studio/{SHOW}#"))), "{printed}");
    let body = json!({"code": printed.trim().split_once('#').unwrap().1});
    let entered = stage.ask("POST", "/api/v1/staff/enter", None, &[], &body).json();
    assert_eq!(stage.ask("GET", &path, Some(text(&entered["staff"])), &[], &Value::Null).status, 403);
}

#[test]
fn an_entry_that_the_show_takes_back_lets_nobody_in_by_it() {
    let mut stage = Stage::start(&[]);
    let [hall, _] = &*codes(&stage) else { panic!("two links are printed") };
    let device = text(&posted(&stage, &json!({"entry": hall}))["device"]).to_owned();
    let file = std::fs::read_to_string("tests/it/doors/show.toml").unwrap().replace("\"hall\"", "\"garden\"");
    let path = format!("/api/v1/shows/{SHOW}/file");
    let headers = [("content-type", "application/toml"), ("authorization", &*format!("Bearer {}", stage.staff))];
    let replaced = crate::support::http::request(stage.app.address(), "PUT", &path, &headers, file.as_bytes());
    assert_eq!(replaced.status, 204, "{}", replaced.text());
    assert_eq!(posted(&stage, &json!({"entry": hall}))["problem"]["code"], "bad_token");
    // Who came by it votes on, and counts as anybody does.
    let run = stage.open();
    assert_eq!(vote(&stage, &run, &device, 1)["is"], "counted");
    assert_eq!(posted(&stage, &json!({"device": device}))["entry"], Value::Null);
    let listed = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/entries"), Some(&stage.staff), &[], &Value::Null);
    let numbers: Vec<_> =
        listed.json()["entries"].as_array().unwrap().iter().map(|one| one["number"].clone()).collect();
    assert_eq!(numbers, [2, 3]);
}
