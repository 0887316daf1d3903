//! What a run's rules make of its counted votes.

use serde::{Deserialize, Serialize};

/// The outcome of a run whose rules say more than that all votes are one: once it is sealed, and so far where pools count apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// What it means to be first.
    pub polarity: Polarity,
    /// What points are.
    pub unit: Unit,
    /// All options, the first one first. Equal ones share a rank.
    pub places: Vec<Place>,
    /// What each pool gave; empty where all votes are one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolOutcome>,
}

/// What a rating came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rated {
    /// To a thousandth, halves away from zero.
    pub mean: f64,
    /// The mean as a fraction.
    pub exact: String,
    /// What stands in the middle; where that is between two steps, their mean.
    pub median: f64,
}

/// What it means to be first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// The audience votes for who stays or wins.
    #[default]
    Save,
    /// The audience votes for who goes.
    Evict,
}

impl Polarity {
    /// Whether it is what is meant if nothing is said.
    pub fn is_save(&self) -> bool {
        *self == Self::Save
    }
}

/// What points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Votes,
    Percent,
    Points,
}

/// One option's place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The option's number.
    pub n: u16,
    /// From 1.
    pub rank: u16,
    /// To a thousandth.
    pub points: f64,
    /// The points as a fraction: what the order is made of. Absent before the seal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub exact: String,
    /// Whether it reached the goal, where the run has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<bool>,
}

/// What a pool gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolOutcome {
    /// Its name; empty: everybody who came by no pool.
    pub name: String,
    /// Its votes per option.
    pub votes: Vec<u64>,
    /// The points that it gave, per option, to a thousandth.
    pub points: Vec<f64>,
    /// Nobody voted in it: what it would have given is not given, or by the other percentages.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
}
