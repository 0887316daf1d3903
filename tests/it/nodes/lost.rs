//! A data directory that is lost for good: nobody waits for it any more, what may be lost with it stays in the seals, and
//! if it comes back after all nothing is hidden.

use serde_json::{Value, json};
use tallylight::base::limits::HELD_MAX;

use super::stage::{Node, SHOW, Stage, agree};
use crate::support::{SOON, until};

/// Opens a cue's window and waits until nothing more is taken.
fn opens_and_closes(node: &mut Node, cue: &str) {
    node.takes_over();
    node.does("standby", json!({ "cue": cue }));
    node.does("take", json!({}));
    node.does("open", json!({ "seconds": 0 }));
    node.does("close", json!({}));
    until("the run is locked", SOON, || (node.show()["run"]["phase"] == "locked").then_some(()));
}

/// The manifest of the last run, as it is signed.
fn sealed(node: &mut Node) -> Value {
    node.does("seal", json!({}));
    let run = node.show()["run"]["id"].as_str().expect("it is on program").to_owned();
    let stored = rusqlite::Connection::open(node.app.data().join("documents.db")).unwrap();
    let text: String = stored
        .query_row("SELECT json FROM manifests WHERE show = ?1 AND run = ?2", [SHOW, &run], |row| row.get(0))
        .unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["manifest"].take()
}

#[test]
fn a_directory_that_is_lost_for_good_is_written_off() {
    let stage = Stage::new();
    let (mut a, mut b) = stage.two();
    let lost = std::fs::read_to_string(a.app.data().join("node.id")).unwrap().trim().to_owned();
    let write_off = json!({ "node": lost, "reason": "its disk is gone" });
    opens_and_closes(&mut b, "1");

    b.does("arm", json!({ "what": "write_off" }));
    let refused = b.asks("write_off", write_off.clone());
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("not_now")), "it is there: {refused}");
    a.app.kill();
    until("it is written off", SOON, || {
        // Armed for 5 s; sooner than a second after the last time it is a double press.
        b.asks("arm", json!({ "what": "write_off" }));
        (b.asks("write_off", write_off.clone())["ok"] == true).then_some(())
    });
    assert_eq!(b.document()["roster"].as_array().unwrap().len(), 1);
    let note = b.did("write_off")[0]["note"].as_str().unwrap().to_owned();
    assert!(note.contains(&lost) && note.contains("its disk is gone"), "{note}");

    // The run that was open while it was there says what may be missing; the next one has nothing to wait for.
    let manifest = sealed(&mut b);
    assert_eq!((&manifest["outstanding"], &manifest["written_off"][0]["node"]), (&json!(HELD_MAX), &json!(lost)));
    let note = b.did("sealed")[0]["note"].as_str().unwrap().to_owned();
    assert!(note.contains("written off") && note.contains(&HELD_MAX.to_string()), "{note}");
    opens_and_closes(&mut b, "2");
    let manifest = sealed(&mut b);
    assert_eq!((&manifest["outstanding"], &manifest["written_off"]), (&json!(0), &Value::Null));

    // It was found after all.
    a.app.start();
    until("it is on the roster again", SOON, || (b.document()["roster"].as_array().unwrap().len() == 2).then_some(()));
    let entered = b.did("entered");
    let again = entered.iter().filter(|entry| entry["note"].as_str().unwrap().contains("had been written off"));
    assert_eq!(again.count(), 1, "{entered:?}");
    assert!(b.document()["written_off"][0]["returned_at"].is_u64(), "that it was written off stays written");
    agree(&a, &b);
}
