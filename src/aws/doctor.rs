//! What `doctor` looks at in one account and Region: only reads, each of which may be refused.

use aws_sdk_config::types::MessageType;

use super::{
    config_rules::{evaluation_status, recorded_results},
    connections::Session,
    fault::CallError,
};
use crate::{
    report::doctor::{DescribedRule, Recorded, Recorder, Seen},
    rule::{evaluation::EvaluatedResource, evidence::Observed, timestamp::Timestamp},
};

const NO_SUCH_RULE: &str = "NoSuchConfigRuleException";

/// What a read gives, or why it gives nothing.
///
/// # Errors
/// Our own fault, such as expired credentials.
fn observed<T>(answer: Result<Vec<T>, CallError>) -> Result<Observed<Vec<T>>, CallError> {
    match answer {
        Ok(answer) => Ok(Observed::Known(answer)),
        Err(error) if error.code == NO_SUCH_RULE => Ok(Observed::Known(Vec::new())),
        Err(error) => error.withheld(None),
    }
}

/// Reads all that the diagnosis of a rule rests on.
///
/// # Errors
/// Our own fault, such as expired credentials. Every other error becomes part of what was seen.
pub async fn look(
    session: &Session<'_>,
    config_rule_name: &str,
    function_arn: Option<&str>,
    read_at: Timestamp,
) -> Result<Seen, CallError> {
    let recorders = observed(recorders(session).await)?;
    let rules = observed(rules(session, config_rule_name).await)?;
    let evaluation_statuses = evaluation_status(session, config_rule_name).await;
    let account = EvaluatedResource::account(&session.account_id);
    let results = recorded_results(session, config_rule_name).await.map(|results| {
        let of_account = results.into_iter().filter(|result| result.resource == account);
        let recorded = of_account.map(|result| Recorded {
            compliance_type: result.compliance_type,
            result_recorded_time: result.result_recorded_time,
            annotation: result.annotation,
        });
        recorded.collect()
    });
    Ok(Seen {
        account_id: session.account_id.clone(),
        region: session.region.clone(),
        config_rule_name: config_rule_name.to_owned(),
        function_arn: function_arn.map(str::to_owned),
        read_at,
        recorders,
        rules,
        evaluation_statuses: observed(evaluation_statuses.map(|status| status.into_iter().collect()))?,
        results: observed(results)?,
    })
}

async fn recorders(session: &Session<'_>) -> Result<Vec<Recorder>, CallError> {
    const OPERATION: &str = "DescribeConfigurationRecorderStatus";
    let client = session.clients(&session.region).config;
    let request = client.describe_configuration_recorder_status();
    let answer = session.call(OPERATION, &session.region, "", request.send()).await?;
    let recorders = answer.configuration_recorders_status.unwrap_or_default().into_iter().map(|status| Recorder {
        name: status.name.unwrap_or_default(),
        recording: status.recording,
        last_status: status.last_status.map(|status| status.as_str().to_owned()),
        last_error_code: status.last_error_code.filter(|code| !code.is_empty()),
    });
    Ok(recorders.collect())
}

async fn rules(session: &Session<'_>, config_rule_name: &str) -> Result<Vec<DescribedRule>, CallError> {
    const OPERATION: &str = "DescribeConfigRules";
    let client = session.clients(&session.region).config;
    let request = client.describe_config_rules().config_rule_names(config_rule_name);
    let answer = session.call(OPERATION, &session.region, config_rule_name, request.send()).await?;
    let rules = answer.config_rules.unwrap_or_default().into_iter().map(|rule| {
        let (mut owner, mut source_identifier, mut of_source) = (String::new(), None, None);
        if let Some(source) = rule.source {
            source.owner.as_str().clone_into(&mut owner);
            source_identifier = source.source_identifier;
            let details = source.source_details.unwrap_or_default();
            let scheduled =
                details.into_iter().find(|detail| detail.message_type == Some(MessageType::ScheduledNotification));
            of_source = scheduled.and_then(|detail| detail.maximum_execution_frequency);
        }
        let frequency = of_source.or(rule.maximum_execution_frequency);
        DescribedRule {
            config_rule_state: rule.config_rule_state.map(|state| state.as_str().to_owned()),
            owner,
            source_identifier,
            maximum_execution_frequency: frequency.map(|frequency| frequency.as_str().to_owned()),
        }
    });
    Ok(rules.collect())
}
