//! What the audience writes, as it crosses the network: sending it, what became of it, the moderators' queue and what
//! they do, and what of it may be seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::base::ids::{BallotId, ItemId, RunId, SessionId};

/// A question or a text. Offered again with the same id until there is an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Say {
    pub run: RunId,
    /// Made by the client, as a ballot's.
    pub id: BallotId,
    pub text: String,
}

/// A vote for somebody's approved question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Upvote {
    pub item: ItemId,
}

/// What became of something that this viewer sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Said {
    pub run: RunId,
    pub id: BallotId,
    pub is: SaidIs,
    /// Why, if refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<WhyNot>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// It was not taken now; the same may be after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u32>,
    /// What was written, in answers to those who ask for theirs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// The answers to what somebody sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaidIs {
    /// Kept, and not decided.
    Waiting,
    /// A moderator approved it: it may be shown.
    Approved,
    /// It was on the screens.
    Shown,
    /// It will not be shown; or, with a retry time, it was not taken now.
    Refused,
    /// This node cannot say: ask again with the same id.
    Unknown,
}

/// Whether an upvote is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Upvoted {
    pub item: ItemId,
    pub ok: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u32>,
}

/// Approved questions of the run on program, as viewers see them: those with the most upvotes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Asked {
    pub run: RunId,
    pub questions: Vec<AskedQuestion>,
    /// There are more than these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// One approved question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AskedQuestion {
    pub id: ItemId,
    pub text: String,
    /// Devices that upvoted it: a count, and no ballots.
    pub upvotes: u32,
}

/// What is on the screens of what the audience wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AirView {
    pub id: ItemId,
    pub text: String,
    /// SHA-256 of the text, in hexadecimal: the one that was approved.
    pub hash: String,
}

/// Whether something is a question or a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    Question,
    Text,
}

/// Where an item is on its way to the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    Waiting,
    Approved,
    Rejected,
    /// It was approved, and was taken back.
    Hidden,
    /// A producer wants it on the screens.
    Picked,
    /// It was put on the screens.
    Used,
}

/// Why something is not shown, or not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    OffTopic,
    Rude,
    Personal,
    Advertising,
    Repeated,
    Unclear,
    Other,
    /// It was approved, and was taken back.
    Hidden,
    Empty,
    TooLong,
    /// Characters that do not show, or too many marks on one letter.
    Characters,
    Link,
    /// An address or a number by which somebody is reached.
    Contact,
    /// A word that this show does not show.
    Words,
    /// The check of somebody else refuses it.
    Check,
    Banned,
    TooMany,
    /// The window is not open.
    Closed,
    Paused,
    /// No room now.
    Busy,
    /// The id was used for another text.
    IdReused,
}

impl SaidIs {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Shown => "shown",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

impl WhyNot {
    /// Whether the automatic rules say so: no moderator has seen the text.
    pub const fn is_of_rules(self) -> bool {
        matches!(
            self,
            Self::Empty | Self::TooLong | Self::Characters | Self::Link | Self::Contact | Self::Words | Self::Check
        )
    }

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OffTopic => "off_topic",
            Self::Rude => "rude",
            Self::Personal => "personal",
            Self::Advertising => "advertising",
            Self::Repeated => "repeated",
            Self::Unclear => "unclear",
            Self::Other => "other",
            Self::Hidden => "hidden",
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Characters => "characters",
            Self::Link => "link",
            Self::Contact => "contact",
            Self::Words => "words",
            Self::Check => "check",
            Self::Banned => "banned",
            Self::TooMany => "too_many",
            Self::Closed => "closed",
            Self::Paused => "paused",
            Self::Busy => "busy",
            Self::IdReused => "id_reused",
        }
    }
}

/// What a moderator should look at twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Letters of two scripts in one word.
    Scripts,
    /// Somebody else sent the same.
    Duplicate,
    /// It may hide a word of the lists.
    HiddenWord,
    /// Long numbers.
    Numbers,
    /// Capital letters throughout.
    Shouting,
    /// The check of somebody else says so.
    Check,
    /// It could not be checked.
    Unchecked,
}

/// What a service of somebody else makes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    Allowed,
    /// A moderator should look twice.
    Flagged,
    Refused,
    /// It did not say.
    Failed,
}

impl Checked {
    /// The word of the figures.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Flagged => "flagged",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// An item and the version of it that somebody saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    pub id: ItemId,
    pub v: u32,
}

/// What staff does with items, with what makes it safe to send twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Moderate {
    /// Made by the client; the same id gets the same answer.
    pub id: String,
    #[serde(flatten)]
    pub act: Act,
}

/// One action, tagged `do`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Act {
    /// These are mine for now, and no others: nobody else decides about them until the lease ends.
    Claim {
        items: Vec<ItemId>,
    },
    Approve {
        items: Vec<Seen>,
    },
    Reject {
        items: Vec<Seen>,
        reason: WhyNot,
    },
    /// Approves another text in the place of what was sent. Both are kept.
    Edit {
        item: Seen,
        text: String,
    },
    Hide {
        items: Vec<Seen>,
    },
    /// Nothing more of the device of this item; what of it waits is rejected.
    Ban {
        item: ItemId,
    },
    Unban {
        device: String,
    },
    /// Takes back this session's last decision.
    Undo,
    /// Wants it on the screens.
    Pick {
        items: Vec<Seen>,
    },
    /// Does not want it there any more; takes it off the screens, if it is there.
    Unpick {
        items: Vec<Seen>,
    },
    /// Puts it on the screens, in place of what is there.
    Use {
        item: Seen,
    },
    /// Takes it off every screen and out of every list, at once.
    Pull {
        items: Vec<ItemId>,
    },
    /// Takes nothing more from the audience.
    Pause,
    Resume,
}

impl Act {
    /// The action's word, for the log and the figures.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Claim { .. } => "claim",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Edit { .. } => "edit",
            Self::Hide { .. } => "hide",
            Self::Ban { .. } => "ban",
            Self::Unban { .. } => "unban",
            Self::Undo => "undo",
            Self::Pick { .. } => "pick",
            Self::Unpick { .. } => "unpick",
            Self::Use { .. } => "use",
            Self::Pull { .. } => "pull",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
}

/// The queue as staff sees it: the items that changed, and the rest as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Items {
    /// Forget what you have: this is the beginning of the whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    pub items: Vec<ItemView>,
    pub counts: ItemCounts,
    pub claims: Vec<ClaimView>,
    pub banned: Vec<BanView>,
    /// Who paused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// What is on the screens, while its run is on program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_air: Option<ItemId>,
    /// What the rules have refused since the nodes started: how often, by reason. For moderators.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, u32>,
}

/// One item as staff sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ItemView {
    pub id: ItemId,
    /// Counts its changes.
    pub v: u32,
    pub kind: ItemKind,
    pub run: RunId,
    pub cue: String,
    pub at: u64,
    /// Stands for the device, in this show alone.
    pub device: String,
    /// Where its sender came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// As it would be shown.
    pub text: String,
    /// As it was sent, if that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// SHA-256 of `text`, in hexadecimal.
    pub hash: String,
    pub state: ItemState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<WhyNot>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub upvotes: u32,
    /// What was done with it, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<ItemLine>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references over")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Who did what with an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ItemLine {
    pub at: u64,
    pub by: String,
    pub what: String,
}

/// How many items are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ItemCounts {
    pub waiting: u32,
    pub approved: u32,
    pub rejected: u32,
    pub hidden: u32,
    pub picked: u32,
    pub used: u32,
}

/// Who is looking at an item, and until when it is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClaimView {
    pub item: ItemId,
    pub session: SessionId,
    pub name: String,
    pub until: u64,
}

/// A device of which nothing is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BanView {
    pub device: String,
    pub at: u64,
    pub by: String,
}
