//! The kind of a cue: a word, or a table of its own.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{FileError, ReadCue, at, reactions, writing};
use crate::{
    base::limits,
    shows::kind::{Kind, Writing},
    wire::kind::Scale,
};

/// `kind`, as the file says it; what has a table of its own is a poll here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    #[default]
    Poll,
    HeadToHead,
    TugOfWar,
    Reactions,
    Applause,
    Questions,
    Texts,
}

impl Word {
    pub(super) fn is_poll(&self) -> bool {
        *self == Self::Poll
    }
}

/// What a cue says of its kind: `kind`, and the tables of kinds.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) kind: Word,
    pub(super) rating: Option<Spanned<Scale>>,
    pub(super) writing: Option<Writing>,
}

impl Said {
    /// What the file of a cue of this kind says.
    pub(super) fn of(kind: &Kind) -> Self {
        let word = |kind| Self { kind, ..Self::default() };
        match kind {
            Kind::Poll => word(Word::Poll),
            Kind::HeadToHead => word(Word::HeadToHead),
            Kind::TugOfWar => word(Word::TugOfWar),
            Kind::Rating(scale) => Self { rating: Some(Spanned::new(0..0, scale.clone())), ..Self::default() },
            Kind::Reactions => word(Word::Reactions),
            Kind::Applause => word(Word::Applause),
            Kind::Questions(writing) => Self { writing: writing::said(writing), ..word(Word::Questions) },
            Kind::Texts(writing) => Self { writing: writing::said(writing), ..word(Word::Texts) },
        }
    }
}

/// The kind of a cue, with the options that follow from it.
pub(super) fn kind(text: &str, place: usize, entry: &ReadCue, options: &mut Vec<String>) -> Result<Kind, FileError> {
    if let Some(kind) = writing::kind(entry.kind, entry.writing.as_ref()).map_err(|detail| at(text, place, detail))? {
        let votes = !options.is_empty() || entry.votes != 1 || entry.per_option.is_some() || entry.rules.is_some();
        if votes || entry.confirm || entry.prepare || entry.changeable {
            let detail = "the audience writes here and does not vote: leave out options, votes, per_option, rules, \
                          changeable, confirm and prepare";
            return Err(at(text, place, detail.to_owned()));
        }
        return Ok(kind);
    }
    if let Some(buttons) = reactions::buttons(entry).map_err(|detail| at(text, place, detail))? {
        *options = buttons;
        return Ok(if entry.kind == Word::Applause { Kind::Applause } else { Kind::Reactions });
    }
    let kind = match (&entry.kind, &entry.rating) {
        (Word::Poll, Some(scale)) => {
            let place = scale.span().start;
            *options = steps(scale.get_ref(), options.len(), entry.votes).map_err(|detail| at(text, place, detail))?;
            Kind::Rating(scale.get_ref().clone())
        }
        (_, Some(table)) => {
            return Err(at(text, table.span().start, "this table is a kind of its own: leave kind out".into()));
        }
        (Word::HeadToHead, None) => Kind::HeadToHead,
        (Word::TugOfWar, None) => Kind::TugOfWar,
        (_, None) => Kind::Poll,
    };
    if !(2..=limits::OPTIONS_MAX).contains(&options.len()) {
        let place = entry.question.span().start;
        return Err(at(text, place, format!("this question needs 2 to {} options", limits::OPTIONS_MAX)));
    }
    Ok(kind)
}

/// The options of a rating. An error says what is wrong and the mend.
fn steps(scale: &Scale, options: usize, votes: u16) -> Result<Vec<String>, String> {
    let Scale { from, to, step, low, high } = scale;
    let way = i64::from(*to) - i64::from(*from);
    if options > 0 || votes != 1 {
        return Err(
            "a rating makes its options of its scale, and each voter gives one: leave options and votes out".into()
        );
    }
    if way <= 0 || *step == 0 || way % i64::from(*step) != 0 {
        return Err(format!("rating: no whole number of steps of {step} leads from {from} up to {to}"));
    }
    let count = way / i64::from(*step) + 1;
    if usize::try_from(count).is_ok_and(|count| count > limits::OPTIONS_MAX) {
        return Err(format!("rating: that are {count} steps; give at most {}: a larger step", limits::OPTIONS_MAX));
    }
    for (key, words) in [("low", low), ("high", high)] {
        if words.chars().count() > limits::TEXT_CHARS_MAX || words.chars().any(char::is_control) {
            return Err(format!(
                "rating: {key} is at most {} characters, without a line break",
                limits::TEXT_CHARS_MAX
            ));
        }
    }
    Ok(scale.values().map(|value| value.to_string()).collect())
}
