//! Whether the votes that a result carries over are those of the seal that it names. Pure, and the same lines here and offline.

use std::borrow::Cow;

use super::manifest::Manifest;
use crate::shows::carry::{Carried, Given, Pinned};

/// What differs, in words; `None`: nothing, or nothing is carried over. `sealed`: finds a manifest by its hash.
pub fn differs<'a>(manifest: &Manifest, sealed: impl FnOnce(&str) -> Option<Cow<'a, Manifest>>) -> Option<String> {
    let Pinned { cue, run, revision, manifest: hash, options } = manifest.definition.carries.as_ref()?;
    let named = format!("seal {revision} of run {run} (cue {cue})");
    let Some(source) = sealed(hash) else {
        return Some(format!(
            "votes of {named} are carried over, and its manifest is not here: export with the data directories of all nodes"
        ));
    };
    let (theirs, ours) = (&source.definition, &manifest.definition);
    let is_named = (&theirs.cue, theirs.run, source.revision) == (cue, *run, *revision);
    if !is_named || (&theirs.show, theirs.rehearsal) != (&ours.show, ours.rehearsal) {
        return Some(format!("votes are carried over that are not of {named}, as it says"));
    }
    if source.declared.is_some() {
        return Some(format!("votes of {named} are carried over, though its result is declared"));
    }
    let found = Carried::of(&given(&source), options, &ours.entries);
    let told = |carried: &Carried| format!("{:?}", carried.votes);
    match &manifest.carried {
        Some(said) if *said == found && options.len() == ours.interaction.options.len() => None,
        Some(said) if said.votes == found.votes => Some(format!(
            "votes of {named} are carried over, by other entries than they came by there, or with others missing"
        )),
        said => {
            let (said, found) = (said.as_ref().map_or("none".to_owned(), told), told(&found));
            Some(format!("votes of {named} are carried over: the manifest says {said}, that seal {found}"))
        }
    }
}

/// What a seal hands on.
fn given(source: &Manifest) -> Given<'_> {
    Given {
        definition: &source.definition,
        totals: &source.totals,
        by_entry: &source.by_entry,
        carried: source.carried.as_ref(),
        correction: source.correction.as_ref(),
        outstanding: source.outstanding,
    }
}

/// What is carried over, in words.
pub fn in_words(manifest: &Manifest) -> Option<String> {
    let Pinned { cue, run, revision, .. } = manifest.definition.carries.as_ref()?;
    let labels = manifest.definition.interaction.options.iter();
    let parts = labels
        .zip(manifest.votes().iter().zip(&manifest.totals))
        .map(|(label, (sum, own))| format!("{label} {} and {own} of its own", sum.saturating_sub(*own)));
    Some(format!(
        "carried over from seal {revision} of run {run} (cue {cue}): {}",
        parts.collect::<Vec<_>>().join(", ")
    ))
}

#[cfg(test)]
mod tests;
