//! Moving figures for staff: of the run on program, of screens, nodes and Redis.

use serde::{Deserialize, Serialize};

use super::{client::Output, seal::PartCount};
use crate::base::ids::{JournalId, NodeId, RunId};

/// Moving figures for staff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gauge {
    pub now: u64,
    pub viewers: u64,
    /// The run on program, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunGauge>,
    pub screens: Vec<ScreenView>,
    /// What the screens say they have painted.
    #[serde(default)]
    pub tally: ScreenTally,
    pub node: NodeGauge,
    /// Where many nodes serve the show: all that are heard of, this one too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeLine>,
    /// Where many nodes serve the show: how Redis is, as this node sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisGauge>,
}

/// One of many nodes, as it sees itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLine {
    pub node: NodeId,
    pub stance: String,
    pub viewers: u64,
    /// Ballots that it holds and that are not decided.
    pub held: u64,
    /// The revision of the show that it has.
    pub rev: u64,
    pub clock_ok: bool,
}

/// How Redis is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedisGauge {
    pub ok: bool,
    /// Of the last call that was answered, microseconds.
    pub round_trip_us: u64,
    /// Since when no call is answered, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_since: Option<u64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Buckets of runs whose part of it did not answer this node's last call: their ballots are held.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub buckets_away: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Moving figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunGauge {
    pub run: RunId,
    /// Ballots counted.
    pub counted: u64,
    /// Of these, those that a later one of their voter replaces.
    #[serde(default)]
    pub superseded: u64,
    /// Ballots counted in the last second.
    pub rate: u64,
    pub late: u64,
    pub late_would_change_order: bool,
    /// Ballots not yet decided.
    pub outstanding: u64,
    pub margin: u64,
    pub decisive: bool,
    /// Before the seal, where pools count apart: the ballots in the tally by pool, and by segment where all pools count each
    /// segment by itself. Empty, too, where that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_part: Vec<PartCount>,
    /// This role may not see numbers of the run now: all but `outstanding` are 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl RunGauge {
    /// What is left for those who may not see numbers.
    pub fn without_numbers(self) -> Self {
        let Self { run, outstanding, .. } = self;
        Self {
            run,
            counted: 0,
            superseded: 0,
            rate: 0,
            late: 0,
            late_would_change_order: false,
            outstanding,
            margin: 0,
            decisive: false,
            by_part: Vec::new(),
            hidden: true,
        }
    }
}

/// What a screen reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenView {
    pub name: String,
    pub host: String,
    pub graphic: String,
    pub visible: bool,
    pub active: bool,
    pub rev: u64,
    pub fps: u16,
    /// When it last reported.
    pub at: u64,
    #[serde(default)]
    pub output: Output,
    /// The run whose graphic it has painted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// As its node judges it.
    #[serde(default)]
    pub state: ScreenState,
}

/// Whether a screen keeps up with the show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScreenState {
    /// It has painted what is so now.
    Current,
    /// What is so now was told just before.
    Changing,
    /// It has painted something older for more than a second.
    Behind,
    /// It has not reported for a while.
    #[default]
    Silent,
}

/// What is seen of the show's graphic, as those say who paint it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenTally {
    /// A screen in program has painted the graphic of the run on program as it is now.
    pub program: bool,
    /// A preview has painted the cue on standby.
    pub preview: bool,
    pub graphic: GraphicTally,
    /// Screens for program that are seen and keep up.
    pub ok: u32,
    /// The names of those that are seen and do not.
    pub stale: Vec<String>,
}

/// What is seen of the graphic, as screens say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphicTally {
    /// Nothing is to be seen, and nobody says that something is.
    #[default]
    OffAir,
    /// It is to be seen, and nobody has said yet that it is.
    Coming,
    OnAir,
    /// Nothing is to be seen, and some screen has not said yet that it has gone.
    Going,
}

/// How the node itself is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeGauge {
    pub node: NodeId,
    pub journal: JournalId,
    /// `open`, `holding`, `draining`, `disk_full`, `journal_failed`.
    pub stance: String,
    /// How long the fsync of the last group took, microseconds.
    pub fsync_us: u64,
    pub disk_free_mb: u64,
    pub clock_ok: bool,
}
