//! A small HTTP client of our own, so that no AWS client's view of the protocols is taken for granted.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use cloudtrail_all_regions::stand_in::{Credentials, Exchange, StandIn, World};
use serde_json::{Value, json};
use support::exchanges;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const MEMBER: &str = "444455556666";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const HOME: &str = "eu-west-1";

pub(crate) const OWN_ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/own";
pub(crate) const SHADOW_ARN: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/shadow";
pub(crate) const ORGANIZATION_ARN: &str = "arn:aws:cloudtrail:us-east-1:999900001111:trail/organization";

/// An account whose rule is in us-east-1: an own trail there, one from eu-west-1, a single-Region one in eu-west-1,
/// and an organization's trail.
pub(crate) fn evidence() -> Value {
    let trail = |arn: &str, is_multi_region: bool| {
        let parts: Vec<&str> = arn.split([':', '/']).collect();
        json!({
            "Name": parts[6],
            "TrailARN": arn,
            "HomeRegion": parts[3],
            "IsMultiRegionTrail": is_multi_region,
            "IsOrganizationTrail": parts[4] != ACCOUNT,
            "S3BucketName": "bucket",
            "KmsKeyId": null,
            "GetTrailStatus": { "IsLogging": true, "LatestDeliveryTime": "2026-11-01T12:00:00.250Z" },
            "GetEventSelectors": {
                "EventSelectors": [{ "ReadWriteType": "All", "IncludeManagementEvents": true }],
            },
        })
    };
    json!({
        "accountId": ACCOUNT,
        "region": REGION,
        "collectedAt": "2026-11-01T12:00:00Z",
        "trails": [
            trail(OWN_ARN, true),
            trail(SHADOW_ARN, true),
            trail("arn:aws:cloudtrail:eu-west-1:111122223333:trail/elsewhere", false),
            trail(ORGANIZATION_ARN, true),
        ],
        "discoveredTrails": ["own", ORGANIZATION_ARN],
    })
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error code of either protocol; empty for an answer that is no error.
    pub(crate) fn code(&self) -> String {
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(value) => value["__type"].as_str().unwrap_or_default().to_owned(),
            Err(_) => between(&self.text(), "<Code>", "</Code>"),
        }
    }

    pub(crate) fn content_length(&self) -> usize {
        self.header("content-length").and_then(|value| value.parse().ok()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    }
}

pub(crate) fn between(text: &str, start: &str, end: &str) -> String {
    let after = text.split_once(start).map_or("", |(_, after)| after);
    after.split_once(end).map_or("", |(between, _)| between).to_owned()
}

/// A stand-in under test. When dropped it writes its exchanges to the directory `EXCHANGES_DIR`, if that is set.
pub(crate) struct Served(pub StandIn);

impl Drop for Served {
    fn drop(&mut self) {
        let lines: String = self.0.exchanges().iter().map(Exchange::to_json_line).collect();
        exchanges::leave(env!("CARGO_CRATE_NAME"), &lines);
    }
}

pub(crate) async fn serve(set_up: impl FnOnce(&mut World)) -> Served {
    let mut world = World::default();
    world.put_account(&evidence()).unwrap();
    set_up(&mut world);
    Served(StandIn::start(world).await.unwrap())
}

#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
    address: String,
}

impl Served {
    pub(crate) fn signer(&self, account: &str, region: &str) -> Signer {
        let credentials = self.0.world().credentials(account);
        self.signer_with(credentials, region)
    }

    pub(crate) fn signer_with(&self, credentials: Credentials, region: &str) -> Signer {
        let address = self.0.endpoint().trim_start_matches("http://").to_owned();
        Signer { credentials, region: region.to_owned(), address }
    }
}

impl Signer {
    pub(crate) fn authorization(&self, service: &str) -> String {
        let (key, region) = (&self.credentials.access_key_id, &self.region);
        let scope = format!("{key}/20261101/{region}/{service}/aws4_request");
        let token = self.credentials.session_token.as_ref();
        let token = token.map(|token| format!("\r\nX-Amz-Security-Token: {token}")).unwrap_or_default();
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00{token}"
        )
    }

    /// A CloudTrail or Config operation.
    pub(crate) async fn call(&self, operation: &str, input: Value) -> Answer {
        self.try_call(operation, input).await.expect("an answer")
    }

    pub(crate) async fn try_call(&self, operation: &str, input: Value) -> Option<Answer> {
        let is_of_cloudtrail = ["DescribeTrails", "GetTrailStatus", "GetEventSelectors"].contains(&operation);
        let (prefix, service) = if is_of_cloudtrail {
            ("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "cloudtrail")
        } else {
            ("StarlingDoveService", "config")
        };
        let headers = json_headers(&format!("{prefix}.{operation}"), &self.authorization(service));
        self.send(headers, input.to_string()).await
    }

    pub(crate) async fn sts(&self, form: &str) -> Answer {
        let headers =
            format!("Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n{}", self.authorization("sts"));
        self.send(headers, form.to_owned()).await.expect("an answer")
    }

    /// Sends a POST; `None` if the connection is closed before there is a whole head.
    pub(crate) async fn send(&self, headers: String, body: String) -> Option<Answer> {
        let address = self.address.clone();
        tokio::task::spawn_blocking(move || exchange(&address, &headers, &body)).await.unwrap()
    }
}

pub(crate) fn json_headers(target: &str, more: &str) -> String {
    format!("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\n{more}")
}

fn exchange(address: &str, headers: &str, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n\r\n",
        body.len(),
        headers.trim_end()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut received = Vec::new();
    // A broken connection leaves what came before.
    let _ = stream.read_to_end(&mut received);
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(received[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Answer { status, head, body: received[end + 4..].to_vec() })
}

/// Lets other tasks go on until something holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let holds = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), holds).await.expect("it does not come to hold");
}
