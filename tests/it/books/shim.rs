//! The disk that fails: `shim.c`, compiled and preloaded into the node alone, and the switch that tells it what to do.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::support::app::TestAppBuilder;

/// A shim with its switch.
pub struct Shim {
    folder: TempDir,
}

impl Shim {
    /// Compiles it.
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("tallylight-shim-").expect("a directory can be made");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/books/shim.c");
        let shim = Self { folder };
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(shim.library()).arg(source).arg("-ldl");
        let output = compile.output().expect("there is a C compiler: scripts/needs installs it");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        shim
    }

    /// Puts it between a node and its disk.
    pub fn under(&self, app: TestAppBuilder) -> TestAppBuilder {
        let text = |path: PathBuf| path.to_str().expect("a path is text").to_owned();
        app.env("LD_PRELOAD", &text(self.library())).env("FAULTS_SWITCH", &text(self.switch()))
    }

    /// Breaks the disk, in the words of `shim.c`.
    pub fn order(&self, order: &str) {
        // In one step: the node must not read half of it.
        let fresh = self.folder.path().join("fresh");
        fs::write(&fresh, order).and_then(|()| fs::rename(&fresh, self.switch())).expect("the switch can be written");
    }

    /// The disk is well again.
    pub fn heal(&self) {
        fs::remove_file(self.switch()).expect("the switch was on");
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("shim.so")
    }

    fn switch(&self) -> PathBuf {
        self.folder.path().join("switch")
    }
}
