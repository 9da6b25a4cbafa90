//! The doorbell: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    twinchat_proxy::cli::main()
}
