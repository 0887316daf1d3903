//! The messages about what the audience writes.

use tallylight::wire::{
    client::ClientMessage,
    entry::Entry,
    kind::{KindView, WritingView},
    moderation::*,
    server::{GraphicState, Phase, RunView, ServerMessage, ShowView},
};

use super::{AT, BALLOT, RUN, SESSION, run, show};
use tallylight::base::ids::ItemId;

const ITEM: ItemId = ItemId(0x17e3_0000_0000_0001);
const SEEN: Seen = Seen { id: ITEM, v: 3 };

fn acts() -> Vec<Act> {
    let (item, items) = (SEEN, vec![SEEN, Seen { id: ItemId(2), v: 1 }]);
    vec![
        Act::Claim { items: vec![ITEM] },
        Act::Approve { items: items.clone() },
        Act::Reject { items: items.clone(), reason: WhyNot::OffTopic },
        Act::Edit { item, text: "Who wrote it?".into() },
        Act::Hide { items: items.clone() },
        Act::Ban { item: ITEM },
        Act::Unban { device: "0badc0de".into() },
        Act::Undo,
        Act::Pick { items: items.clone() },
        Act::Unpick { items },
        Act::Use { item },
        Act::Pull { items: vec![ITEM] },
        Act::Pause,
        Act::Resume,
    ]
}

/// What clients send.
pub(super) fn client() -> Vec<(String, ClientMessage)> {
    let say = Say { run: RUN, id: BALLOT, text: "Who wrote \"the song\"? ♥".into() };
    let mut messages = vec![
        ("say".to_owned(), ClientMessage::Say(say)),
        ("upvote".to_owned(), ClientMessage::Upvote(Upvote { item: ITEM })),
    ];
    for act in acts() {
        let name = format!("moderate-{}", act.verb());
        messages.push((name, ClientMessage::Moderate(Moderate { id: "mod-1-7".into(), act })));
    }
    messages
}

fn said(is: SaidIs) -> Said {
    Said { run: RUN, id: BALLOT, is, reason: None, detail: String::new(), retry_ms: None, text: String::new() }
}

fn refused(reason: WhyNot, retry_ms: Option<u32>) -> Said {
    Said { reason: Some(reason), detail: reason.words().to_owned(), retry_ms, ..said(SaidIs::Refused) }
}

fn item() -> ItemView {
    ItemView {
        id: ITEM,
        v: 3,
        kind: ItemKind::Question,
        run: RUN,
        cue: "3A".into(),
        at: AT,
        device: "0badc0de".into(),
        entry: Some(Entry { segment: Some("hall".into()), pool: None, platform: None }),
        text: "Who wrote it?".into(),
        sent: Some("WHO WROTE IT".into()),
        hash: "8d".repeat(32),
        state: ItemState::Picked,
        reason: None,
        flags: vec![Flag::Duplicate, Flag::Shouting],
        upvotes: 12,
        log: vec![ItemLine { at: AT, by: "Mo".into(), what: "edited and approved".into() }],
    }
}

fn items() -> Items {
    Items {
        whole: true,
        items: vec![item()],
        counts: ItemCounts { waiting: 400, approved: 3, rejected: 20, hidden: 1, picked: 1, used: 2 },
        claims: vec![ClaimView { item: ITEM, session: SESSION, name: "Mo".into(), until: AT + 15_000 }],
        banned: vec![BanView { device: "deadbeef".into(), at: AT, by: "Mo".into() }],
        paused: Some("Mo".into()),
        refused: [("words".to_owned(), 3)].into(),
        on_air: Some(ITEM),
    }
}

/// What the server sends.
pub(super) fn server() -> Vec<(String, ServerMessage)> {
    use ServerMessage as M;
    let plain = ItemView {
        entry: None,
        sent: None,
        state: ItemState::Rejected,
        reason: Some(WhyNot::Rude),
        flags: vec![],
        upvotes: 0,
        log: vec![],
        ..item()
    };
    let changed = Items {
        whole: false,
        items: vec![plain],
        counts: ItemCounts::default(),
        claims: vec![],
        banned: vec![],
        paused: None,
        on_air: None,
        refused: [].into(),
    };
    let questions = vec![AskedQuestion { id: ITEM, text: "Who wrote it?".into(), upvotes: 12 }];
    let writing = Some(WritingView { chars_max: 200, upvotes: true });
    let open = RunView { kind: KindView::Questions, writing, options: vec![], ..run(Phase::Open) };
    let air = Some(AirView { id: ITEM, text: "Who wrote it?".into(), hash: "8d".repeat(32) });
    let upvoted = Upvoted { item: ITEM, ok: true, detail: String::new(), retry_ms: None };
    let not = Upvoted { ok: false, detail: "this question cannot be upvoted (any more)".into(), ..upvoted.clone() };
    let mut messages: Vec<(String, M)> = [
        ("asked", M::Asked(Asked { run: RUN, questions: questions.clone(), more: false })),
        ("asked-more", M::Asked(Asked { run: RUN, questions, more: true })),
        ("said-waiting", M::Said(said(SaidIs::Waiting))),
        ("said-approved", M::Said(said(SaidIs::Approved))),
        ("said-shown", M::Said(Said { text: "Who wrote it?".into(), ..said(SaidIs::Shown) })),
        ("said-unknown", M::Said(Said { retry_ms: Some(500), ..said(SaidIs::Unknown) })),
        ("said-refused-link", M::Said(refused(WhyNot::Link, None))),
        ("said-refused-paused", M::Said(refused(WhyNot::Paused, Some(15_000)))),
        ("upvoted", M::Upvoted(upvoted)),
        ("upvoted-not", M::Upvoted(not)),
        ("items-whole", M::Items(Box::new(items()))),
        ("items-changed", M::Items(Box::new(changed))),
    ]
    .map(|(name, message)| (name.to_owned(), message))
    .into();
    let shown = ShowView { item: air, ..show(Some(open), GraphicState::OnAir) };
    messages.push(("show-questions".to_owned(), M::Show(Box::new(shown))));
    messages
}
