//! A result from the first ballot to the offline check, over a restart in the middle of the window.

use std::sync::Arc;

use serde_json::value::RawValue;
use tallylight::{
    app::App,
    ballots::{
        ballot::{Ballot, Picks},
        inbox::Inbox,
        manifest::{Manifest, Signed},
    },
    base::ids::{BallotId, SessionId, VoterId},
    config::{NodeConfig, doors::DoorConfig, nodes::NodesConfig, text_check::CheckConfig, timed::TimedConfig},
    export::{
        verify::{self, Outcome},
        write::{self, Sources, Written},
    },
    identity::secret::Secret,
    shows::{document::Staff, file},
    telemetry::logs::LogFormat,
    wire::{
        client::CommandMessage,
        command::Command,
        server::{Phase, Role},
    },
};

use super::support::SOON;

const SHOW: &str =
    "show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\ngrace_ms = 0\n";

async fn start(data: &std::path::Path) -> App {
    let config = NodeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        data: data.to_owned(),
        shows: Vec::new(),
        public_url: String::new(),
        doors: DoorConfig::default(),
        nodes: NodesConfig::default(),
        check: CheckConfig::default(),
        timed: TimedConfig::default(),
        log: "error".to_owned(),
        log_format: LogFormat::Plain,
    };
    App::start(&config, vec![file::read(SHOW).unwrap()]).await.unwrap()
}

async fn press(app: &App, command: Command) {
    let desk = app.doors.desks.get(&"s".parse().unwrap()).unwrap();
    let by = Staff { session: SessionId(1), name: "Op".to_owned(), role: Role::Producer };
    let message = CommandMessage { id: format!("{}", SessionId::random()), expect: None, command };
    let done = desk.command(&app.doors.services, message, by).await;
    assert!(done.ok, "{done:?}");
}

/// Ballots of some voters, of whom every third sends two.
async fn vote(app: &App, voters: std::ops::Range<u128>) {
    let services = &app.doors.services;
    let board = app.doors.desks.get(&"s".parse().unwrap()).unwrap().board();
    let run = &board.runs()[0];
    let ids = voters.flat_map(|voter| (0..1 + u128::from(voter % 3 == 0)).map(move |id| (voter, id)));
    for (number, id) in ids {
        let voter = VoterId(number << 112 | number);
        let received = services.clock.now();
        let ballot = Ballot { voter, id: BallotId(id), picks: Picks::One(1), received, entry: 0 };
        let inbox = Arc::<Inbox>::default();
        if services.intake.cast(run.definition.run, Some(run), ballot, &inbox).is_none() {
            tokio::time::timeout(SOON, inbox.arrived()).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_verified_here_and_offline_and_no_line_can_be_left_out() {
    let data = tempfile::tempdir().unwrap();
    let app = start(data.path()).await;
    press(&app, Command::Standby { cue: "1".into() }).await;
    press(&app, Command::Take).await;
    press(&app, Command::Open { seconds: Some(0) }).await;
    vote(&app, 0..40).await;
    app.stop().await;
    let app = start(data.path()).await;
    vote(&app, 30..80).await;
    press(&app, Command::Close).await;
    let desk = app.doors.desks.get(&"s".parse().unwrap()).unwrap();
    let locks = desk.document().runs[0].windows.locks_at().unwrap();
    let services = app.doors.services.clone();
    tokio::time::sleep(std::time::Duration::from_micros(locks.0 - services.clock.now().0)).await;
    vote(&app, 80..90).await;
    press(&app, Command::Seal { run: None }).await;
    vote(&app, 90..95).await;
    press(&app, Command::Verify { run: None }).await;
    assert_eq!(desk.document().runs[0].phase(services.clock.now()), Phase::Verified);
    assert_eq!(desk.document().runs[0].sealed().unwrap().totals, [80, 0]);

    let (written, text) = export(&app, &services.secret);
    assert_eq!((written.manifests, written.missing.len()), (1, 0));
    let key = services.secret.public_key();
    let verify = |text: &str| verify::verify(&mut text.as_bytes(), Some(&key));
    let whole = verify(&text).unwrap();
    assert_eq!(whole.outcome(), Outcome::Verified, "{:?}", whole.results);
    let lines: Vec<_> = text.lines().collect();
    let by_recount = |report: &verify::Report| report.results.iter().any(|checked| !checked.findings.is_empty());
    // Head and manifest come first; the last seven ballots came after the seal, and the very last line names them all.
    let sealed = lines.len() - 2 - 7 - 1;
    for without in (2..lines.len()).filter(|line| line % 7 == 2 || *line >= sealed) {
        let mut fewer = lines.clone();
        fewer.remove(without);
        let report = verify(&(fewer.join("\n") + "\n")).unwrap();
        assert_eq!(report.outcome(), Outcome::Failed, "line {} can be left out: {}", without + 1, lines[without]);
        assert_eq!(by_recount(&report), without < 2 + sealed, "line {}: {}", without + 1, lines[without]);
    }
    let mut without_manifest = lines.clone();
    without_manifest.remove(1);
    assert!(verify(&without_manifest.join("\n")).is_err());
    assert!(verify(&text.replacen("\"show\":\"s\"", "\"show\":\"t\"", 1)).is_err());
    assert!(verify(&format!("{text}{}\n", lines[2])).is_err(), "nothing stands behind the end");
    app.stop().await;
}

/// The export of a node's data directory.
fn export(app: &App, secret: &Secret) -> (Written, String) {
    let services = &app.doors.services;
    let sources = Sources {
        stores: &[&*services.store],
        journals: std::slice::from_ref(&services.journals),
        directories: Some(&[]),
        ledger: None,
        items: false,
        secret,
        now: services.clock.now(),
    };
    let mut out = Vec::new();
    let written = write::write(&sources, &"s".parse().unwrap(), &mut out).unwrap();
    (written, String::from_utf8(out).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_run_can_be_left_out_of_an_export() {
    let data = tempfile::tempdir().unwrap();
    let app = start(data.path()).await;
    for number in 0..2 {
        press(&app, Command::Standby { cue: "1".into() }).await;
        press(&app, Command::Take).await;
        press(&app, Command::Open { seconds: Some(1) }).await;
        let desk = app.doors.desks.get(&"s".parse().unwrap()).unwrap();
        let (services, run) = (&app.doors.services, desk.document().runs[number].clone());
        let locks = run.windows.locks_at().unwrap();
        tokio::time::sleep(std::time::Duration::from_micros(locks.0 - services.clock.now().0)).await;
        press(&app, Command::Seal { run: None }).await;
    }
    press(&app, Command::Standby { cue: "1".into() }).await;
    let (_, text) = export(&app, &app.doors.services.secret);
    let key = app.doors.services.secret.public_key();
    let verify = |text: &str| verify::verify(&mut text.as_bytes(), Some(&key)).unwrap();
    let whole = verify(&text);
    assert_eq!((whole.outcome(), whole.results.len()), (Outcome::Verified, 2));
    let states: Vec<_> = whole.runs.iter().map(|run| run.state).collect();
    assert_eq!(states, [Phase::Sealed, Phase::Sealed, Phase::Standby]);

    // Without one of the manifests, and its ballots, everything else agrees.
    let lines: Vec<_> = text.lines().collect();
    let fewer = [&lines[..1], &lines[2..]].concat().join("\n");
    let report = verify(&fewer);
    assert!(report.outcome() == Outcome::Failed && report.results.iter().all(|checked| checked.findings.is_empty()));
    assert!(report.findings.iter().any(|finding| finding.contains("its manifest is not here")), "{report:?}");
    // Nor by whoever writes the last line anew with another key.
    let other = Secret::make(&data.path().join("other.secret")).unwrap();
    let (_, forged) = export(&app, &other);
    assert_eq!(verify(&forged).outcome(), Outcome::Failed);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_did_not_come_into_force_is_named_and_what_counts_is_verified() {
    let data = tempfile::tempdir().unwrap();
    let app = start(data.path()).await;
    press(&app, Command::Standby { cue: "1".into() }).await;
    press(&app, Command::Take).await;
    press(&app, Command::Open { seconds: Some(1) }).await;
    let desk = app.doors.desks.get(&"s".parse().unwrap()).unwrap();
    let (services, run) = (&app.doors.services, desk.document().runs[0].clone());
    let locks = run.windows.locks_at().unwrap();
    tokio::time::sleep(std::time::Duration::from_micros(locks.0 - services.clock.now().0)).await;
    press(&app, Command::Seal { run: None }).await;
    let (show, key) = ("s".parse().unwrap(), services.secret.public_key());
    let (_, _, json) = services.store.manifests(&show).unwrap().remove(0);
    let signed: Signed = serde_json::from_str(&json).unwrap();
    let manifest: Manifest = serde_json::from_str(signed.manifest.get()).unwrap();
    // Of an older revision and of a newer one; and one that somebody else has signed.
    let other = Secret::make(&data.path().join("other.secret")).unwrap();
    for (revision, secret, outcome) in [
        (0, &services.secret, Outcome::Verified),
        (2, &services.secret, Outcome::Verified),
        (3, &other, Outcome::Failed),
    ] {
        let text = Manifest { revision, counted: 7, ..manifest.clone() }.to_json();
        let (signature, public_key) = (secret.sign(text.as_bytes()), secret.public_key());
        let overtaken = Signed { manifest: RawValue::from_string(text).unwrap(), signature, public_key };
        let json = serde_json::to_string(&overtaken).unwrap();
        services.store.put_manifest(&show, run.id(), revision, &json).unwrap();
        let (_, text) = export(&app, &services.secret);
        let report = verify::verify(&mut text.as_bytes(), Some(&key)).unwrap();
        assert_eq!(report.outcome(), outcome, "{report:?}");
        let checked = report.results.iter().find(|checked| checked.revision == revision).unwrap();
        let replaced_by = (outcome == Outcome::Verified).then_some(1);
        assert_eq!(checked.replaced_by, replaced_by, "{report:?}");
        assert!(checked.notes.iter().chain(&checked.findings).any(|one| one.contains("ballots counted")));
        let counts = report.results.iter().find(|checked| checked.revision == 1).unwrap();
        assert!(counts.replaced_by.is_none() && counts.findings.is_empty() && counts.notes.is_empty(), "{report:?}");
        // Nobody believes that of a file that was cut.
        let cut = text.lines().take(text.lines().count() - 1).collect::<Vec<_>>().join("\n");
        let report = verify::verify(&mut cut.as_bytes(), Some(&key)).unwrap();
        assert!(report.results.iter().any(|checked| !checked.findings.is_empty()));
    }
    app.stop().await;
}
