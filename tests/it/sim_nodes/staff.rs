//! Staff: they run the show with the real commands, from whichever node is there, change windows at all sorts of moments,
//! and seal each run. The show's document is one; nodes see it later.

use tallylight::{
    base::{clock::Micros, ids::RunId},
    shows::{document::Document, windows::ClockPhase},
    wire::command::Command,
};

use super::{event::Event, node, plan::Plan, sealing::Sealing, world::World};
use crate::sim::show::{self, Questions, Step};

#[derive(Debug)]
pub struct Staff {
    pub document: Document,
    pub step: Step,
    pub sealing: Option<Sealing>,
    runs: usize,
    reopened: u32,
}

impl Staff {
    pub fn new(plan: &Plan) -> Self {
        let Plan { runs, options, votes, changeable, platforms, pools, segments, grace_ms, .. } = *plan;
        let mut document =
            show::document(Questions { runs, options, votes, changeable, platforms, pools, segments, grace_ms });
        for number in 0..plan.nodes {
            document = document.with_directory(node::name(number), true, Micros(0)).expect("it is new");
        }
        Self { document, step: Step::Standby, sealing: None, runs: 0, reopened: 0 }
    }
}

impl World {
    /// A command; `false`: it was refused.
    fn command(&mut self, command: &Command) -> bool {
        let at = (self.clock(), RunId(self.rng.u64(..)));
        let done = show::command(&self.staff.document, command, at, self.plan.buckets);
        let Some((next, counts_as)) = done else { return false };
        self.staff.document = next;
        self.count(counts_as);
        true
    }

    fn on_program(&self) -> RunId {
        self.staff.document.on_program().expect("something is on").id()
    }

    pub fn staff_acts(&mut self) {
        let soon_us = self.rng.u64(20_000..300_000);
        let next_us = match self.staff.step {
            Step::Standby => {
                self.standby();
                soon_us
            }
            Step::Open => {
                self.open();
                soon_us
            }
            Step::Live { until } if self.now < until => {
                self.change_windows();
                self.rng.u64(150_000..1_500_000)
            }
            Step::Live { .. } => {
                self.come_to_an_end();
                soon_us
            }
            Step::Seal => {
                self.begin_seal(self.on_program());
                soon_us
            }
            Step::Sealing => {
                self.look_after_seal();
                soon_us
            }
            Step::Done => return,
        };
        self.after(next_us, Event::Staff);
    }

    /// Begins a seal from a node that is there.
    fn begin_seal(&mut self, run: RunId) {
        let there = |node: &usize| self.nodes[*node].process.is_some() && !self.server.is_split();
        let Some(node) = (0..self.plan.nodes).find(there) else { return };
        if self.command(&Command::Seal { run: Some(run) }) {
            let revision = self.staff.document.run(run).and_then(|run| run.seal.as_ref()).expect("just begun").revision;
            if revision > 1 {
                self.count("seals made again");
            }
            self.staff.step = Step::Sealing;
            self.close_buckets(node, run, revision);
        }
    }

    fn standby(&mut self) {
        let cue = (self.staff.runs + 1).to_string();
        if !self.command(&Command::Standby { cue }) {
            return;
        }
        let run = self.staff.document.standby.as_ref().expect("just made").run;
        self.staff.runs += 1;
        self.staff.reopened = 0;
        self.staff.step = Step::Open;
        self.audience(run);
    }

    fn open(&mut self) {
        let seconds = if self.rng.bool() { Some(self.rng.u32(2..7)) } else { Some(0) };
        if self.staff.document.standby.is_some() && !self.command(&Command::Take) {
            return;
        }
        if self.command(&Command::Open { seconds }) {
            self.staff.step = Step::Live { until: self.now + self.plan.window_us };
            self.close_is_announced();
        }
    }

    fn change_windows(&mut self) {
        let Some(command) = show::change(&mut self.rng) else { return };
        self.change(&command);
    }

    fn change(&mut self, command: &Command) {
        if self.command(command) {
            self.close_is_announced();
        }
    }

    /// Ends the run, and sometimes opens it once more when it was over.
    fn come_to_an_end(&mut self) {
        let now = self.clock();
        let run = self.staff.document.on_program().expect("something is on");
        let (phase, next) = (run.windows.phase(now), run.windows.next_change(now));
        if run.hold.is_some() {
            self.change(&Command::Release);
        }
        match phase {
            ClockPhase::Open => self.change(&Command::Close),
            ClockPhase::Locked if next.is_none() => {
                let again = self.percent(25) && self.staff.reopened < 2;
                self.staff.reopened += u32::from(again);
                if again {
                    self.change(&Command::Extend { seconds: 2 });
                } else {
                    self.staff.step = Step::Seal;
                }
            }
            _ => {}
        }
    }

    /// Ballots crowd around a close.
    fn close_is_announced(&mut self) {
        let Some(run) = self.staff.document.on_program() else { return };
        if let (id, Some(locks)) = (run.id(), run.windows.locks_at()) {
            self.crowd(id, Self::at(locks));
        }
    }

    /// The seal of a run is made.
    pub fn run_is_sealed(&mut self) {
        self.staff.step = if self.staff.runs < self.plan.runs { Step::Standby } else { Step::Done };
        if self.staff.step == Step::Done {
            // Some come after the seal, and some faults too.
            let run = self.on_program();
            for _ in 0..4 {
                let at = self.now + self.rng.u64(0..2_000_000);
                self.crowd(run, at);
            }
            let faults_us = self.rng.u64(1_000_000..6_000_000);
            self.after(faults_us, Event::Heal);
        }
    }
}
