//! Reactions: what viewers tap while a run of theirs is on program. No ballots: nothing of it is on a disk, it may be lost,
//! and it is never counted twice. Each process counts for itself; the total is the sum over all processes, of which the
//! newest word counts. Sockets and Redis are elsewhere.

mod devices;
mod pace;
pub mod tally;

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::{
    base::ids::RunId,
    shows::{kind::Kind, run::Run},
};
use tally::Tally;

/// The reactions of one show on this node: those of the run on program.
#[derive(Debug, Default)]
pub struct Reactions {
    current: ArcSwapOption<Tally>,
}

impl Reactions {
    /// Counts for the run on program from now on, if viewers tap in it. What was counted of another one is forgotten.
    pub fn follow(&self, program: Option<&Run>) {
        let program = program.filter(|run| matches!(run.definition.interaction.kind, Kind::Reactions | Kind::Applause));
        let known = self.current.load();
        if program.map(Run::id) != known.as_ref().map(|tally| tally.run) {
            let fresh = |run: &Run| Arc::new(Tally::new(run.id(), run.definition.interaction.options.len()));
            self.current.store(program.map(fresh));
        }
    }

    /// What is counted of the run on program; `None`: viewers do not tap in it.
    pub fn current(&self) -> Option<Arc<Tally>> {
        self.current.load_full()
    }

    /// What is counted of a run, if it is the one on program.
    pub fn of(&self, run: RunId) -> Option<Arc<Tally>> {
        self.current().filter(|tally| tally.run == run)
    }
}
