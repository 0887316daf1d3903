//! The clock of the server, and who may set how late the show is seen.

use serde_json::{Value, json};

use super::stage::{SHOW, Stage};

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
