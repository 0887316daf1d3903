//! What the quizzes and predictions of a round came to: the leaderboard, and one voter's own place.

use serde::{Deserialize, Serialize};

use crate::base::ids::RunId;

/// The leaderboard of a round. Nobody is in it: there is none any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Leaderboard {
    /// The round, as the cues name it; empty: the show has one alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub round: String,
    /// The runs that it is made of, in the order in which their answers became known.
    pub runs: Vec<RunId>,
    /// How many have answered in one of them at least.
    pub players: u64,
    /// The first ones, in their order.
    pub top: Vec<Line>,
}

/// One voter's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Line {
    /// From 1. Equal points in equal time share a rank.
    pub rank: u32,
    /// Made of the pseudonym; nobody chose it.
    pub name: String,
    pub points: u64,
    /// Right answers.
    pub right: u32,
    /// How long they took together, in milliseconds of the open windows.
    pub ms: u64,
}

/// Where a voter stands in the leaderboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Score {
    /// The run whose answer became known last.
    pub run: RunId,
    /// What the voter gained in it; absent: no answer was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gained: Option<u32>,
    /// Absent: the voter has answered in no run of the round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
}
