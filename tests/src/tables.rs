//! Tables of DynamoDB in an emulator that nobody here wrote, for code that waits.

use std::io::{Error, Result};
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::types as t;
use functions::http::{self, Roots};
use functions::store::dynamo::{Table, deliveries};
use functions::vendors::aws::Aws;
use tokio::runtime::Runtime;

use crate::emulator::Emulator;

const REGION: &str = "us-west-2";

/// The emulator, and a runtime to look into it.
#[derive(Debug)]
pub struct Tables {
    /// Where it answers, without a slash.
    pub url: String,
    runtime: Runtime,
    made: AtomicU32,
    _emulator: Emulator,
}

impl Tables {
    /// Starts it, with nothing in it.
    pub fn start() -> Result<Self> {
        // What stands before the emulator must answer while a test is blocked.
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build()?;
        let emulator = runtime.block_on(Emulator::aws())?;
        let url = emulator.url.clone();
        Ok(Self { url, runtime, made: AtomicU32::new(0), _emulator: emulator })
    }

    /// Waits until the work is done.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Makes an empty table and gives its name.
    ///
    /// # Errors
    /// If the emulator doesn't take it.
    pub fn make(&self) -> Result<String> {
        let name = format!("allclear-{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.wait(create(&client(&self.url)?, &name))?;
        Ok(name)
    }

    /// A handle of its own on a table.
    ///
    /// # Errors
    /// If there is no client.
    pub fn table(&self, name: &str) -> Result<Table> {
        Ok(Table::new(client(&self.url)?, name))
    }

    /// The official client, to look at what is there.
    ///
    /// # Errors
    /// If there is no client.
    pub fn client(&self) -> Result<aws_sdk_dynamodb::Client> {
        client(&self.url)
    }
}

/// A client of its own, for whatever answers there.
///
/// # Errors
/// If TLS can't be set up.
pub fn client(url: &str) -> Result<aws_sdk_dynamodb::Client> {
    let http = || http::client(&Roots::default()).map_err(Error::other);
    let read = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("fictional".to_owned()),
        "AWS_ENDPOINT_URL" => Some(url.to_owned()),
        _ => None,
    };
    let aws = Aws::from_environment(http()?, read).ok_or_else(|| Error::other("no keys"))?;
    Ok(aws.dynamodb(REGION, http()?))
}

async fn create(client: &aws_sdk_dynamodb::Client, name: &str) -> Result<()> {
    let attribute = |name: &str, kind| {
        let attribute = t::AttributeDefinition::builder().attribute_name(name);
        attribute.attribute_type(kind).build().map_err(Error::other)
    };
    let key = |name: &str, kind| {
        let key = t::KeySchemaElement::builder().attribute_name(name);
        key.key_type(kind).build().map_err(Error::other)
    };
    let projected = t::Projection::builder().projection_type(t::ProjectionType::Include);
    let projected = projected.non_key_attributes("chunks").non_key_attributes("token").build();
    let index = t::GlobalSecondaryIndex::builder().index_name(deliveries::INDEX);
    let index = index.key_schema(key("tray", t::KeyType::Hash)?);
    let index = index.key_schema(key("received", t::KeyType::Range)?).projection(projected);
    let stream = t::StreamSpecification::builder().stream_enabled(true);
    let stream = stream.stream_view_type(t::StreamViewType::NewImage).build();
    let table = client.create_table().table_name(name);
    let table = table
        .attribute_definitions(attribute("pk", t::ScalarAttributeType::S)?)
        .attribute_definitions(attribute("sk", t::ScalarAttributeType::N)?)
        .attribute_definitions(attribute("tray", t::ScalarAttributeType::S)?)
        .attribute_definitions(attribute("received", t::ScalarAttributeType::N)?)
        .key_schema(key("pk", t::KeyType::Hash)?)
        .key_schema(key("sk", t::KeyType::Range)?)
        .global_secondary_indexes(index.build().map_err(Error::other)?)
        .billing_mode(t::BillingMode::PayPerRequest)
        .stream_specification(stream.map_err(Error::other)?);
    table.send().await.map(drop).map_err(Error::other)
}
