//! Reruns: a run that was declared void is held again as a new run of the same cue, which names it. Everybody has their votes
//! again, and no ballot of the one before counts. Pure.

use super::{
    document::Document,
    run::{Replaced, Run},
};
use crate::base::ids::RunId;

/// That of a document with a run that is held again: an older release would drop what it says, and seal it without.
const FORMAT_WITH_RERUNS: u32 = 3;

/// Writes down in whose place a run is held that was not opened yet.
pub(super) fn note(next: &mut Document, run: RunId) {
    let Some(replaces) = next.run(run).filter(|run| run.windows.spans.is_empty()).map(|run| replaced(next, run)) else {
        return;
    };
    if replaces.is_some() {
        next.format = next.format.max(FORMAT_WITH_RERUNS);
    }
    next.run_mut(run).expect("just found").replaces = replaces;
}

/// The newest run of the same cue that was opened before, if it is void. Rehearsal and live never mix.
fn replaced(document: &Document, run: &Run) -> Option<Replaced> {
    let of = |run: &Run| (run.definition.cue.clone(), run.definition.rehearsal);
    let before = document.runs.iter().take_while(|other| other.id() != run.id());
    let newest = before.filter(|other| of(other) == of(run) && !other.windows.spans.is_empty()).last()?;
    newest.void.clone().map(|void| Replaced { run: newest.id(), void })
}

impl Document {
    /// The run that is held in place of another one.
    pub fn instead_of(&self, run: RunId) -> Option<RunId> {
        let is_it = |other: &&Run| other.replaces.as_ref().is_some_and(|one| one.run == run);
        self.runs.iter().rfind(is_it).map(Run::id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shows::{document::FORMAT, transition::tests::Desk},
        wire::command::{Armable, Command},
    };

    fn void(desk: &mut Desk, run: RunId) {
        desk.send(Command::Arm { what: Armable::Void, run: Some(run) });
        desk.send(Command::Void { run: Some(run), reason: "the sound failed".into() });
    }

    fn standby(desk: &mut Desk) -> RunId {
        desk.send(Command::Standby { cue: "1".into() });
        desk.document.standby.as_ref().unwrap().run
    }

    fn replaces(desk: &Desk, run: RunId) -> Option<RunId> {
        desk.document.run(run).unwrap().replaces.as_ref().map(|one| one.run)
    }

    #[test]
    fn a_void_run_is_held_again_and_the_new_one_names_it_and_why() {
        let mut desk = Desk::open_for(60);
        let first = desk.document.runs[0].id();
        void(&mut desk, first);
        let second = standby(&mut desk);
        let one = desk.document.run(second).unwrap().replaces.clone().unwrap();
        assert_eq!((one.run, &*one.void.reason), (first, "the sound failed"));
        assert_eq!(desk.document.format, FORMAT, "an older release would drop that");
        assert_eq!(desk.document.instead_of(first), Some(second));
        desk.send(Command::Take);
        desk.send(Command::Open { seconds: Some(60) });
        // And once more.
        void(&mut desk, second);
        let third = standby(&mut desk);
        assert_eq!((replaces(&desk, second), replaces(&desk, third)), (Some(first), Some(second)));
    }

    #[test]
    fn what_stands_is_not_held_again_and_a_void_that_comes_later_is_seen_by_the_take() {
        let mut desk = Desk::open_for(1);
        let first = desk.document.runs[0].id();
        desk.at_ms(60_000);
        let second = standby(&mut desk);
        assert_eq!(replaces(&desk, second), None, "one more of the same cue");
        void(&mut desk, first);
        desk.send(Command::Take);
        assert_eq!(replaces(&desk, second), Some(first));
        // A run that nobody could vote in is nothing to hold again.
        void(&mut desk, second);
        let third = standby(&mut desk);
        assert_eq!(replaces(&desk, third), Some(first));
    }
}
