//! The queue as staff sees it, and the approved questions as viewers do. Pure.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    item::{Item, Line, Verb},
    queue::{Queue, device},
};
use crate::{
    base::{
        clock::Micros,
        ids::{ItemId, RunId},
        limits,
    },
    wire::moderation::{
        AirView, Asked, AskedQuestion, BanView, ClaimView, ItemCounts, ItemKind, ItemLine, ItemState, ItemView, Items,
    },
};

/// Who looks at the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eyes {
    /// Moderators see all.
    Moderators,
    /// Other staff sees what was approved, and what became of that.
    Producers,
}

/// One item.
pub fn item(item: &Item) -> ItemView {
    let text = item.text();
    let line = |line: &Line| ItemLine { at: line.at.as_ms(), by: line.by.clone(), what: line.what.to_owned() };
    ItemView {
        id: item.sent.item,
        v: item.version,
        kind: item.sent.kind,
        run: item.sent.run,
        cue: item.sent.cue.clone(),
        at: item.at.as_ms(),
        device: device(item.sent.voter),
        entry: item.sent.entry.clone(),
        text: text.text.clone(),
        sent: item.edited.as_ref().map(|_| item.sent.text.text.clone()),
        hash: text.hash.clone(),
        state: item.state,
        reason: item.reason,
        flags: item.sent.flags.clone(),
        upvotes: item.upvotes,
        log: item.log.iter().map(line).collect(),
    }
}

/// What changed, with the rest as it is now. Live and rehearsal are two queues.
pub fn changed<'a>(
    queue: &Queue,
    items: impl Iterator<Item = &'a Item>,
    rehearsal: bool,
    eyes: Eyes,
    now: Micros,
) -> Items {
    let sees = |item: &&Item| {
        let approves = |line: &Line| line.what == Verb::Approve.word() || line.what == Verb::Edit.word();
        let was_approved = item.is_approved() || item.state == ItemState::Hidden || item.log.iter().any(approves);
        item.sent.rehearsal == rehearsal && (eyes == Eyes::Moderators || was_approved)
    };
    let claim = |(item, claim): (&ItemId, &super::queue::Claim)| ClaimView {
        item: *item,
        session: claim.by.session,
        name: claim.by.name.clone(),
        until: claim.until.as_ms(),
    };
    let mut claims: Vec<_> = queue.claims.iter().filter(|(_, claim)| claim.until > now).map(claim).collect();
    claims.sort_unstable_by_key(|claim| claim.item);
    let mut banned: Vec<_> = queue.banned.iter().collect();
    banned.sort_unstable_by_key(|(_, ban)| Reverse(ban.at));
    banned.truncate(limits::ITEMS_AT_ONCE_MAX);
    let ban = |(voter, ban): (_, &super::queue::Banned)| BanView {
        device: device(voter),
        at: ban.at.as_ms(),
        by: ban.by.clone(),
    };
    Items {
        whole: false,
        items: items.filter(sees).map(item).collect(),
        counts: counts(queue, rehearsal),
        claims,
        banned: banned.into_iter().map(|(voter, one)| ban((*voter, one))).collect(),
        paused: queue.paused.clone(),
        on_air: queue.on_air().map(|item| item.sent.item),
        refused: BTreeMap::new(),
    }
}

/// The whole queue for somebody who joins, in as many messages as it takes: all that wait or may be shown, and the newest
/// of the rest.
pub fn whole(queue: &Queue, rehearsal: bool, eyes: Eyes, now: Micros) -> Vec<Items> {
    let mut decided = 0;
    let mut items: Vec<_> = queue.items().iter().rev().collect();
    items.retain(|item| {
        let counts = matches!(item.state, ItemState::Rejected | ItemState::Hidden) && item.sent.rehearsal == rehearsal;
        decided += usize::from(counts);
        !counts || decided <= limits::ITEMS_DECIDED_SENT
    });
    let mut views = changed(queue, items.into_iter().rev(), rehearsal, eyes, now);
    let items = std::mem::take(&mut views.items);
    let parts = items.chunks(limits::ITEMS_PER_MESSAGE);
    let mut parts: Vec<_> = parts.map(|part| Items { items: part.to_vec(), ..views.clone() }).collect();
    match parts.first_mut() {
        Some(first) => first.whole = true,
        None => parts.push(Items { whole: true, ..views }),
    }
    parts
}

/// How many items are in which state: counted anew each time, so that they cannot drift from the states.
pub fn counts(queue: &Queue, rehearsal: bool) -> ItemCounts {
    let mut counts = ItemCounts::default();
    for item in queue.items().iter().filter(|item| item.sent.rehearsal == rehearsal) {
        *match item.state {
            ItemState::Waiting => &mut counts.waiting,
            ItemState::Approved => &mut counts.approved,
            ItemState::Rejected => &mut counts.rejected,
            ItemState::Hidden => &mut counts.hidden,
            ItemState::Picked => &mut counts.picked,
            ItemState::Used => &mut counts.used,
        } += 1;
    }
    counts
}

/// The approved questions of a run, those with the most upvotes first.
pub fn asked(queue: &Queue, run: RunId) -> Asked {
    let is_seen = |item: &&Item| item.sent.run == run && item.sent.kind == ItemKind::Question && item.is_approved();
    let mut items: Vec<_> = queue.items().iter().filter(is_seen).collect();
    items.sort_by_key(|item| (Reverse(item.upvotes), item.at, item.sent.item));
    let more = items.len() > limits::ASKED_SHOWN;
    let question =
        |item: &Item| AskedQuestion { id: item.sent.item, text: item.text().text.clone(), upvotes: item.upvotes };
    Asked { run, questions: items.into_iter().take(limits::ASKED_SHOWN).map(question).collect(), more }
}

/// What is on the screens, as they show it, and of which run.
pub fn on_air(queue: &Queue) -> Option<(RunId, AirView)> {
    let item = queue.on_air()?;
    let text = item.text();
    Some((item.sent.run, AirView { id: item.sent.item, text: text.text.clone(), hash: text.hash.clone() }))
}
