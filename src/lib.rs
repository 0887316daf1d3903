//! Tallylight: the backend of a live show's interaction. docs/ARCHITECTURE.md shows the way.

pub mod base;
pub mod wire;

pub mod viewer;
