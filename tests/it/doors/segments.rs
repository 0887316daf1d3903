//! Windows of segments: who votes sooner or later than others by the link that they came by, what they see of it, and that the
//! recount judges them by it.

use serde_json::{Value, json};

use super::{
    entries::{codes, posted, text},
    raw::Raw,
    screens::Events,
    stage::{SHOW, Stage, until},
};

#[test]
fn a_segment_votes_in_its_own_part_of_the_window_and_the_recount_knows() {
    let mut stage = Stage::of("tests/it/doors/segments.show.toml", &[]).enter();
    let codes = codes(&stage);
    let [east, west, on_tv] = &*codes else { panic!("three links are printed") };
    let device = |code: &str| text(&posted(&stage, &json!({"entry": code}))["device"]).to_owned();
    let [one, late, from_west, from_tv, nowhere] = [east, east, west, on_tv, ""].map(|code| match code {
        "" => stage.device(),
        code => device(code),
    });
    let mut sockets = [east, west, on_tv].map(|code| Raw::join(stage.app.address(), json!({"entry": code})).0);
    let run = stage.open();
    assert_eq!(stage.vote(&run, &one, 1)["is"], "counted");
    assert_eq!(stage.vote(&run, &nowhere, 1)["is"], "counted");
    let early = stage.vote(&run, &from_west, 2);
    assert_eq!((&early["is"], &early["reason"]), (&json!("refused"), &json!("not_open")), "{early}");
    assert!((50..=8000).contains(&early["retry_ms"].as_u64().unwrap()), "{early}");

    // Everybody has their own times, by whichever way.
    let opened = |message: &Value| message["t"] == "show" && message["run"]["opens_at"].is_u64();
    let own = sockets.each_mut().map(|socket| {
        loop {
            let message = socket.hear().unwrap();
            if opened(&message) {
                break message["run"].clone();
            }
        }
    });
    let whole = stage.live(None)["show"]["run"].clone();
    let times = |run: &Value| [&run["opens_at"], &run["closes_at"]].map(|at| at.as_u64().unwrap());
    let [opens, closes] = times(&whole);
    assert_eq!(closes, opens + 60_000);
    assert_eq!(
        own.each_ref().map(times),
        [[opens, opens + 6000], [opens + 8000, closes], [opens + 9500, closes + 1500]]
    );
    assert_eq!(own.each_ref().map(|run| &run["phase"]), ["open", "standby", "standby"]);
    assert!(own.iter().all(|run| run["own_window"] == true) && whole["own_window"].is_null());
    assert_eq!(own.each_ref().map(|run| &run["behind"]["delay_ms"]), [&json!(null), &json!(null), &json!(1500)]);
    let live = |query: &str| stage.app.get(&format!("/api/v1/shows/{SHOW}/live{query}")).json()["show"]["run"].clone();
    assert_eq!(times(&live("?segment=west")), times(&own[1]));
    assert_eq!(times(&live("?segment=west&platform=tv")), times(&own[2]));
    assert_eq!(times(&live("?segment=west&platform=phone")), times(&own[1]));
    assert_eq!(times(&live("?segment=south")), times(&whole));
    assert_eq!(times(&Events::open(&stage, "?segment=west").next().1["run"]), times(&own[1]));
    let timeline = stage.app.get(&format!("/api/v1/shows/{SHOW}/timeline.json?key={}", stage.key)).json();
    let segments = timeline["runs"][0]["segments"].as_array().unwrap();
    let named = segments.iter().map(|one| (&one["platform"], &one["segment"], times(&one["windows"][0])));
    assert_eq!(
        named.collect::<Vec<_>>(),
        [
            (&json!("tv"), &json!("west"), times(&own[2])),
            (&json!(null), &json!("east"), times(&own[0])),
            (&json!(null), &json!("west"), times(&own[1])),
        ]
    );

    // The east is over while the others vote, and nobody sees a number of it.
    let closed = loop {
        let message = sockets[0].hear().unwrap();
        assert!(message["t"] != "results" || message["total"] == 0, "{message}");
        if message["run"]["phase"] == "locked" {
            break message["run"].clone();
        }
    };
    assert_eq!(closed["locks_at"], opens + 6000);
    assert_eq!(stage.vote(&run, &late, 2)["reason"], "late");
    for device in [&from_west, &from_tv] {
        until("their part comes", || (stage.vote(&run, device, 2)["is"] == "counted").then_some(()));
    }
    stage.ends();
    let file = stage.export();
    assert!(stage.verified(&file).contains("consistent, signer unknown"), "{}", stage.verified(&file));
    let exported = std::fs::read_to_string(&file).unwrap();
    let sealed: Value = serde_json::from_str(exported.lines().nth(1).unwrap()).unwrap();
    let manifest = &sealed["manifest"];
    assert_eq!((&manifest["counted"], &manifest["late"]), (&json!(4), &json!(1)));
    assert_eq!(manifest["definition"]["interaction"]["windows"], json!({"east": {"to_s": 6}, "west": {"from_s": 8}}));
    // With other windows than its rules give the segment, whatever else agrees.
    for (from, to, said) in [
        ("\"window\":{\"to_s\":6}", "\"window\":{\"to_s\":12}", "came in time and was not counted"),
        ("\"window\":{\"from_s\":8}", "\"window\":{\"from_s\":40}", "is counted and came outside the window"),
        ("\"window\":{\"to_s\":6}", "\"window\":{\"to_s\":5}", "the windows of segments are not those of its rules"),
    ] {
        assert!(exported.contains(from), "{from}");
        std::fs::write(&file, exported.replace(from, to)).unwrap();
        let verdict = stage.verified(&file);
        assert!(verdict.contains(said), "{to}: {verdict}");
    }
}
