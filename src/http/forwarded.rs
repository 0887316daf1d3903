//! Who a request came from, if it came through proxies. Pure.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::base::{limits, prefix::Prefix};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client of a request: the peer itself, unless it is a trusted proxy. Each proxy adds at the right whom it heard, so
/// the client is the right-most address that is no trusted proxy; all that stands left of it anybody may have made up.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Prefix]) -> IpAddr {
    let is_proxy = |address: IpAddr| trusted.iter().any(|block| block.contains(address));
    let mut client = peer;
    let lines = headers.get_all(FORWARDED_FOR).into_iter().rev();
    let mut hops = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(',')).take(limits::FORWARDED_HOPS_MAX);
    while is_proxy(client) {
        // What cannot be read ends the chain: the last proxy that is known stands for all behind it.
        let Some(before) = hops.next().and_then(address) else { break };
        client = before;
    }
    client
}

/// One entry; some proxies add the port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(of("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(of("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(of("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        // Several lines are one list.
        assert_eq!(of("2001:db8::1", &["1.1.1.1", "198.51.100.1, 10.0.0.2", "10.0.0.3"]), "198.51.100.1");
        assert_eq!(of("10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(of("10.0.0.1", &["[2001:db8::7]:80"]), "2001:db8::7");
        assert_eq!(of("10.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(of("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn the_chain_ends_where_it_cannot_be_read() {
        assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &["1.1.1.1, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(of("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(of("10.0.0.1", &[""]), "10.0.0.1");
        let long = vec!["10.0.0.5"; 100].join(",");
        assert_eq!(of("10.0.0.1", &[&format!("1.1.1.1,{long}")]), "10.0.0.5");
    }
}
