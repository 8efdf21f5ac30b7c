//! Who signed a request, and for which Region.

use std::time::{Duration, SystemTime};

use super::{
    identity::{Caller, Key, Scope, Session, partition},
    wire::{ErrorAnswer, Request, Service},
    world::World,
};

impl Key {
    /// A key that comes with a session token is a role session's; when that ends is not known here.
    fn issued_elsewhere(account: String, request: &Request, now: SystemTime) -> Self {
        let session = request.header("x-amz-security-token").map(|token| Session {
            token: token.to_owned(),
            expires_at: now + Duration::from_hours(1),
            role_name: "issued-elsewhere".to_owned(),
            name: "issued-elsewhere".to_owned(),
        });
        Self { account, session }
    }
}

/// The account in an access key id: its characters after the first four are base 32 (RFC 4648), and the account is in
/// bits 1 to 40 of these.
fn account_of(access_key_id: &str) -> Option<String> {
    let mut bits = 0_u64;
    for byte in access_key_id.get(4..13)?.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u64::from(digit);
    }
    let account = bits >> 4 & 0xff_ffff_ffff;
    (account < 1_000_000_000_000).then(|| format!("{account:012}"))
}

/// The signer, if the key is known and valid, and the scope fits the service and the account's Regions.
pub(super) fn authenticate(world: &World, request: &Request) -> Result<Caller, ErrorAnswer> {
    let error = |code, message: &str| ErrorAnswer::common(request.service, code, message);
    let unrecognized =
        || error("UnrecognizedClientException", "The security token included in the request is invalid.");
    let Some(authorization) = request.header("authorization") else {
        return Err(error("MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    let Some(scope) = Scope::read(authorization) else {
        return Err(error("IncompleteSignatureException", "Authorization header is not a complete signature."));
    };
    let issued_elsewhere;
    let key = if let Some(key) = world.keys.get(scope.access_key_id) {
        key
    } else {
        let account = account_of(scope.access_key_id).filter(|_| world.account_of_key_id);
        issued_elsewhere = Key::issued_elsewhere(account.ok_or_else(unrecognized)?, request, world.clock.time());
        &issued_elsewhere
    };
    if let Some(session) = &key.session {
        if request.header("x-amz-security-token") != Some(session.token.as_str()) {
            return Err(unrecognized());
        }
        if session.expires_at <= world.clock.time() {
            return Err(error("ExpiredTokenException", "The security token included in the request is expired"));
        }
    } else if request.header("x-amz-security-token").is_some() {
        return Err(unrecognized());
    }
    if let Some(service) = request.service.map(Service::signing_name)
        && service != scope.service
    {
        let message = format!("Credential should be scoped to correct service: '{service}'.");
        return Err(error("InvalidSignatureException", &message));
    }
    if !world.is_region_enabled(&key.account, scope.region) {
        return Err(unrecognized());
    }
    let (account, region) = (key.account.clone(), scope.region.to_owned());
    let partition = partition(&region);
    let (arn, user_id) = match &key.session {
        None => (format!("arn:{partition}:iam::{account}:user/stand-in"), format!("AIDA{account}USER")),
        Some(Session { role_name, name, .. }) => (
            format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{name}"),
            format!("AROA{account}ROLE:{name}"),
        ),
    };
    Ok(Caller { account, region, arn, user_id })
}
