//! STS: `AssumeRole` and `GetCallerIdentity`.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::{
    identity::{Caller, Key, Role, Session, partition},
    wire::{ErrorAnswer, Service},
    world::World,
};
use crate::rule::arn::Arn;

impl World {
    /// Declares a role of `account` that the principals of `trusted_account` may assume. Its name may carry a path,
    /// such as `audit/ConfigRule`. What it may do is not limited.
    pub fn put_role(&mut self, account: &str, path_and_name: &str, trusted_account: &str) {
        self.roles.push(Role {
            account: account.to_owned(),
            path_and_name: path_and_name.trim_start_matches('/').to_owned(),
            trusted_account: trusted_account.to_owned(),
        });
    }

    /// Ends every role session that has been issued.
    pub fn expire_temporary_credentials(&mut self) {
        for session in self.keys.values_mut().filter_map(|key| key.session.as_mut()) {
            session.expires_at = SystemTime::UNIX_EPOCH;
        }
    }
}

pub(super) fn assume_role(
    world: &mut World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Value, ErrorAnswer> {
    let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let (role_arn, session_name) = (text("RoleArn"), text("RoleSessionName"));
    let invalid = |message: String| ErrorAnswer::common(Some(Service::Sts), "ValidationException", message);
    if !session_name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let Some(Arn { partition: arn_partition, service: "iam", region: "", account_id: account, resource }) =
        Arn::parse(role_arn)
    else {
        return Err(invalid(format!("{role_arn} is invalid")));
    };
    let role = world.roles.iter().find(|role| {
        arn_partition == partition(&caller.region)
            && role.account == account
            && resource.strip_prefix("role/") == Some(&role.path_and_name)
            && role.trusted_account == caller.account
    });
    let Some(role) = role else {
        let message =
            format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}", caller.arn);
        return Err(ErrorAnswer::common(Some(Service::Sts), "AccessDeniedException", message));
    };
    let role_name = role.path_and_name.rsplit('/').next().unwrap_or_default().to_owned();

    let asked = input.get("DurationSeconds").and_then(Value::as_str).and_then(|text| text.parse().ok());
    let lifetime = world.session_lifetime.unwrap_or(Duration::from_secs(asked.unwrap_or(3600)));
    let expires_at = world.clock.time() + lifetime;
    let number = world.next_number();
    let access_key_id = format!("ASIA{number:016}");
    let token = format!("stand-in-session-token-{number}-{}", "x".repeat(200));
    let answer = json!({
        "Credentials": {
            "AccessKeyId": access_key_id,
            "SecretAccessKey": format!("stand-in/secret/of/session/{number:013}"),
            "SessionToken": token,
            "Expiration": time::OffsetDateTime::from(expires_at)
                .format(&time::format_description::well_known::Rfc3339)
                .unwrap_or_default(),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": format!("AROA{account}ROLE:{session_name}"),
            "Arn": format!("arn:{arn_partition}:sts::{account}:assumed-role/{role_name}/{session_name}"),
        },
    });
    let session = Session { token, expires_at, role_name, name: session_name.to_owned() };
    world.keys.insert(access_key_id, Key { account: account.to_owned(), session: Some(session) });
    Ok(answer)
}

pub(super) fn get_caller_identity(caller: &Caller) -> Value {
    json!({ "UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn })
}
