//! What the service says of itself to engineers: metrics and logs. Names are in `names.rs`; no identity and no ballot
//! ever gets here.

pub mod logs;
pub mod metrics;
pub mod names;
