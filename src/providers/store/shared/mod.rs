//! The control state that many nodes share, in Redis: the newest document of each show with the hashes of its history,
//! the as-run log, what nodes say of themselves, links, manifests and witnesses, and the clock of the installation.
//! Everything of a show that a script looks at together is one hash, so that a moving slot never splits it. All of it is
//! a projection: every node has it on disk and puts it back.

mod reply;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reply::Reply;

use super::{Link, StoredShow, erased::Erased};
use crate::{
    base::{
        clock::{Micros, Stopwatch},
        ids::{JournalId, NodeId, RunId, ShowId},
        limits,
    },
    providers::redis::{Redis, RedisError, Script, Value},
    wire::server::AsRunEntry,
};

macro_rules! script {
    ($name:literal) => {
        Script::new($name, concat!(include_str!("prelude.lua"), include_str!(concat!($name, ".lua"))))
    };
    (plain $name:literal) => {
        Script::new($name, include_str!(concat!($name, ".lua")))
    };
}

pub mod items;

static LOOK: Script = script!("look");
static REPLACE: Script = script!("replace");
static OFFER: Script = script!("offer");
static REPLICAS: Script = script!(plain "replicas");
static ERASE: Script = script!(plain "erase");
static ERASED: Script = script!(plain "erased");
static CLOCK_FORGET: Script = script!(plain "clock_forget");
static CLOCK: Script = script!(plain "clock");
static ONCE: Script = script!(plain "once");
static PUT: Script = script!(plain "put");
static TELL: Script = script!(plain "tell");
static ALL: Script = script!(plain "all");
static LINK_PUT: Script = script!(plain "link_put");
static LINK_USE: Script = script!(plain "link_use");

/// The way to what nodes share.
#[derive(Debug)]
pub struct SharedStore {
    redis: Redis,
    node: NodeId,
    health: Mutex<Health>,
}

/// How Redis is, as this node sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Time of the last call that was answered, there and back.
    pub round_trip: Duration,
    /// Since when no call is answered, and why.
    pub down: Option<(Stopwatch, String)>,
    /// Whether a call was ever answered.
    pub seen: bool,
}

/// What a node knows of a show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Of the history of Redis.
    pub epoch: u32,
    pub revision: u64,
    /// Of that revision's document; empty: it has none.
    pub hash: String,
    /// Entries of the shared log that it has, in this epoch.
    pub logged: u64,
}

/// What a look found.
#[derive(Debug)]
pub struct Look {
    /// The time of the server that holds the show.
    pub now: Micros,
    pub epoch: u32,
    /// Commands wait this long, for nodes to offer what they have.
    pub waits: Duration,
    /// Whether this node has offered what it has, in this epoch.
    pub offered: bool,
    /// 0: Redis holds no document.
    pub revision: u64,
    pub hash: String,
    /// The document, if it is not the one that the caller has.
    pub json: Option<String>,
    /// Revisions after the caller's and their hashes, as far as they are known.
    pub links: Vec<(u64, String)>,
    /// Entries of the log that the caller has not got; more may follow.
    pub entries: Vec<AsRunEntry>,
    /// How much of the log the caller has with them.
    pub logged: u64,
    /// What nodes say of themselves, this one too.
    pub nodes: Vec<(NodeId, String)>,
    /// The hash that Redis knows of the caller's revision; empty: none.
    pub ancestor: String,
}

/// What became of a swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// Redis holds it.
    Done,
    /// Redis holds another document than the one that was to be replaced.
    Moved,
    /// The history of Redis is another one now.
    Epoch(u32),
    /// Nodes are offering what they have.
    Wait(Duration),
    /// It came after its last moment.
    Late,
}

/// A document that is to replace another one.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    /// What the caller knows; its revision and hash are replaced. No hash: the show is new.
    pub known: &'a Known,
    pub next: &'a StoredShow,
    pub hash: &'a str,
    /// The last moment, by the clock of the server.
    pub until: Micros,
    pub roster: &'a [NodeId],
    pub log: &'a [AsRunEntry],
    /// The hash of a branch that it takes in.
    pub merged: Option<&'a str>,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Redis holds it, or a descendant.
    Kept,
    /// It was put back: Redis had lost it.
    Back,
    /// It is on another branch, which left what Redis holds after this revision.
    Fork { ancestor: u64 },
}

fn key(show: &ShowId, what: &str) -> Vec<Vec<u8>> {
    vec![format!("{{tl:show:{show}}}{what}").into_bytes()]
}

fn bytes(text: impl ToString) -> Vec<u8> {
    text.to_string().into_bytes()
}

fn roster_words(roster: &[NodeId]) -> Vec<u8> {
    roster.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ").into_bytes()
}

fn push_log(args: &mut Vec<Vec<u8>>, log: &[AsRunEntry]) {
    for entry in log {
        args.extend([bytes(&entry.id), serde_json::to_vec(entry).expect("an entry is plain data")]);
    }
}

impl SharedStore {
    /// The way of one node.
    pub fn new(redis: Redis, node: NodeId) -> Self {
        Self { redis, node, health: Mutex::default() }
    }

    /// How Redis is, as the last call found it.
    pub fn health(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn run(&self, script: &Script, keys: &[Vec<u8>], args: Vec<Vec<u8>>) -> Result<Value, RedisError> {
        let watch = Stopwatch::start();
        let answer = tokio::time::timeout(limits::SHARED_TIMEOUT, self.redis.run(script, keys, args)).await;
        let answer = answer.unwrap_or_else(|_| Err(RedisError::Unreachable("no answer in time".to_owned())));
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match &answer {
            Ok(_) => *health = Health { round_trip: watch.elapsed(), down: None, seen: true },
            Err(error) if erased_by(error).is_some() => {}
            Err(error) => {
                let since = health.down.take().map_or(watch, |(since, _)| since);
                health.down = Some((since, error.to_string()));
            }
        }
        answer
    }

    /// What this node does not know yet of a show. What it says of itself is kept for a while; entries of the log are
    /// added once.
    ///
    /// # Errors
    /// Redis does not answer; the entries may have been added.
    pub async fn look(
        &self,
        show: &ShowId,
        known: &Known,
        roster: &[NodeId],
        status: Option<&str>,
        log: &[AsRunEntry],
    ) -> Result<Look, RedisError> {
        let mut args = vec![
            bytes(self.node),
            bytes(known.epoch),
            bytes(known.revision),
            bytes(&known.hash),
            bytes(known.logged),
            bytes(status.unwrap_or_default()),
            bytes(limits::STATUS_TTL_MS * 1000),
            roster_words(roster),
        ];
        push_log(&mut args, log);
        let mut reply = Reply::of(self.run(&LOOK, &key(show, ""), args).await?)?;
        let now = reply.time()?;
        let epoch = reply.epoch()?;
        let waits = Duration::from_micros(reply.number()?);
        let offered = reply.number()? == 1;
        let (revision, hash) = (reply.number()?, reply.text()?);
        let json = Some(reply.text()?).filter(|json| !json.is_empty());
        let links = reply.pairs()?;
        let from = reply.number()?;
        let entries = reply.texts()?;
        // What cannot be read (a newer release wrote it) is passed over, and counts.
        let logged = from + entries.len() as u64;
        let entries = entries.iter().filter_map(|entry| serde_json::from_str(entry).ok()).collect();
        let (nodes, ancestor) = (reply.pairs()?, reply.text()?);
        Ok(Look { now, epoch, waits, offered, revision, hash, json, links, entries, logged, nodes, ancestor })
    }

    /// Replaces a document by its successor, with its entries of the log, all or nothing. The same may be asked again.
    ///
    /// # Errors
    /// Redis does not answer; it may have been done or not.
    pub async fn replace(&self, show: &ShowId, replacement: Replacement<'_>) -> Result<Swap, RedisError> {
        let Replacement { known, next, hash, until, roster, log, merged } = replacement;
        let mut args = vec![
            bytes(known.epoch),
            bytes(if known.hash.is_empty() { 0 } else { known.revision }),
            bytes(&known.hash),
            bytes(next.revision),
            bytes(hash),
            bytes(&next.json),
            bytes(until.0),
            roster_words(roster),
            bytes(merged.unwrap_or_default()),
        ];
        push_log(&mut args, log);
        let mut reply = Reply::of(self.run(&REPLACE, &key(show, ""), args).await?)?;
        let (outcome, epoch, left) = (reply.text()?, reply.epoch()?, reply.number()?);
        match outcome.as_str() {
            "done" => Ok(Swap::Done),
            "moved" => Ok(Swap::Moved),
            "epoch" => Ok(Swap::Epoch(epoch)),
            "wait" => Ok(Swap::Wait(Duration::from_micros(left))),
            "late" => Ok(Swap::Late),
            _ => Err(reply::strange()),
        }
    }

    /// Offers what this node has, and its history, after the history of Redis changed. Gives back the epoch, too.
    ///
    /// # Errors
    /// Redis does not answer; the same may be offered again.
    pub async fn offer(
        &self,
        show: &ShowId,
        known: &Known,
        json: &str,
        history: &[(u64, String)],
        roster: &[NodeId],
    ) -> Result<(u32, Offer), RedisError> {
        let revision = if known.hash.is_empty() { 0 } else { known.revision };
        let mut args = vec![
            bytes(self.node),
            bytes(known.epoch),
            bytes(revision),
            bytes(&known.hash),
            bytes(json),
            roster_words(roster),
        ];
        for (revision, hash) in history {
            args.extend([bytes(revision), bytes(hash)]);
        }
        let mut reply = Reply::of(self.run(&OFFER, &key(show, ""), args).await?)?;
        let (outcome, epoch, ancestor) = (reply.text()?, reply.epoch()?, reply.number()?);
        let offer = match outcome.as_str() {
            "kept" => Offer::Kept,
            "back" => Offer::Back,
            "fork" => Offer::Fork { ancestor },
            _ => return Err(reply::strange()),
        };
        Ok((epoch, offer))
    }

    /// Waits until a replica has all that was written until now. `None`: there is no replica; otherwise whether one had
    /// it in time.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn replicated(&self, show: &ShowId) -> Result<Option<bool>, RedisError> {
        let watch = Stopwatch::start();
        let mut target = None;
        loop {
            let mut reply = Reply::of(self.run(&REPLICAS, &key(show, ""), Vec::new()).await?)?;
            let (here, replicas, most) = (reply.number()?, reply.number()?, reply.number()?);
            if replicas == 0 {
                return Ok(None);
            }
            if most >= *target.get_or_insert(here) {
                return Ok(Some(true));
            }
            if watch.elapsed() > limits::REPLICA_WAIT {
                return Ok(Some(false));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Takes everything of a show out of Redis but its ballots, and leaves that it was erased. Gives back the nodes that
    /// serve it: then nothing was done, unless it is `known` to be erased already.
    ///
    /// # Errors
    /// Redis does not answer; the same may be asked again.
    pub async fn erase(&self, show: &ShowId, erased: &Erased, known: bool) -> Result<Vec<NodeId>, RedisError> {
        let mut keys = [key(show, ""), key(show, ":manifests")].concat();
        keys.extend(erased.seals.iter().flat_map(|(run, rev)| key(show, &format!(":witness:{run}.{rev}"))));
        keys.extend(erased.runs.iter().flat_map(|(run, _)| key(show, &format!(":reactions:{run}"))));
        let json = serde_json::to_string(erased).expect("a note is plain data");
        let reply = Reply::of(self.run(&ERASE, &keys, vec![bytes(json), bytes(u8::from(known))]).await?)?;
        let serving = reply.ids()?;
        if serving.is_empty() {
            self.run(&CLOCK_FORGET, &[b"{tl:clock}".to_vec()], vec![bytes(show)]).await?;
        }
        Ok(serving)
    }

    /// What Redis says of a show that was erased.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn erased(&self, show: &ShowId) -> Result<Option<Erased>, RedisError> {
        match self.run(&ERASED, &key(show, ""), Vec::new()).await? {
            Value::Nil => Ok(None),
            json => Ok(serde_json::from_str(&reply::text(json)?).ok()),
        }
    }

    /// The time of the installation's clock and all shows; those of the caller are
    /// among them from now on.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn clock(&self, shows: &[ShowId]) -> Result<(Micros, Vec<ShowId>), RedisError> {
        let args = shows.iter().map(bytes).collect();
        let mut reply = Reply::of(self.run(&CLOCK, &[b"{tl:clock}".to_vec()], args).await?)?;
        Ok((reply.time()?, reply.shows()?))
    }

    /// Keeps a manifest, once: gives back the one that is kept, which may be another node's.
    ///
    /// # Errors
    /// Redis does not answer; it may have been kept.
    pub async fn put_manifest(
        &self,
        show: &ShowId,
        run: RunId,
        revision: u32,
        json: &str,
    ) -> Result<String, RedisError> {
        let field = bytes(format_args!("{run}.{revision}"));
        reply::text(self.run(&ONCE, &key(show, ":manifests"), vec![field, bytes(json)]).await?)
    }

    /// The manifests of a show, by run and revision.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn manifests(&self, show: &ShowId) -> Result<Vec<(RunId, u32, String)>, RedisError> {
        let all: Vec<(String, String)> = self.all(&key(show, ":manifests")).await?;
        let parsed = all.into_iter().filter_map(|(field, json)| {
            let (run, revision) = field.split_once('.')?;
            Some((run.parse().ok()?, revision.parse().ok()?, json))
        });
        Ok(parsed.collect())
    }

    /// Keeps what this node has witnessed of a run's seal.
    ///
    /// # Errors
    /// Redis does not answer; it may have been kept.
    pub async fn put_witness(&self, show: &ShowId, run: RunId, revision: u32, json: &str) -> Result<(), RedisError> {
        let key = key(show, &format!(":witness:{run}.{revision}"));
        self.run(&PUT, &key, vec![bytes(self.node), bytes(json)]).await.map(|_| ())
    }

    /// What nodes have witnessed of a run's seal.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn witnesses(
        &self,
        show: &ShowId,
        run: RunId,
        revision: u32,
    ) -> Result<Vec<(NodeId, String)>, RedisError> {
        self.all(&key(show, &format!(":witness:{run}.{revision}"))).await
    }

    /// Keeps what this process counts of a run's reactions, if it is news, and gives what all processes have told of it.
    ///
    /// # Errors
    /// Redis does not answer; it may have been kept.
    pub async fn tell_reactions(
        &self,
        show: &ShowId,
        run: RunId,
        process: JournalId,
        news: Option<&String>,
    ) -> Result<Vec<(JournalId, String)>, RedisError> {
        let key = key(show, &format!(":reactions:{run}"));
        let (news, ttl) = (news.map(String::as_str).unwrap_or_default(), limits::REACTIONS_TTL.as_millis());
        let all = self.run(&TELL, &key, vec![bytes(process), bytes(news), bytes(ttl)]).await?;
        Reply::of(Value::List(vec![all]))?.pairs()
    }

    async fn all<T: std::str::FromStr>(&self, key: &[Vec<u8>]) -> Result<Vec<(T, String)>, RedisError> {
        let mut reply = Reply::of(Value::List(vec![self.run(&ALL, key, Vec::new()).await?]))?;
        reply.pairs()
    }

    /// Keeps a one-time link under the hash of its code, until it expires.
    ///
    /// # Errors
    /// Redis does not answer; it may have been kept.
    pub async fn put_link(&self, code_hash: &str, link: &Link, now: Micros) -> Result<(), RedisError> {
        let json = serde_json::to_string(link).expect("a link is plain data");
        let left_ms = link.expires.since_ms(now).max(1);
        self.run(&LINK_PUT, &[link_key(code_hash)], vec![bytes(json), bytes(left_ms)]).await.map(|_| ())
    }

    /// Uses a link up. `None`: unknown, used or expired.
    ///
    /// # Errors
    /// Redis does not answer; the link may be used up.
    pub async fn use_link(&self, code_hash: &str) -> Result<Option<Link>, RedisError> {
        match self.run(&LINK_USE, &[link_key(code_hash)], Vec::new()).await? {
            Value::Nil => Ok(None),
            json => Ok(serde_json::from_str(&reply::text(json)?).ok()),
        }
    }
}

/// What the scripts of a show answer once it was erased.
pub fn erased_by(error: &RedisError) -> Option<Erased> {
    let RedisError::Refused(said) = error else { return None };
    let mut said = serde_json::Deserializer::from_str(said.strip_prefix("ERASED ")?).into_iter();
    said.next()?.ok()
}

fn link_key(code_hash: &str) -> Vec<u8> {
    format!("{{tl:link:{code_hash}}}").into_bytes()
}
