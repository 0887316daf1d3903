//! What crosses the network: the only public serde types. One file per direction, and one each for results,
//! outcomes, brackets, the desk, the desk, scores, seals, moderation, figures and codes.
//! Nothing here decides anything; docs/WIRE.md explains the exchange, tests/golden keeps its bytes.

pub mod bracket;
pub mod client;
pub mod codes;
pub mod command;
pub mod desk;
pub mod entry;
pub mod gauge;
pub mod kind;
pub mod moderation;
pub mod outcome;
pub mod proposal;
pub mod results;
pub mod scores;
pub mod seal;
pub mod server;
pub mod timed;
pub mod trigger;

use serde::de::{DeserializeOwned, Error as _};

/// Reads what a client sent: a JSON object. serde alone would take an array of an object's values for it as well.
///
/// # Errors
/// It is not an object, or not this one.
pub fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    match json.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice(json),
        _ => Err(serde_json::Error::custom("send a JSON object")),
    }
}

/// The WebSocket subprotocol of this version.
pub const SUBPROTOCOL: &str = "tallylight.v1";
