//! The offline check of an export: signatures, whether the file is whole, and a recount of every ballot against every
//! manifest. Needs the file and, to know who signed, a key that came another way.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    io::BufRead,
};

use anyhow::Context as _;
use aws_lc_rs::{
    digest,
    signature::{ED25519, UnparsedPublicKey},
};

use super::{
    corrected::{carried_since, corrected, corrected_by},
    file::{BallotLine, Contents, FORMAT, Line, RunLine},
    items::{Fold, ItemsLine},
};
use crate::{
    ballots::{
        carried,
        manifest::{self, Manifest, Signed},
        recount::{Found, Recount},
        score::{Answer, Scores},
    },
    base::{
        hex,
        ids::{RunId, ShowId},
        limits,
    },
    shows::{
        correction,
        kind::Kind,
        round::{Known, rounds},
        run::{BUCKET_HASH, RECORD_FORMATS, Replaced, Void},
    },
    wire::{
        outcome::{Place, Rated, Unit},
        scores::Leaderboard,
        server::Phase,
    },
};

/// What a check found.
#[derive(Debug)]
pub struct Report {
    /// One per manifest, in the order of the file.
    pub results: Vec<Checked>,
    /// What is wrong with the file as a whole; empty: nothing.
    pub findings: Vec<String>,
    /// What the writer of the file missed, in its words.
    pub missing: Vec<String>,
    /// The runs that were on the show's desk when the file was written.
    pub runs: Vec<RunLine>,
    /// The leaderboards of the show's rounds, made of the ballots.
    pub boards: Vec<Board>,
    /// What the audience wrote, if the file has it.
    pub items: Option<ItemsLine>,
    /// Whether a pinned key was given.
    pub pinned: bool,
}

/// One round's leaderboard.
#[derive(Debug, PartialEq, Eq)]
pub struct Board {
    pub rehearsal: bool,
    pub leaderboard: Leaderboard,
}

/// One manifest's check.
#[derive(Debug)]
pub struct Checked {
    pub run: RunId,
    pub cue: String,
    pub revision: u32,
    pub rehearsal: bool,
    /// The result in words: `Ada 2 (66.7 %)`.
    pub result: Vec<String>,
    /// What the run's rules make of it, the first place first: `1. Ada 51.895 %`. Empty: all votes are one.
    pub places: Vec<String>,
    pub ballots: u64,
    /// Ballots that were lost before the seal, as the manifest itself says.
    pub missing: u64,
    /// The seal that the show has in its place: this one was signed and did not come into force.
    pub replaced_by: Option<u32>,
    /// The seal that corrects this one, which was in force until then.
    pub corrected_by: Option<u32>,
    /// What is wrong; empty: nothing.
    pub findings: Vec<String>,
    /// What could not be looked at, and what the manifest says is lost.
    pub notes: Vec<String>,
    /// The ballots that count, where answers are worth points.
    answers: Vec<Answer>,
}

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Consistent, and signed by the pinned key.
    Verified,
    /// Consistent, signer unknown.
    SignerUnknown,
    /// Something is wrong.
    Failed,
}

impl Report {
    /// The answer over all manifests.
    pub fn outcome(&self) -> Outcome {
        if !self.findings.is_empty() || self.results.iter().any(|checked| !checked.findings.is_empty()) {
            Outcome::Failed
        } else if self.pinned {
            Outcome::Verified
        } else {
            Outcome::SignerUnknown
        }
    }
}

/// Checks an export. `key`: the pinned public key, 64 hexadecimal digits.
///
/// # Errors
/// The file is no export, or the key is no key.
pub fn verify(file: &mut dyn BufRead, key: Option<&str>) -> anyhow::Result<Report> {
    if let Some(key) = key {
        hex::decode::<32>(key).context("the key: give the 64 hexadecimal digits of the public key")?;
    }
    let mut manifests: Vec<(Signed, Manifest)> = Vec::new();
    let mut ballots: HashMap<RunId, Ballots> = HashMap::new();
    let (mut head, mut end, mut fold) = (None, None, Fold::default());
    let mut before = digest::Context::new(&digest::SHA256);
    for (number, text) in (1_u64..).zip(file.lines()) {
        let text = text?;
        let line: Line =
            serde_json::from_str(&text).with_context(|| format!("line {number} is no line of an export"))?;
        anyhow::ensure!(
            end.is_none(),
            "line {number} stands behind the last line, which says what the file has to hold"
        );
        let so_far = before.clone();
        before.update(text.as_bytes());
        before.update(b"\n");
        match line {
            Line { tallylight: Some(format), show: Some(show), .. } if number == 1 => {
                anyhow::ensure!(format == FORMAT, "line {number}: the format {format:?} is not {FORMAT:?}");
                head = Some(show);
            }
            Line { manifest: Some(manifest), signature: Some(signature), public_key: Some(public_key), .. } => {
                let signed = Signed { manifest, signature, public_key };
                let manifest: Manifest = serde_json::from_str(signed.manifest.get())
                    .with_context(|| format!("the manifest in line {number}"))?;
                manifests.push((signed, manifest));
            }
            Line { ballot: Some(ballot), .. } => ballots.entry(ballot.run).or_default().journalled.push(ballot),
            Line { ledger: Some(ballot), .. } => ballots.entry(ballot.run).or_default().told.push(ballot),
            Line { event: Some(event), .. } => fold.add(&event),
            Line { contents: Some(contents), signature: Some(signature), public_key: Some(public_key), .. } => {
                let findings = signed_by(contents.get(), &signature, &public_key, key);
                let signer = public_key;
                let contents: Contents = serde_json::from_str(contents.get())
                    .with_context(|| format!("what the file has to hold, in line {number}"))?;
                let is_whole =
                    (contents.lines, &contents.sha256) == (number - 1, &hex::encode(so_far.finish().as_ref()));
                end = Some((contents, findings, is_whole, signer));
            }
            _ => anyhow::bail!("line {number} is neither a manifest with its signature nor a ballot nor an event"),
        }
    }
    let show = head.context("the first line does not say that this is an export of Tallylight")?;
    let is_empty = manifests.is_empty() && fold.is_empty();
    anyhow::ensure!(!is_empty, "the file has no manifest: there is nothing to verify");
    for (_, Manifest { definition, .. }) in &manifests {
        let (run, other) = (definition.run, &definition.show);
        anyhow::ensure!(*other == show, "run {run} is of show {other}, and the file says that it is of show {show}");
    }
    let sealed = |run: &RunId| manifests.iter().any(|(_, manifest)| manifest.definition.run == *run);
    if let Some(run) = ballots.keys().find(|run| !sealed(run)) {
        anyhow::bail!("the file has ballots of run {run} and no manifest of it: a part of the file is gone");
    }
    let none = Ballots::default();
    // That a seal does not count is believed of who signed it, and of a file that nobody has changed.
    let said = end.as_ref().filter(|(_, findings, is_whole, _)| *is_whole && findings.is_empty());
    let results = manifests.iter().map(|(signed, manifest)| {
        let run = manifest.definition.run;
        let said = said.filter(|(.., signer)| *signer == signed.public_key);
        let in_force = said.and_then(|(contents, ..)| in_force(contents, run, &manifests));
        let other = in_force.filter(|(counts, _)| counts.hash() != signed.hash());
        let corrected_by = other.and_then(|newest| corrected_by(newest, signed, &manifests));
        let replaced_by = other.filter(|_| corrected_by.is_none()).map(|(_, counts)| counts.revision);
        let mut checked = check(signed, manifest, ballots.get(&run).unwrap_or(&none), key, replaced_by);
        let differs = carried::differs(manifest, |hash| {
            manifests.iter().find(|(signed, _)| signed.hash() == hash).map(|(_, source)| Cow::Borrowed(source))
        });
        let told = if replaced_by.is_some() { &mut checked.notes } else { &mut checked.findings };
        told.extend(differs);
        checked.notes.extend(said.and_then(|(contents, ..)| carried_since(contents, manifest, &manifests)));
        Checked { corrected_by, ..checked }
    });
    let results: Vec<_> = results.collect();
    let pinned = key.is_some();
    let Some((contents, mut findings, is_whole, _)) = end else {
        let findings = vec!["the last line, which says what the file has to hold, is gone: it was cut".to_owned()];
        return Ok(Report {
            results,
            findings,
            missing: Vec::new(),
            runs: Vec::new(),
            boards: Vec::new(),
            items: None,
            pinned,
        });
    };
    if !is_whole {
        findings.push("it is not as it was written: lines were left out, added or changed".to_owned());
    }
    findings.extend(absent(&contents, &show, &manifests));
    let (wrong, items) = fold.check(contents.items.as_ref());
    findings.extend(wrong);
    let boards = boards(&contents, &manifests, &results);
    Ok(Report { results, findings, missing: contents.missing, runs: contents.runs, boards, items, pinned })
}

/// The ballots of a run in the file.
#[derive(Debug, Default)]
struct Ballots {
    journalled: Vec<BallotLine>,
    /// As the ledger has them, and no journal.
    told: Vec<BallotLine>,
}

/// The manifest by which the show names the seal of a run.
fn in_force<'a>(contents: &Contents, run: RunId, all: &'a [(Signed, Manifest)]) -> Option<&'a (Signed, Manifest)> {
    let hash = contents.runs.iter().find(|line| line.run == run)?.manifest_hash.as_ref()?;
    all.iter().find(|(signed, manifest)| manifest.definition.run == run && signed.hash() == *hash)
}

/// What the file has to hold and does not.
fn absent(contents: &Contents, show: &ShowId, manifests: &[(Signed, Manifest)]) -> Vec<String> {
    let mut findings = Vec::new();
    if contents.show != *show {
        findings.push(format!("its last line is of show {}", contents.show));
    }
    for RunLine { run, cue, .. } in contents.runs.iter().filter(|line| line.manifest_hash.is_some()) {
        let Some((_, newest)) = in_force(contents, *run, manifests) else {
            findings.push(format!("run {run} of cue {cue} is sealed, and its manifest is not here: export with the data directories of all nodes"));
            continue;
        };
        let stands = |one: &&RunLine| {
            newest.replaces.as_ref().is_some_and(|before| before.run == one.run) && one.state != Phase::Void
        };
        if let Some(one) = contents.runs.iter().find(stands) {
            findings.push(format!("run {run} was held in place of run {}, which is not void", one.run));
        }
        let is_here = |hash: &String| manifests.iter().any(|(signed, _)| signed.hash() == *hash);
        for one in newest.correction.iter().filter(|one| !is_here(&one.corrects)) {
            findings.push(format!("seal {} of run {run} corrects another one, {}, which is not here: export with the data directories of all nodes", newest.revision, one.corrects));
        }
    }
    findings
}

/// The leaderboards that the ballots make, by what the show says is right. A round with something wrong in it has none.
fn boards(contents: &Contents, manifests: &[(Signed, Manifest)], results: &[Checked]) -> Vec<Board> {
    let mut boards = Vec::new();
    for rehearsal in [true, false] {
        let of_kind = contents.runs.iter().filter(|line| line.rehearsal == rehearsal);
        let known = of_kind.filter_map(|line| {
            let answered = line.answered.as_ref()?;
            let at = manifests.iter().position(|(signed, _)| line.manifest_hash.as_ref() == Some(&signed.hash()))?;
            let (manifest, checked) = (&manifests[at].1, &results[at]);
            let round = manifest.definition.interaction.kind.round()?;
            Some(Known { at: answered.at, run: line.run, cue: &line.cue, round, what: (manifest, checked, answered) })
        });
        for (round, runs) in rounds(known) {
            let mut scores = Scores::new(round);
            for (manifest, checked, answered) in &runs {
                let Manifest { definition, windows, correction, .. } = manifest;
                let right = match &definition.interaction.kind {
                    Kind::Quiz(quiz) => correction::right(quiz, correction.as_ref()),
                    _ => &answered.right,
                };
                scores.add(definition, windows, right, correction.as_ref(), checked.answers.iter().cloned());
            }
            scores.rank();
            if runs.iter().all(|(_, checked, _)| checked.findings.is_empty()) {
                boards.push(Board { rehearsal, leaderboard: scores.leaderboard(limits::LEADERS_MAX) });
            }
        }
    }
    boards
}

/// Checks a manifest. What differs from one that did not come into force is nothing that anybody published.
fn check(
    signed: &Signed,
    manifest: &Manifest,
    ballots: &Ballots,
    key: Option<&str>,
    replaced_by: Option<u32>,
) -> Checked {
    let definition = &manifest.definition;
    let by_its_signer = signed_by(signed.manifest.get(), &signed.signature, &signed.public_key, key);
    let (mut findings, mut answers) = (Vec::new(), Vec::new());
    let mut notes: Vec<_> = manifest
        .written_off
        .iter()
        .map(|off| {
            let back = if off.returned_at.is_some() { "; it came back" } else { "" };
            format!("data directory {} was written off by {}: {}{back}", off.node, off.by, off.reason)
        })
        .collect();
    let format = manifest::format(definition, manifest.correction.is_some() || manifest.replaces.is_some());
    if manifest.format != format {
        findings.push(format!("the manifest's format {:?} is not {format:?}", manifest.format));
    }
    notes.extend(manifest.correction.iter().map(|one| corrected(manifest, one)));
    notes.extend(carried::in_words(manifest));
    notes.extend(manifest.replaces.iter().map(|Replaced { run, void: Void { by, reason, .. } }| {
        format!("held again, in place of run {run}, which {by} declared void: {reason}")
    }));
    if definition.buckets == 0 || definition.bucket_hash != BUCKET_HASH {
        findings
            .push(format!("its voters are spread by {:?}, which this program cannot check", definition.bucket_hash));
    } else if !definition.is_readable() {
        let format = definition.record_format;
        findings.push(format!("its ballots are of format {format}; this program checks {RECORD_FORMATS}"));
    } else {
        let Found { findings: found, notes: noted, answers: counted } = recount(manifest, ballots);
        answers = counted;
        findings.extend(found);
        notes.extend(noted);
    }
    if replaced_by.is_some() {
        notes.append(&mut findings);
    }
    findings.splice(..0, by_its_signer);
    let lines = definition.interaction.options.iter().zip(manifest.votes().iter().zip(&manifest.shares));
    Checked {
        run: definition.run,
        cue: definition.cue.clone(),
        revision: manifest.revision,
        rehearsal: definition.rehearsal,
        result: lines
            .map(|(label, (votes, share))| format!("{label} {votes} ({}.{} %)", share / 10, share % 10))
            .collect(),
        places: places(manifest),
        ballots: manifest.counted,
        missing: manifest.outstanding,
        replaced_by,
        corrected_by: None,
        findings,
        notes,
        answers,
    }
}

/// What the rules make of the votes, an option each, the first one first.
fn places(manifest: &Manifest) -> Vec<String> {
    let unit = match &manifest.definition.interaction.kind {
        Kind::Rating(scale) => scale.tail(),
        _ => String::new(),
    };
    let said = |rated: &Rated| format!("mean {}{unit} ({}), median {}{unit}", rated.mean, rated.exact, rated.median);
    let rated = manifest.rated.iter().map(said);
    let Some(outcome) = &manifest.outcome else { return rated.collect() };
    let unit = match outcome.unit {
        Unit::Votes => "votes",
        Unit::Percent => "%",
        Unit::Points => "points",
    };
    let line = |place: &Place| {
        let label = manifest.definition.interaction.options.get(usize::from(place.n).wrapping_sub(1));
        let reached = match place.reached {
            None => "",
            Some(true) => ", reached the goal",
            Some(false) => ", did not reach the goal",
        };
        format!("{}. {} {} {unit}{reached}", place.rank, label.map_or("?", String::as_str), place.points)
    };
    rated.chain(outcome.places.iter().map(line)).collect()
}

fn recount(manifest: &Manifest, ballots: &Ballots) -> Found {
    let mut recount = Recount::new(manifest);
    let mut told: BTreeMap<_, _> = ballots.told.iter().map(|line| (line.stands(), line)).collect();
    let (mut by_ledger, mut wrong) = (0_u64, Vec::new());
    for line in &ballots.journalled {
        // The same ballot, and the verdict that its journal lacks, or that does not stand any more.
        let said = told.remove(&line.stands());
        if let Some(said) = said {
            by_ledger += 1;
            let is_open = line.verdict.is_none() || manifest.changed.contains(&(line.bucket, line.stands().2));
            let (verdict, copy) = (line.verdict, line.copy);
            if !is_open || *line != (BallotLine { verdict, copy, ..said.clone() }) {
                wrong.push(format!("ballot {} is another one at the ledger than in its journal", line.id));
            }
        }
        let (bucket, place, ballot, decided) = said.unwrap_or(line).clone().into_parts();
        recount.take(bucket, place, &ballot, decided);
    }
    for line in told.into_values() {
        let (bucket, place, ballot, decided) = line.clone().into_parts();
        recount.take_from_ledger(bucket, place, &ballot, decided);
    }
    let mut found = recount.finish();
    found.findings.extend(wrong);
    if by_ledger > 0 {
        found.notes.push(format!(
            "{by_ledger} ballots have their verdict from the ledger alone: their node was killed before it wrote it down"
        ));
    }
    found
}

fn signed_by(text: &str, signature: &str, public_key: &str, key: Option<&str>) -> Vec<String> {
    if key.is_some_and(|key| key != public_key) {
        return vec![format!("signed by {public_key}, which is not the key that you gave")];
    }
    let (Some(key), Some(signature)) = (hex::decode::<32>(public_key), hex::decode::<64>(signature)) else {
        return vec!["the signature or its key is no hexadecimal of the right length".to_owned()];
    };
    match UnparsedPublicKey::new(&ED25519, key).verify(text.as_bytes(), &signature) {
        Ok(()) => Vec::new(),
        Err(_) => vec!["the signature does not belong to what it signs: it was changed".to_owned()],
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        ballots::{
            ballot::{Picks, Place, Verdict},
            bucket::Totals,
            committer::Marked,
            manifest::LedgerKind,
            witness::{Copy, Witness},
        },
        base::{
            clock::Micros,
            ids::{BallotId, JournalId, NodeId, VoterId},
        },
        shows::transition::tests::Desk,
    };

    fn line(journal: u64, verdict: Verdict) -> BallotLine {
        let (voter, id, picks) = (VoterId(1), BallotId(u128::from(journal)), vec![1]);
        let (run, journal, received) = (Desk::open_for(60).document.runs[0].id(), JournalId(journal), Micros(5));
        let verdict = Some(verdict);
        BallotLine {
            run,
            bucket: 0,
            journal,
            seq: 1,
            voter,
            id,
            received,
            entry: 0,
            picks,
            change: None,
            verdict,
            copy: None,
        }
    }

    /// Two ballots of a voter with one vote, of which the ledger gave up the second after a node had heard that it counts.
    pub fn sealed() -> Manifest {
        let run = Desk::open_for(60).document.runs[0].clone();
        let place = |journal| Place { journal: JournalId(journal), seq: 1 };
        let mut witness = Witness::default();
        let (voter, id, received) = (VoterId(1), BallotId(7), Micros(5));
        let (run_id, place_7) = (run.id(), place(7));
        let picks = &Picks::One(1);
        witness.add(Copy { run: run_id, bucket: 0, voter, id, picks, received, entry: 0, place: place_7 });
        let totals = Totals { votes: vec![1, 0], counted: 1, late_votes: vec![0, 0], ..Totals::default() };
        let watermarks = vec![(0, JournalId(7), 1), (0, JournalId(8), 1)];
        let (changed, beyond, apart) = (vec![(0, place(8))], Vec::new(), Vec::new());
        let marked = Marked { totals, watermarks, beyond, apart, lost: 0, ledger: LedgerKind::Redis, changed };
        let head = (NodeId(1), "S", 1, Micros::from_ms(100_000));
        Manifest::new(head, &run.definition, &run.windows, &marked, &witness, 0)
    }

    #[test]
    fn the_ledger_has_the_last_word_only_where_the_seal_says_so() {
        let manifest = sealed();
        let journalled = vec![line(7, Verdict::Counted), line(8, Verdict::Counted)];
        let found =
            |told: &[BallotLine]| recount(&manifest, &Ballots { journalled: journalled.clone(), told: told.to_vec() });
        assert!(!found(&[]).findings.is_empty(), "its journal does not know yet");
        let agreed = found(&[line(8, Verdict::Displaced)]);
        assert!(agreed.findings.is_empty() && agreed.notes.len() == 1, "{agreed:?}");
        let other = BallotLine { received: Micros(6), ..line(8, Verdict::Displaced) };
        assert!(!found(&[other]).findings.is_empty(), "another ballot at this place");
        let unasked = found(&[line(8, Verdict::Displaced), line(7, Verdict::Counted)]);
        assert!(unasked.findings[0].contains("is another one at the ledger"), "{unasked:?}");
    }
}
