//! The floor: the least work a server can do for one delivery or one ballot. One epoll loop on one thread; one write of
//! the same bytes per subscriber and push; one write of fixed replies for all messages of one read. It keeps no
//! promise at all, and every figure of ours is told as a share of it, from the same sitting on the same machine.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::raw::{epoll::Epoll, frame, upgrade};

/// Fewer bytes than this are no frame of results.
const PUSH_BYTES_MIN: usize = 130;
/// About what a receipt is.
const REPLY: &[u8] = br#"{"t":"receipt","run":"00c0ffee00c0ffee","id":"00000000000000000000000000000000","is":"counted","left":0,"at":1790000000000}"#;
/// The listener's token; connections have their index.
const LISTENER: u64 = u64::MAX;
/// Longest wait of the loop.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Options of `floor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Pushes a frame to every subscriber this often, in milliseconds; 0: never.
    #[arg(long, default_value_t = 0)]
    tick_ms: u64,
    /// Bytes of one push with its header.
    #[arg(long, default_value_t = 400)]
    push_bytes: usize,
}

/// Serves until it is killed. Says the address and the process id on the first line.
pub fn run(args: &Args) -> Result<()> {
    ensure!(
        (PUSH_BYTES_MIN..65_536).contains(&args.push_bytes),
        "--push-bytes must be {PUSH_BYTES_MIN} at least, and less than 65536"
    );
    // tokio's socket, for its long queue of connections that wait to be accepted.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let listener = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(args.listen)?;
        socket.listen(4096)?.into_std()
    });
    let listener = listener.with_context(|| format!("cannot listen on {}", args.listen))?;
    println!("floor http://{} pid {}", listener.local_addr()?, std::process::id());
    Floor::new(listener, Duration::from_millis(args.tick_ms), args.push_bytes)?.serve()
}

struct Floor {
    listener: TcpListener,
    epoll: Epoll,
    tick: Duration,
    push_bytes: usize,
    peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    buffer: Vec<u8>,
    replies: Vec<u8>,
}

struct Peer {
    stream: TcpStream,
    upgraded: bool,
    /// The beginning of a frame or request whose end has not come.
    rest: Vec<u8>,
}

impl Floor {
    fn new(listener: TcpListener, tick: Duration, push_bytes: usize) -> Result<Self> {
        listener.set_nonblocking(true)?;
        let epoll = Epoll::new()?;
        epoll.add(&listener, LISTENER)?;
        Ok(Self {
            listener,
            epoll,
            tick,
            push_bytes,
            peers: Vec::new(),
            free: Vec::new(),
            buffer: vec![0; 64 * 1024],
            replies: Vec::new(),
        })
    }

    fn serve(mut self) -> Result<()> {
        let mut tokens = Vec::new();
        let mut push_at = Instant::now() + self.tick;
        let mut version = 0;
        loop {
            let wait = if self.tick.is_zero() { WAIT_MAX } else { push_at.saturating_duration_since(Instant::now()) };
            self.epoll.wait(wait, &mut tokens)?;
            for &token in &tokens {
                if token == LISTENER {
                    self.accept()?;
                } else {
                    self.read(token as usize);
                }
            }
            let now = Instant::now();
            if !self.tick.is_zero() && now >= push_at {
                // No burst after a push that took longer than a tick.
                push_at = now.max(push_at + self.tick);
                version += 1;
                self.push(version);
            }
        }
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("cannot accept"),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let index = self.free.pop().unwrap_or_else(|| {
                self.peers.push(None);
                self.peers.len() - 1
            });
            self.epoll.add(&stream, index as u64)?;
            self.peers[index] = Some(Peer { stream, upgraded: false, rest: Vec::new() });
        }
    }

    fn read(&mut self, index: usize) {
        let Some(peer) = &mut self.peers[index] else { return };
        if !peer.read(&mut self.buffer, &mut self.replies) {
            self.peers[index] = None;
            self.free.push(index);
        }
    }

    /// (a) One plain write per subscriber.
    fn push(&mut self, version: u64) {
        let frame = push_frame(version, self.push_bytes);
        for index in 0..self.peers.len() {
            let Some(peer) = self.peers[index].as_mut().filter(|peer| peer.upgraded) else { continue };
            // Who cannot take a whole frame at once is not part of a floor.
            if !peer.stream.write(&frame).is_ok_and(|n| n == frame.len()) {
                self.peers[index] = None;
                self.free.push(index);
            }
        }
    }
}

impl Peer {
    /// (b) One read, and one write with a fixed reply to each message in it. `false`: the peer is gone.
    fn read(&mut self, buffer: &mut [u8], replies: &mut Vec<u8>) -> bool {
        let n = match self.stream.read(buffer) {
            Ok(0) => return false,
            Ok(n) => n,
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        };
        let mut joined = Vec::new();
        let mut bytes = &buffer[..n];
        if !self.rest.is_empty() {
            joined.append(&mut self.rest);
            joined.extend(bytes);
            bytes = &joined;
        }
        replies.clear();
        if !self.upgraded {
            let Some(end) = upgrade::head_end(bytes) else {
                self.rest = bytes.to_vec();
                return true;
            };
            let Ok(answer) = upgrade::answer(&bytes[..end]) else { return false };
            replies.extend(answer.as_bytes());
            self.upgraded = true;
            bytes = &bytes[end..];
        }
        while let Some(found) = frame::read(bytes) {
            match found.opcode {
                frame::CLOSE => return false,
                frame::TEXT => frame::write(replies, frame::TEXT, REPLY, false),
                _ => {}
            }
            bytes = &bytes[found.end..];
        }
        if !bytes.is_empty() {
            self.rest = bytes.to_vec();
        }
        replies.is_empty() || self.stream.write(replies).is_ok_and(|n| n == replies.len())
    }
}

/// A frame of so many bytes that looks like results.
fn push_frame(version: u64, bytes: usize) -> Vec<u8> {
    let head =
        format!(r#"{{"t":"results","run":"00c0ffee00c0ffee","state":"live","epoch":1,"version":{version},"pad":""#);
    // Four bytes of frame header, two that end the text.
    let text = format!("{head}{}\"}}", "x".repeat(bytes - 4 - 2 - head.len()));
    let mut frame = Vec::with_capacity(bytes);
    frame::write(&mut frame, frame::TEXT, text.as_bytes(), false);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_has_its_size_whatever_the_version() {
        for (version, bytes) in [(1, 400), (1_000_000, 400), (u64::MAX, PUSH_BYTES_MIN)] {
            assert_eq!(push_frame(version, bytes).len(), bytes);
        }
    }
}
