//! Blocks of network addresses, as configurations write them (`10.0.0.0/8`), and the block that stands for a client.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// Bits of an address before those of IPv4, which lies at `::ffff:0:0/96`.
const V4_OFFSET: u8 = 96;

/// A block of addresses. IPv4 and the IPv6 spelling of the same addresses (`::ffff:10.0.0.1`) are one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    bits: u128,
    len: u8,
}

/// A text that is no block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a block of addresses: give one address, or a block like 10.0.0.0/8 or 2001:db8::/32 that begins with its first"
)]
pub struct BadPrefix;

impl Prefix {
    /// The block of an address that has `len` leading bits in common with it, counted in the address's own family.
    fn around(address: IpAddr, len: u8) -> Self {
        let len = if address.is_ipv4() { V4_OFFSET + len } else { len };
        Self { bits: bits(address) & mask(len), len }
    }

    /// Whether an address lies inside.
    pub fn contains(&self, address: IpAddr) -> bool {
        bits(address) & mask(self.len) == self.bits
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn mask(len: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(len)).unwrap_or(0)
}

impl FromStr for Prefix {
    type Err = BadPrefix;
    fn from_str(text: &str) -> Result<Self, BadPrefix> {
        let (address, len) = match text.split_once('/') {
            Some((address, len)) => (address, Some(len.parse::<u8>().map_err(|_| BadPrefix)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| BadPrefix)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let len = len.unwrap_or(most);
        let prefix = Self::around(address, len.min(most));
        if len > most || prefix.bits != bits(address) {
            return Err(BadPrefix);
        }
        Ok(prefix)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from_bits(self.bits);
        match address.to_ipv4_mapped().filter(|_| self.len >= V4_OFFSET) {
            Some(v4) => write!(f, "{v4}/{}", self.len - V4_OFFSET),
            None => write!(f, "{address}/{}", self.len),
        }
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The network that a client is in, which stands for its address: limits need no more, and it says less about a person.
///
/// /24 of IPv4: the smallest block that is routed, and so what one owner has at least. /56 of IPv6: what providers give
/// to one household (RIPE-690); whoever has it can make up any address inside. It is never logged or kept: it can be
/// compared and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientPrefix(Prefix);

impl ClientPrefix {
    /// The network of an address.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self(Prefix::around(address, if address.is_ipv4() { 24 } else { 56 }))
    }

    /// Whether the whole network is inside a block, or the block inside it: what is said of a venue's addresses holds
    /// for the network that they are counted in.
    pub fn meets(&self, block: &Prefix) -> bool {
        let shared = mask(self.0.len.min(block.len));
        self.0.bits & shared == block.bits & shared
    }
}

impl fmt::Debug for ClientPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a client's network")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn a_block_has_what_begins_like_it() {
        for (block, inside, outside) in [
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
            ("10.0.0.0/8", "::ffff:10.1.1.1", "::10.1.1.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("0.0.0.0/0", "255.1.1.1", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "127.0.0.1"),
        ] {
            assert!(prefix(block).contains(inside.parse().unwrap()), "{block} {inside}");
            assert!(!prefix(block).contains(outside.parse().unwrap()), "{block} {outside}");
            assert_eq!(prefix(&prefix(block).to_string()), prefix(block));
        }
        assert!(prefix("::/0").contains("10.0.0.1".parse().unwrap()));
        for bad in ["", "10.0.0.0/33", "10.0.0.1/8", "10.0.0", "::/129", "host/8", "10.0.0.0/x", "10.0.0.0/-1"] {
            assert_eq!(bad.parse::<Prefix>(), Err(BadPrefix), "{bad:?}");
        }
    }

    #[test]
    fn a_client_is_its_network() {
        let of = |text: &str| ClientPrefix::of(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("192.0.2.255"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.9"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("2001:db8:0:12ff::1"), of("2001:db8:0:1200::2"));
        assert_ne!(of("2001:db8:0:1200::1"), of("2001:db8:0:1300::1"));
        assert!(!format!("{:?}", of("192.0.2.1")).contains("192"));
        // A venue of eight addresses is counted in the network around them.
        assert!(of("192.0.2.1").meets(&prefix("192.0.2.8/29")) && of("192.0.2.1").meets(&prefix("192.0.0.0/16")));
        assert!(!of("192.0.2.1").meets(&prefix("192.0.3.8/29")) && !of("192.0.2.1").meets(&prefix("192.1.0.0/16")));
    }
}
