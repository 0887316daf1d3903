//! The desk of a show: commands in, revisions out. One task per show owns the order of its commands, another one follows
//! the clock and tells every audience what is true now; among many nodes others follow what the other nodes do, and bear
//! witness of seals. What a command means is decided in `shows/`.

pub mod asrun;
mod clock_log;
mod correcting;
pub mod desk;
pub mod desks;
mod follow;
pub mod installation;
pub mod keeping;
pub mod links;
pub mod moderation;
pub mod others;
pub mod parts;
pub mod presence;
mod reacting;
pub mod runner;
mod scores;
pub mod seal;
mod seal_shared;
pub mod services;
mod standing;
mod tally;
pub mod timed;
pub mod triggers;
pub mod view;
mod witnesses;
