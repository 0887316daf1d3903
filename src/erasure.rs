//! Erases a show: destroys the salt, with which its pseudonyms could be made again, and everything else that is not its
//! record: ballots, links, what nodes share of it. Signed manifests and the as-run log stay, and that it was erased, by
//! whom and when. Every step may be done again, so an erasure that was interrupted is finished by another call. Why shared
//! journals stay: docs/decisions/0008-what-erasing-destroys.md.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Context as _;

use crate::{
    ballots::{ledger, record},
    base::{
        clock::Micros,
        ids::{JournalId, NodeId, RunId, ShowId},
    },
    providers::{
        journal::{Directory, Frame, Replay},
        redis::{Redis, RedisError},
        store::{
            SqliteStore, Store as _,
            erased::{self, Erased},
            shared::SharedStore,
        },
    },
    shows::{document::Document, run::Definition},
    wire::server::AsRunEntry,
};

/// A data directory that no node uses: whoever makes this holds its lock.
#[derive(Debug)]
pub struct Place {
    /// For people.
    pub path: String,
    pub node: NodeId,
    pub store: SqliteStore,
    pub journals: Directory,
}

/// What is to be erased.
#[derive(Debug)]
pub struct Plan {
    pub show: ShowId,
    pub erased: Erased,
    /// Its data directories that are on its roster and not among the places.
    pub absent: Vec<NodeId>,
    /// It ran over Redis.
    pub shared: bool,
    /// Somebody began before.
    pub begun: bool,
}

/// Looks what there is of a show.
///
/// # Errors
/// None of the places knows it, or a document cannot be read.
pub fn plan(places: &[Place], show: &ShowId, by: &str, at: Micros) -> anyhow::Result<Plan> {
    let mut plan = Plan {
        show: show.clone(),
        erased: Erased {
            at,
            by: by.to_owned(),
            runs: Vec::new(),
            seals: Vec::new(),
            shared: false,
            done: false,
            by_clock: false,
        },
        absent: Vec::new(),
        shared: false,
        begun: false,
    };
    let (mut runs, mut seals, mut roster) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let mut known = false;
    for place in places {
        if let Some(before) = erased::of(&place.store, show)? {
            (plan.begun, known) = (true, true);
            (plan.erased.at, plan.erased.by) = (before.at, before.by);
            plan.shared |= before.shared;
            runs.extend(before.runs);
            seals.extend(before.seals);
        }
        if let Some(stored) = place.store.show(show)? {
            let document = Document::read(&stored.json).context("the show's document cannot be read")?;
            known = true;
            plan.shared |= document.made_by.is_some() || !document.roster.is_empty();
            runs.extend(document.runs.iter().map(|run| (run.id(), run.definition.buckets)));
            roster.extend(document.roster);
        }
        seals.extend(place.store.manifests(show)?.into_iter().map(|(run, revision, _)| (run, revision)));
        // Also those that have left the desk: Redis has their ballots, too.
        runs.extend(self::runs(show, &mut |each| Ok(place.journals.replay(each)?))?);
    }
    anyhow::ensure!(known, "there is no show {show} in these data directories");
    plan.absent = roster.into_iter().filter(|node| places.iter().all(|place| place.node != *node)).collect();
    plan.erased.runs = runs.into_iter().collect();
    plan.erased.seals = seals.into_iter().collect();
    plan.erased.shared = plan.shared;
    Ok(plan)
}

/// Takes a show out of Redis: what nodes share of it, and the buckets of its runs. Gives back the nodes that serve it: then
/// nothing was done, unless it is `known` to be erased already.
///
/// # Errors
/// Redis does not answer; the same may be asked again.
pub async fn in_redis(
    shared: &SharedStore,
    redis: &Redis,
    show: &ShowId,
    erased: &Erased,
    known: bool,
) -> Result<Vec<NodeId>, RedisError> {
    let serving = shared.erase(show, erased, known).await?;
    if serving.is_empty() {
        for (run, buckets) in &erased.runs {
            ledger::erase(redis, *run, *buckets).await?;
        }
    }
    Ok(serving)
}

/// Takes a show out of Redis. Gives back the nodes that serve it: then nothing was done.
pub type InRedis<'a> = dyn Fn(&Erased) -> anyhow::Result<Vec<NodeId>> + 'a;

/// Erases, step by step, and says each step once it is done. `redis` takes the show out of Redis and says what it did;
/// without it a show that ran over Redis is not done here. What is still to be done, in words; empty: nothing.
///
/// # Errors
/// A node serves the show: nothing was done. A step failed, or whoever hears of it wants to stop: what was done is done, and
/// the same call goes on.
pub fn erase(
    places: &[Place],
    plan: &Plan,
    redis: Option<&InRedis<'_>>,
    said: &mut dyn FnMut(String) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<String>> {
    let Plan { show, erased, .. } = plan;
    for place in places {
        erased::put(&place.store, show, erased)?;
        said(format!("{}: written down that it is to be erased", place.path))?;
    }
    let mut left = Vec::new();
    match redis {
        Some(redis) => {
            let serving = redis(erased)?;
            if !serving.is_empty() {
                // The next start of a node with the note would take the show from those who serve it.
                let mut fresh = places.iter().filter(|_| !plan.begun);
                fresh.try_for_each(|place| erased::take_back(&place.store, show))?;
                let serving: Vec<_> = serving.iter().map(ToString::to_string).collect();
                anyhow::bail!("node {} serves the show: stop it, and give its data directory, too", serving.join(", "));
            }
            said("Redis: the document, the log, what nodes witnessed, and all buckets are destroyed".to_owned())?;
        }
        None if plan.shared => left.push(
            "the show ran over Redis: the same command with --redis destroys what Redis has of it; nothing is left there \
             only if that Redis was emptied"
                .to_owned(),
        ),
        None => {}
    }
    for place in places {
        let path = &place.path;
        place.store.erase(show, &entry(erased))?;
        said(format!("{path}: the document with its salt, its history and its links are destroyed"))?;
        let shared_with = journals(place, plan, said)?;
        if shared_with > 0 {
            said(format!(
                "{path}: {shared_with} journals stay, for ballots of other shows stand in them, too: of this one they \
                 keep pseudonyms that nobody can make again"
            ))?;
        }
        if left.is_empty() {
            erased::put(&place.store, show, &Erased { done: true, ..erased.clone() })?;
            said(format!("{path}: written down that it is erased"))?;
        }
    }
    left.extend(plan.absent.iter().map(|node| {
        format!("the data directory of node {node} is on the show's roster and was not given: erase it there, too")
    }));
    Ok(left)
}

/// The runs of a show that journals have ballots of, with the number of their buckets; `read` reads the journals.
///
/// # Errors
/// The journals cannot be read.
pub fn runs(show: &ShowId, read: &mut Read<'_>) -> anyhow::Result<BTreeMap<RunId, u16>> {
    let mut runs = BTreeMap::new();
    read(&mut |_, frame| {
        let definition =
            (frame.kind == record::DEFINITION).then(|| serde_json::from_slice::<Definition>(frame.payload));
        if let Some(Ok(definition)) =
            definition.filter(|definition| definition.as_ref().is_ok_and(|one| one.show == *show))
        {
            runs.insert(frame.run, definition.buckets);
        }
    })?;
    Ok(runs)
}

/// Reads journals.
pub type Read<'a> = dyn FnMut(&mut dyn FnMut(JournalId, Frame<'_>)) -> anyhow::Result<Replay> + 'a;

/// At a start: finishes in its own directory what the clock has erased. What a person erased elsewhere a person erases here.
///
/// # Errors
/// A step failed; the next start does it again.
pub fn by_clock(place: &Place, now: Micros) -> anyhow::Result<()> {
    for (show, erased) in erased::all(&place.store)? {
        if erased.by_clock && !erased.done {
            // One of the two clocks was wrong, and a journal is deleted once.
            if erased.at > now {
                tracing::error!(%show, "this show was erased at a time that is still to come: its journals stay until then");
                continue;
            }
            // Redis was told by who wrote the note.
            let plan = Plan { show, erased, absent: Vec::new(), shared: false, begun: true };
            let mut said = |step: String| {
                tracing::info!(show = %plan.show, step);
                Ok(())
            };
            erase(std::slice::from_ref(place), &plan, None, &mut said)?;
        }
    }
    Ok(())
}

/// The same in every directory, so that it is written once.
pub fn entry(erased: &Erased) -> AsRunEntry {
    AsRunEntry {
        id: "erased".to_owned(),
        at: erased.at.as_ms(),
        rehearsal: false,
        by: erased.by.clone(),
        what: "erased".to_owned(),
        cue: None,
        run: None,
        note: "salt, ballots and links are destroyed; manifests and this log stay".to_owned(),
    }
}

/// What a journal holds.
#[derive(Debug, Default)]
struct Holds {
    runs: HashSet<RunId>,
    damaged: bool,
}

/// Deletes the journals that hold this show and no other that is not erased. Gives back how many hold others, too.
fn journals(place: &Place, plan: &Plan, said: &mut dyn FnMut(String) -> anyhow::Result<()>) -> anyhow::Result<usize> {
    let mut holds = BTreeMap::<JournalId, Holds>::new();
    let mut shows = HashMap::<RunId, ShowId>::new();
    let replay = place.journals.replay(&mut |journal, frame| {
        holds.entry(journal).or_default().runs.insert(frame.run);
        if let (record::DEFINITION, Ok(definition)) = (frame.kind, serde_json::from_slice::<Definition>(frame.payload))
        {
            shows.insert(frame.run, definition.show);
        }
    })?;
    for incident in replay.incidents {
        holds.entry(incident.journal).or_default().damaged = true;
    }
    let own: HashSet<_> = plan.erased.runs.iter().map(|(run, _)| *run).collect();
    let mut gone = own.clone();
    for (run, show) in &shows {
        if erased::of(&place.store, show)?.is_some() {
            gone.insert(*run);
        }
    }
    let is_own = |run: &RunId| own.contains(run) || shows.get(run) == Some(&plan.show);
    let mut others = 0;
    for (journal, Holds { runs, damaged }) in holds.into_iter().filter(|(_, holds)| holds.runs.iter().any(is_own)) {
        if damaged || !runs.is_subset(&gone) {
            others += 1;
            continue;
        }
        let bytes = place.journals.remove(journal)?;
        said(format!("{}: journal {journal} with its ballots is deleted ({bytes} bytes)", place.path))?;
    }
    Ok(others)
}

#[cfg(test)]
mod tests;
