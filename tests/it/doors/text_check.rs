//! Somebody else's check of what the audience writes: what it says is done, and whatever it does instead of saying it,
//! nothing airs that no moderator has seen.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use super::{
    operators::token,
    stage::{SHOW, Stage, until},
};
use crate::support::websocket::Client;

const SHOW_FILE: &str = "tests/it/doors/writing.show.toml";

/// What the service does, and what it was asked.
#[derive(Default)]
struct Service {
    /// `{}` for a proper answer by the text; nothing: it takes the question and never answers.
    says: Option<String>,
    asked: Vec<String>,
    /// Those that were never answered.
    kept: Vec<TcpStream>,
}

fn serve() -> (SocketAddr, Arc<Mutex<Service>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let service = Arc::new(Mutex::new(Service { says: Some("{}".to_owned()), ..Service::default() }));
    let theirs = service.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = String::new();
            let mut byte = [0];
            while !asked.ends_with('}') && stream.read(&mut byte).unwrap() == 1 {
                asked.push(byte[0].into());
            }
            let mut service = theirs.lock().unwrap();
            let outcome = ["refuse", "flag"].into_iter().find(|word| asked.contains(word)).unwrap_or("allow");
            service.asked.push(asked);
            match service.says.as_deref() {
                Some("{}") => {
                    let body = json!({ "outcome": outcome }).to_string();
                    let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                }
                Some(answer) => drop(stream.write_all(answer.as_bytes())),
                None => service.kept.push(stream),
            }
        }
    });
    (address, service)
}

/// Opens a cue and gives its run.
fn opens(stage: &mut Stage, cue: &str) -> String {
    stage.does("standby", json!({ "cue": cue }));
    stage.does("take", json!({}));
    until("it is open", || {
        let run = stage.live(None)["show"]["run"].clone();
        (run["phase"] == "open" && run["cue"] == cue).then(|| run["id"].as_str().unwrap().to_owned())
    })
}

fn say(stage: &Stage, run: &str, text: &str) -> Value {
    let body = json!({"run": run, "id": format!("{:032x}", 1), "text": text});
    stage.ask("POST", &format!("/api/v1/shows/{SHOW}/items"), Some(&stage.device()), &[], &body).json()
}

/// The flags of a text, as a moderator sees them.
fn flags(stage: &Stage, moderator: &str, text: &str) -> Value {
    let queue =
        stage.ask("GET", &format!("/api/v1/shows/{SHOW}/moderation"), Some(moderator), &[], &json!(null)).json();
    let all = queue["items"].as_array().unwrap();
    all.iter().find(|item| item["text"] == text).map_or(Value::Null, |item| item["flags"].clone())
}

#[test]
fn what_the_check_says_is_done_and_its_silence_approves_nothing() {
    let (address, service) = serve();
    let files = tempfile::tempdir().unwrap();
    let secret = files.path().join("secret");
    std::fs::write(&secret, "it-knows-me\n").unwrap();
    let url = format!("http://{address}/look?v=1");
    let args = ["--check-url", &url, "--check-secret-file", secret.to_str().unwrap(), "--check-timeout-ms", "300"];
    let mut stage = Stage::of(SHOW_FILE, &args).enter();
    let moderator = token(&stage, "moderator");
    let run = opens(&mut stage, "2");

    assert_eq!(say(&stage, &run, "Hello from Utrecht")["is"], "approved");
    let refused = say(&stage, &run, "refuse this");
    assert_eq!(
        (&refused["is"], &refused["reason"], refused["detail"] == ""),
        (&json!("refused"), &json!("check"), false)
    );
    assert_eq!(say(&stage, &run, "flag this")["is"], "waiting");
    assert_eq!(flags(&stage, &moderator, "flag this"), json!(["check"]));
    assert_eq!(say(&stage, &run, "see https://evil.example")["reason"], "link");
    {
        let asked = &service.lock().unwrap().asked;
        assert_eq!(asked.len(), 3, "what the rules refuse is not told to anybody: {asked:?}");
        let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("POST /look?v=1 ") && head.contains("authorization: Bearer it-knows-me\r\n"),
            "{head}"
        );
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            body,
            json!({"show": SHOW, "kind": "text", "text": "Hello from Utrecht"}),
            "and nothing of its sender"
        );
    }

    // It lies, and it says nothing at all.
    let lies =
        ["HTTP/1.1 200 OK\r\n\r\n{\"outcome\":\"approve\"}", "HTTP/1.1 500 No\r\n\r\n{\"outcome\":\"allow\"}", "\0"];
    let mut texts = Vec::new();
    for says in lies.map(Some).into_iter().chain([None]) {
        service.lock().unwrap().says = says.map(str::to_owned);
        let text = format!("Hello number {}", texts.len());
        assert_eq!(say(&stage, &run, &text)["is"], "waiting", "{says:?}");
        assert_eq!(flags(&stage, &moderator, &text), json!(["unchecked"]), "{says:?}");
        texts.push(text);
    }
    // One more, and it is left alone; then it is asked again by itself.
    say(&stage, &run, "One more");
    let before = service.lock().unwrap().asked.len();
    assert_eq!(say(&stage, &run, "Nobody is asked about this")["is"], "waiting");
    assert_eq!(service.lock().unwrap().asked.len(), before);
    service.lock().unwrap().says = Some("{}".to_owned());
    let mut n = 0;
    until("it is asked again", || {
        n += 1;
        (say(&stage, &run, &format!("Greetings, {n} times"))["is"] == "approved").then_some(())
    });
    assert!(stage.metric("tallylight_text_checks_total{outcome=\"failed\"}") >= 6);
    assert_eq!(stage.metric("tallylight_text_checks_total{outcome=\"refused\"}"), 1);
}

#[test]
fn a_check_that_is_not_there_approves_nothing() {
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut stage = Stage::of(SHOW_FILE, &["--check-url", &format!("http://{nowhere}")]).enter();
    let moderator = token(&stage, "moderator");
    let run = opens(&mut stage, "2");
    assert_eq!(say(&stage, &run, "Is anybody there?")["is"], "waiting");
    assert_eq!(flags(&stage, &moderator, "Is anybody there?"), json!(["unchecked"]));
}

#[test]
fn a_ballot_behind_a_text_that_is_checked_is_judged_by_when_it_came_itself() {
    let (address, service) = serve();
    service.lock().unwrap().says = None;
    let args = ["--check-url", &format!("http://{address}"), "--check-timeout-ms", "5000"];
    let mut stage = Stage::of(SHOW_FILE, &args).enter();
    let texts = opens(&mut stage, "2");
    let (mut viewer, _) = Client::joined(&stage.app, SHOW, &json!({"t": "join"}));
    viewer
        .send(json!({"t": "say", "run": texts, "id": format!("{:032x}", 1), "text": "Hello from Utrecht"}).to_string());
    until("the check is asked", || (!service.lock().unwrap().asked.is_empty()).then_some(()));
    // The vote opens after the text came, and before it is answered.
    stage.does("close", json!({}));
    until("it is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    let run = opens(&mut stage, "3");
    viewer.send(json!({"t": "vote", "run": run, "id": format!("{:032x}", 2), "picks": [1]}).to_string());
    assert_eq!(viewer.wait_for("receipt")["is"], "counted");
}
