//! Cues that are added, edited, moved and removed while the show is on. A cue is said as a show file says it, and checked
//! by the same rules. Runs are frozen: what was made of a cue before stays as it was.

use super::{
    bracket, carry,
    document::{Document, Placed},
    file::{self, ShowFile},
    rundown::Cue,
    transition::{Refusal, not_now, refuse},
};
use crate::{
    base::{hex, limits},
    wire::{codes::Code, command::Command},
};

/// What a command makes of the rundown. Others change nothing here.
pub(super) fn apply(next: &mut Document, command: &Command) -> Result<(), Refusal> {
    next.note_changed();
    match command {
        Command::CueAdd { toml, before } => add(next, toml, before.as_deref())?,
        Command::CueEdit { cue, toml } => edit(next, cue, toml)?,
        Command::CueMove { cue, before } => shift(next, cue, before.as_deref())?,
        Command::CueRemove { cue } => remove(next, cue)?,
        _ => {}
    }
    bracket::stands(&next.rundown)
        .and_then(|()| carry::stands(&next.rundown))
        .or_else(|detail| refuse(Code::BadShow, detail))?;
    next.tell_format();
    Ok(())
}

/// What an edit did, for the as-run log: the cue's hash before and after. Empty: it was none.
pub fn note(command: &Command, before: &Document, next: &Document) -> String {
    let number = match command {
        Command::CueEdit { cue, .. } | Command::CueMove { cue, .. } | Command::CueRemove { cue } => Some(cue.as_str()),
        // It is the one that was not there.
        Command::CueAdd { .. } => {
            next.rundown.iter().map(|cue| cue.number.as_str()).find(|number| before.cue(number).is_none())
        }
        _ => None,
    };
    let Some(number) = number else { return String::new() };
    let hash =
        |document: &Document| document.cue(number).map_or("none".to_owned(), |(_, cue)| fingerprint(document, cue));
    match command {
        Command::CueMove { .. } => {
            let place = next.cue(number).map_or(0, |(index, _)| index + 1);
            format!("cue {number}: to place {place}")
        }
        _ => format!("cue {number}: {} → {}", hash(before), hash(next)),
    }
}

/// What whoever edited has to know: a run that was made before is as it was.
pub fn told(command: &Command, next: &Document) -> String {
    let Command::CueEdit { cue, .. } = command else { return String::new() };
    let is = |placed: &Option<Placed>| placed.as_ref().is_some_and(|placed| placed.cue == *cue);
    if is(&next.standby) {
        format!("cue {cue} is on standby as it was before: put it on standby again to take the change in")
    } else if is(&next.program) {
        format!("cue {cue} is on program as it was before: its next run has the change")
    } else {
        String::new()
    }
}

/// Tells one text of a cue from another. With the show's salt, because of few options a plain hash tells the right answer to
/// who tries them all.
fn fingerprint(document: &Document, cue: &Cue) -> String {
    let cue = serde_json::to_string(cue).expect("a cue is plain data");
    let whole = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, (document.salt.clone() + &cue).as_bytes());
    hex::encode(&whole.as_ref()[..8])
}

fn add(next: &mut Document, toml: &str, before: Option<&str>) -> Result<(), Refusal> {
    let cue = read(next, toml)?;
    if next.cue(&cue.number).is_some() {
        return refuse(Code::BadShow, format!("cue {} is there already: give it another number", cue.number));
    }
    if next.rundown.len() >= limits::CUES_MAX {
        return refuse(Code::BadShow, format!("a show has at most {} cues: remove one", limits::CUES_MAX));
    }
    let place = place_before(next, before)?;
    next.rundown.insert(place, cue);
    fits(next)
}

fn edit(next: &mut Document, number: &str, toml: &str) -> Result<(), Refusal> {
    let place = place_of(next, number)?;
    let cue = read(next, toml)?;
    if cue.number != number {
        let detail = format!("a cue keeps its number: write {number}, or add this as a new cue and remove {number}");
        return refuse(Code::BadShow, detail);
    }
    if next.rundown[place] == cue {
        return not_now(format!("cue {number} says this already"));
    }
    next.rundown[place] = cue;
    fits(next)
}

fn shift(next: &mut Document, number: &str, before: Option<&str>) -> Result<(), Refusal> {
    if before == Some(number) {
        return not_now("a cue cannot stand in front of itself");
    }
    let from = place_of(next, number)?;
    let cue = next.rundown.remove(from);
    let to = place_before(next, before)?;
    if from == to {
        return not_now(format!("cue {number} is there already"));
    }
    next.rundown.insert(to, cue);
    Ok(())
}

fn remove(next: &mut Document, number: &str) -> Result<(), Refusal> {
    let place = place_of(next, number)?;
    let is = |placed: &Option<Placed>| placed.as_ref().is_some_and(|placed| placed.cue == number);
    if is(&next.standby) {
        return not_now(format!("cue {number} is on standby: put another one there first"));
    }
    if is(&next.program) {
        return not_now(format!("cue {number} is on program: take another one first"));
    }
    if next.rundown.len() == 1 {
        return not_now("a show has at least one cue: add another one first");
    }
    if next.place.as_deref() == Some(number) {
        let mut before = next.rundown[..place].iter().rev();
        next.place = before.find(|cue| !cue.adlib).map(|cue| cue.number.clone());
    }
    next.rundown.remove(place);
    Ok(())
}

fn place_of(next: &Document, number: &str) -> Result<usize, Refusal> {
    match next.cue(number) {
        Some((place, _)) => Ok(place),
        None => refuse(Code::NotFound, format!("there is no cue {number} in this rundown")),
    }
}

/// In front of a cue, or at the end.
fn place_before(next: &Document, before: Option<&str>) -> Result<usize, Refusal> {
    before.map_or(Ok(next.rundown.len()), |number| place_of(next, number))
}

fn read(next: &Document, toml: &str) -> Result<Cue, Refusal> {
    let entries: Vec<_> = next.entries.declared().map(|(_, entry)| entry.clone()).collect();
    file::read_cue(toml, &entries, &next.languages)
        .map_err(|error| Refusal { code: Code::BadShow, detail: error.to_string() })
}

/// The whole rundown has to be a file that can be read in again.
fn fits(next: &Document) -> Result<(), Refusal> {
    if file::write(&ShowFile::of(next)).len() > limits::SHOW_FILE_BYTES_MAX {
        let detail = format!("the show would be larger than {} bytes: remove a cue", limits::SHOW_FILE_BYTES_MAX);
        return refuse(Code::BadShow, detail);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shows::{document::FORMAT, transition::tests::Desk},
        wire::server::Role,
    };

    fn toml(number: &str, more: &str) -> String {
        format!("[[cue]]\nnumber = \"{number}\"\nquestion = \"New?\"\noptions = [\"a\", \"b\"]\n{more}")
    }

    fn add(number: &str, before: Option<&str>, more: &str) -> Command {
        Command::CueAdd { toml: toml(number, more), before: before.map(str::to_owned) }
    }

    fn move_to(number: &str, before: Option<&str>) -> Command {
        Command::CueMove { cue: number.into(), before: before.map(str::to_owned) }
    }

    fn order(desk: &Desk) -> String {
        desk.document.rundown.iter().map(|cue| cue.number.as_str()).collect()
    }

    fn on(placed: Option<&Placed>) -> Option<&str> {
        placed.map(|placed| placed.cue.as_str())
    }

    #[test]
    fn a_rundown_is_changed_while_a_cue_is_on_and_runs_stay_as_they_were() {
        let mut desk = Desk::open_for(60);
        let before = desk.document.clone();
        desk.send(add("3", Some("1"), ""));
        desk.send(add("4", None, ""));
        assert_eq!(order(&desk), "3124");
        desk.send(move_to("4", Some("2")));
        desk.send(move_to("1", None));
        assert_eq!(order(&desk), "3421");
        let edit = Command::CueEdit { cue: "1".into(), toml: toml("1", "votes = 2") };
        desk.send(edit.clone());
        assert_eq!(desk.document.runs, before.runs, "the run on program is as it was");
        assert!(desk.document.is_edited(desk.document.program.as_ref().unwrap()));
        assert_eq!(told(&edit, &desk.document), "cue 1 is on program as it was before: its next run has the change");
        let note = note(&edit, &before, &desk.document);
        let hashes: Vec<_> = note.strip_prefix("cue 1: ").unwrap().split(" → ").collect();
        assert!(hashes.iter().all(|hash| hash.len() == 16) && hashes[0] != hashes[1], "{note}");
        // On standby it waits as it was, and may be put there again for the change.
        desk.send(Command::Standby { cue: "2".into() });
        assert_eq!(desk.try_send(Command::Standby { cue: "2".into() }), Err(Code::NotNow));
        desk.send(Command::CueEdit { cue: "2".into(), toml: toml("2", "votes = 2") });
        let votes = |desk: &Desk| desk.document.runs.last().unwrap().definition.interaction.votes;
        assert_eq!(votes(&desk), 1);
        desk.send(Command::Standby { cue: "2".into() });
        assert_eq!((votes(&desk), desk.document.runs.len()), (2, 2));
        desk.send(Command::CueRemove { cue: "3".into() });
        assert_eq!(order(&desk), "421");
    }

    #[test]
    fn an_edit_that_cannot_be_meant_is_refused_and_says_what_to_do() {
        let mut desk = Desk::open_for(60);
        desk.send(Command::Standby { cue: "2".into() });
        let edit = |number: &str, toml: String| Command::CueEdit { cue: number.into(), toml };
        for (command, said) in [
            (add("1", None, ""), "cue 1 is there already: give it another number"),
            (add("3", Some("9"), ""), "there is no cue 9"),
            (add("3", None, "votes = 0"), "line 1, column 1: votes: give 1 to 100"),
            (Command::CueAdd { toml: toml("3", "").repeat(2), before: None }, "give one [[cue]], these are 2"),
            (Command::CueAdd { toml: "show = \"s\"".into(), before: None }, "unknown field `show`"),
            (edit("1", toml("3", "")), "a cue keeps its number: write 1"),
            (edit("9", toml("9", "")), "there is no cue 9"),
            (Command::CueRemove { cue: "1".into() }, "cue 1 is on program: take another one first"),
            (Command::CueRemove { cue: "2".into() }, "cue 2 is on standby: put another one there first"),
            (move_to("2", None), "cue 2 is there already"),
            (move_to("2", Some("2")), "cannot stand in front of itself"),
        ] {
            let refusal = apply(&mut desk.document.succeed(), &command).unwrap_err();
            assert!(refusal.detail.contains(said), "{command:?}: {refusal}");
        }
        desk.by(2, Role::Operator);
        assert_eq!(desk.try_send(add("3", None, "")), Err(Code::Forbidden));
        // A producer edits beside whoever has control.
        desk.by(3, Role::Producer);
        desk.send(add("3", None, ""));
        assert_eq!(desk.document.control.owner.as_ref().map(|owner| owner.session.0), Some(1));
    }

    #[test]
    fn next_and_back_pass_by_what_stands_beside_the_rundown() {
        let mut desk = Desk::new();
        desk.send(add("A", Some("1"), "adlib = true"));
        desk.send(add("B", Some("2"), "adlib = true"));
        desk.send(add("3", None, ""));
        assert_eq!((order(&desk).as_str(), desk.document.format), ("A1B23", FORMAT), "an older release would go there");
        desk.send(Command::Next);
        assert_eq!(on(desk.document.standby.as_ref()), Some("1"));
        desk.send(Command::Take);
        desk.send(Command::Next);
        assert_eq!(on(desk.document.standby.as_ref()), Some("2"));
        // In the place of what was next, something else comes: then the rundown goes on where it was left.
        for number in ["A", "B"] {
            desk.send(Command::Standby { cue: number.into() });
            assert_eq!(desk.document.neighbour(true), Some("2"), "it is left before it is taken, too");
            desk.send(Command::Take);
            assert_eq!((desk.document.neighbour(true), desk.document.neighbour(false)), (Some("2"), Some("1")));
        }
        desk.send(Command::Next);
        desk.send(Command::Take);
        assert_eq!((desk.document.neighbour(true), desk.document.neighbour(false)), (Some("3"), Some("1")));
        desk.send(Command::Close);
        desk.at_ms(60_000);
        // Also where the cue that it was left at is gone.
        desk.send(Command::Standby { cue: "A".into() });
        desk.send(Command::Take);
        desk.send(Command::CueRemove { cue: "2".into() });
        assert_eq!((desk.document.neighbour(true), desk.document.neighbour(false)), (Some("3"), Some("1")));
    }

    #[test]
    fn a_changed_show_remembers_what_its_file_said() {
        let mut desk = Desk::new();
        let file = ShowFile::of(&desk.document).hash();
        desk.send(add("3", None, ""));
        desk.send(move_to("3", Some("1")));
        assert_eq!(desk.document.changed_from, Some(file));
        let read = file::read(&file::write(&ShowFile::of(&desk.document))).unwrap();
        assert_eq!(read, ShowFile::of(&desk.document), "what it is now is a file again");
        let (_, cue) = desk.document.cue("3").unwrap();
        assert_eq!(file::read_cue(&file::write_cue(cue), &[], &desk.document.languages).as_ref(), Ok(cue));
    }
}
