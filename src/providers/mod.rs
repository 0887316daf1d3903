//! One way each to reach what this service depends on: a folder per kind, its contract in `mod.rs`, a file per provider.
//! Providers know bytes and failures, never what a vote is.

pub mod journal;
pub mod plain_http;
pub mod redis;
pub mod secret_file;
pub mod store;
pub mod text_check;
