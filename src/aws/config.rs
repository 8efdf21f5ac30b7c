//! AWS Config: the trails that it has discovered, the rows of earlier runs, and the report.

use aws_sdk_config::{
    error::SdkError,
    operation::put_evaluations::PutEvaluationsError,
    types::{ComplianceType as SdkComplianceType, Evaluation as SdkEvaluation, ResourceType},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use tokio::time::{sleep, timeout};

use super::{
    Session,
    fault::{CallError, Fault},
    timestamp,
};
use crate::{
    error::chain,
    invocation::ResultToken,
    rule::{
        evaluation::{ComplianceType, EvaluatedResource, Evaluation},
        evidence::{Observed, Refusal},
        timestamp::Timestamp,
    },
};

/// `PutEvaluations` takes at most so many rows (AWS Config API).
const BATCH: usize = 100;
/// How often rows that came back in `FailedEvaluations` are sent again.
const FAILED_EVALUATIONS_RETRIES: u32 = 2;
/// More pages than any account needs.
const MAX_PAGES: usize = 100;

/// The resource ids under which AWS Config has discovered trails in the rule's Region, and what went wrong.
///
/// An account without a configuration recorder has discovered none.
pub async fn discovered_trails(session: &Session<'_>) -> (Observed<Vec<String>>, Option<String>) {
    const OPERATION: &str = "ListDiscoveredResources";
    let mut ids = Vec::new();
    let client = session.clients(&session.region).config;
    let listing = pages(OPERATION, async |token| {
        let request = client.list_discovered_resources().resource_type(ResourceType::Trail).set_next_token(token);
        let page = session.call(OPERATION, &session.region, "", request.send()).await?;
        let resources = page.resource_identifiers.unwrap_or_default();
        let listed = resources.into_iter().filter_map(|resource| resource.resource_id);
        ids.extend(listed.filter(|id| !id.trim().is_empty()));
        Ok(page.next_token)
    });
    // The verdict waits for the whole listing, so all its pages together get the time of one call.
    let listed = timeout(session.timing().operation, listing).await;
    match listed.unwrap_or_else(|_| Err(CallError::timed_out(OPERATION))) {
        Ok(()) => (Observed::Known(ids), None),
        Err(error) if error.code == "NoAvailableConfigurationRecorderException" => (Observed::Known(Vec::new()), None),
        Err(error) => {
            let warning = chain(&error);
            let refusal = Refusal { operation: OPERATION.to_owned(), code: error.code, home_region_code: None };
            let observed = match error.fault {
                Fault::Permanent => Observed::Refused { refused: refusal },
                _ => Observed::Unanswered { unanswered: refusal },
            };
            (observed, Some(warning))
        }
    }
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

/// A row that an earlier run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRow {
    /// What it is about.
    pub resource: EvaluatedResource,
    /// The ordering timestamp that it was stored with.
    pub ordering_timestamp: Option<Timestamp>,
}

/// The rows that the rule has now, COMPLIANT and `NON_COMPLIANT`.
///
/// # Errors
/// The rows cannot all be read.
pub async fn earlier_rows(session: &Session<'_>, config_rule_name: &str) -> Result<Vec<EarlierRow>, CallError> {
    const OPERATION: &str = "GetComplianceDetailsByConfigRule";
    let mut rows = Vec::new();
    let client = session.clients(&session.region).config;
    pages(OPERATION, async |token| {
        let request = client
            .get_compliance_details_by_config_rule()
            .config_rule_name(config_rule_name)
            .compliance_types(SdkComplianceType::Compliant)
            .compliance_types(SdkComplianceType::NonCompliant)
            .limit(100)
            .set_next_token(token);
        let page = session.call(OPERATION, &session.region, config_rule_name, request.send()).await?;
        for identifier in
            page.evaluation_results.unwrap_or_default().into_iter().filter_map(|row| row.evaluation_result_identifier)
        {
            let Some(qualifier) = identifier.evaluation_result_qualifier else { continue };
            let (Some(resource_type), Some(resource_id)) = (qualifier.resource_type, qualifier.resource_id) else {
                continue;
            };
            let ordering_timestamp = identifier.ordering_timestamp.and_then(timestamp);
            rows.push(EarlierRow { resource: EvaluatedResource { resource_type, resource_id }, ordering_timestamp });
        }
        Ok(page.next_token)
    })
    .await?;
    Ok(rows)
}

/// Reads pages until there is no token. AWS may send an empty page with a token, or an empty token.
pub(super) async fn pages(
    operation: &'static str,
    mut page: impl AsyncFnMut(Option<String>) -> Result<Option<String>, CallError>,
) -> Result<(), CallError> {
    let mut token = None;
    for _ in 0..MAX_PAGES {
        token = page(token).await?.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(());
        }
    }
    Err(CallError::unparsable(operation, "the pages do not end"))
}

/// What became of a report.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// Rows that AWS Config took.
    pub rows_sent: usize,
    /// Rows of trails that AWS Config did not take.
    pub refused_rows: usize,
    /// What went wrong without costing the account's row.
    pub warnings: Vec<String>,
    /// The rule was deleted meanwhile.
    pub is_rule_deleted: bool,
}

/// Why the account's row was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// `PutEvaluations` failed.
    #[error("PutEvaluations failed")]
    Call(#[source] CallError),
    /// AWS Config sent the row back, with HTTP status 200 and no reason.
    #[error("PutEvaluations sent {resource_type} {resource_id} back in FailedEvaluations, after {attempts} attempts")]
    FailedEvaluation {
        /// The row's resource type.
        resource_type: String,
        /// The row's resource id.
        resource_id: String,
        /// How often it was sent.
        attempts: u32,
    },
}

/// Sends rows with `PutEvaluations`, the first ones first, 100 a call, all with one ordering timestamp. What became of
/// them is added to `reported`, also when it ends in an error.
///
/// Rows of trails never cost the account its row: if a call that carries some is refused for its content, they are left
/// out of what is sent again, and counted.
///
/// # Errors
/// A row that is not a trail's was not stored. Calls before it may have been.
pub async fn report(
    session: &Session<'_>,
    token: &ResultToken,
    ordering_timestamp: Timestamp,
    rows: &[Evaluation],
    reported: &mut Reported,
) -> Result<(), ReportError> {
    for batch in rows.chunks(BATCH) {
        report_batch(session, token, ordering_timestamp, batch, reported).await?;
        if reported.is_rule_deleted {
            break;
        }
    }
    Ok(())
}

async fn report_batch(
    session: &Session<'_>,
    token: &ResultToken,
    ordering_timestamp: Timestamp,
    batch: &[Evaluation],
    reported: &mut Reported,
) -> Result<(), ReportError> {
    let mut pending: Vec<&Evaluation> = batch.iter().collect();
    let mut attempts = 0;
    while !pending.is_empty() {
        match put(session, token, ordering_timestamp, &pending).await {
            Ok(failed) => {
                attempts += 1;
                reported.rows_sent += pending.len() - failed.len();
                pending = failed;
                if attempts > FAILED_EVALUATIONS_RETRIES {
                    break;
                }
                if !pending.is_empty() {
                    sleep(session.timing().backoff / 4 * attempts).await;
                }
            }
            Err(error) if error.code == "NoSuchConfigRuleException" => {
                reported.warnings.push(format!("the rule was deleted meanwhile: {}", chain(&error)));
                reported.is_rule_deleted = true;
                return Ok(());
            }
            Err(error) if refuses_a_row(&error) && pending.iter().any(|row| is_trail(row)) => {
                let trails = pending.iter().filter(|row| is_trail(row)).count();
                reported.refused_rows += trails;
                reported.warnings.push(format!("{trails} trail rows refused: {}", chain(&error)));
                pending.retain(|row| !is_trail(row));
            }
            Err(error) => return Err(ReportError::Call(error)),
        }
    }
    if let Some(row) = pending.iter().find(|row| !is_trail(row)) {
        let EvaluatedResource { resource_type, resource_id } = row.resource.clone();
        return Err(ReportError::FailedEvaluation { resource_type, resource_id, attempts });
    }
    if !pending.is_empty() {
        reported.refused_rows += pending.len();
        reported.warnings.push(format!("{} trail rows sent back in FailedEvaluations", pending.len()));
    }
    Ok(())
}

fn is_trail(row: &Evaluation) -> bool {
    row.resource.resource_type == EvaluatedResource::TRAIL
}

/// Whether AWS Config refused the call for one of its rows.
fn refuses_a_row(error: &CallError) -> bool {
    error.code == "ValidationException" || error.code == "InvalidParameterValueException"
}

/// One `PutEvaluations`: the rows that came back.
async fn put<'r>(
    session: &Session<'_>,
    token: &ResultToken,
    ordering_timestamp: Timestamp,
    rows: &[&'r Evaluation],
) -> Result<Vec<&'r Evaluation>, CallError> {
    const OPERATION: &str = "PutEvaluations";
    let not_sent = |error: aws_sdk_config::error::BuildError| {
        CallError::new(OPERATION, true, SdkError::<PutEvaluationsError, HttpResponse>::construction_failure(error))
    };
    let evaluations: Vec<SdkEvaluation> = rows
        .iter()
        .map(|row| {
            SdkEvaluation::builder()
                .compliance_resource_type(&row.resource.resource_type)
                .compliance_resource_id(&row.resource.resource_id)
                .compliance_type(match row.compliance_type {
                    ComplianceType::Compliant => SdkComplianceType::Compliant,
                    ComplianceType::NonCompliant => SdkComplianceType::NonCompliant,
                    ComplianceType::NotApplicable => SdkComplianceType::NotApplicable,
                })
                .annotation(row.annotation.as_str())
                .ordering_timestamp(DateTime::from_millis(ordering_timestamp.epoch_milliseconds()))
                .build()
        })
        .collect::<Result<_, _>>()
        .map_err(not_sent)?;
    let client = session.clients(&session.region).config;
    let request = client
        .put_evaluations()
        .set_evaluations(Some(evaluations))
        .result_token(token.expose())
        .set_test_mode(token.is_test_mode().then_some(true));
    let answer = session
        .call(OPERATION, &session.region, &format!("{} rows", rows.len()), request.send())
        .await
        .map_err(|error| error.redacted(token.expose()))?;
    let failed = answer.failed_evaluations.unwrap_or_default();
    let came_back = |row: &&Evaluation| {
        failed.iter().any(|failed| {
            failed.compliance_resource_type == row.resource.resource_type
                && failed.compliance_resource_id == row.resource.resource_id
        })
    };
    let known: Vec<&Evaluation> = rows.iter().copied().filter(came_back).collect();
    // What cannot be told apart may be any of them.
    if known.is_empty() && !failed.is_empty() { Ok(rows.to_vec()) } else { Ok(known) }
}
