//! The command line: arguments, colours and exit code. Everything else is in the library.

use std::process::ExitCode;

use cloudtrail_all_regions::cli;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(exit) = cli::complete(&arguments) {
        return ExitCode::from(exit as u8);
    }
    cli::colors(&arguments).write_global();
    ExitCode::from(cli::run(arguments, &mut anstream::stdout(), &mut anstream::stderr()) as u8)
}
