//! Events: all that ever happened to a show's items, in order. The stored form is this one, as JSON.

use serde::{Deserialize, Serialize};

use super::item::{Sent, Text, Verb};
use crate::{
    base::{
        clock::Micros,
        ids::{ItemId, SessionId, VoterId},
    },
    wire::moderation::WhyNot,
};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Unique in the show: also the id of its entry in the as-run log.
    pub id: String,
    pub at: Micros,
    /// Absent: the audience, or the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    #[serde(flatten)]
    pub what: What,
}

/// Who decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    pub session: SessionId,
    pub name: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// The audience sent something.
    Sent(Sent),
    /// One decision about one item or many.
    Decided {
        verb: Verb,
        items: Vec<ItemId>,
        /// The versions of these that were seen. Empty: they are not asked for; an older release wrote none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seen: Vec<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<WhyNot>,
        /// Of an edit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        /// Of a ban: the device, whose waiting items these are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voter: Option<VoterId>,
    },
    Unbanned {
        voter: VoterId,
    },
    /// A decision was taken back.
    Undone {
        event: String,
        items: Vec<ItemId>,
        /// Of a ban.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voter: Option<VoterId>,
    },
    Paused,
    Resumed,
    /// Among several nodes: who upvoted what.
    Upvoted {
        pairs: Vec<(ItemId, VoterId)>,
    },
}

impl Event {
    /// What it is about, in words for a compare-and-swap among several nodes: it is good if nobody has changed any of this
    /// since. With `?` before it: what it rests on and does not change.
    pub fn about(&self) -> Vec<String> {
        const INFLOW: &str = "inflow";
        let all = |items: &[ItemId], voter: &Option<VoterId>| {
            items.iter().map(ToString::to_string).chain(voter.iter().map(ToString::to_string)).collect()
        };
        match &self.what {
            What::Sent(sent) => vec![sent.item.to_string(), sent.voter.to_string(), format!("?{INFLOW}")],
            What::Decided { items, voter, .. } | What::Undone { items, voter, .. } => all(items, voter),
            What::Unbanned { voter } => all(&[], &Some(*voter)),
            What::Paused | What::Resumed => vec![INFLOW.to_owned()],
            What::Upvoted { .. } => Vec::new(),
        }
    }
}
