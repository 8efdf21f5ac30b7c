//! Collect: live calls to CloudTrail become evidence.

use aws_sdk_cloudtrail::{operation::get_trail_status::GetTrailStatusOutput, types as sdk};
use aws_smithy_types::DateTime;
use futures_util::future::{join_all, try_join};

use super::{
    answers::{SelectorsInBody, timestamp},
    connections::Session,
    fault::{CallError, Fault},
};
use crate::{
    error::chain,
    rule::{
        evidence::{Observed, Trail, TrailStatus, list_each_trail_once},
        selectors::EventSelectors,
    },
};

/// What was collected, and each error met on the way, with its whole chain.
#[derive(Debug)]
pub struct Collected {
    /// Every trail that the rule's Region shows, each once; multi-Region trails with their live answers.
    pub trails: Observed<Vec<Trail>>,
    /// One line an error.
    pub warnings: Vec<String>,
}

/// Reads the trails that the rule's Region shows, shadow trails included, and the status and selectors of every
/// multi-Region trail, all at once.
///
/// # Errors
/// Our own fault, such as expired credentials. Every other error becomes part of the evidence.
pub async fn collect(session: &Session<'_>) -> Result<Collected, CallError> {
    let mut collected = describe(session).await?;
    ask(session, &mut collected).await?;
    Ok(collected)
}

/// Reads the trails that the rule's Region shows, without asking about them.
pub(super) async fn describe(session: &Session<'_>) -> Result<Collected, CallError> {
    match describe_trails(session).await {
        Ok(mut trails) => {
            list_each_trail_once(&mut trails);
            Ok(Collected { trails: Observed::Known(trails), warnings: Vec::new() })
        }
        Err(error) => {
            let warnings = vec![chain(&error)];
            Ok(Collected { trails: error.withheld(None)?, warnings })
        }
    }
}

/// Asks for the status and selectors of every multi-Region trail that was read, all at once.
pub(super) async fn ask(session: &Session<'_>, collected: &mut Collected) -> Result<(), CallError> {
    let Observed::Known(trails) = &mut collected.trails else { return Ok(()) };
    let calls = 2 * trails.iter().filter(|trail| trail.is_multi_region()).count();
    let answers = join_all(trails.iter().map(|trail| ask_about(session, trail, calls))).await;
    for (trail, answer) in trails.iter_mut().zip(answers) {
        let Some((status, selectors)) = answer? else { continue };
        collected.warnings.extend(status.errors);
        collected.warnings.extend(selectors.errors);
        trail.get_trail_status = Some(status.observed);
        trail.get_event_selectors = Some(selectors.observed);
    }
    Ok(())
}

/// What a trail's call came to, in its home Region and then in the rule's.
struct Asked<T> {
    observed: Observed<T>,
    errors: Vec<String>,
}

type Answers = (Asked<TrailStatus>, Asked<EventSelectors>);

async fn ask_about(session: &Session<'_>, trail: &Trail, calls: usize) -> Result<Option<Answers>, CallError> {
    let (Some(arn), Some(home_region), true) = (trail.known_arn(), trail.home_region(), trail.is_multi_region()) else {
        return Ok(None);
    };
    let is_own = trail.is_owned_by(&session.account_id);
    let status =
        ask_at_home(session, home_region, is_own, async |region| get_trail_status(session, region, arn, calls).await);
    let selectors = ask_at_home(session, home_region, is_own, async |region| {
        get_event_selectors(session, region, arn, calls).await
    });
    try_join(status, selectors).await.map(Some)
}

/// Asks in the home Region; on a permanent refusal there, or when it cannot be reached, once more in the rule's Region.
/// That an own trail's home Region does not know it is final.
async fn ask_at_home<T>(
    session: &Session<'_>,
    home_region: &str,
    is_own: bool,
    call: impl AsyncFn(&str) -> Result<T, CallError>,
) -> Result<Asked<T>, CallError> {
    let first = match call(home_region).await {
        Ok(answer) => return Ok(Asked { observed: Observed::Known(answer), errors: Vec::new() }),
        Err(error) => error,
    };
    let mut errors = vec![format!("in {home_region}: {}", chain(&first))];
    let is_final = is_own && first.code == "TrailNotFoundException";
    let may_be_asked_here = matches!(first.fault, Fault::Permanent | Fault::Unreachable);
    if is_final || !may_be_asked_here || home_region == session.region {
        return Ok(Asked { observed: first.withheld(None)?, errors });
    }
    match call(&session.region).await {
        Ok(answer) => Ok(Asked { observed: Observed::Known(answer), errors }),
        Err(second) => {
            errors.push(format!("in {}: {}", session.region, chain(&second)));
            Ok(Asked { observed: second.withheld(Some(first.code))?, errors })
        }
    }
}

async fn describe_trails(session: &Session<'_>) -> Result<Vec<Trail>, CallError> {
    const OPERATION: &str = "DescribeTrails";
    let client = session.clients(&session.region).cloudtrail;
    let request = client.describe_trails().include_shadow_trails(true);
    let answer = session.call(OPERATION, &session.region, "", request.send()).await?;
    let trails = answer.trail_list.ok_or_else(|| CallError::unparsable(OPERATION, "no trailList"))?;
    Ok(trails.into_iter().map(trail).collect())
}

async fn get_trail_status(
    session: &Session<'_>,
    region: &str,
    arn: &str,
    calls: usize,
) -> Result<TrailStatus, CallError> {
    const OPERATION: &str = "GetTrailStatus";
    let client = session.clients(region).cloudtrail;
    let request = client.get_trail_status().name(arn).customize().config_override(session.spread_over(calls));
    trail_status(session.call(OPERATION, region, arn, request.send()).await?)
}

/// What `GetTrailStatus` answered.
pub(super) fn trail_status(answer: GetTrailStatusOutput) -> Result<TrailStatus, CallError> {
    const OPERATION: &str = "GetTrailStatus";
    let time = |time: Option<DateTime>| {
        let known = time.and_then(timestamp);
        if known.is_none() && time.is_some() {
            return Err(CallError::unparsable(OPERATION, "a time is out of range"));
        }
        Ok(known)
    };
    Ok(TrailStatus {
        is_logging: answer.is_logging,
        latest_delivery_error: answer.latest_delivery_error,
        latest_delivery_time: time(answer.latest_delivery_time)?,
        latest_digest_delivery_time: time(answer.latest_digest_delivery_time)?,
        start_logging_time: time(answer.start_logging_time)?,
        stop_logging_time: time(answer.stop_logging_time)?,
    })
}

async fn get_event_selectors(
    session: &Session<'_>,
    region: &str,
    arn: &str,
    calls: usize,
) -> Result<EventSelectors, CallError> {
    const OPERATION: &str = "GetEventSelectors";
    let client = session.clients(region).cloudtrail;
    let selectors = SelectorsInBody::of(arn);
    let request = client.get_event_selectors().trail_name(arn).customize();
    let request = request.config_override(session.spread_over(calls)).interceptor(selectors.clone());
    session.call(OPERATION, region, arn, request.send()).await?;
    selectors.take().ok_or_else(|| CallError::unparsable(OPERATION, "no body"))
}

fn trail(trail: sdk::Trail) -> Trail {
    Trail {
        is_multi_region_trail: trail.is_multi_region_trail,
        trail_arn: trail.trail_arn,
        name: trail.name,
        home_region: trail.home_region,
        s3_bucket_name: trail.s3_bucket_name,
        s3_key_prefix: trail.s3_key_prefix,
        include_global_service_events: trail.include_global_service_events,
        is_organization_trail: trail.is_organization_trail,
        has_custom_event_selectors: trail.has_custom_event_selectors,
        log_file_validation_enabled: trail.log_file_validation_enabled,
        kms_key_id: trail.kms_key_id,
        sns_topic_arn: trail.sns_topic_arn,
        cloud_watch_logs_log_group_arn: trail.cloud_watch_logs_log_group_arn,
        get_trail_status: None,
        get_event_selectors: None,
        delivery: None,
    }
}
