//! The book-keeping tests of an installation: two real nodes with one show over real Redis servers, thousands of real
//! sockets that change over between the nodes, an operator on each, and a fault in the middle of it. Then the books are
//! compared as in `ballots`, with the export of both data directories.
//!
//! `scripts/test crowds` runs them with the optimised programs and prints the figures of each fault.

pub mod ledger;
mod remains;
pub mod stage;

mod baseline;
mod cluster;
mod leaderboard;
mod leaving;
mod network;
mod redis;
mod restarts;
mod sealing;
