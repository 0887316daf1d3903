//! A rating from the ballots to the offline check: its steps are options, and everybody gets the same mean.

use serde_json::{Value, json};

use super::stage::{SHOW, Stage, until};

#[test]
fn a_rating_has_one_mean_for_viewers_screens_feeds_and_the_offline_check() {
    let mut stage = Stage::of("tests/it/doors/rating.show.toml", &[]).enter();
    let run = stage.open();
    let shown = stage.live(None)["show"]["run"].clone();
    assert_eq!(shown["kind"], json!({ "rating": { "from": 1, "to": 10, "low": "dull", "high": "splendid" } }));
    assert_eq!(shown["options"].as_array().unwrap().len(), 10);
    assert!(stage.live(None)["results"]["rated"].is_null(), "nobody has given anything");
    for (pick, is) in [(10, "counted"), (7, "counted"), (6, "counted"), (1, "counted"), (11, "refused")] {
        assert_eq!(stage.vote(&run, &stage.device(), pick)["is"], is);
    }
    let rated = json!({ "mean": 6.0, "exact": "6", "median": 6.5 });
    until("all are in", || (stage.live(None)["results"]["rated"] == rated).then_some(()));
    let status = stage.app.get(&format!("/f/{SHOW}/status.json?key={}", stage.key)).json();
    assert_eq!((&status["mean"], &status["median"]), (&json!("6"), &json!("6.5")));
    stage.ends();
    assert_eq!(stage.live(Some(&stage.key))["results"]["rated"], rated);

    let file = stage.export();
    let told = stage.verified(&file);
    assert!(told.contains("consistent, signer unknown") && told.contains("mean 6 (6), median 6.5"), "{told}");
    let exported = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, exported.replace("\"median\":6.5", "\"median\":7.5")).unwrap();
    assert!(stage.verified(&file).contains("rating: the manifest says"), "{}", stage.verified(&file));
}

#[test]
fn a_rating_with_decimals_and_a_unit_is_exact_from_the_ballots_to_the_offline_check() {
    let folder = tempfile::TempDir::new().unwrap();
    let show = folder.path().join("show.toml");
    let rating = "show = \"doors\"\ntitle = \"Doors\"\n[[cue]]\nnumber = \"1\"\nquestion = \"How warm?\"\ngrace_ms = 0\n\
                  opens_on_take = true\nviewers_see = \"always\"\n[cue.rating]\nfrom = -0.1\nto = 0.2\nstep = 0.1\nunit = \"°C\"\n";
    std::fs::write(&show, rating).unwrap();
    let mut stage = Stage::of(show.to_str().unwrap(), &[]).enter();
    let run = stage.open();
    let shown = stage.live(None)["show"]["run"].clone();
    assert_eq!(shown["kind"], json!({ "rating": { "from": -1, "to": 2, "decimals": 1, "unit": "°C" } }));
    assert_eq!(shown["options"][3]["label"], "0.2\u{a0}°C");
    for pick in [1, 4, 4] {
        assert_eq!(stage.vote(&run, &stage.device(), pick)["is"], "counted");
    }
    let rated = json!({ "mean": 0.1, "exact": "1/10", "median": 0.2 });
    until("all are in", || (stage.live(None)["results"]["rated"] == rated).then_some(()));
    let status = stage.app.get(&format!("/f/{SHOW}/status.json?key={}", stage.key)).json();
    assert_eq!((&status["mean"], &status["unit"]), (&json!("0.1"), &json!("°C")));
    stage.ends();
    let path = format!("/api/v1/shows/{SHOW}/runs/{run}/certificate");
    let sheet = stage.ask("GET", &path, Some(&stage.staff), &[], &Value::Null).json();
    assert_eq!((&sheet["rated"], &sheet["unit"]), (&rated, &json!("°C")));
    let feed = stage.app.get(&format!("/f/{SHOW}/results.csv?key={}", stage.key));
    assert!(feed.text().contains("0.2\u{a0}°C"), "{}", feed.text());
    let told = stage.verified(&stage.export());
    assert!(told.contains("mean 0.1\u{a0}°C (1/10), median 0.2\u{a0}°C"), "{told}");
}
