//! The way of a request to its operation.

use serde_json::{Map, Value};

use super::{
    account, aggregator, cloudtrail, config, config_rules, digests,
    faults::FailingRows,
    identity::Caller,
    model::Operation,
    organizations, s3, sts,
    wire::{Encoded, ErrorAnswer, Request, Service},
    world::World,
};

/// The answer to a request as it goes out, faults aside.
pub(super) fn encoded(
    world: &mut World,
    request: &Request,
    caller: Result<&Caller, &ErrorAnswer>,
    failing: Option<&FailingRows>,
    request_id: &str,
) -> Encoded {
    let answered = answer(world, request, caller, failing);
    match answered {
        Ok(Answer::Value(value)) => {
            if let Ok(caller) = caller {
                digests::record(world, request, caller, request_id);
            }
            Encoded::new(request, Ok(value), request_id)
        }
        Ok(Answer::OfS3(operation, caller, input)) => s3::encoded(world, request, caller, operation, input, request_id),
        Err(error) => Encoded::new(request, Err(error), request_id),
    }
}

/// An answer: a document, or what S3 answers in its own forms.
enum Answer<'r> {
    Value(Value),
    OfS3(Operation, &'r Caller, &'r Map<String, Value>),
}

fn answer<'r>(
    world: &mut World,
    request: &'r Request,
    caller: Result<&'r Caller, &ErrorAnswer>,
    failing: Option<&FailingRows>,
) -> Result<Answer<'r>, ErrorAnswer> {
    let name = &request.operation_name;
    let named = request.service.and_then(|service| Some((service, Operation::named(service, name)?)));
    let Some((service, operation)) = named else {
        return Err(ErrorAnswer::common(request.service, "UnknownOperationException", "Unknown operation"));
    };
    let caller = caller.map_err(Clone::clone)?;
    let Some(input) = &request.input else {
        return Err(ErrorAnswer::common(Some(service), "SerializationException", "The body cannot be read"));
    };
    if service == Service::CloudTrail && !takes_another_read(world, caller) {
        return Err(ErrorAnswer::common(Some(service), "ThrottlingException", "Rate exceeded"));
    }
    operation.check(service, input)?;
    let value = match operation {
        Operation::DescribeTrails => cloudtrail::describe_trails(world, caller, input),
        Operation::GetTrailStatus => cloudtrail::get_trail_status(world, caller, input),
        Operation::GetEventSelectors => cloudtrail::get_event_selectors(world, caller, input),
        Operation::ListPublicKeys => Ok(cloudtrail::list_public_keys(world, caller, input)),
        Operation::ListRegions => Ok(account::list_regions(world, caller, input)),
        Operation::HeadBucket | Operation::ListObjectsV2 | Operation::GetObject => {
            return Ok(Answer::OfS3(operation, caller, input));
        }
        Operation::PutEvaluations => config::put_evaluations(world, caller, input, failing),
        Operation::GetComplianceDetailsByConfigRule => config::get_compliance_details(world, caller, input),
        Operation::ListDiscoveredResources => config::list_discovered_resources(world, caller, input),
        Operation::DescribeConfigRules => config_rules::describe_config_rules(world, caller, input),
        Operation::DescribeConfigRuleEvaluationStatus => config_rules::describe_evaluation_status(world, caller, input),
        Operation::DescribeConfigurationRecorderStatus => Ok(config_rules::describe_recorder_status(world, caller)),
        Operation::DescribeConfigurationAggregators => aggregator::describe(world, caller, input),
        Operation::DescribeConfigurationAggregatorSourcesStatus => aggregator::sources(world, caller, input),
        Operation::DescribeAggregateComplianceByConfigRules => aggregator::compliance(world, caller, input),
        Operation::GetAggregateComplianceDetailsByConfigRule => aggregator::details(world, caller, input),
        Operation::DescribeOrganization => organizations::describe_organization(world),
        Operation::ListAccounts => organizations::list_accounts(world, caller, input),
        Operation::ListRoots => organizations::list_roots(world, caller),
        Operation::ListAccountsForParent => organizations::list_accounts_for_parent(world, caller, input),
        Operation::ListOrganizationalUnitsForParent => organizations::list_units_for_parent(world, caller, input),
        Operation::AssumeRole => sts::assume_role(world, caller, input),
        Operation::GetCallerIdentity => Ok(sts::get_caller_identity(caller)),
    };
    value.map(Answer::Value)
}

/// A bucket of a second's reads, filled continuously.
fn takes_another_read(world: &mut World, caller: &Caller) -> bool {
    let Some(rate) = world.rate_limit.map(f64::from) else { return true };
    let now = world.clock.time();
    let place = (caller.account.clone(), caller.region.clone());
    let (tokens, filled_at) = world.allowances.entry(place).or_insert((rate, now));
    *tokens = rate.min(*tokens + now.duration_since(*filled_at).unwrap_or_default().as_secs_f64() * rate);
    *filled_at = now;
    let is_allowed = *tokens >= 1.0;
    if is_allowed {
        *tokens -= 1.0;
    }
    is_allowed
}
