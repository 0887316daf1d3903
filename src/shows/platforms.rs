//! Platforms: on what a show is watched, and how much later than at the output of the studio. Their names are those that entries
//! say; what a run froze of them moves with no later change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    entries::Entries,
    segments::SegmentWindow,
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

/// The tracks of a run's windows: one for each platform by which somebody may have come, and on each, and beside them, one for each
/// segment with a window of its own.
pub fn tracks(delays: &[Delay], entries: &Entries, windows: &BTreeMap<String, SegmentWindow>) -> Vec<Track> {
    let mut tracks = Vec::new();
    for delay in delays.iter().map(Some).chain([None]) {
        let is_on_it = |platform: &Option<String>| match delay {
            Some(delay) => platform.as_ref() == Some(&delay.platform),
            None => delays.iter().all(|other| platform.as_ref() != Some(&other.platform)),
        };
        let on_it: Vec<_> = entries.declared().filter(|(_, entry)| is_on_it(&entry.platform)).collect();
        let whose = |segment: &Option<String>| segment.as_ref().and_then(|name| windows.get_key_value(name));
        let shifts: Vec<_> =
            delay.iter().map(|one| Shift { opens_ms: one.delay_ms, closes_ms: one.delay_ms }).collect();
        let track = |own: Option<(&String, &SegmentWindow)>| Track {
            platform: delay.map(|one| one.platform.clone()).unwrap_or_default(),
            segment: own.map(|(segment, _)| segment.clone()).unwrap_or_default(),
            window: own.map(|(_, window)| *window),
            entries: on_it
                .iter()
                .filter(|(_, entry)| whose(&entry.segment) == own)
                .map(|(number, _)| *number)
                .collect(),
            jitter_ms: delay.map_or(0, |one| one.jitter_ms),
            shifts: shifts.clone(),
        };
        // A platform is told of though all who come by it have windows of their own.
        if delay.is_some() && !on_it.is_empty() {
            tracks.push(track(None));
        }
        tracks.extend(windows.iter().map(|own| track(Some(own))).filter(|track| !track.entries.is_empty()));
    }
    tracks
}
