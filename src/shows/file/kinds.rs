//! The kind of a cue: a word, or a table of its own.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::{base::limits, shows::kind::Kind, wire::kind::Scale};

/// The kinds that have nothing of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Plain {
    #[default]
    Poll,
    HeadToHead,
    TugOfWar,
}

impl Plain {
    pub(super) fn is_poll(&self) -> bool {
        *self == Self::Poll
    }
}

/// What a cue says of its kind: `kind`, or one of the tables.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) kind: Plain,
    pub(super) rating: Option<Spanned<Scale>>,
}

impl Said {
    /// What the file of a cue of this kind says.
    pub(super) fn of(kind: &Kind) -> Self {
        let plain = |kind| Self { kind, ..Self::default() };
        match kind {
            Kind::Poll => plain(Plain::Poll),
            Kind::HeadToHead => plain(Plain::HeadToHead),
            Kind::TugOfWar => plain(Plain::TugOfWar),
            Kind::Rating(scale) => Self { rating: Some(Spanned::new(0..0, scale.clone())), ..Self::default() },
        }
    }
}

/// The options of a rating. An error says what is wrong and the mend.
pub(super) fn steps(scale: &Scale, options: usize, votes: u16) -> Result<Vec<String>, String> {
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
