//! The smallest HTTP/1.1 client that an audience and its leader need: one connection that is kept, bodies with a length.

use std::{io, net::IpAddr, time::Duration};

use serde_json::Value;
use tallylight::viewer::connection::NodeAddress;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::socket;

/// An answer that takes longer is none.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// No answer that is read here is larger.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A client of one node.
#[derive(Debug)]
pub struct Http {
    node: NodeAddress,
    source: Option<IpAddr>,
    stream: Option<BufReader<TcpStream>>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub etag: Option<String>,
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Why it was not done, in the server's words.
    pub fn problem(&self) -> String {
        let detail = self.json()["detail"].as_str().map(str::to_owned);
        detail.unwrap_or_else(|| format!("status {}", self.status))
    }
}

/// A request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    pub path: &'a str,
    pub bearer: Option<&'a str>,
    pub etag: Option<&'a str>,
    /// With a body it is a POST.
    pub body: Option<&'a Value>,
}

impl Http {
    /// A client that connects with its first request.
    pub const fn new(node: NodeAddress, source: Option<IpAddr>) -> Self {
        Self { node, source, stream: None }
    }

    /// Drops the connection.
    pub fn hang_up(&mut self) {
        self.stream = None;
    }

    /// Asks and reads the whole answer. A kept connection that the server had closed meanwhile is made anew once; what it
    /// sends is safe to be sent again (a ballot has an id).
    pub async fn ask(&mut self, ask: Ask<'_>) -> io::Result<Reply> {
        let kept = self.stream.is_some();
        match self.try_ask(ask).await {
            Err(_) if kept => self.try_ask(ask).await,
            answered => answered,
        }
    }

    async fn try_ask(&mut self, ask: Ask<'_>) -> io::Result<Reply> {
        let answered = timeout(REQUEST_TIMEOUT, self.exchange(ask)).await;
        let answered = answered.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if answered.is_err() {
            self.stream = None;
        }
        answered
    }

    async fn exchange(&mut self, Ask { path, bearer, etag, body }: Ask<'_>) -> io::Result<Reply> {
        if self.stream.is_none() {
            self.stream = Some(BufReader::new(socket::connect(&self.node, self.source, false).await?));
        }
        let stream = self.stream.as_mut().expect("it was made above");
        let method = if body.is_some() { "POST" } else { "GET" };
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.node);
        for (name, value) in [
            ("authorization", bearer.map(|token| format!("Bearer {token}"))),
            ("if-none-match", etag.map(str::to_owned)),
        ] {
            if let Some(value) = value {
                head += &format!("{name}: {value}\r\n");
            }
        }
        let body = body.map(Value::to_string);
        if let Some(body) = &body {
            head += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        }
        head += "\r\n";
        head += body.as_deref().unwrap_or_default();
        stream.write_all(head.as_bytes()).await?;
        let (reply, closes) = read(stream).await?;
        if closes {
            self.stream = None;
        }
        Ok(reply)
    }
}

/// Reads an answer, and whether it is the last one of its connection.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<(Reply, bool)> {
    let odd = || io::Error::from(io::ErrorKind::InvalidData);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line.split_whitespace().nth(1).and_then(|status| status.parse().ok()).ok_or_else(odd)?;
    let mut reply = Reply { status, etag: None, body: Vec::new() };
    let (mut length, mut closes) = (0_usize, false);
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().map_err(|_| odd())?,
            "etag" => reply.etag = Some(value.to_owned()),
            "connection" => closes = value.eq_ignore_ascii_case("close"),
            "transfer-encoding" => return Err(odd()),
            _ => {}
        }
    }
    if length > BODY_BYTES_MAX {
        return Err(odd());
    }
    if status != 304 && status != 204 {
        reply.body.resize(length, 0);
        stream.read_exact(&mut reply.body).await?;
    }
    Ok((reply, closes))
}
