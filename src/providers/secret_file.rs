//! A small secret in a file. One that is made here only this account can read; one that is brought is read as it is.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Reads the file.
///
/// # Errors
/// The file is not there or cannot be read.
pub fn read(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
}

/// Makes the file, whole or not at all; it is on disk when this returns.
///
/// # Errors
/// The file cannot be made.
pub fn make(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
