//! One `[[cue]]`: what it says, and what is checked before air whatever its kind is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{
    FileError, at, checked,
    kinds::{self, PredictionTable, QuizTable, RatingTable, Said, Word},
    languages, parsed,
    reactions::Emoji,
    rules::Rules,
    sources::{self, SourceTable},
};
use crate::{
    base::limits,
    shows::{
        carry::Carry,
        interaction::{Interaction, Visibility},
        kind::{Kind, Writing},
        languages::Languages,
        rundown::Cue,
    },
    wire::{entry::Entry, server::Wording},
};

/// A cue with the places of its texts and tables.
pub(super) type ReadCue = CueTable<Spanned<String>, Spanned<Rules>, languages::WordingTable>;

/// One `[[cue]]`, with or without the places of its texts and tables.
#[derive(Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    bound(deserialize = "Text: Deserialize<'de>, Table: Deserialize<'de>, Words: Deserialize<'de>")
)]
pub(super) struct CueTable<Text, Table, Words> {
    pub(super) number: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) segment: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<Text>,
    #[serde(default, skip_serializing_if = "Word::is_poll")]
    pub(super) kind: Word,
    pub(super) question: Text,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub(super) options: Vec<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) options_from: Vec<SourceTable>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) carry_from: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) carry_options: Vec<u16>,
    #[serde(default = "one")]
    pub(super) votes: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) per_option: Option<u16>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) changeable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) window_s: Option<u32>,
    #[serde(default = "grace_default")]
    pub(super) grace_ms: u64,
    #[serde(default)]
    pub(super) opens_on_take: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) adlib: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) confirm: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) prepare: bool,
    #[serde(default = "after_close")]
    pub(super) viewers_see: Visibility,
    #[serde(default = "always")]
    pub(super) screens_see: Visibility,
    #[serde(default = "always", skip_serializing_if = "Visibility::is_always")]
    pub(super) operators_see: Visibility,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) writing: Option<Writing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rules: Option<Table>,
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) text: BTreeMap<String, Words>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rating: Option<Spanned<RatingTable>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reactions: Option<Emoji<Text>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quiz: Option<Spanned<QuizTable>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prediction: Option<Spanned<PredictionTable>>,
}

fn one() -> u16 {
    1
}
fn grace_default() -> u64 {
    limits::GRACE_MS_DEFAULT
}
fn after_close() -> Visibility {
    Visibility::AfterClose
}
fn always() -> Visibility {
    Visibility::Always
}

/// Reads one cue as a show file says it, for a show with these entries and languages.
pub fn read_cue(text: &str, entries: &[Entry], languages: &Languages) -> Result<Cue, FileError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct One {
        cue: Vec<Spanned<ReadCue>>,
    }
    let One { cue: cues } = parsed(text)?;
    match &*cues {
        [one] => cue(text, one, entries, languages),
        _ => Err(at(text, 0, format!("give one [[cue]], these are {}", cues.len()))),
    }
}

/// A cue of a show with these entries and languages.
pub(super) fn cue(
    text: &str,
    entry: &Spanned<ReadCue>,
    entries: &[Entry],
    languages: &Languages,
) -> Result<Cue, FileError> {
    let place = entry.span().start;
    let entry = entry.get_ref();
    let number = checked(text, &entry.number, "number")?;
    if number.chars().count() > 8 || !number.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-') {
        let place = entry.number.span().start;
        return Err(at(text, place, "a cue's number is 1 to 8 of A-Z, a-z, 0-9, . and -, like \"3A\"".into()));
    }
    let mut options = distinct(text, &entry.options)?;
    let options_from = sources::sources(entry, &mut options).map_err(|detail| at(text, place, detail))?;
    let kind = kinds::kind(text, place, entry, &mut options)?;
    let taps = kind.view(&[]).is_tapped();
    if entry.votes == 0 || entry.votes > limits::VOTES_PER_VOTER_MAX {
        return Err(at(text, place, format!("votes: give 1 to {}", limits::VOTES_PER_VOTER_MAX)));
    }
    if entry.per_option.is_some_and(|most| most == 0 || most > entry.votes) {
        return Err(at(text, place, format!("per_option: give 1 to {}, the votes of one voter", entry.votes)));
    }
    let per_option = usize::from(entry.per_option.unwrap_or(entry.votes));
    if kind.writing().is_none() && per_option * options.len() < usize::from(entry.votes) {
        return Err(at(text, place, "per_option: nobody could give all votes; raise it, or lower votes".into()));
    }
    if entry.window_s.is_some_and(|s| s == 0 || s > limits::WINDOW_S_MAX) {
        let detail = format!("window_s: give 1 to {}, or leave it out to close by hand", limits::WINDOW_S_MAX);
        return Err(at(text, place, detail));
    }
    if entry.grace_ms > limits::GRACE_MS_MAX {
        return Err(at(text, place, format!("grace_ms: give at most {}", limits::GRACE_MS_MAX)));
    }
    if entry.prepare && entry.opens_on_take {
        let detail =
            "prepare: the window opens on take, so nothing can be prepared before it; leave one of the two out";
        return Err(at(text, place, detail.to_owned()));
    }
    for (key, see) in [("screens_see", entry.screens_see), ("operators_see", entry.operators_see)] {
        if see == Visibility::AfterVote {
            let detail = format!("{key}: after_vote is for viewers; give always, after_close, on_reveal or never");
            return Err(at(text, place, detail));
        }
    }
    let optional = |value: &Option<Spanned<String>>, what| match value {
        Some(value) => checked(text, value, what),
        None => Ok(String::new()),
    };
    if matches!(kind, Kind::HeadToHead | Kind::TugOfWar) && options.len() != 2 {
        let place = entry.question.span().start;
        return Err(at(text, place, "this kind of question has two options: give two, or leave the kind out".into()));
    }
    let mut interaction = Interaction {
        kind,
        question: checked(text, &entry.question, "question")?,
        texts: languages::wordings(text, entry, languages)?,
        options,
        votes: if taps { 0 } else { entry.votes },
        per_option: entry.per_option,
        changeable: entry.changeable,
        window_s: entry.window_s,
        grace_ms: entry.grace_ms,
        opens_on_take: entry.opens_on_take,
        confirm: entry.confirm,
        prepare: entry.prepare,
        viewers_see: entry.viewers_see,
        screens_see: entry.screens_see,
        operators_see: entry.operators_see,
        ..Interaction::default()
    };
    if let Some(rules) = &entry.rules {
        let place = rules.span().start;
        rules.get_ref().put_into(&mut interaction, entries).map_err(|detail| at(text, place, detail))?;
    }
    let (segment, title) = (optional(&entry.segment, "segment")?, optional(&entry.title, "title")?);
    let carry = match (&entry.carry_from, &*entry.carry_options) {
        (Some(cue), options) => Some(Carry { cue: cue.clone(), options: options.to_vec() }),
        (None, []) => None,
        (None, _) => return Err(at(text, place, "carry_options: say carry_from, too, or leave it out".into())),
    };
    Ok(Cue { number, segment, title, adlib: entry.adlib, options_from, carry, interaction })
}

/// The options of a question: no two are the same.
pub(super) fn distinct(text: &str, options: &[Spanned<String>]) -> Result<Vec<String>, FileError> {
    let labels = options.iter().map(|one| checked(text, one, "option")).collect::<Result<Vec<_>, _>>()?;
    match (1..labels.len()).find(|i| labels[..*i].contains(&labels[*i])) {
        Some(twice) => {
            let place = options[twice].span().start;
            Err(at(text, place, format!("the option {:?} is there twice", labels[twice])))
        }
        None => Ok(labels),
    }
}

/// Writes one cue as a show file says it.
pub fn write_cue(cue: &Cue) -> String {
    #[derive(Serialize)]
    struct One<'a> {
        cue: [WrittenCue<'a>; 1],
    }
    toml::to_string_pretty(&One { cue: [table(cue)] }).expect("a cue is plain data")
}

/// One cue with the keys and values of its file, for a form.
pub fn fields(cue: &Cue) -> serde_json::Value {
    serde_json::to_value(table(cue)).expect("a cue is plain data")
}

/// A cue as it is written.
pub(super) type WrittenCue<'a> = CueTable<&'a str, Rules, Wording>;

/// What the file of a cue says.
pub(super) fn table(cue: &Cue) -> WrittenCue<'_> {
    let said = Said::of(&cue.interaction.kind);
    CueTable {
        number: cue.number.as_str(),
        segment: Some(cue.segment.as_str()).filter(|text| !text.is_empty()),
        title: Some(cue.title.as_str()).filter(|text| !text.is_empty()),
        kind: said.kind,
        writing: said.writing,
        question: &cue.interaction.question,
        // What follows from the kind is not said twice.
        options: match (&cue.interaction.kind, cue.interaction.takes_ballots()) {
            (Kind::Rating(_), _) | (_, false) => Vec::new(),
            _ if !cue.options_from.is_empty() => Vec::new(),
            _ => cue.interaction.options.iter().map(String::as_str).collect(),
        },
        options_from: sources::said(cue),
        carry_from: cue.carry.as_ref().map(|carry| carry.cue.clone()),
        carry_options: cue.carry.as_ref().map(|carry| carry.options.clone()).unwrap_or_default(),
        votes: cue.interaction.votes.max(1),
        per_option: cue.interaction.per_option,
        changeable: cue.interaction.changeable,
        window_s: cue.interaction.window_s,
        grace_ms: cue.interaction.grace_ms,
        opens_on_take: cue.interaction.opens_on_take,
        adlib: cue.adlib,
        confirm: cue.interaction.confirm,
        prepare: cue.interaction.prepare,
        viewers_see: cue.interaction.viewers_see,
        screens_see: cue.interaction.screens_see,
        operators_see: cue.interaction.operators_see,
        rules: Rules::of(&cue.interaction),
        text: cue.interaction.texts.clone(),
        rating: said.rating,
        reactions: Emoji::of(&cue.interaction),
        quiz: said.quiz,
        prediction: said.prediction,
    }
}
