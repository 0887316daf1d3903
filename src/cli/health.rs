//! `tallylight health`: asks the node on this machine how it is, for containers that have no other program to ask with.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;

use crate::config::{Defaults, NodeConfig, NodeFlags};

/// A node that is well answers within milliseconds; this is for a machine that has too much to do.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// More than any node says about itself.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Ask the node on this machine how it is
///
/// Reads the node's own settings to find it, so give it the same file, environment and flags. Prints what /health says.
/// Ends with 0 if the node takes ballots, or holds them until Redis is back; with 1 if it does not answer, or its disk or
/// journal keep ballots out.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    node: NodeFlags,
}

/// Asks and says.
///
/// # Errors
/// Nobody answers.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = NodeConfig::new(args.node, Vec::new(), Defaults::NODE, super::read)?;
    let node = here(config.listen);
    let answer =
        ask(node, config.doors.proxy_protocol).with_context(|| format!("the node at {node} does not answer"))?;
    let (head, body) = answer.split_once("\r\n\r\n").context(
        "the connection ended without an answer; with proxy_protocol this machine has to be one of trusted_proxies",
    )?;
    println!("{}", body.trim_end());
    Ok(if head.starts_with("HTTP/1.1 200 ") { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
fn ask(node: SocketAddr, as_proxy: bool) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&node, ANSWER_TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    let header = if as_proxy { "PROXY UNKNOWN\r\n" } else { "" };
    write!(stream, "{header}GET /health HTTP/1.1\r\nhost: {node}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}
