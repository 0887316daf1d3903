//! What the audience of one show writes: a task that owns the queue and its order, what of it may be seen,
//! and who hears of its changes. What an action means is decided in `moderation/`. Nothing is answered, told or shown
//! before it is on disk, and among several nodes in Redis, but what is pulled: that is off at once.

mod answers;
mod log;
mod shared;
mod task;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use axum::extract::ws::Utf8Bytes;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::{desk::Desk, services::Services};
use crate::{
    base::{
        ids::{ItemId, RunId, VoterId},
        limits,
    },
    moderation::{
        item::Item,
        say::{self, Saying},
        view::Eyes,
    },
    shows::{document::Staff, transition::Refusal},
    wire::{
        codes::Code,
        moderation::{Act, AirView, Asked, Items, Moderate, Said, Upvoted, WhyNot},
        server::{Done, Role},
    },
};

pub(super) use task::run;

/// What the doors know of a show's queue.
#[derive(Debug)]
pub struct Moderation {
    requests: mpsc::Sender<Request>,
    air: ArcSwap<Air>,
    /// What was pulled from the screens and is not on disk yet.
    pulled: Mutex<BTreeSet<ItemId>>,
    changes: broadcast::Sender<Change>,
    /// What the rules refused here since the start, by reason.
    refused: Mutex<BTreeMap<String, u32>>,
}

/// What may be seen of what is stored.
#[derive(Debug, Default)]
struct Air {
    on_air: Option<(RunId, AirView)>,
    asked: HashMap<RunId, Arc<Asked>>,
}

/// A change of the queue, for those who see all and for those who see what was approved; empty: nothing for these.
#[derive(Debug, Clone)]
pub struct Change {
    moderators: Utf8Bytes,
    producers: Utf8Bytes,
}

impl Change {
    /// As somebody sees it.
    pub fn of(&self, eyes: Eyes) -> Utf8Bytes {
        if eyes == Eyes::Moderators { self.moderators.clone() } else { self.producers.clone() }
    }
}

/// As whom a member of staff sees the queue.
pub const fn eyes(role: Role) -> Eyes {
    if matches!(role, Role::Moderator) { Eyes::Moderators } else { Eyes::Producers }
}

#[derive(Debug)]
enum Request {
    /// `None`: it is to be checked, and said again with what that says.
    Say {
        saying: Saying,
        reply: oneshot::Sender<Option<Said>>,
    },
    Upvote {
        voter: VoterId,
        item: ItemId,
        reply: oneshot::Sender<Upvoted>,
    },
    Act {
        message: Moderate,
        by: Staff,
        reply: oneshot::Sender<Done>,
    },
    Whole {
        eyes: Eyes,
        reply: oneshot::Sender<Vec<Items>>,
    },
    Mine {
        voter: VoterId,
        reply: oneshot::Sender<Mine>,
    },
}

/// What is kept of one voter.
#[derive(Debug, Default)]
pub struct Mine {
    pub items: Vec<Item>,
    pub upvoted: Vec<ItemId>,
    /// Nothing more is taken of this device.
    pub banned: bool,
}

/// Who may do what. docs/WIRE.md has the same table in words.
fn check_role(act: &Act, role: Role) -> Result<(), Refusal> {
    use Role::{Adjudicator, Moderator, Operator, Producer};
    let allowed = match act {
        Act::Pick { .. } | Act::Unpick { .. } | Act::Use { .. } => matches!(role, Operator | Producer),
        Act::Pull { .. } => matches!(role, Moderator | Operator | Producer | Adjudicator),
        Act::Undo => matches!(role, Moderator | Operator | Producer),
        _ => matches!(role, Moderator | Producer),
    };
    if !allowed {
        let detail = format!("your role may not {} what the audience wrote; ask a colleague who may", act.verb());
        return Err(Refusal { code: Code::Forbidden, detail });
    }
    Ok(())
}

impl Moderation {
    /// The handle of a task that is to be started with the other end.
    pub(super) fn new() -> (Self, Requests) {
        let (requests, others) = mpsc::channel(limits::ITEM_REQUESTS_WAITING_MAX);
        let changes = broadcast::Sender::new(limits::STAFF_LOG_WAITING_MAX);
        (
            Self { requests, air: ArcSwap::default(), pulled: Mutex::default(), changes, refused: Mutex::default() },
            Requests(others),
        )
    }

    /// What is on the screens of a run.
    pub fn on_air(&self, run: RunId) -> Option<AirView> {
        let air = self.air.load();
        let (_, view) = air.on_air.as_ref().filter(|(of, view)| *of == run && !self.is_pulled(view.id))?;
        Some(view.clone())
    }

    /// The approved questions of a run.
    pub fn asked(&self, run: RunId) -> Option<Arc<Asked>> {
        let asked = self.air.load().asked.get(&run).cloned()?;
        if !asked.questions.iter().any(|question| self.is_pulled(question.id)) {
            return Some(asked);
        }
        let mut left = Asked::clone(&asked);
        left.questions.retain(|question| !self.is_pulled(question.id));
        Some(Arc::new(left))
    }

    /// How often the rules refused something here since the start, by reason.
    pub fn refused(&self) -> BTreeMap<String, u32> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_pulled(&self, item: ItemId) -> bool {
        self.pulled.lock().unwrap_or_else(PoisonError::into_inner).contains(&item)
    }

    /// Follows the changes of the queue.
    pub fn follow(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Takes what somebody wrote, or says why not, once that is on disk.
    pub async fn say(&self, desk: &Desk, services: &Services, mut saying: Saying) -> Said {
        let say = saying.say.clone();
        if let Some(retry_ms) = services.stance.get().busy_ms() {
            return say::refused(&say, WhyNot::Busy, Some(retry_ms));
        }
        loop {
            let ((reply, answer), checked) = (oneshot::channel(), saying.checked);
            if self.requests.try_send(Request::Say { saying: saying.clone(), reply }).is_err() {
                return say::refused(&say, WhyNot::Busy, Some(limits::RETRY_ITEMS_MS));
            }
            match (tokio::time::timeout(limits::POST_RECEIPT_TIMEOUT, answer).await, &services.check) {
                (Ok(Ok(Some(said))), _) => return said,
                // It would be taken: now somebody else looks at it, and nothing waits meanwhile but its sender.
                (Ok(Ok(None)), Some(check)) if checked.is_none() => {
                    let board = desk.board();
                    let run = board.run(say.run);
                    let Some((kind, _)) = run.and_then(|run| run.definition.interaction.kind.writing()) else {
                        return say::unknown(&say);
                    };
                    let outcome = check.ask(&desk.show, kind, &say::one_line(&say.text)).await;
                    services.metrics.text_check(outcome);
                    saying.checked = Some(outcome);
                }
                _ => return say::unknown(&say),
            }
        }
    }

    /// Counts an upvote, once that is on disk.
    pub async fn upvote(&self, voter: VoterId, item: ItemId) -> Upvoted {
        let busy = || Upvoted {
            item,
            ok: false,
            detail: "there is no room for more now".to_owned(),
            retry_ms: Some(limits::RETRY_ITEMS_MS),
        };
        let (reply, answer) = oneshot::channel();
        if self.requests.try_send(Request::Upvote { voter, item, reply }).is_err() {
            return busy();
        }
        tokio::time::timeout(limits::POST_RECEIPT_TIMEOUT, answer).await.ok().and_then(Result::ok).unwrap_or_else(busy)
    }

    /// Does what a member of staff wants.
    pub async fn act(&self, desk: &Desk, message: Moderate, by: Staff) -> Done {
        let id = message.id.clone();
        let refused = |Refusal { code, detail }| Done {
            id: id.clone(),
            ok: false,
            rev: 0,
            code: Some(code),
            detail,
            proposal: None,
        };
        let busy = |detail: &str| refused(Refusal { code: Code::Busy, detail: detail.to_owned() });
        if let Err(refusal) = check_role(&message.act, by.role) {
            return refused(refusal);
        }
        let (reply, answer) = oneshot::channel();
        if let Act::Pull { items } = &message.act {
            if items.len() > limits::ITEMS_AT_ONCE_MAX {
                let detail = format!("at most {} items at once: pull the others next", limits::ITEMS_AT_ONCE_MAX);
                return refused(Refusal { code: Code::BadMessage, detail });
            }
            // It is off the screens before anything else is done, whatever waits and however the disk is.
            self.pulled.lock().unwrap_or_else(PoisonError::into_inner).extend(items);
            desk.changed.notify_one();
            if self.requests.send(Request::Act { message, by, reply }).await.is_err() {
                return busy("the node is going away: your page will connect again");
            }
        } else if self.requests.try_send(Request::Act { message, by, reply }).is_err() {
            return busy("too much is waiting: try again in a second");
        }
        answer.await.unwrap_or_else(|_| busy("the node is going away: your page will connect again"))
    }

    /// The whole queue, for somebody who joins or has missed a change.
    pub async fn whole(&self, eyes: Eyes) -> Option<Vec<Items>> {
        let (reply, answer) = oneshot::channel();
        self.requests.try_send(Request::Whole { eyes, reply }).ok()?;
        tokio::time::timeout(limits::POST_RECEIPT_TIMEOUT, answer).await.ok()?.ok()
    }

    /// What is kept of one voter. `None`: it cannot be said now.
    pub async fn mine(&self, voter: VoterId) -> Option<Mine> {
        let (reply, answer) = oneshot::channel();
        self.requests.try_send(Request::Mine { voter, reply }).ok()?;
        tokio::time::timeout(limits::POST_RECEIPT_TIMEOUT, answer).await.ok()?.ok()
    }
}

/// What the task of a show takes from.
#[derive(Debug)]
pub(super) struct Requests(mpsc::Receiver<Request>);
