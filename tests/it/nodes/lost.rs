//! What a node that dies takes with it. Its directory is lost for good: nobody waits for it any more, what may be lost
//! stays in the seals, and if it comes back after all nothing is hidden. Its last verdicts were not written down: the
//! export has them from the ledger.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::{Value, json};
use tallylight::{ballots::record, base::limits::HELD_MAX};

use super::stage::{Node, SHOW, Stage, agree};
use crate::{
    books::papers,
    support::{SOON, http, until},
};

fn opens(node: &mut Node, cue: &str) {
    node.takes_over();
    node.does("standby", json!({ "cue": cue }));
    node.does("take", json!({}));
    node.does("open", json!({ "seconds": 0 }));
}

/// Closes the window and waits until nothing more is taken.
fn closes(node: &mut Node) {
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
    let lost = fs::read_to_string(a.app.data().join("node.id")).unwrap().trim().to_owned();
    let write_off = json!({ "node": lost, "reason": "its disk is gone" });
    opens(&mut b, "1");
    closes(&mut b);

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
    opens(&mut b, "2");
    closes(&mut b);
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

/// A new voter's ballot, counted on this node.
fn votes(node: &Node, run: &str, pick: u16) {
    let address = node.app.address();
    let welcome = http::post(address, &format!("/api/v1/shows/{SHOW}/join"), &json!({})).json();
    let token = format!("Bearer {}", welcome["device"].as_str().unwrap());
    let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
    let ballot = json!({ "run": run, "id": format!("{:032x}", fastrand::u128(..)), "picks": [pick] }).to_string();
    until("a ballot is counted", SOON, || {
        let path = format!("/api/v1/shows/{SHOW}/ballots");
        let receipt = http::request(address, "POST", &path, &headers, ballot.as_bytes()).json();
        (receipt["is"] == "counted").then_some(())
    });
}

/// The only segment of a data directory, and where in it the verdicts begin.
fn verdicts(data: &Path) -> (PathBuf, Vec<u8>, Vec<usize>) {
    let mut folder = fs::read_dir(data.join("journals")).unwrap().map(|entry| entry.unwrap().path());
    let segment = folder.find(|path| path.extension().is_some_and(|end| end == "segment")).unwrap();
    let bytes = fs::read(&segment).unwrap();
    let records = (96..bytes.len() - 44).step_by(8).filter(|at| bytes[*at..].starts_with(b"TLr1"));
    let verdicts = records.filter(|at| bytes[*at + 42] == record::VERDICT).collect();
    (segment, bytes, verdicts)
}

/// Takes the last record, a verdict, out of the journal, as if the node had been killed before it was written.
fn forget_the_last_verdict(data: &Path) {
    let (segment, mut bytes, verdicts) = verdicts(data);
    bytes[verdicts[verdicts.len() - 1]..].fill(0);
    fs::write(segment, bytes).unwrap();
}

/// An export and its check.
struct Export<'a> {
    stage: &'a Stage,
    node: &'a Node,
    file: PathBuf,
}

impl Export<'_> {
    /// Status and words of an export of these directories, and of its check.
    fn of(&self, nodes: &[&Node], redis: bool) -> [(Option<i32>, String); 2] {
        let mut command = self.node.app.program();
        command.args(["export", SHOW, "--secret-file"]).arg(self.stage.secret()).arg("--out").arg(&self.file);
        for node in nodes {
            command.arg("--data").arg(node.app.data());
        }
        if redis {
            command.arg("--redis").arg(self.stage.redis.url());
        }
        let key = papers::key(&self.node.app);
        let said = |output: Output| {
            let words = [output.stdout, output.stderr].concat();
            (output.status.code(), String::from_utf8(words).unwrap())
        };
        [said(command.output().unwrap()), said(papers::verify(&self.node.app, &self.file, &key))]
    }
}

#[test]
fn a_node_that_comes_back_after_the_seal_witnesses_what_it_learns_then() {
    let stage = Stage::new();
    let (mut a, mut b) = stage.two();
    opens(&mut b, "1");
    until("both know it", SOON, || (a.show()["run"]["phase"] == "open").then_some(()));
    let run = b.show()["run"]["id"].as_str().unwrap().to_owned();
    votes(&a, &run, 1);
    until("its verdict is on disk", SOON, || (verdicts(a.app.data()).2.len() == 1).then_some(()));
    a.app.kill();
    forget_the_last_verdict(a.app.data());
    closes(&mut b);
    b.does("seal", json!({}));
    a.app.start();
    until("it has the seal", SOON, || (a.show()["run"]["phase"] == "sealed").then_some(()));
    b.does("verify", json!({}));
}

#[test]
fn an_export_has_from_the_ledger_what_no_directory_has() {
    let stage = Stage::new();
    let (mut a, mut b) = stage.two();
    opens(&mut b, "1");
    until("both know it", SOON, || (a.show()["run"]["phase"] == "open").then_some(()));
    let run = b.show()["run"]["id"].as_str().unwrap().to_owned();
    for pick in [1, 2, 1] {
        votes(&a, &run, pick);
        votes(&b, &run, pick);
    }
    until("all verdicts are on disk", SOON, || (verdicts(a.app.data()).2.len() == 3).then_some(()));
    a.app.kill();
    forget_the_last_verdict(a.app.data());
    closes(&mut b);
    b.does("seal", json!({}));
    b.does("verify", json!({}));

    let export = Export { stage: &stage, node: &b, file: a.app.data().join("export.jsonl") };
    let both = [&a, &b];
    let [(written, said), (verified, found)] = export.of(&both, false);
    assert!(written == Some(2) && said.contains("1 ballots of run") && said.contains("give --redis"), "{said}");
    assert!(verified == Some(1) && found.contains("has no verdict"), "{found}");
    let [(written, said), (verified, found)] = export.of(&both, true);
    assert_eq!(written, Some(0), "{said}");
    assert!(verified == Some(0) && found.contains("1 ballots have their verdict from the ledger alone"), "{found}");

    // Without the directory at all: what was counted there is in the file as the ledger has it, and the seal proves it.
    let [(written, said), (verified, found)] = export.of(&[&b], false);
    assert!(written == Some(2) && said.contains("with 3 counted ballots") && said.contains("has 0 of them"), "{said}");
    assert!(said.contains("which is on the show's roster, is not here"), "{said}");
    assert!(verified == Some(1) && found.contains("MISSING  journal"), "{found}");
    let [(written, said), (verified, found)] = export.of(&[&b], true);
    assert!(written == Some(2) && said.contains("has 3 of them from the ledger"), "{said}");
    assert!(
        verified == Some(0) && found.contains("of its 3 counted ballots the ledger is the only witness"),
        "{found}"
    );
}
