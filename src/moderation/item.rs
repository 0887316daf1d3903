//! One item: what was sent, what a moderator made of it, and its way from waiting to the screens.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        clock::Micros,
        hex,
        ids::{BallotId, ItemId, RunId, VoterId},
        limits,
    },
    wire::{
        entry::Entry,
        moderation::{Flag, ItemKind, ItemState, WhyNot},
    },
};

/// A text with the hash that names it: what airs is the hash that was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub text: String,
    /// SHA-256, in hexadecimal.
    pub hash: String,
}

impl Text {
    /// A text and its hash.
    pub fn new(text: String) -> Self {
        let hash = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref());
        Self { text, hash }
    }
}

/// What was sent, as the event of it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub item: ItemId,
    pub kind: ItemKind,
    pub run: RunId,
    /// The number of its cue.
    pub cue: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rehearsal: bool,
    pub voter: VoterId,
    /// As its sender's client calls it.
    pub client: BallotId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    #[serde(flatten)]
    pub text: Text,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    /// The show approves what passes its rules.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approved: bool,
}

/// What staff can do to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Approve,
    Reject,
    Edit,
    Hide,
    Ban,
    Pick,
    Unpick,
    Use,
    Pull,
}

impl Verb {
    /// The word, as colleagues read it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Edit => "edited and approved",
            Self::Hide => "hidden",
            Self::Ban => "rejected: its device is banned",
            Self::Pick => "picked",
            Self::Unpick => "taken off the list",
            Self::Use => "put on the screens",
            Self::Pull => "pulled from the screens",
        }
    }
}

/// The state that an item has after something was done to it; `None`: not possible in this one.
pub const fn after(state: ItemState, verb: Verb) -> Option<ItemState> {
    use ItemState::{Approved, Hidden, Picked, Rejected, Used, Waiting};
    match (verb, state) {
        (Verb::Approve, Waiting | Rejected | Hidden)
        | (Verb::Edit, Waiting | Rejected | Hidden | Approved)
        | (Verb::Unpick, Picked) => Some(Approved),
        (Verb::Reject, Waiting | Approved | Hidden) | (Verb::Ban, Waiting) => Some(Rejected),
        (Verb::Hide | Verb::Pull, Approved | Picked | Used) => Some(Hidden),
        (Verb::Pick, Approved | Used) => Some(Picked),
        (Verb::Use, Picked | Used) | (Verb::Unpick, Used) => Some(Used),
        _ => None,
    }
}

/// An item as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub sent: Sent,
    pub at: Micros,
    /// What a moderator made of the text.
    pub edited: Option<Text>,
    pub state: ItemState,
    pub reason: Option<WhyNot>,
    /// Counts its changes.
    pub version: u32,
    pub upvotes: u32,
    /// Who did what, newest last.
    pub log: VecDeque<Line>,
    /// What it was before each decision that was not taken back, newest last.
    before: VecDeque<Before>,
}

/// A line of who did what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at: Micros,
    pub by: String,
    pub what: &'static str,
}

/// What an item was before an event.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Before {
    event: String,
    edited: Option<Text>,
    state: ItemState,
    reason: Option<WhyNot>,
}

impl Item {
    /// An item that was just sent.
    pub fn new(sent: Sent, at: Micros) -> Self {
        let (state, log) = match sent.approved {
            true => {
                (ItemState::Approved, VecDeque::from([Line { at, by: "rules".to_owned(), what: Verb::Approve.word() }]))
            }
            false => (ItemState::Waiting, VecDeque::new()),
        };
        Self { sent, at, edited: None, state, reason: None, version: 1, upvotes: 0, log, before: VecDeque::new() }
    }

    /// The text as it would be shown.
    pub fn text(&self) -> &Text {
        self.edited.as_ref().unwrap_or(&self.sent.text)
    }

    /// Whether it may be shown, by a decision that stands.
    pub const fn is_approved(&self) -> bool {
        matches!(self.state, ItemState::Approved | ItemState::Picked | ItemState::Used)
    }

    /// Does something that was found possible.
    pub(super) fn change(
        &mut self,
        event: &str,
        by: &str,
        at: Micros,
        verb: Verb,
        reason: Option<WhyNot>,
        edit: Option<&Text>,
    ) {
        let Some(state) = after(self.state, verb) else { return };
        let before =
            Before { event: event.to_owned(), edited: self.edited.clone(), state: self.state, reason: self.reason };
        self.before.push_back(before);
        if self.before.len() > limits::ITEM_LINES_KEPT {
            self.before.pop_front();
        }
        if let Some(edit) = edit {
            self.edited = Some(edit.clone());
        }
        (self.state, self.reason) = (state, reason);
        self.note(by, at, verb.word());
    }

    /// Whether the newest decision about it is this one.
    pub(super) fn is_last(&self, event: &str) -> bool {
        self.before.back().is_some_and(|before| before.event == event)
    }

    /// Takes the newest decision back.
    pub(super) fn undo(&mut self, by: &str, at: Micros) {
        let Some(Before { edited, state, reason, .. }) = self.before.pop_back() else { return };
        (self.edited, self.state, self.reason) = (edited, state, reason);
        self.note(by, at, "taken back");
    }

    fn note(&mut self, by: &str, at: Micros, what: &'static str) {
        self.version += 1;
        self.log.push_back(Line { at, by: by.to_owned(), what });
        if self.log.len() > limits::ITEM_LINES_KEPT {
            self.log.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_to_the_screens_without_an_approval() {
        use ItemState::{Approved, Hidden, Picked, Rejected, Used, Waiting};
        let verbs = [
            Verb::Approve,
            Verb::Reject,
            Verb::Edit,
            Verb::Hide,
            Verb::Ban,
            Verb::Pick,
            Verb::Unpick,
            Verb::Use,
            Verb::Pull,
        ];
        for state in [Waiting, Rejected, Hidden] {
            for verb in verbs {
                let next = after(state, verb);
                assert!(!matches!(next, Some(Picked | Used)), "{state:?} {verb:?}");
                let approves = matches!(verb, Verb::Approve | Verb::Edit);
                assert_eq!(next == Some(Approved), approves, "{state:?} {verb:?}");
            }
        }
        // Two steps: the producer picks what was approved, and uses what was picked.
        assert_eq!(after(Approved, Verb::Use), None);
        assert_eq!(after(Approved, Verb::Pick).and_then(|state| after(state, Verb::Use)), Some(Used));
        for state in [Approved, Picked, Used] {
            assert_eq!((after(state, Verb::Pull), after(state, Verb::Hide)), (Some(Hidden), Some(Hidden)));
        }
        assert_eq!(after(Picked, Verb::Edit), None, "another text than the one that was picked");
    }
}
