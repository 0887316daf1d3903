//! What is kept of a voter, told to that voter and to nobody else.

use serde_json::json;

use super::{
    entries::{codes, posted, text},
    stage::{SHOW, Stage},
};
use crate::support::http::Reply;

const PATH: &str = "/api/v1/shows/doors/mine";

fn mine(stage: &Stage, token: Option<&str>) -> Reply {
    stage.ask("GET", PATH, token, &[], &json!(null))
}

#[test]
fn a_voter_gets_everything_that_is_kept_and_of_nobody_else() {
    let mut stage = Stage::start(&[]);
    let jury = codes(&stage).pop().unwrap();
    let device = text(&posted(&stage, &json!({ "entry": jury }))["device"]).to_owned();
    let other = stage.device();
    assert_eq!(mine(&stage, Some(&device)).json()["ballots"], json!([]));

    let run = stage.open();
    let vote = |token: &str, id: u8, pick: u16| {
        let ballot = json!({"run": run, "id": format!("{id:032x}"), "picks": [pick]});
        stage.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(token), &[], &ballot).json()
    };
    let counted = vote(&device, 1, 2);
    assert_eq!(counted["is"], "counted");
    assert_eq!(vote(&device, 2, 1)["reason"], "budget");
    assert_eq!(vote(&device, 1, 1)["reason"], "id_reused");
    assert_eq!(vote(&other, 3, 1)["is"], "counted");

    let reply = mine(&stage, Some(&device));
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"mine-doors.json\""));
    let told = reply.json();
    let entry = json!({"pool": "jury", "platform": "tv"});
    let first = json!({
        "run": run, "cue": "1", "question": "Which way in?", "rehearsal": true, "id": format!("{:032x}", 1),
        "picks": [{"option": 2, "label": "The window"}], "at": counted["at"], "is": "counted", "entry": entry,
    });
    assert_eq!(told["ballots"][0], first);
    let said = told["ballots"].as_array().unwrap().iter().map(|one| (text(&one["is"]), one["reason"].as_str()));
    let said: Vec<_> = said.collect();
    assert_eq!(said, [("counted", None), ("refused", Some("budget")), ("refused", Some("id_reused"))]);
    let keys: Vec<_> = told.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["at", "ballots", "show"], "nothing else");
    let others = mine(&stage, Some(&other)).json();
    assert_eq!((others["ballots"].as_array().unwrap().len(), &others["ballots"][0]["entry"]), (1, &json!(null)));

    for token in [None, Some(stage.staff.as_str()), Some(stage.key.as_str())] {
        assert_eq!(mine(&stage, token).json()["code"], "bad_token");
    }
    stage.does("arm", json!({"what": "void", "run": run}));
    stage.does("void", json!({"run": run, "reason": "wrong question"}));
    let void = mine(&stage, Some(&device)).json();
    assert_eq!((&void["ballots"][0]["is"], &void["ballots"][0]["reason"]), (&json!("refused"), &json!("void")));
}
