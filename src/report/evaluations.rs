//! What `PutEvaluations` would be sent, but for the result token, which only an invocation has.

use std::io::{self, Write};

use serde_json::json;

use super::{json, reports::Reports};

/// The rows of all accounts; none for an account without verdict, so that an earlier result stands.
pub(super) fn render(reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    let rows = reports.shown().flat_map(|report| {
        report.evaluations.iter().map(|row| {
            json!({
                "ComplianceResourceType": row.resource.resource_type,
                "ComplianceResourceId": row.resource.resource_id,
                "ComplianceType": row.compliance_type,
                "Annotation": row.annotation,
                "OrderingTimestamp": report.collected_at,
            })
        })
    });
    json::pretty(&json!({"Evaluations": rows.collect::<Vec<_>>()}), out)
}
