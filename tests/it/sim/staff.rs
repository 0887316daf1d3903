//! Staff: they run the show with the real commands, change windows at all sorts of moments, and seal each run.

use tallylight::{
    ballots::committer::Marked,
    base::{clock::Micros, ids::RunId},
    shows::{document::Document, end, run::SealSummary, windows::ClockPhase},
    wire::{command::Command, server::Phase},
};

use super::{
    event::Event,
    plan::Plan,
    show::{self, Questions, Step},
    world::World,
};

/// Staff and the document they make, which is on disk as soon as it changes.
#[derive(Debug)]
pub struct Staff {
    pub document: Document,
    step: Step,
    runs: usize,
    reopened: u32,
}

impl Staff {
    pub fn new(plan: &Plan) -> Self {
        let Plan { runs, options, votes, changeable, platforms, pools, segments, grace_ms, .. } = *plan;
        let document =
            show::document(Questions { runs, options, votes, changeable, platforms, pools, segments, grace_ms });
        Self { document, step: Step::Standby, runs: 0, reopened: 0 }
    }

    /// All runs are sealed.
    pub fn done(&self) -> bool {
        self.step == Step::Done
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
        self.follow();
        true
    }

    fn on_program(&self) -> RunId {
        self.staff.document.on_program().expect("something is on").id()
    }

    /// The phase of the run on program by its windows alone, and whether it will change by itself.
    fn phase(&self) -> (ClockPhase, Option<Micros>) {
        let windows = &self.staff.document.on_program().expect("something is on").windows;
        (windows.phase(self.clock()), windows.next_change(self.clock()))
    }

    pub fn staff_acts(&mut self) {
        let soon_us = self.rng.u64(20_000..300_000);
        if self.process.is_none() {
            return self.after(soon_us, Event::Staff);
        }
        match self.staff.step {
            Step::Standby => self.standby(),
            Step::Open => self.open(),
            Step::Live { until } if self.now < until => {
                self.change_windows();
                let next_us = self.rng.u64(150_000..1_500_000);
                return self.after(next_us, Event::Staff);
            }
            Step::Live { .. } => self.come_to_an_end(),
            Step::Seal => {
                let run = self.on_program();
                if self.command(&Command::Seal { run: Some(run) }) {
                    let seal = self.staff.document.run(run).and_then(|run| run.seal.clone()).expect("just begun");
                    if seal.revision > 1 {
                        self.count("seals made again");
                    }
                    self.staff.step = Step::Sealing;
                    self.mark(run, seal.revision);
                }
            }
            // The node that was to mark may be gone, and the mark with it.
            Step::Sealing if self.process.as_ref().is_some_and(|process| process.sealing.is_none()) => {
                self.staff.step = Step::Seal;
            }
            Step::Sealing => {}
            Step::Done => return,
        }
        self.after(soon_us, Event::Staff);
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
        self.oracle.run_begins(run);
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
        let spans = self.spans();
        if !self.command(command) {
            return;
        }
        self.close_is_announced();
        if self.spans() > spans {
            self.count("reopenings");
            if self.plan.flood {
                self.flood(self.on_program());
            }
        }
    }

    fn spans(&self) -> usize {
        self.staff.document.on_program().map_or(0, |run| run.windows.spans.len())
    }

    /// Ends the run, and sometimes opens it once more when it was over.
    fn come_to_an_end(&mut self) {
        if self.staff.document.on_program().is_some_and(|run| run.hold.is_some()) {
            self.change(&Command::Release);
        }
        match self.phase() {
            (ClockPhase::Open, _) => self.change(&Command::Close),
            (ClockPhase::Locked, None) => {
                let again = self.percent(if self.plan.flood { 90 } else { 25 }) && self.staff.reopened < 2;
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
            let locks = self.at(locks);
            self.crowd(id, locks);
        }
    }

    /// All buckets are marked and summed, or the node could not.
    pub fn sealed(&mut self, run: RunId, revision: u32, marked: Option<Marked>) {
        self.staff.step = Step::Seal;
        let Some(marked) = marked else { return };
        let summary = SealSummary {
            at: self.clock(),
            totals: marked.totals.votes.clone(),
            late: marked.totals.late,
            late_totals: marked.totals.late_votes.clone(),
            by_entry: Vec::new(),
            outstanding: 0,
            manifest_hash: String::new(),
            correction: None,
        };
        let Some(next) = end::with_seal(&self.staff.document, run, revision, summary) else { return };
        assert_eq!(next.run(run).map(|run| run.phase(self.clock())), Some(Phase::Sealed));
        self.staff.document = next;
        self.count("seals");
        self.oracle.sealed(run, marked);
        self.follow();
        self.staff.step = if self.staff.runs < self.plan.runs { Step::Standby } else { Step::Done };
        if self.staff.done() {
            self.stragglers(run);
            let faults_us = self.rng.u64(1_000_000..4_000_000);
            self.after(faults_us, Event::Heal);
        }
    }

    /// A start may find the system's clock stepped back, into the window of a run that is sealed.
    pub fn clock_step(&mut self) -> u64 {
        let Some(run) = self.staff.document.on_program().filter(|_| self.staff.done()) else { return 0 };
        if self.healed || self.rng.bool() {
            return 0;
        }
        let locked = run.windows.locks_at().map_or(self.now, |locks| self.at(locks));
        let back_us = self.now.saturating_sub(locked) + self.rng.u64(0..1_500_000);
        self.count("clock steps back");
        back_us
    }
}
