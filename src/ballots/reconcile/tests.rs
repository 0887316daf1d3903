//! What a directory and a ledger say to each other, step by step.
