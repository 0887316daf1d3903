//! What a cue asks of the audience: the question, its options, and what frozen rules judge the ballots by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{counting::Counting, kind::Kind, segments::SegmentWindow};
use crate::wire::server::Wording;

/// What a cue asks, and the rules that its ballots are judged by. Frozen in a run at standby.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interaction {
    /// How it is asked and shown.
    #[serde(default, skip_serializing_if = "Kind::is_poll")]
    pub kind: Kind,
    /// The question as viewers read it.
    pub question: String,
    /// The options' labels; their numbers start at 1.
    pub options: Vec<String>,
    /// The same in the other languages of the show, where it has them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, Wording>,
    /// Votes of one voter.
    pub votes: u16,
    /// Of these at most so many for one option; `None`: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_option: Option<u16>,
    /// Each ballot is all that its voter says, and a later one replaces it, as long as the window is open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changeable: bool,
    /// Options that voters of a segment may not choose, by the segment's name: their own region's, for instance.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_from: BTreeMap<String, Vec<u16>>,
    /// Segments whose voters have a part of the windows alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub windows: BTreeMap<String, SegmentWindow>,
    /// Seconds the window stays open; `None`: until it is closed by hand.
    pub window_s: Option<u32>,
    /// Milliseconds of acceptance after the close.
    pub grace_ms: u64,
    /// Whether a take opens the window.
    pub opens_on_take: bool,
    /// When viewers may see the numbers.
    pub viewers_see: Visibility,
    /// When screens may show the numbers.
    pub screens_see: Visibility,
    /// When operators and observers may see the numbers. Producers and adjudicators always do.
    #[serde(default = "Visibility::always", skip_serializing_if = "Visibility::is_always")]
    pub operators_see: Visibility,
    /// The audience page asks once more before it sends a ballot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm: bool,
    /// Viewers may choose and hand in before the window opens: the audience page sends it at the opening.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prepare: bool,
    /// What makes an outcome of the counted votes.
    #[serde(default, skip_serializing_if = "Counting::is_plain")]
    pub counting: Counting,
}

impl Interaction {
    /// Whether it asks for ballots. What viewers tap or write is no ballot, and counts for nothing.
    pub fn takes_ballots(&self) -> bool {
        !matches!(self.kind, Kind::Reactions | Kind::Applause | Kind::Questions(_) | Kind::Texts(_))
    }

    /// Whether operators and observers may see all numbers from the start, as far as these rules say.
    pub fn is_open_to_operators(&self) -> bool {
        self.operators_see.is_always() && !self.kind.is_secret()
    }
}

/// When an audience may see the numbers of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// From the start.
    Always,
    /// Viewers alone: once a ballot of theirs is counted, and all of them once intake is over.
    AfterVote,
    /// Once intake is over.
    #[default]
    AfterClose,
    /// Once the result is revealed.
    OnReveal,
    /// At no time.
    Never,
}

impl Visibility {
    /// What operators may see if nothing is said.
    fn always() -> Self {
        Self::Always
    }

    /// Whether it hides nothing at any time.
    pub fn is_always(&self) -> bool {
        *self == Self::Always
    }
}
