//! What screens say that they have painted, as control surfaces read it.

use serde_json::{Value, json};

use super::stage::{SHOW, Stage, until};
use crate::support::websocket::Client;

/// A screen that says what it is told to say.
struct Screen(Client);

impl Screen {
    fn join(stage: &Stage, name: &str) -> Self {
        Self(Client::joined(&stage.app, SHOW, &json!({ "t": "join", "key": stage.key, "name": name })).0)
    }

    /// Says that it has painted `run` (null: nothing) at this revision of the show.
    fn painted(&mut self, rev: &Value, run: &Value, output: &str) {
        let mut shown = json!({ "t": "shown", "host": "test", "graphic": "results", "visible": true, "rev": rev,
            "active": output == "program" && !run.is_null(), "fps": 50, "output": output });
        if !run.is_null() {
            shown["run"] = run.clone();
        }
        self.0.send(shown.to_string());
    }
}

fn status(stage: &Stage) -> Value {
    stage.app.get(&format!("/f/{SHOW}/status.json?key={}", stage.key)).json()
}

/// Waits until the tally says this.
fn says(stage: &Stage, wanted: &Value) {
    until(&format!("the tally says {wanted}"), || {
        let status = status(stage);
        wanted.as_object().unwrap().iter().all(|(name, value)| status[name] == *value).then_some(())
    });
}

#[test]
fn on_air_is_what_a_screen_has_painted() {
    let mut stage = Stage::start(&[]);
    let dark = json!({ "tally_pgm": false, "tally_pvw": false, "gfx_state": "off_air", "overlays_ok": 0,
        "overlays_stale": 0, "overlays_stale_names": "" });
    says(&stage, &dark);
    let (mut wall, mut pane) = (Screen::join(&stage, "wall"), Screen::join(&stage, "pane"));

    stage.does("standby", json!({ "cue": "1" }));
    let next = until("screens see what comes next", || {
        let show = stage.live(Some(&stage.key))["show"].clone();
        show["next"].is_object().then_some(show)
    });
    says(&stage, &json!({ "tally_pvw": false }));
    pane.painted(&next["rev"], &next["next"]["id"], "preview");
    wall.painted(&next["rev"], &Value::Null, "program");
    says(&stage, &json!({ "tally_pvw": true, "tally_pgm": false, "gfx_state": "off_air", "overlays_ok": 1 }));

    let run = json!(stage.open_standby());
    says(&stage, &json!({ "tally_pgm": false, "tally_pvw": false, "gfx_state": "coming" }));
    let rev = |stage: &Stage| stage.live(Some(&stage.key))["show"]["rev"].clone();
    // What a preview or who looks on has painted airs nowhere.
    pane.painted(&rev(&stage), &run, "monitor");
    // The wall has said nothing new for a second: it is named.
    says(
        &stage,
        &json!({ "gfx_state": "coming", "overlays_ok": 0, "overlays_stale": 1, "overlays_stale_names": "wall" }),
    );
    wall.painted(&rev(&stage), &run, "program");
    says(&stage, &json!({ "tally_pgm": true, "gfx_state": "on_air", "overlays_ok": 1, "overlays_stale": 0 }));

    stage.does("clear", json!({}));
    says(&stage, &json!({ "tally_pgm": false, "gfx_state": "going" }));
    wall.painted(&rev(&stage), &Value::Null, "program");
    says(&stage, &json!({ "tally_pgm": false, "gfx_state": "off_air", "overlays_ok": 1 }));
    // A screen that is gone says nothing any more.
    drop(wall);
    says(&stage, &json!({ "overlays_ok": 0, "overlays_stale": 0 }));
}
