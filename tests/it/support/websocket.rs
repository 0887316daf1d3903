//! A WebSocket client that follows no rule but those of the protocol: it sends what a test wants.

use std::net::TcpStream;

use serde_json::Value;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket, client::IntoClientRequest, http::HeaderValue};

use super::{SOON, app::TestApp};

/// One connection to a show.
pub struct Client(WebSocket<TcpStream>);

impl Client {
    /// Connects to a show, as a program that names no origin or as a page of `origin`. An error is the HTTP status of the
    /// refusal.
    pub fn connect(app: &TestApp, show: &str, origin: Option<&str>) -> Result<Self, u16> {
        let stream = TcpStream::connect_timeout(&app.address(), SOON).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let mut request = format!("ws://{}/ws/{show}", app.address()).into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", HeaderValue::from_static("tallylight.v1"));
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(reply))) => Err(reply.status().as_u16()),
            Err(error) => panic!("the upgrade: {error}"),
        }
    }

    /// Connects and joins; gives back the welcome too.
    pub fn joined(app: &TestApp, show: &str, join: &Value) -> (Self, Value) {
        let mut client = Self::connect(app, show, None).unwrap();
        client.send(join.to_string());
        let welcome = client.wait_for("welcome");
        (client, welcome)
    }

    /// Sends a text (from a `String`) or bytes (from a `Vec`).
    pub fn send(&mut self, message: impl Into<Message>) {
        self.0.send(message.into()).unwrap();
    }

    /// The next message with this tag; others are passed over.
    pub fn wait_for(&mut self, tag: &str) -> Value {
        loop {
            let message = self.next().unwrap_or_else(|code| panic!("closed with {code} instead of {tag}"));
            if message["t"] == tag {
                return message;
            }
        }
    }

    /// Everything until the server closes, and its close code.
    pub fn until_closed(&mut self) -> (Vec<Value>, u16) {
        let mut messages = Vec::new();
        loop {
            match self.next() {
                Ok(message) => messages.push(message),
                Err(code) => return (messages, code),
            }
        }
    }

    fn next(&mut self) -> Result<Value, u16> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(Some(frame))) => return Err(frame.code.into()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("neither a message nor a close that says why: {other:?}"),
            }
        }
    }
}
