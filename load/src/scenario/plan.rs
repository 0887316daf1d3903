//! Who does what and when: every moment is made of the scenario, the seed and the opening of a run, and of nothing that the
//! server does. That is the open loop: a slow server gets the same arrivals as a fast one.

use fastrand::Rng;
use tallylight::base::{clock::Micros, ids::RunId};

use super::file::{Act, Crowd, Habits, Scenario};

/// The plan of one of several equal parts of an audience. Viewers keep their numbers, whatever the parts.
#[derive(Debug, Clone)]
pub struct Plan {
    scenario: Scenario,
    start: Micros,
    part: usize,
    parts: usize,
}

/// A run as far as the plan needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    pub run: RunId,
    pub at: Micros,
    /// Nobody begins to vote after this.
    pub closes: Option<Micros>,
    /// Votes of one voter; 0: no ballots are taken.
    pub votes: u16,
    pub changeable: bool,
}

/// A ballot that a viewer will cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub at: Micros,
    /// Of a changeable run: from 1.
    pub change: Option<u32>,
}

/// A break of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    pub at: Micros,
    pub away_ms: u64,
}

impl Plan {
    /// The plan of `part` (from 0) of `parts`, from `start` on.
    pub const fn new(scenario: Scenario, start: Micros, part: usize, parts: usize) -> Self {
        Self { scenario, start, part, parts }
    }

    /// When it begins.
    pub const fn start(&self) -> Micros {
        self.start
    }

    /// Nothing new is due after this.
    pub fn end(&self) -> Micros {
        self.after(self.scenario.seconds)
    }

    /// The numbers of the viewers of this part.
    pub fn viewers(&self) -> impl Iterator<Item = usize> {
        (self.part..self.scenario.viewers).step_by(self.parts.max(1))
    }

    /// What a viewer's crowd does.
    pub fn habits(&self, viewer: usize) -> &Habits {
        &self.crowd(viewer).0.habits
    }

    /// When a viewer comes in: a crowd comes evenly, one in each slot.
    pub fn joins(&self, viewer: usize) -> Micros {
        let (crowd, first) = self.crowd(viewer);
        let [from, to] = crowd.habits.join_s;
        let place = (viewer - first) as f64 + self.rng(viewer, 1).f64();
        self.after(from + (to - from) * place / crowd.viewers.max(1) as f64)
    }

    /// The ballots of a viewer in a run.
    pub fn ballots(&self, viewer: usize, opening: &Opening) -> Vec<Due> {
        let habits = self.habits(viewer);
        let mut rng = self.rng(viewer, opening.run.0 ^ 2);
        let mut ballots = Vec::new();
        if opening.votes == 0 || rng.f64() >= habits.votes {
            return ballots;
        }
        let mut at = opening.at.max(self.joins(viewer));
        let rounds = if opening.changeable { 1 } else { habits.ballots.min(opening.votes) };
        for _ in 0..rounds {
            at = later(at, habits.think_s, &mut rng);
            ballots.push(Due { at, change: opening.changeable.then_some(1) });
        }
        if opening.changeable && rng.f64() < habits.changes {
            ballots.push(Due { at: later(at, habits.change_s, &mut rng), change: Some(2) });
        }
        let last = opening.closes.map_or_else(|| self.end(), |closes| closes.min(self.end()));
        ballots.retain(|due| due.at < last);
        ballots
    }

    /// When a viewer writes something in a run, if at all.
    pub fn asks(&self, viewer: usize, opening: &Opening) -> Option<Micros> {
        let habits = self.habits(viewer);
        let mut rng = self.rng(viewer, opening.run.0 ^ 3);
        let asks = rng.f64() < habits.asks;
        let at = later(opening.at.max(self.joins(viewer)), habits.think_s, &mut rng);
        (asks && opening.closes.is_none_or(|closes| at < closes) && at < self.end()).then_some(at)
    }

    /// The cuts that hit a viewer.
    pub fn breaks(&self, viewer: usize) -> Vec<Break> {
        let cuts = (0..).zip(&self.scenario.steps).filter_map(|(n, step)| match step.act {
            Act::Cut { share, away_s } => Some((n, step.at_s, share, away_s)),
            _ => None,
        });
        let hit = cuts.filter_map(|(n, at_s, share, away_s)| {
            let mut rng = self.rng(viewer, 100 + n);
            let hit = rng.f64() < share;
            hit.then(|| Break { at: self.after(at_s), away_ms: away_ms(away_s, &mut rng) })
        });
        hit.collect()
    }

    /// All chance of a viewer that is in no plan: ids, options, whether a ballot is sent twice.
    pub fn chance(&self, viewer: usize) -> Rng {
        self.rng(viewer, 4)
    }

    /// A viewer's crowd, and the number of its first.
    fn crowd(&self, viewer: usize) -> (&Crowd, usize) {
        let mut first = 0;
        for crowd in &self.scenario.crowds {
            if viewer < first + crowd.viewers {
                return (crowd, first);
            }
            first += crowd.viewers;
        }
        unreachable!("the crowds of a scenario are all its viewers")
    }

    fn after(&self, seconds: f64) -> Micros {
        Micros(self.start.0 + (seconds * 1e6) as u64)
    }

    fn rng(&self, viewer: usize, what: u64) -> Rng {
        // Any mixing will do: neighbours must only not get the same stream.
        let mixed = (viewer as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ what.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        Rng::with_seed(self.scenario.seed ^ mixed.rotate_left(23))
    }
}

/// How long there is no network.
pub fn away_ms([from, to]: [f64; 2], rng: &mut Rng) -> u64 {
    ((from + (to - from) * rng.f64()) * 1000.0) as u64
}

fn later(at: Micros, [from, to]: [f64; 2], rng: &mut Rng) -> Micros {
    Micros(at.0 + ((from + (to - from) * rng.f64()) * 1e6) as u64)
}

#[cfg(test)]
mod tests {
    use super::{super::file, *};

    const START: Micros = Micros::from_ms(1_000_000);

    fn plan(part: usize, parts: usize) -> Plan {
        let text = r#"
            title = "t"
            viewers = 1000
            seconds = 60
            [[crowd]]
            name = "early"
            share = 0.4
            join_s = [0, 10]
            votes = 0.5
            think_s = [1, 5]
            changes = 0.5
            change_s = [1, 2]
            [[crowd]]
            name = "late"
            share = 0.6
            join_s = [20, 30]
            votes = 1.0
            ballots = 3
            [[step]]
            at_s = 40
            do = "cut"
            share = 0.25
            away_s = [1, 2]
        "#;
        Plan::new(file::read(text).unwrap(), START, part, parts)
    }

    fn opening(changeable: bool) -> Opening {
        let closes = Some(START.plus_ms(35_000));
        Opening { run: RunId(7), at: START.plus_ms(15_000), closes, votes: 2, changeable }
    }

    #[test]
    fn they_come_evenly_whatever_the_server_does() {
        let plan = plan(0, 1);
        for viewer in 0..400 {
            let ms = plan.joins(viewer).since_ms(START);
            let slot = viewer as u64 * 25;
            assert!((slot..=slot + 25).contains(&ms), "{viewer}: {ms}");
        }
        assert!((400..1000).all(|viewer| (20_000..=30_000).contains(&plan.joins(viewer).since_ms(START))));
    }

    #[test]
    fn parts_are_the_whole_and_nobody_is_in_two() {
        let parts: Vec<_> = (0..3).map(|part| plan(part, 3)).collect();
        let mut all: Vec<_> = parts.iter().flat_map(Plan::viewers).collect();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        let whole = plan(0, 1);
        assert_eq!(parts[1].joins(500), whole.joins(500));
        assert_eq!(parts[1].ballots(500, &opening(false)), whole.ballots(500, &opening(false)));
    }

    #[test]
    fn ballots_are_due_by_the_opening_or_by_who_comes_later() {
        let plan = plan(0, 1);
        let run = opening(false);
        let voters: Vec<_> = (0..400).map(|viewer| plan.ballots(viewer, &run)).filter(|due| !due.is_empty()).collect();
        assert!((160..240).contains(&voters.len()), "{}", voters.len());
        for due in &voters {
            assert!((1000..=5000).contains(&due[0].at.since_ms(run.at)) && due[0].change.is_none());
        }
        // Three ballots are meant, the run gives two, and nobody begins after the close.
        for viewer in 400..1000 {
            let due = plan.ballots(viewer, &run);
            assert!(due.len() <= 2 && due.iter().all(|due| due.at > plan.joins(viewer) && Some(due.at) < run.closes));
        }
        let none = Opening { votes: 0, ..run };
        assert!(plan.ballots(500, &none).is_empty());
    }

    #[test]
    fn half_of_them_change_their_mind_where_they_may() {
        let (plan, run) = (plan(0, 1), opening(true));
        let voters: Vec<_> = (0..400).map(|viewer| plan.ballots(viewer, &run)).filter(|due| !due.is_empty()).collect();
        let changed = voters.iter().filter(|due| due.len() == 2).count();
        assert!((voters.len() * 2 / 5..voters.len() * 3 / 5).contains(&changed), "{changed} of {}", voters.len());
        for due in voters.iter().filter(|due| due.len() == 2) {
            assert_eq!((due[0].change, due[1].change), (Some(1), Some(2)));
            assert!((1000..=2000).contains(&due[1].at.since_ms(due[0].at)));
        }
    }

    #[test]
    fn a_cut_hits_its_share() {
        let plan = plan(0, 1);
        let hit: Vec<_> = (0..1000).flat_map(|viewer| plan.breaks(viewer)).collect();
        assert!((200..300).contains(&hit.len()), "{}", hit.len());
        assert!(hit.iter().all(|cut| cut.at == START.plus_ms(40_000) && (1000..=2000).contains(&cut.away_ms)));
    }
}
