//! `completions` and `man`: what a shell and a reader of manuals expect, made from the arguments themselves.

use clap::{
    Args, Command,
    builder::{PossibleValuesParser, Resettable},
};
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};

use super::{
    error::{CliError, Exit},
    explain::topics,
    output::Destination,
    terminal::Terminal,
};
use crate::rule::parameters::PARAMETERS;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions completions bash --output ~/.local/share/bash-completion/completions/cloudtrail-all-regions
  cloudtrail-all-regions completions zsh --output ~/.zfunc/_cloudtrail-all-regions")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
    #[command(flatten)]
    destination: Destination,
}

/// The commands that have a manual page.
pub(super) const COMMANDS: [&str; 10] =
    ["check", "prove", "compare", "report", "doctor", "explain", "definition", "invoke", "completions", "man"];

/// Print a manual page, as roff
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions man | man --local-file -
  cloudtrail-all-regions man check --output ~/.local/share/man/man1/cloudtrail-all-regions-check.1")]
pub(super) struct Manual {
    /// The command whose page it is [default: the page of all]
    #[arg(value_name = "COMMAND", value_parser = COMMANDS)]
    command: Option<String>,
    #[command(flatten)]
    destination: Destination,
}

impl Completions {
    pub(super) fn run(&self, mut arguments: Command, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let name = arguments.get_name().to_owned();
        arguments = with_words(arguments);
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut arguments, name, &mut script);
        if self.shell == Shell::Bash {
            // A name with hyphens is spelled in two ways: https://github.com/clap-rs/clap/issues/6421
            let spelled = String::from_utf8_lossy(&script);
            script =
                spelled.replace("cloudtrail__subcmd__all__subcmd__regions", "cloudtrail__all__regions").into_bytes();
        }
        if self.shell == Shell::Fish {
            // clap_complete offers fish no words for what stands without an option.
            let words = topics().into_iter().filter(|word| !word.contains(' ')).collect::<Vec<_>>().join(" ");
            let explain = "__fish_cloudtrail_all_regions_using_subcommand explain";
            let line = format!("complete -c cloudtrail-all-regions -n \"{explain}\" -f -a \"{words}\"\n");
            script.extend(line.into_bytes());
        }
        self.destination.write(terminal, |out| out.write_all(&script))?;
        Ok(Exit::Compliant)
    }
}

/// The arguments with the words that a shell may offer for them: what is valid beyond these is told by the commands.
fn with_words(arguments: Command) -> Command {
    arguments.mut_subcommands(|mut command| {
        if command.get_arguments().any(|argument| argument.get_id() == "topic") {
            command = command.mut_arg("topic", |topic| topic.value_parser(PossibleValuesParser::new(topics())));
        }
        if command.get_arguments().any(|argument| argument.get_long() == Some("parameter")) {
            let names = PossibleValuesParser::new(PARAMETERS.iter().map(|parameter| parameter.name));
            command = command.mut_arg("parameters", |parameter| parameter.value_parser(names));
        }
        command
    })
}

impl Manual {
    pub(super) fn run(&self, mut arguments: Command, terminal: &mut Terminal) -> Result<Exit, CliError> {
        // Gives the subcommands their full names.
        arguments.build();
        let program = arguments.get_name().to_owned();
        let command = self.command.as_ref().and_then(|name| arguments.find_subcommand(name)).cloned();
        let page = command.unwrap_or(arguments);
        let after_help = page.get_after_help().map(ToString::to_string).unwrap_or_default();
        // The full name of a command does not fit twice in the line at the top; an empty date would be left out.
        let manual = Man::new(page.version(env!("CARGO_PKG_VERSION")).after_help(Resettable::Reset))
            .title(&program)
            .date(" ")
            .source(format!("{program} {}", env!("CARGO_PKG_VERSION")))
            .manual("User Commands");
        self.destination.write(terminal, |out| {
            manual.render(out)?;
            section(&after_help).map_or(Ok(()), |section| section.to_writer(out))
        })?;
        Ok(Exit::Compliant)
    }
}

/// What stands below the help, as a section: indented lines as they are, since they are there to be copied.
fn section(after_help: &str) -> Option<Roff> {
    let (heading, body) = after_help.split_once(':')?;
    let mut section = Roff::new();
    section.control("SH", [heading.to_uppercase().as_str()]);
    match body.strip_prefix('\n') {
        Some(lines) => {
            section.control("nf", []);
            for line in lines.lines() {
                section.text([roman(line.trim_start())]);
            }
            section.control("fi", [])
        }
        None => section.text([roman(body.trim_start())]),
    };
    Some(section)
}
