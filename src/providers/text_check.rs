//! The way to a service of somebody else that looks at what the audience writes, once it has passed our own rules: one
//! request for each text, by plain HTTP. Whatever it does, there is an answer within the time limit: a service that is
//! slow, dead or says something else than it may is *failed*, and so is a text for which there is no room. After some
//! failures in a row it is left alone for a while.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::plain_http::PlainHttp;
use crate::{
    base::{clock::Stopwatch, ids::ShowId, limits},
    wire::moderation::{Checked, ItemKind},
};

/// The way to one service.
#[derive(Debug)]
pub struct TextCheck {
    service: PlainHttp,
    timeout: Duration,
    places: Semaphore,
    waiting: Semaphore,
    breaker: Mutex<Breaker>,
}

#[derive(Debug, Default)]
struct Breaker {
    /// In a row.
    failures: u32,
    since: Option<Stopwatch>,
}

/// What is asked: nothing of who wrote it.
#[derive(Serialize)]
struct Question<'a> {
    show: &'a ShowId,
    kind: ItemKind,
    text: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Allow,
    Flag,
    Refuse,
}

impl TextCheck {
    /// The check by a service that may take so long.
    pub fn new(service: PlainHttp, timeout: Duration) -> Self {
        let (places, waiting) = (Semaphore::new(limits::CHECKS_AT_ONCE), Semaphore::new(limits::CHECKS_WAITING_MAX));
        Self { service, timeout, places, waiting, breaker: Mutex::default() }
    }

    /// What the service says of a text.
    pub async fn ask(&self, show: &ShowId, kind: ItemKind, text: &str) -> Checked {
        if self.rests() {
            return Checked::Failed;
        }
        let Ok(_waits) = self.waiting.try_acquire() else { return Checked::Failed };
        let asked = tokio::time::timeout(self.timeout, async {
            let _place = self.places.acquire().await.ok()?;
            let question = serde_json::to_string(&Question { show, kind, text }).ok()?;
            self.service.post(&question).await.ok()
        });
        let answer = asked.await.ok().flatten().and_then(|(status, body)| read(status, &body));
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answer) = answer else {
            breaker.failures += 1;
            if breaker.failures >= limits::CHECK_FAILURES {
                if breaker.since.is_none() {
                    tracing::error!(
                        server = self.service.server,
                        "the check of texts fails: what is written waits, with a flag"
                    );
                }
                breaker.since = Some(Stopwatch::start());
            }
            return Checked::Failed;
        };
        if std::mem::take(&mut *breaker).since.is_some() {
            tracing::warn!(server = self.service.server, "the check of texts answers again");
        }
        match answer.outcome {
            Outcome::Allow => Checked::Allowed,
            Outcome::Flag => Checked::Flagged,
            Outcome::Refuse => Checked::Refused,
        }
    }

    /// Whether it is left alone for now.
    fn rests(&self) -> bool {
        let breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        breaker.since.as_ref().is_some_and(|since| since.elapsed() < limits::CHECK_REST)
    }
}

/// An answer that says one of the three, and nothing else than that it is one.
fn read(status: u16, body: &str) -> Option<Answer> {
    (status == 200).then(|| serde_json::from_str(body).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_an_answer_is_one() {
        assert!(read(200, "{\"outcome\":\"allow\",\"why\":1}").is_some());
        for bad in ["", "{\"outcome\":\"approve\"}", "allow"] {
            assert!(read(200, bad).is_none(), "{bad}");
        }
        assert!(read(500, "{\"outcome\":\"allow\"}").is_none());
    }
}
