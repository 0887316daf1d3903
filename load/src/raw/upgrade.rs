//! The upgrade to a WebSocket, on both sides.

use anyhow::{Context as _, Result, ensure};
use tallylight::wire::SUBPROTOCOL;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};

/// A request or an answer is complete with its empty line; says where it ends.
pub fn head_end(buffer: &[u8]) -> Option<usize> {
    buffer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// The client's request, about as long as a browser's.
pub fn request(host: &str, show: &str) -> String {
    format!(
        "GET /ws/{show} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\
         Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\nAccept-Language: en-GB,en;q=0.9\r\n\
         User-Agent: Mozilla/5.0 (tallylight-load) like any browser on any phone\r\n\r\n",
        generate_key()
    )
}

/// Checks the server's answer.
pub fn accepted(head: &[u8]) -> Result<()> {
    let head = std::str::from_utf8(head).context("the answer to the upgrade is not text")?;
    let first = head.lines().next().unwrap_or_default();
    ensure!(first.contains(" 101 "), "the server does not upgrade: {first}");
    Ok(())
}

/// The server's answer to a request.
pub fn answer(head: &[u8]) -> Result<String> {
    let head = std::str::from_utf8(head).context("the request is not text")?;
    let header = |name: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let key = header("sec-websocket-key").context("the request has no key")?;
    let protocol =
        header("sec-websocket-protocol").map(|p| format!("Sec-WebSocket-Protocol: {p}\r\n")).unwrap_or_default();
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{protocol}\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_understand_each_other() {
        let request = request("127.0.0.1:80", "finale");
        assert_eq!(head_end(request.as_bytes()), Some(request.len()));
        assert_eq!(head_end(&request.as_bytes()[..request.len() - 1]), None);
        let answer = answer(request.as_bytes()).unwrap();
        assert!(answer.contains(SUBPROTOCOL) && head_end(answer.as_bytes()).is_some());
        accepted(answer.as_bytes()).unwrap();
        assert!(accepted(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").is_err());
    }
}
