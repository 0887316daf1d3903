//! The rundown: cues in the order of the show, and what each asks of the audience.

use serde::{Deserialize, Serialize};

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
    /// What it asks of the audience.
    pub poll: Poll,
}

/// A poll: one of several options, final.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Poll {
    /// The question as viewers read it.
    pub question: String,
    /// The options' labels; their numbers start at 1.
    pub options: Vec<String>,
    /// Votes of one voter.
    pub votes: u16,
    /// Seconds the window stays open; `None`: until it is closed by hand.
    pub window_s: Option<u32>,
    /// Milliseconds of acceptance after the close.
    pub grace_ms: u64,
    /// Whether a take opens the window.
    pub opens_on_take: bool,
    /// When viewers may see the numbers.
    pub viewers_see: Visibility,
    /// When screens may show the numbers.
    pub screens_see: Visibility,
}

/// When an audience may see the numbers of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// From the start.
    Always,
    /// Once intake is over.
    AfterClose,
    /// Once the result is revealed.
    OnReveal,
    /// At no time.
    Never,
}

impl Cue {
    /// What operators see in the list.
    pub fn name(&self) -> &str {
        if self.title.is_empty() { &self.poll.question } else { &self.title }
    }
}
