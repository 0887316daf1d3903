//! What takes two people: one proposes, another one confirms; a key or the same person is no other.

use serde_json::{Value, json};

use super::{
    entries::text,
    stage::{SHOW, Stage, until},
};
use crate::support::{SOON, http};

/// A show whose policy asks for two people; its producer has entered, and the adjudicator's token comes beside.
pub fn two_people() -> (Stage, String) {
    let stage = Stage::of("tests/it/doors/two_people.show.toml", &[]).enter();
    let adjudicator = entered(&stage, "adjudicator");
    (stage, adjudicator)
}

/// The token of who follows a link that the start-up message names.
pub fn entered(stage: &Stage, word: &'static str) -> String {
    let told = |line: &str| Some(line.trim().strip_prefix(word)?.split_once('#')?.1.to_owned());
    let code = stage.app.process().wait_for(SOON, told);
    let entered = http::post(stage.app.address(), "/api/v1/staff/enter", &json!({ "code": code }));
    text(&entered.json()["staff"]).to_owned()
}

/// Does something as another member of staff.
pub fn as_other<T>(stage: &mut Stage, token: &str, act: impl FnOnce(&mut Stage) -> T) -> T {
    let own = std::mem::replace(&mut stage.staff, token.to_owned());
    let done = act(stage);
    stage.staff = own;
    done
}

pub fn asrun(stage: &Stage) -> Vec<Value> {
    let path = format!("/api/v1/shows/{SHOW}/asrun");
    let log = stage.ask("GET", &path, Some(&stage.staff), &[], &Value::Null).json();
    log["entries"].as_array().unwrap().clone()
}

/// The id of what was proposed last, as a desk shows it: it follows a command within a moment.
pub fn proposed(stage: &Stage, what: &str) -> Value {
    let mut desk = super::raw::Raw::join(stage.app.address(), json!({ "staff": stage.staff })).0;
    loop {
        let seen = desk.wait_for("desk");
        if let Some(one) = seen["proposals"].as_array().and_then(|all| all.last()).filter(|one| one["what"] == what) {
            return json!({ "proposal": one["id"] });
        }
    }
}

#[test]
fn one_person_proposes_a_reveal_and_only_another_one_makes_it() {
    let (mut stage, adjudicator) = two_people();
    let run = stage.open();
    assert_eq!(stage.vote(&run, &stage.device(), 1)["is"], "counted");
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    stage.does("seal", json!({}));
    stage.does("verify", json!({}));

    // A key is nobody.
    let key = stage.makes_key("surface", &["result"], false);
    assert_eq!(stage.fires("arm/reveal", &key).status, 200);
    assert_eq!(stage.fires("reveal", &key).json()["code"], "forbidden");

    stage.does("arm", json!({"what": "reveal"}));
    let done = stage.asks("reveal", json!({}));
    assert!(done["ok"] == true && text(&done["detail"]).contains("another person"), "{done}");
    assert_eq!(stage.live(None)["results"]["state"], "hidden");

    // It outlives the process, as everything that staff decided.
    stage.app.kill();
    stage.app.start();
    let confirm = proposed(&stage, "reveal");
    assert_eq!(stage.asks("confirm", confirm.clone())["code"], "forbidden");
    assert_eq!(stage.asks("arm", json!({"what": "confirm"}))["code"], "forbidden");
    as_other(&mut stage, &adjudicator, |other| {
        assert_eq!(other.asks("confirm", confirm.clone())["code"], "not_armed");
        other.does("arm", json!({"what": "confirm"}));
        other.does("confirm", confirm.clone());
        assert_eq!(other.asks("confirm", confirm)["code"], "too_soon");
    });
    until("it is revealed", || (stage.live(None)["results"]["state"] == "final").then_some(()));

    // A void of it is proposed, and declined.
    stage.does("arm", json!({"what": "void", "run": run}));
    stage.does("void", json!({"run": run, "reason": "the lines were down"}));
    let decline = proposed(&stage, "void");
    as_other(&mut stage, &adjudicator, |other| other.does("decline", decline.clone()));
    assert_eq!(stage.asks("decline", decline)["code"], "not_found");
    assert_eq!(stage.live(None)["results"]["state"], "final");
    let log = asrun(&stage);
    let said = |what: &str| {
        let entry =
            log.iter().rfind(|entry| entry["what"] == what).unwrap_or_else(|| panic!("{what} is not in {log:?}"));
        (text(&entry["by"]).to_owned(), text(&entry["note"]).to_owned())
    };
    assert_eq!(said("reveal"), ("Adjudicator".into(), "proposed by Producer".into()));
    assert_eq!(said("decline"), ("Adjudicator".into(), "void, the lines were down, proposed by Producer".into()));
    assert_eq!(said("propose"), ("Producer".into(), "void, the lines were down, open for 300 s".into()));
}
