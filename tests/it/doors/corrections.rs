//! What two people correct of a sealed run: left out, declared, taken back; before the reveal and after it; as screens, voters,
//! the certificate and the offline check have it.

use serde_json::{Value, json};

use super::{
    entries::{codes, posted, text},
    operators::token,
    quiz::score,
    raw::Raw,
    stage::{SHOW, Stage, until},
    two_people::{as_other, asrun, entered, proposed, two_people},
};

/// Votes as a new viewer who came by an entry link, or by none; gives the token.
fn vote(stage: &Stage, run: &str, entry: Option<&str>, pick: u16) -> String {
    let joined = posted(stage, &entry.map_or(json!({}), |code| json!({ "entry": code })));
    let device = text(&joined["device"]).to_owned();
    assert_eq!(stage.vote(run, &device, pick)["is"], "counted");
    device
}

/// One proposes it, the other confirms it.
fn correct(stage: &mut Stage, other: &str, verb: &str, arguments: &Value) {
    stage.does("arm", json!({ "what": verb }));
    stage.does(verb, arguments.clone());
    let confirm = proposed(stage, verb);
    as_other(stage, other, |stage| {
        stage.does("arm", json!({ "what": "confirm" }));
        stage.does("confirm", confirm);
    });
}

/// The numbers as screens see them: votes per option, and what they are marked as.
fn seen(stage: &Stage, votes: [u64; 2]) -> Value {
    until("screens see the corrected result", || {
        let results = stage.live(Some(&stage.key))["results"].clone();
        (results["options"][0]["votes"] == votes[0] && results["options"][1]["votes"] == votes[1]).then_some(results)
    })
}

#[test]
fn a_platform_is_left_out_and_a_result_declared_and_everybody_can_tell() {
    let (mut stage, adjudicator) = two_people();
    let [jury, tv] = &*codes(&stage) else { panic!("two links are printed") };
    let run = stage.open();
    let by_none = vote(&stage, &run, None, 1);
    vote(&stage, &run, Some(jury), 1);
    let on_tv: Vec<_> = (0..3).map(|_| vote(&stage, &run, Some(tv), 2)).collect();
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    let without_tv = json!({ "entries": [{ "platform": "tv" }], "reason": "its lines were down" });
    assert_eq!(stage.asks("exclude", without_tv.clone())["code"], "not_now", "nothing is sealed");
    stage.does("seal", json!({}));
    assert_eq!(seen(&stage, [2, 3])["excluded"], Value::Null);

    // Before it is verified: then the recount is of the corrected seal.
    correct(&mut stage, &adjudicator, "exclude", &without_tv);
    let results = seen(&stage, [2, 0]);
    assert_eq!((&results["excluded"], &results["total"]), (&json!(true), &json!(2)));
    let feed = stage.app.get(&format!("/f/{SHOW}/results.csv?key={}", stage.key));
    assert!(feed.text().contains("1,\"Ada\",2,100.0,\"provisional\",,,\"excluded\"\r\n"), "{}", feed.text());
    let receipt = |device: &str| stage.join(Some(device), &[]).json()["mine"][0].clone();
    assert_eq!((&receipt(&on_tv[0])["is"], &receipt(&on_tv[0])["excluded"]), (&json!("counted"), &json!(true)));
    assert_eq!(receipt(&by_none)["excluded"], Value::Null);
    stage.does("verify", json!({}));
    let note = asrun(&stage).iter().rfind(|entry| entry["what"] == "exclude").unwrap()["note"].clone();
    assert_eq!(note, "platform tv: its lines were down, seal 2, proposed by Producer");

    // A crash in between changes nothing.
    stage.app.kill();
    stage.app.start();
    seen(&stage, [2, 0]);
    stage.does("arm", json!({ "what": "reveal" }));
    stage.does("reveal", json!({}));
    let confirm = proposed(&stage, "reveal");
    as_other(&mut stage, &adjudicator, |other| {
        other.does("arm", json!({ "what": "confirm" }));
        other.does("confirm", confirm);
    });
    until("it is revealed", || (stage.live(None)["results"]["state"] == "final").then_some(()));

    // After the reveal: taken back, and a result declared.
    correct(&mut stage, &adjudicator, "exclude", &json!({ "entries": [], "reason": "they were counted after all" }));
    assert_eq!(seen(&stage, [2, 3])["excluded"], Value::Null);
    let declared = json!({ "thousandths": [7000, 4000], "reason": "the count of the notary" });
    correct(&mut stage, &adjudicator, "override", &declared);
    let results = seen(&stage, [7, 4]);
    assert_eq!((&results["declared"], &results["state"]), (&json!(true), &json!("final")));
    assert_eq!(stage.live(None)["results"]["declared"], true, "viewers are told");
    let status = stage.app.get(&format!("/f/{SHOW}/status.json?key={}", stage.key)).json();
    assert_eq!((&status["mark"], &status["total"]), (&json!("declared"), &json!(11)));
    stage.does("arm", json!({ "what": "exclude" }));
    assert_eq!(stage.asks("exclude", without_tv)["code"], "not_now", "a declared result stands");

    let path = format!("/api/v1/shows/{SHOW}/runs/{run}/certificate");
    let sheet = stage.ask("GET", &path, Some(&stage.staff), &[], &Value::Null).json();
    assert_eq!((&sheet["options"][1]["votes"], &sheet["declared"]["votes"]), (&json!(3), &json!([7, 4])));
    assert_eq!(sheet["correction"]["by"], json!(["Producer", "Adjudicator"]));
    assert_eq!((&sheet["revision"], &sheet["correction"]["counted"]), (&json!(4), &json!([2, 3])));

    // All four seals are in the export, and agree with the ballots; what counts is the last one.
    let file = stage.export();
    let told = stage.verified(&file);
    for said in [
        "seal 1: 5 ballots: Ada 2 (40.0 %), Grace 3 (60.0 %)",
        "seal 2: 5 ballots: Ada 2 (100.0 %), Grace 0 (0.0 %)",
        "left out of it: platform tv (3 ballots); by Producer and Adjudicator: its lines were down",
        "what was counted stands again; by Producer and Adjudicator: they were counted after all",
        "declared, not counted: Ada 7, Grace 4; by Producer and Adjudicator: the count of the notary",
        "consistent, signer unknown",
    ] {
        assert!(told.contains(said), "{said} is not in:\n{told}");
    }
    assert_eq!((told.matches("CORRECTED").count(), told.matches("agrees  cue").count()), (3, 1), "{told}");
    let exported = std::fs::read_to_string(&file).unwrap();
    for (said, forged) in
        [("\"excluded\":[{\"platform\":\"tv\"}]", "\"excluded\":[{\"pool\":\"jury\"}]"), ("[7000,4000]", "[7000,9000]")]
    {
        assert!(exported.contains(said), "{said}");
        std::fs::write(&file, exported.replace(said, forged)).unwrap();
        assert!(stage.verified(&file).contains("NOT verified"), "{forged}");
    }
    // A seal that is corrected cannot be left out, either.
    let lines: Vec<_> = exported.lines().collect();
    let without_third = lines.iter().enumerate().filter(|(n, _)| *n != 3).map(|(_, line)| format!("{line}\n"));
    std::fs::write(&file, without_third.collect::<String>()).unwrap();
    let told = stage.verified(&file);
    assert!(told.contains("NOT verified") && told.contains("corrects another one"), "{told}");
}

/// The leaderboard, once each of these has so many points: `None` is not on it.
fn leaderboard(stage: &Stage, points: &[(&str, Option<u64>)]) -> Value {
    until("the leaderboard is made anew", || {
        let is = |(device, points): &(&str, Option<u64>)| score(stage, device)["line"]["points"].as_u64() == *points;
        let found = stage.app.get(&format!("/api/v1/shows/{SHOW}/leaderboard")).json();
        let players = points.iter().filter(|(_, points)| points.is_some()).count();
        (points.iter().all(is) && found["players"] == players).then_some(found)
    })
}

#[test]
fn the_right_answer_of_a_quiz_is_corrected_and_points_follow() {
    let mut stage = Stage::of("tests/it/doors/quiz.show.toml", &[]).enter();
    let adjudicator = entered(&stage, "adjudicator");
    let operator = token(&stage, "operator");
    let mut desk = Raw::join(stage.app.address(), json!({ "staff": operator })).0;
    let [tv] = &*codes(&stage) else { panic!("one link is printed") };
    let run = stage.open();
    let [ada, grace, joan] =
        [(None, 2), (None, 1), (Some(&**tv), 1)].map(|(entry, pick)| vote(&stage, &run, entry, pick));
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    stage.does("seal", json!({}));

    // The file has the wrong one. Whoever may not know the answer learns that something is corrected, and not what.
    let albatross = json!({ "right": [1], "reason": "the wrong one was marked" });
    correct(&mut stage, &adjudicator, "override", &albatross);
    loop {
        let seen = desk.wait_for("desk");
        assert!(!seen.to_string().contains("\"right\""), "{seen}");
        if seen["runs"][0]["seal"]["correction"]["reason"] == albatross["reason"] {
            break;
        }
    }
    stage.does("verify", json!({}));
    stage.does("arm", json!({ "what": "reveal" }));
    stage.does("reveal", json!({}));
    let [none, most] = [Some(0), Some(1000)];
    leaderboard(&stage, &[(&ada, none), (&grace, most), (&joan, most)]);
    let kind = stage.live(None)["show"]["run"]["kind"].clone();
    assert_eq!(kind, json!({ "quiz": { "right": [1], "corrected": true } }));
    let note = asrun(&stage).iter().rfind(|entry| entry["what"] == "override").unwrap()["note"].clone();
    assert_eq!(note, "another answer is right: the wrong one was marked, seal 2, proposed by Producer");

    // What is left out is worth nothing, also after a crash and offline.
    let without_tv = json!({ "entries": [{ "platform": "tv" }], "reason": "it showed the answer" });
    correct(&mut stage, &adjudicator, "exclude", &without_tv);
    let left = [(&*ada, none), (&*grace, most), (&*joan, None)];
    let board = leaderboard(&stage, &left);
    assert_eq!(seen(&stage, [1, 1])["total"], 2);
    stage.app.kill();
    stage.app.start();
    assert_eq!(leaderboard(&stage, &left), board);
    let told = stage.verified(&stage.export());
    let first = board["top"][0]["name"].as_str().unwrap();
    for said in [
        "declared right: Albatross, not Kiwi; by Producer and Adjudicator: the wrong one was marked",
        "left out of it: platform tv (1 ballots); declared right: Albatross, not Kiwi",
        "LEADERBOARD (rehearsal): 1 questions, 2 players",
        &format!("1. {first}: 1000 points, 1 right"),
        "consistent, signer unknown",
    ] {
        assert!(told.contains(said), "{said} is not in:\n{told}");
    }
    correct(&mut stage, &adjudicator, "override", &json!({ "right": [], "reason": "the file was right" }));
    leaderboard(&stage, &[(&ada, most), (&grace, none), (&joan, None)]);
    let told = stage.verified(&stage.export());
    let said = "left out of it: platform tv (1 ballots); right is what the cue says: Kiwi; by";
    assert!(told.contains(said), "{said} is not in:\n{told}");
}

#[test]
fn what_is_left_out_of_a_prediction_has_no_points() {
    let mut stage = Stage::of("tests/it/doors/quiz.show.toml", &[]).enter();
    let adjudicator = entered(&stage, "adjudicator");
    let [tv] = &*codes(&stage) else { panic!("one link is printed") };
    stage.does("standby", json!({ "cue": "3" }));
    let run = stage.open_standby();
    let [ada, joan] = [None, Some(&**tv)].map(|entry| vote(&stage, &run, entry, 2));
    stage.ends();
    stage.does("arm", json!({ "what": "resolve" }));
    stage.does("resolve", json!({ "right": [2] }));
    leaderboard(&stage, &[(&ada, Some(250)), (&joan, Some(250))]);
    let declared = json!({ "right": [1], "reason": "it did not" });
    stage.does("arm", json!({ "what": "override" }));
    assert!(text(&stage.asks("override", declared)["detail"]).contains("resolve"));
    correct(&mut stage, &adjudicator, "exclude", &json!({ "entries": [{ "platform": "tv" }], "reason": "too late" }));
    leaderboard(&stage, &[(&ada, Some(250)), (&joan, None)]);
}
