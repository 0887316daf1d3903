//! Words that all areas share: ids, time, limits and what counts by them, the stance and how tasks start.
//! No input or output happens here, and nothing here knows what a vote is.

pub mod clock;
pub mod counts;
pub mod csv;
pub mod hex;
pub mod ids;
pub mod limits;
pub mod permits;
pub mod prefix;
pub mod stance;
pub mod sync;
pub mod tasks;
