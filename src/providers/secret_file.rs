//! A small secret in a file that only this account can read.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Reads the file, or makes it with what `fresh` gives, on disk before it is used.
///
/// # Errors
/// The file cannot be read or made.
pub fn open(path: &Path, fresh: impl FnOnce() -> String) -> io::Result<String> {
    let mut text = String::new();
    match File::open(path) {
        Ok(mut file) => {
            file.read_to_string(&mut text)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            text = fresh();
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            if let Some(directory) = path.parent() {
                File::open(directory)?.sync_all()?;
            }
        }
        Err(error) => return Err(error),
    }
    Ok(text)
}
