//! `completions` and `man`: what a shell and a reader of manuals expect, made from the arguments themselves.

use std::io::Write;

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{CliError, Exit, files::Destination};
use crate::rule::nearest;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions completions bash --output ~/.local/share/bash-completion/completions/cloudtrail-all-regions
  cloudtrail-all-regions completions zsh --output ~/.zfunc/_cloudtrail-all-regions")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
    #[command(flatten)]
    destination: Destination,
}

/// Print a manual page, as roff
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions man | man --local-file -
  cloudtrail-all-regions man check --output ~/.local/share/man/man1/cloudtrail-all-regions-check.1")]
pub struct Manual {
    /// The command whose page it is [default: the page of all]
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
    #[command(flatten)]
    destination: Destination,
}

impl Completions {
    pub(super) fn run(&self, mut arguments: Command, stdout: &mut dyn Write) -> Result<Exit, CliError> {
        let name = arguments.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut arguments, name, &mut script);
        self.destination.write(stdout, |out| out.write_all(&script))?;
        Ok(Exit::Compliant)
    }
}

impl Manual {
    pub(super) fn run(&self, mut arguments: Command, stdout: &mut dyn Write) -> Result<Exit, CliError> {
        // Gives the subcommands their full names.
        arguments.build();
        let page = match &self.command {
            None => arguments,
            Some(name) => {
                let Some(command) = arguments.find_subcommand(name) else {
                    let nearest = nearest(name, arguments.get_subcommands().map(Command::get_name)).unwrap_or_default();
                    let what = format!("there is no command `{name}`; the nearest is {nearest}");
                    return Err(CliError::Input { what, source: None });
                };
                command.clone().version(env!("CARGO_PKG_VERSION"))
            }
        };
        self.destination.write(stdout, |out| Man::new(page).render(out))?;
        Ok(Exit::Compliant)
    }
}
