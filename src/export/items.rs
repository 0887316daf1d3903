//! What the audience wrote and what was decided about it, in an export that has it: every event, in its order, and how many
//! items that leaves in which state, live and in rehearsal. Whoever reads the file makes the same numbers of it.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use crate::{
    base::{clock::Micros, ids::ShowId},
    moderation::{
        event::{Event, What},
        item::Text,
        queue::Queue,
        view,
    },
    providers::store::Store,
    wire::moderation::ItemCounts,
};

/// How many items there are, as the last line of a file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemsLine {
    pub events: u64,
    pub live: ItemCounts,
    pub rehearsal: ItemCounts,
}

/// The events of a show, as all of these nodes have them: every node's are the first ones of the same list.
pub(super) fn events(stores: &[&dyn Store], show: &ShowId) -> anyhow::Result<Vec<Event>> {
    let mut lists = stores.iter().map(|store| store.items(show)).collect::<Result<Vec<_>, _>>()?;
    lists.sort_by_key(|list| std::cmp::Reverse(list.events.len()));
    let (mut known, mut events) = (HashSet::new(), Vec::new());
    for (id, json) in lists.iter().flat_map(|list| &list.events) {
        if known.insert(id) {
            events.push(serde_json::from_str(json)?);
        }
    }
    let pairs: BTreeSet<_> = lists.iter().flat_map(|list| list.upvotes.iter().copied()).collect();
    if !pairs.is_empty() {
        let what = What::Upvoted { pairs: pairs.into_iter().collect() };
        events.push(Event { id: "upvotes".to_owned(), at: Micros(0), by: None, what });
    }
    Ok(events)
}

/// What events make, one after the other.
#[derive(Debug, Default)]
pub(super) struct Fold {
    queue: Queue,
    events: u64,
    /// Texts that are not those of their hashes.
    wrong: Vec<String>,
}

impl Fold {
    pub(super) fn add(&mut self, event: &Event) {
        let text = match &event.what {
            What::Sent(sent) => Some(&sent.text),
            What::Decided { text, .. } => text.as_ref(),
            _ => None,
        };
        if let Some(text) = text.filter(|text| **text != Text::new(text.text.clone())) {
            self.wrong.push(format!("event {}: its text is not the one with hash {}", event.id, text.hash));
        }
        self.events += 1;
        self.queue.apply(event);
    }

    /// Whether there was none.
    pub(super) fn is_empty(&self) -> bool {
        self.events == 0
    }

    pub(super) fn line(&self) -> ItemsLine {
        let (live, rehearsal) = (view::counts(&self.queue, false), view::counts(&self.queue, true));
        ItemsLine { events: self.events, live, rehearsal }
    }

    /// What is wrong, given what the last line says; and the numbers, if the file has any.
    pub(super) fn check(self, said: Option<&ItemsLine>) -> (Vec<String>, Option<ItemsLine>) {
        let found = (self.events > 0 || said.is_some()).then(|| self.line());
        let mut findings = self.wrong;
        if found.as_ref() != said {
            findings.push(
                "what was decided about what the audience wrote does not make the numbers of the last line".to_owned(),
            );
        }
        (findings, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::ids::{BallotId, ItemId, RunId, VoterId},
        moderation::item::{Sent, Verb},
        wire::moderation::ItemKind,
    };

    fn sent(item: u64) -> Event {
        let sent = Sent {
            item: ItemId(item),
            kind: ItemKind::Question,
            run: RunId(1),
            cue: "1".to_owned(),
            rehearsal: false,
            voter: VoterId(1),
            client: BallotId(item.into()),
            entry: None,
            text: Text::new(format!("Question {item}")),
            flags: Vec::new(),
            approved: false,
        };
        Event { id: format!("s.{item}"), at: Micros(item), by: None, what: What::Sent(sent) }
    }

    fn decided(verb: Verb, item: u64) -> Event {
        let (items, seen) = (vec![ItemId(item)], Vec::new());
        let what = What::Decided { verb, items, seen, reason: None, text: None, voter: None };
        Event { id: format!("{verb:?}.{item}"), at: Micros(9), by: None, what }
    }

    #[test]
    fn a_decision_that_is_left_out_and_a_text_that_is_changed_are_found() {
        let all = [sent(1), sent(2), decided(Verb::Approve, 1), decided(Verb::Reject, 2)];
        let fold = |events: &[Event]| {
            let mut fold = Fold::default();
            events.iter().for_each(|event| fold.add(event));
            fold
        };
        let said = fold(&all).line();
        assert_eq!((said.live.approved, said.live.rejected, said.rehearsal), (1, 1, ItemCounts::default()));
        assert_eq!(fold(&all).check(Some(&said)), (Vec::new(), Some(said.clone())));
        assert_eq!(fold(&[]).check(None), (Vec::new(), None), "a file without them");
        for left_out in 0..all.len() {
            let rest: Vec<_> =
                all.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, one)| one.clone()).collect();
            assert_eq!(fold(&rest).check(Some(&said)).0.len(), 1, "{left_out}");
        }
        let mut changed = all;
        let What::Sent(one) = &mut changed[0].what else { panic!("it was sent") };
        one.text.text.push('!');
        assert_eq!(fold(&changed).check(Some(&said)).0.len(), 1);
    }
}
