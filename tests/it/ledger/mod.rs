//! The ledger of several nodes: the script against the model of its rules, the named rules over both, and what breaks in
//! Redis. Real servers throughout.

mod failures;
mod figures;
pub mod model;
mod moving;
mod rules;
pub mod stage;
mod tls;
mod twin;
