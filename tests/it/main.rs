//! All integration tests in one program: it links once, and its parts share `support`.
#![expect(clippy::disallowed_methods, reason = "tests measure real time and start real processes")]
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod books;
#[cfg(feature = "composition")]
mod composition;
mod config;
mod doors;
mod golden;
mod installation;
mod ledger;
mod limits;
mod nodes;
mod openapi;
mod recount;
mod sessions;
mod sim;
mod sim_nodes;
mod support;
mod tidy;
mod two_releases;
