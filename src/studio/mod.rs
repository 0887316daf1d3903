//! The desk of a show: commands in, revisions out. One task per show owns the order of its commands, another one follows
//! the clock and tells every audience what is true now. What a command means is decided in `shows/`.

pub mod asrun;
mod clock_log;
pub mod desk;
pub mod desks;
pub mod presence;
pub mod runner;
pub mod seal;
pub mod services;
pub mod view;
