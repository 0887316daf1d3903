//! What staff is told of a seal.

use serde::{Deserialize, Serialize};

use super::{
    entry::Entry,
    outcome::{Outcome, Rated},
};
use crate::base::ids::RunId;

/// The counted ballots that came by one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EntryCount {
    /// Nothing in it: by none.
    #[serde(flatten)]
    pub entry: Entry,
    pub counted: u64,
    /// Votes per option, with those that are carried over.
    pub votes: Vec<u64>,
    /// Of these, those that are carried over; absent: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<u64>,
    /// They are left out of what the run comes to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub excluded: bool,
}

/// How a sealed run was corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CorrectionView {
    pub at: u64,
    /// Who proposed it, and who confirmed it.
    pub by: [String; 2],
    pub reason: String,
    /// What is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Entry>,
    /// What the options are declared to have, in thousandths; empty: what was counted stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<u64>,
    /// Of a quiz: the options that are declared to be right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub right: Vec<u16>,
    /// Votes per option as counted, without what is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<u64>,
}

/// The counted ballots of one segment, pool or platform: the sum of all entries that name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PartCount {
    /// What it is.
    pub of: Part,
    /// Its name; empty: of those whose entry names none.
    pub name: String,
    pub counted: u64,
    /// Votes per option, with those that are carried over.
    pub votes: Vec<u64>,
    /// Of these, those that are carried over; absent: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<u64>,
}

/// What an entry may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Segment,
    Pool,
    Platform,
}

impl Part {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Pool => "pool",
            Self::Platform => "platform",
        }
    }
}

/// The votes that a run begins with: those of an earlier run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CarriedView {
    /// The number of its cue.
    pub cue: String,
    pub run: RunId,
    /// Which seal of it.
    pub revision: u32,
    /// Votes per option of this run; left out for those who may not see numbers of it now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<u64>,
    /// What became of that result since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<CarriedChange>,
}

/// What became of a result whose votes were carried over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarriedChange {
    /// It was declared void.
    Void,
    /// It was corrected, or sealed again.
    Corrected,
}

/// What a seal says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SealView {
    pub revision: u32,
    pub total: u64,
    /// Votes between the first and the second; where pools count apart it says little.
    pub margin: u64,
    /// Ballots that may still be missing.
    pub outstanding: u64,
    /// What came by each entry of the run, and by none; empty where it declares none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_entry: Vec<EntryCount>,
    /// The same ballots by segment, by pool and by platform, as far as the run's entries name any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_part: Vec<PartCount>,
    /// What the run's rules make of the votes, where they say more than that all are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What a rating came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rated: Option<Rated>,
    /// It was corrected, by two people and for a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<CorrectionView>,
    /// Ballots that came too late.
    pub late: u64,
    /// Whether the late ones would change the order.
    pub late_would_change_order: bool,
    /// Whether nothing outstanding can change the winner.
    pub decisive: bool,
    /// Hash of the run's frozen rules.
    pub rules_hash: String,
    /// Whether the recount agreed; absent: not verified yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recount_agrees: Option<bool>,
    /// Who verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_by: Option<String>,
    /// This role may not see numbers of the run now: they are 0 or left out, but for `outstanding`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl SealView {
    /// What is left for those who may not see numbers.
    pub fn without_numbers(self) -> Self {
        Self {
            total: 0,
            margin: 0,
            by_entry: Vec::new(),
            by_part: Vec::new(),
            outcome: None,
            rated: None,
            late: 0,
            late_would_change_order: false,
            decisive: false,
            hidden: true,
            correction: self.correction.map(|one| CorrectionView {
                declared: Vec::new(),
                right: Vec::new(),
                counted: Vec::new(),
                ..one
            }),
            ..self
        }
    }
}
