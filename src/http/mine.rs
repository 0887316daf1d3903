//! Everything that is kept of one voter in one show, for that voter.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::IntoResponse,
};
use serde::Serialize;

use super::{
    extract::{self, OfShow},
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    ballots::ballot::{Ballot, Verdict},
    base::{
        ids::{BallotId, ItemId, RunId, ShowId},
        limits,
    },
    moderation::{item::Item, say},
    shows::board::BoardRun,
    studio::moderation,
    wire::{
        codes::Code,
        entry::Entry,
        moderation::Said,
        server::{Answer, Reason},
    },
};

/// Everything that is kept of a voter in a show.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Mine {
    show: ShowId,
    /// When it was put together, milliseconds since 1970.
    at: u64,
    /// By run, oldest first.
    ballots: Vec<MyBallot>,
    /// There was one run at least with so many ballots of the voter that the newest refused ones stand in journals alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
    /// What the voter wrote, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<MyItem>,
    /// Questions that the voter upvoted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    upvoted: Vec<ItemId>,
    /// The moderators take nothing more from the voter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    banned: bool,
}

/// A question or a text as it is kept.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MyItem {
    item: ItemId,
    /// The number of its cue.
    cue: String,
    /// It is of a rehearsal.
    rehearsal: bool,
    /// When it reached the server, milliseconds since 1970.
    at: u64,
    #[serde(flatten)]
    said: Said,
    /// What a moderator made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    edited: Option<String>,
    /// Where its voter came in, as a signed link said.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<Entry>,
}

impl MyItem {
    fn of(item: &Item) -> Self {
        Self {
            item: item.sent.item,
            cue: item.sent.cue.clone(),
            rehearsal: item.sent.rehearsal,
            at: item.at.as_ms(),
            said: say::said(item),
            edited: item.edited.as_ref().map(|text| text.text.clone()),
            entry: item.sent.entry.clone(),
        }
    }
}

/// A ballot as it is kept.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MyBallot {
    run: RunId,
    /// The number of its cue.
    cue: String,
    question: String,
    /// It is of a rehearsal.
    rehearsal: bool,
    id: BallotId,
    picks: Vec<MyPick>,
    /// When it reached the server, milliseconds since 1970.
    at: u64,
    is: Answer,
    /// Why, if refused; `after_seal` if held for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// Counted, and left out of the result by a decision about everybody who came in there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    excluded: bool,
    /// Where its voter came in, as a signed link said.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<Entry>,
    /// Where a later ballot replaces the one before: its number. Of the counted ones of a question the highest is in the tally.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<u32>,
}

/// One vote of a ballot.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MyPick {
    /// The option, from 1.
    option: u16,
    label: String,
}

impl MyBallot {
    fn of(run: &BoardRun, ballot: &Ballot, verdict: Option<Verdict>) -> Self {
        let definition = &run.definition;
        let label = |option: u16| definition.interaction.options.get(usize::from(option).checked_sub(1)?).cloned();
        let picks = ballot.picks.as_slice().iter();
        let (is, reason) = match verdict {
            _ if run.void => (Answer::Refused, Some(Reason::Void)),
            None => (Answer::Held, None),
            Some(verdict) => verdict.answer(),
        };
        Self {
            run: definition.run,
            cue: definition.cue.clone(),
            question: definition.interaction.question.clone(),
            rehearsal: definition.rehearsal,
            id: ballot.id,
            picks: picks.map(|option| MyPick { option: *option, label: label(*option).unwrap_or_default() }).collect(),
            at: ballot.received.as_ms(),
            is,
            reason,
            excluded: is == Answer::Counted && run.excluded.contains(&ballot.entry),
            entry: definition.entries.get(ballot.entry).cloned(),
            change: ballot.picks.change(),
        }
    }
}

/// Everything that is kept of the voter in this show, whichever node took it, as a file. All of it or nothing: while the
/// other nodes' share cannot be read it is refused.
#[utoipa::path(get, path = "/api/v1/shows/{show}/mine", params(("show" = ShowId, Path)), security(("device" = [])),
    responses((status = 200, description = "The voter's ballots, and what he wrote", body = Mine), Problems))]
pub async fn mine(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let viewer = extract::viewer(&doors, &desk, &headers)?;
    extract::permit(&doors, &viewer)?;
    let _share = doors.gate.looking_up()?;
    let not_now = || Failure {
        retry_ms: Some(limits::RETRY_CROWD_MS),
        ..Failure::new(Code::Busy, "not all that is kept of you can be read now: try again")
    };
    let moderation::Mine { items, upvoted, banned } = desk.moderation.mine(viewer.voter).await.ok_or_else(not_now)?;
    let items = items.iter().map(MyItem::of).collect();
    let (mut ballots, mut more) = (Vec::new(), false);
    for run in desk.board().of_ballots().filter(|run| run.definition.is_readable()) {
        let of_run = doors.services.intake.of_voter(run.definition.run, viewer.voter).await;
        let of_run = of_run.ok_or_else(not_now)?;
        more |= of_run.len() >= limits::BALLOTS_PER_VOTER_MAX;
        ballots.extend(of_run.iter().map(|(ballot, verdict)| MyBallot::of(run, ballot, *verdict)));
    }
    let name = format!("attachment; filename=\"mine-{}.json\"", desk.show);
    let at = doors.services.clock.now().as_ms();
    Ok((
        [(header::CONTENT_DISPOSITION, name)],
        Json(Mine { show: desk.show.clone(), at, ballots, more, items, upvoted, banned }),
    ))
}
