use cloudtrail_all_regions::stand_in::{Credentials, Exchange};
use serde_json::json;

use super::client::*;

const DESCRIBE_TRAILS: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails";
const WHO_AM_I: &str = "Action=GetCallerIdentity&Version=2011-06-15";

#[tokio::test]
async fn a_request_must_be_signed_for_its_service_by_a_known_key_in_an_enabled_region() {
    let served = serve(|world| world.enable_regions_only(ACCOUNT, &[REGION])).await;
    let us = served.signer(ACCOUNT, REGION);
    let stranger = Credentials { access_key_id: "AKIAUNKNOWN000000000".to_owned(), ..us.credentials.clone() };
    let stranger = served.signer_with(stranger, REGION).authorization("cloudtrail");
    let with_a_token = Credentials { session_token: Some("not asked for".to_owned()), ..us.credentials.clone() };
    let with_a_token = served.signer_with(with_a_token, REGION).authorization("cloudtrail");
    let elsewhere = served.signer(ACCOUNT, HOME).authorization("cloudtrail");
    let incomplete = "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261101/us-east-1".to_owned();
    for (authorization, code) in [
        (us.authorization("cloudtrail"), ""),
        (String::new(), "MissingAuthenticationTokenException"),
        (incomplete, "IncompleteSignatureException"),
        (stranger, "UnrecognizedClientException"),
        (with_a_token, "UnrecognizedClientException"),
        (us.authorization("config"), "InvalidSignatureException"),
        (elsewhere, "UnrecognizedClientException"),
    ] {
        let answer = us.send(json_headers(DESCRIBE_TRAILS, &authorization), "{}".to_owned()).await.unwrap();
        assert_eq!(answer.code(), code, "{authorization}");
    }
}

#[tokio::test]
async fn a_key_of_another_sts_is_taken_for_the_account_in_its_id_only_if_told_so() {
    // Issued by moto for 012345678912 and 111122223333; the last two encode no account.
    let keys = ["ASIAQFX64DRAIMUCI6Y7", "ASIARTX3GSDSXTA7XWHT", "ASIA7777777777777777", "ASIA-short"];
    for (is_told, expected) in [(false, [None; 4]), (true, [Some("012345678912"), Some("111122223333"), None, None])] {
        let served = serve(|world| world.account_of_key_id = is_told).await;
        for (key, account) in keys.into_iter().zip(expected) {
            let session_token = Some("of another STS".to_owned());
            let credentials =
                Credentials { access_key_id: key.to_owned(), secret_access_key: "secret".to_owned(), session_token };
            let answer = served.signer_with(credentials, REGION).sts(WHO_AM_I).await;
            let seen = (answer.status == 200).then(|| between(&answer.text(), "<Account>", "</Account>"));
            assert_eq!(seen.as_deref(), account, "{key}");
        }
    }
}

#[tokio::test]
async fn sts_has_names_of_its_own_for_the_same_refusals() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    let stranger = Credentials { access_key_id: "AKIAUNKNOWN000000000".to_owned(), ..us.credentials.clone() };
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (authorization, code) in [
        (String::new(), "MissingAuthenticationToken"),
        (us.authorization("config"), "SignatureDoesNotMatch"),
        (served.signer_with(stranger, REGION).authorization("sts"), "InvalidClientTokenId"),
    ] {
        let answer = us.send(format!("{form}{authorization}"), WHO_AM_I.to_owned()).await.unwrap();
        assert_eq!((answer.status, answer.code().as_str()), (403, code));
        assert!(answer.text().contains("<Type>Sender</Type>"));
    }
}

#[tokio::test]
async fn a_region_that_aws_does_not_have_is_not_enabled() {
    let served = serve(|_| {}).await;
    let answer = served.signer(ACCOUNT, "us-east-9").call("DescribeTrails", json!({})).await;
    assert_eq!(answer.code(), "UnrecognizedClientException");
}

#[tokio::test]
async fn what_is_no_known_operation_is_an_unknown_operation() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    let authorization = us.authorization("cloudtrail");
    let targets = [
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.ListTags",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.PutEvaluations",
        "DynamoDB_20120810.ListTables",
        "DescribeTrails",
    ];
    for target in targets {
        let answer = us.send(json_headers(target, &authorization), "{}".to_owned()).await.unwrap();
        assert_eq!((answer.status, answer.code().as_str()), (400, "UnknownOperationException"), "{target}");
    }
    for form in ["Action=GetSessionToken&Version=2011-06-15", "Action=GetSessionToken&Version=2010-01-01"] {
        assert_eq!(us.sts(form).await.status, 400, "{form}");
    }
    let no_version = us.sts("Action=GetCallerIdentity").await;
    assert_eq!(no_version.code(), "UnknownOperationException");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_serialization_error() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    for body in ["", "[]", "{\"a\":"] {
        let headers = json_headers(DESCRIBE_TRAILS, &us.authorization("cloudtrail"));
        let answer = us.send(headers, body.to_owned()).await.unwrap();
        assert_eq!(answer.code(), "SerializationException", "{body}");
    }
}

#[tokio::test]
async fn secrets_are_in_no_debug_output_call_or_exchange() {
    let served = serve(|world| world.put_role(MEMBER, "Rule", ACCOUNT)).await;
    let rule = served.0.world().config_rule(ACCOUNT, REGION, "rule");
    let token = served.0.world().result_token(&rule);
    let us = served.signer(ACCOUNT, REGION);
    us.call("PutEvaluations", json!({ "ResultToken": token })).await;
    let role_arn = "arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2FRule";
    let session =
        us.sts(&format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role_arn}&RoleSessionName=test")).await;
    let secrets = [
        token,
        us.credentials.secret_access_key.clone(),
        between(&session.text(), "<SessionToken>", "</SessionToken>"),
        between(&session.text(), "<SecretAccessKey>", "</SecretAccessKey>"),
    ];
    let exchanges: String = served.0.exchanges().iter().map(Exchange::to_json_line).collect();
    let output = format!("{:?} {:?} {exchanges}", us.credentials, served.0.calls());
    assert!(output.contains("PutEvaluations") && output.contains("AssumeRole"));
    for secret in secrets {
        assert!(!secret.is_empty() && !output.contains(&secret));
    }
}
