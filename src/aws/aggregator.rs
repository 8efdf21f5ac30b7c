//! AWS Config's aggregators: what the rule came to in many accounts, read back from one.

use aws_sdk_config::types::{
    AggregateComplianceByConfigRule, AggregatedSourceStatusType, ComplianceType as SdkComplianceType,
    ConfigRuleComplianceFilters,
};

use super::{
    answers::{pages, timestamp},
    connections::Session,
    fault::CallError,
};
use crate::{
    report::aggregate::{Annotated, Row, Source},
    rule::evaluation::{ComplianceType, EvaluatedResource},
};

/// The names of the aggregators of the session's account and Region.
///
/// # Errors
/// They cannot all be read.
pub async fn aggregators(session: &Session<'_>) -> Result<Vec<String>, CallError> {
    const OPERATION: &str = "DescribeConfigurationAggregators";
    let client = session.clients(&session.region).config;
    let mut names = Vec::new();
    pages(OPERATION, async |token| {
        let request = client.describe_configuration_aggregators().limit(100).set_next_token(token);
        let page = session.call(OPERATION, &session.region, "", request.send()).await?;
        let found = page.configuration_aggregators.unwrap_or_default();
        names.extend(found.into_iter().filter_map(|aggregator| aggregator.configuration_aggregator_name));
        Ok(page.next_token)
    })
    .await?;
    Ok(names)
}

/// The sources of which an aggregator has nothing, or nothing new.
///
/// # Errors
/// They cannot all be read.
pub async fn failing_sources(session: &Session<'_>, aggregator: &str) -> Result<Vec<Source>, CallError> {
    const OPERATION: &str = "DescribeConfigurationAggregatorSourcesStatus";
    let client = session.clients(&session.region).config;
    let mut sources = Vec::new();
    pages(OPERATION, async |token| {
        let request = client
            .describe_configuration_aggregator_sources_status()
            .configuration_aggregator_name(aggregator)
            .update_status(AggregatedSourceStatusType::Failed)
            .update_status(AggregatedSourceStatusType::Outdated)
            .limit(100)
            .set_next_token(token);
        let page = session.call(OPERATION, &session.region, aggregator, request.send()).await?;
        for status in page.aggregated_source_status_list.unwrap_or_default() {
            sources.push(Source {
                id: status.source_id.unwrap_or_default(),
                region: status.aws_region,
                status: status.last_update_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
                error_code: status.last_error_code.filter(|code| !code.is_empty()),
            });
        }
        Ok(page.next_token)
    })
    .await?;
    Ok(sources)
}

/// What the rule of this name came to in each account and Region that the aggregator knows.
///
/// # Errors
/// It cannot all be read.
pub async fn rows(session: &Session<'_>, aggregator: &str, config_rule_name: &str) -> Result<Vec<Row>, CallError> {
    const OPERATION: &str = "DescribeAggregateComplianceByConfigRules";
    let client = session.clients(&session.region).config;
    let mut rows = Vec::new();
    pages(OPERATION, async |token| {
        let request = client
            .describe_aggregate_compliance_by_config_rules()
            .configuration_aggregator_name(aggregator)
            .filters(ConfigRuleComplianceFilters::builder().config_rule_name(config_rule_name).build())
            .limit(1000)
            .set_next_token(token);
        let page = session.call(OPERATION, &session.region, aggregator, request.send()).await?;
        let found = page.aggregate_compliance_by_config_rules.unwrap_or_default();
        rows.extend(found.into_iter().filter_map(|found| row(found, config_rule_name)));
        Ok(page.next_token)
    })
    .await?;
    Ok(rows)
}

/// The row, if it is of the rule of this name and says whose it is.
fn row(found: AggregateComplianceByConfigRule, config_rule_name: &str) -> Option<Row> {
    let config_rule_name = found.config_rule_name.filter(|name| name == config_rule_name)?;
    let compliance_type = found.compliance.and_then(|found| of_sdk(found.compliance_type.as_ref()?));
    Some(Row { account_id: found.account_id?, region: found.aws_region?, config_rule_name, compliance_type })
}

/// Why, and since when, where the rule evaluated the account; none where the aggregator keeps no such result.
///
/// # Errors
/// It cannot be read.
pub async fn annotated(session: &Session<'_>, aggregator: &str, row: &Row) -> Result<Option<Annotated>, CallError> {
    const OPERATION: &str = "GetAggregateComplianceDetailsByConfigRule";
    let client = session.clients(&session.region).config;
    let mut found = None;
    pages(OPERATION, async |token| {
        let request = client
            .get_aggregate_compliance_details_by_config_rule()
            .configuration_aggregator_name(aggregator)
            .config_rule_name(&row.config_rule_name)
            .account_id(&row.account_id)
            .aws_region(&row.region)
            .limit(100)
            .set_next_token(token);
        let page = session.call(OPERATION, &session.region, &row.account_id, request.send()).await?;
        let account = EvaluatedResource::account(&row.account_id);
        for result in page.aggregate_evaluation_results.unwrap_or_default() {
            let of = result.evaluation_result_identifier.and_then(|of| of.evaluation_result_qualifier);
            let is_account = of.is_some_and(|of| {
                of.resource_type.as_deref() == Some(&account.resource_type)
                    && of.resource_id.as_deref() == Some(&account.resource_id)
            });
            if is_account {
                found = Some(Annotated {
                    compliance_type: result.compliance_type.as_ref().and_then(of_sdk),
                    annotation: result.annotation,
                    result_recorded_time: result.result_recorded_time.and_then(timestamp),
                });
            }
        }
        Ok(page.next_token)
    })
    .await?;
    Ok(found)
}

/// None for `INSUFFICIENT_DATA`: there is no verdict.
fn of_sdk(compliance_type: &SdkComplianceType) -> Option<ComplianceType> {
    match compliance_type {
        SdkComplianceType::Compliant => Some(ComplianceType::Compliant),
        SdkComplianceType::NonCompliant => Some(ComplianceType::NonCompliant),
        SdkComplianceType::NotApplicable => Some(ComplianceType::NotApplicable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_config::types::Compliance;

    use super::*;

    #[test]
    fn a_row_of_another_rule_or_of_nobody_is_none_whatever_the_filter_let_through() {
        let of = |name: Option<&str>, account: Option<&str>| {
            let compliance = Compliance::builder().compliance_type(SdkComplianceType::Compliant).build();
            let found = AggregateComplianceByConfigRule::builder()
                .set_config_rule_name(name.map(str::to_owned))
                .set_account_id(account.map(str::to_owned))
                .aws_region("us-east-1")
                .compliance(compliance);
            row(found.build(), "trails").and_then(|row| row.compliance_type)
        };
        assert_eq!(of(Some("trails"), Some("111122223333")), Some(ComplianceType::Compliant));
        for (name, account) in
            [(Some("trails-old"), Some("111122223333")), (None, Some("111122223333")), (Some("trails"), None)]
        {
            assert_eq!(of(name, account), None, "{name:?} {account:?}");
        }
    }
}
