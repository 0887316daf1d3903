//! All integration tests in one program: it links once, and its parts share `support`.

mod tidy;
