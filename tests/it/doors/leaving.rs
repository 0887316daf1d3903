//! The node goes away while people come: whoever reached it is told to come back, and nobody is just cut off.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
};

use super::{
    raw,
    stage::{SHOW, Stage},
};
use crate::support::SOON;

const QUEUE: usize = 200;

#[test]
fn who_comes_while_the_node_goes_away_is_told_so() {
    let mut stage = Stage::start(&[]);
    let address = stage.app.address();
    let mut late = raw::tcp(address);
    assert_eq!(stage.app.get("/livez").status, 200, "by now the one before is received as well");
    let process = stage.app.process();
    process.signal(libc::SIGSTOP);
    let queue: Vec<_> = (0..QUEUE).map(|_| asked(raw::tcp(address), address)).collect();
    process.signal(libc::SIGTERM);
    process.signal(libc::SIGCONT);
    process.wait_for(SOON, |line| line.contains("draining").then_some(()));
    late = asked(late, address);
    for (number, mut stream) in queue.into_iter().chain([late]).enumerate() {
        let heard = String::from_utf8_lossy(&raw::rest(&mut stream)).into_owned();
        assert!(heard.contains(r#""t":"reconnect""#), "number {number} heard only {heard:?}");
    }
    assert!(stage.app.ends().success());
}

/// Sends all that a viewer says until it has joined, without waiting for an answer.
fn asked(mut stream: TcpStream, address: SocketAddr) -> TcpStream {
    let upgrade = format!(
        "GET /ws/{SHOW} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: tallylight.v1\r\n\r\n"
    );
    let join = br#"{"t":"join"}"#;
    // Text in one frame, masked with zeros.
    let head = [0x81, 0x80 | u8::try_from(join.len()).unwrap(), 0, 0, 0, 0];
    let all = [upgrade.as_bytes(), &head, join].concat();
    // Who was cut off is found out when reading.
    let _ = stream.write_all(&all);
    stream
}
