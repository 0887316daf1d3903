//! Where ballots are decided and kept. A ballot goes down: admission → shard → committer → journal; its receipt comes
//! back up to the inbox of the session that brought it. Ballots never touch the network here, and no number leaves
//! without its run and version.

pub mod admission;
pub mod ballot;
pub mod bucket;
pub mod carried;
pub mod committer;
pub mod corrected;
pub mod courier;
pub mod inbox;
pub mod intake;
pub mod journalled;
pub mod ledger;
pub mod manifest;
pub mod names;
pub mod outcome;
pub mod reconcile;
pub mod record;
pub mod recount;
pub mod restore;
pub mod run_intake;
pub mod score;
pub mod seal;
pub mod sealing;
pub mod shard;
pub mod tally;
pub mod witness;
