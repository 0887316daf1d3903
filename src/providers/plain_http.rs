//! The way to a service of somebody else by plain HTTP: one connection and one request at a time, of which the whole answer is read.
//! How long that may take is the caller's business.

use std::{fmt, io};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::base::limits;

/// The way to one service.
pub struct PlainHttp {
    /// Host and port.
    pub server: String,
    path: String,
    secret: String,
}

impl fmt::Debug for PlainHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PlainHttp").field(&self.server).finish()
    }
}

impl PlainHttp {
    /// Looks at the address only. `None`: it is no `http://host[:port][/path]`, or the secret is more than one word.
    pub fn new(url: &str, secret: String) -> Option<Self> {
        let (server, path) = match url.strip_prefix("http://")?.split_once('/') {
            Some((server, path)) => (server, format!("/{path}")),
            None => (url.strip_prefix("http://")?, "/".to_owned()),
        };
        let is_bad = |c: char| c.is_whitespace() || c.is_control();
        if server.is_empty() || server.contains('@') || url.contains(is_bad) || secret.contains(is_bad) {
            return None;
        }
        let has_port = server.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let server = if has_port { server.to_owned() } else { format!("{server}:80") };
        Some(Self { server, path, secret })
    }

    /// Posts JSON; gives the status and the body.
    ///
    /// # Errors
    /// The service is not there, or what it says is no HTTP.
    pub async fn post(&self, body: &str) -> io::Result<(u16, String)> {
        let Self { server, path, secret } = self;
        let bearer = if secret.is_empty() { String::new() } else { format!("authorization: Bearer {secret}\r\n") };
        // Of HTTP/1.0 the answer comes as it is, and ends with the connection.
        let head = format!(
            "POST {path} HTTP/1.0\r\nhost: {server}\r\n{bearer}content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(server.as_str()).await?;
        stream.write_all((head + body).as_bytes()).await?;
        let mut answer = String::new();
        stream.take(limits::SERVICE_ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
        read(&answer).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

fn read(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut status = head.split([' ', '\r']);
    status.next()?.starts_with("HTTP/1.").then_some(())?;
    Some((status.next()?.parse().ok()?, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_meant() {
        let at = |url: &str| PlainHttp::new(url, "s".to_owned()).map(|way| (way.server, way.path));
        let is = |server: &str, path: &str| Some((server.to_owned(), path.to_owned()));
        assert_eq!(at("http://a"), is("a:80", "/"));
        assert_eq!(at("http://a:81/x/y?z=1"), is("a:81", "/x/y?z=1"));
        assert_eq!(at("http://[::1]/"), is("[::1]:80", "/"));
        for bad in ["https://a", "a:80", "http://", "http:///x", "http://u:p@a/", "http://a/x y", "http://a/\r\nb"] {
            assert_eq!(at(bad), None, "{bad}");
        }
        assert!(PlainHttp::new("http://a", "s\r\nx: y".to_owned()).is_none());
    }

    #[test]
    fn only_http_is_an_answer() {
        assert_eq!(read("HTTP/1.1 200 OK\r\na: b\r\n\r\n{}"), Some((200, "{}".to_owned())));
        assert_eq!(read("HTTP/1.0 204\r\n\r\n"), Some((204, String::new())));
        for bad in ["", "HTTP/1.1 200 OK\r\n{}", "HTTP/2 200\r\n\r\n", "HTTP/1.1 ok\r\n\r\n", "200 OK\r\n\r\n"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
