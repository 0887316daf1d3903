//! Votes that are carried over: a cue names an earlier one, and its run begins with the votes of that one's result. Which result
//! that is stands in the run's definition; the figures stand beside it, and anybody can make them again of that seal. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    bracket::asked,
    correction::{Correction, leaves_out},
    document::Document,
    entries::Entries,
    interaction::{Interaction, Visibility},
    kind::Kind,
    run::{ByEntry, Definition, Run, SealSummary},
    rundown::Cue,
    transition::{Refusal, not_now, phase_word},
};
use crate::{
    base::{clock::Micros, ids::RunId, limits},
    wire::{outcome::Polarity, seal::CarriedChange},
};

/// What a cue takes over.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Carry {
    /// The number of a cue before this one.
    pub cue: String,
    /// Of each option its number there, 0: it is new here. Empty: options of the same name are the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<u16>,
}

/// The result that a run carries on: frozen with its rules.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// The number of its cue.
    pub cue: String,
    pub run: RunId,
    /// The seal that was in force, and SHA-256 of its manifest.
    pub revision: u32,
    pub manifest: String,
    /// Of each option its number there; 0: it was not there.
    pub options: Vec<u16>,
}

/// What is carried over, by the options and entries of the run that it counts in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// Votes per option.
    pub votes: Vec<u64>,
    /// The same votes by entry, where there are some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_entry: Vec<CarriedLine>,
    /// Votes that may be missing among them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missing: u64,
}

/// What is carried over of those who came by one entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedLine {
    /// Its number in the run's definition; 0: by none.
    pub entry: u8,
    /// Votes per option.
    pub votes: Vec<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Who may not see the numbers that a run begins with, and so none of it before its reveal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Withheld {
    pub viewers: bool,
    pub screens: bool,
    pub operators: bool,
}

impl Withheld {
    /// From nobody.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// From whom the numbers of a verified run are withheld.
    fn of(run: &Run) -> Self {
        let is_withheld = |see, before| match see {
            Visibility::Never => true,
            Visibility::OnReveal => run.revealed_at.is_none(),
            _ => before && run.revealed_at.is_none(),
        };
        let Interaction { viewers_see, screens_see, operators_see, .. } = run.definition.interaction;
        let Self { viewers, screens, operators } = run.withheld;
        Self {
            viewers: is_withheld(viewers_see, viewers),
            screens: is_withheld(screens_see, screens),
            operators: is_withheld(operators_see, operators),
        }
    }
}

/// A seal, as far as its votes can be carried over.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub definition: &'a Definition,
    /// Votes per option of its own ballots, without those that are left out.
    pub totals: &'a [u64],
    pub by_entry: &'a [ByEntry],
    pub carried: Option<&'a Carried>,
    pub correction: Option<&'a Correction>,
    pub outstanding: u64,
}

impl<'a> Given<'a> {
    fn of(run: &'a Run, seal: &'a SealSummary) -> Self {
        Self {
            definition: &run.definition,
            totals: &seal.totals,
            by_entry: &seal.by_entry,
            carried: run.carried.as_ref(),
            correction: seal.correction.as_ref(),
            outstanding: seal.outstanding,
        }
    }
}

impl Carried {
    /// What a seal hands on to a run with these entries. `options`: of each option its number in the seal, or 0.
    pub fn of(given: &Given<'_>, options: &[u16], into: &Entries) -> Self {
        let Given { definition, totals, by_entry, carried, correction, outstanding } = given;
        let own = correction.map_or(&[][..], |one| &one.excluded);
        let left = by_entry.iter().filter(|line| !leaves_out(own, definition, line.entry)).cloned().collect();
        let (all, lines) = sum(definition, (totals.to_vec(), left), *carried, *correction);
        let pick = |votes: &[u64]| -> Vec<u64> {
            options.iter().map(|n| votes.get(usize::from(*n).wrapping_sub(1)).copied().unwrap_or(0)).collect()
        };
        let mut by_number: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
        for ByEntry { entry, votes, .. } in &lines {
            let number = definition.entries.get(*entry).map_or(0, |entry| into.number_of(entry));
            add(by_number.entry(number).or_insert_with(|| vec![0; options.len()]), &pick(votes));
        }
        let votes = pick(&all);
        if lines.is_empty() && into.declared().next().is_some() {
            by_number.insert(0, votes.clone());
        }
        let Interaction { votes: spent, changeable, .. } = definition.interaction;
        let missing = outstanding.saturating_mul(u64::from(spent) * (1 + u64::from(changeable)));
        let some = by_number.into_iter().filter(|(_, votes)| votes.iter().any(|votes| *votes > 0));
        Self {
            votes,
            by_entry: some.map(|(entry, votes)| CarriedLine { entry, votes }).collect(),
            missing: missing.saturating_add(carried.map_or(0, |before| before.missing)),
        }
    }

    /// The votes by entry as lines; where there are no entries, all of them came by none.
    fn lines(&self) -> Vec<ByEntry> {
        let line = |entry, votes: &[u64]| ByEntry { entry, counted: 0, votes: votes.to_vec(), late_votes: Vec::new() };
        match &*self.by_entry {
            [] => vec![line(0, &self.votes)],
            lines => lines.iter().map(|one| line(one.entry, &one.votes)).collect(),
        }
    }
}

/// Votes of a run's own ballots, and the lines that they come from, with those that are carried over. What a correction leaves
/// out is left out of both; of the own ones it was already.
pub fn sum(
    definition: &Definition,
    (mut votes, mut lines): (Vec<u64>, Vec<ByEntry>),
    carried: Option<&Carried>,
    correction: Option<&Correction>,
) -> (Vec<u64>, Vec<ByEntry>) {
    let Some(carried) = carried else { return (votes, lines) };
    let excluded = correction.map_or(&[][..], |one| &one.excluded);
    let counts = |line: &ByEntry| excluded.is_empty() || !leaves_out(excluded, definition, line.entry);
    let left: Vec<_> = carried.lines().into_iter().filter(counts).collect();
    left.iter().for_each(|line| add(&mut votes, &line.votes));
    // A run without entries has no lines: its votes are all that there is.
    if !lines.is_empty() {
        lines.extend(left);
    }
    (votes, lines)
}

fn add(sum: &mut [u64], votes: &[u64]) {
    sum.iter_mut().zip(votes).for_each(|(sum, more)| *sum = sum.saturating_add(*more));
}

/// Whether every cue of a rundown may carry over what it says, where it stands.
///
/// # Errors
/// What is wrong, and the mend.
pub(super) fn stands(rundown: &[Cue]) -> Result<(), String> {
    let carrying = rundown.iter().filter(|cue| cue.carry.is_some()).count();
    if carrying > limits::CARRYING_CUES_MAX {
        let most = limits::CARRYING_CUES_MAX;
        return Err(format!("carry_from: at most {most} cues of a show carry votes over: leave it out of some"));
    }
    let one = |(place, cue): (usize, &Cue)| match &cue.carry {
        Some(carry) => check(carry, cue, &rundown[..place]).map_err(|detail| format!("cue {}: {detail}", cue.number)),
        None => Ok(()),
    };
    rundown.iter().enumerate().try_for_each(one)
}

fn check(carry: &Carry, cue: &Cue, before: &[Cue]) -> Result<(), String> {
    let from = &carry.cue;
    let Some(source) = before.iter().find(|one| one.number == *from) else {
        return Err(format!("carry_from: there is no cue {from} before this one: name one that is"));
    };
    if !carry.options.is_empty() && !cue.options_from.is_empty() {
        return Err(
            "carry_options: the options come from results, so they are found by their names: leave it out".into()
        );
    }
    rules_fit(from, &source.interaction, &cue.interaction)?;
    // Options that come from results have no names yet.
    if carry.options.is_empty() && !(cue.options_from.is_empty() && source.options_from.is_empty()) {
        return Ok(());
    }
    numbers(carry, &source.interaction, &cue.interaction).map(|_| ())
}

/// Whether the votes of a question can count on in another one.
fn rules_fit(cue: &str, from: &Interaction, into: &Interaction) -> Result<(), String> {
    let takes = |asks: &Interaction| matches!(asks.kind, Kind::Poll | Kind::HeadToHead | Kind::TugOfWar);
    if !takes(into) {
        return Err("carry_from: only a poll or two sides carry votes over: leave it out".into());
    }
    if !takes(from) {
        return Err(format!("carry_from: cue {cue} is no poll: name another, or leave it out"));
    }
    if from.counting.polarity != into.counting.polarity {
        let words = |asks: &Interaction| match asks.counting.polarity {
            Polarity::Save => "stays",
            Polarity::Evict => "goes",
        };
        let (there, here) = (words(from), words(into));
        return Err(format!(
            "carry_from: in cue {cue} people vote for who {there}, here for who {here}: give both the same polarity"
        ));
    }
    let pools = |asks: &Interaction| {
        let mut names: Vec<_> = asks.counting.pools.iter().map(|pool| format!("{:?}", pool.name)).collect();
        names.sort_unstable();
        if names.is_empty() { "no pools".to_owned() } else { format!("the pools {}", names.join(", ")) }
    };
    let (there, here) = (pools(from), pools(into));
    if there != here {
        return Err(format!(
            "carry_from: cue {cue} has {there} and this one {here}: give both the same, what each gives may differ"
        ));
    }
    Ok(())
}

/// Of each option its number in the question that its votes come from; 0: it is new.
fn numbers(carry: &Carry, from: &Interaction, into: &Interaction) -> Result<Vec<u16>, String> {
    let (cue, there) = (&carry.cue, from.options.len());
    if carry.options.is_empty() {
        let number = |label: &String| match (1..).zip(&from.options).find(|(_, other)| *other == label) {
            Some((n, _)) => Ok(n),
            None => Err(format!(
                "carry_from: {label:?} is no option of cue {cue}: write it as there, or say in carry_options which each one is"
            )),
        };
        return into.options.iter().map(number).collect();
    }
    if carry.options.len() != into.options.len() {
        let options = into.options.len();
        return Err(format!(
            "carry_options: give {options} numbers, for each option its number in cue {cue}, 0 for a new one"
        ));
    }
    if let Some(wrong) = carry.options.iter().find(|n| usize::from(**n) > there) {
        return Err(format!("carry_options: cue {cue} has options 1 to {there}, and no {wrong}"));
    }
    let twice = |i: &usize| carry.options[*i] > 0 && carry.options[..*i].contains(&carry.options[*i]);
    if let Some(twice) = (1..carry.options.len()).find(twice) {
        return Err(format!("carry_options: {} is there twice: its votes count once", carry.options[twice]));
    }
    if carry.options.iter().all(|n| *n == 0) {
        return Err(format!("carry_options: no option was in cue {cue}: leave carry_from out"));
    }
    Ok(carry.options.clone())
}

/// What a run carries over that is made of a cue now.
pub(super) fn pinned(
    document: &Document,
    cue: &Cue,
    interaction: &Interaction,
    now: Micros,
) -> Result<Option<(Pinned, Carried)>, Refusal> {
    let Some(carry) = &cue.carry else { return Ok(None) };
    let (number, from) = (&cue.number, &carry.cue);
    let Some(run) = asked(document, from) else {
        return not_now(format!(
            "cue {number} carries over from cue {from}, which has no result that stands: hold it, seal and verify it first"
        ));
    };
    let verified = run.seal.as_ref().filter(|seal| seal.verified.is_some());
    let Some((revision, seal)) = verified.and_then(|seal| Some((seal.revision, seal.summary.as_ref()?))) else {
        let phase = phase_word(run.phase(now));
        return not_now(format!(
            "cue {number} carries over from cue {from}, which is {phase}: seal and verify it first"
        ));
    };
    if seal.correction.as_ref().is_some_and(|one| !one.declared.is_empty()) {
        return not_now(format!(
            "the result of cue {from} is declared, and no ballots are behind it to carry over: take that back, or leave carry_from out"
        ));
    }
    if changed(document, run) == Some(CarriedChange::Void) {
        return not_now(format!(
            "the result of cue {from} has votes of a run that was declared void since: void it and hold it again, or leave carry_from out"
        ));
    }
    let fits = || {
        rules_fit(from, &run.definition.interaction, interaction)?;
        numbers(carry, &run.definition.interaction, interaction)
    };
    let options = match fits() {
        Ok(options) => options,
        Err(detail) => return not_now(format!("cue {number}: {detail}")),
    };
    let given = Given::of(run, seal);
    if !interaction.counting.pools.is_empty()
        && let Some(gone) = retired(&given, &document.entries)
    {
        return not_now(format!(
            "votes of cue {from} came by an entry that the show has no more ({gone}): declare it again, or nobody knows in which pool they count"
        ));
    }
    let pinned = Pinned { cue: from.clone(), run: run.id(), revision, manifest: seal.manifest_hash.clone(), options };
    let carried = Carried::of(&given, &pinned.options, &document.entries);
    Ok(Some((pinned, carried)))
}

/// An entry by which votes came, and that is not declared any more.
fn retired(given: &Given<'_>, entries: &Entries) -> Option<String> {
    let own = given.by_entry.iter().map(|line| (line.entry, &line.votes));
    let before = given.carried.iter().flat_map(|carried| &carried.by_entry).map(|line| (line.entry, &line.votes));
    let some = own.chain(before).filter(|(_, votes)| votes.iter().any(|votes| *votes > 0));
    let mut named = some.filter_map(|(number, _)| given.definition.entries.get(number));
    named.find(|entry| entries.number_of(entry) == 0).map(ToString::to_string)
}

/// Before a run is taken: it begins with what still stands, and those who may see that by now see it.
pub(super) fn take(next: &mut Document, run: RunId) -> Result<(), Refusal> {
    still_so(next, run)?;
    tell(next, run);
    Ok(())
}

/// Whether the run on program may be opened, if it was not yet.
pub(super) fn may_open(document: &Document) -> Result<(), Refusal> {
    let waiting = document.on_program().filter(|run| run.windows.spans.is_empty());
    waiting.map_or(Ok(()), |run| still_so(document, run.id()))
}

/// Refuses a run whose votes from before are not the result of their cue any more.
fn still_so(document: &Document, run: RunId) -> Result<(), Refusal> {
    let Some(run) = document.run(run) else { return Ok(()) };
    let Some(Pinned { cue: from, run: pinned, manifest, .. }) = &run.definition.carries else { return Ok(()) };
    let source = asked(document, from).filter(|source| source.id() == *pinned);
    if source.and_then(Run::sealed).is_some_and(|seal| seal.manifest_hash == *manifest)
        && changed(document, run) != Some(CarriedChange::Void)
    {
        return Ok(());
    }
    let cue = &run.definition.cue;
    not_now(format!("cue {cue} went on standby when another result of cue {from} stood: put it there again"))
}

/// Notes who may see by now what a run begins with.
pub(super) fn tell(next: &mut Document, run: RunId) {
    let pinned = next.run(run).and_then(|run| run.definition.carries.as_ref());
    let withheld = pinned.and_then(|pinned| next.run(pinned.run)).map(Withheld::of);
    if let (Some(withheld), Some(run)) = (withheld, next.run_mut(run)) {
        run.withheld = withheld;
    }
}

/// What became of the result that a run carries on, or of one before that. `None`: it stands.
pub fn changed(document: &Document, run: &Run) -> Option<CarriedChange> {
    let pinned = run.definition.carries.as_ref()?;
    let source = document.run(pinned.run)?;
    if source.void.is_some() {
        return Some(CarriedChange::Void);
    }
    let is_other = source.sealed().is_some_and(|seal| seal.manifest_hash != pinned.manifest);
    changed(document, source).or(is_other.then_some(CarriedChange::Corrected))
}

/// Whether a run was made of what its cue says of this now.
pub(super) fn is_as_in(cue: &Cue, run: &Run) -> bool {
    match (&cue.carry, &run.definition.carries) {
        (None, None) => true,
        (Some(carry), Some(pinned)) => {
            carry.cue == pinned.cue && (carry.options.is_empty() || carry.options == pinned.options)
        }
        _ => false,
    }
}

/// Whether the votes of a run are carried on, or may be.
pub(super) fn is_needed(document: &Document, run: &Run) -> bool {
    let pins = |one: &Run| one.definition.carries.as_ref().is_some_and(|pinned| pinned.run == run.id());
    let awaits = |cue: &Cue| cue.carry.as_ref().is_some_and(|carry| carry.cue == run.definition.cue);
    let newest = || asked(document, &run.definition.cue).is_some_and(|one| one.id() == run.id());
    document.runs.iter().any(pins) || document.rundown.iter().any(awaits) && newest()
}

/// The runs that carry the votes of a run on.
pub fn carrying(document: &Document, run: RunId) -> impl Iterator<Item = &Run> {
    let pins = move |one: &&Run| one.definition.carries.as_ref().is_some_and(|pinned| pinned.run == run);
    document.runs.iter().filter(pins)
}

#[cfg(test)]
mod tests;
