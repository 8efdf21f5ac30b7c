//! AWS Config: the report.

use std::time::Duration;

use aws_sdk_config::{
    error::SdkError,
    operation::put_evaluations::PutEvaluationsError,
    types::{ComplianceType as SdkComplianceType, Evaluation as SdkEvaluation},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use tokio::time::{Instant, sleep};

use super::{calls::DeadlineExceeded, connections::Session, fault::CallError};
use crate::{
    error::chain,
    invocation::Invocation,
    rule::evaluation::{ComplianceType, EvaluatedResource, Evaluation},
};

/// `PutEvaluations` takes at most so many rows (AWS Config API).
const BATCH: usize = 100;
/// How often rows that came back in `FailedEvaluations` are sent again.
const FAILED_EVALUATIONS_RETRIES: u32 = 2;

/// What became of rows that were to be reported.
#[derive(Debug, Default)]
pub struct Reported {
    /// Rows that AWS Config took.
    pub rows_sent: usize,
    /// Rows of trails that AWS Config did not take.
    pub refused_rows: usize,
    /// What went wrong without costing the account's row.
    pub warnings: Vec<String>,
    /// The rule was deleted meanwhile.
    pub is_rule_deleted: bool,
    /// Why a row that is not a trail's was not stored. Those that were sent before it may have been.
    pub error: Option<ReportError>,
}

impl Reported {
    /// What became of these rows and of those that came after them.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        self.warnings.extend(later.warnings);
        Self {
            rows_sent: self.rows_sent + later.rows_sent,
            refused_rows: self.refused_rows + later.refused_rows,
            warnings: self.warnings,
            is_rule_deleted: self.is_rule_deleted || later.is_rule_deleted,
            error: self.error.or(later.error),
        }
    }
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
    /// There was no time left.
    #[error(transparent)]
    DeadlineExceeded(DeadlineExceeded),
}

/// Sends rows with `PutEvaluations` until the deadline, the first ones first, 100 a call, all with the invocation's
/// ordering timestamp.
///
/// Rows of trails never cost the account its row: if a call that carries some is refused for its content, they are left
/// out of what is sent again, and counted.
pub async fn report(
    session: &Session<'_>,
    invocation: &Invocation,
    rows: &[Evaluation],
    deadline: Instant,
) -> Reported {
    let mut reported = Reported::default();
    for batch in rows.chunks(BATCH) {
        reported = reported.and(report_batch(session, invocation, batch, deadline).await);
        if reported.is_rule_deleted || reported.error.is_some() {
            break;
        }
    }
    reported
}

async fn report_batch(
    session: &Session<'_>,
    invocation: &Invocation,
    batch: &[Evaluation],
    deadline: Instant,
) -> Reported {
    let mut reported = Reported::default();
    let mut pending: Vec<&Evaluation> = batch.iter().collect();
    let (mut attempts, mut wait) = (0, Duration::ZERO);
    while !pending.is_empty() && attempts <= FAILED_EVALUATIONS_RETRIES {
        let attempt = async {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            put(session, invocation, &pending).await
        };
        let answer = match session.calls.until(deadline, attempt).await {
            Ok(answer) => answer,
            Err(late) => return Reported { error: Some(ReportError::DeadlineExceeded(late)), ..reported },
        };
        match answer {
            Ok(failed) => {
                attempts += 1;
                reported.rows_sent += pending.len() - failed.len();
                pending = failed;
                wait = session.timing().backoff / 4 * attempts;
            }
            Err(error) if error.code == "NoSuchConfigRuleException" => {
                reported.warnings.push(format!("the rule was deleted meanwhile: {}", chain(&error)));
                return Reported { is_rule_deleted: true, ..reported };
            }
            Err(error) if refuses_a_row(&error) && pending.iter().any(|row| is_trail(row)) => {
                let trails = pending.iter().filter(|row| is_trail(row)).count();
                reported.refused_rows += trails;
                reported.warnings.push(format!("{trails} trail rows refused: {}", chain(&error)));
                pending.retain(|row| !is_trail(row));
                wait = Duration::ZERO;
            }
            Err(error) => return Reported { error: Some(ReportError::Call(error)), ..reported },
        }
    }
    if let Some(row) = pending.iter().find(|row| !is_trail(row)) {
        let EvaluatedResource { resource_type, resource_id } = row.resource.clone();
        let error = ReportError::FailedEvaluation { resource_type, resource_id, attempts };
        return Reported { error: Some(error), ..reported };
    }
    if !pending.is_empty() {
        reported.refused_rows += pending.len();
        reported.warnings.push(format!("{} trail rows sent back in FailedEvaluations", pending.len()));
    }
    reported
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
    invocation: &Invocation,
    rows: &[&'r Evaluation],
) -> Result<Vec<&'r Evaluation>, CallError> {
    const OPERATION: &str = "PutEvaluations";
    let not_sent = |error: aws_sdk_config::error::BuildError| {
        CallError::new(OPERATION, true, SdkError::<PutEvaluationsError, HttpResponse>::construction_failure(error))
    };
    let (token, ordering_timestamp) = (invocation.result_token(), invocation.ordering_timestamp());
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
    let is_of = |failed: &SdkEvaluation, row: &Evaluation| {
        failed.compliance_resource_type == row.resource.resource_type
            && failed.compliance_resource_id == row.resource.resource_id
    };
    // One that is none of those sent may stand for any of them.
    let is_any = failed.iter().any(|failed| !rows.iter().any(|row| is_of(failed, row)));
    Ok(rows.iter().copied().filter(|row| is_any || failed.iter().any(|failed| is_of(failed, row))).collect())
}
