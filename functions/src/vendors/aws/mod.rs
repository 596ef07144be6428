//! AWS: keys from the environment, and clients that never repeat a request by themselves, but for [`patient`] ones.
//!
//! No credential chain is searched: in a disaster nothing may depend on an endpoint that hands out keys.

use std::fmt;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_route53::config::retry::RetryConfig;
use aws_sdk_route53::config::timeout::TimeoutConfig;
use aws_sdk_route53::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

mod connector;
pub mod json;
mod patient;

use connector::Connector;

/// Route 53 has one control plane, and it is here.
const ROUTE_53_REGION: &str = "us-east-1";
/// No single call takes longer.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers with a status above 499 by which nothing was done.
const IS_REFUSAL: [&str; 3] =
    ["SlowDown", "ServiceUnavailable", "EndpointTemporarilyUnavailableException"];

/// What reaches AWS.
#[derive(Clone)]
pub struct Aws {
    keys: Credentials,
    http: reqwest::Client,
    /// Where every service is asked instead of at AWS; for tests and private endpoints.
    endpoint: Option<String>,
    route_53_endpoint: Option<String>,
    s3_endpoint: Option<String>,
    dynamodb_endpoint: Option<String>,
    sns_endpoint: Option<String>,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The parts that every client's configuration has in common.
macro_rules! configured {
    ($service:ident, $aws:expr, $region:expr, $endpoint:expr) => {{
        let aws: &Aws = $aws;
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(CALL_TIMEOUT).build();
        let config = $service::Config::builder()
            .behavior_version($service::config::BehaviorVersion::latest())
            .credentials_provider(aws.keys.clone())
            .region($service::config::Region::new(String::from($region)))
            .http_client(Connector(aws.http.clone()))
            // A lost reply is read back, never repeated blindly; our own code paces itself.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        match $endpoint {
            Some(endpoint) => config.endpoint_url(endpoint),
            None => config,
        }
    }};
}

impl Aws {
    /// `None` without keys. `read` gives a setting of the environment by its name.
    pub fn from_environment(
        http: reqwest::Client,
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let set = |name: &str| read(name).filter(|value| !value.is_empty());
        let (id, secret) = (set("AWS_ACCESS_KEY_ID")?, set("AWS_SECRET_ACCESS_KEY")?);
        let token = set("AWS_SESSION_TOKEN");
        Some(Self {
            keys: Credentials::new(id, secret, token, None, "environment"),
            http,
            endpoint: set("AWS_ENDPOINT_URL"),
            route_53_endpoint: set("AWS_ENDPOINT_URL_ROUTE_53"),
            s3_endpoint: set("AWS_ENDPOINT_URL_S3"),
            dynamodb_endpoint: set("AWS_ENDPOINT_URL_DYNAMODB"),
            sns_endpoint: set("AWS_ENDPOINT_URL_SNS"),
        })
    }

    /// DynamoDB in a Region, over a client that nobody else uses: see [`crate::store::DynamoStore::open`].
    ///
    /// Unlike anywhere else a call is repeated here when it fails: all that is asked of the table is to read, or to write
    /// on a condition.
    pub fn dynamodb(&self, region: &str, http: reqwest::Client) -> aws_sdk_dynamodb::Client {
        let endpoint = self.dynamodb_endpoint.as_ref().or(self.endpoint.as_ref());
        let config = configured!(aws_sdk_dynamodb, self, region, endpoint);
        let config = config.http_client(Connector(http)).timeout_config(patient::timeouts());
        let config = config.retry_config(patient::retries());
        let config = config.retry_classifier(patient::BrokenConnections);
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// Route 53's control plane.
    pub fn route53(&self) -> aws_sdk_route53::Client {
        let endpoint = self.route_53_endpoint.as_ref().or(self.endpoint.as_ref());
        let config = configured!(aws_sdk_route53, self, ROUTE_53_REGION, endpoint);
        aws_sdk_route53::Client::from_conf(config.build())
    }

    /// S3 in a Region.
    pub fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let endpoint = self.s3_endpoint.as_ref().or(self.endpoint.as_ref());
        let config = configured!(aws_sdk_s3, self, region, endpoint);
        // Behind another endpoint a bucket is no host name.
        aws_sdk_s3::Client::from_conf(config.force_path_style(endpoint.is_some()).build())
    }

    /// SNS in a Region.
    pub fn sns(&self, region: &str) -> aws_sdk_sns::Client {
        let endpoint = self.sns_endpoint.as_ref().or(self.endpoint.as_ref());
        let config = configured!(aws_sdk_sns, self, region, endpoint);
        aws_sdk_sns::Client::from_conf(config.build())
    }

    /// One of the five endpoints of a cluster of routing controls.
    pub fn routing_controls(
        &self,
        region: &str,
        endpoint: &str,
    ) -> aws_sdk_route53recoverycluster::Client {
        let config = configured!(aws_sdk_route53recoverycluster, self, region, Some(endpoint));
        aws_sdk_route53recoverycluster::Client::from_conf(config.build())
    }
}

/// What a failed call means for what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It never left: nothing happened, and it may be tried again.
    NotSent(String),
    /// AWS said no, with its code.
    Refused {
        /// E.g. `Throttling`.
        code: String,
        /// AWS's words.
        says: String,
    },
    /// It may or may not have happened.
    Lost(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) | Self::Lost(why) => f.write_str(why),
            Self::Refused { code, says } => write!(f, "{code}: {says}"),
        }
    }
}

impl std::error::Error for Trouble {}

/// Reads a failure of any service.
pub fn trouble<E>(error: &SdkError<E, HttpResponse>) -> Trouble
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            let code = meta.code().unwrap_or("no code").to_owned();
            let says = meta.message().unwrap_or("no reason given").to_owned();
            let broke = service.raw().status().is_server_error() && !IS_REFUSAL.contains(&&*code);
            if broke {
                Trouble::Lost(format!("{code}: {says}"))
            } else {
                Trouble::Refused { code, says }
            }
        }
        SdkError::ConstructionFailure(_) => Trouble::NotSent("the request makes no sense".into()),
        SdkError::DispatchFailure(failure) if failure.is_io() => {
            Trouble::NotSent("AWS cannot be reached".into())
        }
        SdkError::TimeoutError(_) => Trouble::Lost("no answer in time".into()),
        _ => Trouble::Lost("the connection broke before the reply".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::http;

    fn keys(endpoint: String) -> impl Fn(&str) -> Option<String> {
        move |name| match name {
            "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".into()),
            "AWS_SECRET_ACCESS_KEY" => Some("nobody must read this".into()),
            "AWS_ENDPOINT_URL" => Some(endpoint.clone()),
            _ => None,
        }
    }

    fn aws(endpoint: String) -> Aws {
        Aws::from_environment(http::client(&http::Roots::default()).unwrap(), keys(endpoint))
            .unwrap()
    }

    #[test]
    fn without_keys_there_is_no_aws_and_with_them_they_are_never_shown() {
        assert!(
            Aws::from_environment(http::client(&http::Roots::default()).unwrap(), |_| None)
                .is_none()
        );
        let shown = format!("{:?}", aws("http://127.0.0.1:1".into()));
        assert!(!shown.contains("nobody") && !shown.contains("AKID"), "{shown}");
    }

    #[tokio::test]
    async fn a_lost_reply_is_known_as_such_and_never_asked_for_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let _read = socket.read(&mut [0; 1_024]).await;
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let error = aws(endpoint).route53().get_change().id("C1").send().await.unwrap_err();
        assert!(matches!(trouble(&error), Trouble::Lost(_)), "{error:?}");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_never_left_may_be_tried_again() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error =
            aws(format!("http://{free}")).route53().get_change().id("C1").send().await.unwrap_err();
        assert!(matches!(trouble(&error), Trouble::NotSent(_)), "{error:?}");
    }
}
