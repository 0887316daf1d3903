//! Tallylight: the backend of a live show's interaction. docs/ARCHITECTURE.md shows the way.
//! A module may import only modules above it in this list; `tests/it/tidy/mod.rs` checks that.

pub mod base;
pub mod wire;
pub mod viewer;
pub mod telemetry;
pub mod config;
pub mod providers;
pub mod identity;
pub mod shows;
pub mod ballots;
pub mod moderation;
pub mod reactions;
pub mod export;
pub mod erasure;
pub mod live;
pub mod studio;
pub mod sessions;
pub mod http;
pub mod app;
pub mod cli;
