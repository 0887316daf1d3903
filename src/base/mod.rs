//! Words that all areas share: ids, time, limits, the stance and how tasks start.
//! No input or output happens here, and nothing here knows what a vote is.

pub mod clock;
pub mod hex;
pub mod ids;
pub mod limits;
pub mod stance;
pub mod tasks;
