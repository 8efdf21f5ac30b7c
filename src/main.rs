//! The command line: arguments and exit code. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let exit = cloudtrail_all_regions::cli::run(std::env::args_os(), &mut anstream::stdout(), &mut anstream::stderr());
    ExitCode::from(exit as u8)
}
