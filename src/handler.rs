//! Parse, collect, evaluate, report: the way of the data, on one page.

mod error;

use std::{
    pin::pin,
    time::{Duration, SystemTime},
};

use futures_util::future::{Either, OptionFuture, join, select};
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::{
    aws::{
        CallLog, Connections, Session, collect_evidence,
        config_rules::earlier_rows,
        put_evaluations::{ReportError, Reported, report},
    },
    clock::Clock,
    error::chain,
    invocation::{Invocation, NotifiedTrail, Subject},
    rule::{
        Indeterminate, Question, Verdict,
        arn::Arn,
        ask,
        evaluation::{Annotation, ComplianceType, EvaluatedResource, Evaluation},
        evidence::{Evidence, Observed},
        judge,
        parameters::Misconfigured,
        withdrawal::{EarlierRow, withdrawn},
    },
    telemetry::{Record, TrailRecord},
};
pub use error::HandlerError;

/// The function, set up once a process.
#[derive(Debug)]
pub struct Function {
    /// Its way to AWS.
    pub connections: Connections,
    /// The name, path allowed, of the role to assume in a member account (environment variable `MEMBER_ROLE_NAME`).
    pub member_role_name: Option<String>,
    /// What time it is.
    pub clock: Clock,
}

/// What Lambda says about an invocation.
#[derive(Debug, Clone)]
pub struct Context {
    /// Lambda's request id.
    pub request_id: String,
    /// The function's own ARN, which holds the account that its credentials belong to.
    pub invoked_function_arn: String,
    /// When Lambda ends the invocation.
    pub deadline: SystemTime,
}

/// How long before Lambda's deadline an invocation ends with an error of its own.
const RESERVE: Duration = Duration::from_secs(1);
const NO_TIME: &str = "the deadline is near";

/// What an invocation answers. AWS Config ignores it; people and tests don't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The account.
    pub account_id: String,
    /// The verdict on the resource that the invocation is about, if there is one; withheld in a trial of a member
    /// account, which whoever may invoke the function could make.
    pub compliance_type: Option<ComplianceType>,
    /// Why.
    pub annotation: Option<Annotation>,
    /// Rows that AWS Config took, withdrawn ones included.
    pub rows_sent: usize,
}

impl Summary {
    fn without_verdict(self) -> Self {
        Self { compliance_type: None, annotation: None, ..self }
    }
}

/// What an invocation came to, and what it leaves in the log.
#[derive(Debug)]
pub struct Outcome {
    /// For Lambda.
    pub result: Result<Summary, HandlerError>,
    /// For the log.
    pub record: Record,
}

impl Function {
    /// Handles one invocation by AWS Config.
    pub async fn handle(&self, payload: Value, context: &Context) -> Outcome {
        let (began_at, began) = (self.clock.now(), Instant::now());
        let left = context.deadline.duration_since(self.clock.time()).unwrap_or_default();
        let limit = Limit { at: began + left.saturating_sub(RESERVE), calls: CallLog::default() };
        let (result, record) = match Invocation::parse(payload) {
            Ok(invocation) => {
                let (result, record) = self.run(&invocation, context, &limit).await.ended(&invocation);
                let is_withheld = context.is_trial_of_member(&invocation);
                (result.map(|summary| if is_withheld { summary.without_verdict() } else { summary }), record)
            }
            Err(error) => (Err(HandlerError::InvalidInvocation(error)), Record::default()),
        };
        let error = result.as_ref().err().map(|error| (error.error_type(), chain(error)));
        let (calls, duration) = (limit.calls.made(), began.elapsed());
        Outcome { result, record: Record { began_at: Some(began_at), calls, duration, error, ..record } }
    }

    /// A member's credentials that have expired are assumed once more.
    async fn run(&self, invocation: &Invocation, context: &Context, limit: &Limit) -> Run {
        let attempt = || Box::pin(self.evaluate_and_report(invocation, context, limit));
        let run = attempt().await.unwrap_or_else(Run::failed);
        if !run.error.as_ref().is_some_and(HandlerError::is_expired_member_session) {
            return run;
        }
        self.connections.forget_member(invocation.account_id());
        attempt().await.unwrap_or_else(Run::failed)
    }

    async fn evaluate_and_report(
        &self,
        invocation: &Invocation,
        context: &Context,
        limit: &Limit,
    ) -> Result<Run, HandlerError> {
        match invocation.subject() {
            Subject::Nothing => Ok(Run::default()),
            Subject::NotApplicable { resource_type, resource_id, reason } => {
                let session = limit.keep(self.session(invocation, context, &limit.calls)).await?;
                let resource =
                    EvaluatedResource { resource_type: resource_type.clone(), resource_id: resource_id.clone() };
                let annotation = Annotation::new(&reason.to_string());
                let row = Evaluation { resource, compliance_type: ComplianceType::NotApplicable, annotation };
                Ok(Decision::of(vec![row]).reported(&session, invocation, limit).await)
            }
            Subject::Account { withdraw, trail } => {
                let session = limit.keep(self.session(invocation, context, &limit.calls)).await?;
                let verdict = async {
                    let decision = limit.keep(Box::pin(self.decide(&session, invocation, trail.as_ref()))).await?;
                    Ok(decision.reported(&session, invocation, limit).await)
                };
                let withdraw_from = invocation.config_rule_name().filter(|_| *withdraw);
                let earlier = withdraw_from.map(|rule| timeout_at(limit.at, earlier_rows(&session, rule)));
                // Reading what earlier runs left never holds up the verdict, and withdrawing it comes after.
                let (run, earlier) = match select(pin!(verdict), pin!(OptionFuture::from(earlier))).await {
                    Either::Left((Ok(run), earlier)) if run.is_stored() => (run, earlier.await),
                    Either::Left((ended, _)) => return ended,
                    Either::Right((earlier, verdict)) => (verdict.await?, earlier),
                };
                let Some(earlier) = earlier.filter(|_| run.is_stored()) else { return Ok(run) };
                let withdrawn = match earlier {
                    Ok(Ok(earlier)) => withdraw_rows(&session, invocation, &run.decision, earlier, limit).await,
                    Ok(Err(error)) => not_withdrawn(&chain(&error)),
                    Err(_) => not_withdrawn(NO_TIME),
                };
                Ok(Run { reported: run.reported.and(withdrawn), ..run })
            }
        }
    }

    async fn session(
        &self,
        invocation: &Invocation,
        context: &Context,
        calls: &CallLog,
    ) -> Result<Session<'_>, HandlerError> {
        let (account_id, region) = (invocation.account_id(), invocation.region());
        let function_account_id = context.function_account_id()?;
        if account_id == function_account_id {
            return Ok(self.connections.own(account_id, region, calls.clone()));
        }
        let role_name = self.member_role_name.as_deref().ok_or_else(|| HandlerError::NoMemberRoleName {
            account_id: account_id.to_owned(),
            function_account_id: function_account_id.to_owned(),
        })?;
        let role_name = role_name.strip_prefix('/').unwrap_or(role_name);
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&byte);
        if !role_name.bytes().all(is_valid) {
            return Err(HandlerError::InvalidMemberRoleName { member_role_name: role_name.to_owned() });
        }
        let role_arn = format!("arn:{}:iam::{account_id}:role/{role_name}", invocation.partition());
        let session = self.connections.member(account_id, region, &role_arn, calls.clone()).await;
        session.map_err(|source| HandlerError::AssumeRole { role_arn, source })
    }

    /// Collects what the parameters leave open, and evaluates it.
    async fn decide(
        &self,
        session: &Session<'_>,
        invocation: &Invocation,
        trail: Option<&NotifiedTrail>,
    ) -> Result<Decision, HandlerError> {
        let (account_id, region) = (invocation.account_id(), invocation.region());
        let deleted_trail = trail.filter(|trail| trail.is_gone).map(|trail| trail.resource_id.clone());
        let parameters = match ask(invocation.rule_parameters(), account_id, region, deleted_trail.as_deref()) {
            Question::Read(parameters) => parameters,
            Question::Decided { evaluations, misconfigured } => {
                return Ok(Decision { misconfigured, ..Decision::of(evaluations) });
            }
        };

        let collecting = collect_evidence(session, self.clock.now(), parameters.trail_results);
        let ((), collected) = join(session.open_connections(), collecting).await;
        let (mut evidence, warnings) =
            collected.map_err(|source| HandlerError::Collect { source, is_member: session.is_member() })?;
        evidence.deleted_trail = deleted_trail;
        if let (Some(Observed::Known(ids)), Some(trail)) = (&mut evidence.discovered_trails, trail) {
            ids.push(trail.resource_id.clone());
        }
        let Verdict { trails, evaluations, .. } = judge(&evidence, &parameters);
        let trails = trails.iter().map(TrailRecord::new).collect();
        Ok(Decision { evaluations, trails, warnings, misconfigured: None, evidence: Some(evidence) })
    }
}

/// What is to be reported, and what that rests on.
struct Decision {
    evaluations: Result<Vec<Evaluation>, Indeterminate>,
    evidence: Option<Evidence>,
    trails: Vec<TrailRecord>,
    misconfigured: Option<Misconfigured>,
    warnings: Vec<String>,
}

impl Decision {
    /// One that rests on the event and its parameters alone.
    fn of(evaluations: Vec<Evaluation>) -> Self {
        let (trails, warnings) = (Vec::new(), Vec::new());
        Self { evaluations: Ok(evaluations), evidence: None, trails, misconfigured: None, warnings }
    }

    async fn reported(self, session: &Session<'_>, invocation: &Invocation, limit: &Limit) -> Run {
        let (reported, error) = match &self.evaluations {
            Ok(rows) => {
                let mut reported = report(session, invocation, rows, limit.at).await;
                let error = reported.error.take();
                (reported, error.map(|source| HandlerError::of_report(source, session.is_member())))
            }
            Err(indeterminate) => (Reported::default(), Some(HandlerError::Indeterminate(indeterminate.clone()))),
        };
        Run { decision: self, reported, error }
    }
}

/// How far an invocation came.
struct Run {
    decision: Decision,
    reported: Reported,
    error: Option<HandlerError>,
}

impl Default for Run {
    fn default() -> Self {
        Self { decision: Decision::of(Vec::new()), reported: Reported::default(), error: None }
    }
}

impl Run {
    fn failed(error: HandlerError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }

    /// Whether AWS Config has the verdict, and the rule.
    fn is_stored(&self) -> bool {
        self.error.is_none() && !self.reported.is_rule_deleted
    }

    fn ended(self, invocation: &Invocation) -> (Result<Summary, HandlerError>, Record) {
        let Self { decision, reported, error } = self;
        let evaluations = decision.evaluations.unwrap_or_default();
        let subject = evaluations.first();
        let summary = Summary {
            account_id: invocation.account_id().to_owned(),
            compliance_type: subject.map(|row| row.compliance_type),
            annotation: subject.map(|row| row.annotation.clone()),
            rows_sent: reported.rows_sent,
        };
        let warnings = invocation.warnings().iter().map(ToString::to_string);
        let record = Record {
            account_id: Some(summary.account_id.clone()),
            region: Some(invocation.region().to_owned()),
            config_rule_name: invocation.config_rule_name().map(str::to_owned),
            message_type: Some(invocation.message_type().to_string()),
            evaluation_mode: Some(invocation.evaluation_mode().to_string()),
            compliance_type: summary.compliance_type,
            annotation: summary.annotation.as_ref().map(ToString::to_string),
            evidence: decision.evidence,
            evaluations: if error.is_none() { evaluations } else { Vec::new() },
            trails: decision.trails,
            warnings: warnings.chain(decision.warnings).chain(reported.warnings).collect(),
            misconfigured: decision.misconfigured,
            refused_rows: reported.refused_rows,
            rows_sent: reported.rows_sent,
            ..Record::default()
        };
        (error.map_or(Ok(summary), Err), record)
    }
}

/// Withdraws the rows of earlier runs that this run did not produce. What goes wrong is a warning.
async fn withdraw_rows(
    session: &Session<'_>,
    invocation: &Invocation,
    decision: &Decision,
    earlier: Vec<EarlierRow>,
    limit: &Limit,
) -> Reported {
    let produced = decision.evaluations.as_deref().unwrap_or_default();
    let rows = withdrawn(earlier, produced, decision.evidence.as_ref(), invocation.ordering_timestamp());
    let mut reported = report(session, invocation, &rows, limit.at).await;
    match reported.error.take() {
        None => reported,
        Some(ReportError::DeadlineExceeded(_)) => reported.and(not_withdrawn(NO_TIME)),
        Some(error) => reported.and(not_withdrawn(&chain(&error))),
    }
}

fn not_withdrawn(why: &str) -> Reported {
    Reported { warnings: vec![format!("rows of earlier runs not withdrawn: {why}")], ..Reported::default() }
}

/// A second before Lambda's deadline.
struct Limit {
    at: Instant,
    calls: CallLog,
}

impl Limit {
    async fn keep<T>(&self, step: impl Future<Output = Result<T, HandlerError>>) -> Result<T, HandlerError> {
        self.calls.until(self.at, step).await.unwrap_or_else(|late| Err(HandlerError::DeadlineExceeded(late)))
    }
}

impl Context {
    fn is_trial_of_member(&self, invocation: &Invocation) -> bool {
        invocation.result_token().is_test_mode()
            && self.function_account_id().is_ok_and(|account_id| account_id != invocation.account_id())
    }

    fn function_account_id(&self) -> Result<&str, HandlerError> {
        let account_id =
            Some(Arn::split(&self.invoked_function_arn).account_id).filter(|account_id| !account_id.is_empty());
        account_id
            .ok_or_else(|| HandlerError::InvalidFunctionArn { invoked_function_arn: self.invoked_function_arn.clone() })
    }
}
