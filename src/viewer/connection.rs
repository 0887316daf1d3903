//! One WebSocket to a node, with buffers so small that one process holds a whole audience.

use std::{fmt, io, net::IpAddr, str::FromStr};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        ClientRequestBuilder, Error as WsError, Message, Utf8Bytes,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::backoff::Closing;
use crate::{
    base::limits,
    wire::{SUBPROTOCOL, client::ClientMessage, server::ServerMessage},
};

/// Largest message a viewer takes: a show with all options at their longest, or `mine` of a full budget.
const SERVER_MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// Where a node listens: `http://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAddress {
    host: String,
    port: u16,
}

impl NodeAddress {
    /// The host as it was written; of an IPv6 address without the brackets.
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A text that is no node's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the address of a node: give http://host:port")]
pub struct BadAddress;

impl FromStr for NodeAddress {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bare = ["http://", "ws://"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        // What is left of the last colon is the host, unless it lies inside the brackets of an IPv6 address.
        let (host, port) = match bare.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| BadAddress)?),
            _ => (bare, 80),
        };
        if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
            return Err(BadAddress);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

/// How to reach a show on a node.
#[derive(Debug, Clone, Copy)]
pub struct Dial<'a> {
    pub node: &'a NodeAddress,
    pub show: &'a str,
    /// The `Origin` header; left out: the node's own, as the audience page would send.
    pub origin: Option<&'a str>,
    /// The local address to connect from: one address has only some ten thousand ports.
    pub source: Option<IpAddr>,
}

/// What came from the server.
#[derive(Debug)]
pub enum Incoming {
    Message(ServerMessage),
    /// Results, not read because [`Connection::skip_results`] is set.
    Skipped,
    /// A ping: the server is alive (the pong goes out by itself).
    Alive,
    /// Nothing that `tallylight.v1` knows.
    Unreadable(String),
    /// The end.
    Closed(Closing),
}

/// An open connection; nothing is joined yet.
#[derive(Debug)]
pub struct Connection {
    socket: WebSocketStream<TcpStream>,
    skip_results: bool,
}

impl Connection {
    /// Connects and upgrades.
    ///
    /// # Errors
    /// [`Closing::Status`] if the server answered the upgrade with something else, else [`Closing::Unreachable`].
    pub async fn open(dial: Dial<'_>) -> Result<Self, Closing> {
        let stream = connect(dial).await.map_err(|_| Closing::Unreachable)?;
        let Dial { node, show, .. } = dial;
        let uri = format!("ws://{node}/ws/{show}").parse().map_err(|_| Closing::Unreachable)?;
        let origin = dial.origin.map_or_else(|| format!("http://{node}"), str::to_owned);
        let request =
            ClientRequestBuilder::new(uri).with_header("Origin", origin).with_sub_protocol(SUBPROTOCOL.to_owned());
        let config = WebSocketConfig::default()
            .read_buffer_size(limits::WS_READ_BUFFER_BYTES)
            .write_buffer_size(limits::WS_WRITE_BUFFER_BYTES)
            .max_write_buffer_size(limits::WS_WRITE_BUFFER_BYTES_MAX)
            .max_message_size(Some(SERVER_MESSAGE_BYTES_MAX))
            .max_frame_size(Some(SERVER_MESSAGE_BYTES_MAX));
        match client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, _)) => Ok(Self { socket, skip_results: false }),
            Err(WsError::Http(response)) => Err(Closing::Status(response.status().as_u16())),
            Err(_) => Err(Closing::Unreachable),
        }
    }

    /// Counts results instead of reading them: most of a large audience's work.
    pub const fn skip_results(&mut self) {
        self.skip_results = true;
    }

    /// Puts a message into the buffer; [`Connection::flush`] sends what is there in one write.
    ///
    /// # Errors
    /// How the connection ended.
    pub async fn feed(&mut self, message: &ClientMessage) -> Result<(), Closing> {
        let text = serde_json::to_string(message).expect("client messages are plain values");
        self.socket.feed(Message::text(text)).await.map_err(|_| Closing::Broken)
    }

    /// Sends what is in the buffer.
    ///
    /// # Errors
    /// How the connection ended.
    pub async fn flush(&mut self) -> Result<(), Closing> {
        self.socket.flush().await.map_err(|_| Closing::Broken)
    }

    /// Sends one message.
    ///
    /// # Errors
    /// How the connection ended.
    pub async fn send(&mut self, message: &ClientMessage) -> Result<(), Closing> {
        self.feed(message).await?;
        self.flush().await
    }

    /// The next thing that comes. Nothing is lost if the future is dropped before it is ready.
    pub async fn next(&mut self) -> Incoming {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => self.read(&text),
            Some(Ok(Message::Close(frame))) => Incoming::Closed(closing(frame.as_ref())),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Incoming::Alive,
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => Incoming::Unreadable("not text".to_owned()),
            Some(Err(_)) | None => Incoming::Closed(Closing::Broken),
        }
    }

    /// Says goodbye (1000) and ends the connection without waiting for an answer.
    pub async fn close(mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
        // The other side may be gone already; there is nothing left to do about it.
        let _ = self.socket.close(Some(frame)).await;
    }

    fn read(&self, text: &str) -> Incoming {
        if self.skip_results && text.starts_with(r#"{"t":"results","#) {
            return Incoming::Skipped;
        }
        serde_json::from_str(text).map_or_else(|_| Incoming::Unreadable(text.to_owned()), Incoming::Message)
    }
}

async fn connect(dial: Dial<'_>) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in lookup_host((dial.node.host(), dial.node.port())).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(source) = dial.source {
            if source.is_ipv4() != address.is_ipv4() {
                continue;
            }
            socket.bind((source, 0).into())?;
        }
        match socket.connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn closing(frame: Option<&CloseFrame>) -> Closing {
    frame.map_or(Closing::Broken, |frame| Closing::Code(frame.code.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_a_browser_takes() {
        for text in ["http://127.0.0.1:8080", "ws://127.0.0.1:8080/", "127.0.0.1:8080"] {
            let node: NodeAddress = text.parse().unwrap();
            assert_eq!((node.host(), node.port()), ("127.0.0.1", 8080));
        }
        let node: NodeAddress = "http://[::1]:99".parse().unwrap();
        assert_eq!((node.host(), node.port(), node.to_string()), ("::1", 99, "[::1]:99".to_owned()));
        assert_eq!("http://[::1]".parse::<NodeAddress>().unwrap().port(), 80);
        for bad in ["", "http://", "http://a/b", "https://a:1", "a:b", "a:70000"] {
            assert_eq!(bad.parse::<NodeAddress>(), Err(BadAddress), "{bad:?}");
        }
    }
}
