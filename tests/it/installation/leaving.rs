//! A node leaves, as it should and for good without a word.

use serde_json::json;
use tallylight::base::limits::HELD_MAX;

use super::{
    ledger::Ledger,
    stage::{A, B, Stage},
};
use crate::support::{SOON, until};

#[test]
fn a_node_is_drained_and_nothing_is_left_on_it() {
    let ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let votes = stage.part(3);
    let status = stage.fidgets_until(votes, |mut scene| {
        let status = scene.nodes[A].stop();
        scene.heals();
        status
    });
    assert!(status.success(), "{status}");
    let log = stage.producers[B].log();
    assert_eq!(log.iter().filter(|entry| entry["what"] == "left").count(), 1, "it has left the roster");
    stage.close();
    let book = audience.finish();
    // Nobody is waited for, and nothing is outstanding.
    stage.producers[B].does("seal", json!({}));
    stage.verify_and_reveal();
    stage.compare("a node is drained", &book, 0);
}

#[test]
fn a_node_that_is_gone_for_good_is_in_the_gap() {
    let ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let votes = stage.part(3);
    stage.fidgets_until(votes, |mut scene| {
        scene.nodes[A].kill();
        scene.heals();
    });
    stage.close();
    let book = audience.finish();
    stage.producers[B].does("seal", json!({}));
    // Nobody knows what it holds: the gap is all that it may hold.
    let sealed =
        stage.producers[B].log().iter().find(|entry| entry["what"] == "sealed").cloned().expect("it is sealed");
    assert!(
        sealed["note"].as_str().is_some_and(|note| note.contains(&format!("at most {HELD_MAX} not decided"))),
        "{sealed}"
    );
    stage.verify_and_reveal();
    let note = stage.verified();
    assert!(note.contains("the ledger is the only witness"), "{note}");
    // What is here does not prove the result, and says so.
    let exported = stage.export(&[stage.nodes[B].data()]);
    assert_eq!(exported.status.code(), Some(2), "{exported:?}");
    let verified = stage.verify();
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.code() == Some(1) && said.contains("NOT verified"), "{verified:?}");
    assert!(said.contains(" is not here: its ") && said.contains("with the data directories of all nodes"), "{said}");
    // The lost one is found again. It started too late to change anything, and learns what became of its ballots.
    stage.nodes[A].start();
    until("the recount of both directories agrees", SOON, || {
        let data = [A, B].map(|node| stage.nodes[node].data());
        (stage.export(&data).status.success() && stage.verify().status.success()).then_some(())
    });
    stage.compare("a node is gone for good", &book, HELD_MAX);
    until("it shows the same result", SOON, || {
        (stage.live(A)["results"]["options"] == stage.live(B)["results"]["options"]).then_some(())
    });
}
