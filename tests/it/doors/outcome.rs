//! A question whose pools count apart: who may vote, what may be seen when, and the outcome from the ballot to the offline
//! check.

use serde_json::{Value, json};

use super::{
    entries::{codes, posted, text},
    stage::{SHOW, Stage, until},
};

/// Votes as a new viewer who came by an entry link, or by none; gives the receipt.
fn vote(stage: &Stage, run: &str, entry: Option<&str>, pick: u16) -> Value {
    let joined = posted(stage, &entry.map_or(json!({}), |code| json!({ "entry": code })));
    let id = format!("{:032x}", u128::from(pick));
    let body = json!({ "run": run, "id": id, "picks": [pick] });
    let path = format!("/api/v1/shows/{SHOW}/ballots");
    stage.ask("POST", &path, Some(text(&joined["device"])), &[], &body).json()
}

#[test]
fn pools_make_one_outcome_that_everybody_sees_and_anybody_can_recount() {
    let mut stage = Stage::of("tests/it/doors/outcome.show.toml", &[]).enter();
    let links = codes(&stage);
    let [sweden, jury, guests] = &*links else { panic!("three links are printed") };
    let run = stage.open();

    for _ in 0..3 {
        assert_eq!(vote(&stage, &run, None, 1)["is"], "counted");
    }
    assert_eq!(vote(&stage, &run, Some(sweden), 2)["is"], "counted");
    assert_eq!(vote(&stage, &run, Some(jury), 2)["is"], "counted");
    for (entry, pick) in [(sweden, 1), (guests, 1), (guests, 2)] {
        let receipt = vote(&stage, &run, Some(entry), pick);
        assert_eq!((&receipt["is"], &receipt["reason"]), (&json!("refused"), &json!("not_eligible")));
    }
    let shown = stage.live(None)["show"]["run"].clone();
    assert_eq!((&shown["pools"], &shown["not_from"]), (&json!(["", "jury"]), &json!({ "se": [1] })));

    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    // Who may see numbers saw what the rules make of them before; the seal says the same.
    let before = stage.live(None)["results"].clone();
    assert_eq!(before["state"], "provisional", "{before}");
    stage.does("seal", json!({}));
    let results = stage.live(None)["results"].clone();
    assert_eq!((&results["state"], &results["outcome"]), (&json!("provisional"), &before["outcome"]));
    let place = |n, rank, points, exact| json!({ "n": n, "rank": rank, "points": points, "exact": exact });
    assert_eq!(results["outcome"]["places"], json!([place(2, 1, 62.5, "125/2"), place(1, 2, 37.5, "75/2")]));
    let shares = [&results["options"][0]["share"], &results["options"][1]["share"]];
    assert_eq!(shares, [37.5, 62.5], "bars are of points");
    let feed = stage.app.get(&format!("/f/{SHOW}/results.csv?key={}", stage.key));
    assert!(feed.text().contains("2,\"Norway\",2,62.5,\"provisional\",62.5,1,\r\n"), "{}", feed.text());
    let rows = stage.app.get(&format!("/f/{SHOW}/results.xml?key={}", stage.key));
    let row = "<row><option>2</option><label>Norway</label><votes>2</votes><share>62.5</share><state>provisional</state>\
               <points>62.5</points><rank>1</rank><mark></mark></row>";
    assert!(rows.text().contains(row), "{}", rows.text());
    stage.does("verify", json!({}));

    let file = stage.export();
    let verified = || stage.verified(&file);
    let told = verified();
    assert!(told.contains("consistent, signer unknown") && told.contains("1. Norway 62.5 %"), "{told}");
    let exported = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, exported.replace("\"exact\":\"125/2\"", "\"exact\":\"127/2\"")).unwrap();
    assert!(verified().contains("outcome: the manifest says"), "{}", verified());
}
