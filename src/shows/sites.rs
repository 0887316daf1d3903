//! The other sites that a show is part of: whose pages may let people vote in it, and whose pages may frame its own.

use serde::{Deserialize, Serialize};

/// Origins as browsers send them, each compared whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sites {
    /// Pages of these may join and vote, beside those that the node's configuration names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// Pages of these may show the audience page in a frame.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<String>,
}

impl Sites {
    /// None is named.
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty() && self.frames.is_empty()
    }
}
