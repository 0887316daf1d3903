//! The smallest HTTP/1.1 client that can test a server: one request, one connection, everything read to its end.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

use super::SOON;

/// What a server answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// A header's value; names are lower-case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }
}

/// GETs a path.
pub fn get(address: SocketAddr, path: &str) -> Reply {
    request(address, "GET", path, &[], b"")
}

/// POSTs JSON to a path.
pub fn post(address: SocketAddr, path: &str, body: &serde_json::Value) -> Reply {
    request(address, "POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
}

/// Sends a request and reads the whole answer.
///
/// # Panics
/// When the server does not speak HTTP/1.1; [`try_request`] is for a server that may be gone.
pub fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    try_request(address, method, path, headers, body)
        .unwrap_or_else(|error| panic!("{method} http://{address}{path}: {error}"))
}

/// As [`request`], with a broken connection as an error.
pub fn try_request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect_timeout(&address, SOON)?;
    stream.set_read_timeout(Some(SOON))?;
    stream.set_write_timeout(Some(SOON))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        head += &format!("content-length: {}\r\n", body.len());
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", body].concat())?;
    read(BufReader::new(stream), method)
}

fn read(mut from: impl BufRead, method: &str) -> std::io::Result<Reply> {
    let bad = |what: &str| std::io::Error::other(format!("{what} is not HTTP/1.1"));
    let status = line(&mut from)?;
    let status = status.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| bad("the status line"))?;
    let mut reply = Reply { status, headers: Vec::new(), body: Vec::new() };
    loop {
        let header = line(&mut from)?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').ok_or_else(|| bad("a header"))?;
        reply.headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    if method == "HEAD" || matches!(status, 100..=199 | 204 | 304) {
        return Ok(reply);
    }
    if reply.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = line(&mut from)?;
            let size = size.split(';').next().and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.ok_or_else(|| bad("a chunk"))?;
            let start = reply.body.len();
            reply.body.resize(start + size, 0);
            from.read_exact(&mut reply.body[start..])?;
            line(&mut from)?;
            if size == 0 {
                return Ok(reply);
            }
        }
    }
    if let Some(length) = reply.header("content-length") {
        let length = length.parse().map_err(|_| bad("the length"))?;
        reply.body = vec![0; length];
        from.read_exact(&mut reply.body)?;
    } else {
        from.read_to_end(&mut reply.body)?;
    }
    Ok(reply)
}

fn line(from: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn bodies_are_read_however_they_are_framed() {
        let read = |text: &str| read(text.as_bytes(), "GET");
        let reply = read("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}tail").unwrap();
        assert_eq!((reply.status, &reply.json()["a"]), (200, &1.into()));
        let reply =
            read("HTTP/1.1 404 No\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\n").unwrap();
        assert_eq!((reply.status, reply.text()), (404, "abcd"));
        assert_eq!(read("HTTP/1.1 200 OK\r\nx-a: b\r\n\r\nrest").unwrap().text(), "rest");
        assert!(read("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").is_err());
        assert!(read("SSH-2.0\r\n").is_err());
    }

    #[test]
    fn a_request_arrives_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            [(); 2].map(|()| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut got = vec![0; 4096];
                let len = stream.read(&mut got).unwrap();
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
                String::from_utf8_lossy(&got[..len]).into_owned()
            })
        });
        assert_eq!(post(address, "/a", &serde_json::json!({"b": 1})).status, 204);
        assert_eq!(get(address, "/c").header("x"), None);
        let [posted, got] = server.join().unwrap();
        assert!(posted.starts_with("POST /a HTTP/1.1\r\n") && posted.ends_with("content-length: 7\r\n\r\n{\"b\":1}"));
        assert!(got.starts_with("GET /c HTTP/1.1\r\n") && got.ends_with("\r\n\r\n"));
        assert!(try_request(address, "GET", "/", &[], b"").is_err());
    }
}
