//! Corrections in an export: which seal corrects which, and what was corrected, in words.

use crate::{
    ballots::manifest::{Manifest, Signed},
    shows::{
        carry::Pinned,
        correction::{Correction, in_words, leaves_out},
        kind::Kind,
    },
    wire::server::Phase,
};

use super::file::Contents;

/// The revision that corrects a manifest, if it was in force before the newest one.
pub(super) fn corrected_by(newest: &(Signed, Manifest), signed: &Signed, all: &[(Signed, Manifest)]) -> Option<u32> {
    let (mut at, hash) = (&newest.1, signed.hash());
    // As many steps as there are seals: who forges a circle is not followed for ever.
    for _ in all {
        let corrects = &at.correction.as_ref()?.corrects;
        if *corrects == hash {
            return Some(at.revision);
        }
        at = &all.iter().find(|(other, _)| other.hash() == *corrects)?.1;
    }
    None
}

/// What became of the result whose votes a manifest carries over, in words. `None`: it stands, as far as the file says.
pub(super) fn carried_since(contents: &Contents, manifest: &Manifest, all: &[(Signed, Manifest)]) -> Option<String> {
    let Pinned { cue, run, manifest: hash, .. } = manifest.definition.carries.as_ref()?;
    let source = contents.runs.iter().find(|line| line.run == *run)?;
    if source.state == Phase::Void {
        return Some(format!(
            "ATTENTION: run {run} of cue {cue}, whose votes are carried over, was declared void since"
        ));
    }
    if source.manifest_hash.as_ref() != Some(hash) {
        return Some(format!(
            "ATTENTION: run {run} of cue {cue}, whose votes are carried over, has another result since"
        ));
    }
    let (_, source) = all.iter().find(|(signed, _)| signed.hash() == *hash)?;
    carried_since(contents, source, all)
}

/// How a result was corrected, in words.
pub(super) fn corrected(manifest: &Manifest, correction: &Correction) -> String {
    let Correction { reason, by: [proposed, confirmed], .. } = correction;
    let (options, mut parts) = (&manifest.definition.interaction.options, Vec::new());
    if !correction.excluded.is_empty() {
        let ballots =
            manifest.by_entry.iter().filter(|line| leaves_out(&correction.excluded, &manifest.definition, line.entry));
        let ballots: u64 = ballots.map(|line| line.counted).sum();
        parts.push(format!("left out of it: {} ({ballots} ballots)", in_words(&correction.excluded)));
    }
    if let Some(declared) = &manifest.declared {
        let labels = options.iter().zip(&correction.declared);
        let values = labels.map(|(label, value)| format!("{label} {}", thousandth(*value)));
        let places = declared.outcome.iter().flat_map(|outcome| &outcome.places);
        let first = places.filter(|place| place.rank == 1).map(|place| format!("option {}", place.n));
        let first = first.collect::<Vec<_>>().join(", ");
        let first = if first.is_empty() { first } else { format!("; first: {first}") };
        parts.push(format!("declared, not counted: {}{first}", values.collect::<Vec<_>>().join(", ")));
    }
    if let Kind::Quiz(quiz) = &manifest.definition.interaction.kind {
        let label = |n: &u16| options.get(usize::from(*n).wrapping_sub(1)).map_or("?", String::as_str);
        let named = |right: &[u16]| right.iter().map(label).collect::<Vec<_>>().join(", ");
        parts.push(match &*correction.right {
            [] if parts.is_empty() => {
                format!("nothing is left out, and right is what the cue says: {}", named(&quiz.right))
            }
            [] => format!("right is what the cue says: {}", named(&quiz.right)),
            right => format!("declared right: {}, not {}", named(right), named(&quiz.right)),
        });
    }
    if parts.is_empty() {
        parts.push("what was counted stands again".to_owned());
    }
    format!("{}; by {proposed} and {confirmed}: {reason}", parts.join("; "))
}

fn thousandth(value: u64) -> String {
    let (whole, rest) = (value / 1000, value % 1000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:03}").trim_end_matches('0').to_owned() }
}
