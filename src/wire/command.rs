//! What staff may tell a show to do. The same words on the WebSocket, over HTTP and in the as-run log.

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use super::entry::Entry;
use crate::base::{
    ids::{NodeId, ProposalId, RunId, SessionId},
    limits,
};

/// One command, tagged `do`. Where `run` is left out, the run on program is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Puts a cue on standby and makes its run.
    Standby { cue: String },
    /// Puts the standby cue on program.
    Take,
    /// Puts the cue after the standby (or program) cue on standby.
    Next,
    /// Puts the cue before it on standby.
    Back,
    /// Advances the graphic on program: question, bars, result, winner.
    Step,
    /// Opens the window now.
    Open {
        /// Seconds the window stays open; left out: as the cue says; 0: until it is closed by hand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(maximum = 4294967295i64)]
        seconds: Option<u32>,
    },
    /// Announces the close, 1.5 s ahead.
    Close,
    /// Moves the close; later than 1.5 s before it, this is a reopening.
    Extend {
        #[schema(maximum = 4294967295i64)]
        seconds: u32,
    },
    /// Says how far platforms are behind: what their viewers see now is what the programme was at a moment. Moves what is still
    /// ahead for them, and counts for later runs.
    Marker {
        /// Milliseconds since 1970.
        #[schema(maximum = 9007199254740991i64)]
        programme_time: u64,
        /// The platform that was looked at; left out: the output of the studio, which is late for all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        platform: Option<String>,
    },
    /// Nothing moves by itself any more; ballots still enter.
    Hold,
    /// Ends the hold; what was left of the window runs on.
    Release,
    /// Screens keep their last numbers while counting goes on.
    Freeze,
    /// Screens follow again.
    Unfreeze,
    /// Animates all graphics out.
    Clear,
    /// Removes all graphics at once.
    Panic,
    /// Closes the buckets of a locked run and sums them.
    Seal {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
    },
    /// Signs a sealed run off after its recount (adjudicator).
    Verify {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
    },
    /// Unlocks an irrevocable action for 5 s.
    Arm {
        what: Armable,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
    },
    /// Publishes a verified result. Armed first.
    Reveal {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
    },
    /// Says which options of a revealed prediction came true. Armed first.
    Resolve {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
        #[schema(schema_with = super::client::picks)]
        right: Vec<u16>,
    },
    /// Declares a run void, for ever. Armed first.
    Void {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
        reason: String,
    },
    /// Takes a data directory that is lost for good off the roster: nobody waits for it any more, and every later seal of
    /// a run that it was part of names what may be lost with it. Armed first.
    WriteOff { node: NodeId, reason: String },
    /// Leaves ballots that came by some entries out of what a sealed run comes to: these and no others; an empty list takes it
    /// back. Takes two people. Armed first.
    Exclude {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
        /// An entry that names all that one of these names is left out; an empty name: that names none.
        entries: Vec<Entry>,
        reason: String,
    },
    /// Declares what the options of a sealed run have, beside what was counted, or what is the right answer of a quiz; an empty
    /// list takes it back. Takes two people. Armed first.
    Override {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
        /// For each option, in thousandths of a vote; of a point, where pools count apart.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(schema_with = thousandths)]
        thousandths: Option<Vec<u64>>,
        /// Of a quiz: the options that are right, in place of those that its cue says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(schema_with = super::client::picks)]
        right: Option<Vec<u16>>,
        reason: String,
    },
    /// Does what somebody else has proposed. Armed first.
    Confirm { proposal: ProposalId },
    /// Takes a proposal off the desk: whoever made it withdraws it, another one declines it.
    Decline { proposal: ProposalId },
    /// Puts a new cue into the rundown (producer).
    CueAdd {
        /// One `[[cue]]`, as a show file says it.
        toml: String,
        /// The cue it is to stand in front of; left out: the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
    },
    /// Says a cue anew (producer). Runs that were made of it stay as they were.
    CueEdit { cue: String, toml: String },
    /// Puts a cue in front of another one, or at the end (producer).
    CueMove {
        cue: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
    },
    /// Takes a cue out of the rundown (producer). Runs that were made of it stay.
    CueRemove { cue: String },
    /// Leaves rehearsal, after a check that the show starts at zero. Armed first.
    GoLive,
    /// Goes back to rehearsal. Only while nothing is open.
    Rehearse,
    /// Who may take.
    Control {
        action: ControlAction,
        /// The session a grant is for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<SessionId>,
    },
}

/// Declared values, as the description of the API says them.
fn thousandths() -> Array {
    let value =
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(limits::DECLARED_MAX as f64));
    ArrayBuilder::new().items(value).build()
}

/// What has to be armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Armable {
    Reveal,
    Resolve,
    Void,
    GoLive,
    WriteOff,
    Confirm,
    Exclude,
    Override,
}

/// What can be done about the control of a show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlAction {
    /// Asks for it; free control is given at once.
    Request,
    /// Hands it to the session in `to`.
    Grant,
    /// Takes it without asking.
    TakeOver,
    /// Gives it up.
    Release,
}

impl Armable {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reveal => "reveal",
            Self::Resolve => "resolve",
            Self::Void => "void",
            Self::GoLive => "go_live",
            Self::WriteOff => "write_off",
            Self::Confirm => "confirm",
            Self::Exclude => "exclude",
            Self::Override => "override",
        }
    }
}

impl ControlAction {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Grant => "grant",
            Self::TakeOver => "take_over",
            Self::Release => "release",
        }
    }
}

impl Command {
    /// Whether pressing this right after `last` is a double press. The key that goes live is the one that goes back.
    pub fn repeats(&self, last: &Self) -> bool {
        self == last || matches!((last, self), (Self::GoLive, Self::Rehearse))
    }

    /// Whether it pulls something from the screens: that works at once, whoever has control and however the disk is.
    pub const fn is_urgent(&self) -> bool {
        matches!(self, Self::Clear | Self::Panic | Self::Freeze)
    }

    /// Whether it changes the rundown itself.
    pub const fn is_edit(&self) -> bool {
        matches!(self, Self::CueAdd { .. } | Self::CueEdit { .. } | Self::CueMove { .. } | Self::CueRemove { .. })
    }

    /// The command's word, for the log and the debounce.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Standby { .. } => "standby",
            Self::Take => "take",
            Self::Next => "next",
            Self::Back => "back",
            Self::Step => "step",
            Self::Open { .. } => "open",
            Self::Close => "close",
            Self::Extend { .. } => "extend",
            Self::Marker { .. } => "marker",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
            Self::Clear => "clear",
            Self::Panic => "panic",
            Self::Seal { .. } => "seal",
            Self::Verify { .. } => "verify",
            Self::Arm { .. } => "arm",
            Self::Reveal { .. } => "reveal",
            Self::Resolve { .. } => "resolve",
            Self::Void { .. } => "void",
            Self::WriteOff { .. } => "write_off",
            Self::Confirm { .. } => "confirm",
            Self::Exclude { .. } => "exclude",
            Self::Override { .. } => "override",
            Self::Decline { .. } => "decline",
            Self::CueAdd { .. } => "cue_add",
            Self::CueEdit { .. } => "cue_edit",
            Self::CueMove { .. } => "cue_move",
            Self::CueRemove { .. } => "cue_remove",
            Self::GoLive => "go_live",
            Self::Rehearse => "rehearse",
            Self::Control { .. } => "control",
        }
    }
}
