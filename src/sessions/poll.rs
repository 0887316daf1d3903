//! One ballot by POST: a session that lasts as long as its receipt takes. And what is written, by every way.

use std::sync::Arc;

use super::{gate::Gate, greeting::Viewer};
use crate::{
    ballots::{inbox::Inbox, shard},
    base::{clock::Micros, ids::ItemId, limits, prefix::ClientPrefix},
    moderation::say::{self, Saying},
    studio::{desk::Desk, services::Services},
    wire::{
        client::Vote,
        moderation::{Said, Say, WhyNot},
        server::{Answer, Reason, Receipt},
    },
};

/// The answer to a ballot of a voter who is too fast: nothing is kept of it.
pub fn busy(vote: &Vote, retry_ms: u32) -> Receipt {
    shard::answer(vote.run, vote.id, Answer::Refused, Some(Reason::Busy), Some(retry_ms))
}

/// Casts a ballot and waits for its receipt. One that takes too long is `unknown`: ask again with the same id.
pub async fn vote(services: &Services, desk: &Desk, viewer: &Viewer, vote: Vote, received: Micros) -> Receipt {
    let Vote { run, id, .. } = vote;
    let inbox = Arc::new(Inbox::default());
    let board = desk.board();
    let on_board = board.run(run);
    let at_once = services.intake.cast(run, on_board, viewer.ballot(on_board, vote, received), &inbox);
    let receipt = match at_once {
        Some(receipt) => receipt,
        None => {
            let arrived = async {
                loop {
                    inbox.arrived().await;
                    if let Some(receipt) = inbox.take().pop() {
                        return receipt;
                    }
                }
            };
            tokio::time::timeout(limits::POST_RECEIPT_TIMEOUT, arrived)
                .await
                .unwrap_or_else(|_| shard::unknown(run, id))
        }
    };
    services.metrics.receipt(&receipt);
    receipt
}

/// Takes a question or a text, or says why not.
pub async fn say(
    services: &Services,
    desk: &Desk,
    gate: &Gate,
    (viewer, prefix): (&Viewer, ClientPrefix),
    say: Say,
    received: Micros,
) -> Said {
    let said = match gate.item(prefix, received) {
        Err(retry_ms) => say::refused(&say, WhyNot::TooMany, Some(retry_ms)),
        Ok(()) => {
            let entry = viewer.entry.as_deref().cloned();
            let saying = Saying { voter: viewer.voter, entry, say, received, fresh: ItemId::random(), checked: None };
            desk.moderation.say(desk, services, saying).await
        }
    };
    services.metrics.said(&said);
    said
}
