//! The show's document: everything staff decided, in one value with a revision. A projection that any node can make
//! again; changed only by compare-and-swap.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    bracket, carry,
    entries::Entries,
    file::ShowFile,
    interaction::Interaction,
    keep::Keep,
    keys::Key,
    languages::Languages,
    platforms::{Delay, Platform},
    roster::WrittenOff,
    run::Run,
    rundown::Cue,
    sites::Sites,
    two_people::{Policy, Proposal},
};
use crate::{
    base::{
        clock::Micros,
        hex,
        ids::{NodeId, RunId, SessionId, ShowId},
    },
    wire::{
        command::Armable,
        server::{GraphicState, Role},
    },
};

/// The newest format of a document that this release knows. A release that adds something leaves it out where it says
/// nothing, and raises the format of those revisions only where it says something: all others older nodes read as well.
pub const FORMAT: u32 = 3;
/// That of a document with kinds of questions, changes, other languages or sites.
const FORMAT_WITH_KINDS: u32 = 2;
/// That of a document that asks for two people, or has what they decided: an older release would do with one, and drop it.
pub(super) const FORMAT_WITH_TWO_PEOPLE: u32 = 3;
/// That of a document with platforms or windows of segments, with options that come from results, or that was changed at the desk: an older release would
/// judge ballots by other windows, ask for placeholders, or forget at the next start what was changed.
const FORMAT_WITH_PLATFORMS: u32 = 3;

/// Why a stored document is not read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// What it says in addition an older release would drop at the next revision.
    #[error("a newer release wrote it (format {0}; this one knows {FORMAT}): start that release")]
    Newer(u32),
    /// Bytes that no release wrote, or one that did not tell.
    #[error("it is damaged, or a newer release wrote it: {0}")]
    Damaged(#[from] serde_json::Error),
}

/// One revision of a show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What a reader has to know: at most [`FORMAT`].
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub format: u32,
    /// The show.
    pub id: ShowId,
    /// Its name, as people read it.
    pub title: String,
    /// Random, 32 hexadecimal digits: with the node secret it makes the voter key. Destroying it makes pseudonyms final;
    /// a hash of it stands here then.
    pub salt: String,
    /// Counts the histories of the store that holds the document.
    pub epoch: u32,
    /// Counts the changes from 1.
    pub revision: u64,
    /// SHA-256 of the revision before, in hexadecimal; empty for the first.
    pub previous: String,
    /// The languages of its texts.
    #[serde(default, skip_serializing_if = "Languages::is_empty")]
    pub languages: Languages,
    /// The other sites it is part of.
    #[serde(default, skip_serializing_if = "Sites::is_empty")]
    pub sites: Sites,
    /// What it asks of its staff.
    #[serde(default, skip_serializing_if = "Policy::is_empty")]
    pub policy: Policy,
    /// How long it is kept.
    #[serde(default, skip_serializing_if = "Keep::is_empty")]
    pub keep: Keep,
    /// When its voter key was destroyed: it makes no more runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voter_key_gone: Option<Micros>,
    /// Runs made now are rehearsal runs.
    pub rehearsal: bool,
    /// Cues in the order of the show.
    pub rundown: Vec<Cue>,
    /// Where the audience may come in.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub entries: Entries,
    /// On what it is watched, and how much later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<Platform>,
    /// How far they are behind since a marker said so, milliseconds by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marked: BTreeMap<String, u64>,
    /// What the next take puts on program.
    pub standby: Option<Placed>,
    /// What is on.
    pub program: Option<Placed>,
    /// While a cue from beside the rundown is on: the cue of the rundown that was on before it, where next goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The show's graphic.
    pub graphic: Graphic,
    /// Runs that are not archived, oldest first.
    pub runs: Vec<Run>,
    /// Irrevocable actions that are unlocked.
    #[serde(default)]
    pub armed: Vec<Armed>,
    /// What one person has proposed and another one has to confirm, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<Proposal>,
    /// Who may take.
    #[serde(default)]
    pub control: Control,
    /// What the show file said before it was first changed at the desk: its hash. A start with that very file leaves what was
    /// changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_from: Option<String>,
    /// What fires triggers, oldest first; those that were revoked, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// Data directories that may hold ballots of this show, where many nodes serve it; in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roster: Vec<NodeId>,
    /// Data directories that were lost for good, oldest first, and those of them that came back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written_off: Vec<WrittenOff>,
    /// Since this revision only the roster has changed: what staff saw then is still so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_since: Option<u64>,
    /// The node that made this revision, where many nodes serve the show: no two make the same one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<NodeId>,
}

const fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references over")]
const fn is_first(format: &u32) -> bool {
    *format == first()
}

/// A cue and the run made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The cue's number.
    pub cue: String,
    /// Its run.
    pub run: RunId,
}

/// The show's graphic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graphic {
    pub state: GraphicState,
    /// 0 question, 1 bars, 2 result, 3 winner.
    pub step: u8,
    /// Screens keep their last numbers.
    pub frozen: bool,
    /// When somebody last put something on the screens.
    #[serde(default)]
    pub shown: Micros,
    /// When somebody last let their numbers go on.
    #[serde(default)]
    pub thawed: Micros,
}

/// An unlocked action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Armed {
    pub what: Armable,
    pub run: Option<RunId>,
    pub until: Micros,
    pub by: String,
}

/// Who may take, and who asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    pub owner: Option<Staff>,
    pub requests: Vec<Staff>,
}

/// A session of a member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Staff {
    pub session: SessionId,
    pub name: String,
    pub role: Role,
}

impl Document {
    /// A show's first revision: in rehearsal, nothing on.
    pub fn new(id: ShowId, title: String, rundown: Vec<Cue>, salt: String) -> Self {
        Self {
            format: first(),
            id,
            title,
            salt,
            epoch: 1,
            revision: 1,
            previous: String::new(),
            languages: Languages::default(),
            sites: Sites::default(),
            policy: Policy::default(),
            keep: Keep::default(),
            voter_key_gone: None,
            rehearsal: true,
            rundown,
            entries: Entries::default(),
            platforms: Vec::new(),
            marked: BTreeMap::new(),
            standby: None,
            program: None,
            place: None,
            graphic: Graphic {
                state: GraphicState::Cleared,
                step: 0,
                frozen: false,
                shown: Micros(0),
                thawed: Micros(0),
            },
            runs: Vec::new(),
            armed: Vec::new(),
            proposals: Vec::new(),
            control: Control::default(),
            changed_from: None,
            keys: Vec::new(),
            roster: Vec::new(),
            written_off: Vec::new(),
            quiet_since: None,
            made_by: None,
        }
    }

    /// The next revision, still to be changed: its number counts on and it names this one.
    pub fn succeed(&self) -> Self {
        Self { revision: self.revision + 1, previous: self.hash(), quiet_since: None, ..self.clone() }
    }

    /// Notes when something was put on the screens, or let go on there, that was not so before.
    pub(super) fn note_shown(&mut self, before: &Self, now: Micros) {
        let (was, is) = (before.graphic, &mut self.graphic);
        let is_other = (is.state, is.step, &self.program) != (was.state, was.step, &before.program);
        if is_other && is.state == GraphicState::OnAir {
            is.shown = now;
        }
        if was.frozen && !is.frozen {
            is.thawed = now;
        }
    }

    /// Raises the format where the rundown has what an older release would drop unread: kinds, changes, other languages,
    /// platforms, windows of segments, cues beside the rundown or with options or votes of others.
    pub fn tell_format(&mut self) {
        let is_new = |cue: &Cue| {
            let Interaction { kind, changeable, texts, .. } = &cue.interaction;
            !kind.is_poll() || *changeable || !texts.is_empty()
        };
        if self.languages != Languages::default() || self.sites != Sites::default() || self.rundown.iter().any(is_new) {
            self.format = self.format.max(FORMAT_WITH_KINDS);
        }
        let is_newer = |cue: &Cue| {
            cue.adlib || cue.carry.is_some() || !cue.options_from.is_empty() || !cue.interaction.windows.is_empty()
        };
        if !self.platforms.is_empty() || self.rundown.iter().any(is_newer) {
            self.format = self.format.max(FORMAT_WITH_PLATFORMS);
        }
        self.tell_policy();
        self.tell_keep();
    }

    /// Whether a page that shows this revision shows what is so now.
    pub fn is_seen_at(&self, revision: u64) -> bool {
        (self.quiet_since.unwrap_or(self.revision)..=self.revision).contains(&revision)
    }

    /// SHA-256 of the document's JSON, in hexadecimal.
    pub fn hash(&self) -> String {
        hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.to_json().as_bytes()).as_ref())
    }

    /// Reads a document as it is stored.
    ///
    /// # Errors
    /// This release must not touch it.
    pub fn read(json: &str) -> Result<Self, Unreadable> {
        /// The format alone: the rest may be of any shape.
        #[derive(Deserialize)]
        struct Told {
            #[serde(default = "first")]
            format: u32,
        }
        match serde_json::from_str(json)? {
            Told { format } if format > FORMAT => Err(Unreadable::Newer(format)),
            Told { .. } => Ok(serde_json::from_str(json)?),
        }
    }

    /// The document as it is stored.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a document is plain data")
    }

    /// How far platforms are behind now.
    pub fn delays(&self) -> impl Iterator<Item = Delay> {
        self.platforms.iter().map(|one| {
            let delay_ms = self.marked.get(&one.name).copied().unwrap_or(one.delay_ms);
            Delay { platform: one.name.clone(), delay_ms, jitter_ms: one.jitter_ms }
        })
    }

    /// A run by its id.
    pub fn run(&self, id: RunId) -> Option<&Run> {
        self.runs.iter().find(|run| run.id() == id)
    }

    /// A run by its id, to change it.
    pub fn run_mut(&mut self, id: RunId) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.id() == id)
    }

    /// The run on program.
    pub fn on_program(&self) -> Option<&Run> {
        self.run(self.program.as_ref()?.run)
    }

    /// Before the rundown is changed at the desk.
    pub(super) fn note_changed(&mut self) {
        if self.changed_from.is_none() {
            self.changed_from = Some(ShowFile::of(self).hash());
            self.format = self.format.max(FORMAT_WITH_PLATFORMS);
        }
    }

    /// Whether the cue says something else since this run was made of it.
    pub fn is_edited(&self, placed: &Placed) -> bool {
        let (Some(run), Some((_, cue))) = (self.run(placed.run), self.cue(&placed.cue)) else { return false };
        bracket::as_in(cue, run) != run.definition.interaction || !carry::is_as_in(cue, run)
    }

    /// Whether what is placed there comes from beside the rundown.
    pub fn is_adlib(&self, placed: Option<&Placed>) -> bool {
        placed.and_then(|placed| self.cue(&placed.cue)).is_some_and(|(_, cue)| cue.adlib)
    }

    /// The number of the next cue of the rundown, or of the one before: from what is on standby, else on program. From beside
    /// the rundown it goes on where it was left, and back is to there. From nowhere it is the first.
    pub fn neighbour(&self, forward: bool) -> Option<&str> {
        let placed = [&self.standby, &self.program].into_iter().flatten().find(|placed| !self.is_adlib(Some(placed)));
        if let (None, Some(left), false) = (placed, &self.place, forward) {
            return Some(left);
        }
        let from = placed.map(|placed| placed.cue.as_str()).or(self.place.as_deref());
        let mut cues = self.rundown.iter();
        let Some((from, _)) = from.and_then(|number| self.cue(number)) else {
            return cues.find(|cue| !cue.adlib).map(|cue| cue.number.as_str());
        };
        let cue =
            if forward { cues.skip(from + 1).find(|cue| !cue.adlib) } else { cues.take(from).rfind(|cue| !cue.adlib) };
        cue.map(|cue| cue.number.as_str())
    }

    /// A cue and its place in the rundown, by its number.
    pub fn cue(&self, number: &str) -> Option<(usize, &Cue)> {
        self.rundown.iter().enumerate().find(|(_, cue)| cue.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_tells_its_format_where_it_is_not_the_first() {
        let document = Document::new("s".parse().unwrap(), "S".to_owned(), Vec::new(), "00".repeat(16));
        let json = document.to_json();
        assert!(!json.contains("format"), "{json}");
        assert_eq!(Document::read(&json).unwrap(), document);
        let newer = json.replacen('{', &format!("{{\"format\":{},", FORMAT + 1), 1);
        assert!(matches!(Document::read(&newer), Err(Unreadable::Newer(format)) if format == FORMAT + 1));
        // Whatever else it says.
        assert!(matches!(Document::read("{\"format\":7,\"acts\":[]}"), Err(Unreadable::Newer(7))));
        assert!(matches!(Document::read("{}"), Err(Unreadable::Damaged(_))));
    }
}
