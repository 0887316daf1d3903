//! The kind of a cue: a word, or a table of its own.

use num_traits::ToPrimitive;
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
    pub(super) rating: Option<Spanned<RatingTable>>,
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
            Kind::Rating(scale) => Self { rating: Some(unplaced(RatingTable::of(scale))), ..Self::default() },
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
    // The steps of a scale were counted where they were made.
    if !matches!(kind, Kind::Rating(_)) && !(2..=limits::OPTIONS_MAX).contains(&options.len()) {
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
        (Some(rating), ..) => rating.get_ref().read(options.len(), *votes).map(|(scale, steps)| {
            *options = steps;
            Kind::Rating(scale)
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

/// A number of a scale, as the file has it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Part(f64),
}

impl Number {
    /// So many parts of one.
    fn of(value: i64, scale: &Scale) -> Self {
        match scale.decimals {
            0 => Self::Whole(value),
            _ => Self::Part(scale.written(value).parse().unwrap_or_default()),
        }
    }

    /// In thousandths; `None`: it is none of whole thousandths.
    fn thousandths(self) -> Option<i64> {
        match self {
            Self::Whole(number) => number.checked_mul(1000),
            // What was written with three digits is nearer to its thousandth than this, wherever a scale can be.
            Self::Part(number) => {
                let near = (number * 1000.0).round();
                near.to_i64().filter(|_| (number * 1000.0 - near).abs() < 1e-3)
            }
        }
    }
}

/// `[cue.rating]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RatingTable {
    from: Number,
    to: Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<Number>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) unit: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) low: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) high: String,
}

impl RatingTable {
    fn of(scale: &Scale) -> Self {
        let number = |value| Number::of(value, scale);
        let is_one = i64::from(scale.step) == scale.parts();
        Self {
            from: number(scale.from.into()),
            to: number(scale.to.into()),
            step: (!is_one).then(|| number(scale.step.into())),
            unit: scale.unit.clone(),
            low: scale.low.clone(),
            high: scale.high.clone(),
        }
    }

    /// The scale, with the steps that are its options. An error says what is wrong and the mend.
    fn read(&self, options: usize, votes: u16) -> Result<(Scale, Vec<String>), String> {
        if options > 0 || votes != 1 {
            return Err(
                "a rating makes its options of its scale, and each voter gives one: leave options and votes out".into(),
            );
        }
        for (key, words, most) in [
            ("low", &self.low, limits::TEXT_CHARS_MAX),
            ("high", &self.high, limits::TEXT_CHARS_MAX),
            ("unit", &self.unit, limits::UNIT_CHARS_MAX),
        ] {
            if words.chars().count() > most || words.chars().any(char::is_control) {
                return Err(format!("rating: {key} is at most {most} characters, without a line break"));
            }
        }
        let numbers = [self.from, self.to, self.step.unwrap_or(Number::Whole(1))].map(Number::thousandths);
        let [Some(from), Some(to), Some(step)] = numbers else {
            return Err("rating: from, to and step have at most three digits behind the decimal point".into());
        };
        let mut decimals = 3;
        let mut by = 1;
        while decimals > 0 && [from, to, step].iter().all(|thousandths| thousandths % (by * 10) == 0) {
            decimals -= 1;
            by *= 10;
        }
        let fits = (i32::try_from(from / by), i32::try_from(to / by), u32::try_from(step / by));
        let (Ok(from), Ok(to), Ok(step)) = fits else {
            return Err(
                "rating: from and to are within 2147483647, of the smallest decimal, and step is not negative".into()
            );
        };
        let unit = self.unit.trim().to_owned();
        let scale = Scale { from, to, step, decimals, unit, low: self.low.clone(), high: self.high.clone() };
        let way = i64::from(to) - i64::from(from);
        if way <= 0 || step == 0 || way % i64::from(step) != 0 {
            let [from, to, step] = [from.into(), to.into(), i64::from(step)].map(|value| scale.written(value));
            return Err(format!("rating: no whole number of steps of {step} leads from {from} up to {to}"));
        }
        let count = way / i64::from(step) + 1;
        if usize::try_from(count).is_ok_and(|count| count > limits::RATING_STEPS_MAX) {
            let most = limits::RATING_STEPS_MAX;
            return Err(format!("rating: that are {count} steps; give at most {most}: a larger step"));
        }
        let tail = scale.tail();
        let steps = scale.values().map(|value| scale.written(value) + &tail).collect();
        Ok((scale, steps))
    }
}
