//! The clock of the server, who may say how late the show is seen, and what encoders are told.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::mpsc,
};

use serde_json::{Value, json};

use super::stage::{SHOW, Stage, until};
use crate::support::{SOON, http};

#[test]
fn the_time_says_what_was_asked_and_when_it_was_there() {
    let stage = Stage::start(&[]);
    let time = stage.app.get("/api/v1/time?t0=1234567890123").json();
    let [t1, t2] = ["t1", "t2"].map(|name| time[name].as_u64().unwrap());
    assert_eq!((&time["t0"], time["now"].as_u64()), (&1_234_567_890_123_u64.into(), Some(t2)), "{time}");
    let later = stage.app.get("/api/v1/time").json();
    assert!(t1 <= t2 && t2 <= later["t1"].as_u64().unwrap(), "{time} {later}");
    assert!(later["t0"].is_null());
    assert_eq!(stage.app.get("/api/v1/time?t0=noon").status, 400);
}

/// How far television is behind, as runs that are made now have it.
fn behind_ms(stage: &Stage) -> u64 {
    let times = stage.app.get(&format!("/api/v1/shows/{SHOW}/timeline.json?key={}", stage.key));
    times.json()["platforms"][0]["delay_ms"].as_u64().unwrap()
}

#[test]
fn staff_and_keys_say_how_late_it_is_seen_once_and_nobody_else_does() {
    let stage = Stage::of("tests/it/doors/platforms.show.toml", &[]).enter();
    let path = format!("/api/v1/shows/{SHOW}/marker");
    let now = || stage.app.get("/api/v1/time").json()["now"].as_u64().unwrap();
    let says = |stage: &Stage, bearer: &Value, query: &str, body: &Value| {
        stage.ask("POST", &format!("{path}{query}"), bearer.as_str(), &[], body)
    };
    let (window, screens) =
        (stage.makes_key("window", &["window"], true), stage.makes_key("screens", &["screens"], true));
    let (window, screens, staff) = (window["key"].clone(), screens["key"].clone(), json!(stage.staff));
    assert_eq!(behind_ms(&stage), 6000);
    // Two seconds less than now, and a little for the way.
    let seen = json!({"programme_time": now() - 2000, "platform": "tv"});
    let by_key = says(&stage, &window, "?id=m1", &seen);
    assert_eq!((by_key.status, &by_key.json()["verb"]), (200, &json!("marker")), "{}", by_key.text());
    let first = behind_ms(&stage);
    assert!((2000..5000).contains(&first), "{first}");
    assert_eq!(says(&stage, &window, "?id=m1", &seen).json()["rev"], by_key.json()["rev"], "the same press");
    assert_eq!(behind_ms(&stage), first);
    // The output: so much later than the file says.
    let by_staff = says(&stage, &staff, "", &json!({"programme_time": now() - 1000}));
    assert_eq!(by_staff.status, 200, "{}", by_staff.text());
    assert!((7000..10_000).contains(&behind_ms(&stage)));
    let rev = by_staff.json()["rev"].as_u64().unwrap();
    let none = json!({"programme_time": now()});
    assert_eq!(says(&stage, &staff, &format!("?expect={}", rev - 1), &none).status, 409);
    for (bearer, status) in
        [(screens.clone(), 403), (json!(stage.device()), 401), (json!(stage.key), 401), (Value::Null, 401)]
    {
        assert_eq!(says(&stage, &bearer, "", &none).status, status, "{bearer}");
    }
    assert_eq!(says(&stage, &window, "", &json!({"programme_time": now() + 60_000})).status, 400);
    assert_eq!(says(&stage, &window, "", &json!({"programme_time": now(), "platform": "radio"})).status, 404);
    assert_eq!(says(&stage, &window, "", &json!({"seconds": 5})).status, 400);

    // By an address, as a button has it.
    let fire = |method: &str, path: &str, key: &Value| {
        let join = if path.contains('?') { '&' } else { '?' };
        let path = format!("/c/{SHOW}/{path}{join}key={}", key.as_str().unwrap());
        stage.ask(method, &path, None, &[], &Value::Null)
    };
    assert_eq!(fire("GET", "marker/2.5?platform=tv", &window).status, 200);
    assert!((2500..5000).contains(&behind_ms(&stage)));
    assert_eq!(fire("POST", "marker/0", &window).status, 200);
    assert!((6000..7000).contains(&behind_ms(&stage)), "as the file says");
    assert_eq!(fire("POST", "marker/0", &screens).status, 403);
    assert_eq!(fire("POST", "marker/181", &window).status, 404);
    assert_eq!(fire("POST", "close?platform=tv", &window).status, 404);
    let log = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/asrun"), Some(&stage.staff), &[], &Value::Null).json();
    let entries = log["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == "marker");
    let by: Vec<_> = entries.map(|entry| entry["by"].as_str().unwrap()).collect();
    assert_eq!((by.len(), by[0], by[3]), (4, "key window", "key window"), "{by:?}");
}

/// The next event after a number; `None`: there was none within a second.
fn next(stage: &Stage, query: &str) -> Option<Value> {
    let path = format!("/api/v1/shows/{SHOW}/timed-metadata/next?key={}&{query}", stage.key);
    let reply = stage.app.get(&path);
    match reply.status {
        200 => Some(reply.json()),
        204 => None,
        other => panic!("{other}: {}", reply.text()),
    }
}

#[test]
fn an_encoder_is_told_what_a_run_reaches_as_it_does() {
    let mut stage = Stage::of("tests/it/doors/platforms.show.toml", &[]).enter();
    let path = format!("/api/v1/shows/{SHOW}/timed-metadata/next");
    assert_eq!(stage.app.get(&path).status, 401);
    assert_eq!(stage.app.get(&format!("{path}?key={}&wait=26", stage.key)).status, 400);
    assert_eq!(next(&stage, "wait=0"), None);
    stage.does("standby", json!({"cue": "1"}));
    // Who waits hears it from the opening, and not from a look some time later.
    let (address, waiting) = (stage.app.address(), format!("{path}?key={}", stage.key));
    let waits = std::thread::spawn(move || http::get(address, &waiting));
    let run = stage.open_standby();
    let open = waits.join().unwrap().json();
    assert_eq!(
        (&open["v"], &open["ev"], &open["show"], &open["run"], &open["cue"], &open["rehearsal"]),
        (&json!(1), &json!("open"), &json!(SHOW), &json!(run), &json!("1"), &json!(true))
    );
    let seq = |event: &Value| event["seq"].as_u64().unwrap();
    let times = stage.app.get(&format!("/api/v1/shows/{SHOW}/timeline.json?key={}", stage.key)).json();
    assert_eq!((&open["at"], &open["dur"]), (&times["runs"][0]["studio"]["windows"][0]["opens_at"], &Value::Null));
    stage.does("close", json!({}));
    let again = next(&stage, &format!("after={}", seq(&open))).unwrap();
    assert_eq!((&again["ev"], &again["at"], again["dur"].is_u64()), (&json!("open"), &open["at"], true));
    let close = next(&stage, &format!("after={}", seq(&again))).unwrap();
    assert_eq!((&close["ev"], &close["run"]), (&json!("close"), &open["run"]));
    assert_eq!(next(&stage, &format!("wait=0&after={}", seq(&close))), None);
    // After a start it is all there, and what was before the number comes no more, but for its last second.
    stage.app.stop();
    stage.app.start();
    let since = next(&stage, &format!("after={}", seq(&open))).unwrap();
    assert!([&open["ev"], &close["ev"]].contains(&&since["ev"]), "{since}");
    assert_eq!(next(&stage, &format!("wait=0&after={}", seq(&close) + 2000)), None);
}

/// A service that an encoder hears from: it says no so many times, then it takes what it is told.
fn service(mut refuses: usize) -> (String, mpsc::Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                stream.read_line(&mut head).unwrap();
            }
            for line in head.lines() {
                length = line.strip_prefix("content-length: ").map_or(length, |number| number.parse().unwrap());
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let status = if refuses > 0 { "503 Later" } else { "204 Taken" };
            stream.get_mut().write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).unwrap();
            if refuses == 0 && heard.send((head, serde_json::from_slice(&body).unwrap())).is_err() {
                return;
            }
            refuses = refuses.saturating_sub(1);
        }
    });
    (format!("http://{address}/cue?to=tv"), told)
}

#[test]
fn the_service_of_an_encoder_is_told_again_until_it_takes_it_and_in_order() {
    let (url, told) = service(2);
    let files = tempfile::tempdir().unwrap();
    let secret = files.path().join("secret");
    std::fs::write(&secret, "it-knows-me\n").unwrap();
    let args = ["--timed-url", &url, "--timed-secret-file", secret.to_str().unwrap()];
    let mut stage = Stage::of("tests/it/doors/platforms.show.toml", &args).enter();
    let run = stage.open();
    stage.does("close", json!({}));
    let hears = || told.recv_timeout(SOON).unwrap();
    let (head, open) = hears();
    assert!(head.starts_with("POST /cue?to=tv HTTP/1.0\r\n") && head.contains("authorization: Bearer it-knows-me\r\n"));
    assert_eq!((&open["ev"], &open["run"]), (&json!("open"), &json!(run)));
    let mut last = open;
    while last["ev"] != "close" {
        let (_, event) = hears();
        assert!(event["seq"].as_u64() > last["seq"].as_u64(), "{last} {event}");
        last = event;
    }
    let metric = |outcome: &str| stage.metric(&format!("tallylight_timed_metadata_total{{outcome=\"{outcome}\"}}"));
    assert_eq!((metric("failed"), metric("lost")), (2, 0));
    until("it is counted", || (metric("sent") >= 2).then_some(()));
}
