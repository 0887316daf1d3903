//! What two people correct of a sealed run: left out, declared, taken back; before the reveal and after it; as screens, voters,
//! the certificate and the offline check have it.

use serde_json::{Value, json};

use super::{
    entries::{codes, posted, text},
    stage::{SHOW, Stage, until},
    two_people::{as_other, asrun, proposed, two_people},
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
