//! What is on, as viewers and screens may know it: pure, from the document and the time.

use super::results::Audience;
use crate::{
    ballots::outcome,
    base::{clock::Micros, limits},
    shows::{bracket, document::Document, interaction::Visibility, run::Run},
    wire::{
        moderation::AirView,
        server::{GraphicView, OptionView, RunView, ShowView},
    },
};

/// The show as it is now, for one audience. `item`: what is on the screens of what the audience wrote.
pub fn show(document: &Document, item: Option<AirView>, audience: Audience, now: Micros) -> ShowView {
    let next = document.standby.as_ref().filter(|_| audience != Audience::Viewers);
    ShowView {
        id: document.id.to_string(),
        title: document.title.clone(),
        languages: document.languages.names.clone(),
        titles: document.languages.titles.clone(),
        epoch: document.epoch,
        rev: document.revision,
        now: now.as_ms(),
        rehearsal: document.rehearsal,
        run: document.on_program().map(|on| run(on, now)),
        next: next.and_then(|placed| document.run(placed.run)).map(|next| run(next, now)),
        item,
        bracket: bracket::view(document, outcome::ranks),
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
        kind: interaction.kind.view(run.answered().map_or(&[], |(_, right)| right)),
        question: interaction.question.clone(),
        writing: interaction.kind.writing_view(),
        options: options(&interaction.options),
        texts: interaction.texts.clone(),
        votes: interaction.votes,
        per_option: interaction.per_option,
        changeable: interaction.changeable,
        pools: interaction.counting.pools.iter().map(|pool| pool.name.clone()).collect(),
        not_from: interaction.not_from.clone(),
        after_vote: interaction.viewers_see == Visibility::AfterVote,
        confirm: interaction.confirm,
        prepare_ms: interaction.prepare.then(|| spread_ms(run)),
        phase: run.phase(now),
        hold: run.hold.is_some(),
        opens_at: last.map(|span| span.opens.as_ms()),
        closes_at: last.and_then(|span| span.closes).map(Micros::as_ms),
        locks_at: run.windows.locks_at().map(Micros::as_ms),
    }
}

/// In how many milliseconds from the opening ballots that were prepared are sent: at most in a quarter of the window.
fn spread_ms(run: &Run) -> u64 {
    let planned = run.definition.interaction.window_s.map(|s| u64::from(s) * 1000);
    let window = run.windows.spans.last().map_or(planned, |span| Some(span.closes?.since_ms(span.opens)));
    window.map_or(limits::PREPARED_SPREAD_MS, |ms| limits::PREPARED_SPREAD_MS.min(ms / 4))
}

/// Options with their numbers.
pub fn options(labels: &[String]) -> Vec<OptionView> {
    (1..).zip(labels).map(|(n, label)| OptionView { n, label: label.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shows::transition::tests::Desk;

    #[test]
    fn what_was_prepared_is_spread_over_a_quarter_of_the_window_at_most() {
        let spread = |seconds| {
            let mut run = Desk::open_for(seconds).document.runs[0].clone();
            run.definition.interaction.prepare = true;
            super::run(&run, Micros(1)).prepare_ms
        };
        assert_eq!((spread(10), spread(60)), (Some(2500), Some(limits::PREPARED_SPREAD_MS)));
        let mut run = Desk::open_for(60).document.runs[0].clone();
        assert_eq!(super::run(&run, Micros(1)).prepare_ms, None);
        run.windows.spans.clear();
        run.definition.interaction.window_s = Some(8);
        assert_eq!(spread_ms(&run), 2000);
        run.definition.interaction.window_s = None;
        assert_eq!(spread_ms(&run), limits::PREPARED_SPREAD_MS);
    }
}
