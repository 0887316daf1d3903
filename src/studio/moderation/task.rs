//! The task that owns a show's queue: takes what waits in groups, stores what they make in one write, and only then
//! answers, shows and tells. Among several nodes Redis has to agree first (`shared.rs`).

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use super::{Air, Change, Request, Requests, answers::NOT_WRITTEN, log, shared::Shared};
use crate::{
    base::{
        hex,
        ids::{ItemId, SessionId, VoterId},
        limits,
    },
    live::hub::encode,
    moderation::{
        event::{By, Event, What},
        queue::{Context, Queue},
        say::{self, Saying},
        view::{self, Eyes},
    },
    providers::store::StoredItems,
    shows::{document::Staff, kind::Kind, run::Run, transition::Refusal},
    studio::{desk::Desk, services::Services},
    wire::{
        moderation::{Act, Items, Moderate, Said, Upvoted},
        server::{AsRunEntry, Done, ServerMessage},
    },
};

/// Runs until the process stops.
pub(in crate::studio) async fn run(desk: Arc<Desk>, services: Arc<Services>, requests: Requests) {
    let Requests(mut requests) = requests;
    let stop = services.tasks.stop().clone();
    let shared = services.shared.clone().map(Shared::new);
    let mut task = Task {
        desk,
        services,
        queue: Queue::default(),
        answered: VecDeque::new(),
        unstored: Vec::new(),
        upvoted: BTreeSet::new(),
        rehearsal: true,
        refused: BTreeMap::new(),
        shared,
    };
    task.recall_pulls();
    while !task.load().await {
        tokio::select! {
            () = tokio::time::sleep(limits::STORE_RETRY) => {}
            () = stop.cancelled() => return,
        }
    }
    let asked_every = std::time::Duration::from_millis(limits::ASKED_EVERY_MS);
    let every = |period| {
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        interval
    };
    let (mut again, mut asked, mut look) = (every(limits::STORE_RETRY), every(asked_every), every(limits::LOOK_EVERY));
    loop {
        let first = tokio::select! {
            request = requests.recv() => request,
            _ = again.tick() => {
                task.look_again().await;
                continue;
            }
            _ = asked.tick(), if !task.upvoted.is_empty() => {
                let upvoted = std::mem::take(&mut task.upvoted);
                task.show();
                task.tell(&upvoted);
                continue;
            }
            _ = look.tick(), if task.shared.is_some() => {
                if task.desk.is_erased() {
                    return;
                }
                task.look().await;
                continue;
            }
            () = stop.cancelled() => {
                task.look_again().await;
                return;
            }
        };
        let Some(first) = first else { return };
        let mut group = vec![first];
        while group.len() < limits::ITEM_GROUP_MAX
            && let Ok(next) = requests.try_recv()
        {
            group.push(next);
        }
        task.work(group).await;
    }
}

pub(super) struct Task {
    pub(super) desk: Arc<Desk>,
    pub(super) services: Arc<Services>,
    pub(super) queue: Queue,
    pub(super) answered: VecDeque<(SessionId, Done)>,
    /// What was pulled and could not be stored, or not be told to the other nodes.
    pub(super) unstored: Vec<(Moderate, Staff)>,
    /// What was upvoted since it was last told how often.
    pub(super) upvoted: BTreeSet<ItemId>,
    /// As of the show when staff was last told.
    rehearsal: bool,
    /// What the rules had refused when moderators were last told.
    refused: BTreeMap<String, u32>,
    /// Where the queue stands with Redis; `None`: this node works alone.
    pub(super) shared: Option<Shared>,
}

/// What one group makes.
#[derive(Default)]
pub(super) struct Group {
    pub(super) fresh: StoredItems,
    pub(super) log: Vec<AsRunEntry>,
    pub(super) changed: BTreeSet<ItemId>,
    /// Claims, bans or the pause have changed.
    pub(super) told: bool,
    pub(super) decided: bool,
    answers: Vec<(Request, Answer)>,
}

/// What is answered, once it is stored.
#[derive(Clone)]
pub(super) enum Answer {
    Said(Said),
    Upvoted(Upvoted),
    Done(Done),
    /// What is kept, as of then.
    Kept,
    /// Somebody else is to look at it first.
    Unchecked,
}

/// What a request makes.
pub(super) enum Fresh {
    Event(Box<Event>),
    Upvote(ItemId, VoterId),
    Claim(By, Vec<ItemId>),
}

impl Task {
    /// Makes the queue of what is stored.
    async fn load(&mut self) -> bool {
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let folded = self.services.tasks.blocking(move || {
            let stored = store.items(&show)?;
            let mut queue = Queue::default();
            for (_, json) in &stored.events {
                queue.apply(&serde_json::from_str::<Event>(json)?);
            }
            for (item, voter) in stored.upvotes {
                queue.add_upvote(item, voter);
            }
            Ok::<_, crate::providers::store::StoreError>(queue)
        });
        match folded.await {
            Ok(queue) => {
                self.queue = queue;
                self.show();
                true
            }
            Err(error) => {
                tracing::error!(%error, show = %self.desk.show, "what the audience wrote could not be read");
                false
            }
        }
    }

    /// Once a second: what was pulled is offered to the disk again, and a show that went live has another queue.
    async fn look_again(&mut self) {
        for (message, by) in std::mem::take(&mut self.unstored) {
            let (reply, _) = tokio::sync::oneshot::channel();
            self.work(vec![Request::Act { message, by, reply }]).await;
        }
        let refused = self.refused(Eyes::Moderators);
        if self.desk.document().rehearsal != self.rehearsal {
            self.tell_all();
        } else if refused != self.refused {
            self.tell(&BTreeSet::new());
        }
        self.refused = refused;
    }

    /// The whole queue.
    pub(super) fn whole(&self, eyes: Eyes) -> Vec<Items> {
        let now = self.services.clock.now();
        let mut parts = view::whole(&self.queue, self.desk.document().rehearsal, eyes, now);
        parts.iter_mut().for_each(|part| part.refused = self.refused(eyes));
        parts
    }

    /// What the rules refused on all nodes, for those who see it.
    fn refused(&self, eyes: Eyes) -> BTreeMap<String, u32> {
        match eyes {
            Eyes::Moderators => self.desk.others.with_refused(self.services.node, self.desk.moderation.refused()),
            Eyes::Producers => BTreeMap::new(),
        }
    }

    /// Tells staff the whole queue.
    pub(super) fn tell_all(&mut self) {
        self.rehearsal = self.desk.document().rehearsal;
        let (moderators, producers) = (self.whole(Eyes::Moderators), self.whole(Eyes::Producers));
        let longest = moderators.len().max(producers.len());
        let part = |parts: &[Items], at: usize| parts.get(at).cloned().map(message).unwrap_or_default();
        for at in 0..longest {
            let change = Change { moderators: part(&moderators, at), producers: part(&producers, at) };
            let _ = self.desk.moderation.changes.send(change);
        }
    }

    async fn work(&mut self, requests: Vec<Request>) {
        if self.shared.is_some() {
            return self.work_shared(requests).await;
        }
        let mut group = Group::default();
        for request in requests {
            let (mut answer, fresh) = self.weigh(&request);
            match fresh {
                None => {}
                Some(Fresh::Event(event)) => {
                    let json = serde_json::to_string(&event).expect("an event is plain data");
                    self.take(&event, json, &mut group);
                }
                Some(Fresh::Upvote(item, voter)) => {
                    self.queue.add_upvote(item, voter);
                    group.fresh.upvotes.push((item, voter));
                    self.upvoted.insert(item);
                }
                Some(Fresh::Claim(by, items)) => {
                    group.told = true;
                    let others = self.queue.claim(&by, &items, self.services.clock.now());
                    if let (Answer::Done(done), false) = (&mut answer, others.is_empty()) {
                        done.detail = deciding(&others);
                    }
                }
            }
            group.answers.push((request, answer));
        }
        self.finish(group).await;
    }

    /// What comes of a request, by the queue as it is.
    pub(super) fn weigh(&self, request: &Request) -> (Answer, Option<Fresh>) {
        match request {
            Request::Say { saying, .. } => {
                let taken = self.judge(saying);
                if taken.event.is_some() && saying.checked.is_none() && self.services.check.is_some() {
                    return (Answer::Unchecked, None);
                }
                (Answer::Said(taken.said), taken.event.map(Box::new).map(Fresh::Event))
            }
            Request::Upvote { voter, item, .. } => {
                let outcome = match self.takes_upvotes(*item) {
                    true => self.queue.upvote(*voter, *item),
                    false => Err("this question cannot be upvoted, or not any more"),
                };
                let fresh = (outcome == Ok(true)).then_some(Fresh::Upvote(*item, *voter));
                let detail = outcome.err().unwrap_or_default().to_owned();
                (Answer::Upvoted(Upvoted { item: *item, ok: detail.is_empty(), detail, retry_ms: None }), fresh)
            }
            Request::Act { message, by, .. } => self.act(message, by),
            Request::Whole { .. } | Request::Mine { .. } => (Answer::Kept, None),
        }
    }

    fn judge(&self, saying: &Saying) -> say::Taken {
        say::judge(&self.queue, self.desk.board().run(saying.say.run), saying)
    }

    /// Makes an event a part of the queue, and of what a group stores.
    pub(super) fn take(&mut self, event: &Event, json: String, group: &mut Group) {
        let changed = self.queue.apply(event);
        group.fresh.events.push((event.id.clone(), json));
        if matches!(event.what, What::Upvoted { .. }) {
            self.upvoted.extend(changed);
            return;
        }
        group.changed.extend(changed);
        group.told = true;
        group.decided |= !matches!(&event.what, What::Sent(sent) if !sent.approved);
        group.log.extend(log::entry(event, &self.queue, self.desk.document().rehearsal));
    }

    fn act(&self, message: &Moderate, by: &Staff) -> (Answer, Option<Fresh>) {
        let before = self.answered.iter().find(|(session, done)| *session == by.session && done.id == message.id);
        if let Some((_, done)) = before {
            return (Answer::Done(done.clone()), None);
        }
        let context = Context {
            now: self.services.clock.now(),
            by: By { session: by.session, name: by.name.clone() },
            rehearsal: self.desk.document().rehearsal,
            event: event_id(message, by.session),
        };
        let (id, rev) = (message.id.clone(), self.desk.document().revision);
        let done = Done { id, ok: true, rev, code: None, detail: String::new(), proposal: None };
        if let Act::Claim { items } = &message.act {
            return (Answer::Done(done), Some(Fresh::Claim(context.by, items.clone())));
        }
        // It was done, and the answer got lost with a node, or with Redis.
        if self.queue.has_decided(&context.event) {
            return (Answer::Done(done), None);
        }
        match self.queue.decide(&message.act, &context) {
            Ok(decided) => {
                (Answer::Done(Done { detail: decided.detail, ..done }), Some(Fresh::Event(Box::new(decided.event))))
            }
            Err(Refusal { code, detail }) => (Answer::Done(Done { ok: false, code: Some(code), detail, ..done }), None),
        }
    }

    /// Whether the cue of an item lets viewers upvote, and its run is not void.
    fn takes_upvotes(&self, item: ItemId) -> bool {
        let board = self.desk.board();
        let run = self.queue.item(item).and_then(|one| board.run(one.sent.run));
        run.is_some_and(|run| {
            let writing = run.definition.interaction.kind.writing();
            !run.void && writing.is_some_and(|(_, writing)| writing.upvotes)
        })
    }

    /// Stores what a group made; then it is told. If it cannot be stored, the queue is again what the disk has.
    async fn finish(&mut self, group: Group) {
        let Group { fresh, log, changed, told, decided, answers } = group;
        if !fresh.events.is_empty() || !fresh.upvotes.is_empty() {
            let (store, show, entries) = (self.services.store.clone(), self.desk.show.clone(), log.clone());
            let stored = self.services.tasks.blocking(move || store.put_items(&show, &fresh, &entries)).await;
            if let Err(error) = stored {
                tracing::error!(%error, show = %self.desk.show, "what the audience wrote could not be stored");
                answers.into_iter().for_each(|(request, answer)| self.fail(request, answer, NOT_WRITTEN));
                // What it holds now is not on the disk: nothing is shown or answered by it.
                let stop = self.services.tasks.stop().clone();
                while !self.load().await {
                    tokio::select! {
                        () = tokio::time::sleep(limits::STORE_RETRY) => {}
                        () = stop.cancelled() => return,
                    }
                }
                return;
            }
        }
        self.publish(decided, told, &changed, log);
        answers.into_iter().for_each(|(request, answer)| self.answer(request, answer));
    }

    /// Shows and tells what has changed.
    pub(super) fn publish(&mut self, decided: bool, told: bool, changed: &BTreeSet<ItemId>, log: Vec<AsRunEntry>) {
        if decided {
            self.show();
        }
        if told || !changed.is_empty() {
            self.tell(changed);
        }
        if !log.is_empty() {
            self.desk.hub.publish_log(log);
        }
    }

    /// What may be seen from now on.
    pub(super) fn show(&mut self) {
        let document = self.desk.document();
        let asks = |run: &&Run| matches!(run.definition.interaction.kind, Kind::Questions(_));
        let asked = document
            .runs
            .iter()
            .filter(asks)
            .map(|run| (run.id(), Arc::new(view::asked(&self.queue, run.id()))))
            .collect();
        self.desk.moderation.air.store(Arc::new(Air { on_air: view::on_air(&self.queue), asked }));
        self.desk.changed.notify_one();
    }

    /// Tells staff what changed.
    pub(super) fn tell(&self, changed: &BTreeSet<ItemId>) {
        let moderation = &self.desk.moderation;
        if moderation.changes.receiver_count() == 0 {
            return;
        }
        let (now, rehearsal) = (self.services.clock.now(), self.desk.document().rehearsal);
        let part = |eyes| {
            let items = changed.iter().filter_map(|id| self.queue.item(*id));
            Items { refused: self.refused(eyes), ..view::changed(&self.queue, items, rehearsal, eyes, now) }
        };
        let producers = part(Eyes::Producers);
        // What waits is no news for them.
        let producers =
            if producers.items.is_empty() && !changed.is_empty() { Default::default() } else { message(producers) };
        let _ = moderation.changes.send(Change { moderators: message(part(Eyes::Moderators)), producers });
    }
}

fn message(items: Items) -> axum::extract::ws::Utf8Bytes {
    encode(&ServerMessage::Items(Box::new(items)))
}

/// Who decides about something already, in words.
pub(super) fn deciding(others: &[String]) -> String {
    format!("{} is deciding about it", others.join(", "))
}

/// The id of what an action makes: the same action sent again, to whichever node, is the same event.
fn event_id(message: &Moderate, session: SessionId) -> String {
    let said = format!("{session} {}", serde_json::to_string(message).expect("a message is plain data"));
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, said.as_bytes());
    format!("m.{}", hex::encode(&digest.as_ref()[..8]))
}
