//! Cues whose options are places of other cues' results: the winners of two semi-finals meet in the final. The options are
//! filled in when the cue goes on standby; until then they say where they will come from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    document::{Document, Placed},
    interaction::Interaction,
    kind::Kind,
    run::{Run, SealSummary},
    rundown::Cue,
    transition::{Refusal, not_now},
};
use crate::{
    base::limits,
    wire::{
        bracket::{Bracket, Match, Side},
        outcome::Polarity,
        server::Wording,
    },
};

/// Where an option comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The number of a cue before this one.
    pub cue: String,
    /// The place in its result, from 1.
    pub place: u16,
}

/// Each option's place in a sealed run, in the order of the options; equal ones share it.
pub type Ranks = fn(&Run, &SealSummary) -> Vec<u16>;

impl Source {
    /// What stands for the option until it is known.
    pub fn label(&self) -> String {
        match self.place {
            1 => format!("Winner of {}", self.cue),
            place => format!("Place {place} of {}", self.cue),
        }
    }
}

/// Whether a cue may take these options, after the cues before it.
///
/// # Errors
/// What is wrong, and the mend.
pub fn check(sources: &[Source], before: &[Cue]) -> Result<(), String> {
    for Source { cue, place } in sources {
        let Some(found) = before.iter().find(|one| one.number == *cue) else {
            return Err(format!("options_from: there is no cue {cue} before this one: name one that is"));
        };
        let Interaction { kind, options, counting, .. } = &found.interaction;
        if !matches!(kind, Kind::Poll | Kind::HeadToHead | Kind::TugOfWar) {
            return Err(format!("options_from: cue {cue} is no poll, so nobody wins it: name another"));
        }
        if counting.polarity == Polarity::Evict {
            return Err(format!("options_from: the first of cue {cue} goes and does not come on: name another"));
        }
        if !(1..=options.len()).contains(&usize::from(*place)) {
            return Err(format!("options_from: cue {cue} has places 1 to {}", options.len()));
        }
    }
    match (1..sources.len()).find(|i| sources[..*i].contains(&sources[*i])) {
        Some(twice) => Err(format!("options_from: {} is there twice", sources[twice].label().to_lowercase())),
        None => Ok(()),
    }
}

/// What a cue asks, with the options that are known by now.
pub(super) fn filled(document: &Document, cue: &Cue, ranks: Ranks) -> Result<Interaction, Refusal> {
    let mut interaction = cue.interaction.clone();
    if cue.options_from.is_empty() {
        return Ok(interaction);
    }
    let through =
        cue.options_from.iter().map(|source| through(document, source, ranks)).collect::<Result<Vec<_>, _>>()?;
    let labels = |language: Option<&str>| -> Vec<String> {
        let label = |(run, index): &(&Run, usize)| {
            let Interaction { options, texts, .. } = &run.definition.interaction;
            let translated = language.and_then(|language| texts.get(language)?.options.get(*index));
            translated.unwrap_or(&options[*index]).clone()
        };
        through.iter().map(label).collect()
    };
    interaction.options = labels(None);
    let spoken = through.iter().flat_map(|(run, _)| run.definition.interaction.texts.keys());
    for language in spoken.collect::<BTreeSet<_>>() {
        said_in(&mut interaction, language);
    }
    for (language, wording) in &mut interaction.texts {
        wording.options = labels(Some(language));
    }
    if serde_json::to_vec(&interaction.texts).map_or(0, |json| json.len()) > limits::WORDINGS_BYTES_MAX {
        let most = limits::WORDINGS_BYTES_MAX;
        return not_now(format!(
            "with who comes on, the texts in other languages are more than {most} bytes: shorten them"
        ));
    }
    if let Some(twice) = (1..through.len()).find(|i| interaction.options[..*i].contains(&interaction.options[*i])) {
        return not_now(format!(
            "{:?} would be there twice: cue {} cannot be asked",
            interaction.options[twice], cue.number
        ));
    }
    Ok(interaction)
}

/// Who comes on has a name in a language that the cue itself is not written in: its question stays as it is there.
fn said_in(interaction: &mut Interaction, language: &str) {
    let Interaction { texts, question, .. } = interaction;
    if !texts.contains_key(language) {
        texts.insert(language.to_owned(), Wording { question: question.clone(), ..Wording::default() });
    }
}

/// Refuses what was put on standby when others came on.
pub(super) fn still_so(document: &Document, placed: &Placed, ranks: Ranks) -> Result<(), Refusal> {
    let (Some((_, cue)), Some(run)) = (document.cue(&placed.cue), document.run(placed.run)) else { return Ok(()) };
    if cue.options_from.is_empty() || filled(document, cue, ranks)?.options == run.definition.interaction.options {
        return Ok(());
    }
    not_now(format!("cue {} went on standby when other results stood: put it there again", cue.number))
}

/// What a cue asks, with the options that one of its runs was filled with.
pub(super) fn as_in(cue: &Cue, run: &Run) -> Interaction {
    let (mut interaction, made) = (cue.interaction.clone(), &run.definition.interaction);
    if cue.options_from.len() == made.options.len() {
        interaction.options.clone_from(&made.options);
        for language in made.texts.keys() {
            said_in(&mut interaction, language);
        }
        for (language, wording) in &mut interaction.texts {
            let filled = made.texts.get(language).map(|filled| filled.options.clone());
            wording.options = filled.unwrap_or_default();
        }
    }
    interaction
}

/// Whether every cue of a rundown may take its options, where it stands.
///
/// # Errors
/// What is wrong, and the mend.
pub(super) fn stands(rundown: &[Cue]) -> Result<(), String> {
    let options: usize = rundown.iter().map(|cue| cue.options_from.len()).sum();
    if options > limits::BRACKET_OPTIONS_MAX {
        let most = limits::BRACKET_OPTIONS_MAX;
        return Err(format!("options_from: more than {most} options of a show come from results: leave some out"));
    }
    if texts_bytes(rundown) > limits::WORDINGS_BYTES_MAX {
        let most = limits::WORDINGS_BYTES_MAX;
        return Err(format!(
            "options_from: in other languages the bracket may be more than {most} bytes, and everybody gets all of it: shorten its texts"
        ));
    }
    rundown.iter().enumerate().try_for_each(|(place, cue)| {
        check(&cue.options_from, &rundown[..place]).map_err(|detail| format!("cue {}: {detail}", cue.number))
    })
}

/// How many bytes the texts of a bracket in other languages may come to: who comes on is the one with the longest name.
fn texts_bytes(rundown: &[Cue]) -> usize {
    // The language and what stands around a text.
    const AROUND: usize = 10;
    let awaited: BTreeSet<&str> = rundown.iter().flat_map(|cue| &cue.options_from).map(|one| &*one.cue).collect();
    // In how many languages each cue names its options at most, and how long.
    let mut names: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
    let mut bytes = 0;
    for cue in rundown {
        let (sources, Interaction { texts, options, .. }) = (&cue.options_from, &cue.interaction);
        if sources.is_empty() && !awaited.contains(&*cue.number) {
            continue;
        }
        let (mut languages, mut longest): (BTreeSet<&str>, _) = (texts.keys().map(String::as_str).collect(), 0);
        let own = texts.values().map(|wording| &wording.options);
        if sources.is_empty() {
            longest = own.clone().chain([options]).flatten().map(String::len).max().unwrap_or(0);
        }
        for (spoken, long) in sources.iter().filter_map(|source| names.get(&*source.cue)) {
            languages.extend(spoken);
            longest = longest.max(*long);
        }
        bytes += match sources.len() {
            0 => own.flatten().map(|label| label.len() + AROUND).sum::<usize>(),
            sides => sides * languages.len() * (longest + AROUND),
        };
        bytes += texts.values().map(|text| text.question.len() + text.segment.len() + 2 * AROUND).sum::<usize>();
        names.insert(&cue.number, (languages, longest));
    }
    bytes
}

/// The run that tells who is at this place, and the option.
fn through<'a>(document: &'a Document, source: &Source, ranks: Ranks) -> Result<(&'a Run, usize), Refusal> {
    let Source { cue, place } = source;
    let Some((run, summary)) = decided(document, cue) else {
        return not_now(format!("cue {cue} has no result yet: reveal it first, its places are options here"));
    };
    match standing(&ranks(run, summary), *place) {
        Some(index) => Ok((run, index)),
        None => {
            not_now(format!("place {place} of cue {cue} is shared: run it again, then its places are options here"))
        }
    }
}

/// The newest run of a cue that counts. What was only put on standby has asked nobody.
pub(super) fn asked<'a>(document: &'a Document, cue: &str) -> Option<&'a Run> {
    let counts = |run: &&Run| {
        let asked = !run.windows.spans.is_empty() && run.void.is_none();
        asked && run.definition.cue == cue && run.definition.rehearsal == document.rehearsal
    };
    document.runs.iter().rev().find(counts)
}

/// The newest run of a cue that counts, if it is revealed.
fn decided<'a>(document: &'a Document, cue: &str) -> Option<(&'a Run, &'a SealSummary)> {
    let run = asked(document, cue)?;
    run.revealed_at.and(run.sealed()).map(|summary| (run, summary))
}

/// The option that has a place for itself.
fn standing(ranks: &[u16], place: u16) -> Option<usize> {
    let mut there = (0..ranks.len()).filter(|index| ranks[*index] == place);
    there.next().filter(|_| there.next().is_none())
}

/// Whether a later cue may need what a run came to.
pub(super) fn is_awaited(document: &Document, run: &Run) -> bool {
    let cue = &run.definition.cue;
    let waits = |one: &&Cue| decided(document, &one.number).is_none();
    let mut waiting = document.rundown.iter().filter(waits).flat_map(|one| &one.options_from);
    waiting.any(|source| source.cue == *cue)
        && decided(document, cue).is_some_and(|(newest, _)| newest.id() == run.id())
}

/// Who came on from a cue as its winner, by a run that asked about them.
fn came_on(document: &Document, cue: &str) -> Option<String> {
    document.rundown.iter().find_map(|one| {
        let place = one.options_from.iter().position(|source| source.cue == cue && source.place == 1)?;
        asked(document, &one.number)?.definition.interaction.options.get(place).cloned()
    })
}

/// One text of a cue in the languages that it has it in, beside the first.
fn in_others(asks: &Interaction, text: impl Fn(&Wording) -> Option<&String>) -> BTreeMap<String, String> {
    asks.texts.iter().filter_map(|(language, wording)| Some((language.clone(), text(wording)?.clone()))).collect()
}

/// The cues that lead to one another, as everybody may know them. `None`: there are none.
pub fn view(document: &Document, ranks: Ranks) -> Option<Bracket> {
    let sources = || document.rundown.iter().flat_map(|cue| &cue.options_from);
    sources().next()?;
    let leads = |cue: &&Cue| !cue.options_from.is_empty() || sources().any(|source| source.cue == cue.number);
    let side = |cue: &Cue, index: usize| {
        let from = cue.options_from.get(index);
        let known = from.and_then(|source| through(document, source, ranks).ok());
        // Who was asked about is there, whatever became of the result that they came from.
        let who = match (asked(document, &cue.number), from, known) {
            (Some(run), ..) => Some((&run.definition.interaction, index)),
            (None, Some(_), Some((run, index))) => Some((&run.definition.interaction, index)),
            (None, Some(_), None) => None,
            (None, None, _) => Some((&cue.interaction, index)),
        };
        let labels = who.map(|(asks, index)| in_others(asks, |wording| wording.options.get(index)));
        Side {
            label: who.and_then(|(asks, index)| asks.options.get(index)).cloned(),
            labels: labels.unwrap_or_default(),
            from: from.map(|source| source.cue.clone()),
            place: from.map(|source| source.place),
        }
    };
    let mut rounds: BTreeMap<&str, u16> = BTreeMap::new();
    for cue in &document.rundown {
        let before = cue.options_from.iter().filter_map(|source| rounds.get(source.cue.as_str()));
        rounds.insert(&cue.number, 1 + before.max().copied().unwrap_or(0));
    }
    let one = |cue: &Cue| {
        let sides: Vec<_> = (0..cue.interaction.options.len()).map(|index| side(cue, index)).collect();
        let first = decided(document, &cue.number).and_then(|(run, summary)| {
            let index = standing(&ranks(run, summary), 1)?;
            Some(run.definition.interaction.options[index].clone())
        });
        // A run that has left the desk was won by whom a later one asked about.
        let first = first.or_else(|| came_on(document, &cue.number));
        // Who won is named as one of the sides, also where the cue was edited after it.
        let winner = first.and_then(|label| sides.iter().position(|side| side.label.as_ref() == Some(&label)));
        Match {
            cue: cue.number.clone(),
            name: cue.interaction.question.clone(),
            names: in_others(&cue.interaction, |wording| Some(&wording.question)),
            segment: cue.segment.clone(),
            segments: in_others(&cue.interaction, |wording| Some(&wording.segment).filter(|text| !text.is_empty())),
            round: rounds.get(cue.number.as_str()).copied().unwrap_or(1),
            winner: winner.and_then(|index| u16::try_from(index + 1).ok()),
            sides,
        }
    };
    Some(Bracket { matches: document.rundown.iter().filter(leads).map(one).collect() })
}

#[cfg(test)]
mod tests;
