//! The HTTP edge: every route on one page (`router.rs`), one file per area, and one kind of error. Handlers read, ask
//! the areas below, and answer; they decide nothing.

pub mod audience;
pub mod certificate;
pub mod extract;
pub mod feeds;
pub mod forwarded;
pub mod listen;
pub mod keys;
mod mine;
pub mod origin;
pub mod pages;
pub mod place;
pub mod proxy_header;
pub mod reply;
pub mod router;
pub mod scores;
pub mod service;
pub mod shows;
pub mod staff;
pub mod timeline;
pub mod triggers;
pub mod writing;
