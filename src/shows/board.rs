//! The board: what the hot path needs of a show, immutable, swapped whole at every revision and read without locks.

use std::sync::Arc;

use super::{
    correction::leaves_out,
    document::Document,
    run::{Definition, Run, SealState},
    windows::Windows,
};
use crate::base::ids::{NodeId, RunId};

/// What admission reads.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// The revision it was made of.
    pub epoch: u32,
    pub revision: u64,
    /// Runs that may be asked about. A handful at a time, so a scan beats a map.
    runs: Vec<BoardRun>,
    /// Data directories that may hold ballots of the show; empty where one node serves it alone.
    roster: Arc<[NodeId]>,
}

/// One run on the board.
#[derive(Debug, Clone)]
pub struct BoardRun {
    pub definition: Arc<Definition>,
    pub windows: Windows,
    pub void: bool,
    /// The run that is held in place of it.
    pub instead: Option<RunId>,
    /// The seal that is being made or was made, if any.
    pub seal_revision: Option<u32>,
    /// Numbers of the entries whose ballots are left out.
    pub excluded: Arc<[u8]>,
}

fn excluded(run: &Run) -> Vec<u8> {
    let excluded = run.correction().map_or(&[][..], |one| &one.excluded);
    let numbers = std::iter::once(0).chain(run.definition.entries.declared().map(|(number, _)| number));
    numbers.filter(|number| leaves_out(excluded, &run.definition, *number)).collect()
}

impl Board {
    /// The board of a document.
    pub fn of(document: &Document) -> Self {
        let runs = document.runs.iter().map(|run| BoardRun::of(document, run)).collect();
        Self { epoch: document.epoch, revision: document.revision, runs, roster: document.roster.as_slice().into() }
    }

    /// A run; `None`: unknown here, which is no reason to refuse.
    pub fn run(&self, id: RunId) -> Option<&BoardRun> {
        self.runs.iter().rev().find(|run| run.definition.run == id)
    }

    /// The data directories that may hold ballots of this show.
    pub fn roster(&self) -> &Arc<[NodeId]> {
        &self.roster
    }

    /// All runs.
    pub fn runs(&self) -> &[BoardRun] {
        &self.runs
    }

    /// Those that take ballots.
    pub fn of_ballots(&self) -> impl Iterator<Item = &BoardRun> {
        self.runs.iter().filter(|run| run.definition.interaction.takes_ballots())
    }
}

impl BoardRun {
    fn of(document: &Document, run: &Run) -> Self {
        Self {
            definition: Arc::new(run.definition.clone()),
            windows: run.windows.clone(),
            void: run.void.is_some(),
            instead: document.instead_of(run.id()),
            seal_revision: run.seal.as_ref().map(SealState::counted),
            excluded: excluded(run).into(),
        }
    }
}
