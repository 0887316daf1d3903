//! Triggers: commands by an address, for buttons and other machines; and the keys that fire them.

use serde::{Deserialize, Serialize};

use super::server::{GraphicState, Phase};
use crate::base::ids::KeyId;

/// What a key may fire.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// standby, take, next, back, step
    Rundown,
    /// open, close, extend, marker, hold, release
    Window,
    /// freeze, unfreeze, clear, panic
    Screens,
    /// seal, verify, arm/reveal, reveal, arm/resolve, resolve
    Result,
    /// arm/go_live, go_live, rehearse
    Show,
}

impl Group {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rundown => "rundown",
            Self::Window => "window",
            Self::Screens => "screens",
            Self::Result => "result",
            Self::Show => "show",
        }
    }

    /// Whether an address alone may fire it: what it does can be taken back, or harms nothing.
    pub const fn by_get(self) -> bool {
        matches!(self, Self::Rundown | Self::Window | Self::Screens)
    }
}

/// A key that is to be made.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// What the as-run log calls it: `key NAME`.
    #[schema(
        min_length = 1,
        max_length = 40,
        pattern = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"
    )]
    pub name: String,
    #[schema(min_items = 1)]
    pub may: Vec<Group>,
    /// It may also fire by GET, for what can do nothing else.
    #[serde(default)]
    pub get: bool,
}

/// A key, without what opens anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyView {
    pub id: KeyId,
    pub name: String,
    pub may: Vec<Group>,
    pub get: bool,
    pub made_at: u64,
    pub made_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<u64>,
}

/// What a trigger did, and how the show stands, small enough for a button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Triggered {
    pub ok: bool,
    pub verb: String,
    /// It was so before, and nothing was done (`soft`).
    pub already: bool,
    pub rev: u64,
    pub rehearsal: bool,
    /// On program; empty: nothing.
    pub cue: String,
    pub phase: Option<Phase>,
    /// On standby.
    pub next_cue: String,
    pub graphic: GraphicState,
    pub step: u8,
    pub frozen: bool,
    /// One line for a button.
    pub text: String,
}
