//! The book-keeping tests: a real node, thousands of real sockets of `tallylight-load audience`, an operator who runs
//! the show over HTTP, and a fault in the middle of it. Then the books are compared: what every client was told, what
//! every operator was told, what stands in the export, what was published.
//!
//! One node with its embedded ledger. `scripts/test crowds` runs them with the optimised programs and prints the figures of
//! each fault.

pub mod audience;
pub mod audit;
pub mod book;
pub mod log;
pub mod operator;
pub mod papers;
mod shim;
pub mod show;
mod stage;

mod baseline;
mod damage;
mod disk_full;
mod failing_disk;
mod network;
mod rehearsal;
mod restarts;
