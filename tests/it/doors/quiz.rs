//! Quizzes and predictions: who may know the answer when, what answers are worth, and the leaderboard from the ballots to the
//! offline check.

use serde_json::{Value, json};

use super::{
    operators::{figures, joined, token},
    raw::Raw,
    stage::{SHOW, Stage, until},
};

/// Everything that viewers, screens, feeds and operators are told now, as bytes.
fn told_outside(stage: &Stage, operator: &str) -> String {
    let api = format!("/api/v1/shows/{SHOW}");
    let mut all = String::new();
    for key in ["".to_owned(), format!("?key={}", stage.key)] {
        all += stage.app.get(&format!("{api}/live{key}")).text();
    }
    for feed in [
        "status.json",
        "results.json",
        "results.csv",
        "results.xml",
        "entries.json",
        "parts.json",
        "parts.csv",
        "leaderboard.json",
        "leaderboard.csv",
    ] {
        all += stage.app.get(&format!("/f/{SHOW}/{feed}?key={}", stage.key)).text();
    }
    for path in ["/metrics", &format!("{api}/leaderboard"), "/api/v1/shows", "/health"] {
        all += stage.app.get(path).text();
    }
    for path in ["asrun", "file", "screen-key"] {
        all += stage.ask("GET", &format!("{api}/{path}"), Some(operator), &[], &Value::Null).text();
    }
    all
}

/// All messages of a session until it hears that the run is revealed, and that message.
fn until_revealed(session: &mut Raw) -> (Vec<Value>, Value) {
    let mut before = Vec::new();
    loop {
        let message = session.hear().unwrap();
        let is_told = |run: &Value| run["phase"] == "revealed";
        if is_told(&message["run"]) || message["runs"].as_array().is_some_and(|runs| runs.iter().any(is_told)) {
            return (before, message);
        }
        // What comes by itself once a second, or after the next tick, may come after the reveal.
        before.push(message);
    }
}

#[test]
fn nobody_but_producers_knows_answer_or_numbers_before_the_reveal() {
    let mut stage = Stage::of("tests/it/doors/quiz.show.toml", &[]).enter();
    let operator = token(&stage, "operator");
    let mut outside = [json!({}), json!({ "key": stage.key }), json!({ "staff": operator })]
        .map(|join| Raw::join(stage.app.address(), join).0);
    let mut producer = joined(&stage, &stage.staff);
    let run = stage.open();
    for pick in [2, 1, 2] {
        assert_eq!(stage.vote(&run, &stage.device(), pick)["is"], "counted");
    }
    let right = |desk: &Value| desk["runs"][0]["right"].clone();
    until("the producer's desk has the answer", || (right(&producer.wait_for("desk")) == json!([2])).then_some(()));
    until("and the numbers", || (producer.wait_for("results")["options"][1]["votes"] == 2).then_some(()));
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    stage.does("seal", json!({}));
    stage.does("verify", json!({}));
    let hash = until("the producer's desk has the seal", || {
        producer.wait_for("desk")["runs"][0]["seal"]["rules_hash"].as_str().map(str::to_owned)
    });
    let told = told_outside(&stage, &operator);
    assert!(!told.contains("\"right\"") && !told.contains("right =") && !told.contains(&hash), "{told}");
    assert!(told.contains("the file has the answers of a quiz"), "operators do not get the file");
    assert!(
        stage.app.get(&format!("/f/{SHOW}/results.csv?key={}", stage.key)).text().contains("Kiwi\",0,0.0,\"hidden\"")
    );

    stage.does("arm", json!({ "what": "reveal" }));
    stage.does("reveal", json!({}));
    for session in &mut outside {
        let (before, last) = until_revealed(session);
        assert!(before.len() >= 4, "{before:?}");
        for message in &before {
            assert_eq!(figures(message), Vec::<String>::new(), "{message}");
            let text = message.to_string();
            assert!(!text.contains("\"right\"") && !text.contains(&hash), "{text}");
        }
        let run = if last["t"] == "desk" { &last["runs"][0] } else { &last["run"] };
        assert_eq!(run["kind"]["quiz"]["right"], json!([2]), "{last}");
    }
}

/// A cue from standby to the reveal, with an answer of each device; gives its run and the receipts.
pub fn played(stage: &mut Stage, cue: &str, answers: &[(&str, u16)]) -> (String, Vec<Value>) {
    stage.does("standby", json!({ "cue": cue }));
    stage.does("take", json!({}));
    let run = until("the run is open", || {
        let run = stage.live(None)["show"]["run"].clone();
        (run["phase"] == "open" && run["cue"] == cue).then(|| run["id"].as_str().unwrap().to_owned())
    });
    let receipts = answers.iter().map(|(device, pick)| stage.vote(&run, device, *pick)).collect();
    stage.ends();
    (run, receipts)
}

fn leaderboard(stage: &Stage, runs: usize) -> Value {
    let look = || {
        let found = stage.app.get(&format!("/api/v1/shows/{SHOW}/leaderboard")).json();
        (found["runs"].as_array().unwrap().len() == runs).then_some(found)
    };
    until("the leaderboard is made", look)
}

pub fn score(stage: &Stage, device: &str) -> Value {
    stage.ask("GET", &format!("/api/v1/shows/{SHOW}/score"), Some(device), &[], &Value::Null).json()
}

fn resolved(stage: &mut Stage, right: &[u16]) {
    stage.does("arm", json!({ "what": "resolve" }));
    stage.does("resolve", json!({ "right": right }));
}

#[test]
fn answers_are_worth_the_same_on_the_node_after_a_crash_and_offline() {
    let mut stage = Stage::of("tests/it/doors/quiz.show.toml", &[]).enter();
    let [ada, grace, joan] = [stage.device(), stage.device(), stage.device()];
    assert_eq!(score(&stage, &ada)["code"], "not_found");
    let (mut session, _) = Raw::join(stage.app.address(), json!({ "device": grace }));
    played(&mut stage, "1", &[(&ada, 2), (&grace, 2), (&joan, 1)]);
    let first = leaderboard(&stage, 1);
    let of = |board: &Value, index: usize, name: &str| board["top"][index][name].as_u64().unwrap();
    let points = [0, 1, 2].map(|index| (of(&first, index, "rank"), of(&first, index, "points")));
    assert_eq!((first["players"].as_u64(), points), (Some(3), [(1, 1000), (2, 1000), (3, 0)]), "{first}");
    assert_eq!(session.wait_for("leaderboard")["top"], first["top"]);
    let own = session.wait_for("score");
    assert_eq!((&own["gained"], &own["line"]), (&json!(1000), &first["top"][1]));

    let (run, receipts) = played(&mut stage, "2", &[(&joan, 3), (&ada, 2)]);
    leaderboard(&stage, 2);
    let joans = score(&stage, &joan);
    let ms = joans["line"]["ms"].as_u64().unwrap();
    assert_eq!(joans["gained"].as_u64().unwrap(), 1000 - 1000 * ms / 3_600_000, "{joans}");
    let opened = stage.live(None)["show"]["run"]["opens_at"].as_u64().unwrap();
    assert!(ms.abs_diff(receipts[0]["at"].as_u64().unwrap() - opened) <= 1, "{joans} {receipts:?} {run}");
    assert_eq!(score(&stage, &ada)["gained"], 0);
    assert!(score(&stage, &grace)["gained"].is_null(), "who was silent gained nothing");

    played(&mut stage, "3", &[(&ada, 2), (&grace, 2), (&joan, 1)]);
    assert_eq!(leaderboard(&stage, 2)["runs"].as_array().unwrap().len(), 2, "nobody knows yet who wins");
    resolved(&mut stage, &[2]);
    let board = leaderboard(&stage, 3);
    assert_eq!(score(&stage, &ada)["line"]["points"], 1250);
    assert_eq!(stage.live(None)["show"]["run"]["kind"]["prediction"]["right"], json!([2]));
    let log = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/asrun"), Some(&stage.staff), &[], &Value::Null);
    assert!(log.text().contains("Blue: 2 of 3 were right"), "{}", log.text());
    let feed = stage.app.get(&format!("/f/{SHOW}/leaderboard.csv?key={}", stage.key));
    let name = board["top"][0]["name"].as_str().unwrap();
    assert!(feed.text().contains(&format!("1,\"{name}\",1250,2,")), "{}", feed.text());

    let told = stage.verified(&stage.export());
    assert!(told.contains("LEADERBOARD (rehearsal): 3 questions, 3 players"), "{told}");
    for line in board["top"].as_array().unwrap() {
        let [rank, points, right, ms] = ["rank", "points", "right", "ms"].map(|name| line[name].as_u64().unwrap());
        let name = line["name"].as_str().unwrap();
        assert!(told.contains(&format!("{rank}. {name}: {points} points, {right} right in {ms} ms")), "{line} {told}");
    }
    stage.app.kill();
    stage.app.start();
    assert_eq!(leaderboard(&stage, 3), board, "after a crash");

    // What is cancelled is worth nothing, and another round begins anew.
    stage.does("arm", json!({ "what": "void" }));
    stage.does("void", json!({ "reason": "the match was abandoned" }));
    leaderboard(&stage, 2);
    played(&mut stage, "4", &[(&grace, 1)]);
    resolved(&mut stage, &[1, 2]);
    let last = leaderboard(&stage, 1);
    assert_eq!((&last["round"], of(&last, 0, "points")), (&json!("tomorrow"), 1000));
}
