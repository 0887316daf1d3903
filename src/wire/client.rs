//! Messages from a client to the server, all with a tag `t`.

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use super::{
    command::Command,
    moderation::{Moderate, Say, Upvote},
};
use crate::base::{
    hex,
    ids::{BallotId, RunId},
};

/// One message from any client. Which ones a session may send depends on who joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first message of every session.
    Join(Join),
    /// A ballot. Offered again with the same id until there is a receipt.
    Vote(Vote),
    /// Asks for the receipts of own ballots.
    Ask(Ask),
    /// A question or a text. Offered again with the same id until it is answered.
    Say(Say),
    /// A vote for an approved question.
    Upvote(Upvote),
    /// How often this viewer has tapped. There is no answer, and it may be lost.
    React(React),
    /// What a screen shows, so that operators see it (screens only).
    Shown(Shown),
    /// A command (staff only).
    Command(CommandMessage),
    /// What is done with what the audience wrote (staff only).
    Moderate(Moderate),
}

impl ClientMessage {
    /// Reads what a client sent.
    ///
    /// # Errors
    /// As [`super::read`].
    pub fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        Vote::read_plain(json).map_or_else(|| super::read(json), |vote| Ok(Self::Vote(vote)))
    }
}

/// Who joins. With none of the first four it is a new viewer, who gets a device token in the welcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Join {
    /// A viewer's device token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// A staff token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// A key of scope `screen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A ticket of `POST /api/v1/shows/{show}/tickets`, in place of a device or staff token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// A screen's name, shown to operators: `results in OBS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The code of the entry link by which a viewer came, from behind `#e=`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
}

/// A ballot: option numbers start at 1; a number given twice is two votes for that option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    pub run: RunId,
    pub id: BallotId,
    #[schema(schema_with = picks)]
    pub picks: Vec<u16>,
    /// In a changeable run, where `picks` is all that the voter says: from 1, higher than that of any ballot before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 4294967295i64)]
    pub change: Option<u32>,
}

impl Vote {
    /// Reads a ballot as pages write it, with these fields, in this order and without spaces: a tenth of the time that it
    /// takes to find out what else it could be. `None`: it is written in another way, or is none.
    fn read_plain(json: &[u8]) -> Option<Self> {
        let (run, rest) = json.strip_prefix(br#"{"t":"vote","run":""#)?.split_first_chunk::<16>()?;
        let (id, rest) = rest.strip_prefix(br#"","id":""#)?.split_first_chunk::<32>()?;
        let picks = rest.strip_prefix(br#"","picks":["#)?.strip_suffix(b"]}")?;
        Some(Self {
            run: RunId(u64::from_be_bytes(hex::decode(run)?)),
            id: BallotId(u128::from_be_bytes(hex::decode(id)?)),
            picks: picks.split(|byte| *byte == b',').map(number).collect::<Option<_>>()?,
            change: None,
        })
    }
}

/// A number from 1, as JSON writes it.
fn number(digits: &[u8]) -> Option<u16> {
    let digit = |number: u16, byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| u16::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    digits.first().filter(|first| **first != b'0')?;
    digits.iter().try_fold(0, digit)
}

/// Option numbers, as the description of the API says them.
pub(super) fn picks() -> Array {
    let pick = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(u16::MAX));
    ArrayBuilder::new().items(pick).build()
}

/// Asks what became of ballots of this voter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    pub run: RunId,
    pub ids: Vec<BallotId>,
}

/// How often a viewer has tapped each option of a run, all told. The first that a session says adds nothing; then each adds
/// what is more than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct React {
    pub run: RunId,
    /// One for each option, in their order.
    #[schema(schema_with = counts)]
    pub counts: Vec<u32>,
}

/// Running counts, as the description of the API says them.
pub fn counts() -> Array {
    let count = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(u32::MAX));
    ArrayBuilder::new().items(count).build()
}

/// A screen's report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shown {
    /// The host program: `browser`, `obs`, `casparcg`, `spx`, `vmix`.
    pub host: String,
    /// The graphic's name.
    pub graphic: String,
    /// Whether the screen says it is visible at all.
    pub visible: bool,
    /// Whether the screen says it is in program.
    pub active: bool,
    /// The revision of the show that was painted last.
    pub rev: u64,
    /// Frames per second, measured by the screen.
    pub fps: u16,
    /// What it is for.
    pub output: Output,
    /// The run whose graphic is painted; absent: none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
}

/// What a screen is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// What viewers get.
    #[default]
    Program,
    /// What operators check: the cue on standby, as a take will show it.
    Preview,
    /// What is on program, for who looks on: it airs nowhere.
    Monitor,
}

/// A command with what makes it safe to send twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CommandMessage {
    /// Made by the client; the same id gets the same answer.
    pub id: String,
    /// The revision the operator saw; the command is refused if the show has moved on since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<u64>,
    #[serde(flatten)]
    pub command: Command,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_plain_ballot_reads_as_any_other(run: u64, id: u128, picks in prop::collection::vec(any::<u16>(), 0..6)) {
            let vote = Vote { run: RunId(run), id: BallotId(id), picks, change: None };
            let json = serde_json::to_vec(&ClientMessage::Vote(vote.clone())).unwrap();
            prop_assert_eq!(ClientMessage::read(&json).unwrap(), ClientMessage::Vote(vote.clone()));
            let is_plain = !vote.picks.is_empty() && !vote.picks.contains(&0);
            prop_assert_eq!(Vote::read_plain(&json), is_plain.then_some(vote));
        }

        /// What is not a ballot to the one is none to the other, either.
        #[test]
        fn no_other_text_is_taken_for_a_ballot(at in 0..97_usize, byte in prop::sample::select(br#"0f9F,]}-+. "eg{["#.to_vec())) {
            let vote = Vote { run: RunId(0x1f), id: BallotId(0xabc), picks: vec![1, 20], change: None };
            let mut json = serde_json::to_vec(&ClientMessage::Vote(vote)).unwrap();
            let last = json.len() - 1;
            json[at.min(last)] = byte;
            if let Some(vote) = Vote::read_plain(&json) {
                prop_assert_eq!(super::super::read::<ClientMessage>(&json).unwrap(), ClientMessage::Vote(vote));
            }
        }
    }
}
