//! What one person has proposed, as every desk shows it.

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::base::ids::{ProposalId, RunId, SessionId};

/// What somebody has proposed and another person has to confirm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalView {
    pub id: ProposalId,
    /// The word of the command that is proposed.
    pub what: String,
    pub run: RunId,
    /// Why, where a reason was asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What is to be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<Vec<Entry>>,
    /// What is to be declared, in thousandths; those who may not see numbers get none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declare: Vec<u64>,
    /// The answers of a quiz that are to be right; likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub right: Vec<u16>,
    pub by: String,
    /// Of who proposed it.
    pub session: SessionId,
    pub at: u64,
    /// Nobody can confirm it after this.
    pub until: u64,
}
