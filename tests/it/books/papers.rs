//! What is left of a show: its export and the offline check of it, by the program itself.

use std::{
    path::Path,
    process::{Command, Output},
};

use super::show::SHOW;
use crate::support::{SOON, app::TestApp};

/// The public key that a node said it signs with.
pub fn key(app: &TestApp) -> String {
    app.process().wait_for(SOON, |line| Some(line.split_once("signed by ")?.1.trim().to_owned()))
}

/// Writes the export of the show from these data directories; the nodes may run.
pub fn export(app: &TestApp, data: &[&Path], secret: Option<&Path>, out: &Path) -> Output {
    let mut command = app.program();
    command.args(["export", SHOW]);
    for data in data {
        command.arg("--data").arg(data);
    }
    if let Some(secret) = secret {
        command.arg("--secret-file").arg(secret);
    }
    run(command.arg("--out").arg(out))
}

/// Checks an export with a key.
pub fn verify(app: &TestApp, export: &Path, key: &str) -> Output {
    run(app.program().arg("verify").arg(export).args(["--key", key]))
}

/// The check found nothing wrong, and nobody else's signature.
pub fn assert_verified(verified: &Output) {
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success() && said.contains("\nverified: "), "{verified:?}");
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
