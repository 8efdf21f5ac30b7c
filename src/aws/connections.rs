//! Clients, set up once a process; and the credentials of a member account.

use std::{
    collections::VecDeque,
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use aws_config::{BehaviorVersion, environment::EnvironmentVariableCredentialsProvider, profile::ProfileFileLoadError};
#[cfg(feature = "cli")]
use aws_config::{profile::ProfileFileCredentialsProvider, provider_config::ProviderConfig};
#[cfg(feature = "cli")]
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_cloudtrail::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_async::{
    rt::sleep::{SharedAsyncSleep, TokioSleep},
    time::TimeSource,
};
#[cfg(feature = "cli")]
use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{http::HttpClient, orchestrator::HttpResponse, result::SdkError};
#[cfg(feature = "cli")]
use aws_smithy_runtime_api::client::{http::SharedHttpClient, runtime_components::RuntimeComponents};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{
    SdkConfig,
    os_shim_internal::{Env, Fs},
    region::Region,
    request_id::RequestId,
    sdk_config::StalledStreamProtectionConfig,
};
use tokio::task::yield_now;

use super::{
    CallLog,
    answers::RefuseBrokenAnswers,
    calls::Asked,
    endpoints::{self, EndpointUrls},
    fault::{CallError, RetryTransientFaults},
    https::{self, Https},
};
#[cfg(feature = "cli")]
use super::{answers::RefusePartialListings, clock::Clock as ClockOfS3};
use crate::clock::Clock;

/// How long calls may take. With the defaults three waves of calls that all run into their time-outs take 42 seconds.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// To connect, TLS included.
    pub connect: Duration,
    /// For one attempt.
    pub attempt: Duration,
    /// For all attempts of a call, waits between them included.
    pub operation: Duration,
    /// The longest first wait before a retry of a throttled call; the second is twice as long. Waits are random.
    pub backoff: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            attempt: Duration::from_secs(4),
            operation: Duration::from_secs(14),
            backoff: Duration::from_secs(1),
        }
    }
}

impl Timing {
    /// How often a call is tried.
    pub const ATTEMPTS: u32 = 3;

    /// Spreads the retries of `calls` concurrent calls so wide that CloudTrail's 10 reads a second admit them
    /// (CloudTrail quotas: 10 transactions a second for Get, Describe and List operations, per account and Region).
    fn spread_over(self, calls: usize) -> Self {
        let factor = u32::try_from(calls.div_ceil(5)).unwrap_or(u32::MAX).clamp(1, 10);
        Self { operation: self.operation + 3 * self.backoff * (factor - 1), backoff: self.backoff * factor, ..self }
    }

    fn timeouts(self) -> TimeoutConfig {
        TimeoutConfig::builder().operation_attempt_timeout(self.attempt).operation_timeout(self.operation).build()
    }

    fn retries(self) -> RetryConfig {
        RetryConfig::standard()
            .with_max_attempts(Self::ATTEMPTS)
            .with_initial_backoff(self.backoff)
            .with_max_backoff(self.backoff * 2)
    }
}

fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

const CACHED_CLIENTS: usize = 64;
const CACHED_MEMBERS: usize = 16;
const MEMBER_SESSION: Duration = Duration::from_mins(15);
/// Member credentials are not used for an invocation that they might not outlive.
const MEMBER_SESSION_RESERVE: Duration = Duration::from_mins(2);

/// The configuration, connections and clients of a process.
#[derive(Debug)]
pub struct Connections {
    base: SdkConfig,
    /// What opens connections early; none if another transport takes its place.
    https: Option<Https>,
    clock: Clock,
    timing: Timing,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    members: VecDeque<(String, Credentials)>,
    clients: VecDeque<(String, String, Clients)>,
}

/// The clients of one account and Region.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    pub(super) cloudtrail: aws_sdk_cloudtrail::Client,
    pub(super) config: aws_sdk_config::Client,
}

/// The access that one invocation has: an account's credentials, in the rule's Region unless told otherwise.
#[derive(Debug)]
pub struct Session<'c> {
    connections: &'c Connections,
    /// The account that the credentials belong to.
    pub account_id: String,
    /// The rule's Region.
    pub region: String,
    member: Option<Credentials>,
    /// The calls of the invocation.
    pub calls: CallLog,
}

impl Connections {
    /// Connections by the environment of the process: its credentials, `AWS_ENDPOINT_URL`, also with the name of a
    /// service, `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`. The
    /// SDK's loader reads the same, and profiles, which a Lambda function does not have.
    #[must_use]
    pub fn from_env(timing: Timing) -> Self {
        // Lambda gives a small function more of the processor while it starts than later.
        https::read_root_certificates();
        let is_true = |name| std::env::var(name).is_ok_and(|value| value.eq_ignore_ascii_case("true"));
        let https = Https::new(timing.connect);
        let mut base = SdkConfig::builder()
            .behavior_version(behavior_version())
            .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
            .http_client(https.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
            .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
        if !is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
            base = base.service_config(EndpointUrls);
        }
        Self { base: base.build(), https: Some(https), clock: Clock::System, timing, cache: Mutex::default() }
    }

    /// Connections by the SDK's default chain: environment, profiles, SSO, roles, the machine's own role; and through
    /// the proxy that `HTTPS_PROXY` and its like name. With a profile, by that profile's credentials and no others:
    /// those of the environment do not outrank it, as in the AWS CLI.
    #[cfg(feature = "cli")]
    pub async fn by_default_chain(profile: Option<&str>, region: Option<&str>, timing: Timing) -> Self {
        let http_client = http_client_through_proxy();
        let mut loader = aws_config::defaults(behavior_version())
            .http_client(http_client.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let mut base = loader.load().await;
        if let Some(profile) = profile {
            let provider_config = ProviderConfig::without_region()
                .with_region(base.region().cloned())
                .with_use_fips(base.use_fips())
                .with_use_dual_stack(base.use_dual_stack())
                .with_http_client(http_client);
            let of_profile =
                ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&provider_config).build();
            base = base.into_builder().credentials_provider(SharedCredentialsProvider::new(of_profile)).build();
        }
        Self { base, https: None, clock: Clock::System, timing, cache: Mutex::default() }
    }

    /// Connections to one endpoint for all services and Regions; the environment does not matter.
    #[must_use]
    pub fn to_endpoint(endpoint_url: &str, credentials: Credentials, timing: Timing) -> Self {
        let https = Https::new(timing.connect);
        let base = SdkConfig::builder()
            .behavior_version(behavior_version())
            .endpoint_url(endpoint_url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(https.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .build();
        Self { base, https: Some(https), clock: Clock::System, timing, cache: Mutex::default() }
    }

    /// Connections over another transport, which opens none early, with a clock of their own; the environment does not
    /// matter.
    #[must_use]
    pub fn over(transport: impl HttpClient + 'static, credentials: Credentials, clock: Clock, timing: Timing) -> Self {
        let base = SdkConfig::builder()
            .behavior_version(behavior_version())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(transport)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .time_source(clock)
            .build();
        Self { base, https: None, clock, timing, cache: Mutex::default() }
    }

    /// How many member accounts' credentials are kept, and how many clients.
    #[must_use]
    pub fn cached(&self) -> (usize, usize) {
        let cache = self.lock();
        (cache.members.len(), cache.clients.len())
    }

    /// The Region that environment or profile name.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.base.region().map(AsRef::as_ref)
    }

    /// The account that the credentials belong to, and the ARN of who they are, which holds no secret.
    ///
    /// # Errors
    /// There are no valid credentials, or STS does not answer.
    pub async fn caller(&self, region: &str, calls: &CallLog) -> Result<(String, Option<String>), CallError> {
        const OPERATION: &str = "GetCallerIdentity";
        let asked = Asked { operation: OPERATION, region, is_rules_region: true, subject: "" };
        let answer = calls.track(self.clock, asked, self.sts(region).get_caller_identity().send()).await?;
        let account = answer.account.ok_or_else(|| CallError::unparsable(OPERATION, "no Account"))?;
        Ok((account, answer.arn))
    }

    /// Access to the function's own account.
    #[must_use]
    pub fn own(&self, account_id: &str, region: &str, calls: CallLog) -> Session<'_> {
        Session { connections: self, account_id: account_id.to_owned(), region: region.to_owned(), member: None, calls }
    }

    /// Access to a member account, by a role there.
    ///
    /// # Errors
    /// The role cannot be assumed.
    pub async fn member(
        &self,
        account_id: &str,
        region: &str,
        role_arn: &str,
        calls: CallLog,
    ) -> Result<Session<'_>, CallError> {
        let cached = self.lock().members.iter().find(|(account, _)| account == account_id).map(|found| found.1.clone());
        let is_fresh = |credentials: &Credentials| {
            credentials.expiry().is_none_or(|expiry| expiry > self.clock.time() + MEMBER_SESSION_RESERVE)
        };
        let credentials = match cached.filter(is_fresh) {
            Some(credentials) => credentials,
            None => self.assume(account_id, region, role_arn, &calls).await?,
        };
        let (account_id, region) = (account_id.to_owned(), region.to_owned());
        Ok(Session { connections: self, account_id, region, member: Some(credentials), calls })
    }

    /// Throws away what is cached for a member account.
    pub fn forget_member(&self, account_id: &str) {
        let mut cache = self.lock();
        cache.members.retain(|(account, _)| account != account_id);
        cache.clients.retain(|(account, ..)| account != account_id);
    }

    async fn assume(
        &self,
        account_id: &str,
        region: &str,
        role_arn: &str,
        calls: &CallLog,
    ) -> Result<Credentials, CallError> {
        const OPERATION: &str = "AssumeRole";
        self.forget_member(account_id);
        let client = self.sts(region);
        let request = client
            .assume_role()
            .role_arn(role_arn)
            .role_session_name("cloudtrail-all-regions")
            .duration_seconds(i32::try_from(MEMBER_SESSION.as_secs()).unwrap_or(i32::MAX));
        let asked = Asked { operation: OPERATION, region, is_rules_region: true, subject: role_arn };
        let answer = calls.track(self.clock, asked, request.send()).await?;
        // The SDK puts an empty text, and 1970, in place of what an answer that was cut off lacks.
        let assumed = answer
            .credentials()
            .filter(|assumed| {
                let texts = [assumed.access_key_id(), assumed.secret_access_key(), assumed.session_token()];
                texts.iter().all(|text| !text.is_empty()) && assumed.expiration().secs() > 0
            })
            .ok_or_else(|| CallError::unparsable(OPERATION, "no whole credentials"))?;
        let expiry = SystemTime::try_from(*assumed.expiration())
            .map_err(|_| CallError::unparsable(OPERATION, "the expiration is out of range"))?;
        let credentials = Credentials::new(
            assumed.access_key_id(),
            assumed.secret_access_key(),
            Some(assumed.session_token().to_owned()),
            Some(expiry),
            "MemberRole",
        );
        push_bounded(&mut self.lock().members, (account_id.to_owned(), credentials.clone()), CACHED_MEMBERS);
        Ok(credentials)
    }

    fn sts(&self, region: &str) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::from_conf(
            aws_sdk_sts::config::Builder::from(&self.base)
                .region(Region::new(region.to_owned()))
                .timeout_config(self.timing.timeouts())
                .retry_config(self.timing.retries())
                .retry_classifier(RetryTransientFaults)
                .interceptor(RefuseBrokenAnswers)
                .retry_partition(unlimited_retries())
                .build(),
        )
    }

    fn clients(&self, account_id: &str, region: &str, member: Option<&Credentials>) -> Clients {
        let mut cache = self.lock();
        let is_it = |(account, of_region, _): &&(String, String, Clients)| account == account_id && of_region == region;
        if let Some((_, _, clients)) = cache.clients.iter().find(is_it) {
            return clients.clone();
        }
        let clients = self.new_clients(region, member);
        push_bounded(&mut cache.clients, (account_id.to_owned(), region.to_owned(), clients.clone()), CACHED_CLIENTS);
        clients
    }

    /// What all clients of an account and Region have in common.
    fn shared(&self, region: &str, member: Option<&Credentials>) -> SdkConfig {
        let mut shared = self
            .base
            .to_builder()
            .region(Region::new(region.to_owned()))
            .timeout_config(self.timing.timeouts())
            .retry_config(self.timing.retries());
        if let Some(credentials) = member {
            shared = shared
                .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
                .identity_cache(aws_config::identity::IdentityCache::no_cache());
        }
        shared.build()
    }

    fn new_clients(&self, region: &str, member: Option<&Credentials>) -> Clients {
        let shared = self.shared(region, member);
        Clients {
            cloudtrail: aws_sdk_cloudtrail::Client::from_conf(
                aws_sdk_cloudtrail::config::Builder::from(&shared)
                    .retry_classifier(RetryTransientFaults)
                    .interceptor(RefuseBrokenAnswers)
                    .retry_partition(unlimited_retries())
                    .build(),
            ),
            config: aws_sdk_config::Client::from_conf(
                aws_sdk_config::config::Builder::from(&shared)
                    .retry_classifier(RetryTransientFaults)
                    .interceptor(RefuseBrokenAnswers)
                    .retry_partition(unlimited_retries())
                    .build(),
            ),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        self.time()
    }
}

/// The attempts of a call are bounded, and so is the invocation: no call goes without its retries because others failed
/// before it.
fn unlimited_retries() -> RetryPartition {
    RetryPartition::custom("cloudtrail-all-regions").token_bucket(TokenBucket::unlimited()).build()
}

/// The names of the profiles in the shared configuration and credentials files.
///
/// # Errors
/// A file cannot be read or parsed.
#[expect(clippy::default_trait_access, reason = "the type belongs to a crate that is not used otherwise")]
pub async fn profile_names() -> Result<Vec<String>, ProfileFileLoadError> {
    let profiles = aws_config::profile::load(&Fs::real(), &Env::real(), &Default::default(), None).await?;
    Ok(profiles.profiles().map(str::to_owned).collect())
}

#[cfg(feature = "cli")]
fn http_client_through_proxy() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    })
}

fn push_bounded<T>(cached: &mut VecDeque<T>, item: T, bound: usize) {
    cached.push_back(item);
    while cached.len() > bound {
        cached.pop_front();
    }
}

impl Session<'_> {
    /// Whether the credentials are those of an assumed role.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.member.is_some()
    }

    /// Makes a call in a Region; `subject` says what it is about.
    pub(super) async fn call<T, E>(
        &self,
        operation: &'static str,
        region: &str,
        subject: &str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let is_rules_region = region == self.region;
        let asked = Asked { operation, region, is_rules_region, subject };
        self.calls.track(self.connections.clock, asked, request).await
    }

    /// Opens, after an idle time, the connections that calls will need when others are answered: a second one to
    /// CloudTrail, where two calls about a trail follow DescribeTrails, and one to Config, which gets the report.
    pub async fn open_connections(&self) {
        let Connections { base, https, .. } = self.connections;
        let Some(https) = https.as_ref().filter(|https| https.is_fresh()) else { return };
        // The calls that are due come first and open connections of their own.
        yield_now().await;
        for (endpoint, connections) in [
            (endpoints::of_cloudtrail(base, &self.region).await, 2),
            (endpoints::of_config(base, &self.region).await, 1),
        ] {
            if let Some(url) = endpoint.and_then(|url| url.parse().ok()) {
                https.open(&url, connections);
            }
        }
    }

    /// How long calls may take.
    pub(super) fn timing(&self) -> Timing {
        self.connections.timing
    }

    /// A client for S3 in a Region.
    #[cfg(feature = "cli")]
    pub(super) fn s3(&self, region: &str, clock: ClockOfS3) -> aws_sdk_s3::Client {
        let shared = self.connections.shared(region, self.member.as_ref());
        aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::config::Builder::from(&shared)
                .retry_classifier(RetryTransientFaults)
                .interceptor(RefusePartialListings)
                .interceptor(clock)
                .retry_partition(unlimited_retries())
                .build(),
        )
    }

    /// A client for the service that knows which Regions an account has enabled.
    #[cfg(feature = "cli")]
    pub(super) fn account(&self) -> aws_sdk_account::Client {
        let shared = self.connections.shared(&self.region, self.member.as_ref());
        aws_sdk_account::Client::from_conf(
            aws_sdk_account::config::Builder::from(&shared)
                .retry_classifier(RetryTransientFaults)
                .interceptor(RefuseBrokenAnswers)
                .retry_partition(unlimited_retries())
                .build(),
        )
    }

    /// A client for the organization.
    #[cfg(feature = "cli")]
    pub(super) fn organizations(&self) -> aws_sdk_organizations::Client {
        let shared = self.connections.shared(&self.region, self.member.as_ref());
        aws_sdk_organizations::Client::from_conf(
            aws_sdk_organizations::config::Builder::from(&shared)
                .retry_classifier(RetryTransientFaults)
                .interceptor(RefuseBrokenAnswers)
                .retry_partition(unlimited_retries())
                .build(),
        )
    }

    /// Whether the credentials are temporary ones; not, if there are none.
    #[cfg(feature = "cli")]
    pub(super) async fn has_temporary_credentials(&self) -> bool {
        let provided = match (&self.member, self.connections.base.credentials_provider()) {
            (Some(member), _) => Some(member.clone()),
            (None, Some(provider)) => provider.provide_credentials().await.ok(),
            (None, None) => None,
        };
        provided.is_some_and(|credentials| credentials.session_token().is_some())
    }

    pub(super) fn clients(&self, region: &str) -> Clients {
        self.connections.clients(&self.account_id, region, self.member.as_ref())
    }

    /// What makes the retries of `calls` concurrent CloudTrail calls spread.
    pub(super) fn spread_over(&self, calls: usize) -> aws_sdk_cloudtrail::config::Builder {
        let timing = self.connections.timing.spread_over(calls);
        aws_sdk_cloudtrail::Config::builder().retry_config(timing.retries()).timeout_config(timing.timeouts())
    }
}
