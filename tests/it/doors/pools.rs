//! What pools give before the seal: exact, for those who may see numbers, and for nobody else.

use serde_json::{Value, json};

use super::{
    entries::{codes, posted, text},
    operators::{joined, token},
    stage::{SHOW, Stage, until},
};

/// Joins by an entry link, or by none, and gives the device's token.
fn device(stage: &Stage, entry: Option<&str>) -> String {
    let joined = posted(stage, &entry.map_or(json!({}), |code| json!({ "entry": code })));
    text(&joined["device"]).to_owned()
}

fn votes(stage: &Stage, run: &str, device: &str, (change, pick): (u32, u16)) {
    let body = json!({ "run": run, "id": format!("{change:032x}"), "picks": [pick], "change": change });
    let receipt = stage.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(device), &[], &body).json();
    assert_eq!(receipt["is"], "counted", "{receipt}");
}

/// What a poll shows to the bearer of a token.
fn polled(stage: &Stage, token: &str) -> Value {
    stage.ask("GET", &format!("/api/v1/shows/{SHOW}/live"), Some(token), &[], &json!(null)).json()["results"].clone()
}

fn tells_nothing(results: &Value) {
    let told = (&results["state"], &results["total"], &results["outcome"], &results["version"]);
    assert_eq!(told, (&json!("hidden"), &json!(0), &Value::Null, &json!(0)), "{results}");
}

/// The parts that the gauge of a staff member has, once they are so many ballots.
fn by_part(stage: &Stage, staff: &str, ballots: u64) -> Value {
    let mut staff = joined(stage, staff);
    until("the gauge has them", || {
        let parts = staff.wait_for("gauge")["run"]["by_part"].clone();
        let pools = parts.as_array()?.iter().filter(|part| part["of"] == "pool");
        (pools.map(|part| part["counted"].as_u64().unwrap()).sum::<u64>() == ballots).then_some(parts)
    })
}

#[test]
fn what_pools_give_so_far_is_seen_by_those_who_may_see_it() {
    let mut stage = Stage::of("tests/it/doors/pools.show.toml", &[]).enter();
    let operator = token(&stage, "operator");
    let links = codes(&stage);
    let [nl, se] = &*links else { panic!("two links are printed") };
    let run = stage.open();
    let [audience, silent] = [(); 2].map(|()| device(&stage, None));
    let [first, second] = [nl, se].map(|link| device(&stage, Some(link)));
    votes(&stage, &run, &audience, (1, 1));
    votes(&stage, &run, &first, (1, 1));
    votes(&stage, &run, &second, (1, 2));
    // The first juror is of another mind.
    votes(&stage, &run, &first, (2, 2));

    let so_far = json!([{ "n": 1, "rank": 1, "points": 60.0 }, { "n": 2, "rank": 2, "points": 40.0 }]);
    let pools = json!([
        { "name": "", "votes": [1, 0], "points": [60.0, 0.0] },
        { "name": "jury", "votes": [0, 2], "points": [0.0, 40.0] },
    ]);
    let mut operates = joined(&stage, &operator);
    let mut produces = joined(&stage, &stage.staff);
    let see = |looks: &mut dyn FnMut() -> Value| {
        let results = until("who may see it sees what pools give", || {
            let results = looks();
            (results["outcome"]["places"] == so_far).then_some(results)
        });
        assert_eq!((&results["state"], &results["outcome"]["pools"]), (&json!("live"), &pools), "{results}");
        assert_eq!(results["options"][0]["share"], 60.0, "bars are of points");
    };
    see(&mut || polled(&stage, &audience));
    see(&mut || operates.wait_for("results"));
    see(&mut || produces.wait_for("results"));
    let part = |name, votes: [u64; 2]| json!({ "of": "pool", "name": name, "counted": votes.iter().sum::<u64>(), "votes": votes });
    for staff in [&operator, &stage.staff] {
        assert_eq!(by_part(&stage, staff, 3), json!([part("", [1, 0]), part("jury", [0, 2])]));
    }

    // Who has not voted sees nothing, and screens and their feeds nothing before the close.
    let parts = |stage: &Stage| stage.app.get(&format!("/f/{SHOW}/parts.json?key={}", stage.key)).json();
    tells_nothing(&polled(&stage, &silent));
    tells_nothing(&stage.live(None)["results"]);
    tells_nothing(&stage.live(Some(&stage.key))["results"]);
    assert_eq!(parts(&stage), json!([]));

    stage.does("close", json!({}));
    let rows = until("the feed has the pools once intake is over", || {
        let rows = parts(&stage);
        (rows != json!([])).then_some(rows)
    });
    let row = |name, option, label, votes| json!({ "of": "pool", "name": name, "option": option, "label": label, "votes": votes, "carried": 0, "state": "provisional" });
    let [ours, theirs] = [("", [1, 0]), ("jury", [0, 2])]
        .map(|(name, [first, second])| [row(name, 1, "Sweden", first), row(name, 2, "Norway", second)]);
    assert_eq!(rows, json!([ours, theirs].concat()));
    assert_eq!(polled(&stage, &silent)["outcome"]["places"], so_far, "its close has come");
    let mut frozen = rows;
    frozen.as_array_mut().unwrap().iter_mut().for_each(|row| row["state"] = json!("frozen"));
    stage.does("freeze", json!({}));
    until("the feed is frozen", || (parts(&stage) == frozen).then_some(()));
    let mut before = polled(&stage, &silent)["outcome"].clone();

    // The seal is made of the ballots, and says the same, and the fractions.
    before["places"][0]["exact"] = json!("60");
    before["places"][1]["exact"] = json!("40");
    stage.does("seal", json!({}));
    stage.does("verify", json!({}));
    assert_eq!(parts(&stage), frozen, "what was seen last stays over the seal");
    stage.does("unfreeze", json!({}));
    assert_eq!(polled(&stage, &silent)["outcome"], before);
    let log = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/asrun"), Some(&stage.staff), &[], &json!(null));
    assert!(log.text().contains("4 ballots counted") && !log.text().contains("incident"), "{}", log.text());
    until("the feed has the parts of the seal", || {
        parts(&stage).as_array().unwrap().iter().any(|row| row["of"] == "segment").then_some(())
    });
}
