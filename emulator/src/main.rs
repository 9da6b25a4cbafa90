//! The emulator as a program; see the crate's documentation.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    twinchat_emulator::cli::run().await
}
