//! What events make of a queue: decisions, colleagues, bans, undo; and whatever anybody does, that nothing airs which was
//! not approved.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::{
    moderation::{
        say::{self, Saying},
        view,
    },
    shows::{
        board::Board,
        document::{Document, Staff},
        file,
        transition::{self, Context as Transition},
    },
    wire::{
        command::Command,
        moderation::{Flag, ItemCounts, Said, SaidIs, Say},
        server::Role,
    },
};

const SHOW: &str = "show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nkind = \"questions\"\nquestion = \"Ask!\"\n\
                    opens_on_take = true\n[cue.writing]\nupvotes = true\n[[cue]]\nnumber = \"2\"\nkind = \"texts\"\n\
                    question = \"Say!\"\nopens_on_take = true\n[cue.writing]\napprove_unseen = true\n";

/// A queue and everybody around it.
pub struct Room {
    pub queue: Queue,
    boards: Vec<Board>,
    pub now: Micros,
    events: Vec<Event>,
    numbers: u64,
}

pub const RUN: RunId = RunId(1);
const UNSEEN: RunId = RunId(2);

pub fn by(session: u64) -> By {
    By { session: SessionId(session), name: format!("M{session}") }
}

impl Room {
    pub fn new() -> Self {
        let board = |(cue, run): (&str, RunId)| {
            let show = file::read(SHOW).unwrap();
            let mut document = Document::new(show.id, show.title, show.rundown, "00".into());
            let by = Staff { session: SessionId(1), name: "Op".into(), role: Role::Operator };
            for command in [Command::Standby { cue: cue.into() }, Command::Take] {
                let context = Transition {
                    now: Micros(0),
                    by: by.clone(),
                    owner_present: true,
                    fresh_run: run,
                    ranks: crate::ballots::outcome::ranks,
                };
                document = transition::apply(&document, &command, &context).unwrap();
            }
            Board::of(&document)
        };
        let (queue, boards, now) =
            (Queue::default(), [("1", RUN), ("2", UNSEEN)].map(board).into(), Micros::from_ms(1000));
        Self { queue, boards, now, events: Vec::new(), numbers: 0 }
    }

    pub fn later(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
    }

    fn take(&mut self, event: Event) {
        self.queue.apply(&event);
        self.events.push(event);
    }

    fn say_in(&mut self, run: RunId, voter: u128, client: u128, text: &str) -> Said {
        self.numbers += 1;
        let say = Say { run, id: BallotId(client), text: text.to_owned() };
        let fresh = ItemId(self.numbers);
        let saying = Saying { voter: VoterId(voter << 96), entry: None, say, received: self.now, fresh, checked: None };
        let taken = say::judge(&self.queue, self.boards.iter().find_map(|board| board.run(run)), &saying);
        if let Some(event) = taken.event {
            self.take(event);
        }
        taken.said
    }

    pub fn say(&mut self, voter: u128, client: u128, text: &str) -> Said {
        self.say_in(RUN, voter, client, text)
    }

    /// Something else by a new device; the id that it gets.
    pub fn item(&mut self) -> ItemId {
        let voter = u128::from(self.numbers) + 1000;
        let said = self.say(voter, 1, &format!("What about {}?", self.numbers + 1));
        assert_eq!(said.is, SaidIs::Waiting);
        ItemId(self.numbers)
    }

    pub fn seen(&self, item: ItemId) -> Seen {
        Seen { id: item, v: self.queue.item(item).unwrap().version }
    }

    pub fn act(&mut self, session: u64, act: &Act) -> Result<String, Refusal> {
        self.numbers += 1;
        let event = format!("m.{}", self.numbers);
        let context = Context { now: self.now, by: by(session), rehearsal: true, event };
        let Decided { event, detail } = self.queue.decide(act, &context)?;
        self.take(event);
        Ok(detail)
    }

    fn refuses(&mut self, session: u64, act: &Act, code: Code) -> String {
        let refusal = self.act(session, act).unwrap_err();
        assert_eq!(refusal.code, code, "{}", refusal.detail);
        refusal.detail
    }

    fn state(&self, item: ItemId) -> ItemState {
        self.queue.item(item).unwrap().state
    }

    fn approve(&self, item: ItemId) -> Act {
        Act::Approve { items: vec![self.seen(item)] }
    }
}

#[test]
fn from_the_phone_to_the_screens_and_off() {
    let mut room = Room::new();
    let item = room.item();
    assert_eq!((room.queue.waiting(), room.queue.on_air()), (1, None));
    room.refuses(1, &Act::Pick { items: vec![room.seen(item)] }, Code::Stale);
    room.act(1, &room.approve(item)).unwrap();
    room.refuses(9, &Act::Use { item: room.seen(item) }, Code::Stale);
    room.act(9, &Act::Pick { items: vec![room.seen(item)] }).unwrap();
    room.act(9, &Act::Use { item: room.seen(item) }).unwrap();
    let air = view::on_air(&room.queue).unwrap().1;
    assert_eq!((air.id, &air.hash), (item, &room.queue.item(item).unwrap().sent.text.hash));
    assert_eq!(view::asked(&room.queue, RUN).questions.len(), 1);
    // A pull needs no version, and takes it out of every list.
    room.act(1, &Act::Pull { items: vec![item] }).unwrap();
    assert_eq!((room.state(item), view::on_air(&room.queue)), (ItemState::Hidden, None));
    assert!(view::asked(&room.queue, RUN).questions.is_empty());
    room.refuses(1, &Act::Pull { items: vec![item] }, Code::NotNow);
    let said = say::said(room.queue.item(item).unwrap());
    assert_eq!((said.is, said.reason), (SaidIs::Refused, Some(WhyNot::Hidden)));
}

#[test]
fn an_edit_has_another_hash_and_keeps_what_was_sent() {
    let mut room = Room::new();
    let item = room.item();
    let seen = room.seen(item);
    room.refuses(1, &Act::Edit { item: seen, text: "a\u{202e}b".into() }, Code::BadMessage);
    room.act(1, &Act::Edit { item: seen, text: "What about it?".into() }).unwrap();
    let edited = room.queue.item(item).unwrap().clone();
    assert_eq!((edited.text().text.as_str(), edited.state), ("What about it?", ItemState::Approved));
    assert_ne!(edited.text().hash, edited.sent.text.hash);
    assert_eq!(edited.sent.text.text, "What about 1?");
    room.act(1, &Act::Undo).unwrap();
    let back = room.queue.item(item).unwrap();
    assert_eq!((back.text(), back.state), (&back.sent.text, ItemState::Waiting));
}

#[test]
fn two_moderators_never_decide_the_same() {
    let mut room = Room::new();
    let (a, b) = (room.item(), room.item());
    assert!(room.queue.claim(&by(1), &[a], room.now).is_empty());
    assert_eq!(room.queue.claim(&by(2), &[a, b], room.now), ["M1"]);
    assert_eq!(room.refuses(2, &room.approve(a), Code::Stale), "M1 is deciding about it");
    // In bulk the others are done.
    let both = Act::Approve { items: vec![room.seen(a), room.seen(b)] };
    assert_eq!(room.act(2, &both).unwrap(), "1 of 2 were left out: M1 is deciding about it");
    assert_eq!((room.state(a), room.state(b)), (ItemState::Waiting, ItemState::Approved));
    // Its holder is gone: the lease ends by time alone.
    room.later(limits::CLAIM_LEASE_MS - 1);
    room.refuses(2, &room.approve(a), Code::Stale);
    room.later(1);
    let before = room.approve(a);
    room.act(2, &before).unwrap();
    // Who comes back and decides by what he saw is told.
    assert_eq!(room.refuses(1, &before, Code::Stale), "M2 has approved it");
}

#[test]
fn a_ban_is_said_and_its_waiting_items_go() {
    let mut room = Room::new();
    for client in 1..=3 {
        assert_eq!(room.say(7, client, &format!("Number {client}")).is, SaidIs::Waiting);
    }
    let first = ItemId(1);
    room.act(1, &room.approve(first)).unwrap();
    room.act(1, &Act::Ban { item: ItemId(2) }).unwrap();
    assert_eq!(room.queue.waiting(), 0);
    assert_eq!((room.state(first), room.state(ItemId(3))), (ItemState::Approved, ItemState::Rejected));
    let said = room.say(7, 9, "And this?");
    assert_eq!((said.is, said.reason, said.retry_ms), (SaidIs::Refused, Some(WhyNot::Banned), None));
    assert!(!said.detail.is_empty(), "a ban is never silent");
    assert_eq!(room.say(7, 2, "Number 2").reason, Some(WhyNot::Banned), "also about what was sent before");
    assert_eq!(room.say(8, 1, "Others may").is, SaidIs::Waiting);
    room.act(1, &Act::Undo).unwrap();
    assert_eq!((room.state(ItemId(3)), room.queue.is_banned(VoterId(7 << 96))), (ItemState::Waiting, false));
    room.act(1, &Act::Ban { item: first }).unwrap();
    room.act(2, &Act::Unban { device: device(VoterId(7 << 96)) }).unwrap();
    assert_eq!(room.say(7, 10, "Back again").is, SaidIs::Waiting);
}

#[test]
fn an_undo_takes_back_ones_own_last_decision_unless_somebody_went_on() {
    let mut room = Room::new();
    let (a, b) = (room.item(), room.item());
    room.refuses(1, &Act::Undo, Code::NotNow);
    let both = Act::Reject { items: vec![room.seen(a), room.seen(b)], reason: WhyNot::Rude };
    room.act(1, &both).unwrap();
    assert_eq!(say::said(room.queue.item(a).unwrap()).detail, WhyNot::Rude.words());
    room.refuses(2, &Act::Undo, Code::NotNow);
    room.act(1, &Act::Undo).unwrap();
    assert_eq!((room.queue.waiting(), room.queue.item(a).unwrap().reason), (2, None));
    room.act(1, &both.clone()).unwrap_err();
    room.act(1, &room.approve(a)).unwrap();
    room.act(2, &Act::Hide { items: vec![room.seen(a)] }).unwrap();
    assert_eq!(room.refuses(1, &Act::Undo, Code::Stale), "M2 has hidden it since");
    room.refuses(1, &Act::Reject { items: vec![room.seen(b)], reason: WhyNot::Banned }, Code::BadMessage);
}

#[test]
fn what_is_not_taken_says_why_and_when_to_come_back() {
    let mut room = Room::new();
    let is = |said: &Said| (said.is, said.reason);
    assert_eq!(is(&room.say(1, 1, "Is it live?")), (SaidIs::Waiting, None));
    assert_eq!(is(&room.say(1, 1, " Is it\nlive? ")), (SaidIs::Waiting, None), "the same id again");
    assert_eq!(is(&room.say(1, 1, "Is it not?")), (SaidIs::Refused, Some(WhyNot::IdReused)));
    assert_eq!(is(&room.say(1, 2, "IS IT LIVE")), (SaidIs::Refused, Some(WhyNot::Repeated)));
    assert_eq!(is(&room.say(2, 2, "is it live")), (SaidIs::Waiting, None));
    assert_eq!(room.queue.items().last().unwrap().sent.flags, [Flag::Duplicate]);
    assert_eq!(is(&room.say(3, 1, "see www.spam.example")), (SaidIs::Refused, Some(WhyNot::Link)));
    assert_eq!(room.queue.items().len(), 2, "of what is refused nothing is kept");
    for n in 2..=5 {
        assert_eq!(is(&room.say(1, n + 10, &format!("More {n}"))), (SaidIs::Waiting, None), "{n}");
    }
    let said = room.say(1, 20, "One more");
    assert_eq!((is(&said), said.retry_ms), ((SaidIs::Refused, Some(WhyNot::TooMany)), Some(limits::RETRY_ITEMS_MS)));
    // What was decided does not wait, but so many in a minute are too many.
    let all: Vec<_> = room.queue.items().iter().map(|item| Seen { id: item.sent.item, v: item.version }).collect();
    room.act(9, &Act::Approve { items: all }).unwrap();
    room.later(20_000);
    assert_eq!(is(&room.say(1, 21, "The sixth")), (SaidIs::Waiting, None));
    let said = room.say(1, 22, "The seventh");
    assert_eq!((is(&said), said.retry_ms), ((SaidIs::Refused, Some(WhyNot::TooMany)), Some(40_000)));
    room.later(40_000);
    assert_eq!(is(&room.say(1, 22, "The seventh")), (SaidIs::Waiting, None));
    room.act(9, &Act::Pause).unwrap();
    let said = room.say(5, 1, "Hello?");
    assert_eq!((is(&said), said.retry_ms.is_some()), ((SaidIs::Refused, Some(WhyNot::Paused)), true));
    room.act(8, &Act::Resume).unwrap();
    assert_eq!(is(&room.say(5, 1, "Hello?")), (SaidIs::Waiting, None));
    assert_eq!(room.say_in(RunId(99), 5, 2, "Where?").is, SaidIs::Unknown);
}

#[test]
fn only_a_show_that_says_so_approves_unseen_and_never_what_is_flagged() {
    let mut room = Room::new();
    assert_eq!(room.say_in(UNSEEN, 1, 1, "Greetings to all").is, SaidIs::Approved);
    assert_eq!(room.say_in(UNSEEN, 2, 1, "GREETINGS TO EVERYBODY").is, SaidIs::Waiting);
    assert_eq!(room.say_in(UNSEEN, 3, 1, "www.spam.example").is, SaidIs::Refused);
    assert!(view::on_air(&room.queue).is_none());
}

#[test]
fn an_upvote_counts_once_for_each_device_and_only_for_what_is_approved() {
    let mut room = Room::new();
    let (a, b) = (room.item(), room.item());
    let vote = |room: &mut Room, voter: u128, item| {
        let outcome = room.queue.upvote(VoterId(voter), item);
        if outcome == Ok(true) {
            room.queue.add_upvote(item, VoterId(voter));
        }
        outcome
    };
    assert!(vote(&mut room, 1, a).is_err());
    room.act(1, &room.approve(a)).unwrap();
    room.act(1, &room.approve(b)).unwrap();
    assert_eq!([1, 1, 2].map(|voter| vote(&mut room, voter, b)), [Ok(true), Ok(false), Ok(true)]);
    let questions = view::asked(&room.queue, RUN).questions;
    assert_eq!(questions.iter().map(|one| (one.id, one.upvotes)).collect::<Vec<_>>(), [(b, 2), (a, 0)]);
    room.act(1, &Act::Pull { items: vec![b] }).unwrap();
    assert!(vote(&mut room, 3, b).is_err());
}

#[test]
fn a_rehearsal_and_the_show_have_queues_of_their_own() {
    let mut room = Room::new();
    let item = room.item();
    room.act(1, &room.approve(item)).unwrap();
    let items = |rehearsal| view::whole(&room.queue, rehearsal, view::Eyes::Moderators, room.now)[0].items.len();
    assert_eq!((items(true), items(false)), (1, 0));
    assert_eq!(view::counts(&room.queue, false), ItemCounts::default());
    let context = Context { now: room.now, by: by(1), rehearsal: false, event: "m".into() };
    let pick = Act::Pick { items: vec![room.seen(item)] };
    assert_eq!(room.queue.decide(&pick, &context).unwrap_err().code, Code::Stale);
}

/// One step of a wild evening.
#[derive(Debug, Clone)]
enum Step {
    Say(u8),
    Act(u8, u8, u8),
    Claim(u8, u8),
    Later,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..6_u8).prop_map(Step::Say),
        8 => (0..12_u8, 0..20_u8, 0..3_u8).prop_map(|(verb, item, by)| Step::Act(verb, item, by)),
        1 => (0..20_u8, 0..3_u8).prop_map(|(item, by)| Step::Claim(item, by)),
        1 => Just(Step::Later),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #[test]
    fn whatever_anybody_does_only_what_was_approved_airs(steps in steps()) {
        let mut room = Room::new();
        // The hash that somebody approved last, by item.
        let mut approved: HashMap<ItemId, String> = HashMap::new();
        for (number, step) in (1_u128..).zip(steps) {
            match step {
                Step::Say(voter) => {
                    room.say(u128::from(voter), number, &format!("Text {number}"));
                }
                Step::Later => room.later(7000),
                Step::Claim(item, session) => {
                    let items: Vec<_> = room.queue.items().get(usize::from(item)).map(|item| item.sent.item).into_iter().collect();
                    room.queue.claim(&by(session.into()), &items, room.now);
                }
                Step::Act(verb, item, session) => {
                    let Some(item) = room.queue.items().get(usize::from(item)).map(|item| item.sent.item) else { continue };
                    let (seen, items) = (room.seen(item), vec![room.seen(item)]);
                    let act = match verb {
                        0 | 1 => Act::Approve { items },
                        2 => Act::Reject { items, reason: WhyNot::Other },
                        3 => Act::Edit { item: seen, text: format!("Edit {number}") },
                        4 => Act::Hide { items },
                        5 => Act::Pick { items },
                        6 => Act::Unpick { items },
                        7 | 8 => Act::Use { item: seen },
                        9 => Act::Pull { items: vec![item] },
                        10 => Act::Undo,
                        _ => Act::Ban { item },
                    };
                    let done = room.act(session.into(), &act).is_ok();
                    if done && matches!(act, Act::Approve { .. } | Act::Edit { .. }) {
                        approved.insert(item, room.queue.item(item).unwrap().text().hash.clone());
                    }
                    if done && matches!(act, Act::Pull { .. } | Act::Hide { .. }) {
                        prop_assert!(room.queue.on_air().is_none_or(|air| air.sent.item != item));
                    }
                }
            }
            if let Some((_, air)) = view::on_air(&room.queue) {
                prop_assert_eq!(room.state(air.id), ItemState::Used);
                prop_assert_eq!(Some(&air.hash), approved.get(&air.id));
            }
            let counts = view::counts(&room.queue, true);
            prop_assert_eq!(usize::try_from(counts.waiting).unwrap(), room.queue.waiting());
            let all = [counts.waiting, counts.approved, counts.rejected, counts.hidden, counts.picked, counts.used];
            prop_assert_eq!(usize::try_from(all.iter().sum::<u32>()).unwrap(), room.queue.items().len());
        }
        // A start makes the same of what is stored.
        let mut again = Queue::default();
        for event in &room.events {
            let json = serde_json::to_string(event).unwrap();
            again.apply(&serde_json::from_str(&json).unwrap());
        }
        prop_assert_eq!(again.items(), room.queue.items());
        prop_assert_eq!((again.on_air, again.banned, again.waiting), (room.queue.on_air, room.queue.banned, room.queue.waiting));
    }
}
