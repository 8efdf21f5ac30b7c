//! The endpoints that calls go to, as the SDK's own resolvers tell them.

use aws_types::{
    SdkConfig,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};

/// The environment's endpoint URLs: `AWS_ENDPOINT_URL_CLOUDTRAIL`, else `AWS_ENDPOINT_URL`.
#[derive(Debug)]
pub(super) struct EndpointUrls;

impl LoadServiceConfig for EndpointUrls {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let of_service = format!("{}_{}", key.env(), key.service_id().replace(' ', "_").to_uppercase());
        let read = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
        read(&of_service).or_else(|| read(key.env()))
    }
}

/// The URL of CloudTrail's endpoint in a Region; none if there is none, as the calls will say.
pub(super) async fn of_cloudtrail(base: &SdkConfig, region: &str) -> Option<String> {
    use aws_sdk_cloudtrail::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};

    let params = Params::builder()
        .region(region)
        .set_use_fips(base.use_fips())
        .set_use_dual_stack(base.use_dual_stack())
        .set_endpoint(configured_url(base, "CloudTrail"));
    let endpoint = DefaultResolver::new().resolve_endpoint(&params.build().ok()?).await.ok()?;
    Some(endpoint.url().to_owned())
}

/// The URL of AWS Config's endpoint in a Region; none if there is none, as the calls will say.
pub(super) async fn of_config(base: &SdkConfig, region: &str) -> Option<String> {
    use aws_sdk_config::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};

    let params = Params::builder()
        .region(region)
        .set_use_fips(base.use_fips())
        .set_use_dual_stack(base.use_dual_stack())
        .set_endpoint(configured_url(base, "Config Service"));
    let endpoint = DefaultResolver::new().resolve_endpoint(&params.build().ok()?).await.ok()?;
    Some(endpoint.url().to_owned())
}

/// The endpoint URL that is set for a service, or for all.
fn configured_url(base: &SdkConfig, service_id: &str) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id(service_id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let of_service = base.service_config().zip(key.ok()).and_then(|(configured, key)| configured.load_config(key));
    of_service.or_else(|| base.endpoint_url().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_config::BehaviorVersion;
    use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
    use aws_smithy_runtime_api::client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::HttpRequest,
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    };
    use aws_types::{region::Region, sdk_config::Builder};

    use super::*;

    /// Notes where requests are to go, and sends none.
    #[derive(Debug, Clone, Default)]
    struct Asked(Arc<Mutex<Vec<String>>>);

    impl HttpConnector for Asked {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            self.0.lock().unwrap().push(request.uri().trim_end_matches('/').to_owned());
            HttpConnectorFuture::ready(Err(ConnectorError::user("not sent".into())))
        }
    }

    impl HttpClient for Asked {
        fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    #[derive(Debug)]
    struct OfOneService;

    impl LoadServiceConfig for OfOneService {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            (key.service_id() == "Config Service").then(|| format!("http://127.0.0.1:9/{}", key.env().to_lowercase()))
        }
    }

    #[tokio::test]
    async fn the_endpoints_are_those_that_calls_go_to() {
        type Change = fn(Builder) -> Builder;
        let changes: [(&str, Change, [&str; 2]); 7] = [
            (
                "us-east-1",
                |base| base,
                ["https://cloudtrail.us-east-1.amazonaws.com", "https://config.us-east-1.amazonaws.com"],
            ),
            (
                "cn-north-1",
                |base| base,
                ["https://cloudtrail.cn-north-1.amazonaws.com.cn", "https://config.cn-north-1.amazonaws.com.cn"],
            ),
            (
                "us-gov-west-1",
                |base| base.use_fips(true),
                ["https://cloudtrail.us-gov-west-1.amazonaws.com", "https://config.us-gov-west-1.amazonaws.com"],
            ),
            (
                "us-east-1",
                |base| base.use_fips(true),
                ["https://cloudtrail-fips.us-east-1.amazonaws.com", "https://config-fips.us-east-1.amazonaws.com"],
            ),
            (
                "eu-west-1",
                |base| base.use_dual_stack(true),
                ["https://cloudtrail.eu-west-1.api.aws", "https://config.eu-west-1.api.aws"],
            ),
            ("eu-west-1", |base| base.endpoint_url("http://127.0.0.1:8"), ["http://127.0.0.1:8", "http://127.0.0.1:8"]),
            (
                "eu-west-1",
                |base| base.endpoint_url("http://127.0.0.1:8").service_config(OfOneService),
                ["http://127.0.0.1:8", "http://127.0.0.1:9/aws_endpoint_url"],
            ),
        ];
        for (region, change, expected) in changes {
            let asked = Asked::default();
            let credentials = Credentials::new("AKIDEXAMPLE", "example", None, None, "test");
            let base = SdkConfig::builder()
                .behavior_version(BehaviorVersion::v2026_01_12())
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .region(Region::new(region))
                .http_client(asked.clone());
            let base = change(base).build();
            let cloudtrail = aws_sdk_cloudtrail::Client::new(&base);
            let config = aws_sdk_config::Client::new(&base);
            let told = [of_cloudtrail(&base, region).await, of_config(&base, region).await];
            cloudtrail.describe_trails().send().await.unwrap_err();
            config.describe_config_rules().send().await.unwrap_err();
            assert_eq!(told, expected.map(|url| Some(url.to_owned())));
            assert_eq!(*asked.0.lock().unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn what_the_sdk_refuses_to_combine_has_no_endpoint() {
        let base = SdkConfig::builder().use_fips(true).endpoint_url("http://127.0.0.1:8").build();
        assert_eq!(of_cloudtrail(&base, "eu-west-1").await, None);
        assert_eq!(of_config(&base, "eu-west-1").await, None);
    }
}
