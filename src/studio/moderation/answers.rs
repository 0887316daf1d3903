//! What is answered, once it is known what became of it; and what stays off the screens when nothing can be written.

use std::{collections::HashSet, sync::PoisonError};

use super::{
    Mine, Request,
    task::{Answer, Task},
};
use crate::{
    base::limits,
    moderation::say,
    wire::{
        codes::Code,
        moderation::{Act, Moderate, Upvoted},
        server::Done,
    },
};

/// What is said if it could not be done.
pub(super) struct Failed {
    code: Code,
    upvote: &'static str,
    act: &'static str,
    /// Of what takes something off the screens.
    pulled: &'static str,
}

/// The disk did not take it.
pub(super) const NOT_WRITTEN: &Failed = &Failed {
    code: Code::Storage,
    upvote: "it could not be stored",
    act: "it could not be written, so nothing was done: look at the node's disk",
    pulled: "it is off every screen; it could not be written yet, and is tried again",
};

/// Redis did not agree, or nobody knows whether it did.
pub(super) const NOT_AGREED: &Failed = &Failed {
    code: Code::Busy,
    upvote: "it cannot be counted now",
    act: "Redis does not answer, or nodes are telling it what they have: if it was done all the same, the list shows it, \
          else try again in 2 s. Hide and pull work meanwhile",
    pulled: "it is off the screens of this node; the other nodes follow when Redis is back",
};

impl Task {
    pub(super) fn answer(&mut self, request: Request, answer: Answer) {
        // Who asked may be gone; what was done stays done.
        match (request, answer) {
            (Request::Say { reply, .. }, Answer::Said(said)) => {
                if let Some(why) = said.reason.filter(|why| why.is_of_rules()) {
                    let mut refused = self.desk.moderation.refused.lock().unwrap_or_else(PoisonError::into_inner);
                    *refused.entry(why.word().to_owned()).or_default() += 1;
                }
                let _ = reply.send(Some(said));
            }
            (Request::Say { reply, .. }, _) => {
                let _ = reply.send(None);
            }
            (Request::Upvote { reply, .. }, Answer::Upvoted(upvoted)) => {
                let _ = reply.send(upvoted);
            }
            (Request::Act { message, by, reply }, Answer::Done(done)) => {
                self.let_go(&message.act);
                self.services.metrics.command(message.act.verb(), done.code);
                self.answered.push_back((by.session, done.clone()));
                if self.answered.len() > limits::COMMANDS_REMEMBERED {
                    self.answered.pop_front();
                }
                let _ = reply.send(done);
            }
            (Request::Whole { eyes, reply }, _) => drop(reply.send(self.whole(eyes))),
            (Request::Mine { voter, reply }, _) => {
                let (items, upvoted) = (self.queue.of_voter(voter), self.queue.upvoted_by(voter));
                let banned = self.queue.is_banned(voter);
                let _ = reply.send(Mine { items: items.cloned().collect(), upvoted: upvoted.collect(), banned });
            }
            // An answer is made for its own request.
            _ => {}
        }
    }

    /// Neither the disk nor, among several nodes, Redis took it: nobody is told anything that might not be so.
    pub(super) fn fail(&mut self, request: Request, answer: Answer, why: &Failed) {
        match (request, answer) {
            (Request::Say { saying, reply }, _) => {
                let _ = reply.send(Some(say::unknown(&saying.say)));
            }
            (Request::Upvote { item, reply, .. }, _) => {
                let (detail, retry_ms) = (why.upvote.to_owned(), Some(limits::RETRY_STORAGE_MS));
                let _ = reply.send(Upvoted { item, ok: false, detail, retry_ms });
            }
            (Request::Act { message, by, reply }, Answer::Done(done)) => {
                let pull = self.off_at_once(&message, why);
                self.services.metrics.command(message.act.verb(), Some(why.code));
                let (ok, code) = (pull.is_some(), pull.is_none().then_some(why.code));
                let detail = if ok { why.pulled } else { why.act }.to_owned();
                self.unstored.extend(pull.map(|pull| (pull, by)));
                let _ = reply.send(Done { ok, code, detail, ..done });
            }
            // They ask again.
            _ => {}
        }
    }

    /// What is off the screens of this node already, and is tried again.
    fn off_at_once(&self, message: &Moderate, why: &Failed) -> Option<Moderate> {
        let items = match &message.act {
            Act::Pull { .. } => return Some(message.clone()),
            Act::Hide { items } if why.code == Code::Busy => items.iter().map(|item| item.id).collect::<Vec<_>>(),
            _ => return None,
        };
        self.desk.moderation.pulled.lock().unwrap_or_else(PoisonError::into_inner).extend(&items);
        self.desk.changed.notify_one();
        Some(Moderate { id: message.id.clone(), act: Act::Pull { items } })
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
