//! Messages from the server to a client, all with a tag `t`. Times are milliseconds since 1970 on the server's clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::desk::{
    ArmedView, CueView, DelayView, DeskRun, DeskView, OnDesk, PlatformView, StaffView, WrittenOffView,
};

use super::{
    bracket::Bracket,
    codes::Code,
    entry::Entry,
    gauge::Gauge,
    kind::{KindView, WritingView},
    moderation::{AirView, Asked, Items, Said, Upvoted},
    results::Results,
    scores::{Leaderboard, Score},
};
use crate::base::ids::{BallotId, NodeId, ProposalId, RunId, SessionId};

/// One message to a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The answer to `join`.
    Welcome(Welcome),
    /// What is on for viewers and screens; sent at join and whenever it changes.
    Show(Box<ShowView>),
    /// The numbers of the run in the last `show`.
    Results(Results),
    /// The first of a round; sent once there is one, and when it changes.
    Leaderboard(Leaderboard),
    /// A viewer's own place in it.
    Score(Score),
    /// What became of a ballot.
    Receipt(Receipt),
    /// Approved questions of the run on program, for viewers; sent when they change.
    Asked(Asked),
    /// What became of what a viewer wrote.
    Said(Said),
    /// Whether an upvote is taken.
    Upvoted(Upvoted),
    /// The queue of what the audience wrote, for staff: whole at join, then what changed.
    Items(Box<Items>),
    /// The whole desk, for staff; sent at join and whenever it changes.
    Desk(Box<DeskView>),
    /// Moving figures for staff, once a second.
    Gauge(Box<Gauge>),
    /// New as-run entries, for staff.
    Log { entries: Vec<AsRunEntry> },
    /// The answer to a command.
    Done(Done),
    /// Something the client sent cannot be taken. The session goes on unless it is closed after it.
    Problem(Problem),
    /// This node is going away: connect again after `after_ms`.
    Reconnect { after_ms: u32 },
}

/// The answer to `join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Welcome {
    pub protocol: String,
    pub node: NodeId,
    /// This session, as other staff see it.
    pub session: SessionId,
    pub now: u64,
    /// What the session joined as.
    pub role: Role,
    /// A new device token, if the client had none or came by another entry: keep it in place of the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Where the viewer came in, as an entry link of the show said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// What of the join was not taken though the join was: an entry link that is not good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Ballots of this voter in the runs that are not over: what I voted, after a reload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mine: Vec<Receipt>,
}

/// Who somebody is in a show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Screen,
    Observer,
    Moderator,
    Operator,
    Producer,
    Adjudicator,
}

/// What is on, as viewers and screens may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShowView {
    pub id: String,
    pub title: String,
    /// The languages of the show's own texts; the first is that of `title`, `question` and `options`. Absent: not said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// The title in other languages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub titles: BTreeMap<String, String>,
    pub epoch: u32,
    pub rev: u64,
    /// When this was true.
    pub now: u64,
    pub rehearsal: bool,
    /// The run on program; absent: nothing is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunView>,
    /// The run on standby, for screens and staff; viewers do not know it before it is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<RunView>,
    /// What is shown of what the audience wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<AirView>,
    /// The cues that lead to one another; absent: there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bracket: Option<Bracket>,
    /// What the graphic shows.
    pub graphic: GraphicView,
}

/// The state of the show's graphic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GraphicView {
    pub state: GraphicState,
    /// 0 question, 1 bars, 2 result, 3 winner.
    pub step: u8,
    pub frozen: bool,
}

/// Whether the graphic is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphicState {
    /// Shown.
    OnAir,
    /// Animated out.
    Cleared,
    /// Removed at once.
    Panic,
}

/// One run as everybody may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunView {
    pub id: RunId,
    pub cue: String,
    /// Absent: a poll.
    #[serde(default, skip_serializing_if = "KindView::is_poll")]
    pub kind: KindView,
    pub question: String,
    /// Where the audience writes: what it may write. There are no options then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writing: Option<WritingView>,
    pub options: Vec<OptionView>,
    /// The same in other languages of the show, where it has them; staff gets none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, Wording>,
    /// Votes of one voter.
    pub votes: u16,
    /// Of these at most so many for one option; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_option: Option<u16>,
    /// A later ballot of a voter replaces the one before, as long as the window is open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changeable: bool,
    /// Where only some may vote: the pools of their entries; the empty one is of those who came by none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<String>,
    /// Options that voters of a segment may not choose, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_from: BTreeMap<String, Vec<u16>>,
    /// A viewer sees the numbers once a ballot of theirs is counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_vote: bool,
    /// A page asks once more before it sends a ballot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm: bool,
    /// Viewers may give a ballot before the window opens: their client keeps it, and sends it at a random moment of these
    /// milliseconds from the opening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepare_ms: Option<u64>,
    /// It is held again: in place of this run, which was declared void. Everybody has their votes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<RunId>,
    pub phase: Phase,
    pub hold: bool,
    /// When the window opened or opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<u64>,
    /// When it closes; absent: by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<u64>,
    /// When intake is over: close and grace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locks_at: Option<u64>,
    /// For viewers of a platform that is behind, while they have times of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Lag>,
    /// For viewers of a segment that has a part of the window alone: the times are theirs, and others may vote before and after.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_window: bool,
}

/// How far a platform is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Lag {
    /// What the times of the run have in them already.
    pub delay_ms: u64,
    /// By how much its viewers differ.
    pub jitter_ms: u64,
}

/// One option of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OptionView {
    /// From 1.
    pub n: u16,
    pub label: String,
}

/// What a cue says to viewers, in one more language. What is left out is read in the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Wording {
    pub question: String,
    /// In the order of their numbers; left out where the question has none of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// What the first step of a rating means.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub low: String,
    /// What the last step of a rating means.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub high: String,
    /// The unit of a rating.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The part of the show that the cue belongs to: a bracket names it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub segment: String,
}

/// Where a run is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Standby,
    Open,
    Closing,
    Locked,
    Sealed,
    Verified,
    Revealed,
    Void,
}

/// What became of a ballot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Receipt {
    pub run: RunId,
    pub id: BallotId,
    pub is: Answer,
    /// Why, if refused; `after_seal` if held for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Offer it again after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u32>,
    /// Votes this voter has left, if counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u16>,
    /// When the ballot reached the server, milliseconds since 1970, if it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// What was voted, in `mine` and in answers to `ask`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub picks: Vec<u16>,
    /// The same ballot was answered before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// In a changeable run: the change number of this ballot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<u32>,
    /// In a changeable run: the highest change number of this voter that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_seen: Option<u32>,
    /// In a changeable run, if counted: whether this ballot is the one in the tally. Absent: another node may know a later one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force: Option<bool>,
    /// If `void`: the run in which the same question is asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<RunId>,
    /// Counted, and left out of the result by a decision about everybody who came in where this voter did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub excluded: bool,
}

/// The four answers of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Counted,
    Held,
    Refused,
    Unknown,
}

/// Why a ballot is refused (or held after the seal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The ballot does not fit the question.
    Invalid,
    /// This voter may not vote in this run.
    NotEligible,
    /// The run was declared void.
    Void,
    /// Outside the window.
    Late,
    /// The voter has not that many votes left.
    Budget,
    /// The id was used for other content.
    IdReused,
    /// Another ballot of the same voter was found to have been counted first.
    Displaced,
    /// Not open here yet; offer it again.
    NotOpen,
    /// Not taken here now; offer it again after `retry_ms`.
    Busy,
    /// Held: reached the ledger after the seal.
    AfterSeal,
}

impl Answer {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

impl Reason {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotEligible => "not_eligible",
            Self::Void => "void",
            Self::Late => "late",
            Self::Budget => "budget",
            Self::IdReused => "id_reused",
            Self::Displaced => "displaced",
            Self::NotOpen => "not_open",
            Self::Busy => "busy",
            Self::AfterSeal => "after_seal",
        }
    }
}

/// One entry of the as-run log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AsRunEntry {
    /// The same transition has the same id on every node.
    pub id: String,
    pub at: u64,
    pub rehearsal: bool,
    /// Who: a name, or `clock` for what time did.
    pub by: String,
    /// What: a command's word, or `opened`, `closed`, `locked`.
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The rest, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Done {
    pub id: String,
    pub ok: bool,
    /// The show's revision after it.
    pub rev: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What to do about it, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// It takes two people: this was proposed, and nothing has happened yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalId>,
}

/// What cannot be taken and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    pub code: Code,
    pub detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u32>,
}
