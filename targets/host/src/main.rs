//! The `mog` command. Its options, formats and exit codes are a contract; the work is the library's.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
