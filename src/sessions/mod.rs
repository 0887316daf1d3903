//! One connected client each: who it is, what it may send, and the loop that moves messages both ways. Transports are
//! thin; what a message means is decided further down.

pub mod desk_session;
pub mod gate;
pub mod greeting;
pub mod poll;
pub mod seats;
pub mod socket;
pub mod sse;
pub mod taps;
pub mod viewer_session;
pub mod websocket;
