//! What an invocation leaves in the log: JSON lines; the last is its summary and, if they are wanted, carries the metrics.
//!
//! Metrics: CloudWatch embedded metric format, namespace `CloudTrailAllRegions`. Account and Region are properties and
//! not dimensions: each set of dimensions is billed as a metric of its own.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::rule::{
    evaluation::{ComplianceType, Evaluation},
    evidence::Evidence,
    parameters::Misconfigured,
    reasons::{Code, TrailResult},
    timestamp::Timestamp,
    trail::JudgedTrail,
};

/// Whether the summary carries the metrics. Their values are in the log all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metrics {
    /// It does.
    Emitted,
    /// It does not: CloudWatch makes no metrics of it, and charges for none.
    LeftOut,
}

/// A value of `EMIT_METRICS` that says neither.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("EMIT_METRICS is `{0}`: valid are true and false; metrics are emitted")]
pub struct UnknownSetting(String);

impl Metrics {
    /// From the environment variable `EMIT_METRICS`, `true` or `false` in any letter case: unset or blank is `true`.
    ///
    /// # Errors
    /// The value, where it is neither.
    pub fn from_setting(setting: Option<&str>) -> Result<Self, UnknownSetting> {
        match setting.map(str::trim).unwrap_or_default() {
            "" => Ok(Self::Emitted),
            setting if setting.eq_ignore_ascii_case("true") => Ok(Self::Emitted),
            setting if setting.eq_ignore_ascii_case("false") => Ok(Self::LeftOut),
            setting => Err(UnknownSetting(setting.to_owned())),
        }
    }
}

/// The record of one invocation. It holds neither the result token nor credentials.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The account that was judged.
    pub account_id: Option<String>,
    /// The rule's Region.
    pub region: Option<String>,
    /// The rule's name.
    pub config_rule_name: Option<String>,
    /// AWS Config's message type.
    pub message_type: Option<String>,
    /// `DETECTIVE` or `PROACTIVE`.
    pub evaluation_mode: Option<String>,
    /// The compliance type of the row that the invocation is about.
    pub compliance_type: Option<ComplianceType>,
    /// That row's annotation.
    pub annotation: Option<String>,
    /// What the verdict rests on. It is not in the log.
    pub evidence: Option<Evidence>,
    /// The rows that were reported, withdrawn ones not included. They are not in the log.
    pub evaluations: Vec<Evaluation>,
    /// Every trail with its reasons.
    pub trails: Vec<TrailRecord>,
    /// What went wrong without costing the verdict.
    pub warnings: Vec<String>,
    /// Why the rule's parameters are of no use.
    pub misconfigured: Option<Misconfigured>,
    /// Rows of trails that AWS Config did not take.
    pub refused_rows: usize,
    /// Rows that AWS Config took, withdrawn ones included.
    pub rows_sent: usize,
    /// How many calls of each operation were made.
    pub calls: BTreeMap<&'static str, u32>,
    /// The stable type and the whole chain of the error that the invocation ended with.
    pub error: Option<(&'static str, String)>,
    /// How long it took.
    pub duration: Duration,
    /// When it began.
    pub began_at: Option<Timestamp>,
}

/// A trail in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailRecord {
    /// The trail's ARN, else its name.
    pub trail: String,
    /// How it ends.
    pub result: TrailResult,
    /// The codes of its reasons.
    pub reasons: Vec<Code>,
    /// Its reasons for people.
    pub details: Vec<String>,
}

impl TrailRecord {
    /// A trail and what became of it.
    #[must_use]
    pub fn new(judged: &JudgedTrail) -> Self {
        let trail = judged.trail.trail_arn.as_deref().unwrap_or_else(|| judged.trail.display_name());
        let trusted = judged.trusted.iter().map(|refusal| format!("trusted, not read: {refusal}"));
        Self {
            trail: trail.to_owned(),
            result: judged.result,
            reasons: judged.codes().collect(),
            details: judged.reasons.iter().map(ToString::to_string).chain(trusted).collect(),
        }
    }
}

impl Record {
    /// The log lines, each a JSON object; the last is the summary.
    #[must_use]
    pub fn lines(&self, request_id: &str, metrics: Metrics) -> Vec<Value> {
        let line = |level: &str, message: &str| json!({"level": level, "requestId": request_id, "message": message});
        let warnings = self.warnings.iter().map(|warning| line("WARN", warning));
        let misconfigured = self.misconfigured.iter().map(|misconfigured| line("ERROR", &misconfigured.to_string()));
        warnings.chain(misconfigured).chain([self.summary(request_id, metrics)]).collect()
    }

    fn summary(&self, request_id: &str, metrics: Metrics) -> Value {
        let trails: Vec<Value> = self
            .trails
            .iter()
            .map(|trail| {
                json!({
                    "trail": trail.trail,
                    "result": format!("{:?}", trail.result),
                    "reasons": trail.reasons,
                    "details": trail.details,
                })
            })
            .collect();
        let mut summary = json!({
            "level": if self.error.is_some() { "ERROR" } else { "INFO" },
            "requestId": request_id,
            "message": self.error.as_ref().map_or("evaluated", |(_, chain)| chain.as_str()),
            "accountId": self.account_id,
            "region": self.region,
            "configRuleName": self.config_rule_name,
            "messageType": self.message_type,
            "evaluationMode": self.evaluation_mode,
            "annotation": self.annotation,
            "trails": trails,
            "calls": self.calls,
            "rowsSent": self.rows_sent,
        });
        if let Some(properties) = summary.as_object_mut() {
            properties.extend(self.compliance_type.map(|verdict| ("ComplianceType".to_owned(), json!(verdict))));
            let directives = self.add_measures(properties);
            if metrics == Metrics::Emitted {
                let timestamp = self.began_at.map(Timestamp::epoch_milliseconds);
                properties.insert("_aws".to_owned(), json!({"Timestamp": timestamp, "CloudWatchMetrics": directives}));
            }
        }
        summary
    }

    /// Adds what is counted and measured; answers what CloudWatch needs to make metrics of it.
    fn add_measures(&self, properties: &mut Map<String, Value>) -> Vec<Value> {
        let mut metrics = vec![("Duration", "Milliseconds", json!(self.duration.as_millis()), None)];
        let count = |name, value: usize| (name, "Count", json!(value), None);
        metrics.push(count("TrailsSeen", self.trails.len()));
        metrics.push(count("RefusedRows", self.refused_rows));
        metrics.push(count("Misconfigured", usize::from(self.misconfigured.is_some())));
        match (&self.error, self.compliance_type) {
            (Some((error_type, _)), _) => {
                metrics.push(("InvocationErrors", "Count", json!(1), Some(("errorType", *error_type))));
            }
            (None, Some(compliance_type)) => {
                let dimension = ("ComplianceType", compliance_type.as_str());
                metrics.push(("Evaluations", "Count", json!(1), Some(dimension)));
            }
            (None, None) => {}
        }
        let mut directives = Vec::new();
        for (name, unit, value, dimension) in metrics {
            let dimensions: Vec<&str> = dimension.iter().map(|(key, _)| *key).collect();
            directives.push(json!({
                "Namespace": "CloudTrailAllRegions",
                "Dimensions": [dimensions],
                "Metrics": [{"Name": name, "Unit": unit}],
            }));
            properties.insert(name.to_owned(), value);
            properties.extend(dimension.map(|(key, value)| (key.to_owned(), json!(value))));
        }
        directives
    }
}
