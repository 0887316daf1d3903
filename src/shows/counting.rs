//! How the counted votes of a run become its outcome: rules as data, frozen in the run and checked before air.

use serde::{Deserialize, Serialize};

use crate::wire::outcome::Polarity;

/// How votes become an outcome. The default: most votes first, equal ones share a place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Counting {
    /// Parts of the audience that count apart, by the pool of the entry that a ballot carries. None: all votes are one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<Pool>,
    /// What it means to be first.
    #[serde(skip_serializing_if = "Polarity::is_save")]
    pub polarity: Polarity,
    /// Of options with the same points, the one with more points from this pool is ahead. `None`: they share a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tie_pool: Option<String>,
    /// Percent of all points that an option has to have to reach the goal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u8>,
}

/// A part of the audience that counts apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pool {
    /// The pool of its entries; empty: of ballots whose entry has no pool.
    pub name: String,
    /// How its votes become points.
    pub gives: Gives,
    /// Each segment of the pool gives points by its own votes: as many as the others, in all what the pool gives where that is
    /// a percentage, else all of them each.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub each_segment: bool,
}

/// How votes become points.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gives {
    /// So many points in all, by each option's share of the votes, exactly. If nobody votes, those of other percentages
    /// count as much more.
    Percent(u32),
    /// So many points in all, by each option's share of the votes, in whole points: the largest remainders are rounded up.
    Proportional(u32),
    /// The first place gets the first number, and so on. Equal votes get the mean of their places; none get nothing.
    Ranks(Vec<u32>),
}

impl Gives {
    /// The percentage; `None`: it is points.
    pub fn percent(&self) -> Option<u32> {
        match self {
            Self::Percent(percent) => Some(*percent),
            Self::Proportional(_) | Self::Ranks(_) => None,
        }
    }
}

impl Counting {
    /// All votes are one, and nothing else is said.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}
