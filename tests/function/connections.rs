//! The function's connections: TLS against a chain of certificates, and none that waits for an answer without need.

use std::{fs, path::PathBuf, time::Duration};

use cloudtrail_all_regions::stand_in::{
    ConfigRule, StandIn, World,
    events::{ConfigurationItem, Event},
};
use serde_json::Value;
use support::{
    certificates::Certificates,
    endpoint::{Connection, Endpoint, Exchange, Log},
    lambda::Lambda,
};
use tokio::time::{sleep, timeout};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const TIME: &str = "2026-11-01T12:00:00Z";
/// A bound, not a measure: nothing here takes as long.
const PATIENCE: Duration = Duration::from_mins(1);

/// The function, behind endpoints with TLS for each service.
struct Deployed {
    stand_in: StandIn,
    rule: ConfigRule,
    lambda: Lambda,
    log: Log,
    bundle: PathBuf,
    _endpoints: [Endpoint; 2],
}

impl Deployed {
    /// `trusts` says which root the function trusts, of those of two chains that are alike.
    async fn new(name: &str, trusts: fn(&Certificates, &Certificates) -> String) -> Self {
        let mut world = World::default();
        let account: Value = serde_json::from_str(include_str!("../../examples/accounts/compliant.json")).unwrap();
        world.put_account(&account).unwrap();
        let rule = world.config_rule(ACCOUNT, REGION, "cloudtrail");
        let key = world.credentials(ACCOUNT);
        let stand_in = StandIn::start(world).await.unwrap();
        let address = stand_in.endpoint().strip_prefix("http://").unwrap().parse().unwrap();
        let (log, certificates) = (Log::default(), Certificates::make());
        let start = |service| {
            let acceptor = Some(certificates.acceptor.clone());
            Endpoint::start(service, address, acceptor, Duration::ZERO, log.clone())
        };
        let (cloudtrail, config) = (start("CloudTrail").await, start("Config").await);
        let bundle = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pem"));
        fs::write(&bundle, trusts(&certificates, &Certificates::make())).unwrap();
        let (cloudtrail_url, config_url) = (cloudtrail.url(), config.url());
        let environment = [
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", key.access_key_id.as_str()),
            ("AWS_SECRET_ACCESS_KEY", key.secret_access_key.as_str()),
            ("AWS_ENDPOINT_URL_CLOUDTRAIL", cloudtrail_url.as_str()),
            ("AWS_ENDPOINT_URL_CONFIG_SERVICE", config_url.as_str()),
            ("SSL_CERT_FILE", bundle.to_str().unwrap()),
        ];
        let function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:cloudtrail-all-regions");
        let lambda = Lambda::start(env!("CARGO_BIN_EXE_bootstrap").as_ref(), &function_arn, &environment).await;
        Self { stand_in, rule, lambda, log, bundle, _endpoints: [cloudtrail, config] }
    }

    fn event(&self) -> Event {
        let result_token = self.stand_in.world().result_token(&self.rule);
        Event::new(&self.rule, &result_token)
    }

    fn changed(&self) -> Value {
        let item = ConfigurationItem::of_trail("management-events", "OK", TIME);
        self.event().configuration_item_change(&item, TIME)
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.bundle);
    }
}

fn opened(connections: &[Connection], service: &str) -> usize {
    connections.iter().filter(|connection| connection.service == service).count()
}

fn operations(connections: &[Connection]) -> Vec<String> {
    let exchanges = connections.iter().flat_map(|connection| &connection.exchanges);
    let mut operations: Vec<String> = exchanges.map(Exchange::operation).collect();
    operations.sort_unstable();
    operations
}

#[tokio::test]
async fn a_root_of_the_bundle_is_trusted() {
    let mut deployed = Deployed::new("trusted", |own, _| own.root.clone()).await;
    for event in [deployed.event().scheduled(TIME), deployed.changed()] {
        assert_eq!(deployed.lambda.invoke(event).await.response()["complianceType"], "COMPLIANT");
    }
    assert!(deployed.log.all().iter().all(|connection| connection.secured_at.is_some()));
}

#[tokio::test]
async fn a_chain_from_another_root_is_not_trusted() {
    let mut deployed = Deployed::new("untrusted", |_, other| other.root.clone()).await;
    let event = deployed.event().scheduled(TIME);
    let invoked = deployed.lambda.invoke(event).await;
    assert_eq!(invoked.error_type(), "Indeterminate");
    assert!(invoked.log.iter().any(|line| line.to_string().contains("invalid peer certificate")), "{:?}", invoked.log);
    assert!(deployed.stand_in.calls().is_empty());
}

#[tokio::test]
async fn the_connections_of_later_calls_are_opened_while_the_first_answer_is_awaited() {
    let mut deployed = Deployed::new("early", |own, _| own.root.clone()).await;
    // DescribeTrails waits for a second call, which does not come.
    deployed.stand_in.hold_waves(&[2]);
    let event = deployed.changed();
    let connections = async {
        loop {
            let connections = deployed.log.all();
            // The first call may be sent after the others are opened.
            if connections.len() == 3 && !operations(&connections).is_empty() {
                break connections;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    let watched = async {
        let connections = timeout(PATIENCE, connections).await.expect("the connections are not opened");
        deployed.stand_in.hold_waves(&[]);
        connections
    };
    let (invoked, connections) = tokio::join!(deployed.lambda.invoke(event), watched);
    assert_eq!(invoked.response()["complianceType"], "COMPLIANT");
    assert_eq!((opened(&connections, "CloudTrail"), opened(&connections, "Config")), (2, 1));
    assert_eq!(operations(&connections), ["DescribeTrails"]);
    assert_eq!(
        operations(&deployed.log.all()),
        ["DescribeTrails", "GetEventSelectors", "GetTrailStatus", "PutEvaluations"]
    );
}
