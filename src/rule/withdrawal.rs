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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn earlier(resource: EvaluatedResource, ordering_timestamp: &str) -> EarlierRow {
        EarlierRow { resource, ordering_timestamp: Timestamp::parse(ordering_timestamp).ok() }
    }

    fn account_row(compliance_type: ComplianceType) -> [Evaluation; 1] {
        let resource = EvaluatedResource::account("111122223333");
        [Evaluation { resource, compliance_type, annotation: Annotation::new("why") }]
    }

    fn resources(withdrawn: Vec<Evaluation>) -> Vec<String> {
        withdrawn.into_iter().map(|row| row.resource.resource_id).collect()
    }

    #[test]
    fn what_was_not_produced_and_is_not_newer_is_withdrawn_once() {
        let rows = vec![
            earlier(EvaluatedResource::account("111122223333"), "2026-10-31T12:00:00Z"),
            earlier(EvaluatedResource::trail("111122223333"), "2026-10-31T12:00:00Z"),
            earlier(EvaluatedResource::trail("same-time"), "2026-11-01T12:00:00Z"),
            earlier(EvaluatedResource::trail("newer"), "2026-11-01T12:00:00.001Z"),
            earlier(EvaluatedResource::trail("no-time"), ""),
            earlier(EvaluatedResource::trail("no-time"), ""),
        ];
        let now = Timestamp::parse("2026-11-01T12:00:00Z").unwrap();
        let withdrawn = withdrawn(rows, &account_row(ComplianceType::NonCompliant), None, now);
        assert!(withdrawn.iter().all(|row| row.compliance_type == ComplianceType::NotApplicable));
        assert_eq!(resources(withdrawn), ["111122223333", "same-time", "no-time"]);
    }

    #[test]
    fn rows_of_trails_stay_when_listing_failed_unless_the_account_complies() {
        let refused = json!({"refused": {"operation": "ListDiscoveredResources", "code": "AccessDeniedException"}});
        for (discovered, compliance_type, expected) in [
            (&refused, ComplianceType::NonCompliant, &["old-id"][..]),
            (&refused, ComplianceType::Compliant, &["old-trail", "old-id"]),
            (&json!([]), ComplianceType::NonCompliant, &["old-trail", "old-id"]),
            (&json!(null), ComplianceType::NonCompliant, &["old-trail", "old-id"]),
        ] {
            let evidence: Evidence = serde_json::from_value(json!({
                "accountId": "111122223333",
                "region": "eu-west-1",
                "collectedAt": "2026-11-01T12:00:00Z",
                "trails": [],
                "discoveredTrails": discovered,
            }))
            .unwrap();
            let old = "2026-10-31T12:00:00Z";
            let rows = vec![
                earlier(EvaluatedResource::trail("old-trail"), old),
                earlier(EvaluatedResource::account("old-id"), old),
            ];
            let withdrawn = withdrawn(rows, &account_row(compliance_type), Some(&evidence), evidence.collected_at);
            assert_eq!(resources(withdrawn), expected, "{discovered} {compliance_type}");
        }
    }
}
