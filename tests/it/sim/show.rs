//! The show of a simulation: its document and what staff may do with it, by the real commands.

use std::collections::BTreeMap;

use fastrand::Rng;
use tallylight::{
    base::{
        clock::Micros,
        ids::{RunId, SessionId},
    },
    shows::{
        counting::{Counting, Gives, Pool},
        document::{Document, Staff},
        entries::Entries,
        interaction::{Interaction, Visibility},
        platforms::Platform,
        rundown::Cue,
        segments::SegmentWindow,
        transition::{self, Context},
    },
    wire::{command::Command, entry::Entry, server::Role},
};

/// What staff do next with the run on program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Standby,
    Open,
    /// Change the windows as they like, until this moment.
    Live {
        until: u64,
    },
    /// Seal it once it is locked.
    Seal,
    /// The mark is on its way.
    Sealing,
    Done,
}

/// What a show asks.
#[derive(Debug, Clone, Copy)]
pub struct Questions {
    /// Runs, one after another.
    pub runs: usize,
    pub options: u16,
    /// Votes of one voter.
    pub votes: u16,
    pub changeable: bool,
    /// Who came by the first or the second entry has the windows later.
    pub platforms: bool,
    /// Who came by the first or the second entry are two segments of a jury, which count apart.
    pub pools: bool,
    /// Who came by the first entry has the windows after their first second, who came by the second one the first three.
    pub segments: bool,
    pub grace_ms: u64,
}

/// The show before anything happened.
pub fn document(questions: Questions) -> Document {
    let pool = |name: &str| Pool { name: name.into(), gives: Gives::Percent(50), each_segment: true };
    let pools = if questions.pools { vec![pool(""), pool("jury")] } else { Vec::new() };
    let window = |from_s, to_s| SegmentWindow { from_s, to_s };
    let windows = [("tv".to_owned(), window(1, None)), ("web".to_owned(), window(0, Some(3)))].into();
    let windows: BTreeMap<String, SegmentWindow> = windows;
    let cue = |number: usize| Cue {
        options_from: Vec::new(),
        carry: None,
        number: number.to_string(),
        segment: String::new(),
        title: String::new(),
        adlib: false,
        interaction: Interaction {
            question: "Who stays?".into(),
            options: (1..=questions.options).map(|n| format!("Option {n}")).collect(),
            votes: questions.votes,
            changeable: questions.changeable,
            grace_ms: questions.grace_ms,
            viewers_see: Visibility::Always,
            screens_see: Visibility::Always,
            windows: if questions.segments { windows.clone() } else { BTreeMap::new() },
            counting: Counting { pools: pools.clone(), ..Counting::default() },
            ..Interaction::default()
        },
    };
    let rundown = (1..=questions.runs).map(cue).collect();
    let document = Document::new("sim".parse().expect("a show id"), "Simulation".into(), rundown, "00".into());
    let came = |name: &str| {
        let in_jury = questions.pools && name != "hall";
        let segment = (in_jury || questions.segments).then(|| name.to_owned());
        Entry { segment, pool: in_jury.then(|| "jury".to_owned()), platform: Some(name.into()) }
    };
    let entries = Entries::default().declaring(&["tv", "web", "hall"].map(came)).expect("there are numbers");
    let behind =
        |name: &str, delay_ms, jitter_ms| Platform { name: name.into(), label: String::new(), delay_ms, jitter_ms };
    let platforms = vec![behind("tv", 400, 0), behind("web", 1900, 250)];
    match (questions.platforms, questions.pools || questions.segments) {
        (true, _) => Document { entries, platforms, ..document },
        (false, true) => Document { entries, ..document },
        (false, false) => document,
    }
}

/// The document after a command, and what it counts as. `None`: it was refused.
pub fn command(
    document: &Document,
    command: &Command,
    (now, fresh_run): (Micros, RunId),
    buckets: u16,
) -> Option<(Document, &'static str)> {
    let role = if matches!(command, Command::Seal { .. }) { Role::Producer } else { Role::Operator };
    let by = Staff { session: SessionId(1), name: "Op".into(), role };
    let context = Context { now, by, owner_present: true, fresh_run, ranks: tallylight::ballots::outcome::ranks };
    let mut next = transition::apply(document, command, &context).ok()?;
    if let (Command::Standby { .. }, Some(made)) = (command, next.runs.last_mut()) {
        // Few buckets bring more ballots together. Nobody has seen the definition yet.
        made.definition.buckets = buckets;
    }
    let counts_as = match command {
        Command::Close => "closes",
        Command::Extend { .. } => "extensions and reopenings",
        Command::Hold => "holds",
        Command::Release => "releases",
        _ => "other commands",
    };
    Some((next, counts_as))
}

/// A change of the windows, as staff like.
pub fn change(rng: &mut Rng) -> Option<Command> {
    match rng.u32(0..6) {
        0 => Some(Command::Close),
        1..=2 => Some(Command::Extend { seconds: rng.u32(1..4) }),
        3 => Some(Command::Hold),
        4 => Some(Command::Release),
        _ => None,
    }
}
