//! What is on, as viewers and screens may know it: pure, from the document and the time.

use super::results::{Audience, hidden};
use crate::{
    ballots::outcome,
    base::{clock::Micros, limits},
    shows::{
        bracket,
        document::Document,
        interaction::Visibility,
        run::Run,
        windows::{ClockPhase, Track, Windows},
    },
    wire::{
        bracket::Bracket,
        entry::Entry,
        moderation::AirView,
        results::Results,
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
        run: document.on_program().map(|on| match audience {
            Audience::Viewers if !on.windows.tracks.is_empty() => run_by(on, &on.windows.on(None), now),
            _ => run(on, now),
        }),
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

/// What the viewers of one platform see that is behind, as long as that is something of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Behind {
    pub platform: String,
    /// The entries by which they come.
    pub entries: Vec<Entry>,
    pub show: ShowView,
    /// In place of what other viewers see, whatever that is.
    pub results: Option<Results>,
    /// They do not see yet that it was revealed.
    pub untold: bool,
}

/// What is seen on the platforms that are behind. `show`, `results`: by viewers elsewhere.
pub fn behind(on: Option<&Run>, show: &ShowView, results: Option<&Results>, now: Micros) -> Vec<Behind> {
    let Some(on) = on.filter(|run| run.void.is_none() && !run.windows.spans.is_empty()) else { return Vec::new() };
    let is_taken = on.seal.is_none() && on.windows.locks_at().is_none_or(|at| now < at);
    let interaction = &on.definition.interaction;
    let seen = |track: &Track| {
        let windows = on.windows.on(Some(track));
        let before = windows.phase(now) == ClockPhase::Before;
        let untold = on.revealed_at.is_some_and(|at| now < at.plus_ms(track.delay_ms()));
        let run = || match untold {
            true => run_by(&Run { revealed_at: None, ..on.clone() }, &windows, now),
            false => run_by(on, &windows, now),
        };
        // What opens on take is not told before they see that it does.
        let run = (!before || !interaction.opens_on_take).then(run);
        let waits = untold && (interaction.viewers_see == Visibility::OnReveal || interaction.kind.is_secret());
        let entries = track.entries.iter().filter_map(|number| on.definition.entries.get(*number).cloned());
        (is_taken || untold).then(|| Behind {
            platform: track.platform.clone(),
            entries: entries.collect(),
            show: ShowView {
                run,
                bracket: show
                    .bracket
                    .as_ref()
                    .map(|one| if untold { bracket_before(one, &on.definition.cue) } else { one.clone() }),
                ..show.clone()
            },
            results: results.filter(|_| before || waits).map(hidden),
            untold,
        })
    };
    on.windows.tracks.iter().filter_map(seen).collect()
}

/// The bracket as it was before a cue had a result.
fn bracket_before(bracket: &Bracket, cue: &str) -> Bracket {
    let mut before = bracket.clone();
    for one in &mut before.matches {
        if one.cue == cue {
            one.winner = None;
        }
        for side in one.sides.iter_mut().filter(|side| side.from.as_deref() == Some(cue)) {
            side.label = None;
        }
    }
    before
}

/// One run as it is now.
pub fn run(run: &Run, now: Micros) -> RunView {
    run_by(run, &run.windows, now)
}

/// One run as it is for those who have these windows.
fn run_by(run: &Run, windows: &Windows, now: Micros) -> RunView {
    let interaction = &run.definition.interaction;
    let last = windows.last();
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
        phase: run.phase_by(windows, now),
        hold: run.hold.is_some(),
        opens_at: last.map(|span| span.opens.as_ms()),
        closes_at: last.and_then(|span| span.closes).map(Micros::as_ms),
        locks_at: windows.locks_at().map(Micros::as_ms),
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
    use crate::{
        ballots::bucket::Totals,
        live::results::{Counted, results},
        shows::{
            entries::Entries,
            run::{SealState, SealSummary, Verified},
            transition::tests::Desk,
            windows::Shift,
        },
        wire::{results::ResultState, server::Phase},
    };

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

    /// A run of a minute from 0, which television has 10 s later.
    fn on_tv(opens_on_take: bool, viewers_see: Visibility) -> Run {
        let mut run = Desk::open_for(60).document.runs[0].clone();
        let tv = Entry { platform: Some("tv".into()), ..Entry::default() };
        run.definition.entries = Entries::default().declaring(&[tv]).unwrap();
        run.definition.interaction.opens_on_take = opens_on_take;
        run.definition.interaction.viewers_see = viewers_see;
        let shifts = vec![Shift { opens_ms: 10_000, closes_ms: 10_000 }];
        run.windows.tracks = vec![Track { platform: "tv".into(), entries: vec![1], jitter_ms: 500, shifts }];
        run
    }

    /// What viewers see at a moment: in the studio, and on television if that is something of its own.
    fn seen(run: &Run, ms: u64) -> (ShowView, Option<Behind>) {
        let (mut document, now) = (Desk::open_for(60).document, Micros::from_ms(ms));
        document.program.as_mut().unwrap().run = run.id();
        document.runs = vec![run.clone()];
        let totals = Totals { version: 9, counted: 3, votes: vec![2, 1], ..Totals::default() };
        let counted = Counted { totals, ..Counted::default() };
        let results = results(run, &counted, 1, Audience::Viewers, now);
        let show = show(&document, None, Audience::Viewers, now);
        let behind = behind(document.on_program(), &show, Some(&results), now).pop();
        (show, behind)
    }

    #[test]
    fn who_is_behind_sees_their_own_clock_and_nothing_before_their_opening() {
        use Phase::{Closing, Locked, Open, Standby};
        let run = on_tv(true, Visibility::Always);
        let at = |ms| {
            let (show, behind) = seen(&run, ms);
            let own = behind.map(|own| (own.show.run.map(|run| run.phase), own.results.map(|results| results.total)));
            (show.run.unwrap().phase, own)
        };
        assert_eq!(at(5000), (Open, Some((None, Some(0)))));
        assert_eq!(at(10_000), (Open, Some((Some(Open), None))));
        assert_eq!(at(61_000), (Closing, Some((Some(Open), None))));
        assert_eq!(at(63_000), (Locked, Some((Some(Open), None))));
        assert_eq!(at(73_499), (Locked, Some((Some(Closing), None))));
        assert_eq!(at(73_500), (Locked, None));
        let own = seen(&run, 20_000).1.unwrap();
        let own_run = own.show.run.unwrap();
        assert_eq!((own_run.opens_at, own_run.closes_at, own_run.locks_at), (Some(10_000), Some(70_000), Some(73_500)));
        assert_eq!(own.entries, [Entry { platform: Some("tv".into()), ..Entry::default() }]);
        let by_hand = seen(&on_tv(false, Visibility::Always), 5000).1.unwrap();
        assert_eq!(by_hand.show.run.map(|run| (run.phase, run.opens_at)), Some((Standby, Some(10_000))));
    }

    #[test]
    fn nobody_sees_what_was_counted_while_others_vote_and_a_reveal_comes_as_late_as_the_picture() {
        let state = |run: &Run, ms| results(run, &Counted::default(), 1, Audience::Viewers, Micros::from_ms(ms)).state;
        let mut run = on_tv(true, Visibility::AfterClose);
        assert_eq!(
            [63_000, 73_499, 73_500].map(|ms| state(&run, ms)),
            [ResultState::Hidden, ResultState::Hidden, ResultState::Provisional]
        );
        run.definition.interaction.viewers_see = Visibility::OnReveal;
        let summary = SealSummary {
            at: Micros::from_ms(74_000),
            totals: vec![2, 1],
            late: 0,
            late_totals: vec![0, 0],
            by_entry: Vec::new(),
            outstanding: 0,
            manifest_hash: String::new(),
            correction: None,
        };
        let verified = Some(Verified { at: Micros::from_ms(75_000), by: "Ada".into() });
        run.seal = Some(SealState { revision: 1, summary: Some(summary), verified });
        run.revealed_at = Some(Micros::from_ms(80_000));
        let (show, behind) = seen(&run, 89_999);
        let behind = behind.unwrap();
        assert_eq!((show.run.unwrap().phase, behind.show.run.unwrap().phase), (Phase::Revealed, Phase::Verified));
        assert_eq!(
            behind.results.map(|results| (results.state, results.total, results.version)),
            Some((ResultState::Hidden, 0, 0))
        );
        assert!(behind.untold && seen(&run, 90_000).1.is_none());
    }
}
