//! Triggers at the real server: what a key may, by which method, twice or not, and what the log and the buttons are told.

use serde_json::{Value, json};

use super::{
    quiz::played,
    stage::{SHOW, Stage, refused_for_now, until},
};
use crate::support::http::Reply;

impl Stage {
    pub fn makes_key(&self, name: &str, may: &[&str], get: bool) -> Value {
        let path = format!("/api/v1/shows/{SHOW}/keys");
        let body = json!({ "name": name, "may": may, "get": get });
        let made = self.ask("POST", &path, Some(&self.staff), &[], &body);
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()
    }

    /// Fires with the key in the header.
    pub fn fires(&self, path: &str, key: &Value) -> Reply {
        self.ask("POST", &format!("/c/{SHOW}/{path}"), Some(key["key"].as_str().unwrap()), &[], &Value::Null)
    }

    /// Fires by an address alone.
    fn gets(&self, path: &str, key: &Value, headers: &[(&str, &str)]) -> Reply {
        let join = if path.contains('?') { '&' } else { '?' };
        let path = format!("/c/{SHOW}/{path}{join}key={}", key["key"].as_str().unwrap());
        self.ask("GET", &path, None, headers, &Value::Null)
    }
}

fn code(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{}", reply.text());
    reply.json()["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_key_leads_the_show_beside_who_has_control_and_the_log_names_it() {
    let mut stage = Stage::start(&[]);
    stage.does("control", json!({ "action": "request" }));
    let key = stage.makes_key("deck", &["rundown", "window", "screens"], false);
    for (path, said) in [("standby/1", "next_cue"), ("take", "cue")] {
        let fired = stage.fires(path, &key);
        assert_eq!((fired.status, &fired.json()[said]), (200, &json!("1")), "{path}: {}", fired.text());
    }
    let open = stage.fires("freeze", &key).json();
    assert_eq!(
        (&open["ok"], &open["verb"], &open["phase"], &open["frozen"], &open["text"]),
        (&json!(true), &json!("freeze"), &json!("open"), &json!(true), &json!("freeze: done"))
    );
    let seen = open["rev"].as_u64().unwrap();
    // What was seen is not so any more.
    let stale = stage.fires(&format!("close?expect={}", seen - 1), &key);
    assert_eq!(code(&stale), "stale");
    assert!(!stale.text().contains("page"), "a key has none: {}", stale.text());
    assert_eq!(stage.fires(&format!("extend/30?expect={seen}"), &key).status, 409, "it has no close to move");
    assert_eq!(stage.fires(&format!("close?expect={seen}"), &key).status, 200);
    let log = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/asrun"), Some(&stage.staff), &[], &Value::Null).json();
    let by = |what: &str| {
        let entries = log["entries"].as_array().unwrap();
        entries.iter().find(|entry| entry["what"] == what).map(|entry| entry["by"].clone())
    };
    assert_eq!((by("take"), by("close")), (Some(json!("key deck")), Some(json!("key deck"))));
    assert!(!log.to_string().contains(key["key"].as_str().unwrap()), "what opens is in no log");
    assert!(!stage.app.process().lines().join("\n").contains(key["key"].as_str().unwrap()));
    assert!(!stage.app.document().to_string().contains(key["key"].as_str().unwrap()), "and in no document");
    // The owner has control still.
    stage.does("unfreeze", json!({}));
}

#[test]
fn what_is_so_already_is_an_error_or_not_as_asked_and_the_same_id_is_done_once() {
    let stage = Stage::start(&[]);
    let key = stage.makes_key("deck", &["rundown", "window", "screens"], false);
    let first = stage.fires("standby/1?id=a1", &key);
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(stage.fires("standby/1?id=a1", &key).json()["rev"], first.json()["rev"], "the same press");
    assert_eq!(refused_for_now(&stage.fires("standby/1", &key)), "too_soon");
    let soft = stage.fires("standby/1?soft=1", &key).json();
    assert_eq!((&soft["ok"], &soft["already"], &soft["rev"]), (&json!(true), &json!(true), &first.json()["rev"]));
    assert_eq!(stage.fires("take", &key).status, 200);
    assert_eq!(code(&stage.fires("open", &key)), "not_now");
    assert_eq!(stage.fires("open?soft=1", &key).json()["already"], true);
    assert_eq!(code(&stage.fires("release?soft=0", &key)), "not_now");
    // Soft is no excuse for what is not so.
    assert_eq!(code(&stage.fires("standby/9?soft=1", &key)), "not_found");
    assert_eq!(code(&stage.fires("step/3", &key)), "not_found");
}

#[test]
fn a_key_does_what_it_may_and_no_more() {
    let stage = Stage::start(&[]);
    let screens = stage.makes_key("screens", &["screens"], false);
    assert_eq!(code(&stage.fires("take", &screens)), "forbidden");
    assert_eq!(stage.fires("panic", &screens).status, 200);
    let nobody = json!({ "key": "tlkey_00000000000000000000000000000000" });
    assert_eq!(code(&stage.fires("panic", &nobody)), "bad_token");
    let overlay = json!({ "key": stage.key });
    assert_eq!(code(&stage.fires("panic", &overlay)), "bad_token", "a key of screens reads, and does nothing");
    assert_eq!(stage.app.get(&format!("/f/{SHOW}/status.json?key={}", screens["key"].as_str().unwrap())).status, 401);
    // Armed first, in a call of its own.
    let show = stage.makes_key("show", &["show", "result"], false);
    assert_eq!(code(&stage.fires("go_live", &show)), "not_armed");
    assert_eq!(stage.fires("arm/go_live", &show).status, 200);
    assert_eq!(stage.fires("go_live", &show).json()["rehearsal"], false);
    assert_eq!(code(&stage.fires("arm/void", &show)), "not_found");
    // Of the roles, producers alone make and revoke them.
    let keys = format!("/api/v1/shows/{SHOW}/keys");
    let listed = stage.ask("GET", &keys, Some(&stage.staff), &[], &Value::Null);
    assert_eq!(listed.json()["keys"].as_array().unwrap().len(), 2);
    assert!(!listed.text().contains("tlkey_") && !listed.text().contains("hash"));
    let revoke = |key: &Value| {
        let path = format!("{keys}/{}", key["id"].as_str().unwrap());
        stage.ask("DELETE", &path, Some(&stage.staff), &[], &Value::Null).status
    };
    assert_eq!((revoke(&screens), revoke(&screens)), (204, 404));
    assert_eq!(code(&stage.fires("panic", &screens)), "bad_token");
    assert_eq!(code(&stage.ask("GET", &keys, Some(&stage.device()), &[], &Value::Null)), "bad_token");
}

#[test]
fn a_key_says_what_came_true_of_a_prediction_once_that_is_armed() {
    let mut stage = Stage::of("tests/it/doors/quiz.show.toml", &[]).enter();
    let key = stage.makes_key("judge", &["result"], false);
    let device = stage.device();
    played(&mut stage, "3", &[(&device, 2)]);
    assert_eq!(code(&stage.fires("resolve/2", &key)), "not_armed");
    assert_eq!(code(&stage.gets("resolve/2", &key, &[])), "forbidden");
    let armed = stage.fires("arm/resolve", &key);
    assert_eq!(armed.status, 200, "{}", armed.text());
    let seen = armed.json()["rev"].as_u64().unwrap();
    assert_eq!(code(&stage.fires(&format!("resolve/2?expect={}", seen - 1), &key)), "stale");
    assert_eq!(code(&stage.fires("resolve/3", &key)), "bad_message", "it has two options");
    let done = stage.fires(&format!("resolve/2?expect={seen}&id=r1"), &key);
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(stage.fires("resolve/2?id=r1", &key).json()["rev"], done.json()["rev"], "the same press");
    assert_eq!(stage.fires("resolve/2?soft=1", &key).json()["already"], true);
    assert_ne!(stage.fires("resolve/1?soft=1", &key).status, 200, "soft is no excuse for what is not so");
    assert_eq!(stage.live(None)["show"]["run"]["kind"]["prediction"]["right"], json!([2]));
    let log = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/asrun"), Some(&stage.staff), &[], &Value::Null).json();
    let resolved = log["entries"].as_array().unwrap().iter().find(|entry| entry["what"] == "resolve").unwrap().clone();
    assert_eq!(resolved["by"], "key judge");
}

#[test]
fn a_get_fires_only_with_a_key_made_for_it_and_never_for_who_only_looks() {
    let stage = Stage::start(&[]);
    let (post, get) = (stage.makes_key("post", &["screens"], false), stage.makes_key("get", &["screens"], true));
    assert_eq!(code(&stage.gets("freeze", &post, &[])), "forbidden");
    for headers in [
        [("sec-purpose", "prefetch;anonymous-client-ip")],
        [("purpose", "preview")],
        [("user-agent", "Slackbot-LinkExpanding 1.0")],
    ] {
        assert_eq!(code(&stage.gets("freeze", &get, &headers)), "forbidden", "{headers:?}");
    }
    let path = format!("/c/{SHOW}/freeze?key={}", get["key"].as_str().unwrap());
    assert_eq!(stage.ask("HEAD", &path, None, &[], &Value::Null).status, 403);
    assert_eq!(stage.live(None)["show"]["graphic"]["frozen"], false);
    let fired = stage.gets("freeze", &get, &[]);
    assert_eq!((fired.status, fired.header("cache-control")), (200, Some("no-store")), "{}", fired.text());
    until("it is frozen", || (stage.live(None)["show"]["graphic"]["frozen"] == true).then_some(()));
    let keys = format!("/api/v1/shows/{SHOW}/keys");
    let body = json!({ "name": "x", "may": ["show"], "get": true });
    assert_eq!(code(&stage.ask("POST", &keys, Some(&stage.staff), &[], &body)), "forbidden");
}

#[test]
fn who_presses_too_often_is_slowed_down() {
    let stage = Stage::start(&[]);
    let key = stage.makes_key("deck", &["screens"], false);
    let codes: Vec<_> = (0..40).map(|_| stage.fires("freeze?soft=1", &key).status).collect();
    assert!(codes[..30].iter().all(|status| *status == 200), "{codes:?}");
    assert!(codes.contains(&429), "{codes:?}");
    let wrong = json!({ "key": "tlkey_0" });
    let codes: Vec<_> = (0..40).map(|_| stage.fires("freeze", &wrong).status).collect();
    assert!(codes[..30].iter().all(|status| *status == 401) && codes.contains(&429), "{codes:?}");
}

#[test]
fn keys_are_made_listed_and_revoked_at_the_command_line() {
    let stage = Stage::start(&[]);
    let address = stage.app.address().to_string();
    let key = |args: &[&str]| {
        let mut program = stage.app.program();
        program.arg("key").args(args).args(["--listen", &address, "--data"]).arg(stage.app.data());
        let out = program.output().unwrap();
        (out.status.success(), String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap())
    };
    let (done, made) = key(&["create", SHOW, "--name", "deck", "--may", "window,screens"]);
    assert!(done, "{made}");
    assert_eq!(stage.fires("freeze", &json!({ "key": made.trim() })).status, 200);
    let (_, listed) = key(&["list", SHOW]);
    assert!(listed.contains("good     deck  window,screens  by command line"), "{listed}");
    assert!(!listed.contains(made.trim()), "{listed}");
    assert!(!key(&["create", SHOW, "--name", "deck", "--may", "window"]).0, "the name is taken");
    assert!(key(&["revoke", SHOW, "deck"]).0);
    assert_eq!(code(&stage.fires("freeze", &json!({ "key": made.trim() }))), "bad_token");
    assert!(key(&["list", SHOW]).1.contains("revoked  deck"));
    let (done, said) = key(&["revoke", SHOW, "deck"]);
    assert!(!done && said.contains("there is no key deck"), "{said}");
}
