//! The rundown: cues in the order of the show, and what each asks of the audience.

use serde::{Deserialize, Serialize};

use super::{bracket::Source, carry::Carry, interaction::Interaction};

/// One line of the rundown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cue {
    /// Short and unique in the show: `3A`. What operators say.
    pub number: String,
    /// The part of the show it belongs to; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub segment: String,
    /// What operators see in the list; the question if left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Where its options come from when it goes on standby; empty: it has its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options_from: Vec<Source>,
    /// The votes that it begins with; `None`: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry: Option<Carry>,
    /// It stands beside the rundown: next and back pass it by, and it is put on standby by its number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adlib: bool,
    /// What it asks of the audience.
    pub interaction: Interaction,
}

impl Cue {
    /// What operators see in the list.
    pub fn name(&self) -> &str {
        if self.title.is_empty() { &self.interaction.question } else { &self.title }
    }
}
