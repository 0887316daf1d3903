//! The roster of a show: data directories that may hold ballots of it, where many nodes serve it. One enters before its
//! node admits a ballot, and stays until it says that nothing is held there, or until it is written off as lost for good.
//! Pure.

use serde::{Deserialize, Serialize};

use super::{
    arming::disarm,
    document::Document,
    run::Run,
    transition::{Context, Refusal, refuse},
};
use crate::{
    base::{clock::Micros, ids::NodeId, limits},
    wire::{codes::Code, command::Armable},
};

/// A data directory that nobody waits for any more. What it may have held is never forgotten: it stands in every later
/// seal of a run that it was part of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenOff {
    pub node: NodeId,
    pub at: Micros,
    pub by: String,
    pub reason: String,
    /// Another branch of the show had it on the roster longer, and this is when the last run that was opened there was: it may
    /// have taken ballots of that, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Micros>,
    /// When it came back after all: from then on it says itself what it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_at: Option<Micros>,
}

impl WrittenOff {
    /// The most ballots of a run that are lost with it.
    pub fn ballots_max(&self) -> u64 {
        if self.returned_at.is_some() { 0 } else { limits::HELD_MAX }
    }
}

impl Document {
    /// The next revision with a data directory on the roster, or off it. `None`: it is so already.
    pub fn with_directory(&self, node: NodeId, on: bool, now: Micros) -> Option<Self> {
        let place = self.roster.binary_search(&node);
        let mut next = self.succeed();
        match (place, on) {
            (Err(place), true) => {
                next.roster.insert(place, node);
                for off in next.written_off.iter_mut().filter(|off| off.node == node) {
                    off.returned_at.get_or_insert(now);
                }
            }
            (Ok(place), false) => {
                next.roster.remove(place);
            }
            _ => return None,
        }
        next.quiet_since = self.quiet_since.or(Some(self.revision));
        Some(next)
    }

    /// The directories that were written off and may have taken ballots of a run: it had been opened by then.
    pub fn written_off_of(&self, run: &Run) -> impl Iterator<Item = &WrittenOff> {
        let opened = opened(run);
        let may_have =
            move |off: &&WrittenOff| opened.is_some_and(|opened| Some(opened) <= off.until.max(Some(off.at)));
        self.written_off.iter().filter(may_have)
    }
}

/// Takes a directory that is lost for good off the roster.
pub(super) fn write_off(next: &mut Document, node: NodeId, reason: &str, context: &Context) -> Result<(), Refusal> {
    let Ok(place) = next.roster.binary_search(&node) else {
        return refuse(Code::NotFound, format!("no data directory {node} is on the roster of this show"));
    };
    if reason.trim().is_empty() {
        return refuse(Code::BadMessage, "give the reason: it goes into the as-run log and into every later seal");
    }
    if next.written_off.len() >= limits::WRITTEN_OFF_MAX {
        return refuse(Code::NotNow, "so many directories were written off in this show that it can name no more");
    }
    disarm(next, Armable::WriteOff, None)?;
    next.roster.remove(place);
    let (by, reason) = (context.by.name.clone(), reason.trim().to_owned());
    next.written_off.push(WrittenOff { node, at: context.now, by, reason, until: None, returned_at: None });
    Ok(())
}

/// When a run was opened for the first time.
fn opened(run: &Run) -> Option<Micros> {
    run.windows.spans.first().map(|span| span.opens)
}

/// What two branches know of directories: nobody is forgotten, and what was written off on either stays so until it has
/// come back. One that is there after all enters again by itself. Where it was on the roster of one of them until now, it
/// may have taken ballots of all runs that were opened there.
pub(super) fn merge(next: &mut Document, branches: [&Document; 2], now: Micros) {
    let [_, other] = branches;
    for theirs in &other.written_off {
        match next.written_off.iter_mut().find(|ours| (ours.node, ours.at) == (theirs.node, theirs.at)) {
            Some(ours) => {
                ours.returned_at = ours.returned_at.or(theirs.returned_at);
                ours.until = ours.until.max(theirs.until);
            }
            None => next.written_off.push(theirs.clone()),
        }
    }
    for branch in branches {
        let last = branch.runs.iter().filter_map(opened).filter(|opened| *opened <= now).max();
        let lost = next.written_off.iter_mut().filter(|off| off.returned_at.is_none());
        lost.filter(|off| branch.roster.contains(&off.node)).for_each(|off| off.until = off.until.max(last));
    }
    next.written_off.sort_by_key(|off| (off.at, off.node));
    next.roster.extend(&other.roster);
    next.roster.sort_unstable();
    next.roster.dedup();
    let lost = |node: &NodeId| next.written_off.iter().any(|off| off.node == *node && off.returned_at.is_none());
    next.roster.retain(|node| !lost(node));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shows::{merge::merge, transition::tests::Desk},
        wire::{command::Command, server::Role},
    };

    const LOST: NodeId = NodeId(7);

    fn write_off() -> Command {
        Command::WriteOff { node: LOST, reason: " the disk is gone ".into() }
    }

    /// A show with a run that opened at 0, and two directories.
    fn desk() -> Desk {
        let mut desk = Desk::open_for(60);
        for node in [LOST, NodeId(5)] {
            desk.document = desk.document.with_directory(node, true, Micros(0)).unwrap();
        }
        desk
    }

    fn lose(desk: &mut Desk, ms: u64) {
        desk.at_ms(ms).by(3, Role::Adjudicator).send(Command::Arm { what: Armable::WriteOff, run: None });
        desk.send(write_off());
    }

    #[test]
    fn a_roster_changes_nothing_that_staff_saw() {
        let first = Document::new("s".parse().unwrap(), "S".into(), Vec::new(), "00".into());
        let json = first.to_json();
        assert!(!json.contains("roster") && !json.contains("written_off"), "a node alone writes what it always wrote");
        let two = first.with_directory(NodeId(7), true, Micros(0)).unwrap();
        let three = two.with_directory(NodeId(5), true, Micros(0)).unwrap();
        assert_eq!(
            (three.roster.as_slice(), three.with_directory(NodeId(5), true, Micros(0))),
            (&[NodeId(5), NodeId(7)][..], None)
        );
        assert!(three.is_seen_at(1) && three.is_seen_at(3) && !three.is_seen_at(0) && !three.is_seen_at(4));
        let four = three.succeed();
        assert!(!four.is_seen_at(3) && four.is_seen_at(4));
        assert_eq!(four.with_directory(NodeId(7), false, Micros(0)).unwrap().roster, [NodeId(5)]);
    }

    #[test]
    fn a_directory_is_written_off_by_an_adjudicator_who_armed_it_and_says_why() {
        let mut desk = desk();
        desk.by(2, Role::Operator).refuses(write_off(), Code::Forbidden);
        desk.by(3, Role::Adjudicator).refuses(write_off(), Code::NotArmed);
        desk.send(Command::Arm { what: Armable::WriteOff, run: None });
        desk.refuses(Command::WriteOff { node: LOST, reason: " ".into() }, Code::BadMessage);
        desk.refuses(Command::WriteOff { node: NodeId(9), reason: "?".into() }, Code::NotFound);
        let revision = desk.document.revision;
        desk.send(write_off());
        assert!(!desk.document.is_seen_at(revision), "staff has to see it");
        assert_eq!(desk.document.roster, [NodeId(5)]);
        let off = &desk.document.written_off[0];
        assert_eq!((off.node, off.by.as_str(), off.reason.as_str()), (LOST, "S3", "the disk is gone"));
        desk.refuses(write_off(), Code::NotFound);
    }

    #[test]
    fn what_may_be_lost_stays_in_the_runs_that_it_was_part_of() {
        let mut desk = desk();
        lose(&mut desk, 70_000);
        desk.at_ms(80_000).by(1, Role::Producer).send(Command::Standby { cue: "2".into() });
        desk.send(Command::Take);
        let lost = |document: &Document, run: usize| -> u64 {
            document.written_off_of(&document.runs[run]).map(WrittenOff::ballots_max).sum()
        };
        assert_eq!((lost(&desk.document, 0), lost(&desk.document, 1)), (limits::HELD_MAX, 0));
        // It comes back: it is waited for again, says itself what it holds, and that it was away stays written.
        let back = desk.document.with_directory(LOST, true, Micros::from_ms(90_000)).unwrap();
        assert_eq!((back.roster.as_slice(), lost(&back, 0)), (&[NodeId(5), LOST][..], 0));
        assert_eq!(back.written_off_of(&back.runs[0]).count(), 1);
        // Lost again, it counts once.
        desk.document = back;
        lose(&mut desk, 95_000);
        assert_eq!((lost(&desk.document, 0), lost(&desk.document, 1)), (limits::HELD_MAX, limits::HELD_MAX));
    }

    #[test]
    fn what_one_branch_wrote_off_is_written_off_until_it_is_back() {
        let (ours, mut theirs) = (desk(), desk());
        lose(&mut theirs, 10_000);
        let join = |held: &Document, other: &Document| merge(held, other, &[], Micros::from_ms(20_000)).document;
        for (held, other) in [(&ours, &theirs), (&theirs, &ours)] {
            let joined = join(&held.document, &other.document);
            assert_eq!((joined.roster.as_slice(), joined.written_off.len()), (&[NodeId(5)][..], 1));
        }
        // Where nobody wrote it off it took part in a later run.
        let mut later = desk();
        later.at_ms(80_000).by(1, Role::Producer).send(Command::Standby { cue: "2".into() });
        later.send(Command::Take);
        for (held, other) in [(&later, &theirs), (&theirs, &later)] {
            let joined = merge(&held.document, &other.document, &[], Micros::from_ms(90_000)).document;
            let lost = |run: &Run| joined.written_off_of(run).map(WrittenOff::ballots_max).sum::<u64>();
            assert_eq!(joined.runs.iter().map(lost).collect::<Vec<_>>(), [limits::HELD_MAX; 2]);
            // Once more, with what the other one still has; nothing is counted twice, nor in a run that came after.
            let again = merge(&joined, &theirs.document, &[], Micros::from_ms(95_000)).document;
            assert_eq!(again.written_off, joined.written_off);
            let mut after = joined.runs[1].clone();
            after.windows.spans[0].opens = Micros::from_ms(91_000);
            assert_eq!(lost(&after), 0);
        }
        let mut back = desk();
        back.document = theirs.document.with_directory(LOST, true, Micros::from_ms(15_000)).unwrap();
        for (held, other) in [(&back, &theirs), (&theirs, &back)] {
            let joined = join(&held.document, &other.document);
            assert_eq!((joined.roster.as_slice(), joined.written_off.len()), (&[NodeId(5), LOST][..], 1));
            assert_eq!(joined.written_off[0].returned_at, Some(Micros::from_ms(15_000)));
        }
    }
}
