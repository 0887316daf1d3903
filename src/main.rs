//! The `tallylight` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    match tallylight::cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tallylight: {error:#}");
            ExitCode::FAILURE
        }
    }
}
