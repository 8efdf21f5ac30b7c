//! The verdict here.

use crate::{
    aws::{Session, collect_evidence},
    cli::error::CliError,
    report::{Report, Subject},
    rule::{
        Question, ask,
        evidence::Evidence,
        parameters::{InputParameters, RuleParameters},
        timestamp::Timestamp,
    },
};

/// The verdict here, and what it rests on.
pub(super) struct Here {
    pub(super) report: Report,
    pub(super) subject: Subject,
    /// None if the parameters alone decided.
    pub(super) judged: Option<(Evidence, RuleParameters)>,
    /// What was odd while it was read.
    pub(super) warnings: Vec<String>,
}

impl Here {
    /// Evaluates the account.
    ///
    /// # Errors
    /// The account cannot be read.
    pub(super) async fn judge(
        session: &Session<'_>,
        collected_at: Timestamp,
        given: InputParameters,
    ) -> Result<Self, CliError> {
        let subject = Subject {
            account_id: session.account_id.clone(),
            region: session.region.clone(),
            collected_at,
            rule_parameters: given,
        };
        let parameters = match ask(&subject.rule_parameters, &session.account_id, &session.region, None) {
            Question::Read(parameters) => parameters,
            Question::Decided { evaluations, .. } => {
                let report = Report::without_evidence(subject.clone(), evaluations);
                return Ok(Self { report, subject, judged: None, warnings: Vec::new() });
            }
        };
        let (evidence, warnings) = collect_evidence(session, collected_at, false).await.map_err(CliError::Aws)?;
        let report = Report::of(&evidence, &parameters, subject.rule_parameters.clone());
        Ok(Self { report, subject, judged: Some((evidence, parameters)), warnings })
    }
}
