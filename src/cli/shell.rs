//! `completions` and `man`: what a shell and a reader of manuals expect, made from the arguments themselves.

use std::ffi::OsString;

use clap::{
    Args, Command,
    builder::{PossibleValuesParser, Resettable},
};
use clap_complete::{CompleteEnv, engine::CompletionCandidate, env::Shells};
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::{
    error::{CliError, Exit},
    output::Destination,
    terminal::Terminal,
};
use crate::report::text::is_hidden;

/// Print what lets a shell complete the arguments: codes, parameters, profiles and Regions, too
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions completions bash --output ~/.local/share/bash-completion/completions/cloudtrail-all-regions
  cloudtrail-all-regions completions fish --output ~/.config/fish/completions/cloudtrail-all-regions.fish
  source <(cloudtrail-all-regions completions zsh)")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_parser = PossibleValuesParser::new(Shells::builtins().names()))]
    shell: String,
    #[command(flatten)]
    destination: Destination,
}

/// Set by a shell that asks what may stand next: the script of `completions` sets it.
const VARIABLE: &str = "CLOUDTRAIL_ALL_REGIONS_COMPLETE";

/// Tells a shell that asks what may stand next. Returns whether one has asked.
///
/// # Errors
/// It is a shell that is not known, or it does not read what it is told.
pub(super) fn complete(arguments: &[OsString], command: fn() -> Command) -> Result<bool, clap::Error> {
    let folder = std::env::current_dir().ok();
    CompleteEnv::with_factory(command).var(VARIABLE).try_complete(arguments, folder.as_deref())
}

/// What a shell may offer, each with what it means. A name that holds what nobody sees is not offered.
pub(super) fn candidates<W: Into<String>>(
    words: impl IntoIterator<Item = (W, &'static str)>,
) -> Vec<CompletionCandidate> {
    let shown = words.into_iter().map(|(word, meaning)| (word.into(), meaning));
    let shown = shown.filter(|(word, _)| !word.contains(is_hidden));
    shown
        .map(|(word, meaning)| CompletionCandidate::new(word).help((!meaning.is_empty()).then(|| meaning.into())))
        .collect()
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
    pub(super) fn run(&self, arguments: &Command, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let name = arguments.get_name();
        let shells = Shells::builtins();
        let shell = shells.completer(&self.shell).ok_or_else(|| CliError::usage("there is no such shell"))?;
        self.destination.write(terminal, |out| shell.write_registration(VARIABLE, name, name, name, out))?;
        Ok(Exit::Compliant)
    }
}

/// What the environment tells a command that asks AWS.
const AWS_ENVIRONMENT: [(&str, &str); 9] = [
    ("AWS_PROFILE", "The profile, where --profile names none."),
    ("AWS_REGION, AWS_DEFAULT_REGION", "The Region, where --region names none."),
    ("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN", "Credentials, where --profile names none."),
    ("AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE", "The files of profiles and credentials, in place of those below."),
    (
        "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SERVICE",
        "Whom to ask in place of AWS, or of one service, such as a VPC endpoint.",
    ),
    ("AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT", "Which of AWS's endpoints are asked: true or false."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "The certificates that are trusted, in place of the system's."),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "The proxy through which AWS is asked, and for which hosts none is."),
    ("AWS_EC2_METADATA_DISABLED", "Whether the machine is not asked for credentials: true or false."),
];

const ENVIRONMENT: [(&str, &str); 1] =
    [("NO_COLOR, CLICOLOR, CLICOLOR_FORCE", "Whether there are colours, where --color is auto.")];

const AWS_FILES: [(&str, &str); 2] =
    [("~/.aws/config", "Profiles, as the AWS CLI has them."), ("~/.aws/credentials", "Their credentials.")];

const SAVED_FILES: [(&str, &str); 1] = [(
    "FILE.sha256",
    "The checksum of what --save-evidence has written to FILE: `sha256sum -c FILE.sha256` checks it.",
)];

impl Manual {
    pub(super) fn run(&self, arguments: Command, terminal: &mut Terminal) -> Result<Exit, CliError> {
        // `help` has no page. Then the subcommands are given their full names.
        let mut arguments = arguments.disable_help_subcommand(true);
        arguments.build();
        let program = arguments.get_name().to_owned();
        let command = self.command.as_ref().and_then(|name| arguments.find_subcommand(name)).cloned();
        let exit_codes = arguments.get_after_help().map(ToString::to_string).unwrap_or_default();
        let page = command.unwrap_or(arguments);
        let after_help = page.get_after_help().map(ToString::to_string).unwrap_or_default();
        let has = |option: &str| page.get_arguments().any(|argument| argument.get_long() == Some(option));
        let is_whole = self.command.is_none();
        let (asks_aws, saves) = (is_whole || has("profile"), is_whole || has("save-evidence"));
        let mut environment = if asks_aws { AWS_ENVIRONMENT.to_vec() } else { Vec::new() };
        environment.extend(ENVIRONMENT);
        let mut files = if asks_aws { AWS_FILES.to_vec() } else { Vec::new() };
        files.extend(SAVED_FILES.iter().filter(|_| saves));
        let others = COMMANDS.iter().filter(|_| is_whole).map(|command| format!("{program}-{command}(1)"));
        let whole = (!is_whole).then(|| format!("{program}(1)"));
        let elsewhere = ["aws(1)", "sha256sum(1)"].map(str::to_owned);
        let see_also: Vec<String> = whole.into_iter().chain(others).chain(elsewhere).collect();
        // The full name of a command does not fit twice in the line at the top; an empty date would be left out.
        let manual = Man::new(page.version(env!("CARGO_PKG_VERSION")).after_help(Resettable::Reset))
            .title(&program)
            .date(" ")
            .source(format!("{program} {}", env!("CARGO_PKG_VERSION")))
            .manual("User Commands");
        self.destination.write(terminal, |out| {
            manual.render(out)?;
            let has_own_codes = after_help.contains(EXIT_CODES);
            let texts = [after_help, exit_codes];
            for text in texts.iter().take(if has_own_codes { 1 } else { 2 }) {
                text.split("\n\n").filter_map(section).try_for_each(|section| section.to_writer(out))?;
            }
            definitions("ENVIRONMENT", &environment).to_writer(out)?;
            if !files.is_empty() {
                definitions("FILES", &files).to_writer(out)?;
            }
            let mut section = Roff::new();
            section.control("SH", ["SEE ALSO"]).text([roman(see_also.join(", "))]);
            section.to_writer(out)
        })?;
        Ok(Exit::Compliant)
    }
}

const EXIT_CODES: &str = "Exit codes";

/// What stands below the help, as a section: indented lines as they are, since they are there to be copied.
fn section(after_help: &str) -> Option<Roff> {
    let (heading, body) = after_help.split_once(':')?;
    let mut section = Roff::new();
    let heading = if heading == EXIT_CODES { "EXIT STATUS".to_owned() } else { heading.to_uppercase() };
    section.control("SH", [heading.as_str()]);
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

fn definitions(heading: &str, entries: &[(&str, &str)]) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [heading]);
    for (name, meaning) in entries {
        section.control("TP", []).text([bold(*name)]).text([roman(*meaning)]);
    }
    section
}
