//! Triggers: which command an address means, and whether what it asks for is so already. Pure.

use std::collections::BTreeSet;

use crate::{
    base::{clock::Micros, limits},
    shows::{document::Document, marker::is_marked, run::Run},
    wire::{
        command::{Armable, Command},
        server::{GraphicState, Phase},
        trigger::Group,
    },
};

/// What else an address says, and when.
#[derive(Debug, Clone)]
pub struct Aim {
    /// Of a marker: where it is seen so late; `None`: the output itself is.
    pub platform: Option<String>,
    pub now: Micros,
}

/// Seconds with at most three decimals, as milliseconds.
fn late_ms(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_number =
        |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let ms = (is_number(whole, 3) && is_number(part, 3))
        .then(|| Some(whole.parse::<u64>().ok()? * 1000 + format!("{part:0<3}").parse::<u64>().ok()?))?;
    ms.filter(|ms| *ms <= limits::DELAY_MS_MAX)
}

/// Reads `{verb}[/{target}]`. What is armed has two addresses: no single call does it. An error says what there is.
///
/// # Errors
/// There is no such verb, or its target is missing or wrong.
pub fn read(verb: &str, target: Option<&str>, aim: Aim) -> Result<(Command, Group), String> {
    if aim.platform.is_some() && verb != "marker" {
        return Err(format!("{verb} is for all platforms: leave platform out"));
    }
    let seconds = || match target {
        None => Ok(None),
        Some(text) => match text.parse::<u32>() {
            Ok(seconds) if seconds <= limits::WINDOW_S_MAX => Ok(Some(seconds)),
            _ => Err(format!("{verb}/{text}: give whole seconds, {} at most", limits::WINDOW_S_MAX)),
        },
    };
    let trigger = match (verb, target) {
        ("standby", Some(cue)) => (Command::Standby { cue: cue.to_owned() }, Group::Rundown),
        ("standby", None) => return Err("standby/{cue}: name the cue".into()),
        ("open", _) => (Command::Open { seconds: seconds()? }, Group::Window),
        ("extend", _) => match seconds()? {
            Some(seconds) => (Command::Extend { seconds }, Group::Window),
            None => return Err("extend/{seconds}: say by how much".into()),
        },
        ("marker", Some(late)) => match late_ms(late) {
            Some(ms) => {
                let programme_time = aim.now.as_ms().saturating_sub(ms);
                (Command::Marker { programme_time, platform: aim.platform }, Group::Window)
            }
            None => {
                let most = limits::DELAY_MS_MAX / 1000;
                return Err(format!("marker/{late}: give seconds, like 2 or 2.5, {most} at most"));
            }
        },
        ("marker", None) => return Err("marker/{seconds}: say how late the output is seen".into()),
        ("arm", Some("reveal")) => (Command::Arm { what: Armable::Reveal, run: None }, Group::Result),
        ("arm", Some("go_live")) => (Command::Arm { what: Armable::GoLive, run: None }, Group::Show),
        ("arm", Some("resolve")) => (Command::Arm { what: Armable::Resolve, run: None }, Group::Result),
        ("arm", _) => {
            return Err("arm/reveal, arm/resolve or arm/go_live; then the same without arm, within 5 s".into());
        }
        ("resolve", Some(text)) => (Command::Resolve { run: None, right: options(text)? }, Group::Result),
        ("resolve", None) => return Err("resolve/{options}: say what came true, like resolve/2 or resolve/1,3".into()),
        (verb, Some(target)) => return Err(format!("{verb} has no target: leave /{target} out")),
        ("take", None) => (Command::Take, Group::Rundown),
        ("next", None) => (Command::Next, Group::Rundown),
        ("back", None) => (Command::Back, Group::Rundown),
        ("step", None) => (Command::Step, Group::Rundown),
        ("close", None) => (Command::Close, Group::Window),
        ("hold", None) => (Command::Hold, Group::Window),
        ("release", None) => (Command::Release, Group::Window),
        ("freeze", None) => (Command::Freeze, Group::Screens),
        ("unfreeze", None) => (Command::Unfreeze, Group::Screens),
        ("clear", None) => (Command::Clear, Group::Screens),
        ("panic", None) => (Command::Panic, Group::Screens),
        ("seal", None) => (Command::Seal { run: None }, Group::Result),
        ("verify", None) => (Command::Verify { run: None }, Group::Result),
        ("reveal", None) => (Command::Reveal { run: None }, Group::Result),
        ("go_live", None) => (Command::GoLive, Group::Show),
        ("rehearse", None) => (Command::Rehearse, Group::Show),
        _ => {
            return Err(
                "the verbs are standby take next back step open close extend marker hold release freeze unfreeze clear \
                        panic seal verify arm reveal resolve go_live rehearse"
                    .into(),
            );
        }
    };
    Ok(trigger)
}

/// The numbers of options, smallest first: `2`, `1,3`.
fn options(text: &str) -> Result<Vec<u16>, String> {
    let numbers: Option<BTreeSet<u16>> = text.split(',').map(|one| one.parse().ok().filter(|n| *n > 0)).collect();
    let numbers = numbers.ok_or_else(|| format!("resolve/{text}: give the numbers of options, like 2 or 1,3"))?;
    Ok(numbers.into_iter().collect())
}

/// Whether a command would change nothing, because what it asks for is so.
pub fn is_so(document: &Document, command: &Command, now: Micros) -> bool {
    let run = document.on_program();
    let phase = run.map(|run| run.phase(now));
    let closes_soon = |run: &Run| {
        let close = run.windows.last().and_then(|span| span.closes);
        close.is_some_and(|close| close <= now.plus_ms(limits::WINDOW_LEAD_MS))
    };
    match command {
        Command::Standby { cue } => document.standby.as_ref().is_some_and(|placed| placed.cue == *cue),
        Command::Open { .. } => phase == Some(Phase::Open),
        Command::Close => run.is_some_and(closes_soon),
        Command::Marker { programme_time, platform } => is_marked(document, *programme_time, platform.as_deref(), now),
        Command::Hold => run.is_some_and(|run| run.hold.is_some()),
        Command::Release => phase == Some(Phase::Open) && run.is_some_and(|run| run.hold.is_none()),
        Command::Freeze => document.graphic.frozen,
        Command::Unfreeze => !document.graphic.frozen,
        Command::Clear => document.graphic.state != GraphicState::OnAir,
        Command::Panic => document.graphic.state == GraphicState::Panic,
        Command::Seal { .. } => run.is_some_and(|run| run.sealed().is_some()),
        Command::Verify { .. } => matches!(phase, Some(Phase::Verified | Phase::Revealed)),
        Command::Reveal { .. } => phase == Some(Phase::Revealed),
        Command::Resolve { right, .. } => {
            run.and_then(|run| run.resolved.as_ref()).is_some_and(|resolved| resolved.right == *right)
        }
        Command::GoLive => !document.rehearsal,
        Command::Rehearse => document.rehearsal,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(verb: &str, target: Option<&str>) -> Result<(Command, Group), String> {
        super::read(verb, target, Aim { platform: None, now: Micros::from_ms(1_000_000) })
    }

    #[test]
    fn a_marker_says_how_late_and_where_and_no_other_verb_does() {
        let marker = |late, platform: Option<&str>| {
            let aim = Aim { platform: platform.map(ToOwned::to_owned), now: Micros::from_ms(1_000_000) };
            super::read("marker", Some(late), aim).map(|(command, group)| (command, group == Group::Window)).ok()
        };
        let said = |programme_time, platform: Option<&str>| {
            let platform = platform.map(ToOwned::to_owned);
            Some((Command::Marker { programme_time, platform }, true))
        };
        assert_eq!(marker("0", None), said(1_000_000, None));
        assert_eq!(marker("2.5", Some("tv")), said(997_500, Some("tv")));
        assert_eq!(marker("12.045", None), said(987_955, None));
        for bad in ["", "-1", "+1", "181", "1.", ".5", "1.2345", "1e2", "1,5", "180.001"] {
            assert_eq!(marker(bad, None), None, "{bad}");
        }
        let aim = Aim { platform: Some("tv".into()), now: Micros(0) };
        assert!(super::read("close", None, aim).unwrap_err().contains("leave platform out"));
    }

    #[test]
    fn an_address_means_one_command_and_nothing_is_fired_without_being_armed() {
        assert_eq!(read("standby", Some("3A")), Ok((Command::Standby { cue: "3A".into() }, Group::Rundown)));
        assert_eq!(read("extend", Some("30")), Ok((Command::Extend { seconds: 30 }, Group::Window)));
        assert_eq!(read("open", None), Ok((Command::Open { seconds: None }, Group::Window)));
        assert_eq!(read("open", Some("0")), Ok((Command::Open { seconds: Some(0) }, Group::Window)));
        let armed = Command::Arm { what: Armable::Reveal, run: None };
        assert_eq!(read("arm", Some("reveal")), Ok((armed, Group::Result)));
        assert_eq!(
            read("resolve", Some("3,1,3")),
            Ok((Command::Resolve { run: None, right: vec![1, 3] }, Group::Result))
        );
        for (verb, target) in [
            ("standby", None),
            ("resolve", None),
            ("resolve", Some("0")),
            ("resolve", Some("1,")),
            ("extend", None),
            ("extend", Some("1h")),
            ("open", Some("99999999")),
            ("take", Some("3A")),
            ("arm", None),
            ("arm", Some("void")),
            ("void", None),
            ("marker", None),
            ("control", None),
            ("write_off", None),
            ("", None),
        ] {
            assert!(read(verb, target).is_err(), "{verb} {target:?}");
        }
    }
}
