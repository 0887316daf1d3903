//! Numbers as one audience may see them: pure, from a run, its totals and the time.

use crate::{
    ballots::{
        bucket::{Pools, Totals},
        corrected::{Stands, stands},
        outcome, tally,
    },
    base::{clock::Micros, ids::RunId},
    shows::{
        carry,
        interaction::Visibility,
        run::{Run, SealSummary},
    },
    wire::{
        outcome::{Outcome, Rated},
        results::{OptionResult, Pace, ResultState, Results},
        server::{Phase, Role},
    },
};

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Viewers,
    /// Viewers of whom a ballot is counted in the run.
    Voters,
    Screens,
    /// Operators and observers.
    Operators,
    /// Producers and adjudicators, who see all.
    Producers,
}

impl Audience {
    /// Staff of a role, as which it sees numbers.
    pub fn of_staff(role: Role) -> Self {
        if matches!(role, Role::Producer | Role::Adjudicator) { Self::Producers } else { Self::Operators }
    }

    fn is_staff(self) -> bool {
        matches!(self, Self::Operators | Self::Producers)
    }
}

/// All audiences; the hub keeps one snapshot for each. What voters see besides is part of the viewers'.
pub const AUDIENCES: [Audience; 4] = [Audience::Viewers, Audience::Screens, Audience::Operators, Audience::Producers];

/// The version of a void run's results: the greatest that a page can tell apart, because nothing comes after a void. A
/// client ignores older versions, and has to take this one over any that it has seen.
const VOID_VERSION: u64 = (1 << 53) - 1;

/// What is counted of a run, as this node knows it.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    pub totals: Totals,
    /// When it was so.
    pub as_of: Micros,
    /// A part of it is being put together again after a fault: totals may be too small.
    pub rebuilding: bool,
    /// How fast viewers tap, in a run of reactions.
    pub pace: Option<Pace>,
}

/// What the rules of a run make of what is counted. It is made once, for whoever may see it.
#[derive(Debug)]
pub struct Made {
    of: (RunId, Totals, Option<SealSummary>),
    votes: Vec<u64>,
    outcome: Option<Outcome>,
    rated: Option<Rated>,
}

impl Made {
    /// Of a run and its totals. A sealed run shows its seal, whatever comes later.
    pub fn of(run: &Run, totals: &Totals) -> Self {
        let definition = &run.definition;
        let of = (run.id(), totals.clone(), run.sealed().cloned());
        if let Some(Stands { votes, outcome, rated, .. }) = run.sealed().map(|seal| stands(run, seal)) {
            return Self { of, votes, outcome, rated };
        }
        let lines = totals.by_pool.as_ref().map(|by_pool| Pools::of(definition).lines(by_pool)).unwrap_or_default();
        let (votes, lines) = carry::sum(definition, (totals.votes.clone(), lines), run.carried.as_ref(), None);
        let (outcome, rated) = match &totals.by_pool {
            _ if definition.interaction.counting.pools.is_empty() => (None, outcome::rated(definition, &votes, &[])),
            // Nobody knows what pools give before the seal: only staff sees something, votes alone.
            None => (None, None),
            Some(_) => {
                let mut outcome = outcome::outcome(definition, &votes, &lines);
                // Fractions of many parts are long, and everybody gets this again and again.
                outcome.iter_mut().flat_map(|outcome| &mut outcome.places).for_each(|place| place.exact.clear());
                (outcome, outcome::rated(definition, &votes, &lines))
            }
        };
        Self { of, votes, outcome, rated }
    }

    /// Whether it is still what is made of these.
    pub fn is_of(&self, run: &Run, totals: &Totals) -> bool {
        let (id, made_of, seal) = &self.of;
        *id == run.id() && seal.as_ref() == run.sealed() && (seal.is_some() || made_of == totals)
    }
}

/// Whether staff may see no number of a run now.
pub fn is_hidden(run: &Run, staff: Audience, now: Micros) -> bool {
    state(run.phase(now), staff, run, false) == ResultState::Hidden
}

/// Whether an audience might see numbers, if only somebody knew what the pools of the run give.
pub fn is_unknown(run: &Run, counted: &Counted, audience: Audience, now: Micros) -> bool {
    let state = |known| state(run.phase(now), audience, run, known);
    counted.totals.by_pool.is_none() && state(true) != state(false)
}

/// The numbers of a run.
pub fn results(run: &Run, counted: &Counted, made: &Made, epoch: u32, audience: Audience, now: Micros) -> Results {
    let Counted { totals, as_of, rebuilding, pace } = counted;
    let phase = run.phase(now);
    let state = match state(phase, audience, run, totals.by_pool.is_some()) {
        ResultState::Live | ResultState::Provisional if *rebuilding && run.sealed().is_none() => {
            ResultState::Rebuilding
        }
        state => state,
    };
    let correction = run.sealed().filter(|_| state != ResultState::Hidden).and_then(|seal| seal.correction.as_ref());
    let hidden = vec![0; made.votes.len()];
    let (votes, outcome, rated) = match state {
        ResultState::Hidden => (&hidden, None, None),
        _ => (&made.votes, made.outcome.clone(), made.rated.clone()),
    };
    let shares = outcome.as_ref().map_or_else(|| tally::shares(votes), outcome::shares);
    let options = (1..).zip(votes.iter().zip(shares));
    Results {
        run: run.id(),
        state,
        // Both only grow, and so does their sum.
        epoch: epoch.saturating_add(u32::try_from(totals.epoch).unwrap_or(u32::MAX)),
        // A hidden result must not tell by its version how many ballots there are.
        version: match state {
            ResultState::Hidden if phase == Phase::Void => VOID_VERSION,
            ResultState::Hidden => 0,
            _ => totals.version,
        },
        as_of: as_of.as_ms(),
        total: votes.iter().sum(),
        options: options
            .map(|(n, (votes, share))| OptionResult { n, votes: *votes, share: f64::from(share) / 10.0 })
            .collect(),
        outcome,
        rated,
        pace: pace.filter(|_| state != ResultState::Hidden),
        carried: run.carried.is_some() && state != ResultState::Hidden,
        excluded: correction.is_some_and(|one| !one.excluded.is_empty()),
        declared: correction.is_some_and(|one| !one.declared.is_empty()),
    }
}

/// The same without its numbers, for those who may not see them yet.
pub fn hidden(results: &Results) -> Results {
    let options = results.options.iter().map(|option| OptionResult { votes: 0, share: 0.0, ..*option });
    Results {
        state: ResultState::Hidden,
        version: 0,
        total: 0,
        options: options.collect(),
        outcome: None,
        rated: None,
        pace: None,
        carried: false,
        excluded: false,
        declared: false,
        ..*results
    }
}

/// The same for those who do not see yet that it was revealed.
pub fn unrevealed(results: &Results) -> Results {
    let state = match results.state {
        ResultState::Final => ResultState::Provisional,
        other => other,
    };
    Results { state, ..results.clone() }
}

/// What an audience gets after `last`. Frozen screens keep their last numbers; a hidden result stays hidden, and what may
/// not be seen any more (the run is void, or open again) is hidden even from frozen screens. What is only `unknown` now
/// takes nothing away that was shown.
pub fn after(last: Option<Results>, fresh: Results, frozen: bool, unknown: bool) -> Results {
    let Some(last) = last.filter(|last| last.run == fresh.run) else { return without_partial_numbers(fresh) };
    match (last.state, fresh.state) {
        (shown, ResultState::Hidden) if unknown && shown != ResultState::Hidden => {
            Results { state: if frozen { ResultState::Frozen } else { ResultState::Rebuilding }, ..last }
        }
        // Clients ignore an older version: numbers that were shown are hidden under the version they had.
        (_, ResultState::Hidden) => Results { version: last.version.max(fresh.version), ..fresh },
        (ResultState::Hidden, _) if frozen => last,
        (_, _) if frozen => Results { state: ResultState::Frozen, ..last },
        // Numbers that fell because a fault ate them are shown to nobody: the last good ones stay.
        (ResultState::Live | ResultState::Provisional | ResultState::Rebuilding, ResultState::Rebuilding) => {
            Results { state: ResultState::Rebuilding, ..last }
        }
        (_, ResultState::Rebuilding) => without_partial_numbers(fresh),
        _ => fresh,
    }
}

/// Where there are no good numbers to stay, those that may be too small are not shown.
fn without_partial_numbers(fresh: Results) -> Results {
    if fresh.state != ResultState::Rebuilding {
        return fresh;
    }
    let options = fresh.options.into_iter().map(|option| OptionResult { votes: 0, share: 0.0, ..option });
    Results { total: 0, options: options.collect(), outcome: None, rated: None, ..fresh }
}

/// `by_pool`: what is counted by pool is known.
fn state(phase: Phase, audience: Audience, run: &Run, by_pool: bool) -> ResultState {
    let interaction = &run.definition.interaction;
    let over = matches!(phase, Phase::Locked | Phase::Sealed | Phase::Verified | Phase::Revealed);
    let (visibility, withheld) = match audience {
        Audience::Viewers | Audience::Voters => (interaction.viewers_see, run.withheld.viewers),
        Audience::Screens => (interaction.screens_see, run.withheld.screens),
        Audience::Operators => (interaction.operators_see, run.withheld.operators),
        Audience::Producers => (Visibility::Always, false),
    };
    let visible = match visibility {
        // Where pools count apart, votes say nothing as long as nobody knows what points they make.
        _ if !audience.is_staff() && !interaction.counting.pools.is_empty() && run.sealed().is_none() && !by_pool => {
            false
        }
        _ if interaction.kind.is_secret() && audience != Audience::Producers && phase != Phase::Revealed => false,
        // It begins with numbers of an earlier run that this audience may not see.
        _ if withheld && phase != Phase::Revealed => false,
        Visibility::Always => true,
        Visibility::AfterVote => over || audience == Audience::Voters,
        Visibility::AfterClose => over,
        Visibility::OnReveal => phase == Phase::Revealed,
        Visibility::Never => false,
    };
    match phase {
        _ if !visible => ResultState::Hidden,
        // What was counted in a void run is nobody's result; staff sees it on the desk.
        Phase::Void if !audience.is_staff() => ResultState::Hidden,
        Phase::Revealed => ResultState::Final,
        _ if over => ResultState::Provisional,
        _ => ResultState::Live,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::ids::RunId,
        shows::{
            counting::{Gives, Pool},
            entries::Entries,
            run::SealState,
            transition::tests::{Desk, sealed},
        },
        wire::{
            command::{Armable, Command},
            entry::Entry,
        },
    };

    fn totals() -> Counted {
        let totals = Totals { version: 57, counted: 3, votes: vec![2, 1], ..Totals::default() };
        Counted { totals, as_of: Micros(1), ..Counted::default() }
    }

    fn results(run: &Run, counted: &Counted, epoch: u32, audience: Audience, now: Micros) -> Results {
        super::results(run, counted, &Made::of(run, &counted.totals), epoch, audience, now)
    }

    fn after(last: Option<Results>, fresh: Results, frozen: bool) -> Results {
        super::after(last, fresh, frozen, false)
    }

    fn shown(run: u64, state: ResultState, version: u64) -> Results {
        Results {
            run: RunId(run),
            state,
            epoch: 1,
            version,
            as_of: 0,
            total: 0,
            options: Vec::new(),
            outcome: None,
            rated: None,
            pace: None,
            carried: false,
            excluded: false,
            declared: false,
        }
    }

    #[test]
    fn a_void_run_is_hidden_by_a_version_that_no_client_ignores() {
        let mut desk = Desk::open_for(60);
        let see = |desk: &Desk| results(&desk.document.runs[0], &totals(), 1, Audience::Screens, Micros(1));
        let before = see(&desk);
        assert_eq!((before.state, before.version, before.total), (ResultState::Live, 57, 3));
        desk.send(Command::Arm { what: Armable::Void, run: None });
        desk.send(Command::Void { run: None, reason: "wrong number on screen".into() });
        let void = see(&desk);
        assert_eq!((void.state, void.total), (ResultState::Hidden, 0));
        assert!(void.version > before.version);
    }

    #[test]
    fn a_hidden_result_tells_nothing_before_it_was_seen() {
        let desk = Desk::open_for(60);
        let hidden = results(&desk.document.runs[0], &totals(), 1, Audience::Viewers, Micros(1));
        assert_eq!((hidden.state, hidden.version, hidden.total), (ResultState::Hidden, 0, 0));
    }

    #[test]
    fn what_was_shown_is_hidden_again_under_the_version_it_had() {
        let last = Some(shown(1, ResultState::Provisional, 57));
        let again = after(last, shown(1, ResultState::Hidden, 0), false);
        assert_eq!((again.state, again.version), (ResultState::Hidden, 57));
        assert_eq!(after(Some(again), shown(2, ResultState::Hidden, 0), false).version, 0, "another run");
    }

    #[test]
    fn while_the_ledger_rebuilds_the_last_good_numbers_stay() {
        let desk = Desk::open_for(60);
        let fewer = Totals { epoch: 1, version: 3, counted: 1, votes: vec![1, 0], ..Totals::default() };
        let counted = Counted { totals: fewer, as_of: Micros(2), rebuilding: true, pace: None };
        let see = |counted: &Counted| results(&desk.document.runs[0], counted, 1, Audience::Screens, Micros(2));
        let good = see(&totals());
        let held = after(Some(good.clone()), see(&counted), false);
        assert_eq!((held.state, held.total, held.version), (ResultState::Rebuilding, 3, good.version));
        assert_eq!(after(None, see(&counted), false).total, 0);
        let whole = Totals { epoch: 1, version: 9, ..totals().totals };
        let again = see(&Counted { totals: whole, ..totals() });
        assert!((again.epoch, again.version) > (held.epoch, held.version));
        assert_eq!(after(Some(held), again, false).state, ResultState::Live);
    }

    #[test]
    fn frozen_screens_keep_their_numbers_but_not_those_of_a_void_run() {
        let live = || Some(shown(1, ResultState::Live, 5));
        let kept = after(live(), shown(1, ResultState::Live, 9), true);
        assert_eq!((kept.state, kept.version), (ResultState::Frozen, 5));
        assert_eq!(after(Some(kept), shown(1, ResultState::Hidden, 99), true).state, ResultState::Hidden);
        let hidden = Some(shown(1, ResultState::Hidden, 0));
        assert_eq!(after(hidden, shown(1, ResultState::Provisional, 9), true).state, ResultState::Hidden);
        assert_eq!(after(live(), shown(2, ResultState::Live, 1), true).state, ResultState::Live);
    }

    #[test]
    fn what_is_made_is_made_again_only_of_something_else() {
        let mut run = Desk::open_for(60).document.runs[0].clone();
        let totals = totals().totals;
        let made = Made::of(&run, &totals);
        assert!(made.is_of(&run, &totals));
        assert!(!made.is_of(&run, &Totals { version: 58, ..totals.clone() }));
        let other = Desk::open_for(60).document.runs[0].clone();
        run.definition.run = RunId(other.id().0 + 1);
        assert!(!made.is_of(&run, &totals), "another run");
        let summary = sealed(Micros(2), &[2, 2]);
        let sealed = |hash: &str| {
            let summary = SealSummary { manifest_hash: hash.to_owned(), ..summary.clone() };
            Run { seal: Some(SealState { revision: 1, summary: Some(summary), verified: None }), ..other.clone() }
        };
        assert!(!made.is_of(&sealed("a"), &totals));
        let made = Made::of(&sealed("a"), &totals);
        assert_eq!(made.votes, [2, 2], "a sealed run shows its seal");
        assert!(made.is_of(&sealed("a"), &Totals { version: 59, ..totals.clone() }));
        assert!(!made.is_of(&sealed("b"), &totals), "corrected");
    }

    #[test]
    fn what_pools_give_is_told_as_long_as_it_is_known_whole() {
        let mut run = Desk::open_for(60).document.runs[0].clone();
        let pool = |name: &str| Pool { name: name.to_owned(), gives: Gives::Percent(50), each_segment: false };
        run.definition.interaction.counting.pools = vec![pool(""), pool("jury")];
        let jury = Entry { pool: Some("jury".to_owned()), ..Entry::default() };
        run.definition.entries = Entries::default().declaring(&[jury]).unwrap();
        let counted = |by_pool: Option<[u64; 6]>, rebuilding| {
            let totals = Totals { by_pool: by_pool.map(Vec::from), ..totals().totals };
            Counted { totals, rebuilding, as_of: Micros(1), pace: None }
        };
        let see = |counted: &Counted, audience| results(&run, counted, 1, audience, Micros(1));
        let known = Some([2, 2, 0, 1, 0, 1]);
        let shown = see(&counted(known, false), Audience::Screens);
        let places = |results: &Results| {
            let places = results.outcome.iter().flat_map(|outcome| &outcome.places);
            places.map(|place| (place.n, place.points)).collect::<Vec<_>>()
        };
        assert_eq!((shown.state, places(&shown)), (ResultState::Live, vec![(1, 50.0), (2, 50.0)]));
        let is_short =
            |results: &Results| results.outcome.iter().flat_map(|one| &one.places).all(|one| one.exact.is_empty());
        assert!(is_short(&shown), "fractions come with the seal");
        // Too few are shown to nobody.
        let partial = see(&counted(known, true), Audience::Screens);
        let first = after(None, partial.clone(), false);
        assert_eq!((first.state, first.total, first.outcome), (ResultState::Rebuilding, 0, None));
        assert_eq!(places(&after(Some(shown.clone()), partial, false)), places(&shown));
        // What nobody knows leaves staff the votes, and others nothing.
        let unknown = counted(None, false);
        let [screens, staff] = [Audience::Screens, Audience::Operators].map(|audience| see(&unknown, audience));
        assert_eq!((screens.state, screens.total), (ResultState::Hidden, 0));
        assert_eq!((&staff.state, staff.total, &staff.outcome), (&ResultState::Live, 3, &None));
        // But of what was shown the last good numbers stay.
        let is_unknown = |counted: &Counted, audience| is_unknown(&run, counted, audience, Micros(1));
        let unknowns = [Audience::Viewers, Audience::Screens, Audience::Operators].map(|one| is_unknown(&unknown, one));
        assert_eq!(unknowns, [false, true, false], "viewers see nothing before the close, and staff the votes");
        assert!(!is_unknown(&counted(known, false), Audience::Screens));
        for (frozen, state) in [(false, ResultState::Rebuilding), (true, ResultState::Frozen)] {
            let kept = super::after(Some(shown.clone()), screens.clone(), frozen, true);
            assert_eq!(kept, Results { state, ..shown.clone() });
        }
        let hidden = super::after(Some(screens.clone()), screens.clone(), false, true);
        assert_eq!(hidden.state, ResultState::Hidden);
    }
}
