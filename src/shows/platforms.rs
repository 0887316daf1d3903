//! Platforms: on what a show is watched, and how much later than at the output of the studio. Their names are those that entries
//! say; what a run froze of them moves with no later change.

use serde::{Deserialize, Serialize};

use super::{
    entries::Entries,
    windows::{Shift, Track},
};

/// A platform as the show file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// As entries say it.
    pub name: String,
    /// What staff reads; empty: the name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// How much later its viewers see what is on, milliseconds.
    pub delay_ms: u64,
    /// By how much that differs among them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub jitter_ms: u64,
}

/// What a run froze of a platform.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delay {
    pub platform: String,
    pub delay_ms: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub jitter_ms: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Platform {
    /// What staff reads.
    pub fn label(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }
}

/// The tracks of a run's windows: one for each platform by which somebody may have come.
pub fn tracks(delays: &[Delay], entries: &Entries) -> Vec<Track> {
    let track = |Delay { platform, delay_ms, jitter_ms }: &Delay| {
        let on_it = entries.declared().filter(|(_, entry)| entry.platform.as_ref() == Some(platform));
        let shifts = vec![Shift { opens_ms: *delay_ms, closes_ms: *delay_ms }];
        let entries = on_it.map(|(number, _)| number).collect();
        Track { platform: platform.clone(), entries, jitter_ms: *jitter_ms, shifts }
    };
    delays.iter().map(track).filter(|track| !track.entries.is_empty()).collect()
}
