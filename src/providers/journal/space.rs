//! How much room the file system has, and how much of it intake may use.
#![expect(unsafe_code, reason = "the standard library does not ask a file system for its room")]

use std::{fs::File, io, mem::MaybeUninit, os::fd::AsRawFd};

/// Bytes that the file system of `file` has left for this process (not what only root may use).
pub fn free_bytes(file: &File) -> io::Result<u64> {
    let mut stat = MaybeUninit::<libc::statvfs>::uninit();
    loop {
        // SAFETY: the descriptor is open for as long as `file` is borrowed, and the pointer is to writable memory of
        // the size of one `statvfs`.
        if unsafe { libc::fstatvfs(file.as_raw_fd(), stat.as_mut_ptr()) } == 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // SAFETY: fstatvfs returned 0, so it has filled the structure.
    let stat = unsafe { stat.assume_init() };
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Whether `wanted` more bytes leave the reserve alone.
pub const fn fits(free: u64, reserve: u64, wanted: u64) -> bool {
    match reserve.checked_add(wanted) {
        Some(needed) => free >= needed,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_never_lent() {
        assert!(fits(100, 60, 40));
        assert!(!fits(100, 60, 41));
        assert!(!fits(50, 60, 0));
        assert!(!fits(u64::MAX, u64::MAX, 1));
    }

    #[test]
    fn a_file_system_tells_its_room() {
        let file = tempfile::tempfile().unwrap();
        assert!(free_bytes(&file).unwrap() > 0);
    }
}
