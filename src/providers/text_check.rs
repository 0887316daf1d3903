//! The way to a service of somebody else that looks at what the audience writes, once it has passed our own rules: one
//! request for each text, by plain HTTP. Whatever it does, there is an answer within the time limit: a service that is
//! slow, dead or says something else than it may is *failed*, and so is a text for which there is no room. After some
//! failures in a row it is left alone for a while.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
};

use crate::{
    base::{clock::Stopwatch, ids::ShowId, limits},
    wire::moderation::{Checked, ItemKind},
};

/// The way to one service.
pub struct TextCheck {
    /// Host and port.
    server: String,
    path: String,
    secret: String,
    timeout: Duration,
    places: Semaphore,
    waiting: Semaphore,
    breaker: Mutex<Breaker>,
}

impl fmt::Debug for TextCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TextCheck").field(&self.server).finish()
    }
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
    /// Looks at the address only. `None`: it is no `http://host[:port][/path]`.
    pub fn new(url: &str, secret: String, timeout: Duration) -> Option<Self> {
        let (server, path) = match url.strip_prefix("http://")?.split_once('/') {
            Some((server, path)) => (server, format!("/{path}")),
            None => (url.strip_prefix("http://")?, "/".to_owned()),
        };
        let is_bad = |c: char| c.is_whitespace() || c.is_control();
        if server.is_empty() || server.contains('@') || url.contains(is_bad) || secret.contains(is_bad) {
            return None;
        }
        let has_port = server.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let server = if has_port { server.to_owned() } else { format!("{server}:80") };
        let (places, waiting) = (Semaphore::new(limits::CHECKS_AT_ONCE), Semaphore::new(limits::CHECKS_WAITING_MAX));
        Some(Self { server, path, secret, timeout, places, waiting, breaker: Mutex::default() })
    }

    /// What the service says of a text.
    pub async fn ask(&self, show: &ShowId, kind: ItemKind, text: &str) -> Checked {
        if self.rests() {
            return Checked::Failed;
        }
        let Ok(_waits) = self.waiting.try_acquire() else { return Checked::Failed };
        let asked = tokio::time::timeout(self.timeout, async {
            let _place = self.places.acquire().await.ok()?;
            self.send(show, kind, text).await.ok()
        });
        let answer = asked.await.ok().flatten().and_then(|answer| read(&answer));
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answer) = answer else {
            breaker.failures += 1;
            if breaker.failures >= limits::CHECK_FAILURES {
                if breaker.since.is_none() {
                    tracing::error!(
                        server = self.server,
                        "the check of texts fails: what is written waits, with a flag"
                    );
                }
                breaker.since = Some(Stopwatch::start());
            }
            return Checked::Failed;
        };
        if std::mem::take(&mut *breaker).since.is_some() {
            tracing::warn!(server = self.server, "the check of texts answers again");
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

    async fn send(&self, show: &ShowId, kind: ItemKind, text: &str) -> std::io::Result<String> {
        let body = serde_json::to_string(&Question { show, kind, text })?;
        let Self { server, path, secret, .. } = self;
        let bearer = if secret.is_empty() { String::new() } else { format!("authorization: Bearer {secret}\r\n") };
        // Of HTTP/1.0 the answer comes as it is, and ends with the connection.
        let head = format!(
            "POST {path} HTTP/1.0\r\nhost: {server}\r\n{bearer}content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(server.as_str()).await?;
        stream.write_all((head + &body).as_bytes()).await?;
        let mut answer = String::new();
        stream.take(limits::CHECK_ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

/// An answer that says one of the three, and nothing else than that it is one.
fn read(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut status = head.split(' ');
    (status.next()?.starts_with("HTTP/1.") && status.next()? == "200").then_some(())?;
    serde_json::from_str(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_meant() {
        let at = |url: &str| {
            TextCheck::new(url, "s".to_owned(), Duration::from_secs(1)).map(|check| (check.server, check.path))
        };
        let is = |server: &str, path: &str| Some((server.to_owned(), path.to_owned()));
        assert_eq!(at("http://a"), is("a:80", "/"));
        assert_eq!(at("http://a:81/x/y?z=1"), is("a:81", "/x/y?z=1"));
        assert_eq!(at("http://[::1]/"), is("[::1]:80", "/"));
        for bad in ["https://a", "a:80", "http://", "http:///x", "http://u:p@a/", "http://a/x y", "http://a/\r\nb"] {
            assert_eq!(at(bad), None, "{bad}");
        }
        assert!(TextCheck::new("http://a", "s\r\nx: y".to_owned(), Duration::from_secs(1)).is_none());
    }

    #[test]
    fn only_what_is_an_answer_is_one() {
        assert!(read("HTTP/1.1 200 OK\r\na: b\r\n\r\n{\"outcome\":\"allow\",\"why\":1}").is_some());
        for bad in [
            "",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n{\"outcome\":\"approve\"}",
            "HTTP/1.1 200 OK\r\n\r\nallow",
            "HTTP/1.1 500 No\r\n\r\n{\"outcome\":\"allow\"}",
            "HTTP/1.1 200 OK\r\n{\"outcome\":\"allow\"}",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
