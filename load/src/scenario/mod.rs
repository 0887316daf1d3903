//! A rehearsal from a file that people edit: who the viewers are and what happens. `file` reads it, `plan` makes every
//! moment of it from one seed; neither knows a socket or a clock. `session` and `poll` are the viewers, `worker` is a process
//! full of them, `run` leads the workers, the studio and the report.

pub mod check;
mod clock;
pub mod file;
pub mod folder;
mod http;
mod member;
pub mod metrics;
pub mod plan;
mod poll;
pub mod run;
mod session;
mod shared;
mod socket;
mod studio;
pub mod worker;
