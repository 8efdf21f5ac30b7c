//! The account to read: the SDK's default chain of credentials.

use clap::Args;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use http::Uri;

use super::{error::CliError, runtime::block_on, shell::candidates, terminal::Terminal};
use crate::{
    aws::{
        Connections, Session,
        connections::{Timing, profile_names},
    },
    rule::{region, spelling::or_nearest},
};

/// Whose credentials, and from where.
#[derive(Debug, Args)]
pub(super) struct Account {
    /// A profile of the shared AWS configuration [default: the environment's, else `default`]
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(profiles))]
    profile: Option<String>,
    /// The Region to judge from [default: the environment's, else the profile's]
    #[arg(long, value_name = "REGION", add = ArgValueCandidates::new(regions))]
    region: Option<String>,
}

/// The profiles that a shell offers: none where the configuration cannot be read.
pub(super) fn profiles() -> Vec<CompletionCandidate> {
    let mut names = block_on(shared_profiles()).unwrap_or_default();
    names.sort();
    candidates(names.into_iter().map(|name| (name, "")))
}

fn regions() -> Vec<CompletionCandidate> {
    candidates(region::known().map(|region| (region, "")))
}

/// A way to AWS whose credentials were not asked for yet.
pub(super) struct Connected {
    connections: Connections,
    pub(super) region: String,
}

impl Account {
    /// A profile and a Region.
    pub(super) fn of(profile: &str, region: &str) -> Self {
        Self { profile: Some(profile.to_owned()), region: Some(region.to_owned()) }
    }

    /// # Errors
    /// There is no such profile or Region.
    pub(super) async fn connect(&self, terminal: &mut Terminal<'_>) -> Result<Connected, CliError> {
        endpoint_urls_are_valid()?;
        let profile =
            self.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty()));
        if let Some(profile) = &profile {
            let names = shared_profiles().await?;
            if !names.contains(profile) {
                let nearest = or_nearest(profile, names.iter().map(String::as_str));
                let valid = match names.len() {
                    0 => "; no profiles are configured",
                    _ if nearest.is_empty() => "; `aws configure list-profiles` lists them",
                    _ => &nearest,
                };
                return Err(CliError::usage(format!("there is no profile `{profile}`{valid}")));
            }
        }
        let connections =
            Connections::by_default_chain(self.profile.as_deref(), self.region.as_deref(), Timing::default()).await;
        let Some(region) = connections.region().filter(|region| !region.is_empty()).map(str::to_owned) else {
            shared_profiles().await?;
            return Err(CliError::usage(
                "no Region is named: give --region, or set AWS_REGION or the profile's region",
            ));
        };
        if let Some(warning) = unknown_region(&region).map_err(CliError::usage)? {
            terminal.warning(warning);
        }
        Ok(Connected { connections, region })
    }
}

impl Connected {
    pub(super) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Access to the account of the credentials, and the ARN of who they are.
    ///
    /// # Errors
    /// The credentials are not valid, or STS does not answer.
    pub(super) async fn session(&self, terminal: &Terminal<'_>) -> Result<(Session<'_>, Option<String>), CliError> {
        let calls = terminal.calls();
        match self.connections.caller(&self.region, &calls).await {
            Ok((account_id, arn)) => Ok((self.connections.own(&account_id, &self.region, calls), arn)),
            Err(error) => {
                if error.code == "NoCredentials" {
                    shared_profiles().await?;
                }
                Err(CliError::Aws(error))
            }
        }
    }
}

/// What is to be said of a Region that this version does not know: AWS may have added it since.
///
/// # Errors
/// No Region can have such a name.
pub(super) fn unknown_region(region: &str) -> Result<Option<String>, String> {
    if region::partition(region).is_some() {
        return Ok(None);
    }
    let nearest = or_nearest(region, region::known());
    if region::is_well_formed(region) {
        Ok(Some(format!("this version knows no Region `{region}`{nearest}")))
    } else {
        Err(format!("`{region}` is no name of a Region{nearest}"))
    }
}

/// The endpoints that the environment names, for all services or for one.
fn endpoint_urls_are_valid() -> Result<(), CliError> {
    for (name, url) in std::env::vars_os() {
        let (name, url) = (name.to_string_lossy(), url.to_string_lossy());
        let is_service = |rest: &str| rest.is_empty() || rest.starts_with('_');
        if url.is_empty() || !name.strip_prefix("AWS_ENDPOINT_URL").is_some_and(is_service) {
            continue;
        }
        let parsed: Option<Uri> = url.parse().ok();
        if !parsed.is_some_and(|url| ["http", "https"].contains(&url.scheme_str().unwrap_or_default())) {
            return Err(CliError::usage(format!(
                "{name} is `{url}`, which is no URL; valid is one such as https://vpce-1.sts.us-east-1.vpce.amazonaws.com"
            )));
        }
    }
    Ok(())
}

/// The profiles of the shared AWS configuration. The SDK makes do without files that it cannot parse, so that this is
/// asked where something is missing.
async fn shared_profiles() -> Result<Vec<String>, CliError> {
    let unreadable = |error| CliError::input("cannot read the shared AWS configuration", error);
    profile_names().await.map_err(unreadable)
}
