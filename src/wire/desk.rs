//! A show's desk as staff sees it: rundown, runs, who is here, what is armed and proposed.

use serde::{Deserialize, Serialize};

use super::{
    proposal::ProposalView,
    seal::{CarriedView, SealView},
    server::{GraphicView, OptionView, Phase, Role, RunView},
};
use crate::base::ids::{NodeId, RunId, SessionId};

/// Everything the studio page shows, but for the moving figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskView {
    pub id: String,
    pub title: String,
    pub epoch: u32,
    pub rev: u64,
    pub now: u64,
    pub rehearsal: bool,
    pub cues: Vec<CueView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standby: Option<OnDesk>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<OnDesk>,
    /// The cue that `next` puts on standby, if there is one, and the one that `back` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cue: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_cue: Option<String>,
    pub graphic: GraphicView,
    /// All runs that are not archived, newest last.
    pub runs: Vec<DeskRun>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<StaffView>,
    /// Who asked for control.
    pub requests: Vec<StaffView>,
    /// Staff that is connected here.
    pub staff: Vec<StaffView>,
    pub armed: Vec<ArmedView>,
    /// What waits for a second person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<ProposalView>,
    /// Where many nodes serve the show: the data directories that may hold ballots of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roster: Vec<NodeId>,
    /// Data directories that were lost for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written_off: Vec<WrittenOffView>,
    /// Where viewers see the show later, as runs that are made now have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<DelayView>,
}

/// How late a platform is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelayView {
    pub platform: String,
    pub label: String,
    /// As it was measured last, or as the show file says.
    pub delay_ms: u64,
    /// As the show file says.
    pub declared_ms: u64,
}

/// A data directory that was written off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenOffView {
    pub node: NodeId,
    pub at: u64,
    pub by: String,
    pub reason: String,
    /// When it came back after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_at: Option<u64>,
}

/// A cue and its run on standby or on program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDesk {
    pub cue: String,
    pub run: RunId,
    /// The cue says something else by now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
}

/// One line of the rundown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CueView {
    /// The cue's short number, `3A`.
    pub number: String,
    pub segment: String,
    pub title: String,
    pub question: String,
    pub options: Vec<OptionView>,
    pub votes: u16,
    /// Seconds; absent: closed by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_s: Option<u32>,
    pub opens_on_take: bool,
    /// It stands beside the rundown: next and back pass it by.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adlib: bool,
    /// The cue whose votes it begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry_from: Option<String>,
}

/// A run as staff sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskRun {
    #[serde(flatten)]
    pub run: RunView,
    pub rehearsal: bool,
    /// What an extension would be now: `true` if it reopens.
    pub extend_reopens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<SealView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub void_reason: Option<String>,
    /// The votes of an earlier run that it begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<CarriedView>,
    /// The right options of a quiz that is not revealed, for those alone who see all its numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub right: Vec<u16>,
    /// Where viewers see what is on later, and segments with windows of their own; empty: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<PlatformView>,
}

/// The newest window of a run as one platform has it, or a segment with a window of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformView {
    /// Empty: of a segment that is not behind.
    pub platform: String,
    pub label: String,
    /// The segment, where it has a window of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub segment: String,
    /// What its rules give it: seconds from the first opening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_s: Option<u32>,
    /// How much later its viewers see what is on now.
    pub delay_ms: u64,
    pub phase: Phase,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<u64>,
    /// Absent: by hand, or on hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locks_at: Option<u64>,
}

/// One member of staff with an open session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StaffView {
    pub session: SessionId,
    pub name: String,
    pub role: Role,
}

/// An irrevocable action that is unlocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmedView {
    pub what: super::command::Armable,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    pub until: u64,
    pub by: String,
}
