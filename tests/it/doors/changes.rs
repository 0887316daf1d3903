//! A question whose ballots may be changed while it is open: what the receipts say, what is in the tally, and that anybody can
//! recount it.

use serde_json::{Value, json};

use super::{
    entries::{codes, posted, text},
    stage::{SHOW, Stage, until},
};

/// A change of a voter, under an id of its own.
fn change(stage: &Stage, device: &str, run: &str, (number, picks): (u32, &[u16])) -> Value {
    let body = json!({ "run": run, "id": format!("{number:032x}"), "picks": picks, "change": number });
    stage.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(device), &[], &body).json()
}

fn votes(results: &Value) -> Vec<u64> {
    results["options"].as_array().unwrap().iter().map(|option| option["votes"].as_u64().unwrap()).collect()
}

#[test]
fn the_last_change_of_everybody_is_in_the_tally_and_anybody_can_recount_it() {
    let mut stage = Stage::of("tests/it/doors/changes.show.toml", &[]).enter();
    let links = codes(&stage);
    let run = stage.open();
    let device = stage.device();
    let in_hall = posted(&stage, &json!({ "entry": links[0] }));
    let hall = text(&in_hall["device"]);

    // The third change is there before the second.
    for (sent, (in_force, seen)) in [((1, &[1, 1][..]), (true, 1)), ((3, &[3]), (true, 3)), ((2, &[2, 2]), (false, 3))]
    {
        let receipt = change(&stage, &device, &run, sent);
        assert_eq!((&receipt["is"], &receipt["change"]), (&json!("counted"), &json!(sent.0)), "{receipt}");
        assert_eq!((&receipt["in_force"], &receipt["change_seen"]), (&json!(in_force), &json!(seen)), "{receipt}");
    }
    assert_eq!(change(&stage, hall, &run, (1, &[1, 2]))["in_force"], true);
    // All that a voter says fits the question, and has a number.
    assert_eq!(change(&stage, hall, &run, (2, &[1, 1, 1]))["reason"], "invalid");
    let body = json!({ "run": run, "id": "00000000000000000000000000000009", "picks": [1] });
    let plain = stage.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(hall), &[], &body).json();
    assert_eq!(plain["reason"], "invalid");
    until("the tally has the last changes", || (votes(&stage.live(None)["results"]) == [1, 1, 1]).then_some(()));
    assert_eq!(stage.live(None)["show"]["run"]["changeable"], true);

    // Who comes again learns what stands.
    let mine = posted(&stage, &json!({ "device": device }))["mine"].clone();
    let stands: Vec<_> = mine.as_array().unwrap().iter().filter(|one| one["in_force"] == true).collect();
    assert_eq!(stands.len(), 1, "{mine}");
    assert_eq!((&stands[0]["picks"], &stands[0]["change_seen"]), (&json!([3]), &json!(3)));

    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    assert_eq!(change(&stage, &device, &run, (4, &[1, 1]))["reason"], "late");
    stage.does("seal", json!({}));
    stage.does("verify", json!({}));
    let file = stage.export();
    let verified = || stage.verified(&file);
    assert!(verified().contains("consistent, signer unknown"), "{}", verified());
    let exported = std::fs::read_to_string(&file).unwrap();
    assert!(exported.contains("\"counted\":4,\"superseded\":2,"), "four ballots, two of them replaced");
    // Somebody makes another change the last one.
    std::fs::write(&file, exported.replace("\"picks\":[2,2],\"change\":2", "\"picks\":[2,2],\"change\":5")).unwrap();
    assert!(
        verified().contains("votes per option: the manifest says [1, 1, 1], the recount [1, 3, 0]"),
        "{}",
        verified()
    );
}
