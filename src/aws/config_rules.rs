//! AWS Config: the rules of a Region, and what is recorded under them.

use aws_sdk_config::types::{ComplianceType as SdkComplianceType, EvaluationResult, RuleEvaluationVisibility};

use super::{
    answers::{pages, timestamp},
    connections::Session,
    fault::CallError,
};
use crate::rule::{
    evaluation::{ComplianceType, EvaluatedResource, EvaluationStatus},
    timestamp::Timestamp,
    withdrawal::EarlierRow,
};

/// A rule that is deployed in the session's Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigRule {
    /// `ConfigRuleName`; who deploys a rule chooses it.
    pub name: String,
    /// `ConfigRuleArn`.
    pub arn: Option<String>,
    /// `AWS`, `CUSTOM_LAMBDA` or `CUSTOM_POLICY`.
    pub source_owner: String,
    /// The identifier of a managed rule, or the ARN of a Lambda function.
    pub source_identifier: Option<String>,
    /// `InputParameters`: JSON; empty if it has none.
    pub input_parameters: String,
    /// The service that made the rule, such as `securityhub.amazonaws.com`.
    pub created_by: Option<String>,
    /// Whether AWS keeps its results to itself (`RuleEvaluationVisibility` is `INTERNAL`).
    pub hides_results: bool,
}

/// A result that AWS Config keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedResult {
    /// What it is about.
    pub resource: EvaluatedResource,
    /// The verdict.
    pub compliance_type: ComplianceType,
    /// When AWS Config recorded it.
    pub result_recorded_time: Option<Timestamp>,
    /// Why, if the rule said it.
    pub annotation: Option<String>,
}

/// Every rule of the session's Region.
///
/// # Errors
/// They cannot all be read.
pub async fn config_rules(session: &Session<'_>) -> Result<Vec<ConfigRule>, CallError> {
    const OPERATION: &str = "DescribeConfigRules";
    let mut rules = Vec::new();
    let client = session.clients(&session.region).config;
    pages(OPERATION, async |token| {
        let request = client.describe_config_rules().set_next_token(token);
        let page = session.call(OPERATION, &session.region, "", request.send()).await?;
        for rule in page.config_rules.unwrap_or_default() {
            let (Some(name), Some(source)) = (rule.config_rule_name, rule.source) else { continue };
            rules.push(ConfigRule {
                name,
                arn: rule.config_rule_arn,
                source_owner: source.owner.as_str().to_owned(),
                source_identifier: source.source_identifier,
                input_parameters: rule.input_parameters.unwrap_or_default(),
                created_by: rule.created_by.filter(|service| !service.is_empty()),
                hides_results: rule.rule_evaluation_visibility == Some(RuleEvaluationVisibility::Internal),
            });
        }
        Ok(page.next_token)
    })
    .await?;
    Ok(rules)
}

/// The `InputParameters` of a rule that is deployed in the rule's Region; empty if it has none.
///
/// # Errors
/// There is no such rule, or it cannot be read.
pub async fn input_parameters(session: &Session<'_>, config_rule_name: &str) -> Result<String, CallError> {
    const OPERATION: &str = "DescribeConfigRules";
    let client = session.clients(&session.region).config;
    let request = client.describe_config_rules().config_rule_names(config_rule_name);
    let answer = session.call(OPERATION, &session.region, config_rule_name, request.send()).await?;
    let rule = answer.config_rules.unwrap_or_default().into_iter().next();
    let rule = rule.ok_or_else(|| CallError::unparsable(OPERATION, "no rule"))?;
    Ok(rule.input_parameters.unwrap_or_default())
}

/// What AWS Config keeps under a rule, whatever the compliance type.
///
/// # Errors
/// It cannot all be read.
pub async fn recorded_results(session: &Session<'_>, config_rule_name: &str) -> Result<Vec<RecordedResult>, CallError> {
    let results = compliance_details(session, config_rule_name, &[]).await?;
    let recorded = results.into_iter().filter_map(|(resource, result)| {
        let compliance_type = match result.compliance_type? {
            SdkComplianceType::Compliant => ComplianceType::Compliant,
            SdkComplianceType::NonCompliant => ComplianceType::NonCompliant,
            SdkComplianceType::NotApplicable => ComplianceType::NotApplicable,
            // AWS Config has no other type for a result (AWS Config API, `EvaluationResult`).
            _ => return None,
        };
        let result_recorded_time = result.result_recorded_time.and_then(timestamp);
        Some(RecordedResult { resource, compliance_type, result_recorded_time, annotation: result.annotation })
    });
    Ok(recorded.collect())
}

/// The rows that a rule has now, COMPLIANT and `NON_COMPLIANT`.
///
/// # Errors
/// The rows cannot all be read.
pub async fn earlier_rows(session: &Session<'_>, config_rule_name: &str) -> Result<Vec<EarlierRow>, CallError> {
    let kept = [SdkComplianceType::Compliant, SdkComplianceType::NonCompliant];
    let results = compliance_details(session, config_rule_name, &kept).await?;
    let rows = results.into_iter().map(|(resource, result)| {
        let ordering_timestamp =
            result.evaluation_result_identifier.and_then(|identifier| identifier.ordering_timestamp);
        EarlierRow { resource, ordering_timestamp: ordering_timestamp.and_then(timestamp) }
    });
    Ok(rows.collect())
}

/// The results under a rule that are of these compliance types, or of any, each with the resource that it is about.
async fn compliance_details(
    session: &Session<'_>,
    config_rule_name: &str,
    compliance_types: &[SdkComplianceType],
) -> Result<Vec<(EvaluatedResource, EvaluationResult)>, CallError> {
    const OPERATION: &str = "GetComplianceDetailsByConfigRule";
    let mut results = Vec::new();
    let client = session.clients(&session.region).config;
    pages(OPERATION, async |token| {
        let request = client
            .get_compliance_details_by_config_rule()
            .config_rule_name(config_rule_name)
            .set_compliance_types((!compliance_types.is_empty()).then(|| compliance_types.to_vec()))
            .limit(100)
            .set_next_token(token);
        let page = session.call(OPERATION, &session.region, config_rule_name, request.send()).await?;
        results.extend(page.evaluation_results.unwrap_or_default().into_iter().filter_map(|result| {
            let qualifier = result.evaluation_result_identifier.as_ref()?.evaluation_result_qualifier.as_ref()?;
            let (resource_type, resource_id) = (qualifier.resource_type.clone()?, qualifier.resource_id.clone()?);
            Some((EvaluatedResource { resource_type, resource_id }, result))
        }));
        Ok(page.next_token)
    })
    .await?;
    Ok(results)
}

/// How the last evaluations of a rule went; none if AWS Config does not tell, as it may for rules that are not its own.
///
/// # Errors
/// It cannot be read.
pub async fn evaluation_status(
    session: &Session<'_>,
    config_rule_name: &str,
) -> Result<Option<EvaluationStatus>, CallError> {
    const OPERATION: &str = "DescribeConfigRuleEvaluationStatus";
    let client = session.clients(&session.region).config;
    let request = client.describe_config_rule_evaluation_status().config_rule_names(config_rule_name);
    let answer = session.call(OPERATION, &session.region, config_rule_name, request.send()).await?;
    let status = answer.config_rules_evaluation_status.unwrap_or_default().into_iter().next();
    Ok(status.map(|status| EvaluationStatus {
        last_successful_invocation_time: status.last_successful_invocation_time.and_then(timestamp),
        last_failed_invocation_time: status.last_failed_invocation_time.and_then(timestamp),
        last_successful_evaluation_time: status.last_successful_evaluation_time.and_then(timestamp),
        last_failed_evaluation_time: status.last_failed_evaluation_time.and_then(timestamp),
        last_error_code: status.last_error_code.filter(|code| !code.is_empty()),
        last_error_message: status.last_error_message.filter(|message| !message.is_empty()),
        first_evaluation_started: status.first_evaluation_started,
    }))
}
