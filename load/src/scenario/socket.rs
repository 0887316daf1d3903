//! One WebSocket of an audience. It differs from that of `tallylight::viewer` in what a load tool needs: a buffer so small
//! that a slow reader is slow, results that are looked at without being read, and an end without a goodbye.

use std::{io, net::IpAddr};

use futures_util::{SinkExt as _, StreamExt as _};
use tallylight::{
    base::{clock::Micros, limits},
    viewer::{backoff::Closing, connection::NodeAddress},
    wire::{SUBPROTOCOL, client::ClientMessage, server::ServerMessage},
};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{ClientRequestBuilder, Error as WsError, Message, protocol::WebSocketConfig},
};

/// Largest message that a viewer takes, as `tallylight::viewer` has it.
const SERVER_MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// What a slow reader's system keeps for it: the least that Linux allows is about half.
const SLOW_BUFFER_BYTES: u32 = 4096;

/// An open connection.
#[derive(Debug)]
pub struct Socket(WebSocketStream<TcpStream>);

/// What came.
#[derive(Debug)]
pub enum Heard {
    Message(Box<ServerMessage>),
    /// Results, with the moment they were counted; absent where numbers are hidden.
    Results(Option<Micros>),
    /// A ping, or what a newer server may say.
    Alive,
    Closed(Closing),
}

impl Socket {
    /// Connects and upgrades.
    pub async fn open(
        node: &NodeAddress,
        show: &str,
        origin: Option<&str>,
        source: Option<IpAddr>,
        slow: bool,
    ) -> Result<Self, Closing> {
        let stream = connect(node, source, slow).await.map_err(|_| Closing::Unreachable)?;
        let uri = format!("ws://{node}/ws/{show}").parse().map_err(|_| Closing::Unreachable)?;
        let origin = origin.map_or_else(|| format!("http://{node}"), str::to_owned);
        let request =
            ClientRequestBuilder::new(uri).with_header("Origin", origin).with_sub_protocol(SUBPROTOCOL.to_owned());
        let config = WebSocketConfig::default()
            .read_buffer_size(limits::WS_READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(SERVER_MESSAGE_BYTES_MAX))
            .max_frame_size(Some(SERVER_MESSAGE_BYTES_MAX));
        match client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(WsError::Http(response)) => Err(Closing::Status(response.status().as_u16())),
            Err(_) => Err(Closing::Unreachable),
        }
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &ClientMessage) -> Result<(), Closing> {
        let text = serde_json::to_string(message).expect("client messages are plain values");
        self.0.send(Message::text(text)).await.map_err(|_| Closing::Broken)
    }

    /// The next thing that comes. Nothing is lost if the future is dropped before it is ready.
    pub async fn next(&mut self) -> Heard {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => read(&text),
            Some(Ok(Message::Close(frame))) => {
                Heard::Closed(frame.map_or(Closing::Broken, |frame| Closing::Code(frame.code.into())))
            }
            Some(Ok(_)) => Heard::Alive,
            Some(Err(_)) | None => Heard::Closed(Closing::Broken),
        }
    }

    /// Says goodbye without waiting for an answer. Who is gone does not mind.
    pub async fn leave(mut self) {
        let _ = self.0.close(None).await;
    }
}

fn read(text: &str) -> Heard {
    if text.starts_with(r#"{"t":"results","#) {
        let hidden = text.contains(r#""state":"hidden""#);
        // Before the first ballot nothing was counted at any moment.
        let counted = number(text, r#""as_of":"#).filter(|at| *at > 0 && !hidden);
        return Heard::Results(counted.map(Micros::from_ms));
    }
    serde_json::from_str(text).map_or(Heard::Alive, |message| Heard::Message(Box::new(message)))
}

/// The whole number behind a key.
pub fn number(text: &str, key: &str) -> Option<u64> {
    let (_, rest) = text.split_once(key)?;
    rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
}

/// Opens a connection from a local address.
pub async fn connect(node: &NodeAddress, source: Option<IpAddr>, slow: bool) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in lookup_host((node.host(), node.port())).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(source) = source.filter(|source| source.is_ipv4() == address.is_ipv4()) {
            socket.bind((source, 0).into())?;
        }
        if slow {
            socket.set_recv_buffer_size(SLOW_BUFFER_BYTES)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_looked_at_without_being_read() {
        let live = r#"{"t":"results","run":"00c0ffee00c0ffee","state":"live","epoch":1,"version":42,"as_of":1790000012000,"total":3}"#;
        assert!(matches!(read(live), Heard::Results(Some(at)) if at == Micros::from_ms(1_790_000_012_000)));
        assert!(matches!(read(&live.replace("live", "hidden")), Heard::Results(None)));
        assert!(matches!(read(&live.replace("1790000012000", "0")), Heard::Results(None)));
        assert!(matches!(read(r#"{"t":"reconnect","after_ms":5}"#), Heard::Message(_)));
        assert!(matches!(read(r#"{"t":"of tomorrow"}"#), Heard::Alive));
    }
}
