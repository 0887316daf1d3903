//! Files that keep what the program said when somebody last looked at it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's folder.
pub fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// Compares a text with the file that keeps it, and gives back what is kept. With `TALLYLIGHT_BLESS=1` the file is
/// written instead.
///
/// # Panics
/// They differ.
pub fn check(file: &Path, now: &str) -> String {
    let path = root().join(file);
    #[expect(clippy::disallowed_methods, reason = "a person says so for one run of the tests")]
    let bless = std::env::var_os("TALLYLIGHT_BLESS").is_some_and(|value| value == "1");
    if bless {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, now).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(now.lines()).find(|(kept, now)| kept != now);
    let file = file.display();
    assert!(
        kept == now,
        "{file} is not what the program says now: {differs:?}. If that is meant, run the test with TALLYLIGHT_BLESS=1."
    );
    kept
}
