//! One request to the node on this machine, for commands that work beside it.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::Context as _;

use crate::config::NodeConfig;

/// More than any node answers to these commands.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// What a node answered.
pub(super) struct Answer {
    pub status: u16,
    pub body: String,
}

/// A request.
pub(super) struct Ask<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// A token of staff; empty: none.
    pub bearer: &'a str,
    /// JSON; empty: none.
    pub body: &'a str,
    /// How long the node may take.
    pub timeout: Duration,
}

/// Asks the node that runs with this configuration.
///
/// # Errors
/// Nobody answers.
pub(super) fn ask(config: &NodeConfig, ask: &Ask<'_>) -> anyhow::Result<Answer> {
    let node = here(config.listen);
    let answer = send(node, config.doors.proxy_protocol, ask);
    let answer = answer.with_context(|| format!("the node at {node} does not answer"))?;
    let (head, body) = answer.split_once("\r\n\r\n").context(
        "the connection ended without an answer; with proxy_protocol this machine has to be one of trusted_proxies",
    )?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Answer { status, body: body.to_owned() })
}

/// Where a node that listens on this address is reached from its own machine.
fn here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The whole answer; as a proxy that speaks for itself, where every connection has to be a proxy's.
fn send(node: SocketAddr, as_proxy: bool, ask: &Ask<'_>) -> std::io::Result<String> {
    let Ask { method, path, bearer, body, timeout } = *ask;
    let mut stream = TcpStream::connect_timeout(&node, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let header = if as_proxy { "PROXY UNKNOWN\r\n" } else { "" };
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {node}\r\nconnection: close\r\n");
    if !bearer.is_empty() {
        head += &format!("authorization: Bearer {bearer}\r\n");
    }
    if !body.is_empty() {
        head += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    }
    write!(stream, "{header}{head}\r\n{body}")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}
