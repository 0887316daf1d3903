//! The header that a proxy puts before a connection (PROXY protocol, versions 1 and 2): who the client is. Pure; it says
//! how many bytes it still needs, so that the caller never reads into the request behind it.

use std::net::IpAddr;

use crate::base::limits;

/// What the bytes so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// So many more bytes are needed at least; no more than those belong to the header.
    Needs(usize),
    /// The whole header. Without an address the proxy speaks for itself (a health check).
    Client(Option<IpAddr>),
    /// No such header.
    Bad,
}

/// What version 2 begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Longest line of version 1, with its end.
const LINE_BYTES_MAX: usize = 107;

/// Reads the beginning of a connection.
pub fn read(bytes: &[u8]) -> Header {
    if bytes.len() < SIGNATURE.len() {
        return Header::Needs(SIGNATURE.len() - bytes.len());
    }
    if let Some(rest) = bytes.strip_prefix(SIGNATURE) {
        return binary(rest);
    }
    match bytes.strip_prefix(b"PROXY ") {
        Some(line) => text(line, bytes.len()),
        None => Header::Bad,
    }
}

fn text(line: &[u8], read: usize) -> Header {
    let Some(line) = line.strip_suffix(b"\r\n") else {
        let needs = if line.ends_with(b"\r") { 1 } else { 2 };
        let fits = read + needs <= LINE_BYTES_MAX && !line.contains(&b'\n');
        return if fits { Header::Needs(needs) } else { Header::Bad };
    };
    let Ok(line) = std::str::from_utf8(line) else { return Header::Bad };
    let mut words = line.split(' ');
    let family = words.next();
    if family == Some("UNKNOWN") {
        return Header::Client(None);
    }
    let (Some(source), Some(target), Some(source_port), Some(target_port), None) =
        (words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        return Header::Bad;
    };
    let port = |text: &str| text.parse::<u16>().is_ok();
    let (Ok(source), Ok(target)) = (source.parse::<IpAddr>(), target.parse::<IpAddr>()) else { return Header::Bad };
    let said = match family {
        Some("TCP4") => source.is_ipv4() && target.is_ipv4(),
        Some("TCP6") => source.is_ipv6() && target.is_ipv6(),
        _ => false,
    };
    if said && port(source_port) && port(target_port) { Header::Client(Some(source)) } else { Header::Bad }
}

/// Version 2 behind its signature: version and command, family, length, addresses, and more that is passed over.
fn binary(rest: &[u8]) -> Header {
    let [command, family, high, low, body @ ..] = rest else { return Header::Needs(4 - rest.len()) };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    if SIGNATURE.len() + 4 + len > limits::PROXY_HEADER_BYTES_MAX {
        return Header::Bad;
    }
    if body.len() < len {
        return Header::Needs(len - body.len());
    }
    match (command, family) {
        (0x21, 0x11) if len >= 12 => Header::Client(body.first_chunk::<4>().map(|&v4| IpAddr::from(v4))),
        (0x21, 0x21) if len >= 36 => Header::Client(body.first_chunk::<16>().map(|&v6| IpAddr::from(v6))),
        // The proxy itself, or a client that is on no network.
        (0x20, _) | (0x21, 0x00 | 0x31) => Header::Client(None),
        _ => Header::Bad,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the accept loop does: it reads just what is needed. Gives back the outcome and how much was read.
    fn feed(connection: &[u8]) -> (Header, usize) {
        let mut read_to = 0;
        loop {
            match read(&connection[..read_to]) {
                Header::Needs(more) if read_to + more <= connection.len() => read_to += more,
                outcome => return (outcome, read_to),
            }
        }
    }

    fn version_2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &len, body].concat()
    }

    #[test]
    fn lines_of_version_1() {
        for (line, client) in [
            ("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", Some("192.0.2.1")),
            ("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", Some("2001:db8::1")),
            ("PROXY UNKNOWN\r\n", None),
            ("PROXY UNKNOWN ffff:f...f:ffff 65535 65535\r\n", None),
        ] {
            let connection = format!("{line}GET / HTTP/1.1\r\n");
            let client = Header::Client(client.map(|address| address.parse().unwrap()));
            assert_eq!(feed(connection.as_bytes()), (client, line.len()), "{line:?}");
        }
        for bad in [
            "GET / HTTP/1.1\r\nhost: a\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 65536\r\n",
            "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n\n",
            &format!("PROXY UNKNOWN {}", "x".repeat(200)),
        ] {
            let (outcome, read_to) = feed(bad.as_bytes());
            assert!(outcome == Header::Bad && read_to <= LINE_BYTES_MAX, "{bad:?}: {outcome:?} after {read_to}");
        }
    }

    #[test]
    fn headers_of_version_2() {
        let v4 = [192, 0, 2, 1, 198, 51, 100, 1, 220, 4, 1, 187];
        let v6 = [&[0x20, 1, 0xd, 0xb8], &[0; 11][..], &[9], &[0; 20]].concat();
        let more = [&v4[..], &[0x20, 0, 3, 1, 2, 3]].concat();
        for (header, client) in [
            (version_2(0x21, 0x11, &v4), Some("192.0.2.1")),
            (version_2(0x21, 0x11, &more), Some("192.0.2.1")),
            (version_2(0x21, 0x21, &v6), Some("2001:db8::9")),
            (version_2(0x20, 0x00, &[]), None),
            (version_2(0x20, 0x11, &v4), None),
            (version_2(0x21, 0x00, &[]), None),
        ] {
            let client = Header::Client(client.map(|address| address.parse().unwrap()));
            assert_eq!(feed(&[&header[..], b"GET"].concat()), (client, header.len()));
        }
        for bad in [
            version_2(0x11, 0x11, &v4),
            version_2(0x22, 0x11, &v4),
            version_2(0x21, 0x11, &v4[..11]),
            version_2(0x21, 0x21, &v4),
            version_2(0x21, 0x12, &v4),
            version_2(0x21, 0x11, &[0; 2000]),
        ] {
            assert_eq!(feed(&bad).0, Header::Bad);
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_in_bounds(
            start in prop_oneof![Just(&b""[..]), Just(&SIGNATURE[..]), Just(&b"PROXY TCP4 "[..]), Just(&b"PROXY "[..])],
            rest in proptest::collection::vec(any::<u8>(), 0..1500),
        ) {
            let connection = [start, &rest].concat();
            let (outcome, read_to) = feed(&connection);
            prop_assert!(read_to <= limits::PROXY_HEADER_BYTES_MAX);
            if let Header::Needs(more) = outcome {
                prop_assert!(more > 0 && read_to + more <= limits::PROXY_HEADER_BYTES_MAX);
            }
        }

        #[test]
        fn what_a_proxy_writes_is_read(v6: bool, v4_address: u32, address: u128, tail in proptest::collection::vec(any::<u8>(), 0..600)) {
            let source = if v6 { IpAddr::from(address.to_be_bytes()) } else { IpAddr::from(v4_address.to_be_bytes()) };
            let (family, octets) = match source {
                IpAddr::V4(v4) => (0x11, v4.octets().to_vec()),
                IpAddr::V6(v6) => (0x21, v6.octets().to_vec()),
            };
            let body = [&octets[..], &octets, &[0; 4], &tail].concat();
            let header = version_2(0x21, family, &body);
            prop_assert_eq!(feed(&header), (Header::Client(Some(source)), header.len()));
            let line = format!("PROXY TCP{} {source} {source} 1 2\r\n", if v6 { 6 } else { 4 });
            prop_assert_eq!(feed(line.as_bytes()), (Header::Client(Some(source)), line.len()));
        }
    }
}
