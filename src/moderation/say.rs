//! What somebody sends: whether it is taken, and what is said about it. Nothing is kept of what is refused here. Pure.

use super::{
    event::{Event, What},
    item::{Item, Sent, Text},
    queue::Queue,
    rules,
};
use crate::{
    base::{
        clock::Micros,
        ids::{BallotId, ItemId, RunId, VoterId},
        limits,
    },
    shows::{board::BoardRun, windows::Timeliness},
    wire::{
        entry::Entry,
        moderation::{Checked, Flag, ItemState, Said, SaidIs, Say, WhyNot},
    },
};

/// Something that somebody sends.
#[derive(Debug, Clone)]
pub struct Saying {
    pub voter: VoterId,
    pub entry: Option<Entry>,
    pub say: Say,
    pub received: Micros,
    /// The id that the item gets.
    pub fresh: ItemId,
    /// What a service of somebody else makes of it; `None`: it was not asked.
    pub checked: Option<Checked>,
}

/// What is said about it, and the event, if it is to be kept: then it is said only once that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub said: Said,
    pub event: Option<Event>,
}

impl WhyNot {
    /// The reason, as its sender reads it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OffTopic => "it is about something else",
            Self::Rude => "the moderators find it hurtful",
            Self::Personal => "it says something private about somebody",
            Self::Advertising => "it advertises",
            Self::Repeated => "it was sent before",
            Self::Unclear => "the moderators do not understand it",
            Self::Other => "the moderators decided against it",
            Self::Hidden => "the moderators took it back",
            Self::Empty => "there is nothing in it that shows",
            Self::TooLong => "it is too long",
            Self::Characters => "it has characters that do not show, or too many marks on one letter",
            Self::Link => "links are not shown",
            Self::Contact => "mail addresses and telephone numbers are not shown",
            Self::Words => "it has a word that this show does not show",
            Self::Check => "the check that this show asks does not let it through",
            Self::Banned => "the moderators take nothing more from this device in this show",
            Self::TooMany => "you sent much in a short time: wait a little",
            Self::Closed => "nothing is taken now",
            Self::Paused => "the moderators are busy: nothing is taken for a moment",
            Self::Busy => "there is no room for more now",
            Self::IdReused => "this id was used for something else",
        }
    }
}

fn answer(say: &Say, is: SaidIs, reason: Option<WhyNot>, retry_ms: Option<u32>) -> Said {
    let detail = reason.map_or("", WhyNot::words).to_owned();
    Said { run: say.run, id: say.id, is, reason, detail, retry_ms, text: String::new() }
}

/// The answer to somebody who is refused, for now or for good.
pub fn refused(say: &Say, reason: WhyNot, retry_ms: Option<u32>) -> Said {
    answer(say, SaidIs::Refused, Some(reason), retry_ms)
}

/// The answer of a node that cannot say.
pub fn unknown(say: &Say) -> Said {
    answer(say, SaidIs::Unknown, None, Some(limits::RETRY_NOT_OPEN_MS))
}

/// What became of an item, as its sender may know it.
pub fn said(item: &Item) -> Said {
    let is = match item.state {
        ItemState::Waiting => SaidIs::Waiting,
        ItemState::Approved | ItemState::Picked => SaidIs::Approved,
        ItemState::Used => SaidIs::Shown,
        ItemState::Rejected | ItemState::Hidden => SaidIs::Refused,
    };
    let (run, id): (RunId, BallotId) = (item.sent.run, item.sent.client);
    let say = Say { run, id, text: String::new() };
    Said { text: item.sent.text.text.clone(), ..answer(&say, is, item.reason, None) }
}

/// Judges what somebody sends. `run`: as this node knows it.
pub fn judge(queue: &Queue, run: Option<&BoardRun>, saying: &Saying) -> Taken {
    let Saying { voter, say, received, .. } = saying;
    let no = |reason, retry_ms| Taken { said: refused(say, reason, retry_ms), event: None };
    if let Some(item) = queue.by_client(*voter, say.id) {
        let same = item.sent.run == say.run && item.sent.text.text == one_line(&say.text);
        return if same { Taken { said: said(item), event: None } } else { no(WhyNot::IdReused, None) };
    }
    let Some(run) = run else { return Taken { said: unknown(say), event: None } };
    let Some((kind, writing)) = run.definition.interaction.kind.writing().filter(|_| !run.void) else {
        return no(WhyNot::Closed, None);
    };
    let entry = saying.entry.as_ref().map_or(0, |entry| run.definition.entries.number_of(entry));
    match run.windows.judge(*received, entry) {
        Timeliness::Within => {}
        Timeliness::Early => return no(WhyNot::Closed, Some(limits::RETRY_NOT_OPEN_MS)),
        Timeliness::Late => return no(WhyNot::Closed, None),
    }
    if queue.banned.contains_key(voter) {
        return no(WhyNot::Banned, None);
    }
    if queue.paused.is_some() {
        return no(WhyNot::Paused, Some(limits::RETRY_ITEMS_MS));
    }
    let judged = rules::judge(&say.text, writing);
    let mut flags = match judged.outcome {
        Ok(flags) => flags,
        Err(why) => return no(why, None),
    };
    let first = queue.first_that_said(say.run, &rules::sameness(&judged.text));
    let own = queue.of_voter(*voter);
    let said_before = |item: &Item| item.sent.run == say.run && item.sent.text.text == judged.text;
    if first.is_some_and(|item| item.sent.voter == *voter) || own.rev().any(said_before) {
        return no(WhyNot::Repeated, None);
    }
    if first.is_some() {
        flags.push(Flag::Duplicate);
    }
    if queue.items().len() >= limits::ITEMS_MAX || queue.waiting() >= limits::ITEMS_WAITING_MAX {
        return no(WhyNot::Busy, Some(limits::RETRY_ITEMS_MS));
    }
    if let Some(retry_ms) = too_many(queue, *voter, *received) {
        return no(WhyNot::TooMany, Some(retry_ms));
    }
    match saying.checked {
        Some(Checked::Refused) => return no(WhyNot::Check, None),
        Some(Checked::Flagged) => flags.push(Flag::Check),
        // Whatever the show says: nobody has looked at it.
        Some(Checked::Failed) => flags.push(Flag::Unchecked),
        Some(Checked::Allowed) | None => {}
    }
    let approved = writing.approve_unseen && flags.is_empty();
    let sent = Sent {
        item: saying.fresh,
        kind,
        run: say.run,
        cue: run.definition.cue.clone(),
        rehearsal: run.definition.rehearsal,
        voter: *voter,
        client: say.id,
        entry: saying.entry.clone(),
        text: Text::new(judged.text),
        flags,
        approved,
    };
    let is = if approved { SaidIs::Approved } else { SaidIs::Waiting };
    let event = Event { id: format!("s.{}", saying.fresh), at: *received, by: None, what: What::Sent(sent) };
    Taken { said: answer(say, is, None, None), event: Some(event) }
}

/// A text as it is kept.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// In how many milliseconds a device may send more, if it has sent too much.
fn too_many(queue: &Queue, voter: VoterId, now: Micros) -> Option<u32> {
    let waits = queue.of_voter(voter).filter(|item| item.state == ItemState::Waiting).count();
    if waits >= limits::ITEMS_WAITING_PER_DEVICE_MAX {
        return Some(limits::RETRY_ITEMS_MS);
    }
    let earliest = queue.of_voter(voter).rev().nth(limits::ITEMS_PER_RATE - 1)?;
    let left = limits::ITEM_RATE_MS.checked_sub(now.since_ms(earliest.at)).filter(|left| *left > 0)?;
    Some(u32::try_from(left).unwrap_or(u32::MAX))
}
