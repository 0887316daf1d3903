//! The name of a data directory: random, made once, kept in the directory itself. Journals and rosters know it by this
//! name for as long as it exists, whatever secret it is used with.

use std::{io, path::Path};

use crate::{base::ids::NodeId, providers::secret_file};

/// Reads the name of a data directory; it is made, and on disk, if there is none yet.
///
/// # Errors
/// The file cannot be read or made, or does not hold a name.
pub fn name(path: &Path) -> io::Result<NodeId> {
    if !path.exists() {
        secret_file::make(path, &NodeId::random().to_string())?;
    }
    read(path)
}

/// Reads the name of a data directory that has one.
///
/// # Errors
/// The file cannot be read, or does not hold a name.
pub fn read(path: &Path) -> io::Result<NodeId> {
    let text = secret_file::read(path)?;
    text.trim().parse().map_err(|error| {
        let wrong = format!("{}: {error}: restore the file from a copy of the directory", path.display());
        io::Error::new(io::ErrorKind::InvalidData, wrong)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_keeps_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("node.id");
        let first = name(&path).unwrap();
        assert_eq!(name(&path).unwrap(), first);
        std::fs::write(&path, "x").unwrap();
        assert!(name(&path).unwrap_err().to_string().contains("a node id"));
    }
}
