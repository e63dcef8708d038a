//! Trunkline: see `trunkline --help`.

use std::process::ExitCode;

/// A message makes a few hundred small allocations on five threads, which glibc's allocator serves at twice the price.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
