//! Parse, collect, evaluate, report: the way of the data, on one page.

use std::{
    collections::BTreeSet,
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
        config::{EarlierRow, ReportError, Reported, earlier_rows, report},
        fault::CallError,
    },
    error::chain,
    invocation::{InvalidInvocation, Invocation, Subject},
    rule::{
        Verdict,
        arn::Arn,
        cloudtrail_all_regions::{Indeterminate, RULE},
        decided_by_parameters,
        evaluation::{Annotation, ComplianceType, EvaluatedResource, Evaluation},
        evidence::Observed,
        parameters::RuleParameters,
        timestamp::Timestamp,
    },
    telemetry::{Record, TrailRecord},
};

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

/// A source of the time at which evidence is collected.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The system's.
    System,
    /// One that stands still, for evidence of another day.
    Fixed(Timestamp),
}

impl Clock {
    fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp::from(SystemTime::now()),
            Self::Fixed(timestamp) => timestamp,
        }
    }
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

/// What an invocation answers. AWS Config ignores it; people and tests don't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The account.
    pub account_id: String,
    /// The verdict on the resource that the invocation is about, if there is one.
    pub compliance_type: Option<ComplianceType>,
    /// Why.
    pub annotation: Option<Annotation>,
    /// Rows that AWS Config took, withdrawn ones included.
    pub rows_sent: usize,
}

/// Why nothing, or not all, was reported. Lambda tries again, and its on-failure destination keeps the event.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The event, or the function's set-up for it, cannot be worked with.
    #[error("the invocation is invalid")]
    InvalidInvocation(#[source] InvalidInvocation),
    /// The function's own ARN has no account.
    #[error(
        "the function's ARN `{invoked_function_arn}` is invalid; valid: arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME"
    )]
    InvalidFunctionArn {
        /// As Lambda gave it.
        invoked_function_arn: String,
    },
    /// The event is another account's, and the function knows no role to assume there.
    #[error(
        "account {account_id} is not the function's own ({function_account_id}): set the environment variable \
         MEMBER_ROLE_NAME to the name of the role to assume there"
    )]
    NoMemberRoleName {
        /// The account of the event.
        account_id: String,
        /// The account of the function.
        function_account_id: String,
    },
    /// `MEMBER_ROLE_NAME` is no role's name.
    #[error("MEMBER_ROLE_NAME is `{member_role_name}`; valid: a role's name, with its path if it has one, and no ARN")]
    InvalidMemberRoleName {
        /// As it is set.
        member_role_name: String,
    },
    /// The member role cannot be assumed.
    #[error("cannot assume {role_arn}")]
    AssumeRole {
        /// The role.
        role_arn: String,
        /// Why.
        source: CallError,
    },
    /// The function's own credentials or clock are wrong.
    #[error("cannot collect evidence")]
    Collect {
        /// Why.
        source: CallError,
        /// Whether the credentials are a member role's.
        is_member: bool,
    },
    /// No verdict may be given.
    #[error(transparent)]
    Indeterminate(Indeterminate),
    /// The account's row was not stored.
    #[error("cannot report")]
    Report {
        /// Why.
        source: ReportError,
        /// Whether the credentials are a member role's.
        is_member: bool,
    },
    /// Lambda's deadline is a second away.
    #[error("the deadline is near; still waiting for: {}", if waiting.is_empty() { "nothing" } else { waiting })]
    DeadlineExceeded {
        /// The calls without an answer.
        waiting: String,
    },
}

impl HandlerError {
    /// The stable error type that Lambda, its metrics and its on-failure destination show.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::InvalidInvocation(_) | Self::InvalidFunctionArn { .. } => "InvalidInvocation",
            Self::NoMemberRoleName { .. } | Self::InvalidMemberRoleName { .. } | Self::AssumeRole { .. } => {
                "AssumeRoleFailed"
            }
            Self::Collect { .. } => "CollectFailed",
            Self::Indeterminate(_) => "Indeterminate",
            Self::Report { .. } => "ReportFailed",
            Self::DeadlineExceeded { .. } => "DeadlineExceeded",
        }
    }

    fn is_expired_member_session(&self) -> bool {
        match self {
            Self::Collect { source, is_member } | Self::Report { source: ReportError::Call(source), is_member } => {
                *is_member && source.is_expired_credentials()
            }
            _ => false,
        }
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
        let began = Instant::now();
        let calls = CallLog::default();
        let mut record = Record { began_at: Some(self.clock.now()), ..Record::default() };
        let result = self.run(payload, context, &calls, &mut record).await;
        record.calls = calls.made();
        record.duration = began.elapsed();
        record.error = result.as_ref().err().map(|error| (error.error_type(), chain(error)));
        Outcome { result, record }
    }

    async fn run(
        &self,
        payload: Value,
        context: &Context,
        calls: &CallLog,
        record: &mut Record,
    ) -> Result<Summary, HandlerError> {
        let left = context.deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let limit = Limit { at: Instant::now() + left.saturating_sub(RESERVE), calls };
        let invocation = Invocation::parse(payload).map_err(HandlerError::InvalidInvocation)?;
        record.describe(&invocation);

        let mut evaluated = Box::pin(self.evaluate_and_report(&invocation, context, &limit, record)).await;
        if evaluated.as_ref().is_err_and(HandlerError::is_expired_member_session) {
            self.connections.forget_member(invocation.account_id());
            *record = Record { began_at: record.began_at, ..Record::default() };
            record.describe(&invocation);
            evaluated = Box::pin(self.evaluate_and_report(&invocation, context, &limit, record)).await;
        }
        record.evaluations = evaluated?;
        let subject = record.evaluations.first();
        Ok(Summary {
            account_id: invocation.account_id().to_owned(),
            compliance_type: subject.map(|row| row.compliance_type),
            annotation: subject.map(|row| row.annotation.clone()),
            rows_sent: record.rows_sent,
        })
    }

    /// The rows of the verdict, stored; rows of earlier runs are withdrawn after them, and never hold them up.
    async fn evaluate_and_report(
        &self,
        invocation: &Invocation,
        context: &Context,
        limit: &Limit<'_>,
        record: &mut Record,
    ) -> Result<Vec<Evaluation>, HandlerError> {
        let withdraw_from = match invocation.subject() {
            Subject::Nothing => return Ok(Vec::new()),
            Subject::NotApplicable { .. } => None,
            Subject::Account { withdraw, .. } => invocation.config_rule_name().filter(|_| *withdraw),
        };
        let session = limit.keep(self.session(invocation, context, limit.calls)).await?;
        let earlier = withdraw_from.map(|rule| timeout_at(limit.at, earlier_rows(&session, rule)));
        let verdict = limit.keep(async {
            let decided = self.decide(&session, invocation, record).await?;
            let mut reported = Reported::default();
            let (token, ordering_timestamp) = (invocation.result_token(), invocation.ordering_timestamp());
            let ended = report(&session, token, ordering_timestamp, &decided.evaluations, &mut reported).await;
            record.add(&reported);
            ended.map_err(|source| HandlerError::Report { source, is_member: session.is_member() })?;
            Ok((decided, reported.is_rule_deleted))
        });
        let (verdict, earlier) = match select(pin!(verdict), pin!(OptionFuture::from(earlier))).await {
            Either::Left((verdict, earlier)) => (verdict?, earlier.await),
            Either::Right((earlier, verdict)) => (verdict.await?, earlier),
        };
        let (decided, is_rule_deleted) = verdict;
        if let (Some(earlier), false) = (earlier, is_rule_deleted) {
            let earlier = earlier.map(|rows| rows.map_err(|error| chain(&error)));
            match earlier.unwrap_or_else(|_| Err("the deadline is near".to_owned())) {
                Ok(earlier) => withdraw(&session, invocation, &decided, earlier, limit, record).await,
                Err(error) => record.warnings.push(format!("rows of earlier runs not withdrawn: {error}")),
            }
        }
        Ok(decided.evaluations)
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

    async fn decide(
        &self,
        session: &Session<'_>,
        invocation: &Invocation,
        record: &mut Record,
    ) -> Result<Decided, HandlerError> {
        let trail = match invocation.subject() {
            Subject::Account { trail, .. } => trail.as_ref(),
            Subject::NotApplicable { resource_type, resource_id, reason } => {
                let resource =
                    EvaluatedResource { resource_type: resource_type.clone(), resource_id: resource_id.clone() };
                let annotation = Annotation::new(&reason.to_string());
                let row = Evaluation { resource, compliance_type: ComplianceType::NotApplicable, annotation };
                return Ok(Decided::new(vec![row], record));
            }
            Subject::Nothing => return Ok(Decided::new(Vec::new(), record)),
        };
        let (account_id, region) = (invocation.account_id(), invocation.region());
        let deleted_trail = trail.filter(|trail| trail.is_gone).map(|trail| trail.resource_id.clone());
        let parameters = RuleParameters::parse(invocation.rule_parameters(), region);
        let decided = decided_by_parameters(&parameters, account_id, region, deleted_trail.as_deref());
        let parameters = match (decided, parameters) {
            (None, Ok(parameters)) => parameters,
            (decided, parameters) => {
                record.misconfigured = parameters.err().filter(|error| !error.valid.reports_elsewhere(region));
                return Ok(Decided::new(decided.unwrap_or_default(), record));
            }
        };

        let collecting = collect_evidence(session, self.clock.now(), parameters.trail_results);
        let ((), collected) = join(session.open_connections(), collecting).await;
        let (mut evidence, warnings) =
            collected.map_err(|source| HandlerError::Collect { source, is_member: session.is_member() })?;
        record.warnings.extend(warnings);
        evidence.deleted_trail = deleted_trail;
        if let (Some(Observed::Known(ids)), Some(trail)) = (&mut evidence.discovered_trails, trail) {
            ids.push(trail.resource_id.clone());
        }
        let is_listing_missing = evidence.discovered_trails.as_ref().is_some_and(|listed| listed.known().is_none());
        let evidence = record.evidence.insert(evidence);
        let Verdict { trails, evaluations } = (RULE.evaluate)(evidence, &parameters);
        record.trails = trails.iter().map(TrailRecord::new).collect();
        let evaluations = evaluations.map_err(HandlerError::Indeterminate)?;
        Ok(Decided { is_listing_missing, ..Decided::new(evaluations, record) })
    }
}

/// What is to be reported.
struct Decided {
    evaluations: Vec<Evaluation>,
    /// Which trails AWS Config has discovered could not be read.
    is_listing_missing: bool,
}

impl Decided {
    fn new(evaluations: Vec<Evaluation>, record: &mut Record) -> Self {
        let subject = evaluations.first();
        record.compliance_type = subject.map(|row| row.compliance_type);
        record.annotation = subject.map(|row| row.annotation.to_string());
        Self { evaluations, is_listing_missing: false }
    }
}

/// Tells AWS Config that rows which this run did not produce are not applicable any more; it then removes them.
async fn withdraw(
    session: &Session<'_>,
    invocation: &Invocation,
    decided: &Decided,
    earlier: Vec<EarlierRow>,
    limit: &Limit<'_>,
    record: &mut Record,
) {
    let ordering_timestamp = invocation.ordering_timestamp();
    let produced: BTreeSet<&EvaluatedResource> = decided.evaluations.iter().map(|row| &row.resource).collect();
    let is_compliant = record.compliance_type == Some(ComplianceType::Compliant);
    let keeps_trails = decided.is_listing_missing && !is_compliant;
    // Rows that are stored while pages are read shift them, so that a row can come twice.
    let mut seen = BTreeSet::new();
    let withdrawn: Vec<Evaluation> = earlier
        .into_iter()
        .filter(|row| seen.insert(row.resource.clone()))
        .filter(|row| !produced.contains(&row.resource))
        .filter(|row| row.ordering_timestamp.is_none_or(|stored| stored <= ordering_timestamp))
        .filter(|row| !(keeps_trails && row.resource.resource_type == EvaluatedResource::TRAIL))
        .map(|row| Evaluation {
            resource: row.resource,
            compliance_type: ComplianceType::NotApplicable,
            annotation: Annotation::new("Withdrawn: the rule does not report this resource any more"),
        })
        .collect();
    let mut reported = Reported::default();
    let token = invocation.result_token();
    let put = timeout_at(limit.at, report(session, token, ordering_timestamp, &withdrawn, &mut reported)).await;
    record.add(&reported);
    match put {
        Ok(Ok(())) => {}
        Ok(Err(error)) => record.warnings.push(format!("rows of earlier runs not withdrawn: {}", chain(&error))),
        Err(_) => record.warnings.push("rows of earlier runs not withdrawn: the deadline is near".to_owned()),
    }
}

/// A second before Lambda's deadline.
struct Limit<'c> {
    at: Instant,
    calls: &'c CallLog,
}

impl Limit<'_> {
    async fn keep<T>(&self, step: impl Future<Output = Result<T, HandlerError>>) -> Result<T, HandlerError> {
        let mut step = pin!(step);
        // The step is still alive when the log is asked what it is waiting for.
        timeout_at(self.at, &mut step)
            .await
            .unwrap_or_else(|_| Err(HandlerError::DeadlineExceeded { waiting: self.calls.waiting().join(", ") }))
    }
}

impl Context {
    fn function_account_id(&self) -> Result<&str, HandlerError> {
        let account_id =
            Some(Arn::split(&self.invoked_function_arn).account_id).filter(|account_id| !account_id.is_empty());
        account_id
            .ok_or_else(|| HandlerError::InvalidFunctionArn { invoked_function_arn: self.invoked_function_arn.clone() })
    }
}

impl Record {
    fn describe(&mut self, invocation: &Invocation) {
        self.account_id = Some(invocation.account_id().to_owned());
        self.region = Some(invocation.region().to_owned());
        self.config_rule_name = invocation.config_rule_name().map(str::to_owned);
        self.message_type = Some(invocation.message_type().to_string());
        self.evaluation_mode = Some(invocation.evaluation_mode().to_string());
        self.warnings.extend(invocation.warnings().iter().map(ToString::to_string));
    }

    fn add(&mut self, reported: &Reported) {
        self.rows_sent += reported.rows_sent;
        self.refused_rows += reported.refused_rows;
        self.warnings.extend(reported.warnings.iter().cloned());
    }
}
