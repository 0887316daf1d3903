//! What audiences see: snapshots of what is on and of the numbers, encoded once, newest wins. Hidden numbers are zeroed
//! here and never get further.

pub mod hub;
pub mod results;
pub mod view;
