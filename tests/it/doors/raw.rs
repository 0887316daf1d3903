//! A WebSocket client without manners: it sends any frame or any bytes, joins or does not, reads or does not.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{
    self, HandshakeError, Message, WebSocket, client::IntoClientRequest as _, http::HeaderValue,
};

use super::stage::SHOW;
use crate::support::SOON;

/// One connection to the show.
#[derive(Debug)]
pub struct Raw {
    socket: WebSocket<TcpStream>,
}

/// How a connection ended: the close code, or nothing if there was none.
pub type Ended = Option<u16>;

impl Raw {
    /// Connects and upgrades. An error is the refusal: its status and body.
    pub fn connect(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, (u16, Value)> {
        Self::over(tcp(address), headers)
    }

    /// Upgrades a connection that is there already.
    pub fn over(stream: TcpStream, headers: &[(&'static str, &str)]) -> Result<Self, (u16, Value)> {
        let address = stream.peer_addr().unwrap();
        let mut request = format!("ws://{address}/ws/{SHOW}").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("tallylight.v1"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(HandshakeError::Failure(tungstenite::Error::Http(reply))) => {
                let body = reply.body().as_deref().unwrap_or_default();
                Err((reply.status().as_u16(), serde_json::from_slice(body).unwrap_or_default()))
            }
            Err(error) => panic!("the upgrade: {error}"),
        }
    }

    /// Connects and joins with this message's fields; gives the first answer, a welcome or a problem.
    pub fn join(address: SocketAddr, mut join: Value) -> (Self, Value) {
        let mut raw = Self::connect(address, &[]).unwrap();
        join["t"] = "join".into();
        raw.say(&join);
        let answer = raw.hear().unwrap();
        (raw, answer)
    }

    /// Connects and joins, if there is a place and the answer is a welcome.
    pub fn try_join(address: SocketAddr, mut join: Value) -> Option<(Self, Value)> {
        let mut raw = Self::connect(address, &[]).ok()?;
        join["t"] = "join".into();
        raw.say(&join);
        let welcome = raw.hear().ok().filter(|answer| answer["t"] == "welcome")?;
        Some((raw, welcome))
    }

    /// A new viewer.
    pub fn viewer(address: SocketAddr) -> Self {
        let (raw, welcome) = Self::join(address, json!({}));
        assert_eq!(welcome["t"], "welcome", "{welcome}");
        raw
    }

    pub fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string()));
    }

    /// Sends a message of the protocol. The server may have closed already; that is seen when reading.
    pub fn send(&mut self, message: Message) {
        let _ = self.socket.send(message);
    }

    /// Sends a frame, bit for bit: first byte (end and kind) and payload, masked with zeros.
    pub fn frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match payload.len() {
            len @ 0..=125 => frame.push(0x80 | u8::try_from(len).unwrap()),
            len => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(len).unwrap().to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        let _ = self.stream().write_all(&frame);
    }

    /// The connection below.
    pub fn stream(&mut self) -> &mut TcpStream {
        self.socket.get_mut()
    }

    /// The next message, or how the connection ended.
    pub fn hear(&mut self) -> Result<Value, Ended> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(frame)) => return Err(frame.map(|frame| frame.code.into())),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("nothing came within {SOON:?}")
                }
                Err(_) => return Err(None),
            }
        }
    }

    /// The next message with this tag; others are passed over.
    pub fn wait_for(&mut self, tag: &str) -> Value {
        loop {
            match self.hear() {
                Ok(message) if message["t"] == tag => return message,
                Ok(_) => {}
                Err(ended) => panic!("ended with {ended:?} before {tag}"),
            }
        }
    }

    /// Reads to the end: the codes of the problems on the way, and how it ended.
    pub fn end(&mut self) -> (Vec<String>, Ended) {
        let mut problems = Vec::new();
        loop {
            match self.hear() {
                Ok(message) if message["t"] == "problem" => problems.push(message["code"].as_str().unwrap().to_owned()),
                Ok(_) => {}
                Err(ended) => return (problems, ended),
            }
        }
    }
}

/// A connection on which nothing was said.
pub fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, SOON).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.set_write_timeout(Some(SOON)).unwrap();
    stream
}

/// Sends bytes and reads all that comes back until the server ends the connection.
pub fn bytes(address: SocketAddr, sent: &[u8]) -> Vec<u8> {
    let mut stream = tcp(address);
    let _ = stream.write_all(sent);
    rest(&mut stream)
}

/// All that still comes, until the server ends the connection.
pub fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut got = Vec::new();
    match stream.read_to_end(&mut got) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("it did not end within {SOON:?}"),
        _ => got,
    }
}

/// The header of version 2 of the PROXY protocol for a client of IPv4.
pub fn proxied(client: [u8; 4]) -> Vec<u8> {
    let signature = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c";
    [&signature[..], &client, &[127, 0, 0, 1, 0, 9, 0, 9]].concat()
}

/// A request that the server closes after.
pub fn plain_get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n")
}
