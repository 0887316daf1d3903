//! Where an audience came in: what an entry link says of those who follow it.

use serde::{Deserialize, Serialize};

/// An entry to a show, as its producers named it. At least one of the three is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Entry {
    /// A part of the audience: `hall`, `north`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// A jury or another group that is told apart: `jury`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// What the show is watched on: `tv`, `stream-2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
}

impl std::fmt::Display for Entry {
    /// `segment hall, platform tv`: what is said, and as what.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [("segment", &self.segment), ("pool", &self.pool), ("platform", &self.platform)];
        let said = parts.into_iter().filter_map(|(kind, name)| Some(format!("{kind} {}", name.as_ref()?)));
        f.write_str(&said.collect::<Vec<_>>().join(", "))
    }
}
