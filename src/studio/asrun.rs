//! Entries of the as-run log: what staff did, and what the clock did. What the clock did has an id made of the run and
//! the transition, so that it is written once, whoever writes it.

use crate::{
    base::{clock::Micros, csv, ids::RunId},
    shows::{carry, correction, document::Document, kind::Kind, run::Run, two_people::Proposal},
    wire::{command::Command, server::AsRunEntry},
};

/// The entry of a command that made `next`.
pub fn of_command(next: &Document, command: &Command, by: &str, now: Micros, note: String) -> AsRunEntry {
    let named = match command {
        Command::Seal { run }
        | Command::Verify { run }
        | Command::Reveal { run }
        | Command::Resolve { run, .. }
        | Command::Void { run, .. }
        | Command::Exclude { run, .. }
        | Command::Override { run, .. }
        | Command::Arm { run, .. } => *run,
        _ => None,
    };
    let placed = match command {
        Command::Standby { .. } | Command::Next | Command::Back => next.standby.as_ref(),
        edit if edit.is_edit() => None,
        Command::GoLive
        | Command::Rehearse
        | Command::WriteOff { .. }
        | Command::Confirm { .. }
        | Command::Decline { .. }
        | Command::Control { .. } => None,
        _ => next.program.as_ref(),
    };
    let run = named.or(placed.map(|placed| placed.run));
    let cue = run.and_then(|run| next.run(run)).map(|run| run.definition.cue.clone());
    AsRunEntry {
        id: format!("{}.{}", next.epoch, next.revision),
        at: now.as_ms(),
        rehearsal: next.rehearsal,
        by: by.to_owned(),
        what: command.verb().to_owned(),
        cue,
        run,
        note: if note.is_empty() { words(next, command) } else { note },
    }
}

/// The entry of a command about which two people decide, where `before` became `next`; of any other as [`of_command`].
pub fn of_decision(
    (before, next): (&Document, &Document),
    command: &Command,
    by: &str,
    now: Micros,
    note: String,
) -> AsRunEntry {
    let (proposal, what, said) = match command {
        Command::Confirm { proposal } => {
            let proposal = before.proposal(*proposal);
            (proposal, proposal.map_or("confirm", |one| one.command.verb()), "proposed by")
        }
        Command::Decline { proposal } => (before.proposal(*proposal), "decline", "proposed by"),
        _ => (next.new_proposal(before).and_then(|id| next.proposal(id)), "propose", ""),
    };
    let Some(&Proposal { run: proposal_run, command: ref of, by: ref proposer, until, .. }) = proposal else {
        return of_command(next, command, by, now, note);
    };
    let verb = if what == of.verb() { String::new() } else { of.verb().to_owned() };
    let open = format!("open for {} s", until.since_ms(now) / 1000);
    let last = if said.is_empty() { open } else { format!("{said} {}", proposer.name) };
    let is_done =
        matches!(command, Command::Confirm { .. }) && matches!(of, Command::Exclude { .. } | Command::Override { .. });
    let seal = next.run(proposal_run).and_then(|run| run.seal.as_ref()).filter(|_| is_done);
    let seal = seal.map(|seal| format!("seal {}", seal.revision)).unwrap_or_default();
    let parts: Vec<_> = [verb, words(next, of), seal, last].into_iter().filter(|part| !part.is_empty()).collect();
    AsRunEntry { what: what.to_owned(), ..of_command(next, of, by, now, parts.join(", ")) }
}

/// How far platforms are behind now.
fn behind(next: &Document, platform: Option<&str>) -> String {
    let meant = next.delays().filter(|one| platform.is_none_or(|name| one.platform == name));
    let words =
        meant.map(|one| format!("{} {}.{:03} s behind", one.platform, one.delay_ms / 1000, one.delay_ms % 1000));
    words.collect::<Vec<_>>().join(", ")
}

/// Whether what is taken is held again, and why.
fn in_place_of(next: &Document) -> String {
    let replaces = next.on_program().and_then(|run| run.replaces.as_ref());
    replaces.map_or(String::new(), |one| format!("held again, in place of run {}: {}", one.run, one.void.reason))
}

/// Which result's votes the run on standby begins with. Not how many: everybody of the staff reads it.
fn carried_over(next: &Document) -> String {
    let run = next.standby.as_ref().and_then(|placed| next.run(placed.run));
    let pinned = run.and_then(|run| run.definition.carries.as_ref());
    pinned
        .map_or(String::new(), |one| format!("carries over seal {} of run {} (cue {})", one.revision, one.run, one.cue))
}

/// Where the votes of a run are that is declared void or corrected.
fn carried_on(next: &Document, command: &Command) -> String {
    let (Command::Void { run, .. } | Command::Exclude { run, .. } | Command::Override { run, .. }) = command else {
        return String::new();
    };
    let meant = run.or(next.program.as_ref().map(|placed| placed.run));
    let runs = meant.into_iter().flat_map(|run| carry::carrying(next, run));
    runs.map(|run| format!("; its votes are carried over into run {} (cue {})", run.id(), run.definition.cue)).collect()
}

fn is_quiz(next: &Document, run: Option<RunId>) -> bool {
    let run = run.and_then(|run| next.run(run));
    run.is_some_and(|run| matches!(run.definition.interaction.kind, Kind::Quiz(_)))
}

fn words(next: &Document, command: &Command) -> String {
    said(next, command) + &carried_on(next, command)
}

fn said(next: &Document, command: &Command) -> String {
    match command {
        Command::Open { seconds: Some(0) } => "until closed by hand".to_owned(),
        Command::Open { seconds: Some(seconds) } => format!("for {seconds} s"),
        Command::Extend { seconds } => format!("by {seconds} s"),
        Command::Exclude { entries, reason, .. } if entries.is_empty() => {
            format!("nothing is left out: {}", reason.trim())
        }
        Command::Exclude { entries, reason, .. } => format!("{}: {}", correction::in_words(entries), reason.trim()),
        // Not which: everybody of the staff reads it.
        Command::Override { right: Some(right), reason, .. } if !right.is_empty() => {
            format!("another answer is right: {}", reason.trim())
        }
        Command::Override { run, reason, .. } if is_quiz(next, *run) => {
            format!("the answer of the cue is right: {}", reason.trim())
        }
        Command::Override { thousandths, reason, .. } if thousandths.as_ref().is_none_or(Vec::is_empty) => {
            format!("what was counted stands: {}", reason.trim())
        }
        Command::Void { reason, .. } | Command::Override { reason, .. } => reason.trim().to_owned(),
        Command::Marker { platform, .. } => behind(next, platform.as_deref()),
        Command::WriteOff { node, reason } => format!("{node}: {}", reason.trim()),
        Command::Standby { .. } | Command::Next | Command::Back => carried_over(next),
        Command::Take => in_place_of(next),
        Command::Arm { what, .. } => what.word().to_owned(),
        Command::Control { action, .. } => action.word().to_owned(),
        _ => String::new(),
    }
}

/// What the clock has done to a run until now.
pub fn of_clock(run: &Run, now: Micros) -> impl Iterator<Item = AsRunEntry> {
    let windows = &run.windows;
    let transitions = windows.spans.iter().enumerate().flat_map(move |(index, span)| {
        let last = index + 1 == windows.spans.len();
        let locks = windows.locks_at().filter(|_| last);
        [(index, "opened", Some(span.opens)), (index, "closed", span.closes), (index, "locked", locks)]
    });
    transitions.filter_map(move |(index, what, at)| {
        let at = at.filter(|at| *at <= now && run.void.is_none())?;
        Some(AsRunEntry {
            id: format!("{}.{what}.{index}", run.id()),
            at: at.as_ms(),
            rehearsal: run.definition.rehearsal,
            by: "clock".to_owned(),
            what: what.to_owned(),
            cue: Some(run.definition.cue.clone()),
            run: Some(run.id()),
            note: String::new(),
        })
    })
}

/// The log as CSV, with a header line.
pub fn csv(entries: &[AsRunEntry]) -> String {
    let mut text = String::from("at_ms,rehearsal,by,what,cue,run,note,id\r\n");
    for AsRunEntry { id, at, rehearsal, by, what, cue, run, note } in entries {
        let (cue, run) = (cue.as_deref().unwrap_or_default(), run.map(|run| run.to_string()).unwrap_or_default());
        text += &csv::line([at, rehearsal, by, what, &cue, &run, note, id]);
    }
    text
}
