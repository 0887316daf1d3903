//! What a command makes of a document: pure, (document, command, who, now) → the next document. What has to be counted
//! or signed first (seal, verify, reveal) is in `end.rs`.

use super::{
    arming::{self, disarm},
    bracket::{self, Ranks},
    carry, control,
    document::{Document, Graphic, Placed, Staff},
    edits, end,
    file::ShowFile,
    kind::Kind,
    marker::marker,
    platforms::Platform,
    rerun, roster, round,
    run::{BUCKET_HASH, Definition, Hold, Run, record_format},
    two_people,
    windows::{Span, Windows},
};
use crate::{
    base::{clock::Micros, ids::RunId, limits},
    wire::{
        codes::Code,
        command::{Armable, Command},
        server::{GraphicState, Phase, Role},
    },
};

/// Why a command was not done, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Refusal {
    /// From the one table.
    pub code: Code,
    /// For the person who pressed.
    pub detail: String,
}

/// What a command is judged by, beside the document.
#[derive(Debug, Clone)]
pub struct Context {
    /// Now, on the show's clock.
    pub now: Micros,
    /// Who sent it.
    pub by: Staff,
    /// Whether the session of the control owner is still there.
    pub owner_present: bool,
    /// The id for a run, should the command make one.
    pub fresh_run: RunId,
    /// What a sealed run came to.
    pub ranks: Ranks,
}

pub(super) fn refuse<T>(code: Code, detail: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, detail: detail.into() })
}

pub(super) fn not_now<T>(detail: impl Into<String>) -> Result<T, Refusal> {
    refuse(Code::NotNow, detail)
}

/// The document after a command. The caller stores it by compare-and-swap before anybody is told.
pub fn apply(document: &Document, command: &Command, context: &Context) -> Result<Document, Refusal> {
    check_role(command, context.by.role)?;
    let mut next = document.succeed();
    next.armed.retain(|armed| armed.until > context.now);
    next.proposals = document.proposals_at(context.now).cloned().collect();
    if let Command::Control { action, to } = command {
        control::ask(&mut next.control, *action, *to, context)?;
        return Ok(next);
    }
    match next.key_of(context.by.session) {
        // A key was given for what it may: it acts beside whoever has control, and never has it.
        Some(key) if key.revoked_at.is_none() => {}
        Some(_) => return refuse(Code::BadToken, "this key was revoked"),
        None => control::take(&mut next.control, command, context)?,
    }
    if next.voter_key_gone.is_some() && makes_voters(command) {
        return not_now(
            "the voter key of this show is destroyed, as its file says: nobody can vote in it any more; make a new show",
        );
    }
    match command {
        Command::Standby { cue } => standby(&mut next, cue, context)?,
        Command::Next => neighbour(&mut next, true, context)?,
        Command::Back => neighbour(&mut next, false, context)?,
        Command::Take => take(&mut next, context)?,
        Command::Step => step(&mut next)?,
        Command::Open { seconds } => open(&mut next, *seconds, context.now)?,
        Command::Close => close(&mut next, context.now)?,
        Command::Extend { seconds } => extend(&mut next, *seconds, context.now)?,
        Command::Marker { programme_time, platform } => {
            marker(&mut next, *programme_time, platform.as_deref(), context.now)?;
        }
        Command::Hold => hold(&mut next, context.now)?,
        Command::Release => release(&mut next, context.now)?,
        Command::Freeze | Command::Clear | Command::Panic => pull(&mut next.graphic, command),
        Command::Unfreeze => next.graphic.frozen = false,
        Command::Seal { run } => end::start_seal(&mut next, *run, context)?,
        Command::Verify { .. } => return not_now("a verification carries its recount; ask the desk for it"),
        Command::Arm { what, run } => arming::arm(&mut next, *what, *run, context)?,
        _ if two_people::takes_two(&next, command) => two_people::propose(&mut next, command, context)?,
        Command::Exclude { .. } | Command::Override { .. } => unreachable!("they always take two"),
        Command::Confirm { proposal } => two_people::confirm(&mut next, *proposal, context)?,
        Command::Decline { proposal } => two_people::decline(&mut next, *proposal)?,
        Command::Reveal { run } => end::reveal(&mut next, *run, context)?,
        Command::Resolve { run, right } => end::resolve(&mut next, *run, right, context)?,
        Command::Void { run, reason } => end::void(&mut next, *run, reason, context)?,
        Command::WriteOff { node, reason } => roster::write_off(&mut next, *node, reason, context)?,
        Command::CueAdd { .. } | Command::CueEdit { .. } | Command::CueMove { .. } | Command::CueRemove { .. } => {
            edits::apply(&mut next, command)?;
        }
        Command::GoLive => go_live(&mut next, context)?,
        Command::Rehearse => rehearse(&mut next, context)?,
        Command::Control { .. } => unreachable!("answered above"),
    }
    next.note_shown(document, context.now);
    Ok(next)
}

/// Whether ballots could be cast after it that could not before.
fn makes_voters(command: &Command) -> bool {
    use Command::{Back, Extend, GoLive, Next, Open, Rehearse, Standby, Take};
    matches!(command, Standby { .. } | Next | Back | Take | Open { .. } | Extend { .. } | GoLive | Rehearse)
}

/// What an urgent command makes of the graphic.
pub fn pull(graphic: &mut Graphic, command: &Command) {
    match command {
        Command::Freeze => graphic.frozen = true,
        Command::Clear => graphic.state = GraphicState::Cleared,
        Command::Panic => graphic.state = GraphicState::Panic,
        _ => {}
    }
}

/// The document with another rundown. Runs are frozen, so nothing on air changes; what was on standby is taken off.
///
/// # Errors
/// The file is of another show, or the role may not.
pub fn replace_rundown(document: &Document, file: &ShowFile, role: Role) -> Result<Document, Refusal> {
    if role != Role::Producer {
        return refuse(Code::Forbidden, "only a producer may replace the rundown");
    }
    if file.id != document.id {
        return refuse(Code::BadShow, format!("the file is of show {}, this is show {}", file.id, document.id));
    }
    let mut next = document.succeed();
    next.note_changed();
    drop_standby(&mut next);
    next.title.clone_from(&file.title);
    next.languages.clone_from(&file.languages);
    next.sites.clone_from(&file.sites);
    next.policy.clone_from(&file.policy);
    next.keep = file.keep;
    next.rundown.clone_from(&file.rundown);
    // What was measured holds as long as nothing else is said.
    next.marked.retain(|name, _| {
        let of = |all: &[Platform]| all.iter().find(|one| one.name == *name).map(|one| one.delay_ms);
        of(&document.platforms) == of(&file.platforms)
    });
    next.platforms.clone_from(&file.platforms);
    next.entries = match document.entries.declaring(&file.entries) {
        Some(entries) => entries,
        None => {
            return refuse(Code::BadShow, "this show has had so many entries that no number is left: make a new one");
        }
    };
    next.tell_format();
    Ok(next)
}

/// Who may send what. docs/WIRE.md has the same table in words.
pub fn check_role(command: &Command, role: Role) -> Result<(), Refusal> {
    let allowed = match command {
        Command::Void { .. }
        | Command::GoLive
        | Command::Rehearse
        | Command::Arm { what: Armable::Void | Armable::GoLive, .. } => role == Role::Producer,
        Command::Seal { .. }
        | Command::Verify { .. }
        | Command::Arm { .. }
        | Command::Reveal { .. }
        | Command::Resolve { .. }
        | Command::WriteOff { .. }
        | Command::Exclude { .. }
        | Command::Override { .. }
        | Command::Confirm { .. }
        | Command::Decline { .. } => matches!(role, Role::Producer | Role::Adjudicator),
        edit if edit.is_edit() => role == Role::Producer,
        Command::Clear | Command::Panic | Command::Freeze => {
            matches!(role, Role::Operator | Role::Producer | Role::Adjudicator)
        }
        _ => matches!(role, Role::Operator | Role::Producer),
    };
    if !allowed {
        let verb = command.verb().replace('_', " ");
        return refuse(Code::Forbidden, format!("your role may not {verb}; ask a colleague who may"));
    }
    Ok(())
}

fn standby(next: &mut Document, number: &str, context: &Context) -> Result<(), Refusal> {
    let Some((_, cue)) = next.cue(number) else {
        return refuse(Code::NotFound, format!("there is no cue {number} in this rundown"));
    };
    let interaction = bracket::filled(next, cue, context.ranks)?;
    let (carries, carried) = carry::pinned(next, cue, &interaction, context.now)?.unzip();
    let placed = next.standby.as_ref().filter(|placed| placed.cue == number).and_then(|placed| next.run(placed.run));
    if placed.is_some_and(|run| run.definition.interaction == interaction && run.definition.carries == carries) {
        return not_now(format!("cue {number} is on standby already"));
    }
    let definition = Definition {
        run: context.fresh_run,
        show: next.id.clone(),
        cue: cue.number.clone(),
        rehearsal: next.rehearsal,
        record_format: record_format(&interaction),
        interaction,
        buckets: limits::BUCKETS,
        bucket_hash: BUCKET_HASH.to_owned(),
        entries: next.entries.clone(),
        platforms: next.delays().collect(),
        carries,
    };
    drop_standby(next);
    archive(next, context.now);
    next.standby = Some(Placed { cue: definition.cue.clone(), run: definition.run });
    let windows = Windows { tracks: definition.tracks(), ..Windows::new(definition.interaction.grace_ms) };
    let run = definition.run;
    next.runs.push(Run { carried, policy: next.policy.clone(), ..Run::new(definition, windows) });
    rerun::note(next, run);
    carry::tell(next, run);
    Ok(())
}

/// A run that was only on standby took no ballot: it leaves no trace but its as-run entry.
fn drop_standby(next: &mut Document) {
    if let Some(placed) = next.standby.take() {
        next.runs.retain(|run| run.id() != placed.run);
    }
}

/// Runs that are over leave the desk, oldest first, once there are many. Their ballots and manifests stay.
fn archive(next: &mut Document, now: Micros) {
    let program = next.program.as_ref().map(|placed| placed.run);
    while next.runs.len() >= limits::RUNS_ON_DESK_MAX {
        let ended = |run: &Run| match run.phase(now) {
            // Somebody has to say yet what came true.
            Phase::Revealed => {
                !matches!(run.definition.interaction.kind, Kind::Prediction(_)) || run.resolved.is_some()
            }
            Phase::Void => true,
            // Nothing comes after it.
            Phase::Locked => !run.definition.interaction.takes_ballots(),
            _ => false,
        };
        // What a round is made of stays as long as it is played.
        let played: Vec<_> = round::played(next).into_iter().flat_map(|(_, runs)| runs).map(Run::id).collect();
        let over = |run: &Run| {
            let needed = Some(run.id()) == program || played.contains(&run.id()) || bracket::is_awaited(next, run);
            let needed = needed || carry::is_needed(next, run);
            ended(run) && !needed
        };
        let Some(oldest) = next.runs.iter().position(over) else { return };
        next.runs.remove(oldest);
    }
}

fn neighbour(next: &mut Document, forward: bool, context: &Context) -> Result<(), Refusal> {
    let Some(number) = next.neighbour(forward).map(str::to_owned) else {
        return not_now("the rundown ends here");
    };
    standby(next, &number, context)
}

fn take(next: &mut Document, context: &Context) -> Result<(), Refusal> {
    if let Some(run) = next.on_program().filter(|run| run.is_live(context.now)) {
        return not_now(format!("{}: close it first", still(run, context.now)));
    }
    let Some(placed) = next.standby.take() else {
        return not_now("nothing is on standby: choose a cue first");
    };
    bracket::still_so(next, &placed, context.ranks)?;
    carry::take(next, placed.run)?;
    let run = placed.run;
    // What was declared void while it stood there.
    rerun::note(next, run);
    let left = next.program.replace(placed).map(|left| left.cue);
    next.place = match (next.is_adlib(next.program.as_ref()), left) {
        (false, _) => None,
        (true, Some(left)) if !next.cue(&left).is_some_and(|(_, cue)| cue.adlib) => Some(left),
        (true, _) => next.place.take(),
    };
    next.graphic.state = GraphicState::OnAir;
    next.graphic.step = 0;
    next.graphic.frozen = false;
    if next.run(run).is_some_and(|run| run.definition.interaction.opens_on_take) {
        open(next, None, context.now)?;
    }
    Ok(())
}

fn step(next: &mut Document) -> Result<(), Refusal> {
    if next.program.is_none() {
        return not_now("nothing is on program");
    }
    if next.graphic.state != GraphicState::OnAir {
        next.graphic.state = GraphicState::OnAir;
    } else if next.graphic.step < 3 {
        next.graphic.step += 1;
    } else {
        return not_now("the graphic is at its last step");
    }
    Ok(())
}

/// The run on program, with the document's revision put on its windows, which the caller is about to change.
fn program_run(next: &mut Document) -> Result<&mut Run, Refusal> {
    let (epoch, revision) = (next.epoch, next.revision);
    let Some(id) = next.program.as_ref().map(|placed| placed.run) else {
        return not_now("nothing is on program: take a cue first");
    };
    match next.run_mut(id) {
        Some(run) if run.void.is_some() => not_now("this run is void: put the cue on standby again"),
        Some(run) => {
            run.windows.epoch = epoch;
            run.windows.revision = revision;
            Ok(run)
        }
        None => not_now("the run on program is archived"),
    }
}

fn open(next: &mut Document, seconds: Option<u32>, now: Micros) -> Result<(), Refusal> {
    carry::may_open(next)?;
    let run = program_run(next)?;
    if !run.windows.spans.is_empty() {
        return not_now(format!(
            "this run is {} already; extend it, or standby the cue again",
            phase_word(run.phase(now))
        ));
    }
    let seconds = match seconds {
        Some(seconds) if seconds > limits::WINDOW_S_MAX => return too_long(),
        Some(0) => None,
        Some(seconds) => Some(seconds),
        None => run.definition.interaction.window_s,
    };
    let closes = seconds.map(|seconds| now.plus_ms(u64::from(seconds) * 1000));
    run.windows.spans.push(Span { opens: now, closes });
    Ok(())
}

fn too_long<T>() -> Result<T, Refusal> {
    refuse(Code::BadMessage, format!("a window lasts at most {} seconds", limits::WINDOW_S_MAX))
}

fn close(next: &mut Document, now: Micros) -> Result<(), Refusal> {
    let run = program_run(next)?;
    if run.phase(now) != Phase::Open {
        return not_now(format!("this run is {}", phase_word(run.phase(now))));
    }
    let announced = now.plus_ms(limits::WINDOW_LEAD_MS);
    let span = run.windows.spans.last_mut().expect("an open run has a span");
    if span.closes.is_some_and(|closes| closes <= announced) {
        return not_now("it closes within 1.5 s anyway");
    }
    span.closes = Some(announced);
    run.end_hold(announced);
    Ok(())
}

fn extend(next: &mut Document, seconds: u32, now: Micros) -> Result<(), Refusal> {
    let run = program_run(next)?;
    if seconds == 0 || seconds > limits::WINDOW_S_MAX {
        return too_long();
    }
    if run.seal.is_some() {
        return not_now("this run is sealed: standby the cue again for a new run");
    }
    if run.hold.is_some() {
        return not_now("this run is on hold: release it first");
    }
    let more_ms = u64::from(seconds) * 1000;
    let reopens = run.windows.extension_reopens(now);
    match run.windows.spans.last_mut() {
        None => not_now("this run was not opened yet"),
        Some(Span { closes: None, .. }) => not_now("this window has no close to move"),
        Some(Span { closes: Some(closes), .. }) if !reopens => {
            *closes = closes.plus_ms(more_ms);
            Ok(())
        }
        Some(Span { closes: Some(closes), .. }) => {
            // A new span may not begin inside the old one: until then the old close stands.
            let opens = now.plus_ms(limits::WINDOW_LEAD_MS).max(*closes);
            run.windows.spans.push(Span { opens, closes: Some(opens.plus_ms(more_ms)) });
            Ok(())
        }
    }
}

fn hold(next: &mut Document, now: Micros) -> Result<(), Refusal> {
    let run = program_run(next)?;
    if run.phase(now) != Phase::Open || run.hold.is_some() {
        return not_now("only an open window can be put on hold");
    }
    let lead = now.plus_ms(limits::WINDOW_LEAD_MS);
    let span = run.windows.spans.last_mut().expect("an open run has a span");
    if span.closes.is_some_and(|closes| closes <= lead) {
        return not_now("it closes within 1.5 s: too late for a hold; extend it instead");
    }
    run.hold = Some(Hold { left_ms: span.closes.take().map(|closes| closes.since_ms(now)) });
    run.windows.pause(lead);
    Ok(())
}

fn release(next: &mut Document, now: Micros) -> Result<(), Refusal> {
    let run = program_run(next)?;
    let lead = now.plus_ms(limits::WINDOW_LEAD_MS);
    let Some(hold) = run.end_hold(lead) else { return not_now("this run is not on hold") };
    let span = run.windows.spans.last_mut().expect("a held run has a span");
    span.closes = hold.left_ms.map(|left| now.plus_ms(left).max(lead));
    Ok(())
}

/// The run a command means: the one it names, or the one on program.
pub fn meant(next: &Document, run: Option<RunId>) -> Result<RunId, Refusal> {
    let Some(id) = run.or_else(|| next.program.as_ref().map(|placed| placed.run)) else {
        return not_now("nothing is on program: name a run");
    };
    match next.run(id) {
        Some(_) => Ok(id),
        None => refuse(Code::NotFound, format!("this show has no run {id}")),
    }
}

pub(super) fn nothing_open(next: &Document, now: Micros) -> Result<(), Refusal> {
    match next.runs.iter().find(|run| run.is_live(now)) {
        Some(run) => not_now(still(run, now)),
        None => Ok(()),
    }
}

fn still(run: &Run, now: Micros) -> String {
    match run.phase(now) {
        Phase::Locked => format!("cue {} opens again in a moment", run.definition.cue),
        phase => format!("cue {} is still {}", run.definition.cue, phase_word(phase)),
    }
}

/// Leaves rehearsal: rehearsal runs leave the desk, so that the live show starts with nothing but zeros.
fn go_live(next: &mut Document, context: &Context) -> Result<(), Refusal> {
    if !next.rehearsal {
        return not_now("the show is on air already");
    }
    nothing_open(next, context.now)?;
    disarm(next, Armable::GoLive, None)?;
    next.rehearsal = false;
    leave_runs(next);
    Ok(())
}

fn rehearse(next: &mut Document, context: &Context) -> Result<(), Refusal> {
    if next.rehearsal {
        return not_now("the show is in rehearsal already");
    }
    nothing_open(next, context.now)?;
    next.rehearsal = true;
    leave_runs(next);
    Ok(())
}

fn leave_runs(next: &mut Document) {
    next.standby = None;
    next.program = None;
    next.graphic.state = GraphicState::Cleared;
    // Live runs that were opened stay on the desk through a rehearsal; rehearsal runs end with it. Their ballots stay in
    // the journals.
    next.runs.retain(|run| !run.definition.rehearsal && !run.windows.spans.is_empty());
}

/// A phase in the words of the pages.
pub fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Standby => "on standby",
        Phase::Open => "open",
        Phase::Closing => "closing",
        Phase::Locked => "locked",
        Phase::Sealed => "sealed",
        Phase::Verified => "verified",
        Phase::Revealed => "revealed",
        Phase::Void => "void",
    }
}

#[cfg(test)]
pub(crate) mod tests;
