//! What leaves as files: a show's sealed results with every ballot, for anybody to check. Read from the data directory;
//! nothing here needs a running node, and nothing here changes anything.

mod corrected;
pub mod file;
pub mod items;
pub mod verify;
pub mod write;
