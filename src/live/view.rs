//! What is on, as viewers and screens may know it: pure, from the document and the time.

use super::results::Audience;
use crate::{
    base::clock::Micros,
    shows::{document::Document, interaction::Visibility, run::Run},
    wire::server::{GraphicView, OptionView, RunView, ShowView},
};

/// The show as it is now, for one audience.
pub fn show(document: &Document, audience: Audience, now: Micros) -> ShowView {
    let next = document.standby.as_ref().filter(|_| audience != Audience::Viewers);
    ShowView {
        id: document.id.to_string(),
        title: document.title.clone(),
        epoch: document.epoch,
        rev: document.revision,
        now: now.as_ms(),
        rehearsal: document.rehearsal,
        run: document.on_program().map(|on| run(on, now)),
        next: next.and_then(|placed| document.run(placed.run)).map(|next| run(next, now)),
        graphic: graphic(document),
    }
}

/// The show's graphic.
pub fn graphic(document: &Document) -> GraphicView {
    let graphic = document.graphic;
    GraphicView { state: graphic.state, step: graphic.step, frozen: graphic.frozen }
}

/// One run as it is now.
pub fn run(run: &Run, now: Micros) -> RunView {
    let interaction = &run.definition.interaction;
    let last = run.windows.last();
    RunView {
        id: run.id(),
        cue: run.definition.cue.clone(),
        question: interaction.question.clone(),
        options: options(&interaction.options),
        votes: interaction.votes,
        per_option: interaction.per_option,
        pools: interaction.counting.pools.iter().map(|pool| pool.name.clone()).collect(),
        not_from: interaction.not_from.clone(),
        after_vote: interaction.viewers_see == Visibility::AfterVote,
        confirm: interaction.confirm,
        phase: run.phase(now),
        hold: run.hold.is_some(),
        opens_at: last.map(|span| span.opens.as_ms()),
        closes_at: last.and_then(|span| span.closes).map(Micros::as_ms),
        locks_at: run.windows.locks_at().map(Micros::as_ms),
    }
}

/// Options with their numbers.
pub fn options(labels: &[String]) -> Vec<OptionView> {
    (1..).zip(labels).map(|(n, label)| OptionView { n, label: label.clone() }).collect()
}
