//! The `tallylight` program.
fn main() {}
