//! Writes the export of a show: whatever there is, and what is missing by name. Evidence is never withheld for want of more.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    io::Write,
    path::PathBuf,
};

use anyhow::Context as _;
use aws_lc_rs::digest;
use serde_json::value::RawValue;

use super::{
    file::{Answered, BallotLine, Contents, FORMAT, Line, RunLine},
    items,
};
use crate::{
    ballots::{
        ballot::{Ballot, Decided, Verdict},
        bucket::Kept,
        journalled::{self, Journalled},
        ledger,
        manifest::{LedgerKind, Manifest, Signed},
        seal::Seal,
    },
    base::{
        clock::Micros,
        hex,
        ids::{BallotId, JournalId, NodeId, RunId, ShowId, VoterId},
    },
    identity::secret::Secret,
    providers::store::Store,
    shows::{
        document::Document,
        run::{Definition, Run},
    },
};

/// What an export is made of.
pub struct Sources<'a> {
    /// The documents of each node.
    pub stores: &'a [&'a dyn Store],
    /// The journals of each node.
    pub journals: &'a [PathBuf],
    /// The names of these data directories; `None`: one of them has none, as a copy of a part of one.
    pub directories: Option<&'a [NodeId]>,
    /// The way to the ledger of several nodes.
    pub ledger: Option<&'a Ask<'a>>,
    /// What the audience wrote goes into the file, too.
    pub items: bool,
    /// Signs what the file holds.
    pub secret: &'a Secret,
    pub now: Micros,
}

/// Asks the ledger of several nodes for everything that it keeps of a run, bucket by bucket.
pub type Ask<'a> = dyn Fn(&Definition) -> anyhow::Result<Vec<ledger::Contents>> + 'a;

impl std::fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").field("journals", &self.journals).finish_non_exhaustive()
    }
}

/// How much was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub manifests: usize,
    pub ballots: u64,
    /// Events of what the audience wrote.
    pub events: u64,
    /// What should be in the file and is not, in words, with what to do. Empty: nothing.
    pub missing: Vec<String>,
}

/// Writes the export of a show.
///
/// # Errors
/// The show has no sealed run, or something cannot be read or written.
pub fn write(sources: &Sources<'_>, show: &ShowId, out: &mut dyn Write) -> anyhow::Result<Written> {
    let (document, manifests) = (newest(sources.stores, show)?, manifests(sources.stores, show)?);
    let events = if sources.items { items::events(sources.stores, show)? } else { Vec::new() };
    anyhow::ensure!(
        !manifests.is_empty() || !events.is_empty(),
        "show {show} has no sealed run yet: seal one on the studio page"
    );
    let mut lines = Lines { out, lines: 0, digest: digest::Context::new(&digest::SHA256) };
    lines.put(&Line { tallylight: Some(FORMAT.to_owned()), show: Some(show.clone()), ..Line::default() })?;
    let (mut sealed, mut in_force) = (BTreeMap::new(), HashSet::new());
    for (run, revision, json) in &manifests {
        let signed: Signed = serde_json::from_str(json)?;
        // Read whole, so that an export never carries what nobody can verify.
        let manifest = serde_json::from_str::<Manifest>(signed.manifest.get())
            .with_context(|| format!("the manifest of run {run}, revision {revision}"))?;
        // One that was signed may have been overtaken: the show names the one that counts.
        let is_named = document.run(*run).and_then(Run::sealed).is_some_and(|seal| seal.manifest_hash == signed.hash());
        if is_named || !in_force.contains(run) {
            sealed.insert(*run, Sealed::new(manifest));
        }
        in_force.extend(is_named.then_some(*run));
        let Signed { manifest: text, signature, public_key } = signed;
        let (signature, public_key) = (Some(signature), Some(public_key));
        lines.put(&Line { manifest: Some(text), signature, public_key, ..Line::default() })?;
    }
    let (mut here, mut undecided) = (HashSet::new(), Vec::new());
    let mut ballots = 0;
    for directory in sources.journals {
        let mut failed = Ok(());
        let replay = journalled::read(directory, &|run| sealed.contains_key(&run), &mut |one| {
            if failed.is_ok() {
                ballots += 1;
                if sealed[&one.run].asks_for(&one) {
                    undecided.push(one.clone());
                }
                failed = lines.put(&Line { ballot: Some(one.into()), ..Line::default() });
            }
        })?;
        failed?;
        for incident in replay.incidents {
            tracing::error!(?incident, "a journal is damaged; what could be read is in the file");
        }
        here.extend(replay.journals.iter().map(|journal| journal.id));
    }
    let mut missing = unlisted(sources, &document, &sealed);
    let mut is_away = false;
    for run in sealed.values().filter(|run| run.manifest.ledger == LedgerKind::Redis) {
        let away = run.away(&here);
        is_away |= !away.is_empty();
        let undecided = undecided.iter().filter(|one| one.run == run.manifest.definition.run).collect();
        missing.extend(complete(sources.ledger, run, undecided, &away, &mut lines)?);
    }
    if is_away {
        missing.extend(document.written_off.iter().filter(|off| off.returned_at.is_none()).map(|off| {
            format!(
                "data directory {} was written off by {}, {}: its journals may be among these",
                off.node, off.by, off.reason
            )
        }));
    }
    let mut fold = items::Fold::default();
    for event in events {
        fold.add(&event);
        lines.put(&Line { event: Some(event), ..Line::default() })?;
    }
    let items = sources.items.then(|| fold.line());
    let events = items.as_ref().map_or(0, |items| items.events);
    let runs = document.runs.iter().filter(|run| run.definition.interaction.takes_ballots());
    let runs = runs.map(|run| run_line(run, sources.now)).collect();
    lines.end(
        sources,
        Contents {
            show: show.clone(),
            at: sources.now,
            revision: document.revision,
            runs,
            missing: missing.clone(),
            items,
            lines: 0,
            sha256: String::new(),
        },
    )?;
    Ok(Written { manifests: manifests.len(), ballots, events, missing })
}

/// The seal of a run.
struct Sealed {
    manifest: Manifest,
    seal: Seal,
}

impl Sealed {
    fn new(manifest: Manifest) -> Self {
        Self { seal: Seal::of(&manifest), manifest }
    }

    /// Whether the journals may not have the last word over a ballot: they have none, or the ledger has said since that
    /// another verdict stands.
    fn asks_for(&self, one: &Journalled) -> bool {
        let is_sure = one.decided.is_some() && !self.manifest.changed.contains(&(one.bucket, one.place));
        !is_sure && self.seal.has(one.bucket, one.place)
    }

    /// The journals of the seal that are in none of the directories, with how many counted ballots each has.
    fn away(&self, here: &HashSet<JournalId>) -> BTreeMap<JournalId, u64> {
        let mut away = BTreeMap::new();
        for part in self.manifest.parts.iter().filter(|part| !here.contains(&part.journal)) {
            *away.entry(part.journal).or_default() += part.count;
        }
        away
    }
}

/// Writes what only the ledger has of a run: of ballots that the journals have without a verdict, and of journals that are
/// away. What is missing then, in words.
fn complete(
    ledger: Option<&Ask<'_>>,
    run: &Sealed,
    undecided: Vec<&Journalled>,
    away: &BTreeMap<JournalId, u64>,
    lines: &mut Lines<'_>,
) -> anyhow::Result<Vec<String>> {
    if undecided.is_empty() && away.is_empty() {
        return Ok(Vec::new());
    }
    let definition = &run.manifest.definition;
    let (id, cue) = (definition.run, &definition.cue);
    let mut missing = Vec::new();
    let contents = match ledger {
        None => Vec::new(),
        Some(ask) => ask(definition).unwrap_or_else(|error| {
            missing.push(format!("the ledger could not be asked about run {id} (cue {cue}): {error}"));
            Vec::new()
        }),
    };
    let mut known = HashMap::<(VoterId, BallotId), Vec<(u16, &Kept)>>::new();
    for (bucket, contents) in (0..).zip(&contents) {
        for (voter, kept) in &contents.ballots {
            known.entry((*voter, kept.id)).or_default().push((bucket, kept));
        }
    }
    let (mut open, mut doubted) = (0, 0);
    for one in undecided {
        let known = known.get(&(one.ballot.voter, one.ballot.id)).map_or(&[][..], Vec::as_slice);
        match said(one, known) {
            None => match one.decided {
                None => open += 1,
                Some(was) => doubted += u64::from(ledger.is_none() && was.verdict == Verdict::Counted),
            },
            decided if decided == one.decided => {}
            decided => lines.ledger(Journalled { decided, ..one.clone() }.into())?,
        }
    }
    if open > 0 {
        missing.push(format!(
            "{open} ballots of run {id} (cue {cue}) have no verdict here: give --redis, so that the ledger is asked, or \
             start the node that took them once more, and export again"
        ));
    }
    if doubted > 0 {
        missing.push(format!(
            "{doubted} ballots of run {id} (cue {cue}) may have another verdict since: give --redis, so that the ledger is \
             asked"
        ));
    }
    let mut found = BTreeMap::<JournalId, u64>::new();
    let all = known.iter().flat_map(|((voter, _), all)| all.iter().map(|(bucket, kept)| (*bucket, *voter, *kept)));
    let mut all: Vec<_> = all.collect();
    all.sort_unstable_by_key(|(bucket, _, kept)| (*bucket, kept.place));
    for (bucket, voter, kept) in all {
        let Kept { id: ballot, ref picks, received, entry, place, verdict } = *kept;
        if !away.contains_key(&place.journal) || !run.seal.has(bucket, place) {
            continue;
        }
        *found.entry(place.journal).or_default() += u64::from(verdict == Verdict::Counted);
        let ballot = Ballot { voter, id: ballot, picks: picks.clone(), received, entry };
        let decided = Some(Decided { verdict, place, received, entry });
        lines.ledger(Journalled { run: id, bucket, place, ballot, decided }.into())?;
    }
    missing.extend(away.iter().map(|(journal, counted)| {
        let found = found.get(journal).copied().unwrap_or(0);
        format!(
            "journal {journal} with {counted} counted ballots of run {id} (cue {cue}) is in none of these data directories; \
             the file has {found} of them from the ledger: give --data once for each node, and --redis if a disk is lost"
        )
    }));
    Ok(missing)
}

/// What the ledger says of a ballot, as `bucket.rs` decides it, given all that it has under its id. `None`: it never
/// decided this one.
fn said(one: &Journalled, known: &[(u16, &Kept)]) -> Option<Decided> {
    if let Some((_, kept)) = known.iter().find(|(_, kept)| kept.picks == one.ballot.picks) {
        let Kept { verdict, place, received, entry, .. } = **kept;
        return Some(Decided { verdict, place, received, entry });
    }
    // Another content has its id, unless that was refused for the very same reason.
    known.iter().find(|(_, kept)| kept.verdict != Verdict::IdReused)?;
    let was = one.decided.map(|decided| decided.verdict);
    let counts_no_more = matches!(was, Some(Verdict::Counted | Verdict::Displaced));
    let verdict = if counts_no_more { Verdict::Displaced } else { Verdict::IdReused };
    let Ballot { received, entry, .. } = one.ballot;
    Some(Decided { verdict, place: one.place, received, entry })
}

/// What the show's document names and these directories do not have.
fn unlisted(sources: &Sources<'_>, document: &Document, sealed: &BTreeMap<RunId, Sealed>) -> Vec<String> {
    let is_here = |node: &NodeId| sources.directories.is_none_or(|directories| directories.contains(node));
    let absent = document.roster.iter().filter(|node| !is_here(node));
    let mut missing: Vec<_> = absent
        .map(|node| format!("the data directory of node {node}, which is on the show's roster, is not here"))
        .collect();
    let unsealed = document.runs.iter().filter(|run| run.sealed().is_some() && !sealed.contains_key(&run.id()));
    missing.extend(unsealed.map(|run| {
        let (id, cue) = (run.id(), &run.definition.cue);
        format!("the manifest of run {id} (cue {cue}), which is sealed, is in none of these data directories")
    }));
    missing
}

fn run_line(run: &Run, now: Micros) -> RunLine {
    RunLine {
        run: run.id(),
        cue: run.definition.cue.clone(),
        rehearsal: run.definition.rehearsal,
        state: run.phase(now),
        manifest_hash: run.sealed().map(|summary| summary.manifest_hash.clone()),
        answered: run.answered().map(|(at, right)| Answered { at, right: right.to_vec() }),
    }
}

/// The newest document among those of all nodes.
fn newest(stores: &[&dyn Store], show: &ShowId) -> anyhow::Result<Document> {
    let mut newest: Option<Document> = None;
    for store in stores {
        let Some(stored) = store.show(show)? else { continue };
        let document = Document::read(&stored.json).context("the show's document cannot be read")?;
        if newest.as_ref().is_none_or(|other| (other.epoch, other.revision) < (document.epoch, document.revision)) {
            newest = Some(document);
        }
    }
    newest.with_context(|| format!("there is no show {show} here"))
}

/// The manifests of all nodes: one that was away at a seal does not have it, and two may have signed one revision.
fn manifests(stores: &[&dyn Store], show: &ShowId) -> anyhow::Result<BTreeSet<(RunId, u32, String)>> {
    let mut manifests = BTreeSet::new();
    for store in stores {
        manifests.extend(store.manifests(show)?);
    }
    Ok(manifests)
}

/// The lines of the file, counted and hashed.
struct Lines<'a> {
    out: &'a mut dyn Write,
    lines: u64,
    digest: digest::Context,
}

impl Lines<'_> {
    fn put(&mut self, line: &Line) -> anyhow::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.digest.update(&bytes);
        self.lines += 1;
        Ok(self.out.write_all(&bytes)?)
    }

    fn ledger(&mut self, ballot: BallotLine) -> anyhow::Result<()> {
        self.put(&Line { ledger: Some(ballot), ..Line::default() })
    }

    fn end(mut self, sources: &Sources<'_>, contents: Contents) -> anyhow::Result<()> {
        let sha256 = hex::encode(self.digest.clone().finish().as_ref());
        let json = serde_json::to_string(&Contents { lines: self.lines, sha256, ..contents })?;
        let (signature, public_key) = (Some(sources.secret.sign(json.as_bytes())), Some(sources.secret.public_key()));
        let contents = Some(RawValue::from_string(json)?);
        self.put(&Line { contents, signature, public_key, ..Line::default() })?;
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ballots::{
        ballot::{Picks, Place},
        manifest::Part,
    };
    use crate::export::verify::tests::sealed;

    const RECEIVED: Micros = Micros(5);

    fn journalled(journal: u64, seq: u64, verdict: Option<Verdict>) -> Journalled {
        let place = Place { journal: JournalId(journal), seq };
        let (voter, id, received) = (VoterId(1), BallotId(1), RECEIVED);
        let ballot = Ballot { voter, id, picks: Picks::One(1), received, entry: 0 };
        let decided = verdict.map(|verdict| Decided { verdict, place, received, entry: 0 });
        Journalled { run: sealed().definition.run, bucket: 0, place, ballot, decided }
    }

    #[test]
    fn the_ledger_is_asked_where_a_journal_may_not_have_the_last_word() {
        let mut manifest = sealed();
        let beyond = Place { journal: JournalId(9), seq: 3 };
        manifest.beyond.push((0, beyond));
        let (journal, watermark, count) = (beyond.journal, 0, 1);
        manifest.parts.push(Part { journal, watermark, count, ..manifest.parts[0].clone() });
        let sealed = Sealed::new(manifest);
        let counted = Some(Verdict::Counted);
        assert!(sealed.asks_for(&journalled(7, 1, None)) && !sealed.asks_for(&journalled(7, 1, counted)));
        assert!(sealed.asks_for(&journalled(8, 1, counted)), "what changed since");
        assert!(!sealed.asks_for(&journalled(7, 2, None)), "what came after the seal is nobody's to decide now");
        assert!(sealed.asks_for(&journalled(9, 3, None)), "what the seal has beyond its numbers");
        assert_eq!(sealed.away(&[JournalId(7), JournalId(8)].into()), [(JournalId(9), 1)].into());
    }

    #[test]
    fn what_may_have_changed_is_missed_where_the_ledger_is_not_asked() {
        let (sealed, one, mut out) = (Sealed::new(sealed()), journalled(8, 1, Some(Verdict::Counted)), Vec::new());
        let mut lines = Lines { out: &mut out, lines: 0, digest: digest::Context::new(&digest::SHA256) };
        let missing = complete(None, &sealed, vec![&one], &BTreeMap::new(), &mut lines).unwrap();
        assert!(missing.len() == 1 && missing[0].contains("give --redis"), "{missing:?}");
    }

    #[test]
    fn what_the_ledger_has_under_an_id_says_what_became_of_a_ballot() {
        let kept = |pick, verdict| {
            let (id, place) = (BallotId(1), Place { journal: JournalId(9), seq: u64::from(pick) });
            Kept { id, picks: Picks::One(pick), received: RECEIVED, entry: 0, place, verdict }
        };
        let (other, same) = (kept(2, Verdict::Counted), kept(1, Verdict::Late));
        let verdict = |one: &Journalled, known: &[(u16, &Kept)]| said(one, known).map(|decided| decided.verdict);
        let (open, counted) = (journalled(7, 1, None), journalled(7, 1, Some(Verdict::Counted)));
        assert_eq!(verdict(&open, &[(0, &other), (0, &same)]), Some(Verdict::Late), "its own content");
        assert_eq!(said(&open, &[(0, &same)]).unwrap().place, same.place, "the copy that was decided");
        assert_eq!(verdict(&open, &[(0, &other)]), Some(Verdict::IdReused));
        assert_eq!(verdict(&counted, &[(0, &other)]), Some(Verdict::Displaced));
        assert_eq!(verdict(&open, &[(0, &kept(2, Verdict::IdReused))]), None, "it was not decided yet");
        assert_eq!(verdict(&open, &[]), None);
    }
}
