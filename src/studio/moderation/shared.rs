//! A show's queue among several nodes. Redis keeps the one order of its events: an event is added there, over what this
//! node has seen of it, then written here, and only then answered, shown and told. Others find it within a tenth of a
//! second. Every node has all events on its disk, and tells them again to a Redis that may have lost some.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, PoisonError},
};

use super::{
    Request,
    answers::{NOT_AGREED, NOT_WRITTEN},
    task::{Answer, Fresh, Group, Task, deciding},
};
use crate::{
    base::{
        clock::{Micros, Stopwatch},
        hex,
        ids::{ItemId, ShowId, VoterId},
        limits,
    },
    moderation::{
        event::{By, Event, What},
        queue::{Claim, Queue},
    },
    providers::{
        redis::RedisError,
        store::{
            StoredItems,
            shared::{
                SharedStore,
                items::{Claimed, ItemEvent, ItemNews, KnownItems, Outcome, Want},
            },
        },
    },
    shows::{document::Staff, kind::Kind},
    studio::desk,
    wire::{
        moderation::{Act, Moderate},
        server::AsRunEntry,
    },
};

/// Where a queue stands with Redis.
pub(super) struct Shared {
    store: Arc<SharedStore>,
    known: KnownItems,
    /// What Redis has and this disk has not taken yet.
    unwritten: (StoredItems, Vec<AsRunEntry>),
    /// What was pulled here and is noted on disk.
    noted: String,
    /// Looks since one was made.
    skipped: u32,
}

impl Shared {
    pub(super) fn new(store: Arc<SharedStore>) -> Self {
        let (known, unwritten) = (KnownItems::default(), Default::default());
        Self { store, known, unwritten, noted: "[]".to_owned(), skipped: 0 }
    }
}

/// What goes to Redis in one call: nothing of it is about the same as something else of it.
#[derive(Default)]
struct Batch {
    events: Vec<(Request, Answer, ItemEvent)>,
    upvotes: Vec<(Request, Answer)>,
    pairs: Vec<(ItemId, VoterId)>,
    about: HashSet<String>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.upvotes.is_empty()
    }

    /// Whether an event is about something that one of these changes, or changes what one of these rests on.
    fn meets(&self, event: &ItemEvent) -> bool {
        event.about.iter().any(|about| match about.strip_prefix('?') {
            Some(rest) => self.about.contains(rest),
            None => self.about.contains(about) || self.about.contains(&format!("?{about}")),
        })
    }
}

fn stored(event: &Event) -> ItemEvent {
    let json = serde_json::to_string(event).expect("an event is plain data");
    ItemEvent { id: event.id.clone(), json, about: event.about() }
}

/// Upvotes as an event: the same pairs are the same one.
fn upvoted(pairs: &[(ItemId, VoterId)], at: Micros) -> ItemEvent {
    let what = What::Upvoted { pairs: pairs.to_vec() };
    let said = serde_json::to_vec(&what).expect("an event is plain data");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &said);
    stored(&Event { id: format!("u.{}", hex::encode(&digest.as_ref()[..8])), at, by: None, what })
}

impl Task {
    fn at_redis(&mut self) -> &mut Shared {
        self.shared.as_mut().expect("this node is one of several")
    }

    async fn call(&self, want: Want<'_>) -> Result<ItemNews, RedisError> {
        let shared = self.shared.as_ref().expect("this node is one of several");
        shared.store.items(&self.desk.show, shared.known, &self.desk.document().roster, want).await
    }

    /// Ten times a second, where the audience writes: takes over what others did.
    pub(super) async fn look(&mut self) {
        let document = self.desk.document();
        let writes = |kind: &Kind| kind.writing().is_some();
        let is_used = !self.queue.items().is_empty()
            || document.rundown.iter().any(|cue| writes(&cue.interaction.kind))
            || document.runs.iter().any(|run| writes(&run.definition.interaction.kind));
        let shared = self.at_redis();
        shared.skipped += 1;
        if is_used || shared.skipped >= limits::LOOKS_WHERE_NOTHING_IS_WRITTEN {
            shared.skipped = 0;
            self.catch_up().await;
        }
    }

    /// Takes over all that Redis has. `false`: it does not answer, or its history has just become another one.
    async fn catch_up(&mut self) -> bool {
        loop {
            let Ok(news) = self.call(Want::Nothing).await else { return false };
            let known = self.at_redis().known;
            if news.outcome == Outcome::Epoch || news.count < known.count {
                if self.tell_again(news.epoch).await.is_none() {
                    // The next look begins anew.
                    self.at_redis().known = KnownItems::default();
                    return false;
                }
                continue;
            }
            let count = news.count;
            self.take_over(news, &[]).await;
            if self.at_redis().known.count >= count {
                return true;
            }
        }
    }

    /// Makes what Redis has a part of the queue and of this disk. Entries of the as-run log about `own` events go to Redis.
    /// `false`: the disk did not take it. It is so all the same, and shown; the disk is asked again with each look.
    async fn take_over(&mut self, news: ItemNews, own: &[ItemEvent]) -> bool {
        let mut group = Group::default();
        for json in news.events {
            self.at_redis().known.count += 1;
            match serde_json::from_str::<Event>(&json) {
                Ok(event) => self.take(&event, json, &mut group),
                Err(error) => {
                    tracing::error!(%error, show = %self.desk.show, "something about what the audience wrote cannot be read: a newer release wrote it");
                }
            }
        }
        group.told |= self.queue.set_claims(news.claims.into_iter().map(claim).collect());
        let sent: Vec<_> =
            group.log.iter().filter(|entry| own.iter().any(|event| event.id == entry.id)).cloned().collect();
        if let Some(standing) = self.desk.standing.as_ref().filter(|_| !sent.is_empty()) {
            standing.send(&sent);
        }
        let (fresh, log) = &mut self.at_redis().unwritten;
        fresh.events.append(&mut group.fresh.events);
        log.append(&mut group.log);
        let written = self.write().await;
        self.publish(group.decided, group.told, &group.changed, Vec::new());
        written
    }

    /// Offers the disk what it has not taken yet.
    async fn write(&mut self) -> bool {
        let (fresh, log) = self.at_redis().unwritten.clone();
        if fresh.events.is_empty() {
            return true;
        }
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        match self.services.tasks.blocking(move || store.put_items(&show, &fresh, &log)).await {
            Ok(entries) => {
                self.at_redis().unwritten = Default::default();
                if !entries.is_empty() {
                    self.desk.hub.publish_log(entries);
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, show = %self.desk.show, "what the audience wrote could not be stored");
                false
            }
        }
    }

    /// Tells Redis everything that this node has, and takes over everything that it has then, in its order. `None`: later.
    async fn tell_again(&mut self, epoch: u32) -> Option<()> {
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let mut kept = self.services.tasks.blocking(move || store.items(&show)).await.ok()?;
        kept.events.extend(self.at_redis().unwritten.0.events.iter().cloned());
        self.at_redis().known = KnownItems { epoch, count: 0 };
        let read = |(id, json): &(String, String)| {
            let about = serde_json::from_str::<Event>(json).map(|event| event.about()).unwrap_or_default();
            ItemEvent { id: id.clone(), json: json.clone(), about }
        };
        let mut events: Vec<_> = kept.events.iter().map(read).collect();
        // Of a time when this node was alone.
        let now = self.services.clock.now();
        events.extend(kept.upvotes.chunks(limits::LOG_BATCH).map(|pairs| upvoted(pairs, now)));
        let parts = events.len().div_ceil(limits::LOG_BATCH).max(1);
        for part in 0..parts {
            let range = part * limits::LOG_BATCH..events.len().min((part + 1) * limits::LOG_BATCH);
            let want = Want::Tell { events: &events[range], last: part + 1 == parts };
            let news = self.call(want).await.ok()?;
            if news.epoch != epoch {
                return None;
            }
        }
        let mut held: Vec<(String, String)> = Vec::new();
        let mut queue = Queue::default();
        loop {
            let news = self.call(Want::Nothing).await.ok().filter(|news| news.outcome != Outcome::Epoch)?;
            for json in news.events {
                self.at_redis().known.count += 1;
                let Ok(event) = serde_json::from_str::<Event>(&json) else { continue };
                queue.apply(&event);
                held.push((event.id, json));
            }
            if self.at_redis().known.count >= news.count {
                break;
            }
        }
        if held.iter().map(|(id, _)| id).eq(kept.events.iter().map(|(id, _)| id)) {
            return Some(());
        }
        let ids: Vec<_> = held.iter().map(|(id, _)| id.clone()).collect();
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let fresh = StoredItems { events: held, upvotes: Vec::new() };
        let write = move || store.put_items(&show, &fresh, &[]).and_then(|_| store.order_items(&show, &ids));
        if let Err(error) = self.services.tasks.blocking(write).await {
            tracing::error!(%error, show = %self.desk.show, "what the audience wrote could not be stored");
            return None;
        }
        self.at_redis().unwritten = Default::default();
        self.queue = queue;
        self.show();
        self.tell_all();
        Some(())
    }

    /// Does what waits: together, as far as nothing of it meets.
    pub(super) async fn work_shared(&mut self, requests: Vec<Request>) {
        let watch = Stopwatch::start();
        let (mut waiting, mut is_in_step) = (VecDeque::from(requests), false);
        while !waiting.is_empty() {
            let mut batch = Batch::default();
            while let Some(request) = waiting.pop_front() {
                let (answer, fresh) = self.weigh(&request);
                match fresh {
                    Some(Fresh::Event(event)) => {
                        let event = stored(&event);
                        if batch.meets(&event) {
                            waiting.push_front(request);
                            break;
                        }
                        batch.about.extend(event.about.iter().cloned());
                        batch.events.push((request, answer, event));
                    }
                    Some(Fresh::Upvote(item, voter)) => {
                        batch.upvotes.push((request, answer));
                        batch.pairs.push((item, voter));
                    }
                    Some(Fresh::Claim(by, items)) => self.claim(request, answer, by, items).await,
                    // What it is refused for may be history, and what it asks for may have grown.
                    None if batch.is_empty() && !std::mem::replace(&mut is_in_step, true) => {
                        let found = self.catch_up().await;
                        if found || !matches!(request, Request::Mine { .. }) {
                            waiting.push_front(request);
                        }
                    }
                    None if batch.is_empty() => self.answer(request, answer),
                    None => {
                        waiting.push_front(request);
                        break;
                    }
                }
            }
            if !batch.is_empty() {
                is_in_step = false;
                self.add(batch, &mut waiting, &watch).await;
            }
        }
        self.keep_pulls().await;
    }

    /// Adds a batch: what is done is answered; what somebody was faster with waits for another turn.
    async fn add(&mut self, batch: Batch, waiting: &mut VecDeque<Request>, watch: &Stopwatch) {
        let Batch { events, upvotes, pairs, .. } = batch;
        let mut all = Vec::new();
        if !pairs.is_empty() {
            all.push(upvoted(&pairs, self.services.clock.now()));
        }
        let first = all.len();
        all.extend(events.iter().map(|(_, _, event)| event.clone()));
        let rest = events.into_iter().map(|(request, answer, _)| (request, answer));
        // What was written before does not stay behind what is decided now.
        if !self.write().await {
            return upvotes
                .into_iter()
                .chain(rest)
                .for_each(|(request, answer)| self.fail(request, answer, NOT_WRITTEN));
        }
        let (mut done, mut why) = (0, None);
        match self.call(Want::Add(&all)).await {
            Ok(news) if matches!(news.outcome, Outcome::Done | Outcome::Moved) => {
                done = news.done;
                let count = news.count;
                if !self.take_over(news, &all[..done]).await {
                    why = Some(NOT_WRITTEN);
                } else if self.at_redis().known.count < count && !self.catch_up().await {
                    why = Some(NOT_AGREED);
                }
            }
            Ok(_) if watch.elapsed() < limits::COMMAND_WAIT => {
                tokio::time::sleep(limits::LOOK_EVERY).await;
                self.catch_up().await;
            }
            _ => why = Some(NOT_AGREED),
        }
        let upvotes = upvotes.into_iter().map(|(request, answer)| (0, request, answer));
        let rest = (first..).zip(rest).map(|(place, (request, answer))| (place, request, answer));
        let mut again = Vec::new();
        for (place, request, answer) in upvotes.chain(rest) {
            match why {
                Some(why) => self.fail(request, answer, why),
                None if place < done => self.answer(request, answer),
                None => again.push(request),
            }
        }
        again.into_iter().rev().for_each(|request| waiting.push_front(request));
    }

    /// Says to all nodes that items are somebody's. Without Redis it is so here.
    async fn claim(&mut self, request: Request, mut answer: Answer, by: By, items: Vec<ItemId>) {
        let items = &items[..items.len().min(limits::ITEMS_AT_ONCE_MAX)];
        let others = match self.call(Want::Claim { session: by.session, name: &by.name, items }).await {
            Ok(news) if news.outcome != Outcome::Epoch => {
                self.take_over(news, &[]).await;
                self.queue.others_at(&by, items)
            }
            _ => {
                let others = self.queue.claim(&by, items, self.services.clock.now());
                self.tell(&Default::default());
                others
            }
        };
        if let (Answer::Done(done), false) = (&mut answer, others.is_empty()) {
            done.detail = deciding(&others);
        }
        self.answer(request, answer);
    }

    /// Keeps on disk what was pulled here and not told to the others yet, and says so in the log.
    pub(super) async fn keep_pulls(&mut self) {
        let text = serde_json::to_string(&self.unstored).expect("what was pulled is plain data");
        if self.shared.as_ref().is_none_or(|shared| shared.noted == text) {
            return;
        }
        self.at_redis().noted.clone_from(&text);
        let entry = |(message, by): &(Moderate, Staff)| {
            let Act::Pull { items } = &message.act else { return None };
            let first = self.queue.item(*items.first()?).map(|item| &item.sent);
            Some(AsRunEntry {
                id: format!("{}.pull.{}.{}", self.services.node, by.session, message.id),
                at: self.services.clock.now().as_ms(),
                rehearsal: self.desk.document().rehearsal,
                by: by.name.clone(),
                what: "pull".to_owned(),
                cue: first.map(|sent| sent.cue.clone()),
                run: first.map(|sent| sent.run),
                note: format!("{} items; on this node; the others follow when Redis is back", items.len()),
            })
        };
        let entries: Vec<_> = self.unstored.iter().filter_map(entry).collect();
        let (store, name) = (self.services.store.clone(), note_name(&self.desk.show));
        if let Err(error) = self.services.tasks.blocking(move || store.put_note(&name, &text)).await {
            tracing::error!(%error, "what was pulled from the screens is forgotten if this process ends");
        }
        if !entries.is_empty() {
            desk::log(&self.desk, &self.services, entries).await;
        }
    }

    /// A start without Redis does not show what was pulled before either.
    pub(super) fn recall_pulls(&mut self) {
        let Some(shared) = &mut self.shared else { return };
        let Ok(Some(text)) = self.services.store.note(&note_name(&self.desk.show)) else { return };
        self.unstored = serde_json::from_str(&text).unwrap_or_default();
        shared.noted = text;
        let mut pulled = self.desk.moderation.pulled.lock().unwrap_or_else(PoisonError::into_inner);
        for (message, _) in &self.unstored {
            if let Act::Pull { items } = &message.act {
                pulled.extend(items);
            }
        }
    }
}

fn claim(claimed: Claimed) -> (ItemId, Claim) {
    let Claimed { item, session, name, until } = claimed;
    (item, Claim { by: By { session, name }, until })
}

/// Where a node keeps what was pulled on its screens and not told to the others yet.
fn note_name(show: &ShowId) -> String {
    format!("pulled_items.{show}")
}
