//! Admission: whether a ballot goes on to the journal. Pure, provisional where windows are concerned (the bucket judges
//! again), and never a refusal out of ignorance.

use super::{ballot::Ballot, bucket::Rules};
use crate::{
    base::{clock::Micros, limits, stance::Stance},
    shows::{board::BoardRun, windows::Timeliness},
    wire::server::{Answer, Reason},
};

/// What admission says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// On to the journal; late ballots too, where they are stored apart.
    Admit,
    /// Answered here and now; nothing is kept.
    Answer { is: Answer, reason: Option<Reason>, retry_ms: Option<u32> },
}

const fn refused(reason: Reason) -> Admission {
    Admission::Answer { is: Answer::Refused, reason: Some(reason), retry_ms: None }
}

const fn for_now(reason: Reason, retry_ms: u32) -> Admission {
    Admission::Answer { is: Answer::Refused, reason: Some(reason), retry_ms: Some(retry_ms) }
}

/// An answer for a run this node does not know.
pub const UNKNOWN: Admission =
    Admission::Answer { is: Answer::Unknown, reason: None, retry_ms: Some(limits::RETRY_NOT_OPEN_MS) };

/// Judges a ballot that this node has not seen before.
pub fn admit(run: &BoardRun, stance: Stance, ballot: &Ballot) -> Admission {
    let Ballot { picks, received, entry, .. } = ballot;
    let received = *received;
    if run.void {
        return refused(Reason::Void);
    }
    if !Rules::of(&run.definition).fit(picks) {
        return refused(Reason::Invalid);
    }
    if !run.definition.allows(*entry, picks.as_slice()) {
        return refused(Reason::NotEligible);
    }
    // A node that does not know the newest windows refuses nothing by them: what it takes is held and judged later. One
    // that takes nothing may be such a node, too.
    if stance == Stance::Open && run.windows.judge(received, *entry) == Timeliness::Early {
        return for_now(Reason::NotOpen, until_open(run, received, *entry));
    }
    match stance.busy_ms() {
        Some(retry_ms) => for_now(Reason::Busy, retry_ms),
        None => Admission::Admit,
    }
}

fn until_open(run: &BoardRun, received: Micros, entry: u8) -> u32 {
    let opens = run.windows.spans_on(run.windows.track(entry)).next().map(|span| span.opens.since_ms(received));
    opens.and_then(|ms| u32::try_from(ms).ok()).map_or(limits::RETRY_NOT_OPEN_MS, |ms| ms.clamp(50, 10_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ballots::ballot::Picks;
    use crate::base::ids::{BallotId, RunId, SessionId, VoterId};
    use crate::shows::{
        board::Board,
        document::Document,
        document::Staff,
        file,
        transition::{self, Context},
    };
    use crate::wire::{command::Command, server::Role};

    fn board(open_at: Option<Micros>) -> Board {
        let show = "show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n";
        let show = file::read(show).unwrap();
        let mut document = Document::new(show.id, show.title, show.rundown, "00".into());
        let by = Staff { session: SessionId(1), name: "Op".into(), role: Role::Operator };
        let context = |now| Context {
            now,
            by: by.clone(),
            owner_present: true,
            fresh_run: RunId(5),
            ranks: crate::ballots::outcome::ranks,
        };
        let mut send =
            |command: Command, now| document = transition::apply(&document, &command, &context(now)).unwrap();
        send(Command::Standby { cue: "1".into() }, Micros(0));
        send(Command::Take, Micros(0));
        if let Some(at) = open_at {
            send(Command::Open { seconds: Some(10) }, at);
        }
        Board::of(&document)
    }

    fn judge(board: &Board, stance: Stance, picks: &[u16], at_ms: u64) -> Admission {
        let (voter, id, picks) = (VoterId(1), BallotId(1), Picks::new(picks.to_vec()));
        let ballot = Ballot { voter, id, picks, received: Micros::from_ms(at_ms), entry: 0 };
        admit(board.run(RunId(5)).unwrap(), stance, &ballot)
    }

    #[test]
    fn only_the_ballot_and_the_frozen_run_refuse_for_ever() {
        let open = board(Some(Micros::from_ms(1000)));
        assert_eq!(judge(&open, Stance::Open, &[1], 2000), Admission::Admit);
        assert_eq!(judge(&open, Stance::Open, &[1], 99_000), Admission::Admit, "late ballots go through the journal");
        assert_eq!(judge(&open, Stance::Open, &[3], 2000), refused(Reason::Invalid));
        assert_eq!(judge(&open, Stance::Open, &[1, 2], 2000), refused(Reason::Invalid));
        assert_eq!(judge(&open, Stance::Open, &[1], 400), for_now(Reason::NotOpen, 600));
        assert_eq!(judge(&open, Stance::Holding, &[1], 400), Admission::Admit);
        assert_eq!(judge(&open, Stance::Holding, &[3], 400), refused(Reason::Invalid));
        assert_eq!(judge(&board(None), Stance::Open, &[1], 400), for_now(Reason::NotOpen, limits::RETRY_NOT_OPEN_MS));
        for at_ms in [400, 2000] {
            assert_eq!(judge(&open, Stance::Draining, &[1], at_ms), for_now(Reason::Busy, limits::RETRY_DRAIN_MS));
        }
    }
}
