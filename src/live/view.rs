//! What is on, as viewers and screens may know it: pure, from the document and the time.

use super::results::{Audience, hidden, unrevealed};
use crate::{
    ballots::outcome,
    base::{clock::Micros, limits},
    shows::{
        bracket,
        document::Document,
        interaction::Visibility,
        run::Run,
        windows::{Track, Windows},
    },
    wire::{
        bracket::Bracket,
        entry::Entry,
        moderation::AirView,
        results::Results,
        server::{GraphicView, Lag, OptionView, RunView, ShowView},
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

/// What the viewers of one platform see that is behind, or of a segment with a window of its own, as long as that is something of
/// their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Behind {
    /// Empty: of a segment that is not behind.
    pub platform: String,
    /// The one with a window of its own; empty: all others there.
    pub segment: String,
    /// The entries by which they come.
    pub entries: Vec<Entry>,
    pub show: ShowView,
    /// In place of what other viewers see, whatever that is.
    pub results: Option<Results>,
    /// They do not see yet that something was revealed, or what came true.
    pub untold: bool,
}

/// What is seen on the platforms that are behind, and by segments with windows of their own. `show`, `results`: by viewers elsewhere.
pub fn behind(document: &Document, show: &ShowView, results: Option<&Results>, now: Micros) -> Vec<Behind> {
    let stands = |run: &&Run| run.void.is_none();
    let on = document.on_program().filter(stands);
    let is_taken = |run: &Run| {
        run.windows.last().is_some() && run.seal.is_none() && run.windows.locks_at().is_none_or(|at| now < at)
    };
    // A platform has its delay from each run: what was revealed or resolved before this run was on comes late as well.
    let runs = on.into_iter().chain(document.runs.iter().rev().filter(stands));
    let tracks: Vec<(&Run, &Track)> =
        runs.flat_map(|run| run.windows.tracks.iter().map(move |track| (run, track))).collect();
    let seen = |(place, (run, track)): (usize, &(&Run, &Track))| {
        let same = |one: &&(&Run, &Track)| one.1.platform == track.platform;
        // Of a run before, a platform is as it is in this one: whoever comes by it is on one of its tracks here.
        let is_told = |one: &&(&Run, &Track)| one.1.segment == track.segment || one.0.id() != run.id();
        if tracks[..place].iter().filter(same).any(|one| is_told(&one)) {
            return None;
        }
        let own = on.filter(|on| on.id() == run.id());
        let untold: Vec<_> = tracks.iter().filter(same).filter(|(run, track)| is_untold(run, track, now)).collect();
        if untold.is_empty() && !own.is_some_and(is_taken) {
            return None;
        }
        let (seen, as_seen) = own.map_or_else(|| (show.run.clone(), None), |on| seen_on(on, track, now));
        let before = |bracket: Bracket, (run, _): &&(&Run, &Track)| bracket_before(bracket, &run.definition.cue);
        let bracket = show.bracket.clone().map(|bracket| untold.iter().fold(bracket, before));
        let entries = track.entries.iter().filter_map(|number| run.definition.entries.get(*number).cloned());
        Some(Behind {
            platform: track.platform.clone(),
            segment: track.segment.clone(),
            entries: entries.collect(),
            show: ShowView { run: seen, bracket, ..show.clone() },
            results: results.zip(as_seen).map(|(results, as_seen)| as_seen(results)),
            untold: !untold.is_empty(),
        })
    };
    tracks.iter().enumerate().filter_map(seen).collect()
}

/// Whether what was done at a moment is not seen yet on a track.
fn is_ahead(at: Micros, track: &Track, now: Micros) -> bool {
    now < at.plus_ms(track.delay_ms())
}

/// Since when what everybody may know of a run is as it is: it was revealed, or its revealed result corrected.
fn told_at(run: &Run) -> Option<Micros> {
    run.revealed_at.max(run.revealed_at.and(run.correction()).map(|one| one.at))
}

/// Whether those on a track do not see yet that a run was revealed or corrected, or what came true of it.
fn is_untold(run: &Run, track: &Track, now: Micros) -> bool {
    told_at(run).max(run.resolved.as_ref().map(|one| one.at)).is_some_and(|at| is_ahead(at, track, now))
}

/// What results become for those who do not see all of it yet.
type AsSeen = fn(&Results) -> Results;

/// The run on program as it is on a track, and what is made of its results there.
fn seen_on(on: &Run, track: &Track, now: Micros) -> (Option<RunView>, Option<AsSeen>) {
    let (windows, interaction) = (on.windows.on(Some(track)), &on.definition.interaction);
    let told = Run {
        // What was told before a correction is nowhere any more: until they see the new one there is nothing in its place.
        revealed_at: told_at(on).filter(|at| !is_ahead(*at, track, now)),
        resolved: on.resolved.clone().filter(|one| !is_ahead(one.at, track, now)),
        ..on.clone()
    };
    // By a window of its own a segment knows what is on, and when its part comes.
    let before = !on.windows.whole_on(Some(track)).any(|span| span.opens <= now);
    // What opens on take is not told before they see that it does.
    let run = (!before || !interaction.opens_on_take).then(|| {
        let lag = Lag { delay_ms: track.delay_ms(), jitter_ms: track.jitter_ms };
        RunView {
            behind: (!track.platform.is_empty()).then_some(lag),
            own_window: track.window.is_some(),
            phase: told.phase_on(track, now),
            ..run_by(&told, &windows, now)
        }
    });
    let waits = told.revealed_at != told_at(on);
    let secret = interaction.viewers_see == Visibility::OnReveal || interaction.kind.is_secret();
    let as_seen: Option<AsSeen> = match (before || waits && secret, waits) {
        (true, _) => Some(hidden),
        // Who may see the numbers before does not learn from them that they are revealed, nor who won.
        (false, true) => Some(unrevealed),
        (false, false) => None,
    };
    (run, as_seen)
}

/// The bracket as it was before a cue had a result.
fn bracket_before(mut bracket: Bracket, cue: &str) -> Bracket {
    for one in &mut bracket.matches {
        if one.cue == cue {
            one.winner = None;
        }
        for side in one.sides.iter_mut().filter(|side| side.from.as_deref() == Some(cue)) {
            side.label = None;
            side.labels.clear();
        }
    }
    bracket
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
        prepare_ms: interaction.prepare.then(|| spread_ms(run, windows)),
        replaces: run.replaces.as_ref().map(|one| one.run),
        phase: run.phase_by(windows, now),
        hold: run.hold.is_some(),
        opens_at: last.map(|span| span.opens.as_ms()),
        closes_at: last.and_then(|span| span.closes).map(Micros::as_ms),
        locks_at: windows.locks_at().map(Micros::as_ms),
        behind: None,
        own_window: false,
    }
}

/// In how many milliseconds from the opening ballots that were prepared are sent: at most in a quarter of the window.
fn spread_ms(run: &Run, windows: &Windows) -> u64 {
    let planned = run.definition.interaction.window_s.map(|s| u64::from(s) * 1000);
    let window = windows.last().map_or(planned, |span| Some(span.closes?.since_ms(span.opens)));
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
        live::results::{Counted, Made, results},
        shows::{
            correction::Correction,
            entries::Entries,
            file::read,
            kind::{Kind, Prediction, Quiz, Worth},
            run::{Resolved, SealState, Verified},
            transition::{
                replace_rundown,
                tests::{Desk, sealed},
            },
            windows::Shift,
        },
        wire::{
            command::{Armable, Command},
            results::ResultState,
            server::{Phase, Role},
        },
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
        assert_eq!(spread_ms(&run, &run.windows), 2000);
        run.definition.interaction.window_s = None;
        assert_eq!(spread_ms(&run, &run.windows), limits::PREPARED_SPREAD_MS);
    }

    /// A run of a minute from 0, which television has 10 s later.
    fn on_tv(opens_on_take: bool, viewers_see: Visibility) -> Run {
        let mut run = Desk::open_for(60).document.runs[0].clone();
        let tv = Entry { platform: Some("tv".into()), ..Entry::default() };
        run.definition.entries = Entries::default().declaring(&[tv]).unwrap();
        run.definition.interaction.opens_on_take = opens_on_take;
        run.definition.interaction.viewers_see = viewers_see;
        let shifts = vec![Shift { opens_ms: 10_000, closes_ms: 10_000 }];
        run.windows.tracks =
            vec![Track { platform: "tv".into(), entries: vec![1], jitter_ms: 500, shifts, ..Track::default() }];
        run
    }

    /// What viewers see at a moment: in the studio, and on television if that is something of its own.
    fn seen(run: &Run, ms: u64) -> (ShowView, Option<Behind>) {
        let (mut document, now) = (Desk::open_for(60).document, Micros::from_ms(ms));
        document.program.as_mut().unwrap().run = run.id();
        document.runs = vec![run.clone()];
        let totals = Totals { version: 9, counted: 3, votes: vec![2, 1], ..Totals::default() };
        let counted = Counted { totals, ..Counted::default() };
        let results = results(run, &counted, &Made::of(run, &counted.totals), 1, Audience::Viewers, now);
        let show = show(&document, None, Audience::Viewers, now);
        let behind = behind(&document, &show, Some(&results), now).pop();
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
        let counted = Counted::default();
        let made = |run: &Run| Made::of(run, &counted.totals);
        let state = |run: &Run, ms| results(run, &counted, &made(run), 1, Audience::Viewers, Micros::from_ms(ms)).state;
        let mut run = on_tv(true, Visibility::AfterClose);
        assert_eq!(
            [63_000, 73_499, 73_500].map(|ms| state(&run, ms)),
            [ResultState::Hidden, ResultState::Hidden, ResultState::Provisional]
        );
        run.definition.interaction.viewers_see = Visibility::OnReveal;
        let summary = sealed(Micros::from_ms(74_000), &[2, 1]);
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
        // Who sees the numbers all the time does not see by them that they are final.
        run.definition.interaction.viewers_see = Visibility::Always;
        let results = seen(&run, 89_999).1.unwrap().results.map(|results| (results.state, results.total));
        assert_eq!(results, Some((ResultState::Provisional, 3)));
        run.definition.interaction.viewers_see = Visibility::OnReveal;
        // What came true of a prediction is told as late, and does not take the reveal back.
        run.definition.interaction.kind = Kind::Prediction(Prediction { points: 10, round: String::new() });
        run.resolved = Some(Resolved { at: Micros::from_ms(95_000), by: "Ada".into(), right: vec![2] });
        let (show, behind) = seen(&run, 104_999);
        let behind = behind.unwrap();
        let right = |show: ShowView| show.run.map(|run| (run.phase, run.kind));
        let known = |right: &[u16]| Some((Phase::Revealed, run.definition.interaction.kind.view(right)));
        assert_eq!((right(show), right(behind.show)), (known(&[2]), known(&[])));
        assert!(behind.untold && behind.results.is_none() && seen(&run, 105_000).1.is_none());
        // The answer of a quiz that is corrected after its reveal is not told before they see that it is.
        run.definition.interaction.kind = Kind::Quiz(Quiz {
            right: vec![1],
            worth: Worth { points_max: 2, points_min: 1, full_ms: 0, least_ms: 1 },
            round: String::new(),
        });
        let correction = Correction {
            counted: 1,
            corrects: String::new(),
            at: Micros::from_ms(110_000),
            reason: "the wrong one was marked".into(),
            by: ["Ada".into(), "Bob".into()],
            excluded: Vec::new(),
            declared: Vec::new(),
            right: vec![2],
        };
        run.seal.as_mut().unwrap().summary.as_mut().unwrap().correction = Some(correction);
        let (show, behind) = seen(&run, 119_999);
        let behind = behind.unwrap();
        let known = |phase, right: &[u16]| Some((phase, run.definition.interaction.kind.view(right)));
        assert_eq!((right(show), right(behind.show)), (known(Phase::Revealed, &[2]), known(Phase::Verified, &[])));
        assert!(behind.untold && behind.results.is_some_and(|results| results.state == ResultState::Hidden));
        assert!(seen(&run, 120_000).1.is_none());
        // Before the reveal it waits for that alone.
        run.revealed_at = None;
        assert!(seen(&run, 119_999).1.is_none());
    }

    #[test]
    fn a_reveal_stays_untold_where_it_was_not_seen_when_another_run_is_on() {
        let file = read(
            "show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n\
             [[cue]]\nnumber = \"F\"\nquestion = \"?\"\noptions_from = [\"1\", { cue = \"1\", place = 2 }]\n\
             [[entry]]\nplatform = \"tv\"\n[[platform]]\nname = \"tv\"\ndelay_ms = 10000\n",
        );
        let mut desk = Desk::new();
        desk.document = replace_rundown(&desk.document, &file.unwrap(), Role::Producer).unwrap();
        desk.send(Command::Standby { cue: "1".into() });
        desk.send(Command::Take);
        desk.send(Command::Open { seconds: Some(10) });
        desk.at_ms(60_000).verify_as(&[1, 2]);
        desk.send(Command::Arm { what: Armable::Reveal, run: None });
        desk.send(Command::Reveal { run: None });
        let seen = |desk: &Desk, ms| {
            let show = show(&desk.document, None, Audience::Viewers, Micros::from_ms(ms));
            (behind(&desk.document, &show, None, Micros::from_ms(ms)).pop(), show)
        };
        let known = |show: &ShowView| {
            let [semi, last] = &*show.bracket.as_ref().unwrap().matches else { panic!("two matches") };
            (semi.winner, last.sides.iter().filter_map(|side| side.label.clone()).collect::<Vec<_>>())
        };
        let run = |show: &ShowView| show.run.as_ref().unwrap().id;
        desk.send(Command::Standby { cue: "F".into() });
        desk.send(Command::Take);
        let waits = |desk: &Desk| {
            let (behind, show) = seen(desk, 69_999);
            let behind = behind.unwrap();
            assert_eq!((known(&show), known(&behind.show)), ((Some(2), vec!["b".into(), "a".into()]), (None, vec![])));
            assert_eq!(behind.entries, [Entry { platform: Some("tv".into()), ..Entry::default() }]);
            assert!(behind.untold && run(&behind.show) == run(&show));
        };
        waits(&desk);
        assert_eq!(seen(&desk, 70_000).0, None);
        desk.send(Command::Open { seconds: Some(60) });
        waits(&desk);
        let (behind, show) = seen(&desk, 70_000);
        let behind = behind.unwrap();
        assert!(!behind.untold && known(&behind.show) == known(&show));
        // Nor does it matter whether the run on program has platforms, or stands.
        desk.document.runs[1].windows.tracks.clear();
        waits(&desk);
        desk.send(Command::Arm { what: Armable::Void, run: None });
        desk.send(Command::Void { run: None, reason: "test".into() });
        waits(&desk);
    }
}
