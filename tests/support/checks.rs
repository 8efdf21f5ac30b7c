//! What must hold for any input. One function a fuzz target; each panics where it does not hold.

use std::{collections::BTreeSet, error::Error, io::Read as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloudtrail_all_regions::{
    invocation::{EvaluationMode, Invocation, MessageType, Subject},
    rule::{
        Question, ask,
        delivery::{Signature, evidence::DigestObject, key::Place},
        digest::{open, previous_key},
        evaluation::{ComplianceType, EvaluatedResource, Evaluation},
        evidence::{Evidence, Observed, Trail, TrailStatus},
        json::may_name_a_member_twice,
        judge,
        management_events::ManagementEvents,
        parameters::{
            EXCLUDABLE_EVENT_SOURCES, InputParameters, OnIndeterminate, PARAMETERS, RuleParameters, log_group_arn,
        },
        reasons::TrailResult,
        region,
        selectors::{AdvancedEventSelector, EventSelector, EventSelectors, FieldSelector, Unknown},
        timestamp::Timestamp,
    },
};
use flate2::{Compression, read::GzEncoder};
use serde_json::{Map, Value, json};

use crate::oracle;

/// Whatever lies in a bucket under the key of a digest file: it is opened within limits, or refused, and never taken for
/// signed.
///
/// # Panics
/// Where that does not hold.
pub fn digest(data: &[u8]) {
    let place = Place {
        bucket: "trail-logs",
        prefix: "",
        account_id: "111122223333",
        region: "us-east-2",
        trail: "audit",
        home_region: "us-east-2",
    };
    let end = Timestamp::from_epoch_milliseconds(1_440_093_691_000).unwrap();
    let key = place.digest_key(&place.root(None), end);
    let metadata = [("signature", "00ff"), ("signature-algorithm", "SHA256withRSA")];
    let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned()));
    // What a fuzzer changes seldom stays a gzip file.
    let mut packed = Vec::new();
    GzEncoder::new(data, Compression::fast()).read_to_end(&mut packed).unwrap();
    for bytes in [data, &packed[..]] {
        let object = DigestObject {
            last_modified: None,
            metadata: metadata.clone().into_iter().collect(),
            body: Some(STANDARD.encode(bytes)),
        };
        let previous = previous_key(&object, &key, &place);
        match open(&object, &key, &place, None) {
            Ok(digest) => {
                assert_eq!((digest.signature, digest.end.to_second()), (Signature::NotChecked, end));
                let named = digest.previous.map(|previous| previous.key);
                assert!(previous.is_none() || previous == named);
            }
            Err(flaw) => assert!(previous.is_none() && !flaw.to_string().is_empty()),
        }
        // A key that is listed for no time signs nothing.
        let opened = open(&object, &key, &place, Some(&[]));
        assert!(!opened.is_ok_and(|digest| digest.signature == Signature::Good));
    }
}

/// An event is taken soundly or refused; what is said of it does not depend on the result token.
///
/// # Panics
/// Where that does not hold.
pub fn event(data: &[u8]) {
    let Ok(payload) = serde_json::from_slice::<Value>(data) else { return };
    let said = said_of(&payload);
    let Value::Object(fields) = &payload else { return };
    let has = |name: &&str| fields.get(*name).is_some_and(|value| !value.is_null());
    let is_other = !["resultToken", "invokingEvent", "configRuleArn", "accountId"].iter().any(has);
    assert_eq!(said.contains("not the event that AWS Config sends"), is_other, "{said}");
    if is_other {
        return;
    }
    let with = |name: &str, value: Value| {
        let mut fields = fields.clone();
        fields.insert(name.to_owned(), value);
        Value::Object(fields)
    };
    match fields.get("resultToken") {
        Some(Value::String(token)) if !token.trim().is_empty() => {
            assert_eq!(said, said_of(&with("resultToken", json!("another token"))));
        }
        None | Some(Value::Null | Value::String(_)) => assert!(said.contains("resultToken")),
        // Of a token that is no text its kind is told.
        Some(Value::Bool(token)) => assert_eq!(said, said_of(&with("resultToken", json!(!token)))),
        Some(Value::Number(_)) => assert_eq!(said, said_of(&with("resultToken", json!(98_765)))),
        Some(Value::Array(_)) => assert_eq!(said, said_of(&with("resultToken", json!([98_765])))),
        Some(Value::Object(_)) => assert_eq!(said, said_of(&with("resultToken", json!({"another": "token"})))),
    }
    assert_eq!(said, said_of(&with("aFieldThatAwsAddsLater", json!({"a": [null]}))));

    let Ok(invocation) = Invocation::parse(payload.clone()) else { return };
    let account_id = invocation.account_id();
    assert!(account_id.len() == 12 && account_id.bytes().all(|byte| byte.is_ascii_digit()));
    assert!(region::is_well_formed(invocation.region()));
    let arn_start = format!("arn:{}:config:{}:{account_id}:config-rule/", invocation.partition(), invocation.region());
    assert!(invocation.config_rule_arn().starts_with(&arn_start));
    assert_eq!(Some(invocation.result_token().expose()), fields["resultToken"].as_str());
    let ordering_timestamp = invocation.ordering_timestamp();
    assert_eq!(Timestamp::parse(&ordering_timestamp.to_string()), Ok(ordering_timestamp));
    subject(&invocation);

    let invoking_event = fields["invokingEvent"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    // Floating point numbers may change when they are printed and read again.
    let is_stable =
        |object: &Value| serde_json::from_str::<Value>(&object.to_string()).is_ok_and(|same| same == *object);
    if let Some(object) = invoking_event.filter(is_stable) {
        assert_eq!(Invocation::parse(with("invokingEvent", object)).ok(), Some(invocation));
    }
}

fn said_of(payload: &Value) -> String {
    match Invocation::parse(payload.clone()) {
        Ok(invocation) => format!("{invocation:?}"),
        Err(error) => {
            let mut said = format!("{error:?}: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                said = format!("{said}: {cause}");
                source = cause.source();
            }
            said
        }
    }
}

fn subject(invocation: &Invocation) {
    let is_change = match invocation.message_type() {
        MessageType::ScheduledNotification | MessageType::ConfigurationSnapshotDeliveryCompleted => false,
        MessageType::ConfigurationItemChangeNotification
        | MessageType::OversizedConfigurationItemChangeNotification => true,
    };
    match invocation.subject() {
        Subject::Account { withdraw, trail } => {
            assert_eq!(invocation.evaluation_mode(), EvaluationMode::Detective);
            assert_eq!(*withdraw, !is_change);
            assert!(trail.is_none() || is_change);
            assert!(trail.as_ref().is_none_or(|trail| !trail.resource_id.trim().is_empty()));
        }
        Subject::NotApplicable { resource_type, resource_id, .. } => {
            assert!(is_change && !resource_type.trim().is_empty() && !resource_id.trim().is_empty());
            let is_proactive = invocation.evaluation_mode() == EvaluationMode::Proactive;
            assert!(is_proactive || resource_type != EvaluatedResource::TRAIL);
            assert_ne!(resource_type, EvaluatedResource::ACCOUNT);
        }
        Subject::Nothing => assert!(is_change),
    }
}

/// Parameters are taken or refused by name, each for itself, whatever JSON they come in.
///
/// # Panics
/// Where that does not hold.
pub fn parameters(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let as_value: Option<Value> = serde_json::from_str(text).ok();
    for rule_region in ["us-east-1", "cn-north-1", "us-future-1"] {
        let as_text = parameters_are_sound(&InputParameters::from_text(text), rule_region);
        let Some(value) = &as_value else { continue };
        let parsed = parameters_are_sound(&InputParameters::from(value.clone()), rule_region);
        if let Value::Object(members) = value {
            assert!(parsed == as_text || may_name_a_member_twice(data), "{parsed:?} {as_text:?}");
            each_parameter_stands_for_itself(members, &parsed, rule_region);
        }
    }
}

type Parsed = Result<RuleParameters, cloudtrail_all_regions::rule::parameters::Misconfigured>;

fn parameters_are_sound(given: &InputParameters, rule_region: &str) -> Parsed {
    let parsed = RuleParameters::parse(given, rule_region);
    let valid = match &parsed {
        Ok(valid) => valid,
        Err(misconfigured) => {
            assert!(!misconfigured.problems.is_empty());
            assert!(misconfigured.to_string().starts_with("Rule misconfigured: "));
            let names = || PARAMETERS.iter().map(|parameter| parameter.name).chain(["ruleParameters"]);
            for problem in &misconfigured.problems {
                let is_named = |name: &str| {
                    problem.starts_with(&format!("{name} is `")) || problem.ends_with(&format!("nearest is {name}"))
                };
                assert!(problem.ends_with(" is no parameter") || names().any(is_named), "{problem}");
            }
            &misconfigured.valid
        }
    };
    assert!(valid.max_delivery_age_hours.is_none_or(|hours| (1..=168).contains(&hours)));
    let is_excludable = |source: &String| EXCLUDABLE_EVENT_SOURCES.contains(&source.as_str());
    assert!(valid.allowed_excluded_event_sources.iter().all(is_excludable));
    assert!(valid.s3_bucket_name.as_ref().is_none_or(|bucket| !bucket.is_empty() && bucket.trim() == bucket));
    if let Some(reporting_region) = &valid.reporting_region {
        let partition = region::partition(reporting_region);
        assert!(partition.is_some());
        assert!(region::partition(rule_region).is_none_or(|own| Some(own) == partition));
    }
    let decided = match ask(given, "123456789012", rule_region, Some("gone")) {
        Question::Decided { evaluations, misconfigured } => {
            assert!(misconfigured.is_none() || misconfigured == parsed.clone().err());
            Some(evaluations)
        }
        Question::Read(parameters) => {
            assert_eq!(Ok(parameters), parsed);
            None
        }
    };
    let compliance_type = match &valid.reporting_region {
        Some(reporting_region) if reporting_region != rule_region => Some(ComplianceType::NotApplicable),
        _ => parsed.is_err().then_some(ComplianceType::NonCompliant),
    };
    let account = decided.as_ref().map(|rows| rows[0].clone());
    assert_eq!(account.map(|row| row.compliance_type), compliance_type);
    annotations_are_legal(decided.iter().flatten());
    parsed
}

fn each_parameter_stands_for_itself(members: &Map<String, Value>, parsed: &Parsed, rule_region: &str) {
    let parse = |members: Map<String, Value>| RuleParameters::parse(&InputParameters::ByName(members), rule_region);
    let alone = |(name, value): (&String, &Value)| parse(Map::from_iter([(name.clone(), value.clone())]));
    let is_good = |member: &(&String, &Value)| alone(*member).is_ok();
    let good: Map<String, Value> =
        members.iter().filter(is_good).map(|(name, value)| (name.clone(), value.clone())).collect();
    let problems: Vec<String> =
        members.iter().filter_map(|member| alone(member).err()).flat_map(|bad| bad.problems).collect();
    let of_the_good = parse(good.clone());
    match parsed {
        Ok(valid) => assert_eq!(of_the_good.as_ref(), Ok(valid)),
        Err(misconfigured) => {
            assert_eq!(of_the_good.as_ref(), Ok(&*misconfigured.valid));
            assert_eq!(misconfigured.problems, problems);
        }
    }
    let as_text = |value: &Value| match value {
        Value::String(text) => json!(format!(" {text}\n")),
        Value::Bool(_) | Value::Number(_) => json!(value.to_string()),
        other => other.clone(),
    };
    let as_texts = good.iter().map(|(name, value)| (name.clone(), as_text(value))).collect();
    assert_eq!(parse(as_texts), of_the_good);
}

/// Evidence that parses is written and read back the same; whatever it says, the verdict on it is sound.
///
/// # Panics
/// Where that does not hold.
pub fn evidence(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let evidence = match Evidence::parse(text) {
        Ok(evidence) => evidence,
        Err(error) => return assert!(!error.problem.is_empty()),
    };
    let written = serde_json::to_string(&evidence).unwrap();
    assert_eq!(Evidence::parse(&written).as_ref(), Ok(&evidence));
    for parameters in parameter_sets(&evidence) {
        verdict_is_sound(&evidence, &parameters);
    }
    a_passing_trail_is_enough(evidence);
}

fn parameter_sets(evidence: &Evidence) -> [RuleParameters; 4] {
    let default = RuleParameters::default;
    let of_first = |field: fn(&Trail) -> &Option<String>| {
        let first = evidence.trails.known().and_then(|trails| trails.first());
        first.and_then(|trail| field(trail).clone()).filter(|value| !value.is_empty())
    };
    let log_group = of_first(|trail| &trail.cloud_watch_logs_log_group_arn)
        .map(|arn| log_group_arn(&arn).to_owned())
        .filter(|arn| !arn.is_empty() && log_group_arn(arn) == arn);
    [
        default(),
        RuleParameters {
            check_delivery: false,
            allowed_excluded_event_sources: EXCLUDABLE_EVENT_SOURCES.map(str::to_owned).to_vec(),
            trust_organization_trail: true,
            trail_results: true,
            ..default()
        },
        RuleParameters {
            max_delivery_age_hours: Some(24),
            require_log_file_validation: true,
            require_kms_encryption: true,
            require_cloud_watch_logs: true,
            require_organization_trail: true,
            trail_results: true,
            ..default()
        },
        RuleParameters {
            s3_bucket_name: of_first(|trail| &trail.s3_bucket_name),
            sns_topic_arn: of_first(|trail| &trail.sns_topic_arn),
            cloud_watch_logs_log_group_arn: log_group,
            on_indeterminate: OnIndeterminate::Error,
            ..default()
        },
    ]
}

fn verdict_is_sound(evidence: &Evidence, parameters: &RuleParameters) {
    let verdict = judge(evidence, parameters);
    for judged in &verdict.trails {
        let as_json = serde_json::to_value(judged.trail).unwrap();
        let now = evidence.collected_at.epoch_milliseconds();
        let by_the_oracle = oracle::trail(&as_json, parameters, &evidence.account_id, now);
        let is_addressable = judged.trail.trail_arn.is_some() && judged.trail.home_region().is_some();
        assert!(is_addressable || judged.result != TrailResult::Pass, "{as_json}");
        // The oracle takes the ARN and the Region to be well-formed.
        if is_addressable && judged.trail.owner_account_id().is_some() {
            assert_eq!(judged.result, by_the_oracle, "{as_json}");
        }
        assert_eq!(judged.result == TrailResult::Pass, judged.reasons.is_empty());
        passes_only_if_every_event_is_taken(judged.trail, judged.result, parameters);
    }

    let any = |result: TrailResult| verdict.trails.iter().any(|judged| judged.result == result);
    let account = match &evidence.trails {
        Observed::Unanswered { .. } => None,
        Observed::Known(_) if any(TrailResult::Pass) => Some(ComplianceType::Compliant),
        Observed::Known(_) if any(TrailResult::Hidden) => None,
        Observed::Known(_) if !any(TrailResult::Unknown) => Some(ComplianceType::NonCompliant),
        _ if parameters.on_indeterminate == OnIndeterminate::Error => None,
        _ => Some(ComplianceType::NonCompliant),
    };
    match (&verdict.evaluations, account) {
        (Ok(rows), Some(account)) => {
            assert_eq!(rows[0].resource, EvaluatedResource::account(&evidence.account_id));
            assert_eq!(rows[0].compliance_type, account);
            annotations_are_legal(rows);
            trail_rows_are_sound(&rows[1..], account, evidence, parameters);
        }
        (evaluations, account) => {
            assert!(evaluations.is_err() && account.is_none(), "{evaluations:?}, not {account:?}");
        }
    }

    let mut reversed = evidence.clone();
    if let Observed::Known(trails) = &mut reversed.trails {
        trails.reverse();
    }
    if let Some(Observed::Known(ids)) = &mut reversed.discovered_trails {
        ids.reverse();
    }
    assert_eq!(judge(&reversed, parameters).evaluations, verdict.evaluations);
}

fn passes_only_if_every_event_is_taken(trail: &Trail, result: TrailResult, parameters: &RuleParameters) {
    if let (TrailResult::Pass, Some(Observed::Known(selectors))) = (result, &trail.get_event_selectors) {
        let has_none = selectors.event_selectors.is_empty() && selectors.advanced_event_selectors.is_empty();
        let allowed = &parameters.allowed_excluded_event_sources;
        assert!(has_none || one_takes_all_but(selectors, allowed), "{selectors:?}");
    }
}

fn annotations_are_legal<'r>(rows: impl IntoIterator<Item = &'r Evaluation>) {
    for row in rows {
        let text = row.annotation.as_str();
        assert!((1..=256).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
    }
}

fn trail_rows_are_sound(
    rows: &[Evaluation],
    account: ComplianceType,
    evidence: &Evidence,
    parameters: &RuleParameters,
) {
    let mut expected = BTreeSet::new();
    if parameters.trail_results && evidence.trails.known().is_some() {
        expected.extend(evidence.deleted_trail.as_deref());
        if let Some(Observed::Known(ids)) = &evidence.discovered_trails {
            expected.extend(ids.iter().map(String::as_str));
        }
    }
    assert!(rows.iter().all(|row| row.resource.resource_type == EvaluatedResource::TRAIL));
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.resource.resource_id.as_str()).collect();
    assert_eq!((rows.len(), ids), (expected.len(), expected));
    for row in rows {
        assert!(row.compliance_type == account || row.compliance_type == ComplianceType::NotApplicable, "{row:?}");
    }
}

fn a_passing_trail_is_enough(mut evidence: Evidence) {
    let Observed::Known(trails) = &mut evidence.trails else { return };
    let trail_arn = Some(format!("arn:aws:cloudtrail:us-east-1:{}:trail/one-more", evidence.account_id));
    if trails.iter().any(|trail| trail.trail_arn == trail_arn) {
        return;
    }
    trails.push(Trail {
        is_multi_region_trail: Some(true),
        trail_arn,
        get_trail_status: Some(Observed::Known(TrailStatus { is_logging: Some(true), ..TrailStatus::default() })),
        get_event_selectors: Some(Observed::Known(EventSelectors {
            event_selectors: vec![EventSelector::default()],
            ..EventSelectors::default()
        })),
        ..Trail::default()
    });
    let rows = judge(&evidence, &RuleParameters::default()).evaluations.unwrap();
    assert_eq!(rows[0].compliance_type, ComplianceType::Compliant);
}

/// What the rule says of selectors agrees with a brute-force enumeration of events.
///
/// # Panics
/// Where that does not hold.
pub fn selectors(data: &[u8]) {
    let Ok(selectors) = serde_json::from_slice::<EventSelectors>(data) else { return };
    let mut reversed = selectors.clone();
    reversed.event_selectors.reverse();
    reversed.advanced_event_selectors.reverse();
    let mut with_one_more = selectors.clone();
    with_one_more.advanced_event_selectors.push(takes_management_events());
    let [kms, rds_data] = EXCLUDABLE_EVENT_SOURCES.map(str::to_owned);
    for allowed in [vec![], vec![kms.clone()], vec![rds_data.clone()], vec![kms, rds_data]] {
        let recorded = ManagementEvents::recorded_by(&selectors, &allowed);
        recorded_as_enumerated(&selectors, &recorded, &allowed);
        let of_reversed = ManagementEvents::recorded_by(&reversed, &allowed);
        match &recorded {
            // It names the first one.
            ManagementEvents::NotUnderstood(_) => assert!(matches!(of_reversed, ManagementEvents::NotUnderstood(_))),
            _ => assert_eq!(of_reversed, recorded),
        }
        let all = ManagementEvents::All { except: vec![] };
        assert_eq!(ManagementEvents::recorded_by(&with_one_more, &allowed), all);
    }
}

fn takes_management_events() -> AdvancedEventSelector {
    let category = FieldSelector {
        field: "eventCategory".to_owned(),
        equals: vec!["Management".to_owned()],
        ..FieldSelector::default()
    };
    AdvancedEventSelector { field_selectors: vec![category], ..AdvancedEventSelector::default() }
}

fn recorded_as_enumerated(selectors: &EventSelectors, recorded: &ManagementEvents, allowed: &[String]) {
    let takes_some = |read_only: &str| {
        let any_taken =
            |takes: &dyn Fn(&Event) -> bool| events().any(|event| event.read_only == read_only && takes(&event));
        let basic = selectors.event_selectors.iter().map(|selector| any_taken(&|event| basic_takes(selector, event)));
        let advanced = selectors
            .advanced_event_selectors
            .iter()
            .map(|selector| any_taken(&|event| advanced_takes(selector, event)));
        basic.chain(advanced).collect::<Vec<bool>>()
    };
    let is_plain = |selector: &EventSelector| *selector == EventSelector::default();
    let is_sufficient = selectors.event_selectors.iter().any(is_plain)
        || selectors.advanced_event_selectors.contains(&takes_management_events());
    let (reads, writes) = (takes_some("true"), takes_some("false"));
    let takes_both = reads.iter().zip(&writes).any(|(reads, writes)| *reads && *writes);
    let (reads, writes) = (reads.contains(&true), writes.contains(&true));
    // What looks at nothing but reads and writes is enumerated in full.
    let is_in_full = are_enumerated_in_full(selectors);
    match recorded {
        ManagementEvents::All { except } => {
            assert!(except.iter().all(|source| allowed.contains(source)), "{selectors:?}");
            assert!(one_takes_all_but(selectors, except), "{selectors:?}");
            return;
        }
        ManagementEvents::NoneAtAll => assert!(!reads && !writes, "{selectors:?}"),
        ManagementEvents::ReadOnly => assert!(!writes && (reads || !is_in_full), "{selectors:?}"),
        ManagementEvents::WriteOnly => assert!(!reads && (writes || !is_in_full), "{selectors:?}"),
        ManagementEvents::Split => assert!(!takes_both && (reads && writes || !is_in_full), "{selectors:?}"),
        ManagementEvents::ExceptEventSources(sources) => {
            assert!(!sources.is_empty() && !sources.iter().any(|source| allowed.contains(source)), "{selectors:?}");
            assert!(one_takes_all_but(&understood(selectors), &[sources, allowed].concat()), "{selectors:?}");
        }
        ManagementEvents::Filtered(_) => assert!(takes_both || !is_in_full, "{selectors:?}"),
        ManagementEvents::NotUnderstood(_) => {
            assert!(!selectors.are_understood() && one_takes_all_but(&understood(selectors), allowed), "{selectors:?}");
        }
    }
    assert!(!is_sufficient, "{selectors:?}");
}

/// The selectors without the members that are not understood.
fn understood(selectors: &EventSelectors) -> EventSelectors {
    let mut selectors = selectors.clone();
    selectors.event_selectors.iter_mut().for_each(|selector| selector.unknown = Unknown::default());
    for selector in &mut selectors.advanced_event_selectors {
        selector.unknown = Unknown::default();
        selector.field_selectors.iter_mut().for_each(|field| field.unknown = Unknown::default());
    }
    selectors
}

fn are_enumerated_in_full(selectors: &EventSelectors) -> bool {
    let is_basic = |selector: &EventSelector| {
        let read_write_type = selector.read_write_type.as_deref().unwrap_or("All");
        ["All", "ReadOnly", "WriteOnly"].contains(&read_write_type)
            && selector.exclude_management_event_sources.is_empty()
    };
    let is_advanced = |field: &FieldSelector| {
        let (name, unknown) = (field.field.clone(), field.unknown.clone());
        let has_operator = *field != FieldSelector { field: name, unknown, ..FieldSelector::default() };
        ["eventCategory", "readOnly"].contains(&field.field.as_str()) && has_operator
    };
    selectors.event_selectors.iter().all(is_basic)
        && selectors.advanced_event_selectors.iter().flat_map(|selector| &selector.field_selectors).all(is_advanced)
}

/// A management event, as far as a selector can look at it.
struct Event {
    read_only: &'static str,
    source: &'static str,
    name: &'static str,
    kind: &'static str,
}

impl Event {
    fn field(&self, name: &str) -> Option<&str> {
        match name {
            "eventCategory" => Some("Management"),
            "readOnly" => Some(self.read_only),
            "eventSource" => Some(self.source),
            "eventName" => Some(self.name),
            "eventType" => Some(self.kind),
            _ => None,
        }
    }
}

fn events() -> impl Iterator<Item = Event> {
    let sources = [
        "kms.amazonaws.com",
        "rdsdata.amazonaws.com",
        "iam.amazonaws.com",
        "s3.amazonaws.com",
        "ec2.amazonaws.com",
        "invented.example",
    ];
    let names = ["Decrypt", "ConsoleLogin", "CreateUser", "InventedName"];
    let kinds = ["AwsApiCall", "AwsServiceEvent", "AwsConsoleSignIn"];
    ["true", "false"].into_iter().flat_map(move |read_only| {
        sources.into_iter().flat_map(move |source| {
            names
                .into_iter()
                .flat_map(move |name| kinds.into_iter().map(move |kind| Event { read_only, source, name, kind }))
        })
    })
}

/// Whether one selector, without looking at `readOnly` (CIS v3.0.0), takes every event that is not of these sources.
fn one_takes_all_but(selectors: &EventSelectors, sources: &[String]) -> bool {
    let needed = || events().filter(|event| !sources.iter().any(|source| source == event.source));
    let looks_at_read_only =
        |selector: &AdvancedEventSelector| selector.field_selectors.iter().any(|field| field.field == "readOnly");
    let mut basic = selectors.event_selectors.iter().filter(|selector| selector.not_understood().is_none());
    let mut advanced = selectors.advanced_event_selectors.iter().filter(|selector| selector.not_understood().is_none());
    basic.any(|selector| needed().all(|event| basic_takes(selector, &event)))
        || advanced
            .any(|selector| !looks_at_read_only(selector) && needed().all(|event| advanced_takes(selector, &event)))
}

fn basic_takes(selector: &EventSelector, event: &Event) -> bool {
    let read_only = match selector.read_write_type.as_deref().unwrap_or("All").to_lowercase().as_str() {
        "all" => vec!["true", "false"],
        "readonly" => vec!["true"],
        "writeonly" => vec!["false"],
        _ => vec![],
    };
    selector.include_management_events.unwrap_or(true)
        && read_only.contains(&event.read_only)
        && !selector.exclude_management_event_sources.iter().any(|source| source == event.source)
}

/// By the operators of CloudTrail's `AdvancedFieldSelector`: an event is taken if it satisfies every field selector.
fn advanced_takes(selector: &AdvancedEventSelector, event: &Event) -> bool {
    let fields = &selector.field_selectors;
    fields.iter().any(|field| field.field == "eventCategory")
        && fields.iter().all(|field| event.field(&field.field).is_some_and(|value| satisfies(value, field)))
}

fn satisfies(value: &str, field: &FieldSelector) -> bool {
    let mut conditions = Vec::new();
    let mut condition = |values: &[String], is_wanted: bool, fits: &dyn Fn(&str) -> bool| {
        if !values.is_empty() {
            conditions.push(values.iter().any(|value| fits(value)) == is_wanted);
        }
    };
    condition(&field.equals, true, &|equal| value == equal);
    condition(&field.starts_with, true, &|start| value.starts_with(start));
    condition(&field.ends_with, true, &|end| value.ends_with(end));
    condition(&field.not_equals, false, &|equal| value == equal);
    condition(&field.not_starts_with, false, &|start| value.starts_with(start));
    condition(&field.not_ends_with, false, &|end| value.ends_with(end));
    !conditions.is_empty() && !conditions.contains(&false)
}
