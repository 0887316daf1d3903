//! What the integration tests share: the real server as a process, a plain HTTP client, and a network that breaks.

pub mod app;
pub mod golden;
pub mod http;
pub mod process;
pub mod proxy;
pub mod redis;
pub mod websocket;

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a test waits for something that should come at once; long, because two cores may run many tests.
pub const SOON: Duration = Duration::from_secs(20);

/// Looks again and again until there is something to see.
///
/// # Panics
/// When there is nothing after `within`; the message says what was looked for.
pub fn until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
