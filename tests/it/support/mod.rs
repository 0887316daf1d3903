//! What the integration tests share: the real server as a process, a plain HTTP client, and a network that breaks.

pub mod app;
pub mod golden;
pub mod http;
pub mod process;
pub mod proxy;

use std::time::Duration;

/// How long a test waits for something that should come at once; long, because two cores may run many tests.
pub const SOON: Duration = Duration::from_secs(20);
