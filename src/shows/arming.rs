//! What cannot be taken back is armed first, for a few seconds, and uses that up. Pure.

use super::{
    document::{Armed, Document, FORMAT_WITH_TWO_PEOPLE},
    end,
    transition::{Context, Refusal, meant, not_now, nothing_open, refuse},
    two_people,
};
use crate::{
    base::{ids::RunId, limits},
    wire::{codes::Code, command::Armable, server::Phase},
};

/// Arms an action, if it could be done now.
pub(super) fn arm(next: &mut Document, what: Armable, run: Option<RunId>, context: &Context) -> Result<(), Refusal> {
    let run = match what {
        Armable::GoLive if !next.rehearsal => return not_now("the show is on air already"),
        Armable::GoLive => {
            nothing_open(next, context.now)?;
            None
        }
        Armable::WriteOff => None,
        Armable::Reveal | Armable::Resolve | Armable::Void | Armable::Exclude | Armable::Override => {
            Some(meant(next, run)?)
        }
        Armable::Confirm => {
            let run = meant(next, run)?;
            two_people::may_confirm(next, run, context)?;
            Some(run)
        }
    };
    if matches!(what, Armable::Exclude | Armable::Override | Armable::Confirm) {
        // Words that an older release does not know.
        next.format = next.format.max(FORMAT_WITH_TWO_PEOPLE);
    }
    let phase = run.and_then(|run| next.run(run)).map(|run| run.phase(context.now));
    if what == Armable::Reveal && phase != Some(Phase::Verified) {
        return not_now("only a verified result can be revealed");
    }
    if let (Armable::Resolve, Some(run)) = (what, run.and_then(|run| next.run(run))) {
        end::may_resolve(run, context)?;
    }
    next.armed.retain(|armed| (armed.what, armed.run) != (what, run));
    let until = context.now.plus_ms(limits::ARMED_MS);
    next.armed.push(Armed { what, run, until, by: context.by.name.clone() });
    Ok(())
}

/// Uses up what was armed; what was not armed is refused.
pub(super) fn disarm(next: &mut Document, what: Armable, run: Option<RunId>) -> Result<(), Refusal> {
    let before = next.armed.len();
    next.armed.retain(|armed| (armed.what, armed.run) != (what, run));
    if next.armed.len() == before {
        return refuse(Code::NotArmed, "arm it first; it stays armed for 5 seconds");
    }
    Ok(())
}
