//! What crosses the network: the only public serde types. One file per direction, one for results, one for codes.
//! Nothing here decides anything; docs/WIRE.md explains the exchange, tests/golden keeps its bytes.

pub mod client;
pub mod codes;
pub mod command;
pub mod results;
pub mod server;

/// The WebSocket subprotocol of this version.
pub const SUBPROTOCOL: &str = "tallylight.v1";
