//! Who may take: the control of a show, which one session owns. Pure.

use super::{
    document::{Control, Staff},
    transition::{Context, Refusal, not_now, refuse},
};
use crate::{
    base::ids::SessionId,
    wire::{
        codes::Code,
        command::{Command, ControlAction},
    },
};

/// Commands of the rundown, the window and the screens need control. Control that nobody holds goes to who acts.
pub(super) fn take(control: &mut Control, command: &Command, context: &Context) -> Result<(), Refusal> {
    let needs = !matches!(
        command,
        Command::Seal { .. }
            | Command::Verify { .. }
            | Command::Arm { .. }
            | Command::Reveal { .. }
            | Command::Resolve { .. }
            | Command::Void { .. }
            | Command::WriteOff { .. }
            | Command::Exclude { .. }
            | Command::Override { .. }
            | Command::Confirm { .. }
            | Command::Decline { .. }
    ) && !command.is_edit();
    // Pulling something from the screens is never a question of ownership.
    let urgent = command.is_urgent();
    if !needs || urgent {
        return Ok(());
    }
    match &control.owner {
        Some(owner) if owner.session == context.by.session => Ok(()),
        Some(owner) if context.owner_present => {
            refuse(Code::NoControl, format!("{} has control: request it, or take over", owner.name))
        }
        _ => {
            own(control, context.by.clone());
            Ok(())
        }
    }
}

fn own(control: &mut Control, staff: Staff) {
    control.requests.retain(|request| request.session != staff.session);
    control.owner = Some(staff);
}

/// What an action makes of it.
pub(super) fn ask(
    control: &mut Control,
    action: ControlAction,
    to: Option<SessionId>,
    context: &Context,
) -> Result<(), Refusal> {
    let mine = control.owner.as_ref().is_some_and(|owner| owner.session == context.by.session);
    match action {
        ControlAction::Request if mine => return not_now("you have control already"),
        ControlAction::Request if control.owner.is_none() || !context.owner_present => own(control, context.by.clone()),
        ControlAction::Request => {
            control.requests.retain(|request| request.session != context.by.session);
            control.requests.push(context.by.clone());
        }
        ControlAction::TakeOver => own(control, context.by.clone()),
        ControlAction::Release if mine => control.owner = None,
        ControlAction::Grant if mine => {
            let asked = control.requests.iter().find(|request| Some(request.session) == to).cloned();
            match asked {
                Some(staff) => own(control, staff),
                None => return not_now("this session did not ask for control, or is gone"),
            }
        }
        ControlAction::Release | ControlAction::Grant => {
            return refuse(Code::NoControl, "only who has control can give it away");
        }
    }
    Ok(())
}
