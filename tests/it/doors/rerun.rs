//! A run that was declared void is held again: who voted may vote again, late ballots for the one before are told where, and
//! page, log, certificate, export and the offline check name the one that it replaces, and why.

use serde_json::{Value, json};

use super::{
    stage::{SHOW, Stage},
    two_people::asrun,
};

const REASON: &str = "the sound failed";

fn void(stage: &mut Stage) {
    stage.does("arm", json!({ "what": "void" }));
    stage.does("void", json!({ "reason": REASON }));
}

/// The receipt of a ballot of a device, which is another one each time.
fn receipt(stage: &Stage, run: &str, device: &str, id: u8) -> Value {
    let ballot = json!({ "run": run, "id": format!("{id:032x}"), "picks": [2] });
    stage.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(device), &[], &ballot).json()
}

#[test]
fn a_void_run_is_held_again_and_everybody_can_tell() {
    let mut stage = Stage::with(&[]).enter();
    let [ada, grace] = [stage.device(), stage.device()];
    let first = stage.open();
    assert_eq!(stage.vote(&first, &ada, 1)["is"], "counted");
    void(&mut stage);
    let told = receipt(&stage, &first, &grace, 9);
    assert_eq!((&told["reason"], &told["instead"]), (&json!("void"), &Value::Null), "nobody knows yet of another one");

    stage.does("standby", json!({ "cue": "1" }));
    let second = stage.open_standby();
    let run = stage.live(None)["show"]["run"].clone();
    assert_eq!((&run["id"], &run["replaces"]), (&json!(second), &json!(first)));
    assert!(!stage.live(None).to_string().contains(REASON), "the reason is for the staff");
    for device in [&ada, &grace] {
        let told = receipt(&stage, &first, device, 8);
        assert_eq!((&told["reason"], &told["instead"]), (&json!("void"), &json!(second)), "{told}");
        assert_eq!(stage.vote(&second, device, 2)["is"], "counted", "everybody has their votes again");
    }
    let note = asrun(&stage).iter().rfind(|entry| entry["what"] == "take").unwrap()["note"].clone();
    assert_eq!(note, format!("held again, in place of run {first}: {REASON}"));

    // A crash, and the seal.
    stage.app.kill();
    stage.app.start();
    stage.ends();
    assert_eq!(stage.live(None)["results"]["total"], 2);
    let path = format!("/api/v1/shows/{SHOW}/runs/{second}/certificate");
    let sheet = stage.ask("GET", &path, Some(&stage.staff), &[], &Value::Null).json();
    let replaces = &sheet["replaces"];
    assert_eq!(
        (&replaces["run"], &replaces["reason"], &replaces["by"]),
        (&json!(first), &json!(REASON), &json!("Producer"))
    );
    let file = stage.export();
    let told = stage.verified(&file);
    let said = format!("held again, in place of run {first}, which Producer declared void: {REASON}");
    assert!(told.contains(&said) && told.contains("consistent, signer unknown"), "{told}");
    let exported = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, exported.replace(REASON, "nothing in particular")).unwrap();
    assert!(stage.verified(&file).contains("NOT verified"));

    // What stands is not held again.
    stage.does("standby", json!({ "cue": "1" }));
    stage.open_standby();
    assert_eq!(stage.live(None)["show"]["run"]["replaces"], Value::Null);
}
