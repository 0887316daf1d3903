//! The kind of an interaction as viewers and screens may know it.

use serde::{Deserialize, Serialize};

/// How the ballots of a run are asked for and shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindView {
    /// A question with options.
    #[default]
    Poll,
    /// Two options against each other.
    HeadToHead,
    /// Two options that pull at one rope.
    TugOfWar,
    /// What viewers tap as often as they like, a button per option; there are no ballots.
    Reactions,
    /// The same with one button, shown as a level against the highest of the run.
    Applause,
}

impl KindView {
    /// Whether viewers tap and do not vote.
    pub fn is_tapped(&self) -> bool {
        matches!(self, Self::Reactions | Self::Applause)
    }

    /// Whether it is a plain poll, which views need not name.
    pub fn is_poll(&self) -> bool {
        *self == Self::Poll
    }
}
