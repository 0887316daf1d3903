//! Cues that lead to one another, as everybody may know them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The bracket of a show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Bracket {
    /// In the order of the rundown.
    pub matches: Vec<Match>,
}

/// One cue of a bracket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Match {
    pub cue: String,
    pub name: String,
    /// The name in other languages of the show.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// The part of the show it belongs to; left out: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub segment: String,
    /// The same in other languages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<String, String>,
    /// From 1: one more than that of the cues it comes from.
    #[schema(minimum = 1, maximum = 500)]
    pub round: u16,
    /// Its options.
    pub sides: Vec<Side>,
    /// The number of the side that won; absent: nobody has yet, or they share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 64)]
    pub winner: Option<u16>,
}

/// One option of a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Side {
    /// Absent: not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The label in other languages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The cue that it comes from; absent: the cue names it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The place in that cue's result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 64)]
    pub place: Option<u16>,
}
