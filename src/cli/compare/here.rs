//! The verdict here.

use serde_json::{Map, Value};

use crate::{
    aws::{Session, collect_evidence},
    cli::error::CliError,
    report::{Report, Subject},
    rule::{decided_by_parameters, evidence::Evidence, parameters::RuleParameters, timestamp::Timestamp},
};

/// The verdict here, and what it rests on.
pub(super) struct Here {
    pub(super) report: Report,
    /// None if the parameters alone decided.
    pub(super) judged: Option<(Evidence, RuleParameters)>,
    /// What was odd while it was read.
    pub(super) warnings: Vec<String>,
}

impl Here {
    /// Evaluates the account with parameters as AWS Config keeps them, or by name.
    ///
    /// # Errors
    /// The account cannot be read.
    pub(super) async fn judge(
        session: &Session<'_>,
        collected_at: Timestamp,
        parameters: &Value,
    ) -> Result<Self, CliError> {
        let by_name = match parameters {
            Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
            Value::Object(by_name) => by_name.clone(),
            _ => Map::new(),
        };
        let parsed = RuleParameters::parse(Some(parameters), &session.region);
        let decided = decided_by_parameters(&parsed, &session.account_id, &session.region, None);
        let valid = match (decided, parsed) {
            (None, Ok(valid)) => valid,
            (decided, _) => {
                let subject = Subject {
                    account_id: session.account_id.clone(),
                    region: session.region.clone(),
                    collected_at,
                    rule_parameters: by_name,
                };
                let report = Report::without_evidence(subject, decided.unwrap_or_default());
                return Ok(Self { report, judged: None, warnings: Vec::new() });
            }
        };
        let (evidence, warnings) = collect_evidence(session, collected_at, false).await.map_err(CliError::Aws)?;
        let report = Report::of(&evidence, &valid, by_name);
        Ok(Self { report, judged: Some((evidence, valid)), warnings })
    }
}
