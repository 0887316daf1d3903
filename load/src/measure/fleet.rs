//! Many raw connections in one epoll loop. What comes is given to a [`Work`]; nothing is parsed that it does not parse.

use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs as _},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use tokio::net::TcpSocket;

use super::Args;
use crate::raw::{epoll::Epoll, frame, upgrade};

/// Connections from one local address.
const CONNECTIONS_PER_SOURCE: usize = 2000;
/// All connections must be there within this time.
const OPEN_TIMEOUT: Duration = Duration::from_secs(120);

/// What to do with what comes.
pub trait Work {
    /// The connection became a WebSocket.
    fn upgraded(&mut self, _peer: &mut Peer) {}
    /// A text message.
    fn text(&mut self, peer: &mut Peer, text: &[u8]);
    /// All messages of one read were given; a good time to send.
    fn drained(&mut self, peer: &mut Peer);
}

/// One connection.
#[derive(Debug)]
pub struct Peer {
    pub index: usize,
    stream: TcpStream,
    upgraded: bool,
    open: bool,
    /// What of `welcome` and `show` is there.
    welcome: bool,
    show: bool,
    /// The beginning of a frame whose end has not come.
    rest: Vec<u8>,
}

impl Peer {
    /// Sends bytes that are whole frames. A peer that cannot take them at once is closed: then the measurement is wrong
    /// anyway, and the report says so.
    pub fn send(&mut self, bytes: &[u8]) {
        self.open &= self.stream.write(bytes).is_ok_and(|n| n == bytes.len());
    }

    /// Whether it is still there.
    pub const fn open(&self) -> bool {
        self.open
    }

    const fn ready(&self, floor: bool) -> bool {
        self.upgraded && (floor || (self.welcome && self.show))
    }
}

/// All connections.
#[derive(Debug)]
pub struct Fleet {
    epoll: Epoll,
    pub peers: Vec<Peer>,
    tokens: Vec<u64>,
    buffer: Vec<u8>,
    /// The newest `show` message.
    pub show: Vec<u8>,
    /// The newest `results` that came while connections were opened.
    pub results: Vec<u8>,
    /// Connections that ended before the measurement did.
    pub closed: u64,
    /// Bytes that came so far.
    pub bytes: u64,
}

impl Fleet {
    /// Opens and joins so many connections and waits until all have their welcome and the show (the floor has neither).
    pub fn open(args: &Args, connections: usize) -> Result<Self> {
        let mut fleet = Self {
            epoll: Epoll::new()?,
            peers: Vec::with_capacity(connections),
            tokens: Vec::new(),
            buffer: vec![0; 64 * 1024],
            show: Vec::new(),
            results: Vec::new(),
            closed: 0,
            bytes: 0,
        };
        fleet.come(args, connections)?;
        Ok(fleet)
    }

    /// Everybody goes, and so many others come.
    pub fn change(&mut self, args: &Args, connections: usize) -> Result<()> {
        self.peers.clear();
        self.come(args, connections)
    }

    fn come(&mut self, args: &Args, connections: usize) -> Result<()> {
        let Args { url: node, show, entries, floor, opening, .. } = args;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let address = (node.host(), node.port()).to_socket_addrs()?.next().context("the host has no address")?;
        let host = node.to_string();
        let until = Instant::now() + OPEN_TIMEOUT;
        let (joins, closed) = (joins(entries), self.closed);
        let mut ready = 0;
        while ready < connections {
            ensure!(Instant::now() < until, "{ready} of {connections} connections are there after {OPEN_TIMEOUT:?}");
            ensure!(self.closed == closed, "the server closed connections while the audience came");
            while self.peers.len() < connections && self.peers.len() - ready < *opening {
                let stream = runtime.block_on(connect(address, self.peers.len())).context("cannot connect")?;
                self.adopt(stream, &upgrade::request(&host, show))?;
            }
            ready += self.greet(&joins, *floor)?;
        }
        Ok(())
    }

    /// Waits for at most `limit` and gives what came to `work`.
    pub fn poll(&mut self, limit: Duration, work: &mut impl Work) -> Result<()> {
        self.epoll.wait(limit, &mut self.tokens)?;
        for &token in &self.tokens {
            let peer = &mut self.peers[token as usize];
            if !peer.open {
                continue;
            }
            self.bytes += read(peer, &mut self.buffer, &mut self.show, work);
            if peer.open {
                work.drained(peer);
            }
            if !peer.open {
                self.closed += 1;
                // Without this a level-triggered epoll would tell of it for ever.
                let _ = peer.stream.shutdown(std::net::Shutdown::Both);
                self.epoll.remove(&peer.stream)?;
            }
        }
        Ok(())
    }

    /// One round of upgrades and welcomes; says how many became ready.
    fn greet(&mut self, joins: &[Vec<u8>], floor: bool) -> Result<usize> {
        let results = std::mem::take(&mut self.results);
        let mut greeter = Greeter { joins, floor, ready: 0, results, failed: None };
        self.poll(Duration::from_millis(100), &mut greeter)?;
        self.results = greeter.results;
        if let Some(text) = greeter.failed {
            bail!("the server says: {text}");
        }
        Ok(greeter.ready)
    }

    fn adopt(&mut self, stream: TcpStream, request: &str) -> Result<()> {
        let index = self.peers.len();
        self.epoll.add(&stream, index as u64)?;
        let mut peer =
            Peer { index, stream, upgraded: false, open: true, welcome: false, show: false, rest: Vec::new() };
        peer.send(request.as_bytes());
        self.peers.push(peer);
        Ok(())
    }
}

/// Joins, and waits for the two messages.
struct Greeter<'a> {
    joins: &'a [Vec<u8>],
    floor: bool,
    ready: usize,
    results: Vec<u8>,
    failed: Option<String>,
}

impl Work for Greeter<'_> {
    fn text(&mut self, peer: &mut Peer, text: &[u8]) {
        let was = peer.ready(self.floor);
        peer.welcome |= text.starts_with(br#"{"t":"welcome""#);
        peer.show |= text.starts_with(br#"{"t":"show""#);
        if text.starts_with(br#"{"t":"results""#) {
            text.clone_into(&mut self.results);
        }
        if text.starts_with(br#"{"t":"problem""#) {
            self.failed = Some(String::from_utf8_lossy(text).into_owned());
        }
        self.ready += usize::from(!was && peer.ready(self.floor));
    }

    fn drained(&mut self, _peer: &mut Peer) {}

    fn upgraded(&mut self, peer: &mut Peer) {
        if self.floor {
            self.ready += 1;
        } else {
            peer.send(&self.joins[peer.index % self.joins.len()]);
        }
    }
}

/// What the connections join with.
fn joins(entries: &[String]) -> Vec<Vec<u8>> {
    let mut texts: Vec<_> = entries.iter().map(|code| json!({ "t": "join", "entry": code }).to_string()).collect();
    if texts.is_empty() {
        texts.push(r#"{"t":"join"}"#.to_owned());
    }
    let frame = |text: &String| {
        let mut frame = Vec::new();
        frame::write(&mut frame, frame::TEXT, text.as_bytes(), true);
        frame
    };
    texts.iter().map(frame).collect()
}

/// One read, and all whole frames in it. Says how many bytes it was.
fn read(peer: &mut Peer, buffer: &mut [u8], show: &mut Vec<u8>, work: &mut impl Work) -> u64 {
    match peer.stream.read(buffer) {
        Ok(0) => peer.open = false,
        Ok(n) => {
            take(peer, &buffer[..n], show, work);
            return n as u64;
        }
        Err(error) => peer.open &= error.kind() == ErrorKind::WouldBlock,
    }
    0
}

/// All whole frames of what was read.
fn take(peer: &mut Peer, read: &[u8], show: &mut Vec<u8>, work: &mut impl Work) {
    let mut joined = Vec::new();
    let mut bytes = read;
    if !peer.rest.is_empty() {
        joined.append(&mut peer.rest);
        joined.extend(bytes);
        bytes = &joined;
    }
    if !peer.upgraded {
        match upgrade::head_end(bytes) {
            Some(end) if upgrade::accepted(&bytes[..end]).is_ok() => {
                bytes = &bytes[end..];
                peer.upgraded = true;
                work.upgraded(peer);
            }
            Some(_) => return peer.open = false,
            None => return peer.rest = bytes.to_vec(),
        }
    }
    while let Some(found) = frame::read(bytes) {
        let payload = &bytes[found.start..found.end];
        match found.opcode {
            frame::TEXT => {
                if payload.starts_with(br#"{"t":"show""#) {
                    payload.clone_into(show);
                }
                work.text(peer, payload);
            }
            frame::PING => {
                let mut pong = Vec::new();
                frame::write(&mut pong, frame::PONG, payload, true);
                peer.send(&pong);
            }
            frame::CLOSE => return peer.open = false,
            _ => {}
        }
        bytes = &bytes[found.end..];
    }
    if !bytes.is_empty() {
        peer.rest = bytes.to_vec();
    }
}

async fn connect(address: SocketAddr, index: usize) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if address.ip().is_loopback() && address.is_ipv4() {
        let number = u32::try_from(index / CONNECTIONS_PER_SOURCE).unwrap_or(0);
        let source = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 2, 1)) + number);
        socket.bind((IpAddr::V4(source), 0).into())?;
    }
    // What ends is gone at once: the ports of one address are used up by some audiences that come one after the other.
    socket.set_zero_linger()?;
    let stream = socket.connect(address).await?.into_std()?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
