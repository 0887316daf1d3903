//! The wire's bytes, kept in `tests/golden/`: each file is one message as it is sent and a line break. A change of the
//! wire shows as a change of a file. `TALLYLIGHT_BLESS=1 cargo test golden` writes the files anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    fs,
    path::PathBuf,
};

use serde::{Serialize, de::DeserializeOwned};
use tallylight::{
    base::ids::{BallotId, NodeId, ProposalId, RunId, SessionId},
    live::hub::encode,
    wire::{
        SUBPROTOCOL,
        client::{Ask, ClientMessage, CommandMessage, Join, Output, React, Shown, Vote},
        codes::Code,
        command::Command,
        entry::Entry,
        gauge::*,
        kind::KindView,
        results::{OptionResult, Pace, ResultState, Results},
        server::*,
    },
};

mod commands;
mod desks;
mod examples;
mod gauges;
mod kinds;
mod receipts;
mod writing;

use super::support::golden;
use commands::commands;
use desks::{desk, empty_desk};
use gauges::{gauge, gauge_of_many};
use kinds::{bracket, leaderboard, outcome, quiz, rated, rating, score};
use receipts::{counted, receipts};

const RUN: RunId = RunId(0x00c0_ffee_00c0_ffee);
const BALLOT: BallotId = BallotId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
const SESSION: SessionId = SessionId(0x5e55_1011_0000_0001);
const PROPOSAL: ProposalId = ProposalId(0x9809_05a1_0000_0001);
const NODE: NodeId = NodeId(0x10de_0000_0000_0001);
const AT: u64 = 1_790_000_000_000;

fn join(change: impl FnOnce(&mut Join)) -> ClientMessage {
    let mut join = Join::default();
    change(&mut join);
    ClientMessage::Join(join)
}

fn client() -> Vec<(String, ClientMessage)> {
    let named = |name: &str| Some(name.to_owned());
    let (output, run) = (Output::Program, Some(RUN));
    let (host, graphic) = ("obs".into(), "results".into());
    let shown = Shown { host, graphic, visible: true, active: true, rev: 17, fps: 50, output, run };
    let mut messages: Vec<(String, ClientMessage)> = [
        ("join", join(|_| {})),
        ("join-device", join(|join| join.device = named("a device token"))),
        ("join-staff", join(|join| join.staff = named("a staff token"))),
        ("join-entry", join(|join| join.entry = named("the code of an entry link"))),
        ("join-ticket", join(|join| join.ticket = named("a ticket"))),
        ("join-screen", join(|join| (join.key, join.name) = (named("a key"), named("results in OBS")))),
        ("vote", ClientMessage::Vote(Vote { run: RUN, id: BALLOT, picks: vec![2, 2, 1], change: None })),
        ("vote-change", ClientMessage::Vote(Vote { run: RUN, id: BALLOT, picks: vec![1], change: Some(3) })),
        ("ask", ClientMessage::Ask(Ask { run: RUN, ids: vec![BALLOT, BallotId(1)] })),
        ("react", ClientMessage::React(React { run: RUN, counts: vec![12, 0, 3] })),
        ("shown", ClientMessage::Shown(shown)),
    ]
    .map(|(name, message)| (name.to_owned(), message))
    .into();
    for (variant, command) in commands() {
        let name = format!("command-{}{variant}", command.verb().replace('_', "-"));
        let message = CommandMessage { id: "desk-1-42".into(), expect: Some(17), command };
        messages.push((name, ClientMessage::Command(message)));
    }
    let message = CommandMessage { id: "panel-1".into(), expect: None, command: Command::Take };
    messages.push(("command-without-expect".into(), ClientMessage::Command(message)));
    messages.extend(writing::client());
    messages
}

fn welcome(role: Role) -> Welcome {
    let (protocol, node, session) = (SUBPROTOCOL.into(), NODE, SESSION);
    Welcome { protocol, node, session, now: AT, role, device: None, entry: None, problem: None, mine: vec![] }
}

fn options() -> Vec<OptionView> {
    vec![OptionView { n: 1, label: "Ada".into() }, OptionView { n: 2, label: "Grace \"the\" Hopper ♥".into() }]
}

fn run(phase: Phase) -> RunView {
    RunView {
        id: RUN,
        cue: "3A".into(),
        kind: KindView::Poll,
        question: "Who wins?".into(),
        writing: None,
        options: options(),
        texts: BTreeMap::new(),
        votes: 1,
        per_option: None,
        changeable: false,
        pools: Vec::new(),
        not_from: [("hall".to_owned(), vec![2])].into(),
        after_vote: false,
        confirm: false,
        prepare_ms: None,
        replaces: None,
        phase,
        hold: false,
        opens_at: Some(AT),
        closes_at: Some(AT + 60_000),
        locks_at: Some(AT + 63_000),
        behind: None,
        own_window: false,
    }
}

fn show(run: Option<RunView>, state: GraphicState) -> ShowView {
    let graphic = GraphicView { state, step: 1, frozen: false };
    ShowView {
        id: "finale".into(),
        title: "The Final".into(),
        languages: Vec::new(),
        titles: BTreeMap::new(),
        epoch: 1,
        rev: 17,
        now: AT,
        rehearsal: false,
        run,
        next: None,
        item: None,
        bracket: None,
        graphic,
    }
}

fn shows() -> Vec<(&'static str, ShowView)> {
    let waiting = RunView { opens_at: None, closes_at: None, locks_at: None, ..run(Phase::Standby) };
    let next = RunView {
        cue: "3B".into(),
        replaces: Some(RunId(1)),
        after_vote: true,
        prepare_ms: Some(5000),
        confirm: true,
        ..waiting.clone()
    };
    let by_hand = RunView {
        behind: Some(Lag { delay_ms: 8000, jitter_ms: 2000 }),
        own_window: true,
        hold: true,
        closes_at: None,
        locks_at: None,
        ..run(Phase::Open)
    };
    let rehearsal = ShowView { rehearsal: true, ..show(Some(run(Phase::Open)), GraphicState::OnAir) };
    let wording =
        Wording { question: "Wer gewinnt?".into(), options: vec!["Ada".into(), "Grace".into()], ..Wording::default() };
    let in_german = RunView { texts: [("de".to_owned(), wording)].into(), ..run(Phase::Open) };
    let languages = ShowView {
        languages: vec!["en".into(), "de".into()],
        titles: [("de".to_owned(), "Das Finale".to_owned())].into(),
        ..show(Some(in_german), GraphicState::OnAir)
    };
    vec![
        ("languages", languages),
        ("nothing", show(None, GraphicState::Cleared)),
        ("standby", show(Some(waiting), GraphicState::OnAir)),
        ("open", show(Some(run(Phase::Open)), GraphicState::OnAir)),
        ("open-by-hand-held", show(Some(by_hand), GraphicState::OnAir)),
        ("rating", show(Some(RunView { kind: rating(), ..run(Phase::Open) }), GraphicState::OnAir)),
        ("quiz", show(Some(RunView { kind: quiz(), ..run(Phase::Revealed) }), GraphicState::OnAir)),
        ("rehearsal", rehearsal),
        ("bracket", ShowView { bracket: Some(bracket()), ..show(None, GraphicState::OnAir) }),
        ("next", ShowView { next: Some(next), ..show(Some(run(Phase::Open)), GraphicState::OnAir) }),
        ("closing", show(Some(run(Phase::Closing)), GraphicState::OnAir)),
        ("locked", show(Some(run(Phase::Locked)), GraphicState::OnAir)),
        ("sealed", show(Some(run(Phase::Sealed)), GraphicState::OnAir)),
        ("verified", show(Some(run(Phase::Verified)), GraphicState::OnAir)),
        ("revealed", show(Some(run(Phase::Revealed)), GraphicState::OnAir)),
        ("void", show(Some(run(Phase::Void)), GraphicState::Panic)),
    ]
}

fn results(state: ResultState) -> Results {
    let of = |n, votes, share| OptionResult { n, votes, share };
    let (total, options) = match state {
        ResultState::Hidden => (0, vec![of(1, 0, 0.0), of(2, 0, 0.0)]),
        _ => (3, vec![of(1, 2, 66.7), of(2, 1, 33.3)]),
    };
    let outcome = (state == ResultState::Final).then(outcome);
    let rated = (state == ResultState::Provisional).then(rated);
    Results {
        run: RUN,
        state,
        epoch: 1,
        version: 42,
        as_of: AT + 12_000,
        total,
        options,
        outcome,
        rated,
        pace: None,
        carried: state == ResultState::Final,
        excluded: false,
        declared: false,
    }
}

fn log() -> Vec<AsRunEntry> {
    let entry = |id: &str, by: &str, what: &str| AsRunEntry {
        id: id.into(),
        at: AT,
        rehearsal: false,
        by: by.into(),
        what: what.into(),
        cue: None,
        run: None,
        note: String::new(),
    };
    let opened = AsRunEntry { cue: Some("3A".into()), run: Some(RUN), ..entry("1.17.opened", "clock", "opened") };
    vec![opened, AsRunEntry { note: "the lines were down".into(), ..entry("1.18", "Paul", "void") }]
}

fn done(ok: bool, code: Option<Code>, detail: &str) -> Done {
    Done { id: "desk-1-42".into(), ok, rev: 17 + u64::from(ok), code, detail: detail.into(), proposal: None }
}

fn server() -> Vec<(String, ServerMessage)> {
    use ResultState::{Final, Frozen, Hidden, Live, Provisional};
    use ServerMessage as M;
    let device = Some("a device token".to_owned());
    let (again, hall) = (device.clone(), Some("hall".to_owned()));
    let entry = Some(Entry { segment: hall, pool: None, platform: Some("tv".to_owned()) });
    let detail = "this link is not one of this show (any more)".to_owned();
    let problem = Some(Problem { code: Code::BadToken, detail, retry_ms: None });
    let mine = vec![Receipt { picks: vec![2], repeated: true, ..counted() }];
    let pace = Some(Pace { now: 12, highest: 40 });
    let mut messages: Vec<(String, ServerMessage)> = [
        ("welcome-new", M::Welcome(Welcome { device, ..welcome(Role::Viewer) })),
        ("welcome-again", M::Welcome(Welcome { mine, ..welcome(Role::Viewer) })),
        ("welcome-entry", M::Welcome(Welcome { device: again, entry, ..welcome(Role::Viewer) })),
        ("welcome-entry-refused", M::Welcome(Welcome { problem, ..welcome(Role::Viewer) })),
        ("welcome-screen", M::Welcome(welcome(Role::Screen))),
        ("welcome-producer", M::Welcome(welcome(Role::Producer))),
        ("desk", M::Desk(Box::new(desk()))),
        ("desk-empty", M::Desk(Box::new(empty_desk()))),
        ("gauge", M::Gauge(Box::new(gauge()))),
        ("gauge-hidden", M::Gauge(Box::new(Gauge { run: gauge().run.map(RunGauge::without_numbers), ..gauge() }))),
        ("gauge-nodes", M::Gauge(Box::new(gauge_of_many()))),
        ("gauge-idle", M::Gauge(Box::new(Gauge { run: None, screens: vec![], viewers: 0, ..gauge() }))),
        ("log", M::Log { entries: log() }),
        ("done", M::Done(done(true, None, ""))),
        ("results-reactions", M::Results(Results { pace, ..results(Live) })),
        ("done-refused", M::Done(done(false, Some(Code::Stale), "the show is at 18: look and press again"))),
        ("reconnect", M::Reconnect { after_ms: 1500 }),
    ]
    .map(|(name, message)| (name.to_owned(), message))
    .into();
    messages.extend(shows().into_iter().map(|(name, show)| (format!("show-{name}"), M::Show(Box::new(show)))));
    messages.extend(receipts().into_iter().map(|(name, receipt)| (format!("receipt-{name}"), M::Receipt(receipt))));
    for (name, state) in
        [("hidden", Hidden), ("live", Live), ("frozen", Frozen), ("provisional", Provisional), ("final", Final)]
    {
        messages.push((format!("results-{name}"), M::Results(results(state))));
    }
    messages.push(("leaderboard".to_owned(), M::Leaderboard(leaderboard(RUN))));
    messages.push(("score".to_owned(), M::Score(score(RUN))));
    for code in Code::ALL {
        let retry_ms = code.retry().then_some(1000);
        let problem = Problem { code: *code, detail: code.title().to_owned(), retry_ms };
        messages.push((format!("problem-{}", code.word().replace('_', "-")), M::Problem(problem)));
    }
    messages.extend(writing::server());
    messages
}

/// A new kind does not compile before it is here, and the test fails before it has a file.
fn server_kind(message: &ServerMessage) -> &'static str {
    match message {
        ServerMessage::Welcome(_) => "welcome",
        ServerMessage::Show(_) => "show",
        ServerMessage::Results(_) => "results",
        ServerMessage::Leaderboard(_) => "leaderboard",
        ServerMessage::Score(_) => "score",
        ServerMessage::Receipt(_) => "receipt",
        ServerMessage::Asked(_) => "asked",
        ServerMessage::Said(_) => "said",
        ServerMessage::Upvoted(_) => "upvoted",
        ServerMessage::Items(_) => "items",
        ServerMessage::Desk(_) => "desk",
        ServerMessage::Gauge(_) => "gauge",
        ServerMessage::Log { .. } => "log",
        ServerMessage::Done(_) => "done",
        ServerMessage::Problem(_) => "problem",
        ServerMessage::Reconnect { .. } => "reconnect",
    }
}
const SERVER_KINDS: usize = 16;

fn client_kind(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::Join(_) => "join",
        ClientMessage::Vote(_) => "vote",
        ClientMessage::Ask(_) => "ask",
        ClientMessage::Say(_) => "say",
        ClientMessage::Upvote(_) => "upvote",
        ClientMessage::Moderate(_) => "moderate",
        ClientMessage::React(_) => "react",
        ClientMessage::Shown(_) => "shown",
        ClientMessage::Command(_) => "command",
    }
}
const CLIENT_KINDS: usize = 9;
/// What [`Command::verb`] can say.
const VERBS: usize = 33;

fn file(direction: &str, name: &str) -> PathBuf {
    PathBuf::from(format!("tests/golden/{direction}-{name}.json"))
}

fn same<M: Serialize + DeserializeOwned + PartialEq + Debug>(
    direction: &str,
    messages: &[(String, M)],
    encoded: impl Fn(&M) -> String,
    kind: impl Fn(&M) -> &'static str,
) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for (name, message) in messages {
        let file = file(direction, name);
        assert!(name.starts_with(kind(message)), "{name} is not named after its kind");
        let kept = golden::check(&file, &(encoded(message) + "\n"));
        let parsed: M = serde_json::from_str(&kept).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(parsed, *message, "{}", file.display());
        assert!(files.insert(file), "{name} is there twice");
    }
    files
}

#[test]
fn messages_are_sent_as_they_always_were() {
    let (server, client) = (server(), client());
    let text = |message: &ClientMessage| serde_json::to_string(message).unwrap();
    let mut files = same("server", &server, |message| encode(message).to_string(), server_kind);
    files.extend(same("client", &client, text, client_kind));
    assert_eq!(server.iter().map(|(_, message)| server_kind(message)).collect::<BTreeSet<_>>().len(), SERVER_KINDS);
    assert_eq!(client.iter().map(|(_, message)| client_kind(message)).collect::<BTreeSet<_>>().len(), CLIENT_KINDS);
    assert_eq!(commands().iter().map(|(_, command)| command.verb()).collect::<BTreeSet<_>>().len(), VERBS);
    // A message that is not sent any more leaves no file behind.
    let there = fs::read_dir(golden::root().join("tests/golden")).unwrap();
    for entry in there {
        let file = PathBuf::from("tests/golden").join(entry.unwrap().file_name());
        assert!(files.contains(&file), "{} belongs to no message: remove it", file.display());
    }
}
