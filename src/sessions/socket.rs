//! A WebSocket with what every session needs of it: gathered writes with a deadline, pings, and a close that says why.

use std::{pin::pin, time::Duration};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError, ProtocolError};

use crate::{
    base::{clock::Micros, limits},
    live::hub::encode,
    telemetry::metrics::Metrics,
    wire::{
        client::ClientMessage,
        codes::Code,
        server::{Problem, ServerMessage},
    },
};

/// The client is gone, or too slow to keep.
#[derive(Debug)]
pub struct Gone;

/// What a client sent.
#[derive(Debug)]
pub enum Incoming {
    Message(ClientMessage),
    /// Something that is no message, or too large for one: what to tell the client.
    Unreadable(Problem),
    /// Something that only shows the client is there.
    Alive,
}

/// The socket of one session.
#[derive(Debug)]
pub struct Socket {
    inner: WebSocket,
    message_bytes_max: usize,
    heard: Micros,
    next_ping: Micros,
    /// Something may wait in the write buffer.
    fed: bool,
    /// Why nothing more can be read, if that is the client's fault.
    broken: Option<Broken>,
}

/// What makes a connection unreadable.
#[derive(Debug, Clone, Copy)]
enum Broken {
    /// A message so large that it is not read to its end.
    TooLarge,
    /// Text that is no UTF-8.
    NotText,
    /// Not the WebSocket protocol.
    Protocol,
}

impl Socket {
    /// Takes over a socket after the upgrade. Its messages are an audience's until [`Socket::of_staff`].
    pub fn new(inner: WebSocket, now: Micros) -> Self {
        let message_bytes_max = limits::AUDIENCE_MESSAGE_BYTES_MAX;
        Self { inner, message_bytes_max, heard: now, next_ping: now.plus_ms(ping_ms()), fed: false, broken: None }
    }

    /// From now on messages may be as large as staff's.
    pub fn of_staff(&mut self) {
        self.message_bytes_max = limits::STAFF_MESSAGE_BYTES_MAX;
    }

    /// The next message. Safe to drop and call again.
    pub async fn next(&mut self) -> Result<Incoming, Gone> {
        let message = self.inner.next().await;
        self.read(message)
    }

    /// A message that is there already.
    pub fn try_next(&mut self) -> Option<Result<Incoming, Gone>> {
        let message = self.inner.next().now_or_never()?;
        Some(self.read(message))
    }

    fn read(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<Incoming, Gone> {
        match message {
            Some(Ok(Message::Text(text))) if text.len() > self.message_bytes_max => Ok(self.too_large()),
            Some(Ok(Message::Binary(bytes))) if bytes.len() > self.message_bytes_max => Ok(self.too_large()),
            Some(Ok(Message::Text(text))) => Ok(match ClientMessage::read(text.as_bytes()) {
                Ok(message) => Incoming::Message(message),
                Err(error) => Incoming::Unreadable(bad_message(error.to_string())),
            }),
            Some(Ok(Message::Binary(_))) => Ok(Incoming::Unreadable(bad_message("send text frames".to_owned()))),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                // The pong may still be there.
                self.fed = true;
                Ok(Incoming::Alive)
            }
            Some(Ok(Message::Close(_))) | None => Err(Gone),
            Some(Err(error)) => {
                self.broken = broken(error);
                // Nothing more can be read, but the client can still be told why.
                if matches!(self.broken, Some(Broken::TooLarge)) { Ok(self.too_large()) } else { Err(Gone) }
            }
        }
    }

    fn too_large(&self) -> Incoming {
        let detail = format!("a message may have at most {} bytes", self.message_bytes_max);
        Incoming::Unreadable(Problem { code: Code::TooLarge, detail, retry_ms: None })
    }

    /// The end of every session: a goodbye is answered, and a client that broke the protocol is told so.
    pub async fn finish(&mut self, metrics: &Metrics) {
        let (code, reason) = match self.broken {
            Some(Broken::NotText) => (1007, "not UTF-8"),
            Some(Broken::Protocol) => (1002, "not the WebSocket protocol"),
            Some(Broken::TooLarge) => return,
            None => {
                // The answer to a close waits to be sent. Who does not read any more is not waited for.
                let _ = self.inner.flush().now_or_never();
                return;
            }
        };
        metrics.problem(Code::BadMessage);
        self.close(code, reason).await;
    }

    /// The client showed that it is there.
    pub fn heard(&mut self, now: Micros) {
        self.heard = now;
    }

    /// Puts a message into the write buffer; [`Socket::flush`] sends it.
    pub fn feed(&mut self, text: Utf8Bytes) -> impl Future<Output = Result<(), Gone>> + '_ {
        self.fed = true;
        deadline(self.inner.feed(Message::Text(text)))
    }

    /// Puts a message into the write buffer. Encoded at once, so that only its text waits.
    pub fn feed_message(&mut self, message: ServerMessage) -> impl Future<Output = Result<(), Gone>> {
        let text = encode(&message);
        drop(message);
        self.feed(text)
    }

    /// Sends everything that was fed, in one write where it fits.
    pub async fn flush(&mut self) -> Result<(), Gone> {
        if self.fed {
            deadline(self.inner.flush()).await?;
            self.fed = false;
        }
        Ok(())
    }

    /// When [`Socket::keep_alive`] wants to be called next.
    pub fn next_ping(&self) -> Micros {
        self.next_ping
    }

    /// Pings a silent client, and gives one up that was silent for too long.
    pub async fn keep_alive(&mut self, now: Micros) -> Result<(), Gone> {
        if now.since_ms(self.heard) >= u64::try_from(limits::IDLE_TIMEOUT.as_millis()).unwrap_or(u64::MAX) {
            return Err(Gone);
        }
        self.next_ping = now.plus_ms(ping_ms());
        deadline(self.inner.send(Message::Ping(bytes::Bytes::new()))).await
    }

    /// Tells the client what is wrong; the session ends if the code says so.
    pub async fn problem(&mut self, problem: Problem) -> Result<(), Gone> {
        let code = problem.code;
        self.feed_message(ServerMessage::Problem(problem)).await?;
        if code.close() == 0 {
            return self.flush().await;
        }
        self.close(code.close(), code.word()).await;
        Err(Gone)
    }

    /// Ends the session with a close code and a word, and waits a moment for the client to agree.
    pub async fn close(&mut self, code: u16, reason: &'static str) {
        self.goodbye(code, reason, limits::CLOSE_TIMEOUT).await;
    }

    /// The node goes away: the client is told to come back in so many milliseconds. It has done nothing wrong, so it gets
    /// longer to hear it: what it still sends to a closed connection would cut off what it has not read.
    pub async fn steer_away(&mut self, after_ms: u32) -> Result<(), Gone> {
        self.feed_message(ServerMessage::Reconnect { after_ms }).await?;
        self.goodbye(Code::Draining.close(), Code::Draining.word(), limits::STEER_TIMEOUT).await;
        Err(Gone)
    }

    async fn goodbye(&mut self, code: u16, reason: &'static str, patience: Duration) {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        // The session is over either way.
        let _ = deadline(self.inner.send(Message::Close(Some(frame)))).await;
        if self.broken.is_some() {
            // What was not read makes the system cut the connection: the frame needs a moment to get there before.
            return tokio::time::sleep(limits::LINGER).await;
        }
        let answered = async { while matches!(self.inner.next().await, Some(Ok(_))) {} };
        let _ = tokio::time::timeout(patience, answered).await;
    }
}

/// What an error says about the client; nothing if the connection just ended.
fn broken(error: axum::Error) -> Option<Broken> {
    match error.into_inner().downcast_ref()? {
        WsError::Capacity(CapacityError::MessageTooLong { .. }) => Some(Broken::TooLarge),
        WsError::Utf8(_) => Some(Broken::NotText),
        // A client that goes away without a goodbye breaks no rule that it could be told of.
        WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        WsError::Protocol(_) => Some(Broken::Protocol),
        _ => None,
    }
}

/// A write that makes no progress in time means that the client does not read.
async fn deadline<E>(write: impl Future<Output = Result<(), E>>) -> Result<(), Gone> {
    let mut write = pin!(write);
    // Most writes are done at once and need no timer.
    if let Some(done) = write.as_mut().now_or_never() {
        return done.map_err(|_| Gone);
    }
    // Who has to be waited for pays for the timer; everybody else would have room for it in every session.
    match Box::pin(tokio::time::timeout(limits::WRITE_TIMEOUT, write)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

/// Pings are spread, so that sessions that joined together do not answer together.
fn ping_ms() -> u64 {
    let mean = u64::try_from(limits::PING_INTERVAL.as_millis()).unwrap_or(u64::MAX);
    fastrand::u64(mean * 4 / 5..mean * 6 / 5)
}

/// A problem with a client's message.
pub fn bad_message(detail: String) -> Problem {
    Problem { code: Code::BadMessage, detail, retry_ms: None }
}
