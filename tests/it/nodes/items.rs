//! What the audience writes on several nodes: two moderators decide every item exactly once, claims end with their node,
//! what was told stays so whatever Redis loses, and what is pulled on one node is off the screens of all.

use std::{fs, path::Path, process::Output, thread};

use serde_json::{Value, json};

use super::{
    stage::{Node, SHOW},
    writers::{
        act, act_as, airs, does, item, items, mine, on_screen, opens, questions, queue, same_queue, say, seen, stage,
        upvote, viewer,
    },
};
use crate::support::{SOON, until};

const MANY: u32 = 400;

/// Checks an export.
fn verify(node: &Node, file: &Path) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = node.app.program().arg("verify").arg(file).output().unwrap();
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

/// Decides all of these, one after the other; gives those that it was told are decided.
fn decides(node: &Node, all: &[Value], verb: &str) -> Vec<Value> {
    let mut done = Vec::new();
    for one in all {
        let answer = act(node, verb, json!({ "items": [one], "reason": (verb == "reject").then_some("other") }));
        match answer["ok"] == true {
            true => done.push(one["id"].clone()),
            false => assert_eq!(answer["code"], "stale", "{answer}"),
        }
    }
    done
}

#[test]
fn two_moderators_on_two_nodes_decide_every_item_exactly_once() {
    let stage = stage();
    let (mut a, b) = stage.two();
    let run = opens(&mut a, "1", &[&b]);
    questions(&[&a, &b], &run, MANY);
    let all: Vec<_> = items(&a).iter().map(seen).collect();
    let done = thread::scope(|scope| {
        let other = scope.spawn(|| decides(&b, &all, "reject"));
        [decides(&a, &all, "approve"), other.join().unwrap()]
    });
    assert_eq!(done[0].len() + done[1].len(), MANY as usize, "each exactly once");
    assert!(done.iter().all(|done| !done.is_empty()), "both had their share: {:?}", done.each_ref().map(Vec::len));
    let queue = same_queue(&a, &b);
    let state =
        |id: &Value| &queue["items"].as_array().unwrap().iter().find(|item| item["id"] == *id).unwrap()["state"];
    for (done, became) in done.iter().zip(["approved", "rejected"]) {
        assert!(done.iter().all(|id| state(id) == became), "what was told is so");
    }
    until("every decision is in the log of both, once", SOON, || {
        let told = |node: &Node| (node.did("approve").len(), node.did("reject").len());
        (told(&a) == (done[0].len(), done[1].len()) && told(&a) == told(&b)).then_some(())
    });
}

#[test]
fn claims_of_a_killed_node_end_and_the_other_moderator_decides_the_rest() {
    let stage = stage();
    let (mut a, mut b) = stage.two();
    let run = opens(&mut a, "1", &[&b]);
    questions(&[&a, &b], &run, 12);
    let all = items(&a);
    does(&a, "claim", json!({ "items": all[..8].iter().map(|item| &item["id"]).collect::<Vec<_>>() }));
    does(&a, "approve", json!({ "items": [seen(&all[0]), seen(&all[1])] }));
    until("the other node knows of decisions and claims", SOON, || {
        let queue = queue(&b);
        (queue["counts"]["approved"] == 2 && queue["claims"].as_array().unwrap().len() == 6).then_some(())
    });
    let refused = act(&b, "reject", json!({ "items": [seen(&all[2])], "reason": "other" }));
    assert_eq!((&refused["code"], &refused["detail"]), (&json!("stale"), &json!("Moderator is deciding about it")));
    a.app.kill();
    let rest: Vec<_> = all[2..].iter().map(seen).collect();
    until("they are free within the lease", SOON * 2, || {
        let done = act(&b, "reject", json!({ "items": rest, "reason": "other" }));
        (queue(&b)["counts"]["waiting"] == 0).then_some(done)
    });
    let twice = act(&b, "reject", json!({ "items": [seen(&all[0])], "reason": "other" }));
    assert_eq!(twice["code"], "stale", "{twice}");
    assert_eq!(queue(&b)["counts"]["approved"], 2, "what was told before it died stands");
    a.app.start();
    let queue = same_queue(&b, &a);
    assert_eq!((&queue["counts"]["approved"], &queue["counts"]["rejected"]), (&json!(2), &json!(10)));
    // And the other way round, from its own disk alone: its mate is gone, and Redis forgets all.
    b.app.kill();
    stage.redis.tell(&["FLUSHALL"]);
    until("it is told again", SOON, || {
        let done = act(
            &a,
            "reject",
            json!({ "items": [seen(&item(&a, all[0]["text"].as_str().unwrap()))], "reason": "rude" }),
        );
        (done["ok"] == true).then_some(())
    });
    b.app.start();
    let queue = same_queue(&a, &b);
    assert_eq!((&queue["counts"]["approved"], &queue["counts"]["rejected"]), (&json!(1), &json!(11)));
}

#[test]
fn bans_pauses_upvotes_and_pulls_hold_on_all_nodes() {
    let stage = stage();
    let (mut a, b) = stage.two();
    let run = opens(&mut a, "1", &[&b]);
    let (writer, rude) = (viewer(&a), viewer(&b));
    assert_eq!(say(&a, &writer, &run, 1, "Who wrote it?")["is"], "waiting");
    assert_eq!(
        say(&b, &writer, &run, 1, "Who wrote it?")["is"],
        "waiting",
        "the same id on the other node is the same"
    );
    assert_eq!(say(&b, &rude, &run, 2, "Boo to all of you")["is"], "waiting");
    until("both are known", SOON, || (queue(&a)["counts"]["waiting"] == 2).then_some(()));

    let air = airs([&a, &b], "Who wrote it?");
    assert_eq!(air["hash"], item(&b, "Who wrote it?")["hash"]);
    for (node, device) in [(&a, &writer), (&b, &writer), (&b, &rude)] {
        assert_eq!(upvote(node, device, &air["id"])["ok"], true);
    }
    for node in [&a, &b] {
        until("an upvote counts once", SOON, || (item(node, "Who wrote it?")["upvotes"] == 2).then_some(()));
    }

    does(&a, "ban", json!({ "item": item(&a, "Boo to all of you")["id"] }));
    until("it holds there, too", SOON, || (say(&b, &rude, &run, 3, "Boo again")["reason"] == "banned").then_some(()));
    does(&b, "pause", json!({}));
    until("it holds here, too", SOON, || (say(&a, &viewer(&a), &run, 4, "Hello?")["reason"] == "paused").then_some(()));
    does(&a, "resume", json!({}));
    assert_eq!(say(&b, &viewer(&b), &run, 5, "see https://evil.example")["reason"], "link");
    until("moderators everywhere learn how often", SOON, || (queue(&a)["refused"]["link"] == 1).then_some(()));

    does(&a, "pull", json!({ "items": [air["id"]] }));
    assert_eq!(on_screen(&a), Value::Null, "at once");
    until("it is off the screens of the other node", SOON, || on_screen(&b).is_null().then_some(()));
    assert_eq!(same_queue(&a, &b)["counts"]["hidden"], 1);
    // Every node tells a voter all that is kept, whichever took it.
    assert_eq!(mine(&a, &rude)["items"][0]["text"], "Boo to all of you");
    assert_eq!(
        (mine(&a, &rude)["banned"].clone(), mine(&b, &writer)["upvoted"].clone()),
        (json!(true), json!([air["id"]]))
    );

    // The export has it where it is asked for, and anybody makes the same numbers of it.
    let file = a.app.data().join("export.jsonl");
    let export = |items: bool| {
        let mut export = a.app.program();
        export.args(["export", SHOW, "--secret-file"]).arg(stage.secret()).arg("--out").arg(&file);
        export.arg("--data").arg(a.app.data()).arg("--data").arg(b.app.data()).args(items.then_some("--items"));
        export.output().unwrap()
    };
    assert_eq!(export(false).status.code(), Some(1), "there is no sealed run");
    let done = export(true);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let (code, said) = verify(&a, &file);
    assert_eq!(code, Some(2), "nobody pinned a key: {said}");
    assert!(
        said.contains("ITEMS (rehearsal): 0 waiting, 0 approved, 1 rejected, 1 hidden, 0 picked, 0 used"),
        "{said}"
    );
    let text = fs::read_to_string(&file).unwrap();
    let is_ban = |line: &&str| line.contains("\"verb\":\"ban\"");
    let without_ban: Vec<_> = text.lines().filter(|line| !is_ban(line)).collect();
    for changed in [text.replace("Who wrote it?", "Who stole it?"), without_ban.join("\n")] {
        assert_ne!(changed, text);
        fs::write(&file, changed).unwrap();
        let (code, said) = verify(&a, &file);
        assert!(code == Some(1) && said.contains("WRONG"), "{said}");
    }
}

#[test]
fn without_redis_nothing_is_decided_but_what_is_pulled_and_all_of_it_is_so_later() {
    let mut stage = stage();
    let (mut a, mut b) = stage.two();
    let run = opens(&mut a, "1", &[&b]);
    questions(&[&a, &b], &run, 4);
    let air = airs([&a, &b], "Question number 0");
    let device = viewer(&a);
    stage.redis.kill();

    let said = say(&a, &device, &run, 100, "Is anybody there?");
    assert_eq!((&said["is"], said["retry_ms"].is_u64()), (&json!("unknown"), true), "{said}");
    let one = item(&a, "Question number 1");
    let refused = act(&a, "approve", json!({ "items": [seen(&one)] }));
    assert_eq!((&refused["code"], item(&a, "Question number 1")["state"].clone()), (&json!("busy"), json!("waiting")));
    let pulled = act(&a, "pull", json!({ "items": [air["id"]] }));
    assert_eq!(pulled["ok"], true, "{pulled}");
    assert!(pulled["detail"].as_str().unwrap().contains("the other nodes follow"), "{pulled}");
    assert_eq!(on_screen(&a), Value::Null);
    assert_eq!(on_screen(&b)["id"], air["id"], "it cannot know");
    // Not even a start without Redis brings it back.
    until("it is noted on disk", SOON, || {
        let stored = rusqlite::Connection::open(a.app.data().join("documents.db")).unwrap();
        let count = "SELECT count(*) FROM notes WHERE name LIKE 'pulled_items.%' AND text LIKE '%pull%'";
        stored.query_row(count, [], |row| row.get::<_, u32>(0)).is_ok_and(|count| count == 1).then_some(())
    });
    a.app.kill();
    a.app.start();
    until("it serves what it knows", SOON, || (a.show()["run"]["id"] == run.as_str()).then_some(()));
    assert_eq!(on_screen(&a), Value::Null);

    stage.redis.restart();
    until("it is off the screens of the other node", SOON, || on_screen(&b).is_null().then_some(()));
    until("what was kept on the device is taken", SOON, || {
        (say(&a, &device, &run, 100, "Is anybody there?")["is"] == "waiting").then_some(())
    });
    until("decisions go on", SOON, || {
        (act(&b, "approve", json!({ "items": [seen(&one)] }))["ok"] == true).then_some(())
    });
    let queue = same_queue(&a, &b);
    assert_eq!(
        [&queue["counts"]["waiting"], &queue["counts"]["approved"], &queue["counts"]["hidden"]],
        [&json!(3), &json!(1), &json!(1)]
    );
    for node in [&a, &b] {
        let entries = until("the log says so", SOON, || Some(node.did("pull")).filter(|entries| entries.len() == 2));
        assert!(entries.iter().any(|entry| entry["note"].as_str().unwrap().contains("the others follow")));
    }

    // Whatever Redis forgets, and whoever decides in that moment: nothing that was told is another thing now.
    let before = queue;
    stage.redis.tell(&["FLUSHALL"]);
    let late = act_as(&b, &b.token, "reject", json!({ "items": [seen(&one)], "reason": "other" }));
    assert_eq!((late["ok"].clone(), late["code"].clone()), (json!(false), json!("stale")), "{late}");
    assert_eq!(same_queue(&a, &b), before);
    b.app.kill();
    b.app.start();
    assert_eq!(same_queue(&a, &b), before);
}

#[test]
fn of_two_histories_the_first_decision_stands_and_what_was_hidden_stays_hidden() {
    let stage = stage();
    let (mut a, mut b) = stage.two();
    let run = opens(&mut a, "1", &[&b]);
    questions(&[&a, &b], &run, 3);
    let air = airs([&a, &b], "Question number 0");
    let [one, other] = ["Question number 1", "Question number 2"].map(|text| seen(&item(&a, text)));
    let before = same_queue(&a, &b);
    b.app.kill();
    does(&a, "approve", json!({ "items": [one] }));
    does(&a, "approve", json!({ "items": [other] }));
    does(&a, "hide", json!({ "items": [seen(&item(&a, "Question number 0"))] }));
    a.app.kill();
    // What the first one did is on its disk alone.
    stage.redis.tell(&["FLUSHALL"]);
    b.app.start();
    until("what the second one has is there again", SOON, || (queue(&b)["counts"] == before["counts"]).then_some(()));
    until("it decides", SOON, || {
        (act(&b, "reject", json!({ "items": [one], "reason": "other" }))["ok"] == true).then_some(())
    });
    until("it has what is on the screens, too", SOON, || (on_screen(&b)["id"] == air["id"]).then_some(()));
    a.app.start();
    until("what was hidden is off its screens", SOON, || on_screen(&b).is_null().then_some(()));
    let queue = same_queue(&a, &b);
    let state = |text: &str| item(&b, text)["state"].clone();
    assert_eq!(state("Question number 0"), "hidden");
    assert_eq!((state("Question number 1"), state("Question number 2")), (json!("rejected"), json!("approved")));
    // The same order on its disk: a start alone comes to the same.
    stage.redis.tell(&["FLUSHALL"]);
    b.app.kill();
    a.app.kill();
    a.app.start();
    until("its disk has that order", SOON, || (super::writers::queue(&a)["items"] == queue["items"]).then_some(()));
}
