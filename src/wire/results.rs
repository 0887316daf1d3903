//! Numbers on the wire: one snapshot of one run, complete every time, newest wins.

use serde::{Deserialize, Serialize};

use super::outcome::{Outcome, Rated};
use crate::base::ids::RunId;

/// The numbers of one run as one audience may see them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Results {
    /// The run.
    pub run: RunId,
    /// What kind of number this is.
    pub state: ResultState,
    /// Compared newest first: an older (epoch, version) is ignored. Totals may fall.
    pub epoch: u32,
    pub version: u64,
    /// When this was counted, milliseconds since 1970.
    pub as_of: u64,
    /// Votes in all; 0 while hidden.
    pub total: u64,
    /// One entry per option, in the order of the question.
    pub options: Vec<OptionResult>,
    /// What the run's rules make of a sealed result, and of one so far where pools count apart; absent where they say only that all votes are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What a rating came to so far; absent while hidden, and where nobody voted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rated: Option<Rated>,
    /// How fast a run of reactions is tapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
    /// The votes of an earlier run are among these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carried: bool,
    /// Of what was counted a part is left out, by a decision that the seal names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub excluded: bool,
    /// What stands here was declared, and not counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub declared: bool,
}

/// How fast viewers tap, all together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pace {
    /// Taps per second now, over the last two seconds.
    pub now: u64,
    /// The most that it was in this run.
    pub highest: u64,
}

/// One option's part of the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OptionResult {
    /// The option's number, from 1.
    pub n: u16,
    /// Votes counted; 0 while hidden.
    pub votes: u64,
    /// Percent with one decimal; the shares of a result add up to exactly 100.0 (or all are 0).
    pub share: f64,
}

/// What may be said of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultState {
    /// Not to be seen now: every number is 0.
    Hidden,
    /// Counting goes on.
    Live,
    /// Frozen by an operator; counting goes on.
    Frozen,
    /// The last good numbers, or zeros: those of now are being put together again after a fault. Counting goes on.
    Rebuilding,
    /// Intake is over, not yet verified.
    Provisional,
    /// Verified and published.
    Final,
}
