//! The task that owns a show's queue: takes what waits in groups, stores what they make in one write, and only then
//! answers, shows and tells.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::{Arc, PoisonError},
};

use tokio::sync::oneshot;

use super::{Air, Change, Mine, Request, Requests, log};
use crate::{
    base::{
        hex,
        ids::{ItemId, SessionId, random_bytes},
        limits,
    },
    live::hub::encode,
    moderation::{
        event::{By, Event},
        queue::{Context, Queue},
        say::{self, Saying},
        view::{self, Eyes},
    },
    providers::store::StoredItems,
    shows::{document::Staff, kind::Kind, run::Run, transition::Refusal},
    studio::{desk::Desk, services::Services},
    wire::{
        codes::Code,
        moderation::{Act, Items, Moderate, Said, SaidIs, Upvoted},
        server::{AsRunEntry, Done, ServerMessage},
    },
};

/// Runs until the process stops.
pub(in crate::studio) async fn run(desk: Arc<Desk>, services: Arc<Services>, requests: Requests) {
    let Requests(mut requests) = requests;
    let stop = services.tasks.stop().clone();
    let mut task = Task {
        desk,
        services,
        queue: Queue::default(),
        answered: VecDeque::new(),
        unstored: Vec::new(),
        upvoted: BTreeSet::new(),
        rehearsal: true,
    };
    while !task.load().await {
        tokio::select! {
            () = tokio::time::sleep(limits::STORE_RETRY) => {}
            () = stop.cancelled() => return,
        }
    }
    let asked_every = std::time::Duration::from_millis(limits::ASKED_EVERY_MS);
    let (mut again, mut asked) = (tokio::time::interval(limits::STORE_RETRY), tokio::time::interval(asked_every));
    again.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    asked.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
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

struct Task {
    desk: Arc<Desk>,
    services: Arc<Services>,
    queue: Queue,
    answered: VecDeque<(SessionId, Done)>,
    /// What was pulled and could not be stored.
    unstored: Vec<(Moderate, Staff)>,
    /// What was upvoted since it was last told how often.
    upvoted: BTreeSet<ItemId>,
    /// As of the show when staff was last told.
    rehearsal: bool,
}

/// What one group makes.
#[derive(Default)]
struct Group {
    fresh: StoredItems,
    log: Vec<AsRunEntry>,
    changed: BTreeSet<ItemId>,
    /// Claims, bans or the pause have changed.
    told: bool,
    decided: bool,
    answers: Vec<Reply>,
}

/// An answer that waits for the disk; with what it becomes if that fails, if it depends on it.
enum Reply {
    Said(oneshot::Sender<Said>, Said),
    Upvoted(oneshot::Sender<Upvoted>, Upvoted),
    Done { reply: oneshot::Sender<Done>, done: Done, message: Moderate, by: Staff },
    Whole(oneshot::Sender<Vec<Items>>, Vec<Items>),
    Mine(oneshot::Sender<Mine>, Mine),
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
            let (reply, _) = oneshot::channel();
            self.work(vec![Request::Act { message, by, reply }]).await;
        }
        let rehearsal = self.desk.document().rehearsal;
        if rehearsal != self.rehearsal {
            self.rehearsal = rehearsal;
            let now = self.services.clock.now();
            let whole = |eyes| view::whole(&self.queue, rehearsal, eyes, now);
            let (moderators, producers) = (whole(Eyes::Moderators), whole(Eyes::Producers));
            let longest = moderators.len().max(producers.len());
            let part = |parts: &[Items], at: usize| parts.get(at).cloned().map(message).unwrap_or_default();
            for at in 0..longest {
                let change = Change { moderators: part(&moderators, at), producers: part(&producers, at) };
                let _ = self.desk.moderation.changes.send(change);
            }
        }
    }

    async fn work(&mut self, requests: Vec<Request>) {
        let mut group = Group::default();
        for request in requests {
            match request {
                Request::Say { saying, reply } => {
                    let said = self.say(&saying, &mut group);
                    group.answers.push(Reply::Said(reply, said));
                }
                Request::Upvote { voter, item, reply } => {
                    let outcome = match self.takes_upvotes(item) {
                        true => self.queue.upvote(voter, item),
                        false => Err("this question cannot be upvoted, or not any more"),
                    };
                    if outcome == Ok(true) {
                        self.queue.add_upvote(item, voter);
                        group.fresh.upvotes.push((item, voter));
                        self.upvoted.insert(item);
                    }
                    let detail = outcome.err().unwrap_or_default().to_owned();
                    group
                        .answers
                        .push(Reply::Upvoted(reply, Upvoted { item, ok: detail.is_empty(), detail, retry_ms: None }));
                }
                Request::Act { message, by, reply } => {
                    let done = self.act(&message, &by, &mut group);
                    group.answers.push(Reply::Done { reply, done, message, by });
                }
                Request::Whole { eyes, reply } => {
                    let now = self.services.clock.now();
                    let whole = view::whole(&self.queue, self.desk.document().rehearsal, eyes, now);
                    group.answers.push(Reply::Whole(reply, whole));
                }
                Request::Mine { voter, reply } => {
                    let (items, upvoted) = (self.queue.of_voter(voter), self.queue.upvoted_by(voter));
                    let banned = self.queue.is_banned(voter);
                    let mine = Mine { items: items.cloned().collect(), upvoted: upvoted.collect(), banned };
                    group.answers.push(Reply::Mine(reply, mine));
                }
            }
        }
        self.finish(group).await;
    }

    fn say(&mut self, saying: &Saying, group: &mut Group) -> Said {
        let board = self.desk.board();
        let taken = say::judge(&self.queue, board.run(saying.say.run), saying);
        if let Some(event) = taken.event {
            group.decided |= taken.said.is == SaidIs::Approved;
            self.take(&event, group);
        }
        taken.said
    }

    fn take(&mut self, event: &Event, group: &mut Group) {
        group.changed.extend(self.queue.apply(event));
        let json = serde_json::to_string(event).expect("an event is plain data");
        group.fresh.events.push((event.id.clone(), json));
        group.told = true;
    }

    fn act(&mut self, message: &Moderate, by: &Staff, group: &mut Group) -> Done {
        let before = self.answered.iter().find(|(session, done)| *session == by.session && done.id == message.id);
        if let Some((_, done)) = before {
            return done.clone();
        }
        let rehearsal = self.desk.document().rehearsal;
        let context = Context {
            now: self.services.clock.now(),
            by: By { session: by.session, name: by.name.clone() },
            rehearsal,
            event: format!("m.{}", hex::encode(&random_bytes::<8>())),
        };
        let outcome = if let Act::Claim { items } = &message.act {
            group.told = true;
            let others = self.queue.claim(&context.by, items, context.now);
            Ok(if others.is_empty() { String::new() } else { format!("{} is deciding about it", others.join(", ")) })
        } else {
            self.queue.decide(&message.act, &context).map(|decided| {
                self.take(&decided.event, group);
                group.decided = true;
                group.log.extend(log::entry(&decided.event, &self.queue, rehearsal));
                decided.detail
            })
        };
        let (id, rev) = (message.id.clone(), self.desk.document().revision);
        match outcome {
            Ok(detail) => Done { id, ok: true, rev, code: None, detail, proposal: None },
            Err(Refusal { code, detail }) => Done { id, ok: false, rev, code: Some(code), detail, proposal: None },
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
                answers.into_iter().for_each(|reply| self.fail(reply));
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
        if decided {
            self.show();
        }
        if told || !changed.is_empty() {
            self.tell(&changed);
        }
        if !log.is_empty() {
            self.desk.hub.publish_log(log);
        }
        answers.into_iter().for_each(|reply| self.answer(reply));
    }

    /// What may be seen from now on.
    fn show(&mut self) {
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
    fn tell(&self, changed: &BTreeSet<ItemId>) {
        let moderation = &self.desk.moderation;
        if moderation.changes.receiver_count() == 0 {
            return;
        }
        let (now, rehearsal) = (self.services.clock.now(), self.desk.document().rehearsal);
        let part = |eyes| {
            let items = changed.iter().filter_map(|id| self.queue.item(*id));
            view::changed(&self.queue, items, rehearsal, eyes, now)
        };
        let producers = part(Eyes::Producers);
        // What waits is no news for them.
        let producers =
            if producers.items.is_empty() && !changed.is_empty() { Default::default() } else { message(producers) };
        let _ = moderation.changes.send(Change { moderators: message(part(Eyes::Moderators)), producers });
    }

    fn answer(&mut self, reply: Reply) {
        // Who asked may be gone; what was done stays done.
        match reply {
            Reply::Said(reply, said) => {
                let _ = reply.send(said);
            }
            Reply::Upvoted(reply, upvoted) => {
                let _ = reply.send(upvoted);
            }
            Reply::Done { reply, done, message, by } => {
                self.let_go(&message.act);
                self.services.metrics.command(message.act.verb(), done.code);
                self.answered.push_back((by.session, done.clone()));
                if self.answered.len() > limits::COMMANDS_REMEMBERED {
                    self.answered.pop_front();
                }
                let _ = reply.send(done);
            }
            Reply::Whole(reply, whole) => {
                let _ = reply.send(whole);
            }
            Reply::Mine(reply, mine) => {
                let _ = reply.send(mine);
            }
        }
    }

    /// The disk did not take it: nobody is told anything that would not be so after a start.
    fn fail(&mut self, reply: Reply) {
        match reply {
            Reply::Said(reply, said) => {
                let say = crate::wire::moderation::Say { run: said.run, id: said.id, text: String::new() };
                let _ = reply.send(say::unknown(&say));
            }
            Reply::Upvoted(reply, upvoted) => {
                let detail = "it could not be stored".to_owned();
                let retry_ms = Some(limits::RETRY_STORAGE_MS);
                let _ = reply.send(Upvoted { ok: false, detail, retry_ms, ..upvoted });
            }
            Reply::Done { reply, done, message, by } => {
                let pulled = matches!(message.act, Act::Pull { .. });
                let detail = match pulled {
                    true => "it is off every screen; it could not be written yet, and is tried again".to_owned(),
                    false => "it could not be written, so nothing was done: look at the node's disk".to_owned(),
                };
                self.services.metrics.command(message.act.verb(), Some(Code::Storage));
                if pulled {
                    self.unstored.push((message, by));
                }
                let _ = reply.send(Done { ok: pulled, code: (!pulled).then_some(Code::Storage), detail, ..done });
            }
            // They ask again.
            Reply::Whole(..) | Reply::Mine(..) => {}
        }
    }

    /// What was pulled is pulled by the queue now, or was not to be pulled.
    fn let_go(&self, act: &Act) {
        let Act::Pull { items } = act else { return };
        let waits: HashSet<_> = self
            .unstored
            .iter()
            .flat_map(|(message, _)| match &message.act {
                Act::Pull { items } => items.clone(),
                _ => Vec::new(),
            })
            .collect();
        let mut pulled = self.desk.moderation.pulled.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().filter(|item| !waits.contains(item)).for_each(|item| {
            pulled.remove(item);
        });
        drop(pulled);
        self.desk.changed.notify_one();
    }
}

fn message(items: Items) -> axum::extract::ws::Utf8Bytes {
    encode(&ServerMessage::Items(Box::new(items)))
}
