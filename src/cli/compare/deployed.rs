//! The rules that are deployed in the Region, and what AWS Config has recorded under them.

use futures_util::future::join;

use super::managed::ManagedRule;
use crate::{
    aws::{
        Session,
        config_rules::{ConfigRule, RecordedResult, config_rules, evaluation_status, recorded_results},
        fault::CallError,
    },
    cli::error::CliError,
    rule::{evaluation::EvaluationStatus, spelling::or_nearest},
};

/// A rule to compare with.
pub(super) struct DeployedRule {
    pub(super) rule: ConfigRule,
    /// None for this rule.
    pub(super) managed: Option<ManagedRule>,
    /// Whether AWS Config listed it, so that its parameters are known.
    pub(super) is_listed: bool,
}

/// What AWS Config has recorded under a rule.
pub(super) struct Recorded {
    /// None if AWS shows them to nobody.
    pub(super) results: Option<Result<Vec<RecordedResult>, CallError>>,
    pub(super) status: Result<Option<EvaluationStatus>, CallError>,
}

/// The rules of the Region to compare with, this rule first, then AWS's; and why they could not be listed.
///
/// # Errors
/// This rule is asked for by the name `wanted`, and there is none.
pub(super) async fn list(
    session: &Session<'_>,
    wanted: &str,
    is_asked_for: bool,
) -> Result<(Vec<DeployedRule>, Option<CallError>), CliError> {
    let listed = match config_rules(session).await {
        Ok(listed) => listed,
        Err(error) => {
            // Its results can be read by name all the same.
            let rule = ConfigRule { name: wanted.to_owned(), ..ConfigRule::default() };
            return Ok((vec![DeployedRule { rule, managed: None, is_listed: false }], Some(error)));
        }
    };
    let functions: Vec<&ConfigRule> = listed.iter().filter(|rule| rule.source_owner == "CUSTOM_LAMBDA").collect();
    let mut ours: Vec<&ConfigRule> =
        functions.iter().copied().filter(|rule| is_deployed_as(&rule.name, wanted)).collect();
    ours.sort_by_key(|rule| (rule.name != wanted, &rule.name));
    if ours.is_empty() && is_asked_for {
        let nearest = or_nearest(wanted, functions.iter().map(|rule| rule.name.as_str()));
        let valid = match functions.len() {
            0 => "; there is none",
            _ if nearest.is_empty() => "; `aws configservice describe-config-rules` lists them",
            _ => &nearest,
        };
        return Err(CliError::NoSuchRule(format!(
            "there is no rule `{wanted}` of a Lambda function in {}{valid}",
            session.region
        )));
    }
    let ours = ours.into_iter().map(|rule| DeployedRule { rule: rule.clone(), managed: None, is_listed: true });
    let managed = ManagedRule::ALL.into_iter().flat_map(|managed| {
        let is_it = move |rule: &&ConfigRule| {
            rule.source_owner == "AWS" && rule.source_identifier.as_deref() == Some(managed.identifier())
        };
        let deployed = listed.iter().filter(is_it);
        deployed.map(move |rule| DeployedRule { rule: rule.clone(), managed: Some(managed), is_listed: true })
    });
    Ok((ours.chain(managed).collect(), None))
}

/// Whether a rule of this name is `wanted`, as it is or as an organization or a conformance pack deploys it.
fn is_deployed_as(name: &str, wanted: &str) -> bool {
    let by_organization = name.strip_prefix("OrgConfigRule-").unwrap_or(name);
    match by_organization.strip_prefix(wanted) {
        Some("") => true,
        Some(suffix) if by_organization.len() < name.len() => suffix.starts_with('-'),
        Some(suffix) => suffix.starts_with("-conformance-pack-"),
        None => false,
    }
}

/// Reads what is recorded under a rule.
pub(super) async fn recorded(session: &Session<'_>, rule: &ConfigRule) -> Recorded {
    let results = async {
        // AWS refuses the results of such a rule.
        if rule.hides_results { None } else { Some(recorded_results(session, &rule.name).await) }
    };
    let (results, status) = join(results, evaluation_status(session, &rule.name)).await;
    Recorded { results, status }
}

#[cfg(test)]
mod tests {
    use super::is_deployed_as;

    #[test]
    fn a_rule_is_found_as_organizations_and_conformance_packs_name_it() {
        for (name, is_it) in [
            ("cis-3-1", true),
            ("cis-3-1-conformance-pack-abc123", true),
            ("OrgConfigRule-cis-3-1-abc123", true),
            ("OrgConfigRule-cis-3-1", true),
            ("cis-3-1-other", false),
            ("OrgConfigRule-cis-3-10", false),
            ("my-cis-3-1", false),
            ("cis-3-10", false),
            ("", false),
        ] {
            assert_eq!(is_deployed_as(name, "cis-3-1"), is_it, "{name}");
        }
    }
}
