//! The languages of a show's own texts. The first is the one that its title and its cues are written in: screens, staff,
//! manifests and exports read that. Viewers may read another, where the show has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The languages of a show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Languages {
    /// As browsers name them (`nl`, `pt-BR`). Empty: the show does not say.
    pub names: Vec<String>,
    /// The show's name in those that are not the first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub titles: BTreeMap<String, String>,
}

impl Languages {
    /// The show does not say.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}
