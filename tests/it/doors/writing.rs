//! What the audience writes, from the phone to the screens: what is taken, what moderators do together, what a screen
//! gets, and what is there after a node was killed.

use serde_json::{Value, json};

use super::{
    operators::token,
    stage::{SHOW, Stage, until},
};
use crate::support::websocket::Client;

const SHOW_FILE: &str = "tests/it/doors/writing.show.toml";

fn items(stage: &Stage, staff: &str) -> Value {
    stage.ask("GET", &format!("/api/v1/shows/{SHOW}/moderation"), Some(staff), &[], &json!(null)).json()
}

fn say(stage: &Stage, device: &str, run: &str, id: u8, text: &str) -> Value {
    let body = json!({"run": run, "id": format!("{id:032x}"), "text": text});
    stage.ask("POST", &format!("/api/v1/shows/{SHOW}/items"), Some(device), &[], &body).json()
}

fn mine(stage: &Stage, device: &str) -> Value {
    stage.ask("GET", &format!("/api/v1/shows/{SHOW}/items/mine"), Some(device), &[], &json!(null)).json()["said"]
        .clone()
}

/// Does something with items, by POST; ids are made here.
fn act(stage: &Stage, staff: &str, verb: &str, mut arguments: Value) -> Value {
    arguments["id"] = format!("{:x}", fastrand::u64(..)).into();
    arguments["do"] = verb.into();
    stage.ask("POST", &format!("/api/v1/shows/{SHOW}/moderation"), Some(staff), &[], &arguments).json()
}

fn does(stage: &Stage, staff: &str, verb: &str, arguments: Value) {
    let done = act(stage, staff, verb, arguments);
    assert_eq!(done["ok"], true, "{verb}: {done}");
}

fn seen(item: &Value) -> Value {
    json!({"id": item["id"], "v": item["v"]})
}

/// The item with this text, as a moderator sees it.
fn item(stage: &Stage, staff: &str, text: &str) -> Value {
    let items = items(stage, staff);
    let found = items["items"].as_array().unwrap().iter().find(|item| item["text"] == text);
    found.unwrap_or_else(|| panic!("no {text:?} in {items}")).clone()
}

/// What is on the screens.
fn on_screen(stage: &Stage) -> Value {
    stage.live(Some(&stage.key))["show"]["item"].clone()
}

#[test]
fn from_the_phone_to_the_screens_and_off_them() {
    let mut stage = Stage::of(SHOW_FILE, &[]).enter();
    let moderator = token(&stage, "moderator");
    let (device, other) = (stage.device(), stage.device());
    let run = stage.open();
    let view = &stage.live(None)["show"]["run"];
    assert_eq!(
        (&view["kind"], &view["writing"]["upvotes"], &view["options"]),
        (&json!("questions"), &json!(true), &json!([]))
    );
    assert_eq!(say(&stage, &device, &run, 1, "Who wrote it?")["is"], "waiting");
    assert_eq!(say(&stage, &device, &run, 1, "Who wrote it?")["is"], "waiting");
    let refused = say(&stage, &device, &run, 2, "I like broccoli");
    assert_eq!((&refused["is"], &refused["reason"]), (&json!("refused"), &json!("words")));
    assert!(!refused["detail"].as_str().unwrap().is_empty(), "said in words: {refused}");

    // Nobody but a moderator sees it, and no role does what is not its own.
    assert_eq!(items(&stage, &moderator)["counts"]["waiting"], 1);
    let refused = [&moderator, &stage.staff].map(|staff| items(&stage, staff)["refused"].clone());
    assert_eq!(refused, [json!({"words": 1}), json!(null)], "moderators learn how often, and nobody what");
    assert_eq!(items(&stage, &stage.staff)["items"], json!([]));
    assert_eq!(stage.live(None)["asked"], json!(null));
    let question = item(&stage, &moderator, "Who wrote it?");
    let list = json!({"items": [seen(&question)]});
    assert_eq!(act(&stage, &moderator, "pick", list.clone())["code"], "forbidden");
    assert_eq!(act(&stage, &token(&stage, "adjudicator"), "approve", list.clone())["code"], "forbidden");
    let command = json!({"id": "x", "do": "take"});
    let path = format!("/api/v1/shows/{SHOW}/commands");
    assert_eq!(stage.ask("POST", &path, Some(&moderator), &[], &command).json()["code"], "forbidden");

    does(&stage, &moderator, "edit", json!({"item": seen(&question), "text": "Who wrote the song?"}));
    let question = item(&stage, &stage.staff, "Who wrote the song?");
    assert_eq!((&question["state"], &question["sent"]), (&json!("approved"), &json!("Who wrote it?")));
    assert_eq!(mine(&stage, &device)[0]["is"], "approved");
    let asked = until("viewers see it", || stage.live(None)["asked"]["questions"].get(0).cloned());
    assert_eq!((&asked["text"], &asked["upvotes"]), (&json!("Who wrote the song?"), &json!(0)));
    for (voter, count) in [(&device, 1), (&device, 1), (&other, 2)] {
        let path = format!("/api/v1/shows/{SHOW}/upvotes");
        let upvoted = stage.ask("POST", &path, Some(voter), &[], &json!({"item": asked["id"]})).json();
        assert_eq!(upvoted["ok"], true, "{upvoted}");
        until("it is counted once", || (stage.live(None)["asked"]["questions"][0]["upvotes"] == count).then_some(()));
    }

    // Picked is not on air; used is.
    does(&stage, &stage.staff, "pick", json!({"items": [seen(&question)]}));
    assert_eq!(on_screen(&stage), json!(null));
    let picked = item(&stage, &stage.staff, "Who wrote the song?");
    does(&stage, &stage.staff, "use", json!({"item": seen(&picked)}));
    let air = until("screens have it", || Some(on_screen(&stage)).filter(|item| !item.is_null()));
    assert_eq!((&air["text"], &air["hash"]), (&json!("Who wrote the song?"), &question["hash"]));
    assert_eq!(mine(&stage, &device)[0]["is"], "shown");
    does(&stage, &moderator, "pull", json!({"items": [question["id"]]}));
    assert_eq!((on_screen(&stage), &stage.live(None)["asked"]["questions"]), (json!(null), &json!([])));
    let told = mine(&stage, &device);
    assert_eq!((&told[0]["is"], &told[0]["reason"]), (&json!("refused"), &json!("hidden")));

    // Who did what is in the log, and no text is.
    let log = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/asrun"), Some(&stage.staff), &[], &json!(null));
    let entries = log.json()["entries"].as_array().unwrap().clone();
    let did = |what: &str, by: &str| entries.iter().any(|entry| entry["what"] == what && entry["by"] == by);
    assert!(did("edit", "Moderator") && did("pick", "Producer") && did("use", "Producer") && did("pull", "Moderator"));
    assert!(!log.text().contains("song"), "{}", log.text());
    // And all that is kept of its sender is told to that one.
    let kept = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/mine"), Some(&device), &[], &json!(null)).json();
    assert_eq!(
        (&kept["items"][0]["text"], &kept["items"][0]["edited"]),
        (&json!("Who wrote it?"), &json!("Who wrote the song?"))
    );
    assert_eq!((kept["items"].as_array().unwrap().len(), &kept["upvoted"][0]), (1, &question["id"]));
    assert_eq!(stage.metric("tallylight_said_total{answer=\"refused\",reason=\"words\"}"), 1);
}

#[test]
fn a_node_that_is_killed_has_every_decision_that_was_told_and_no_claim() {
    let mut stage = Stage::of(SHOW_FILE, &[]).enter();
    let (moderator, second) = (token(&stage, "moderator"), stage.staff.clone());
    let (device, rude) = (stage.device(), stage.device());
    let run = stage.open();
    for id in 1..=4 {
        let device = if id == 4 { &rude } else { &device };
        assert_eq!(say(&stage, device, &run, id, &format!("Question {id}"))["is"], "waiting");
    }
    let all: Vec<_> = (1..=4).map(|id| item(&stage, &moderator, &format!("Question {id}"))).collect();
    does(&stage, &moderator, "claim", json!({"items": [all[0]["id"], all[1]["id"]]}));
    let taken = act(&stage, &second, "approve", json!({"items": [seen(&all[0])]}));
    assert_eq!((&taken["code"], &taken["detail"]), (&json!("stale"), &json!("Moderator is deciding about it")));
    does(&stage, &second, "approve", json!({"items": [seen(&all[2])]}));
    does(&stage, &moderator, "reject", json!({"items": [seen(&all[1])], "reason": "rude"}));
    does(&stage, &second, "ban", json!({"item": all[3]["id"]}));
    does(&stage, &moderator, "undo", json!({}));
    does(&stage, &moderator, "pause", json!({}));
    let before = items(&stage, &moderator);
    stage.app.kill();
    stage.app.start();
    let after = items(&stage, &moderator);
    assert_eq!(after["items"], before["items"]);
    assert_eq!(
        (&after["counts"], &after["banned"], &after["paused"]),
        (&before["counts"], &before["banned"], &before["paused"])
    );
    assert_eq!((before["claims"].as_array().unwrap().len(), &after["claims"]), (1, &json!([])));
    assert_eq!(say(&stage, &rude, &run, 9, "Hello?")["reason"], "banned");
    assert_eq!(say(&stage, &device, &run, 3, "Question 3")["is"], "approved", "the same id, the same answer");
}

#[test]
fn two_moderators_see_each_others_claims_and_decisions_at_once() {
    let mut stage = Stage::of(SHOW_FILE, &[]).enter();
    let (first, second) = (token(&stage, "moderator"), token(&stage, "operator"));
    let run = stage.open();
    let (mut viewer, welcome) = Client::joined(&stage.app, SHOW, &json!({"t": "join"}));
    let (mut a, _) = Client::joined(&stage.app, SHOW, &json!({"t": "join", "staff": first}));
    let (mut b, _) = Client::joined(&stage.app, SHOW, &json!({"t": "join", "staff": second}));
    assert_eq!((&a.wait_for("items")["whole"], &b.wait_for("items")["whole"]), (&json!(true), &json!(true)));
    viewer.send(json!({"t": "say", "run": run, "id": "0".repeat(32), "text": "Is it live?"}).to_string());
    assert_eq!(viewer.wait_for("said")["is"], "waiting");
    let news = a.wait_for("items");
    let item = news["items"][0].clone();
    assert_eq!((&item["text"], &news["counts"]["waiting"]), (&json!("Is it live?"), &json!(1)));
    let moderate = |client: &mut Client, mut message: Value| {
        message["t"] = "moderate".into();
        client.send(message.to_string());
        client.wait_for("done")
    };
    assert_eq!(moderate(&mut a, json!({"id": "1", "do": "claim", "items": [item["id"]]}))["ok"], true);
    let approve = json!({"id": "2", "do": "approve", "items": [seen(&item)]});
    let done = moderate(&mut a, approve.clone());
    assert_eq!(moderate(&mut a, approve), done, "the same id, the same answer");
    // What waits is nothing for an operator; what was approved is.
    let mut news = b.wait_for("items");
    while news["items"] == json!([]) {
        news = b.wait_for("items");
    }
    assert_eq!(
        (&news["items"][0]["state"], &news["items"][0]["log"][0]["by"]),
        (&json!("approved"), &json!("Moderator"))
    );
    let asked = viewer.wait_for("asked");
    let asked = if asked["questions"] == json!([]) { viewer.wait_for("asked") } else { asked };
    assert_eq!(asked["questions"][0]["text"], "Is it live?");
    viewer.send(json!({"t": "upvote", "item": item["id"]}).to_string());
    assert_eq!(viewer.wait_for("upvoted")["ok"], true);
    viewer.send(json!({"t": "moderate", "id": "1", "do": "pause"}).to_string());
    assert_eq!(viewer.wait_for("problem")["code"], "forbidden");
    assert!(welcome["device"].is_string());
}

#[test]
fn a_show_that_approves_unseen_says_so_and_flagged_texts_wait() {
    let mut stage = Stage::of(SHOW_FILE, &[]).enter();
    let moderator = token(&stage, "moderator");
    stage.does("standby", json!({"cue": "2"}));
    stage.does("take", json!({}));
    let run = until("it is open", || {
        let run = stage.live(None)["show"]["run"].clone();
        (run["phase"] == "open").then(|| run["id"].as_str().unwrap().to_owned())
    });
    assert_eq!(say(&stage, &stage.device(), &run, 1, "Hello from Utrecht")["is"], "approved");
    assert_eq!(say(&stage, &stage.device(), &run, 1, "hello from utrecht!")["is"], "waiting");
    assert_eq!(item(&stage, &moderator, "hello from utrecht!")["flags"], json!(["duplicate"]));
    assert_eq!(item(&stage, &moderator, "Hello from Utrecht")["log"][0]["by"], "rules");
    assert_eq!((on_screen(&stage), stage.live(None)["asked"].clone()), (json!(null), json!(null)));
    stage.does("close", json!({}));
    until("it is over", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    assert_eq!(say(&stage, &stage.device(), &run, 1, "Too late")["reason"], "closed");
}

#[test]
fn a_pull_is_off_the_screens_while_the_documents_file_takes_nothing() {
    let mut stage = Stage::of(SHOW_FILE, &[]).enter();
    let device = stage.device();
    let run = stage.open();
    assert_eq!(say(&stage, &device, &run, 1, "Is it off?")["is"], "waiting");
    let staff = stage.staff.clone();
    does(&stage, &staff, "edit", json!({"item": seen(&waiting(&stage)), "text": "It is on"}));
    for (verb, field) in [("pick", "items"), ("use", "item")] {
        let one = seen(&item(&stage, &staff, "It is on"));
        does(&stage, &staff, verb, json!({ field: if field == "items" { json!([one]) } else { one } }));
    }
    let air = until("screens have it", || Some(on_screen(&stage)).filter(|item| !item.is_null()));
    // Somebody else writes, and does not end.
    let other = rusqlite::Connection::open(stage.app.data().join("documents.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let done = std::thread::scope(|scope| {
        let pull = scope.spawn(|| act(&stage, &staff, "pull", json!({"items": [air["id"]]})));
        until("it is off", || on_screen(&stage).is_null().then_some(()));
        assert!(!pull.is_finished(), "before it is written");
        assert_eq!(stage.live(None)["asked"]["questions"], json!([]));
        pull.join().unwrap()
    });
    assert_eq!(done["ok"], true);
    assert!(done["detail"].as_str().unwrap().starts_with("it is off every screen"), "{done}");
    other.execute_batch("ROLLBACK").unwrap();
    until("it is written after all", || (item(&stage, &staff, "It is on")["state"] == "hidden").then_some(()));
    stage.app.kill();
    stage.app.start();
    assert_eq!((on_screen(&stage), &item(&stage, &staff, "It is on")["state"]), (json!(null), &json!("hidden")));
}

/// The one item that waits; only moderators see it.
fn waiting(stage: &Stage) -> Value {
    items(stage, &token(stage, "moderator"))["items"][0].clone()
}

#[test]
fn two_moderators_at_once_decide_every_item_exactly_once() {
    let mut stage = Stage::of(SHOW_FILE, &[]).enter();
    let run = stage.open();
    for n in 0..40 {
        assert_eq!(say(&stage, &stage.device(), &run, 1, &format!("Question number {n}"))["is"], "waiting");
    }
    let both = [token(&stage, "moderator"), stage.staff.clone()];
    let all: Vec<_> = items(&stage, &both[0])["items"].as_array().unwrap().iter().map(seen).collect();
    let stage = &stage;
    let decide = |staff: &str, verb: &str| {
        let reason = (verb == "reject").then_some("other");
        let one = |item: &Value| match act(stage, staff, verb, json!({"items": [item], "reason": reason})) {
            done if done["ok"] == true => 1,
            done => {
                assert_eq!(done["code"], "stale", "{done}");
                0
            }
        };
        all.iter().map(one).sum::<u64>()
    };
    let done = std::thread::scope(|scope| {
        let other = scope.spawn(|| decide(&both[1], "reject"));
        [decide(&both[0], "approve"), other.join().unwrap()]
    });
    let counts = &items(stage, &both[0])["counts"];
    assert_eq!(done.iter().sum::<u64>(), 40, "{done:?}");
    assert_eq!(
        (&counts["approved"], &counts["rejected"], &counts["waiting"]),
        (&json!(done[0]), &json!(done[1]), &json!(0))
    );
    let log = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/asrun"), Some(&both[1]), &[], &json!(null)).json();
    let of =
        |verb: &str| log["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == verb).count() as u64;
    assert_eq!([of("approve"), of("reject")], done);
}
