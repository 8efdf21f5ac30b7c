use std::time::Duration;

use cloudtrail_all_regions::stand_in::Credentials;
use serde_json::json;

use super::client::*;

fn assume(role_arn: &str, more: &str) -> String {
    let role_arn = role_arn.replace(':', "%3A").replace('/', "%2F");
    format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role_arn}&RoleSessionName=session{more}")
}

fn credentials(answer: &Answer) -> Credentials {
    let element = |name: &str| between(&answer.text(), &format!("<{name}>"), &format!("</{name}>"));
    Credentials {
        access_key_id: element("AccessKeyId"),
        secret_access_key: element("SecretAccessKey"),
        session_token: Some(element("SessionToken")),
    }
}

const ROLE: &str = "arn:aws:iam::444455556666:role/audit/Rule";

async fn serve_role() -> Served {
    serve(|world| {
        world.put_account(&json!({ "accountId": MEMBER, "region": REGION, "trails": [] })).unwrap();
        world.put_role(MEMBER, "audit/Rule", ACCOUNT);
    })
    .await
}

#[tokio::test]
async fn an_assumed_role_acts_in_its_own_account() {
    let served = serve_role().await;
    let session = served.signer(ACCOUNT, REGION).sts(&assume(ROLE, "")).await;
    assert_eq!((session.status, session.header("content-type").as_deref()), (200, Some("text/xml")));
    let credentials = credentials(&session);
    assert!(credentials.access_key_id.starts_with("ASIA"));
    let member = served.signer_with(credentials.clone(), REGION);
    assert_eq!(member.call("DescribeTrails", json!({})).await.json(), json!({ "trailList": [] }));
    let identity = member.sts("Action=GetCallerIdentity&Version=2011-06-15").await.text();
    assert!(identity.contains("<Account>444455556666</Account>"), "{identity}");
    assert!(identity.contains("<Arn>arn:aws:sts::444455556666:assumed-role/Rule/session</Arn>"), "{identity}");
    assert_eq!(served.0.calls()[1].account.as_deref(), Some(MEMBER));

    for session_token in [None, Some("another".to_owned())] {
        let other = served.signer_with(Credentials { session_token, ..credentials.clone() }, REGION);
        assert_eq!(other.call("DescribeTrails", json!({})).await.code(), "UnrecognizedClientException");
    }
}

#[tokio::test]
async fn a_role_that_is_unknown_or_trusts_another_account_is_denied() {
    let served = serve_role().await;
    for (account, role) in [
        (ACCOUNT, "arn:aws:iam::444455556666:role/Rule"),
        (ACCOUNT, "arn:aws:iam::444455556666:role/audit/Other"),
        (ACCOUNT, "arn:aws-cn:iam::444455556666:role/audit/Rule"),
        (ACCOUNT, "arn:aws:iam::111122223333:role/audit/Rule"),
        (MEMBER, ROLE),
    ] {
        let answer = served.signer(account, REGION).sts(&assume(role, "")).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "AccessDenied"), "{role}");
    }
}

#[tokio::test]
async fn a_request_for_a_role_that_breaks_the_model_is_refused() {
    let served = serve_role().await;
    let us = served.signer(ACCOUNT, REGION);
    for form in [
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=session".to_owned(),
        "Action=AssumeRole&Version=2011-06-15&RoleArn=short&RoleSessionName=session".to_owned(),
        assume(ROLE, "&DurationSeconds=899"),
        assume(ROLE, "&DurationSeconds=43201"),
        assume(ROLE, "").replace("=session", "=a%20session"),
        assume(ROLE, "").replace("=session", "=s"),
    ] {
        let answer = us.sts(&form).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{form}");
    }
}

#[tokio::test]
async fn a_session_that_has_ended_is_expired_for_every_service() {
    let served = serve_role().await;
    let us = served.signer(ACCOUNT, REGION);
    let ended = served.signer_with(credentials(&us.sts(&assume(ROLE, "")).await), REGION);
    assert_eq!(ended.call("DescribeTrails", json!({})).await.status, 200);
    served.0.world().expire_temporary_credentials();
    assert_eq!(ended.call("DescribeTrails", json!({})).await.code(), "ExpiredTokenException");
    assert_eq!(ended.sts("Action=GetCallerIdentity&Version=2011-06-15").await.code(), "ExpiredToken");

    served.0.world().session_lifetime = Some(Duration::ZERO);
    let never = served.signer_with(credentials(&us.sts(&assume(ROLE, "")).await), REGION);
    assert_eq!(never.call("DescribeTrails", json!({})).await.code(), "ExpiredTokenException");
}
