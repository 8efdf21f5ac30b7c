//! One trail that passes; break one thing, and the reason is that thing.

#![expect(clippy::unnecessary_wraps, reason = "an answer stands in a field that may be absent")]

use super::{
    evidence::TrailStatus,
    reasons::{Delivered, Unreadable},
    selectors::{EventSelector, EventSelectors},
    timestamp::Timestamp,
    *,
};

fn compliant() -> Evidence {
    let evidence = json!({
        "accountId": "123456789012",
        "region": "us-east-1",
        "collectedAt": "2026-11-01T12:00:00Z",
        "trails": [{
            "Name": "management-events",
            "TrailARN": "arn:aws:cloudtrail:us-east-1:123456789012:trail/management-events",
            "HomeRegion": "us-east-1",
            "S3BucketName": "trail-logs",
            "IsMultiRegionTrail": true,
            "IncludeGlobalServiceEvents": true,
            "IsOrganizationTrail": true,
            "HasCustomEventSelectors": true,
            "LogFileValidationEnabled": true,
            "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/36812ccf-daaf-49b1-a24b-0eef254ffe41",
            "SnsTopicARN": "arn:aws:sns:us-east-1:123456789012:trail",
            "CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:trail:*",
            "GetTrailStatus": {
                "IsLogging": true,
                "LatestDeliveryTime": "2026-11-01T11:00:00Z",
                "StartLoggingTime": "2026-01-01T00:00:00Z",
            },
            "GetEventSelectors": {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]},
        }],
    });
    Evidence::parse(&evidence.to_string()).unwrap()
}

/// Every requirement that the compliant trail meets.
fn demanding() -> Value {
    json!({
        "checkDelivery": "true",
        "maxDeliveryAgeHours": "1",
        "s3BucketName": "trail-logs",
        "snsTopicArn": "arn:aws:sns:us-east-1:123456789012:trail",
        "cloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:trail",
        "includeManagementEvents": "true",
        "readWriteType": "All",
        "requireLogFileValidation": "true",
        "requireKmsEncryption": "true",
        "requireCloudWatchLogs": "true",
        "requireOrganizationTrail": "true",
        "trustOrganizationTrail": "true",
        "reportingRegion": "us-east-1",
    })
}

fn parameters(rule_parameters: &Value) -> RuleParameters {
    RuleParameters::parse(&rule_parameters.clone().into(), "us-east-1").unwrap()
}

fn trail_of(evidence: &mut Evidence) -> &mut Trail {
    match &mut evidence.trails {
        Observed::Known(trails) => &mut trails[0],
        other => panic!("{other:?}"),
    }
}

fn status_of(trail: &mut Trail) -> &mut TrailStatus {
    match &mut trail.get_trail_status {
        Some(Observed::Known(status)) => status,
        other => panic!("{other:?}"),
    }
}

fn refusal(operation: &str, code: &str) -> Refusal {
    Refusal { operation: operation.to_owned(), code: code.to_owned(), home_region_code: None }
}

fn refused<T>(refused: &Refusal) -> Option<Observed<T>> {
    Some(Observed::refused(refused.clone()))
}

fn unanswered<T>(unanswered: &Refusal) -> Option<Observed<T>> {
    Some(Observed::Unanswered { unanswered: unanswered.clone() })
}

fn selectors(selectors: &Value) -> Option<Observed<EventSelectors>> {
    Some(Observed::Known(serde_json::from_value(selectors.clone()).unwrap()))
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn judged_by(rule_parameters: &Value, change: impl FnOnce(&mut Trail)) -> (TrailResult, Vec<Reason>) {
    let mut evidence = compliant();
    change(trail_of(&mut evidence));
    let verdict = judge(&evidence, &parameters(rule_parameters));
    let [judged] = &verdict.trails[..] else { panic!("{:?}", verdict.trails) };
    (judged.result, judged.reasons.clone())
}

/// The only reason, by all requirements at once.
fn broken(change: impl FnOnce(&mut Trail)) -> (TrailResult, Reason) {
    let (result, reasons) = judged_by(&demanding(), change);
    let [reason] = &reasons[..] else { panic!("{result:?} for {reasons:?}") };
    (result, reason.clone())
}

fn fails(change: impl FnOnce(&mut Trail)) -> Reason {
    let (result, reason) = broken(change);
    assert_eq!(result, TrailResult::Fail, "{reason:?}");
    reason
}

fn passes(rule_parameters: &Value, change: impl FnOnce(&mut Trail)) {
    assert_eq!(judged_by(rule_parameters, change), (TrailResult::Pass, Vec::new()));
}

#[test]
fn a_trail_that_meets_every_requirement_passes() {
    passes(&demanding(), |_| {});
}

#[test]
fn what_describe_trails_shows() {
    for claim in [Some(false), None] {
        assert_eq!(fails(|trail| trail.is_multi_region_trail = claim), Reason::SingleRegion);
    }
    assert_eq!(fails(|trail| trail.include_global_service_events = Some(false)), Reason::NoGlobalServiceEvents);
    passes(&demanding(), |trail| trail.include_global_service_events = None);
    for claim in [Some(false), None] {
        assert_eq!(fails(|trail| trail.is_organization_trail = claim), Reason::NotOrganizationTrail);
        assert_eq!(fails(|trail| trail.log_file_validation_enabled = claim), Reason::NoLogFileValidation);
    }
    for key in [None, Some(String::new())] {
        assert_eq!(fails(|trail| trail.kms_key_id = key), Reason::NoKmsEncryption);
    }
    let other = || Some("other".to_owned());
    assert_eq!(fails(|trail| trail.s3_bucket_name = other()), Reason::OtherBucket { actual: other() });
    assert_eq!(fails(|trail| trail.s3_bucket_name = None), Reason::OtherBucket { actual: None });
    assert_eq!(fails(|trail| trail.sns_topic_arn = other()), Reason::OtherTopic { actual: other() });
    assert_eq!(fails(|trail| trail.sns_topic_arn = Some(String::new())), Reason::OtherTopic { actual: None });
    assert_eq!(
        fails(|trail| trail.cloud_watch_logs_log_group_arn = other()),
        Reason::OtherLogGroup { actual: other() }
    );
    for key in [None, Some(String::new()), Some(":*".to_owned())] {
        let (result, reasons) = judged_by(&demanding(), |trail| trail.cloud_watch_logs_log_group_arn = key);
        assert_eq!(result, TrailResult::Fail);
        assert_eq!(reasons, [Reason::OtherLogGroup { actual: None }, Reason::NoCloudWatchLogs]);
    }
}

#[test]
fn what_get_trail_status_answers() {
    let denied = refusal("GetTrailStatus", "AccessDeniedException");
    let throttled = refusal("GetTrailStatus", "ThrottlingException");
    let unreadable = Reason::StatusUnreadable(Unreadable::Refused(denied.clone()));
    assert_eq!(broken(|trail| trail.get_trail_status = refused(&denied)), (TrailResult::Unknown, unreadable));
    let hidden = Reason::Unanswered(throttled.clone());
    assert_eq!(broken(|trail| trail.get_trail_status = unanswered(&throttled)), (TrailResult::Hidden, hidden));
    assert_eq!(broken(|trail| trail.get_trail_status = None).0, TrailResult::Hidden);
    let absent = broken(|trail| status_of(trail).is_logging = None);
    assert_eq!(absent, (TrailResult::Unknown, Reason::StatusUnreadable(Unreadable::NotSaid)));

    assert_eq!(fails(|trail| status_of(trail).is_logging = Some(false)), Reason::NotLogging { since: None });
    let stopped = fails(|trail| {
        let status = status_of(trail);
        status.is_logging = Some(false);
        status.stop_logging_time = Some(time("2026-10-31T00:00:00Z"));
        status.latest_delivery_error = Some("AccessDenied".to_owned());
        status.latest_delivery_time = Some(time("2026-10-31T00:00:00Z"));
    });
    assert_eq!(stopped, Reason::NotLogging { since: Some(time("2026-10-31T00:00:00Z")) });
    let failing = fails(|trail| status_of(trail).latest_delivery_error = Some(" NoSuchBucket ".to_owned()));
    let latest = Some(time("2026-11-01T11:00:00Z"));
    assert_eq!(failing, Reason::DeliveryFailing { s3_error: "NoSuchBucket".to_owned(), latest });
    for none in ["", " ", "None"] {
        passes(&demanding(), |trail| status_of(trail).latest_delivery_error = Some(none.to_owned()));
    }
}

#[test]
fn a_delivery_may_be_exactly_as_old_as_the_limit() {
    let stale = |latest: Option<&str>, max_hours| {
        let delivered = latest.map_or(Delivered::NotSinceStart, |latest| Delivered::At(time(latest)));
        Reason::DeliveryStale { delivered, max_hours }
    };
    for (hours, oldest, too_old) in [
        (1, "2026-11-01T11:00:00Z", "2026-11-01T10:59:59.999Z"),
        (168, "2026-10-25T12:00:00Z", "2026-10-25T11:59:59.999Z"),
    ] {
        let limit = json!({"maxDeliveryAgeHours": hours});
        passes(&limit, |trail| status_of(trail).latest_delivery_time = Some(time(oldest)));
        let (result, reasons) = judged_by(&limit, |trail| status_of(trail).latest_delivery_time = Some(time(too_old)));
        assert_eq!((result, &reasons[..]), (TrailResult::Fail, &[stale(Some(too_old), hours)][..]));
    }
    passes(&demanding(), |trail| status_of(trail).latest_delivery_time = Some(time("2026-11-01T13:00:00Z")));
    assert_eq!(fails(|trail| status_of(trail).latest_delivery_time = None), stale(None, 1));
    let old_and_unstarted = fails(|trail| {
        status_of(trail).start_logging_time = None;
        status_of(trail).latest_delivery_time = Some(time("2026-11-01T00:00:00Z"));
    });
    assert_eq!(old_and_unstarted, stale(Some("2026-11-01T00:00:00Z"), 1));
    let unknown = broken(|trail| {
        status_of(trail).start_logging_time = None;
        status_of(trail).latest_delivery_time = None;
    });
    assert_eq!(unknown, (TrailResult::Unknown, Reason::DeliveryStale { delivered: Delivered::NotSaid, max_hours: 1 }));
    passes(&json!({}), |trail| status_of(trail).latest_delivery_time = None);
}

#[test]
fn what_get_event_selectors_answers() {
    let denied = refusal("GetEventSelectors", "AccessDeniedException");
    let throttled = refusal("GetEventSelectors", "ThrottlingException");
    let unreadable = (TrailResult::Unknown, Reason::SelectorsUnreadable(denied.clone()));
    for has_custom in [Some(true), None] {
        let result = broken(|trail| {
            trail.has_custom_event_selectors = has_custom;
            trail.get_event_selectors = refused(&denied);
        });
        assert_eq!(result, unreadable);
        let empty = fails(|trail| {
            trail.has_custom_event_selectors = has_custom;
            trail.get_event_selectors = selectors(&json!({}));
        });
        assert_eq!(empty, Reason::NoManagementEvents);
    }
    for answer in [refused(&denied), selectors(&json!({}))] {
        passes(&demanding(), |trail| {
            trail.has_custom_event_selectors = Some(false);
            trail.get_event_selectors = answer;
        });
    }
    let hidden = (TrailResult::Hidden, Reason::Unanswered(throttled.clone()));
    assert_eq!(broken(|trail| trail.get_event_selectors = unanswered(&throttled)), hidden);
    assert_eq!(broken(|trail| trail.get_event_selectors = None).0, TrailResult::Hidden);
}

#[test]
fn what_the_selectors_leave_out() {
    let kms = "kms.amazonaws.com";
    let read = json!({"ReadWriteType": "ReadOnly"});
    let write = json!({"ReadWriteType": "WriteOnly"});
    let none = json!({"IncludeManagementEvents": false});
    let odd = json!({"ReadWriteType": "Some"});
    let excluding = json!({"ExcludeManagementEventSources": [kms, "rdsdata.amazonaws.com", kms]});
    let sources = vec![kms.to_owned(), "rdsdata.amazonaws.com".to_owned()];
    for (basic, reason) in [
        (json!([none]), Reason::NoManagementEvents),
        (json!([read, none]), Reason::ReadOnly),
        (json!([none, write]), Reason::WriteOnly),
        (json!([write, read]), Reason::SplitSelectors),
        (json!([read, odd, excluding]), Reason::ExcludedEventSources(sources)),
        (json!([read, odd]), Reason::FilteredManagementEvents(vec!["ReadWriteType `Some`".to_owned()])),
    ] {
        assert_eq!(fails(|trail| trail.get_event_selectors = selectors(&json!({"EventSelectors": basic}))), reason);
        let mut with_a_good_one = basic.clone();
        with_a_good_one.as_array_mut().unwrap().push(json!(EventSelector::default()));
        passes(&demanding(), |trail| {
            trail.get_event_selectors = selectors(&json!({"EventSelectors": with_a_good_one}));
        });
    }
    let allowing = json!({"allowedExcludedEventSources": kms});
    let (_, reasons) = judged_by(&allowing, |trail| {
        trail.get_event_selectors = selectors(&json!({"EventSelectors": [excluding]}));
    });
    assert_eq!(reasons, [Reason::ExcludedEventSources(vec!["rdsdata.amazonaws.com".to_owned()])]);
}

#[test]
fn an_own_trail_that_is_not_found_at_home_is_deleted() {
    let gone = refusal("GetTrailStatus", "TrailNotFoundException");
    assert_eq!(fails(|trail| trail.get_trail_status = refused(&gone)), Reason::Deleted);
    assert_eq!(fails(|trail| trail.get_event_selectors = refused(&gone)), Reason::Deleted);
    let elsewhere = Refusal { home_region_code: Some("AccessDeniedException".to_owned()), ..gone.clone() };
    let unreadable = (TrailResult::Unknown, Reason::StatusUnreadable(Unreadable::Refused(elsewhere.clone())));
    assert_eq!(broken(|trail| trail.get_trail_status = refused(&elsewhere)), unreadable);
    let of_another_account = judged_by(&json!({}), |trail| {
        trail.trail_arn = Some("arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events".to_owned());
        trail.get_trail_status = refused(&gone);
    });
    assert_eq!(of_another_account, (TrailResult::Unknown, vec![Reason::StatusUnreadable(Unreadable::Refused(gone))]));
}

#[test]
fn a_trail_that_cannot_be_asked_about_is_unknown() {
    let unknown = (TrailResult::Unknown, Reason::StatusUnreadable(Unreadable::NotAddressable));
    assert_eq!(broken(|trail| trail.trail_arn = None), unknown);
    assert_eq!(broken(|trail| trail.home_region = Some("no/region".to_owned())), unknown);
    passes(&demanding(), |trail| trail.home_region = None);
}

#[test]
fn trust_stands_for_refused_reads_of_another_accounts_organization_trail_only() {
    let denied = refusal("GetTrailStatus", "AccessDeniedException");
    let foreign = |trail: &mut Trail| {
        trail.trail_arn = Some("arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events".to_owned());
        trail.get_trail_status = refused(&denied);
    };
    passes(&demanding(), foreign);
    let unknown = (TrailResult::Unknown, vec![Reason::StatusUnreadable(Unreadable::Refused(denied.clone()))]);
    assert_eq!(judged_by(&json!({}), foreign), unknown);
    let trust = json!({"trustOrganizationTrail": "true"});
    assert_eq!(judged_by(&trust, |trail| trail.get_trail_status = refused(&denied)), unknown);
    for claim in [Some(false), None] {
        let result = judged_by(&trust, |trail| {
            foreign(trail);
            trail.is_organization_trail = claim;
        });
        assert_eq!(result, unknown);
    }
    let of_one_region = judged_by(&trust, |trail| {
        foreign(trail);
        trail.is_multi_region_trail = Some(false);
    });
    assert_eq!(of_one_region, (TrailResult::Fail, vec![Reason::SingleRegion]));
    for (home_region_code, result) in [
        ("AccessDeniedException", TrailResult::Pass),
        ("TimedOut", TrailResult::Hidden),
        ("ConnectionFailed", TrailResult::Hidden),
    ] {
        let at_home = Refusal { home_region_code: Some(home_region_code.to_owned()), ..denied.clone() };
        let (judged, _) = judged_by(&trust, |trail| {
            foreign(trail);
            trail.get_trail_status = refused(&at_home);
        });
        assert_eq!(judged, result, "{home_region_code}");
    }
}

type Change<'c> = &'c dyn Fn(&mut Trail);

#[test]
fn of_contradictory_descriptions_the_one_that_claims_less_is_kept() {
    let custom = |claim: Option<bool>| {
        move |trail: &mut Trail| {
            trail.has_custom_event_selectors = claim;
            trail.get_event_selectors = refused(&refusal("GetEventSelectors", "AccessDeniedException"));
        }
    };
    let claims: [(Change, Change, TrailResult); 5] = [
        (&|_| {}, &|trail| trail.is_multi_region_trail = None, TrailResult::Fail),
        (&|_| {}, &|trail| trail.include_global_service_events = Some(false), TrailResult::Fail),
        (
            &|trail| trail.include_global_service_events = None,
            &|trail| trail.include_global_service_events = Some(false),
            TrailResult::Fail,
        ),
        (&custom(Some(false)), &custom(Some(true)), TrailResult::Unknown),
        (&custom(Some(false)), &custom(None), TrailResult::Unknown),
    ];
    for (more, less, result) in claims {
        let describe = |change: Change| {
            let mut evidence = compliant();
            change(trail_of(&mut evidence));
            trail_of(&mut evidence).clone()
        };
        for trails in [[describe(more), describe(less)], [describe(less), describe(more)]] {
            let evidence = Evidence { trails: Observed::Known(trails.to_vec()), ..compliant() };
            let verdict = judge(&evidence, &RuleParameters::default());
            let results: Vec<TrailResult> = verdict.trails.iter().map(|judged| judged.result).collect();
            assert_eq!(results, [result]);
        }
    }
}

#[test]
fn the_account_is_decided_by_its_trails() {
    let account = |evidence: &Evidence, rule_parameters: &Value| {
        judge(evidence, &parameters(rule_parameters)).evaluations.map(|rows| rows[0].compliance_type)
    };
    let mut evidence = compliant();
    assert_eq!(account(&evidence, &json!({})), Ok(ComplianceType::Compliant));
    trail_of(&mut evidence).get_trail_status = unanswered(&refusal("GetTrailStatus", "TimedOut"));
    assert!(account(&evidence, &json!({})).unwrap_err().to_string().contains("GetTrailStatus TimedOut"));
    trail_of(&mut evidence).get_trail_status = refused(&refusal("GetTrailStatus", "AccessDeniedException"));
    assert_eq!(account(&evidence, &json!({})), Ok(ComplianceType::NonCompliant));
    let error = account(&evidence, &json!({"onIndeterminate": "ERROR"})).unwrap_err().to_string();
    assert!(error.contains("GetTrailStatus AccessDeniedException"), "{error}");
    let describe_trails = refusal("DescribeTrails", "AccessDeniedException");
    evidence.trails = Observed::Refused { refused: describe_trails.clone() };
    assert_eq!(account(&evidence, &json!({})), Ok(ComplianceType::NonCompliant));
    evidence.trails = Observed::Unanswered { unanswered: describe_trails };
    assert!(account(&evidence, &json!({})).is_err());
    evidence.trails = Observed::Known(Vec::new());
    assert_eq!(account(&evidence, &json!({"onIndeterminate": "ERROR"})), Ok(ComplianceType::NonCompliant));
}

#[test]
fn the_trail_that_could_not_be_verified_stands_first_and_its_call_is_not_cut() {
    let annotation = |unreadable: &str| {
        let mut evidence = compliant();
        trail_of(&mut evidence).get_trail_status = refused(&refusal("GetTrailStatus", "AccessDeniedException"));
        trail_of(&mut evidence).name = Some(unreadable.to_owned());
        let mut stopped = trail_of(&mut compliant()).clone();
        stopped.trail_arn = Some("arn:aws:cloudtrail:us-east-1:123456789012:trail/first".to_owned());
        stopped.name = Some("first".to_owned());
        status_of(&mut stopped).is_logging = Some(false);
        evidence.trails = Observed::Known(vec![trail_of(&mut evidence).clone(), stopped]);
        judge(&evidence, &RuleParameters::default()).evaluations.unwrap()[0].annotation.to_string()
    };
    assert_eq!(
        annotation("z"),
        "Could not verify: z: status unreadable (GetTrailStatus AccessDeniedException); first: logging is off"
    );
    let long = annotation(&"x".repeat(250));
    assert!(long.starts_with("Could not verify (GetTrailStatus AccessDeniedException): xxx"), "{long}");
    assert!(long.ends_with("...; +1 more"), "{long}");
}

#[test]
fn a_compliant_annotation_says_what_is_left_out_or_unchecked() {
    let annotation = |rule_parameters: &Value, excluded: &Value| {
        let mut evidence = compliant();
        let basic = json!({"EventSelectors": [{"ExcludeManagementEventSources": excluded}]});
        trail_of(&mut evidence).get_event_selectors = selectors(&basic);
        let rows = judge(&evidence, &parameters(rule_parameters)).evaluations.unwrap();
        rows[0].annotation.to_string()
    };
    let plain = annotation(&json!({}), &json!([]));
    assert!(plain.contains("management-events") && plain.contains("trail-logs"), "{plain}");
    assert!(!plain.contains("except") && !plain.contains("not checked"), "{plain}");
    let allowing =
        annotation(&json!({"allowedExcludedEventSources": "kms.amazonaws.com"}), &json!(["kms.amazonaws.com"]));
    assert!(allowing.contains("kms.amazonaws.com"), "{allowing}");
    let unchecked = annotation(&json!({"checkDelivery": "false"}), &json!([]));
    assert!(unchecked.contains("delivery not checked"), "{unchecked}");
}

#[test]
fn parameters_alone_decide_where_they_can() {
    let decided = |rule_parameters: Value, deleted: Option<&str>| -> Option<Vec<(String, ComplianceType)>> {
        let Question::Decided { evaluations, misconfigured } =
            ask(&rule_parameters.into(), "123456789012", "us-east-1", deleted)
        else {
            return None;
        };
        let is_told = evaluations[0].compliance_type == ComplianceType::NonCompliant;
        assert_eq!(misconfigured.is_some(), is_told);
        Some(evaluations.into_iter().map(|row| (row.resource.resource_id, row.compliance_type)).collect())
    };
    let account = |compliance_type| ("123456789012".to_owned(), compliance_type);
    let elsewhere = json!({"reportingRegion": "eu-central-1", "trailResults": "true"});
    let gone = ("gone".to_owned(), ComplianceType::NotApplicable);
    assert_eq!(decided(json!({}), Some("gone")), None);
    assert_eq!(decided(json!({"reportingRegion": "us-east-1"}), None), None);
    assert_eq!(decided(elsewhere.clone(), None), Some(vec![account(ComplianceType::NotApplicable)]));
    assert_eq!(decided(elsewhere, Some("gone")), Some(vec![account(ComplianceType::NotApplicable), gone]));
    let bad = json!({"trailResults": "true", "checkDelivery": "maybe"});
    assert_eq!(decided(bad, Some("gone")), Some(vec![account(ComplianceType::NonCompliant)]));
    let bad_elsewhere = json!({"reportingRegion": "eu-central-1", "checkDelivery": "maybe"});
    assert_eq!(decided(bad_elsewhere, Some("gone")), Some(vec![account(ComplianceType::NotApplicable)]));
}

#[test]
fn the_definition_asks_for_schedules_and_changes_of_trails() {
    let function_arn = "arn:aws:lambda:us-east-1:123456789012:function:cloudtrail";
    let definition = definition("trails", function_arn, InputParameters::default());
    assert_eq!(definition["ConfigRuleName"], "trails");
    assert_eq!(definition["Scope"]["ComplianceResourceTypes"], json!(["AWS::CloudTrail::Trail"]));
    assert_eq!(definition["Source"]["SourceIdentifier"], function_arn);
    let message_types = definition["Source"]["SourceDetails"].as_array().unwrap();
    assert!(message_types.iter().any(|detail| detail["MessageType"] == "ScheduledNotification"), "{definition}");
}
