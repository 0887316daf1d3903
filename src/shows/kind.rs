//! What kind of interaction a cue is: how its ballots are asked for and shown, and what a right answer is worth. The rules
//! that judge ballots are beside it.

use serde::{Deserialize, Serialize};

use crate::{
    base::limits,
    wire::{
        kind::{Answers, KindView, Scale, WritingView},
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
    /// A question with right answers, which nobody but producers and adjudicators knows before the reveal.
    Quiz(Quiz),
    /// A question whose answer nobody knows yet: somebody says later which option came true.
    Prediction(Prediction),
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

/// What a quiz has of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quiz {
    /// The right options; one of them is a right answer.
    pub right: Vec<u16>,
    /// What a right answer is worth.
    pub worth: Worth,
    /// Runs with the same name here are added up.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub round: String,
}

/// What a prediction has of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Prediction {
    /// Points for the option that came true, whenever it was chosen.
    pub points: u32,
    /// Runs with the same name here are added up.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub round: String,
}

/// What a right answer is worth by the time it took: all points up to `full_ms`, the fewest from `least_ms` on, and between the
/// two on a straight line. Whole numbers only, so that everybody gets the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Worth {
    pub points_max: u32,
    pub points_min: u32,
    pub full_ms: u64,
    pub least_ms: u64,
}

impl Worth {
    /// The points of a right answer after so many milliseconds of an open window. What the time takes away is rounded down.
    pub fn after(&self, ms: u64) -> u32 {
        let span = u128::from(self.least_ms.saturating_sub(self.full_ms));
        let late = u128::from(ms.saturating_sub(self.full_ms)).min(span);
        let most = u128::from(self.points_max.saturating_sub(self.points_min));
        let lost = if late == span && ms >= self.least_ms { most } else { most * late / span.max(1) };
        self.points_max - u32::try_from(lost).unwrap_or(0)
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

    /// Whether only producers and adjudicators may see numbers before the reveal, whatever the cue says: they tell the answer.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Quiz(_))
    }

    /// The round that its points are added to; `None`: it has no points.
    pub fn round(&self) -> Option<&str> {
        match self {
            Self::Quiz(Quiz { round, .. }) | Self::Prediction(Prediction { round, .. }) => Some(round),
            _ => None,
        }
    }

    /// The points of a right answer after so many milliseconds of an open window.
    pub fn points(&self, ms: u64) -> u32 {
        match self {
            Self::Quiz(quiz) => quiz.worth.after(ms),
            Self::Prediction(prediction) => prediction.points,
            _ => 0,
        }
    }

    /// What viewers and screens may know of it. `right`: the right options, as far as they may.
    pub fn view(&self, right: &[u16]) -> KindView {
        let answers = |corrected| Answers { right: right.to_vec(), corrected };
        match self {
            Self::Poll => KindView::Poll,
            Self::HeadToHead => KindView::HeadToHead,
            Self::TugOfWar => KindView::TugOfWar,
            Self::Rating(scale) => KindView::Rating(scale.clone()),
            Self::Questions(_) => KindView::Questions,
            Self::Texts(_) => KindView::Texts,
            Self::Reactions => KindView::Reactions,
            Self::Applause => KindView::Applause,
            Self::Quiz(quiz) => KindView::Quiz(answers(!right.is_empty() && quiz.right != right)),
            Self::Prediction(_) => KindView::Prediction(answers(false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_answer_loses_points_on_a_straight_line_between_a_ceiling_and_a_floor() {
        let worth = Worth { points_max: 1000, points_min: 500, full_ms: 2000, least_ms: 12_000 };
        let by_time = [
            (0, 1000),
            (2000, 1000),
            (2001, 1000),
            (2020, 999),
            (7000, 750),
            (11_999, 501),
            (12_000, 500),
            (u64::MAX, 500),
        ];
        for (ms, points) in by_time {
            assert_eq!(worth.after(ms), points, "{ms}");
        }
        let alike = Worth { points_max: 100, points_min: 100, full_ms: 0, least_ms: 1 };
        assert_eq!((alike.after(0), alike.after(1 << 60)), (100, 100), "time does not matter");
        let cliff = Worth { points_max: 10, points_min: 0, full_ms: 5000, least_ms: 5000 };
        assert_eq!((cliff.after(4999), cliff.after(5000)), (10, 0));
        let most = Worth { points_max: u32::MAX, points_min: 0, full_ms: 0, least_ms: u64::MAX };
        assert_eq!((most.after(0), most.after(u64::MAX)), (u32::MAX, 0));
    }
}
