//! Which rows of earlier runs are withdrawn.

use std::collections::BTreeSet;

use super::{
    evaluation::{Annotation, ComplianceType, EvaluatedResource, Evaluation},
    evidence::Evidence,
    timestamp::Timestamp,
};

/// A row that an earlier run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRow {
    /// What it is about.
    pub resource: EvaluatedResource,
    /// The ordering timestamp that it was stored with.
    pub ordering_timestamp: Option<Timestamp>,
}

/// The rows that tell AWS Config that what this run did not produce is not applicable any more; it then removes them.
///
/// A row stays that was stored with a later ordering timestamp; and a trail's row, if it could not be read which trails
/// AWS Config has discovered, unless the account is COMPLIANT.
#[must_use]
pub fn withdrawn(
    earlier: Vec<EarlierRow>,
    produced: &[Evaluation],
    evidence: Option<&Evidence>,
    ordering_timestamp: Timestamp,
) -> Vec<Evaluation> {
    let discovered = evidence.and_then(|evidence| evidence.discovered_trails.as_ref());
    let is_listing_missing = discovered.is_some_and(|listed| listed.known().is_none());
    let is_compliant = produced.first().is_some_and(|row| row.compliance_type == ComplianceType::Compliant);
    let keeps_trails = is_listing_missing && !is_compliant;
    let produced: BTreeSet<&EvaluatedResource> = produced.iter().map(|row| &row.resource).collect();
    // Rows that are stored while pages are read shift them, so that a row can come twice.
    let mut seen = BTreeSet::new();
    earlier
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
        .collect()
}
