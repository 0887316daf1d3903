//! What is answered to those who ask in an unusual way: with a browser, through a packing proxy, without an upgrade, while
//! Redis is away.

use serde_json::{Value, json};
use tallylight::wire::codes::Code;

use super::stage::{SHOW, Stage, until};
use crate::support::redis::RedisServer;

const NONE: Value = Value::Null;

#[test]
fn a_person_gets_words_and_a_program_its_problem() {
    let stage = Stage::start(&[]);
    let get = |path: &str, accept: &str| stage.ask("GET", path, None, &[("accept", accept)], &NONE);
    let person = get("/s/nope", "text/html,application/xhtml+xml,*/*;q=0.8");
    assert_eq!((person.status, person.header("content-type")), (404, Some("text/html; charset=utf-8")));
    assert!(person.text().contains("<h1>There is no such show</h1>"), "{}", person.text());
    assert!(person.header("content-security-policy").is_some());
    for (path, accept) in [("/s/nope", "*/*"), ("/api/v1/shows/nope/live", "text/html")] {
        let program = get(path, accept);
        assert_eq!((program.status, program.header("content-type")), (404, Some("application/problem+json")));
        assert_eq!(program.json()["code"], "no_show");
    }
    assert_eq!(stage.metric("tallylight_problems_total{code=\"no_show\"}"), 3, "each is counted");

    // A slash at the end is the same address; nobody is sent to another site.
    let slash = get(&format!("/s/{SHOW}/"), "text/html");
    assert_eq!((slash.status, slash.header("location")), (308, Some(&*format!("/s/{SHOW}"))));
    assert_eq!(get("//example.org/", "text/html").status, 404);

    let socket = get(&format!("/ws/{SHOW}"), "*/*");
    assert_eq!((socket.status, &socket.json()["code"]), (400, &json!("bad_message")));
    assert!(socket.text().contains("tallylight.v1"), "{}", socket.text());
}

#[test]
fn the_type_of_a_problem_leads_to_what_to_do() {
    let stage = Stage::start(&[]);
    let kind = stage.app.get("/api/v1/shows/nope/live").json()["type"].as_str().unwrap().to_owned();
    let page = stage.app.get(&kind);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for words in
        ["<h1>There is no such show</h1>", "/ lists the shows", "gets the same answer", "HTTP 404", "ends with 4004"]
    {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    for code in Code::ALL {
        assert_eq!(stage.app.get(&format!("/problems/{}", code.word())).status, 200, "{code:?}");
    }
    assert!(stage.app.get("/problems/busy").text().contains("may succeed later"));
    assert_eq!(stage.app.get("/problems/nope").status, 404);
}

#[test]
fn the_address_stands_below_its_code_where_it_is_asked_for() {
    let stage = Stage::start(&["--public-url=https://vote.example.org"]);
    let code = |query: &str| stage.app.get(&format!("/s/{SHOW}/qr.svg{query}")).text().to_owned();
    assert!(code("?address").contains(&format!(">vote.example.org/s/{SHOW}</text>")));
    assert!(!code("").contains("<text"));
}

#[test]
fn what_a_client_has_is_not_sent_again_however_its_etag_is_written() {
    let stage = Stage::start(&[]);
    for path in [format!("/api/v1/shows/{SHOW}/live"), format!("/s/{SHOW}")] {
        let etag = stage.app.get(&path).header("etag").expect("an ETag").to_owned();
        let status = |seen: &str| stage.ask("GET", &path, None, &[("if-none-match", seen)], &NONE).status;
        for seen in [etag.clone(), format!("W/{etag}"), format!("\"another\", {etag}"), "*".to_owned()] {
            assert_eq!(status(&seen), 304, "{path} {seen}");
        }
        assert_eq!(status("\"another\""), 200);
    }
}

#[test]
fn a_link_that_cannot_be_looked_up_is_not_called_used() {
    let mut redis = RedisServer::start(&["--appendonly", "yes"]);
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&secret, "ab".repeat(32)).unwrap();
    let stage =
        Stage::with(&[&format!("--redis={}", redis.url()), &format!("--secret-file={}", secret.path().display())]);
    let enter = || stage.ask("POST", "/api/v1/staff/enter", None, &[], &json!({"code": stage.staff}));
    redis.kill();
    let away = enter();
    assert_eq!((away.status, &away.json()["code"]), (503, &json!("busy")), "{}", away.text());
    assert!(away.json()["retry_after_ms"].as_u64().unwrap() > 0);
    redis.restart();
    until("the link is good", || (enter().status == 200).then_some(()));
    assert_eq!(enter().json()["code"], "bad_token", "and used");
}
