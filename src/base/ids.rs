//! Newtypes for everything that has an identity. On the wire they are lower-case hexadecimal, but for a show's id,
//! which a person types.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::hex;

/// A text that is not the id it should be; says what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {what}: give {expected}")]
pub struct BadId {
    what: &'static str,
    expected: &'static str,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident($int:ty), $bytes:literal, $pattern:literal, $what:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, utoipa::ToSchema)]
        #[schema(value_type = String, pattern = $pattern)]
        pub struct $name(pub $int);

        impl $name {
            /// A fresh id from the operating system's randomness.
            pub fn random() -> Self {
                Self(<$int>::from_be_bytes(random_bytes()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(hex::encode_into(&self.0.to_be_bytes(), &mut [0; $bytes * 2]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                hex::decode::<$bytes>(text)
                    .map(|bytes| Self(<$int>::from_be_bytes(bytes)))
                    .ok_or(BadId { what: $what, expected: $expected })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(hex::encode_into(&self.0.to_be_bytes(), &mut [0; $bytes * 2]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

hex_id! {
    /// One run of a cue's interaction. Random, so that two branches of a show's document never share one.
    RunId(u64), 8, "^[0-9a-f]{16}$", "a run id", "16 lower-case hexadecimal digits"
}

hex_id! {
    /// What one member of staff has proposed, for another one to confirm.
    ProposalId(u64), 8, "^[0-9a-f]{16}$", "a proposal's id", "16 lower-case hexadecimal digits"
}
hex_id! {
    /// A ballot's id, made by the client, unique per (run, voter).
    BallotId(u128), 16, "^[0-9a-f]{32}$", "a ballot id", "32 lower-case hexadecimal digits"
}
hex_id! {
    /// A voter's pseudonym: a keyed hash of (show, identity), never the identity itself.
    VoterId(u128), 16, "^[0-9a-f]{32}$", "a voter id", "32 lower-case hexadecimal digits"
}
hex_id! {
    /// Something that the audience wrote.
    ItemId(u64), 8, "^[0-9a-f]{16}$", "an item id", "16 lower-case hexadecimal digits"
}
hex_id! {
    /// One journal: what one process start wrote. Random and never reused.
    JournalId(u64), 8, "^[0-9a-f]{16}$", "a journal id", "16 lower-case hexadecimal digits"
}
hex_id! {
    /// One data directory, for as long as it exists.
    NodeId(u64), 8, "^[0-9a-f]{16}$", "a node id", "16 lower-case hexadecimal digits"
}
hex_id! {
    /// A key that fires triggers, named without what opens anything.
    KeyId(u64), 8, "^[0-9a-f]{16}$", "a key's id", "16 lower-case hexadecimal digits"
}
hex_id! {
    /// One connected session of a member of staff or a screen.
    SessionId(u64), 8, "^[0-9a-f]{16}$", "a session id", "16 lower-case hexadecimal digits"
}

/// Fills an array from the operating system's randomness.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A show's id: what a person types into an address. 1 to 40 of `a-z`, `0-9` and `-`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(value_type = String, pattern = "^[a-z0-9-]{1,40}$")]
pub struct ShowId(Arc<str>);

impl ShowId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShowId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let ok = (1..=40).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !ok {
            return Err(BadId { what: "a show id", expected: "1 to 40 characters of a-z, 0-9 and -" });
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ShowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ShowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ShowId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ShowId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_what_they_write() {
        let run = RunId(0x0123_4567_89ab_cdef);
        assert_eq!(run.to_string(), "0123456789abcdef");
        assert_eq!("0123456789abcdef".parse(), Ok(run));
        assert!("123".parse::<RunId>().is_err());
        assert_eq!(serde_json::to_string(&run).unwrap(), "\"0123456789abcdef\"");
    }

    #[test]
    fn a_show_id_is_what_a_person_types() {
        assert!("finale-2026".parse::<ShowId>().is_ok());
        for bad in ["", "Finale", "a/b", "a b", &"x".repeat(41)] {
            assert!(bad.parse::<ShowId>().is_err(), "{bad:?}");
        }
    }
}
