//! Votes of a round that count on in the next one, over two nodes: counted at both, sealed at one, carried on by both, there after
//! Redis and a node were killed, and recounted at the other.

use serde_json::{Value, json};

use super::{
    corrections::{ask, does, results, vote},
    stage::{Node, Stage},
};
use crate::support::{SOON, until};

/// Takes a cue and opens it, and waits until both nodes have it so.
pub fn opened(a: &mut Node, b: &Node, cue: &str) -> Value {
    a.does("standby", json!({ "cue": cue }));
    a.does("take", json!({}));
    a.does("open", json!({ "seconds": 0 }));
    let run = a.show()["run"]["id"].clone();
    until("the run is open on both", SOON, || {
        let is_open = |node: &Node| node.show()["run"]["phase"] == "open" && node.show()["run"]["id"] == run;
        (is_open(a) && is_open(b)).then_some(())
    });
    run
}

fn locked(a: &mut Node) {
    a.does("close", json!({}));
    until("the run is locked", SOON, || (a.show()["run"]["phase"] == "locked").then_some(()));
}

fn seen(node: &Node, votes: [u64; 2]) {
    until(&format!("{votes:?} are seen"), SOON, || {
        let results = results(node);
        let is = |option: usize| results["options"][option]["votes"] == votes[option];
        (is(0) && is(1) && results["carried"] == true).then_some(())
    });
}

#[test]
fn what_was_counted_by_both_nodes_counts_on_in_the_final_of_both() {
    let mut stage = Stage::new();
    let options = "options = [\"this\", \"that\"]\n";
    let carries = "carry_from = \"1\"\ncarry_options = [2, 1]\nviewers_see = \"always\"\n";
    stage.edit_show(options, &format!("{options}{carries}"));
    let (mut a, mut b) = stage.two();
    let adjudicator = b.enter(2).expect("a link is good once");
    a.takes_over();
    let first = opened(&mut a, &b, "1");
    for (node, pick) in [(&a, 1), (&b, 2), (&b, 2)] {
        vote(node, None, &first, pick);
    }
    locked(&mut a);
    assert_eq!(a.asks("standby", json!({ "cue": "2" }))["code"], "not_now", "nothing is verified");
    a.does("seal", json!({}));
    a.does("verify", json!({}));

    let last = opened(&mut a, &b, "2");
    seen(&a, [2, 1]);
    seen(&b, [2, 1]);
    for node in [&a, &b, &b] {
        vote(node, None, &last, 2);
    }
    stage.redis.kill();
    b.app.kill();
    stage.redis.restart();
    b.app.start();
    seen(&a, [2, 4]);
    seen(&b, [2, 4]);
    locked(&mut a);
    a.does("seal", json!({}));
    does(&b, &adjudicator, "verify", json!({}));
    for node in [&a, &b] {
        let path = format!("runs/{}/certificate", last.as_str().unwrap());
        let sheet = until("the manifest is here", SOON, || {
            let sheet = ask(node, &adjudicator, "GET", &path, &Value::Null);
            (sheet["revision"] == 1).then_some(sheet)
        });
        let votes = [0, 1].map(|option| sheet["options"][option]["votes"].clone());
        assert_eq!(
            (votes, &sheet["carried"]["votes"], &sheet["counted"]),
            ([json!(2), json!(4)], &json!([2, 1]), &json!(3))
        );
        assert_eq!(sheet["carried"]["run"], first);
    }
}
