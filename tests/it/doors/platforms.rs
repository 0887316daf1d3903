//! Platforms: who sees everything later has the window later, by the link that they came by, and the run waits for them.

use serde_json::{Value, json};

use super::{
    entries::{codes, posted, text},
    stage::{Stage, until},
};

/// A new viewer by the code of an entry link, as a device token.
fn device(stage: &Stage, code: &str) -> String {
    text(&posted(stage, &json!({"entry": code}))["device"]).to_owned()
}

#[test]
fn who_sees_it_later_votes_later_and_the_recount_knows() {
    let mut stage = Stage::of("tests/it/doors/platforms.show.toml", &[]).enter();
    let [hall, tv] = &*codes(&stage) else { panic!("two links are printed") };
    let [in_hall, on_tv, last] = [hall, tv, tv].map(|code| device(&stage, code));
    let run = stage.open();
    assert_eq!(stage.vote(&run, &in_hall, 1)["is"], "counted");
    let early = stage.vote(&run, &on_tv, 1);
    assert_eq!((&early["is"], &early["reason"]), (&json!("refused"), &json!("not_open")), "{early}");
    stage.does("close", json!({}));
    // What the hall offers after the close is late; for television it goes on, or has not even begun.
    let mut counted = 2;
    until("the hall is late", || {
        let receipt = stage.vote(&run, &device(&stage, hall), 1);
        counted += u64::from(receipt["is"] == "counted");
        (receipt["reason"] == "late").then_some(())
    });
    let receipt = until("television votes", || {
        let receipt = stage.vote(&run, &on_tv, 1);
        (receipt["reason"] != "not_open").then_some(receipt)
    });
    assert_eq!(receipt["is"], "counted", "{receipt}");
    let phase = |stage: &Stage| stage.live(Some(&stage.key.clone()))["show"]["run"]["phase"].clone();
    assert_eq!(phase(&stage), "closing");
    assert_eq!(stage.asks("seal", json!({}))["code"], "not_now");
    until("the run is locked", || (phase(&stage) == "locked").then_some(()));
    assert_eq!(stage.vote(&run, &last, 1)["reason"], "late");

    stage.does("seal", json!({}));
    stage.does("verify", json!({}));
    let file = stage.export();
    assert!(stage.verified(&file).contains("consistent, signer unknown"), "{}", stage.verified(&file));
    let exported = std::fs::read_to_string(&file).unwrap();
    let manifest: Value = serde_json::from_str(exported.lines().nth(1).unwrap()).unwrap();
    let manifest = &manifest["manifest"];
    assert_eq!(manifest["definition"]["platforms"], json!([{"platform": "tv", "delay_ms": 6000}]));
    let track = json!([{"platform": "tv", "entries": [2], "shifts": [{"opens_ms": 6000, "closes_ms": 6000}]}]);
    assert_eq!(manifest["windows"]["tracks"], track);
    assert_eq!(manifest["counted"], counted);
    // Without its delay the ballot of television was cast outside the window.
    std::fs::write(&file, exported.replace("\"opens_ms\":6000,\"closes_ms\":6000", "\"opens_ms\":0,\"closes_ms\":0"))
        .unwrap();
    let said = stage.verified(&file);
    assert!(said.contains("is counted and came outside the window"), "{said}");
}
