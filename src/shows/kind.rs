//! What kind of interaction a cue is: how its ballots are asked for and shown. The rules that judge them are beside it.

use serde::{Deserialize, Serialize};

use crate::wire::kind::KindView;

/// The kind of an interaction, with what only that kind has. Frozen in a run at standby.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A question with options.
    #[default]
    Poll,
    /// Two options against each other.
    HeadToHead,
    /// Two options that pull at one rope: where it stands is the share of the one against the other.
    TugOfWar,
    /// Viewers tap the options, emoji, as often as they like. It has no ballots, so it is never sealed.
    Reactions,
    /// One button; what is shown is how fast it is tapped.
    Applause,
}

impl Kind {
    /// Whether it is a plain poll, which documents and files need not name.
    pub fn is_poll(&self) -> bool {
        *self == Self::Poll
    }

    /// What viewers and screens may know of it.
    pub fn view(&self) -> KindView {
        match self {
            Self::Poll => KindView::Poll,
            Self::HeadToHead => KindView::HeadToHead,
            Self::TugOfWar => KindView::TugOfWar,
            Self::Reactions => KindView::Reactions,
            Self::Applause => KindView::Applause,
        }
    }
}
