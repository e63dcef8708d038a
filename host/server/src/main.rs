//! Trunkline: see `trunkline --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // One cipher suite for every client; a second call would be refused, and is not made.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        return ExitCode::FAILURE;
    }
    trunkline_server::command::run()
}
