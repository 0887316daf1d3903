//! A virtual audience with exact book-keeping of every receipt.

fn main() {}
