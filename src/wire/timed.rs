//! Timed metadata: what whoever encodes a programme puts into the stream at a moment of it. Times alone, and no number of any
//! result.

use serde::{Deserialize, Serialize};

use crate::base::ids::{RunId, ShowId};

/// Something of a run that was reached: in JSON less than 1 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TimedEvent {
    /// 1.
    #[schema(maximum = 255)]
    pub v: u8,
    pub ev: TimedKind,
    pub show: ShowId,
    pub run: RunId,
    /// The number of its cue.
    pub cue: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rehearsal: bool,
    /// When it was so at the output of the studio: milliseconds since 1970.
    pub at: u64,
    /// Of `open`: seconds until the close, as it is planned; absent: by hand, or on hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dur: Option<u64>,
    /// Ask with it for the event after this one. It grows, and leaves numbers out.
    pub seq: u64,
}

/// What was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimedKind {
    /// Ballots are taken from now on. Once more, with the same `at`, when its end is another one.
    Open,
    Close,
    /// The result is public.
    Reveal,
    /// The run counts nothing, for ever.
    Void,
}
