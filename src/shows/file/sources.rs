//! The part of a cue that says from which results its options come.

use serde::{Deserialize, Serialize};

use super::{ReadCue, kinds::Word};
use crate::shows::{bracket::Source, rundown::Cue};

/// One of `options_from`: a cue's number means its winner.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum SourceTable {
    Winner(String),
    Place(Place),
}

/// `{ cue = "3", place = 2 }`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    cue: String,
    place: u16,
}

/// Where the options come from; `options` then say so until they are known.
pub(super) fn sources(entry: &ReadCue, options: &mut Vec<String>) -> Result<Vec<Source>, String> {
    let ReadCue { options_from, rating, quiz, prediction, .. } = entry;
    if options_from.is_empty() {
        return Ok(Vec::new());
    }
    let asks = matches!(entry.kind, Word::Poll | Word::HeadToHead | Word::TugOfWar);
    if !asks || !options.is_empty() || rating.is_some() || quiz.is_some() || prediction.is_some() {
        return Err("options_from gives a poll its options: leave options and other kinds out".to_owned());
    }
    let source = |table: &SourceTable| match table {
        SourceTable::Winner(cue) => Source { cue: cue.clone(), place: 1 },
        SourceTable::Place(Place { cue, place }) => Source { cue: cue.clone(), place: *place },
    };
    let sources: Vec<_> = options_from.iter().map(source).collect();
    *options = sources.iter().map(Source::label).collect();
    Ok(sources)
}

/// What the file of a cue says of it.
pub(super) fn said(cue: &Cue) -> Vec<SourceTable> {
    let table = |source: &Source| match source.place {
        1 => SourceTable::Winner(source.cue.clone()),
        place => SourceTable::Place(Place { cue: source.cue.clone(), place }),
    };
    cue.options_from.iter().map(table).collect()
}
