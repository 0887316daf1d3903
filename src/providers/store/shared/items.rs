//! What the audience of a show writes and what is decided about it, among several nodes: events in one order, and claims.

use super::{SharedStore, bytes, key, reply, reply::Reply, roster_words};
use crate::{
    base::{
        clock::Micros,
        ids::{ItemId, NodeId, SessionId, ShowId},
        limits,
    },
    providers::redis::{RedisError, Script},
};

static ITEMS: Script = script!("items");

/// What a node knows of a show's events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KnownItems {
    /// Of the history of Redis.
    pub epoch: u32,
    /// How many it has, from the first on.
    pub count: u64,
}

/// An event as Redis keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemEvent {
    pub id: String,
    pub json: String,
    /// What it is about; with `?` before it, what it only rests on.
    pub about: Vec<String>,
}

/// What a call is for, besides learning what others did.
#[derive(Debug, Clone, Copy)]
pub enum Want<'a> {
    Nothing,
    /// These are somebody's now, and no others.
    Claim {
        session: SessionId,
        name: &'a str,
        items: &'a [ItemId],
    },
    /// Adds events, until one of them rests on what somebody has changed since.
    Add(&'a [ItemEvent]),
    /// Tells again what a Redis of another history may have lost. `last`: that is all of it.
    Tell {
        events: &'a [ItemEvent],
        last: bool,
    },
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Not all of it: somebody was faster.
    Moved,
    /// The history of Redis is another one, or this node has not told it what it has.
    Epoch,
    /// Nodes are telling what they have.
    Wait,
}

/// An item that somebody looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub item: ItemId,
    pub session: SessionId,
    pub name: String,
    /// By the clock of Redis.
    pub until: Micros,
}

/// What a call brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemNews {
    pub outcome: Outcome,
    pub epoch: u32,
    /// Events of the call that Redis has now.
    pub done: usize,
    /// Events that Redis has.
    pub count: u64,
    /// Those after the caller's, as JSON; more may follow. None, if the history is another one.
    pub events: Vec<String>,
    pub claims: Vec<Claimed>,
}

impl SharedStore {
    /// Learns what others did, and does what is wanted. The same may be asked again: an event is added once.
    ///
    /// # Errors
    /// Redis does not answer; it may have been done or not.
    pub async fn items(
        &self,
        show: &ShowId,
        known: KnownItems,
        roster: &[NodeId],
        want: Want<'_>,
    ) -> Result<ItemNews, RedisError> {
        let (word, events) = match want {
            Want::Nothing => ("look", &[][..]),
            Want::Claim { .. } => ("claim", &[][..]),
            Want::Add(events) => ("add", events),
            Want::Tell { events, last } => (if last { "told" } else { "tell" }, events),
        };
        let mut args =
            vec![bytes(self.node), bytes(known.epoch), bytes(known.count), roster_words(roster), bytes(word)];
        if let Want::Claim { session, name, items } = want {
            let items = items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let name = serde_json::to_vec(name).expect("a name is plain text");
            args.extend([bytes(session), name, bytes(limits::CLAIM_LEASE_MS * 1000), bytes(items)]);
        } else {
            args.extend([Vec::new(), Vec::new(), Vec::new(), Vec::new()]);
        }
        for event in events {
            args.extend([bytes(&event.id), bytes(&event.json), bytes(event.about.join(" "))]);
        }
        let mut reply = Reply::of(self.run(&ITEMS, &key(show, ""), args).await?)?;
        let (outcome, epoch) = (reply.text()?, reply.epoch()?);
        let outcome = match outcome.as_str() {
            "ok" => Outcome::Done,
            "moved" => Outcome::Moved,
            "epoch" => Outcome::Epoch,
            "wait" => Outcome::Wait,
            _ => return Err(reply::strange()),
        };
        let done = usize::try_from(reply.number()?).map_err(|_| reply::strange())?;
        let (count, events) = (reply.number()?, reply.texts()?);
        let claims = reply.text()?.lines().filter_map(claimed).collect();
        Ok(ItemNews { outcome, epoch, done, count, events, claims })
    }
}

fn claimed(line: &str) -> Option<Claimed> {
    let mut words = line.splitn(4, ' ');
    let until = Micros(words.next()?.parse().ok()?);
    let (session, item) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    // JSON has no line feed in it, whatever a name has.
    let name = serde_json::from_str(words.next()?).ok()?;
    Some(Claimed { item, session, name, until })
}
