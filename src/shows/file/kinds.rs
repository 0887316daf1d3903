//! The kind of a cue: a word, or a table of its own.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{FileError, ReadCue, at, reactions, writing};
use crate::{
    base::limits,
    shows::kind::{Kind, Prediction, Quiz, Worth, Writing},
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
    pub(super) quiz: Option<Spanned<QuizTable>>,
    pub(super) prediction: Option<Spanned<PredictionTable>>,
}

impl Said {
    /// What the file of a cue of this kind says.
    pub(super) fn of(kind: &Kind) -> Self {
        let word = |kind| Self { kind, ..Self::default() };
        match kind {
            Kind::Poll => word(Word::Poll),
            Kind::HeadToHead => word(Word::HeadToHead),
            Kind::TugOfWar => word(Word::TugOfWar),
            Kind::Rating(scale) => Self { rating: Some(unplaced(scale.clone())), ..Self::default() },
            Kind::Reactions => word(Word::Reactions),
            Kind::Applause => word(Word::Applause),
            Kind::Questions(writing) => Self { writing: writing::said(writing), ..word(Word::Questions) },
            Kind::Texts(writing) => Self { writing: writing::said(writing), ..word(Word::Texts) },
            Kind::Quiz(quiz) => Self { quiz: Some(unplaced(QuizTable::of(quiz))), ..Self::default() },
            Kind::Prediction(Prediction { points, round }) => {
                let table = PredictionTable { points: *points, round: round.clone() };
                Self { prediction: Some(unplaced(table)), ..Self::default() }
            }
        }
    }
}

/// The kind of a cue, with the options that follow from it.
pub(super) fn kind(text: &str, place: usize, entry: &ReadCue, options: &mut Vec<String>) -> Result<Kind, FileError> {
    if let Some(kind) = writing::kind(entry.kind, entry.writing.as_ref()).map_err(|detail| at(text, place, detail))? {
        let votes = !options.is_empty() || entry.votes != 1 || entry.per_option.is_some() || entry.rules.is_some();
        let asks =
            entry.rating.is_some() || entry.quiz.is_some() || entry.prediction.is_some() || entry.reactions.is_some();
        if votes || asks || entry.confirm || entry.prepare || entry.changeable {
            let detail = "the audience writes here and does not vote: leave out options, votes, per_option, rules, \
                          changeable, confirm, prepare and the tables of other kinds";
            return Err(at(text, place, detail.to_owned()));
        }
        return Ok(kind);
    }
    if let Some(buttons) = reactions::buttons(entry).map_err(|detail| at(text, place, detail))? {
        *options = buttons;
        return Ok(if entry.kind == Word::Applause { Kind::Applause } else { Kind::Reactions });
    }
    let kind = table(text, entry, options)?;
    if !(2..=limits::OPTIONS_MAX).contains(&options.len()) {
        let place = entry.question.span().start;
        return Err(at(text, place, format!("this question needs 2 to {} options", limits::OPTIONS_MAX)));
    }
    Ok(kind)
}

/// The kind that a table makes, or one of the words.
fn table(text: &str, entry: &ReadCue, options: &mut Vec<String>) -> Result<Kind, FileError> {
    let ReadCue { kind, rating, quiz, prediction, votes, window_s, .. } = entry;
    let places =
        [rating.as_ref().map(Spanned::span), quiz.as_ref().map(Spanned::span), prediction.as_ref().map(Spanned::span)];
    let mut places = places.into_iter().flatten().map(|span| span.start);
    let Some(place) = places.next() else {
        return Ok(match kind {
            Word::HeadToHead => Kind::HeadToHead,
            Word::TugOfWar => Kind::TugOfWar,
            _ => Kind::Poll,
        });
    };
    if !kind.is_poll() || places.next().is_some() {
        return Err(at(text, place, "this table is a kind of its own: leave kind, and other such tables, out".into()));
    }
    if entry.changeable && rating.is_none() {
        return Err(at(text, place, "the first answer counts: leave changeable out".into()));
    }
    let read = match (rating, quiz, prediction) {
        (Some(scale), ..) => steps(scale.get_ref(), options.len(), *votes).map(|steps| {
            *options = steps;
            Kind::Rating(scale.get_ref().clone())
        }),
        (_, Some(quiz), _) => quiz.get_ref().read(options.len(), *votes, *window_s).map(Kind::Quiz),
        (.., Some(prediction)) => prediction.get_ref().read(*votes).map(Kind::Prediction),
        _ => Ok(Kind::Poll),
    };
    read.map_err(|detail| at(text, place, detail))
}

fn unplaced<T>(table: T) -> Spanned<T> {
    Spanned::new(0..0, table)
}

/// `[cue.quiz]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuizTable {
    right: Vec<u16>,
    #[serde(default = "points_max")]
    points_max: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    points_min: Option<u32>,
    #[serde(default)]
    full_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    least_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    round: String,
}

/// `[cue.prediction]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PredictionTable {
    #[serde(default = "points_max")]
    points: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    round: String,
}

fn points_max() -> u32 {
    1000
}

/// After how long a right answer is worth the least, where neither the cue nor its window says it.
const LEAST_MS_DEFAULT: u64 = 30_000;

impl QuizTable {
    fn of(quiz: &Quiz) -> Self {
        let Worth { points_max, points_min, full_ms, least_ms } = quiz.worth;
        let (points_min, least_ms) = (Some(points_min), Some(least_ms));
        Self { right: quiz.right.clone(), points_max, points_min, full_ms, least_ms, round: quiz.round.clone() }
    }

    /// The quiz of a question with so many options. An error says what is wrong and the mend.
    pub(super) fn read(&self, options: usize, votes: u16, window_s: Option<u32>) -> Result<Quiz, String> {
        let Self { points_max, full_ms, .. } = *self;
        let mut right = self.right.clone();
        right.sort_unstable();
        right.dedup();
        if right.is_empty() || right.len() == options || !right.iter().all(|n| (1..=options).contains(&usize::from(*n)))
        {
            return Err(format!(
                "quiz: right names the right options by their numbers, 1 to {options}, and not all of them"
            ));
        }
        one_vote("quiz", votes)?;
        let points_min = self.points_min.unwrap_or(points_max / 2);
        if points_max == 0 || points_max > limits::POINTS_MAX || points_min > points_max {
            return Err(format!("quiz: points_max is 1 to {}, and points_min at most as much", limits::POINTS_MAX));
        }
        let window_ms = window_s.map(|seconds| u64::from(seconds) * 1000);
        let least_ms = self.least_ms.or(window_ms).unwrap_or(LEAST_MS_DEFAULT);
        if full_ms > least_ms || least_ms > u64::from(limits::WINDOW_S_MAX) * 1000 {
            return Err(
                "quiz: full_ms comes before least_ms, which is the length of the window if it is left out".into()
            );
        }
        let worth = Worth { points_max, points_min, full_ms, least_ms };
        Ok(Quiz { right, worth, round: round("quiz", &self.round)? })
    }
}

impl PredictionTable {
    /// The prediction. An error says what is wrong and the mend.
    pub(super) fn read(&self, votes: u16) -> Result<Prediction, String> {
        one_vote("prediction", votes)?;
        if self.points == 0 || self.points > limits::POINTS_MAX {
            return Err(format!("prediction: points is 1 to {}", limits::POINTS_MAX));
        }
        Ok(Prediction { points: self.points, round: round("prediction", &self.round)? })
    }
}

fn one_vote(kind: &str, votes: u16) -> Result<(), String> {
    if votes == 1 { Ok(()) } else { Err(format!("{kind}: each voter gives one answer: leave votes out")) }
}

fn round(kind: &str, name: &str) -> Result<String, String> {
    if name.chars().count() > limits::ROUND_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(format!("{kind}: round is a name of at most {} characters", limits::ROUND_CHARS_MAX));
    }
    Ok(name.trim().to_owned())
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
