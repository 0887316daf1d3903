//! What kind of interaction a cue is: how its ballots are asked for and shown. The rules that judge them are beside it.

use serde::{Deserialize, Serialize};

use crate::{
    base::limits,
    wire::{
        kind::{KindView, Scale, WritingView},
        moderation::ItemKind,
    },
};

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
    /// A number on a scale. Its options are the steps, so that it is counted as any poll.
    Rating(Scale),
    /// Questions of the audience, of which viewers see those that were approved.
    Questions(Writing),
    /// Texts of the audience for the screens.
    Texts(Writing),
    /// Viewers tap the options, emoji, as often as they like. It has no ballots, so it is never sealed.
    Reactions,
    /// One button; what is shown is how fast it is tapped.
    Applause,
}

/// What the audience may write.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Writing {
    /// The most characters of one item.
    pub chars_max: u16,
    /// Viewers may vote for approved questions.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub upvotes: bool,
    /// What passes the automatic rules without a flag is approved by them: nobody looks at it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub approve_unseen: bool,
    /// Words that this show does not show, beside those of the lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
}

impl Default for Writing {
    fn default() -> Self {
        Self { chars_max: limits::ITEM_CHARS_DEFAULT, upvotes: false, approve_unseen: false, words: Vec::new() }
    }
}

impl Kind {
    /// What the audience may write, if it is asked to, and as what.
    pub fn writing(&self) -> Option<(ItemKind, &Writing)> {
        match self {
            Self::Questions(writing) => Some((ItemKind::Question, writing)),
            Self::Texts(writing) => Some((ItemKind::Text, writing)),
            _ => None,
        }
    }

    /// What viewers may know of what they may write.
    pub fn writing_view(&self) -> Option<WritingView> {
        let (_, writing) = self.writing()?;
        Some(WritingView { chars_max: writing.chars_max, upvotes: writing.upvotes })
    }

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
            Self::Rating(scale) => KindView::Rating(scale.clone()),
            Self::Questions(_) => KindView::Questions,
            Self::Texts(_) => KindView::Texts,
            Self::Reactions => KindView::Reactions,
            Self::Applause => KindView::Applause,
        }
    }
}
