//! A bucket of S3, or of what speaks like it, as the store of backups: every part with its checksum, and what the bucket
//! locks is noted in each manifest.
//!
//! Whoever writes backups needs `PutObject`, `ListBucket` and `GetBucketObjectLockConfiguration`, no more: what was
//! written is looked up in the bucket's list, never read. The lock is the bucket's default retention, so that a stolen
//! writer can't leave it out.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::error::ProvideErrorMetadata;
use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::client::{ClientOptions, HttpClient, HttpConnector};
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, RetryConfig};
use shared::time::Span;

use super::Failure;
use crate::http::{self, Roots};
use crate::vendors::aws::Aws;

/// How such a place begins.
pub(super) const SCHEME: &str = "s3://";
/// How often a call is made again that S3 could not take: all of ours may be made twice.
const RETRIES: usize = 6;
/// After that long it isn't.
const RETRY_TIME: Duration = Duration::from_mins(1);
/// What S3 answers where nothing is locked.
const UNLOCKED: &str = "ObjectLockConfigurationNotFoundError";

/// A bucket and where in it backups are.
#[derive(Debug)]
pub(super) struct Bucket {
    name: String,
    region: String,
    aws: Aws,
}

/// Our one way to speak HTTP and TLS.
#[derive(Debug)]
struct Ours(reqwest::Client);

impl HttpConnector for Ours {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

impl Bucket {
    /// Opens `s3://bucket/folder?region=us-west-2`; keys and endpoints are settings of the environment, as for all of
    /// AWS. Nothing is asked of the bucket yet.
    pub fn open(
        place: &str,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Arc<dyn ObjectStore>), Failure> {
        let wrong = |why: &str| {
            Failure::Setup(format!("`{place}` {why}: write s3://bucket/folder?region=us-west-2"))
        };
        let url = url::Url::parse(place).map_err(|_| wrong("is no URL"))?;
        let name =
            url.host_str().filter(|it| !it.is_empty()).ok_or_else(|| wrong("names no bucket"))?;
        let set = |name: &str| read(name).filter(|value| !value.is_empty());
        let said =
            url.query_pairs().find(|(key, _)| key == "region").map(|(_, it)| it.into_owned());
        let region = said.or_else(|| set("AWS_REGION")).ok_or_else(|| wrong("names no Region"))?;
        let keyless = || {
            Failure::Setup(
                "backups in a bucket need AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: a writer that may put and list, \
                 nothing else"
                    .into(),
            )
        };
        let client =
            http::client(&Roots::default()).map_err(|why| Failure::Setup(why.to_string()))?;
        let aws = Aws::from_environment(client.clone(), read).ok_or_else(keyless)?;
        let (id, secret) = (
            set("AWS_ACCESS_KEY_ID").ok_or_else(keyless)?,
            set("AWS_SECRET_ACCESS_KEY").ok_or_else(keyless)?,
        );
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(&region)
            .with_access_key_id(id)
            .with_secret_access_key(secret)
            .with_checksum_algorithm(Checksum::SHA256)
            .with_retry(RetryConfig {
                max_retries: RETRIES,
                retry_timeout: RETRY_TIME,
                ..RetryConfig::default()
            })
            .with_http_connector(Ours(client));
        if let Some(token) = set("AWS_SESSION_TOKEN") {
            builder = builder.with_token(token);
        }
        if let Some(endpoint) = set("AWS_ENDPOINT_URL_S3").or_else(|| set("AWS_ENDPOINT_URL")) {
            builder = builder.with_endpoint(endpoint).with_allow_http(true);
        }
        let store = PrefixStore::new(builder.build()?, url.path().trim_matches('/'));
        Ok((Self { name: name.into(), region, aws }, Arc::new(store)))
    }

    /// How long the bucket keeps every new object from being deleted; `None` where it doesn't.
    pub async fn lock(&self) -> Result<Option<Span>, Failure> {
        let client = self.aws.s3(&self.region);
        let asked = client.get_object_lock_configuration().bucket(&self.name).send().await;
        let found = match asked {
            Ok(found) => found.object_lock_configuration,
            Err(why) if why.code() == Some(UNLOCKED) => None,
            Err(why) => {
                let says = crate::vendors::aws::trouble(&why);
                return Err(Failure::Store(format!(
                    "what {} locks can't be asked: {says}",
                    self.name
                )));
            }
        };
        let default = found.and_then(|it| it.rule).and_then(|it| it.default_retention);
        Ok(default.and_then(|it| {
            let years = it.years.map(|years| years * 365);
            it.days.or(years).map(|days| Span::days(i64::from(days)))
        }))
    }
}
