//! Platforms: who sees everything later has the window later, by the link that they came by, and the run waits for them.

use serde_json::{Value, json};

use super::{
    entries::{codes, posted, text},
    operators::joined,
    raw::Raw,
    screens::Events,
    stage::{SHOW, Stage, until},
};

/// A new viewer by the code of an entry link, as a device token.
fn device(stage: &Stage, code: &str) -> String {
    text(&posted(stage, &json!({"entry": code}))["device"]).to_owned()
}

/// What a viewer by a WebSocket is told from now on, until a message is as it should be.
fn hears(socket: &mut Raw, what: impl Fn(&Value) -> bool) -> Value {
    loop {
        let message = socket.hear().unwrap();
        if what(&message) {
            return message;
        }
    }
}

#[test]
fn everybody_has_their_own_clock_and_no_number_before_their_opening() {
    let mut stage = Stage::of("tests/it/doors/platforms.show.toml", &[]).enter();
    let [hall, tv] = &*codes(&stage) else { panic!("two links are printed") };
    let [mut in_hall, mut on_tv] = [hall, tv].map(|code| Raw::join(stage.app.address(), json!({"entry": code})).0);
    let run = stage.open();
    let voter = device(&stage, hall);
    assert_eq!(stage.vote(&run, &voter, 1)["is"], "counted");
    let opened = |message: &Value| message["t"] == "show" && message["run"]["phase"] == "open";
    let opens_at = |show: &Value| show["run"]["opens_at"].as_u64().unwrap();
    let in_studio = hears(&mut in_hall, opened);
    hears(&mut in_hall, |message| message["t"] == "results" && message["total"] == 1);
    // Until it opens there is no run and no number, whatever else there is to see.
    let mut before = Vec::new();
    let seen = loop {
        let message = on_tv.hear().unwrap();
        if opened(&message) {
            break message;
        }
        before.push(message);
    };
    assert_eq!(opens_at(&seen), opens_at(&in_studio) + 6000);
    assert_eq!(seen["run"]["behind"], json!({"delay_ms": 6000, "jitter_ms": 0}));
    assert!(in_studio["run"]["behind"].is_null());
    assert!(before.iter().all(|message| message["t"] != "show" || message["run"].is_null()), "{before:?}");
    assert!(before.iter().all(|message| message["t"] != "results" || message["total"] == 0), "{before:?}");
    hears(&mut on_tv, |message| message["t"] == "results" && message["total"] == 1);

    // By other ways as the viewer says; those who programs tell by their key know all times.
    let live = |stage: &Stage, query: &str| stage.app.get(&format!("/api/v1/shows/{SHOW}/live{query}")).json();
    assert_eq!(opens_at(&live(&stage, "?platform=tv")["show"]), opens_at(&seen));
    assert_eq!(opens_at(&live(&stage, "?platform=radio")["show"]), opens_at(&in_studio));
    let (mut of_tv, mut of_all) = (Events::open(&stage, "?platform=tv"), Events::open(&stage, ""));
    assert_eq!(
        [&mut of_tv, &mut of_all].map(|events| opens_at(&events.next().1)),
        [opens_at(&seen), opens_at(&in_studio)]
    );
    stage.does("close", json!({}));
    let closed = hears(&mut on_tv, |message| message["t"] == "show" && message["run"]["closes_at"].is_u64());
    let path = format!("/api/v1/shows/{SHOW}/timeline.json");
    assert_eq!(stage.app.get(&path).status, 401);
    let timeline = stage.app.get(&format!("{path}?key={}", stage.key)).json();
    assert_eq!(
        timeline["platforms"],
        json!([{"platform": "tv", "label": "Television", "delay_ms": 6000, "jitter_ms": 0}])
    );
    let (times, own) = (&timeline["runs"][0], &timeline["runs"][0]["platforms"][0]);
    assert_eq!(own["windows"], json!([{"opens_at": opens_at(&seen), "closes_at": closed["run"]["closes_at"]}]));
    assert_eq!((&own["locks_at"], &own["platform"]), (&times["locks_at"], &json!("tv")));
    let studio = times["studio"]["locks_at"].as_u64().unwrap();
    assert_eq!(times["locks_at"], studio + 6000);
    let status = stage.app.get(&format!("/f/{SHOW}/status.json?key={}", stage.key)).json();
    assert_eq!(status["delay_max_s"], 6);
    assert!((1..=8).contains(&status["lock_eta_s"].as_u64().unwrap()), "{status}");
    // In the hall it is over, and on television it still goes on.
    hears(&mut in_hall, |message| message["run"]["phase"] == "locked");
    assert_eq!(live(&stage, "?platform=tv")["show"]["run"]["phase"], "open");
    hears(&mut on_tv, |message| message["run"]["phase"] == "locked");
}

#[test]
fn a_marker_moves_the_window_of_a_platform_and_the_recount_knows() {
    let mut stage = Stage::of("tests/it/doors/platforms.show.toml", &[]).enter();
    let [_, tv] = &*codes(&stage) else { panic!("two links are printed") };
    let run = stage.open();
    let [first, second] = [tv, tv].map(|code| device(&stage, code));
    let (mut on_tv, _) = Raw::join(stage.app.address(), json!({"entry": tv}));
    let now = |stage: &Stage| stage.app.get("/api/v1/time").json()["now"].as_u64().unwrap();
    let seen = now(&stage) - 2500;
    stage.does("marker", json!({"programme_time": seen, "platform": "tv"}));
    until("television votes", || (stage.vote(&run, &first, 1)["is"] == "counted").then_some(()));
    stage.does("close", json!({}));
    let window = |message: &Value| Some((message["run"]["opens_at"].as_u64()?, message["run"]["closes_at"].as_u64()?));
    let shown = hears(&mut on_tv, |message| window(message).is_some());
    let studio = stage.live(None);
    let (opens, closes) = (window(&studio["show"]).unwrap(), window(&shown).unwrap());
    assert!(
        (2500..6000).contains(&(closes.0 - opens.0)) && (2500..6000).contains(&(closes.1 - opens.1)),
        "{opens:?} {closes:?}"
    );
    // The other way, while the close of television is ahead, and with its opening where it was.
    let seen = now(&stage) - 4000;
    stage.does("marker", json!({"programme_time": seen}));
    let later = hears(&mut on_tv, |message| window(message).is_some_and(|(_, at)| at > closes.1));
    let later = window(&later).unwrap();
    assert!(later.0 == closes.0 && (10_000..14_000).contains(&(later.1 - opens.1)), "{opens:?} {later:?}");
    until("the first close is over", || (now(&stage) > closes.1).then_some(()));
    until("television votes on", || (stage.vote(&run, &second, 1)["is"] == "counted").then_some(()));
    until("the run is locked", || (stage.live(Some(&stage.key))["show"]["run"]["phase"] == "locked").then_some(()));
    stage.does("seal", json!({}));
    stage.does("verify", json!({}));
    let said = stage.verified(&stage.export());
    assert!(said.contains("consistent, signer unknown"), "{said}");
    let log = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/asrun"), Some(&stage.staff), &[], &Value::Null).json();
    let notes: Vec<_> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["what"] == "marker")
        .map(|entry| &entry["note"])
        .collect();
    assert!(
        notes.len() == 2 && text(notes[0]).starts_with("tv ") && text(notes[1]).ends_with(" s behind"),
        "{notes:?}"
    );
}

#[test]
fn who_sees_it_later_votes_later_and_the_recount_knows() {
    let mut stage = Stage::of("tests/it/doors/platforms.show.toml", &[]).enter();
    let [hall, tv] = &*codes(&stage) else { panic!("two links are printed") };
    let [in_hall, on_tv, last] = [hall, tv, tv].map(|code| device(&stage, code));
    let run = stage.open();
    assert_eq!(stage.vote(&run, &in_hall, 1)["is"], "counted");
    let early = stage.vote(&run, &on_tv, 1);
    assert_eq!((&early["is"], &early["reason"]), (&json!("refused"), &json!("not_open")), "{early}");
    stage.does("close", json!({}));
    // What the hall offers after the close is late; for television it goes on, or has not even begun.
    let mut counted = 2;
    until("the hall is late", || {
        let receipt = stage.vote(&run, &device(&stage, hall), 1);
        counted += u64::from(receipt["is"] == "counted");
        (receipt["reason"] == "late").then_some(())
    });
    until("television votes", || {
        let receipt = stage.vote(&run, &on_tv, 1);
        (receipt["is"] == "counted").then_some(())
    });
    let phase = |stage: &Stage| stage.live(Some(&stage.key.clone()))["show"]["run"]["phase"].clone();
    assert_eq!(phase(&stage), "closing");
    assert_eq!(stage.asks("seal", json!({}))["code"], "not_now");
    let mut desk = joined(&stage, &stage.staff);
    assert_eq!(desk.wait_for("gauge")["run"]["decisive"], false, "television may still turn it");
    until("the run is locked", || (phase(&stage) == "locked").then_some(()));
    assert_eq!(stage.vote(&run, &last, 1)["reason"], "late");
    until("it is decided", || (desk.wait_for("gauge")["run"]["decisive"] == true).then_some(()));

    stage.does("seal", json!({}));
    stage.does("verify", json!({}));
    let file = stage.export();
    assert!(stage.verified(&file).contains("consistent, signer unknown"), "{}", stage.verified(&file));
    let exported = std::fs::read_to_string(&file).unwrap();
    let manifest: Value = serde_json::from_str(exported.lines().nth(1).unwrap()).unwrap();
    let manifest = &manifest["manifest"];
    assert_eq!(manifest["definition"]["platforms"], json!([{"platform": "tv", "delay_ms": 6000}]));
    let track = json!([{"platform": "tv", "entries": [2], "shifts": [{"opens_ms": 6000, "closes_ms": 6000}]}]);
    assert_eq!(manifest["windows"]["tracks"], track);
    assert_eq!(manifest["counted"], counted);
    // Without its delay the ballot of television was cast outside the window.
    std::fs::write(&file, exported.replace("\"opens_ms\":6000,\"closes_ms\":6000", "\"opens_ms\":0,\"closes_ms\":0"))
        .unwrap();
    let said = stage.verified(&file);
    assert!(said.contains("is counted and came outside the window"), "{said}");
}

#[test]
fn nobody_reads_a_leaderboard_before_their_picture_shows_what_it_is_made_of() {
    let mut stage = Stage::of("tests/it/doors/platforms.show.toml", &[]).enter();
    let [in_hall, on_tv] = [0, 1].map(|entry| device(&stage, &codes(&stage)[entry]));
    stage.does("standby", json!({"cue": "2"}));
    let run = stage.open_standby();
    assert_eq!(stage.vote(&run, &in_hall, 1)["is"], "counted");
    stage.ends();
    let of_show = |path: &str| stage.app.get(&format!("/api/v1/shows/{SHOW}/{path}")).json();
    let board = |query: &str| of_show(&format!("leaderboard{query}"))["runs"] == json!([run]);
    let score = |device: &str| {
        let path = format!("/api/v1/shows/{SHOW}/score");
        stage.ask("GET", &path, Some(device), &[], &Value::Null).json()["run"] == json!(run)
    };
    until("the hall knows", || (board("") && score(&in_hall)).then_some(()));
    let times = of_show(&format!("timeline.json?key={}", stage.key));
    let shown = times["runs"][0]["platforms"][0]["revealed_at"].as_u64().unwrap();
    until("television knows something", || (board("?platform=tv") || score(&on_tv)).then_some(()));
    assert!(stage.app.get("/api/v1/time").json()["now"].as_u64().unwrap() >= shown);
    until("television knows all", || (board("?platform=tv") && score(&on_tv)).then_some(()));
}
