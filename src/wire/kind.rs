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
    /// Questions of the audience.
    Questions,
    /// Texts of the audience.
    Texts,
}

/// What viewers may know of what they may write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WritingView {
    /// The most characters.
    pub chars_max: u16,
    /// Approved questions can be upvoted.
    pub upvotes: bool,
}

impl KindView {
    /// Whether it is a plain poll, which views need not name.
    pub fn is_poll(&self) -> bool {
        *self == Self::Poll
    }
}
