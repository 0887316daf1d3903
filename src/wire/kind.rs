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
    /// A number on a scale; the options are its steps.
    Rating(Scale),
    /// Questions of the audience.
    Questions,
    /// Texts of the audience.
    Texts,
    /// What viewers tap as often as they like, a button per option; there are no ballots.
    Reactions,
    /// The same with one button, shown as a level against the highest of the run.
    Applause,
    /// A question with right answers.
    Quiz(Answers),
    /// A question whose answer nobody knows yet.
    Prediction(Answers),
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
    /// Whether viewers tap and do not vote.
    pub fn is_tapped(&self) -> bool {
        matches!(self, Self::Reactions | Self::Applause)
    }

    /// Whether it is a plain poll, which views need not name.
    pub fn is_poll(&self) -> bool {
        *self == Self::Poll
    }
}

/// What is known of the answers of a quiz or a prediction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answers {
    /// The right options, once everybody may know them: of a quiz from the reveal on, of a prediction once it is resolved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub right: Vec<u16>,
    /// They are others than the cue said: two people have corrected them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub corrected: bool,
}

/// The steps of a rating, in whole numbers of its smallest decimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The first option is so much.
    pub from: i32,
    /// The last option is so much.
    pub to: i32,
    /// From one option to the next; divides the way from the first to the last.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub step: u32,
    /// So many digits of these three stand behind the decimal point: 25 with 1 is 2.5.
    #[serde(default, skip_serializing_if = "is_none")]
    #[schema(maximum = 3)]
    pub decimals: u8,
    /// What is counted, as it is written behind the number: `km`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 12)]
    pub unit: String,
    /// What the first one means, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub low: String,
    /// What the last one means, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub high: String,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_one(step: &u32) -> bool {
    *step == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_none(decimals: &u8) -> bool {
    *decimals == 0
}

impl Scale {
    /// What its steps are, in the order of the options and in whole numbers.
    pub fn values(&self) -> impl Iterator<Item = i64> {
        (i64::from(self.from)..=i64::from(self.to)).step_by(usize::try_from(self.step.max(1)).unwrap_or(usize::MAX))
    }

    /// How many of these whole numbers are one.
    pub fn parts(&self) -> i64 {
        10_i64.pow(self.decimals.into())
    }

    /// One of them as people write it: `2.5`.
    pub fn written(&self, value: i64) -> String {
        let (parts, width) = (self.parts().unsigned_abs(), usize::from(self.decimals));
        let (sign, value) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
        match width {
            0 => format!("{sign}{value}"),
            _ => format!("{sign}{}.{:0width$}", value / parts, value % parts),
        }
    }

    /// What stands behind a number: nothing, or the unit after a space that keeps it on the line.
    pub fn tail(&self) -> String {
        if self.unit.is_empty() { String::new() } else { format!("\u{a0}{}", self.unit) }
    }
}
