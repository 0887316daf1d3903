//! Hidden numbers: every byte that viewers, screens, feeds, operators, metrics and logs get before the reveal is read, and none
//! of it is a number of the result.

use serde_json::{Value, json};

use super::{
    operators::{joined, token},
    raw::Raw,
    screens::Events,
    stage::{SHOW, Stage, until},
};

/// Votes for the first option of each voter; so many that no other number of a short show is like their sums.
const FIRST: [u64; 12] = [61, 61, 61, 61, 61, 61, 61, 61, 61, 61, 61, 60];
const VOTES: u64 = 100;

/// The numbers of the result as somebody could write them: votes, in all and the margin, shares, points.
fn secrets() -> Vec<String> {
    let first: u64 = FIRST.iter().sum();
    let all = VOTES * FIRST.len() as u64;
    let second = all - first;
    assert_eq!((first, second), (731, 469));
    let numbers = [first, second, all, first - second].map(|number| number.to_string());
    // Of 60 percent the audience's votes decide: 36.55 and 23.45 points.
    let shares = ["60.9", "39.1", "36.55", "23.45", "60.917", "39.083", "731/20", "469/20"].map(str::to_owned);
    numbers.into_iter().chain(shares).collect()
}

/// Which of the numbers stand in a text, as words of their own.
fn found(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '/';
    let words: Vec<&str> = text.split(|c: char| !is_part(c)).map(|word| word.trim_matches(['.', '/'])).collect();
    secrets().into_iter().filter(|secret| words.contains(&secret.as_str())).collect()
}

/// Reads a connection until the run of a cue is in a phase, which ends what it was told before.
fn until_phase(cue: &str, phase: &str, mut next: impl FnMut() -> Value) -> String {
    let mut told = String::new();
    loop {
        let message = next();
        told += &format!("{message}\n");
        let runs = match message["t"].as_str() {
            Some("show") => std::slice::from_ref(&message["run"]),
            Some("desk") => message["runs"].as_array().unwrap(),
            _ => continue,
        };
        if runs.iter().any(|run| run["cue"] == cue && run["phase"] == phase) {
            return told;
        }
    }
}

/// Everything that can be asked for without a producer's token.
fn asked(stage: &Stage, operator: &str, device: &str) -> String {
    let get = |path: &str, bearer: Option<&str>| stage.ask("GET", path, bearer, &[], &json!(null)).text().to_owned();
    let key = &stage.key;
    let mut all: Vec<String> =
        ["/metrics", "/health", "/livez", "/readyz", "/", "/api/v1/shows"].map(|path| get(path, None)).into();
    let feeds = "status.json results.json results.csv results.xml entries.json entries.csv parts.json parts.csv \
                 leaderboard.json leaderboard.csv";
    for feed in feeds.split_whitespace() {
        all.push(get(&format!("/f/{SHOW}/{feed}?key={key}"), None));
    }
    let timed = format!("/api/v1/shows/{SHOW}/timed-metadata/next?wait=0&key={key}&after=");
    let mut after = 0;
    while let Ok(event) = serde_json::from_str::<Value>(&get(&format!("{timed}{after}"), None)) {
        // What comes again and again would be read for ever.
        assert!(event["seq"].as_u64() > Some(after), "{event}");
        after = event["seq"].as_u64().unwrap();
        all.push(event.to_string());
    }
    assert!(after > 0, "an opening is there to be read");
    for (path, bearer) in [
        (format!("live?key={key}"), None),
        ("live".to_owned(), None),
        ("live".to_owned(), Some(device)),
        ("leaderboard".to_owned(), None),
        ("mine".to_owned(), Some(device)),
        ("asrun".to_owned(), Some(operator)),
        ("asrun?format=csv".to_owned(), Some(operator)),
        ("file".to_owned(), Some(operator)),
        ("live".to_owned(), Some(operator)),
        (format!("timeline.json?key={key}"), None),
    ] {
        all.push(get(&format!("/api/v1/shows/{SHOW}/{path}"), bearer));
    }
    all.extend(stage.app.process().lines());
    all.join("\n")
}

/// Opens cue 1 and votes; gives the token of one who has.
fn vote(stage: &mut Stage) -> String {
    let run = stage.open();
    let mut device = String::new();
    for (voter, first) in FIRST.iter().enumerate() {
        device = stage.device();
        let picks: Vec<u16> = (0..VOTES).map(|vote| if vote < *first { 1 } else { 2 }).collect();
        let body = json!({ "run": run, "id": format!("{voter:032x}"), "picks": picks });
        let receipt = stage.ask("POST", &format!("/api/v1/shows/{SHOW}/ballots"), Some(&device), &[], &body).json();
        assert_eq!(receipt["is"], "counted", "{receipt}");
    }
    device
}

/// Closes what is on, and brings it to its sign-off.
fn verify(stage: &mut Stage) {
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    stage.does("seal", json!({}));
    stage.does("verify", json!({}));
}

/// None of the numbers was told to anybody.
fn assert_hidden(told: &[(&str, String)]) {
    for (who, text) in told {
        assert!(text.len() > 500, "{who}: {text}");
        let lines: Vec<_> = text.lines().filter(|line| !found(line).is_empty()).collect();
        assert!(lines.is_empty(), "{who} could read {:?} in {lines:#?}", found(text));
    }
}

#[test]
fn no_byte_tells_a_hidden_number_before_the_reveal() {
    let log = ["--log", "debug", "--log-format", "json"];
    let mut stage = Stage::of("tests/it/doors/hidden.show.toml", &log).enter();
    let operator_token = token(&stage, "operator");
    let address = stage.app.address();
    let mut viewer = Raw::viewer(address);
    let (mut screen, _) = Raw::join(address, json!({ "key": stage.key, "name": "results" }));
    let mut operator = joined(&stage, &operator_token);
    let mut producer = joined(&stage, &stage.staff);
    let (mut events, mut of_screens) = (Events::open(&stage, ""), Events::open(&stage, &format!("?key={}", stage.key)));

    let device = vote(&mut stage);
    let open = asked(&stage, &operator_token, &device);
    until("a producer sees them", || (producer.wait_for("gauge")["run"]["counted"] == 12).then_some(()));
    stage.does("freeze", json!({}));
    stage.does("unfreeze", json!({}));
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    let locked = asked(&stage, &operator_token, &device);
    stage.does("seal", json!({}));
    stage.does("verify", json!({}));

    let mut told = vec![("what can be asked while it is open", open), ("once it is locked", locked)];
    told.push(("viewers", until_phase("1", "verified", || viewer.hear().unwrap())));
    told.push(("screens", until_phase("1", "verified", || screen.hear().unwrap())));
    told.push(("operators", until_phase("1", "verified", || operator.hear().unwrap())));
    told.push(("viewers by events", until_phase("1", "verified", || events.next().1)));
    told.push(("screens by events", until_phase("1", "verified", || of_screens.next().1)));
    told.push(("what can be asked once it is verified", asked(&stage, &operator_token, &device)));
    assert_hidden(&told);

    // The same search finds them where they may be seen.
    let produced = until_phase("1", "verified", || producer.hear().unwrap());
    assert!(found(&produced).contains(&"731".to_owned()), "{produced}");
    stage.does("arm", json!({"what": "reveal"}));
    stage.does("reveal", json!({}));
    let revealed = until_phase("1", "revealed", || viewer.hear().unwrap());
    until("everybody sees them", || (found(&stage.live(None).to_string()).len() >= 4).then_some(()));
    drop(revealed);
    assert!(found(&asked(&stage, &operator_token, &device)).contains(&"731".to_owned()));
}

#[test]
fn no_byte_tells_a_hidden_number_in_the_run_that_begins_with_it() {
    let log = ["--log", "debug", "--log-format", "json"];
    let mut stage = Stage::of("tests/it/doors/hidden.show.toml", &log).enter();
    let operator_token = token(&stage, "operator");
    let device = vote(&mut stage);
    verify(&mut stage);
    let address = stage.app.address();
    let mut viewer = Raw::viewer(address);
    let (mut screen, _) = Raw::join(address, json!({ "key": stage.key, "name": "results" }));
    let mut operator = joined(&stage, &operator_token);
    let mut producer = joined(&stage, &stage.staff);
    stage.does("standby", json!({ "cue": "2" }));
    let run = stage.open_standby();
    let open = asked(&stage, &operator_token, &device);
    // Nobody has voted in it: all that it has is what it began with.
    verify(&mut stage);
    assert_hidden(&[
        ("what can be asked while it is open", open),
        ("viewers", until_phase("2", "verified", || viewer.hear().unwrap())),
        ("screens", until_phase("2", "verified", || screen.hear().unwrap())),
        ("operators", until_phase("2", "verified", || operator.hear().unwrap())),
        ("what can be asked once it is verified", asked(&stage, &operator_token, &device)),
    ]);
    let certificate = format!("/api/v1/shows/{SHOW}/runs/{run}/certificate");
    let sheet = stage.ask("GET", &certificate, Some(&operator_token), &[], &Value::Null);
    assert_eq!((sheet.status, found(sheet.text())), (403, Vec::new()));
    let produced = until_phase("2", "verified", || producer.hear().unwrap());
    assert!(found(&produced).contains(&"731".to_owned()), "{produced}");
    // Its own reveal shows them.
    stage.does("arm", json!({ "what": "reveal" }));
    stage.does("reveal", json!({}));
    until("everybody sees them", || (found(&stage.live(None).to_string()).len() >= 4).then_some(()));
    assert!(found(&asked(&stage, &operator_token, &device)).contains(&"731".to_owned()));
}
