//! Which pages may connect and vote, and which may read what.

use serde_json::{Value, json};

use super::{
    raw::Raw,
    stage::{SHOW, Stage},
};
use crate::support::http::Reply;

const LISTED: &str = "https://www.example.org";
const FOREIGN: &str = "https://www.example.org.evil.example";

fn listing() -> Stage {
    Stage::start(&["--origins=https://www.example.org", "--public-url=https://vote.example.org"])
}

fn allowed(reply: &Reply) -> Option<&str> {
    reply.header("access-control-allow-origin")
}

#[test]
fn sockets_open_for_own_and_listed_pages_and_for_programs() {
    let stage = listing();
    let here = stage.app.url("");
    for origin in [LISTED, "https://vote.example.org", &here] {
        assert!(Raw::connect(stage.app.address(), &[("origin", origin)]).is_ok(), "{origin}");
    }
    assert!(Raw::connect(stage.app.address(), &[]).is_ok());
    for origin in [FOREIGN, "http://www.example.org", "https://www.example.org:8443"] {
        let (status, problem) = Raw::connect(stage.app.address(), &[("origin", origin)]).unwrap_err();
        assert_eq!((status, &problem["code"]), (403, &json!("bad_origin")), "{origin}");
    }
}

#[test]
fn a_local_file_may_only_be_a_screen() {
    let stage = listing();
    let join = |fields: Value| {
        let mut raw = Raw::connect(stage.app.address(), &[("origin", "null")]).unwrap();
        let mut join = fields;
        join["t"] = "join".into();
        raw.say(&join);
        let answer = raw.hear().unwrap();
        (raw, answer)
    };
    assert_eq!(join(json!({"key": stage.key})).1["role"], "screen");
    for fields in [json!({}), json!({"device": stage.device()}), json!({"staff": stage.staff}), json!({"ticket": "x"})]
    {
        let (mut raw, problem) = join(fields);
        assert_eq!((&problem["code"], raw.end().1), (&json!("forbidden"), Some(4003)));
    }
    let (mut raw, problem) = join(json!({"key": "k1.00.00"}));
    assert_eq!((&problem["code"], raw.end().1), (&json!("bad_token"), Some(4001)));
}

#[test]
fn public_answers_are_for_every_page() {
    let stage = listing();
    let live = format!("/api/v1/shows/{SHOW}/live");
    let feed = format!("/f/{SHOW}/results.json?key={}", stage.key);
    for path in ["/web/sdk/tallylight.js", "/api/v1/time", &live, &feed] {
        for origin in ["null", FOREIGN, LISTED] {
            let reply = stage.ask("GET", path, None, &[("origin", origin)], &json!(null));
            assert_eq!((reply.status, allowed(&reply)), (200, Some("*")), "{path} {origin}");
            let asked = [("origin", origin), ("access-control-request-method", "GET")];
            let reply = stage.ask("OPTIONS", path, None, &asked, &json!(null));
            assert_eq!((reply.status, allowed(&reply)), (204, Some("*")), "{path} {origin}");
            assert!(reply.header("access-control-allow-headers").unwrap().contains("if-none-match"));
        }
        // To own pages, too: browsers give pages of other sites what their cache has from these.
        assert_eq!(allowed(&stage.app.get(path)), Some("*"), "{path}");
    }
}

#[test]
fn listed_pages_vote_and_others_do_not() {
    let mut stage = listing();
    let run = stage.open();
    let ballots = format!("/api/v1/shows/{SHOW}/ballots");
    let preflight = |path: &str, origin| {
        let asked = [("origin", origin), ("access-control-request-method", "POST")];
        stage.ask("OPTIONS", path, None, &asked, &json!(null))
    };
    let reply = preflight(&ballots, LISTED);
    assert_eq!((reply.status, allowed(&reply), reply.header("vary")), (204, Some(LISTED), Some("origin")));
    assert!(reply.header("access-control-allow-headers").unwrap().contains("authorization"));
    assert_eq!(allowed(&preflight(&format!("/api/v1/shows/{SHOW}/commands"), LISTED)), None);

    let from = |origin| [("origin", origin)];
    let joined = stage.join(None, &from(LISTED));
    assert_eq!(allowed(&joined), Some(LISTED));
    let device = joined.json()["device"].as_str().unwrap().to_owned();
    let ballot = json!({"run": run, "id": "0123456789abcdef0123456789abcdef", "picks": [1]});
    for origin in [FOREIGN, "null"] {
        assert_eq!(stage.join(None, &from(origin)).status, 403);
        let refused = stage.ask("POST", &ballots, Some(&device), &from(origin), &ballot);
        // The page may read why, so that it can say so; that is all it gets.
        assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("bad_origin")));
        assert_eq!((allowed(&refused), preflight(&ballots, origin).status), (Some(origin), 204));
    }
    let counted = stage.ask("POST", &ballots, Some(&device), &from(LISTED), &ballot);
    assert_eq!((&counted.json()["is"], allowed(&counted)), (&json!("counted"), Some(LISTED)));
    // What staff may do, only own pages do.
    let command = json!({"id": "x", "do": "panic"});
    let path = format!("/api/v1/shows/{SHOW}/commands");
    assert_eq!(stage.ask("POST", &path, Some(&stage.staff), &from(LISTED), &command).status, 403);
}

#[test]
fn a_show_names_sites_of_its_own() {
    let stage = Stage::start(&[]);
    let from = [("origin", LISTED)];
    let framed = || {
        let page = stage.app.get(&format!("/s/{SHOW}"));
        page.header("content-security-policy").unwrap().split("; ").last().unwrap().to_owned()
    };
    assert_eq!((stage.join(None, &from).status, framed()), (403, "frame-ancestors 'none'".to_owned()));

    let path = format!("/api/v1/shows/{SHOW}/file");
    let file = stage.ask("GET", &path, Some(&stage.staff), &[], &json!(null)).text().to_owned();
    let named = file.replacen(
        "[[cue]]",
        &format!("origins = [\"{LISTED}\"]\nframes = [\"{LISTED}\", \"https://apps.example.org\"]\n\n[[cue]]"),
        1,
    );
    let bearer = format!("Bearer {}", stage.staff);
    let replaced = |file: &str| {
        let headers = [("content-type", "application/toml"), ("authorization", bearer.as_str())];
        crate::support::http::request(stage.app.address(), "PUT", &path, &headers, file.as_bytes()).status
    };
    assert_eq!(replaced(&named), 204);
    assert_eq!(stage.ask("GET", &path, Some(&stage.staff), &[], &json!(null)).text().matches(LISTED).count(), 2);
    let joined = stage.join(None, &from);
    assert_eq!((joined.status, allowed(&joined)), (200, Some(LISTED)));
    assert!(Raw::connect(stage.app.address(), &from).is_ok());
    assert_eq!(framed(), format!("frame-ancestors {LISTED} https://apps.example.org"));
    // Of this show alone, and never what staff may do.
    let (status, _) = Raw::connect(stage.app.address(), &[("origin", FOREIGN)]).unwrap_err();
    assert_eq!(status, 403);
    let other = stage.ask("POST", "/api/v1/shows/another/join", None, &from, &json!({}));
    assert_eq!((other.status, &other.json()["code"]), (403, &json!("bad_origin")));
    let command = json!({"id": "x", "do": "panic"});
    let path = format!("/api/v1/shows/{SHOW}/commands");
    assert_eq!(stage.ask("POST", &path, Some(&stage.staff), &from, &command).status, 403);

    // And taken back at once.
    assert_eq!(replaced(&file), 204);
    assert_eq!((stage.join(None, &from).status, framed()), (403, "frame-ancestors 'none'".to_owned()));
}
