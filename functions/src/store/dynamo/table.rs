//! The table: the few calls we make of DynamoDB, each of which may be asked again without harm.
//!
//! Every read is strongly consistent, except of the list of deliveries. There is no transaction and no local index, which
//! a table replicated with strong consistency has not.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use shared::store::StoreError;

use crate::vendors::aws::{Trouble, trouble};

/// What DynamoDB calls an item.
pub type Item = HashMap<String, AttributeValue>;

/// Most items in one call that reads several.
const READ_AT_ONCE: usize = 100;
/// Rounds of asking for what a call left out.
const ROUNDS: usize = 50;

/// A table, and who speaks for it.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

/// What became of an item that must be new.
pub(super) enum Put {
    /// It is there now, and was not before.
    New,
    /// There is one already, and it stays.
    There(Item),
    /// Another Region was writing at the same moment.
    Raced,
}

impl Table {
    /// The table of that name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Writes an item that must not be there yet.
    pub(super) async fn put_new(&self, item: Item) -> Result<Put, StoreError> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)");
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        placed(put.return_values_on_condition_check_failure(old).send().await)
    }

    /// Writes an item if its number `n` is higher than that of the one there; whether it was.
    pub(super) async fn put_higher(&self, item: Item) -> Result<bool, StoreError> {
        let n = item.get("n").cloned().unwrap_or_else(|| number(0_u64));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk) OR n < :n");
        let put = put.expression_attribute_values(":n", n);
        Ok(matches!(placed(put.send().await)?, Put::New))
    }

    /// Writes an item, whatever is there.
    pub(super) async fn put(&self, item: Item) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.map(drop).map_err(|error| failure(&error))
    }

    /// Reads an item.
    pub(super) async fn get(&self, pk: &str, sk: u64) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let got = get.set_key(Some(key(pk, sk))).send().await.map_err(|error| failure(&error))?;
        Ok(got.item)
    }

    /// Reads the items of a partition in order, from this place on.
    pub(super) async fn list(&self, pk: &str, from: u64) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut last) = (Vec::new(), None);
        loop {
            let query = self.client.query().table_name(&self.name).consistent_read(true);
            let query = query.key_condition_expression("pk = :pk AND sk >= :sk");
            let query = query.expression_attribute_values(":pk", text(pk));
            let query = query.expression_attribute_values(":sk", number(from));
            let page = query.set_exclusive_start_key(last).send().await;
            let page = page.map_err(|error| failure(&error))?;
            items.extend(page.items.unwrap_or_default());
            last = page.last_evaluated_key;
            if last.is_none() {
                return Ok(items);
            }
        }
    }

    /// Reads items in any order; what is not there is left out.
    pub(super) async fn get_many(&self, keys: &[(String, u64)]) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        for some in keys.chunks(READ_AT_ONCE) {
            let mut wanted: Vec<Item> = some.iter().map(|(pk, sk)| key(pk, *sk)).collect();
            for _ in 0..ROUNDS {
                let asked = KeysAndAttributes::builder().consistent_read(true);
                let asked = asked.set_keys(Some(wanted)).build();
                let asked = asked.map_err(|error| StoreError::Unavailable(error.to_string()))?;
                let get = self.client.batch_get_item().request_items(&self.name, asked);
                let got = get.send().await.map_err(|error| failure(&error))?;
                items.extend(got.responses.into_iter().flatten().flat_map(|(_, found)| found));
                let left = got.unprocessed_keys.into_iter().flatten().next();
                wanted = left.map(|(_, left)| left.keys).unwrap_or_default();
                if wanted.is_empty() {
                    break;
                }
            }
            if !wanted.is_empty() {
                return Err(StoreError::Unavailable("the table throttles reads".into()));
            }
        }
        Ok(items)
    }

    /// Deletes an item; one that is not there is no news.
    pub(super) async fn delete(&self, pk: &str, sk: u64) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.name);
        let deleted = delete.set_key(Some(key(pk, sk))).send().await;
        deleted.map(drop).map_err(|error| failure(&error))
    }
}

fn placed(
    answer: Result<PutItemOutput, SdkError<PutItemError, HttpResponse>>,
) -> Result<Put, StoreError> {
    let Err(error) = answer else { return Ok(Put::New) };
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(there)) => {
            Ok(Put::There(there.item.clone().unwrap_or_default()))
        }
        Some(PutItemError::ReplicatedWriteConflictException(_)) => Ok(Put::Raced),
        _ => Err(failure(&error)),
    }
}

/// What a failed call means, in words that say what to do.
pub(super) fn failure<E>(error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + 'static,
{
    StoreError::Unavailable(match trouble(error) {
        Trouble::Refused { code, says } if code == "ResourceNotFoundException" => {
            format!("there is no such table in this Region: deploy infra first ({says})")
        }
        Trouble::Refused { code, .. } if code.contains("Thr") => {
            format!("the table takes no more for the moment: it will be tried again ({code})")
        }
        Trouble::Refused { code, says } if code == "AccessDeniedException" => {
            format!("these keys may not use the table: check the role ({says})")
        }
        other => format!("DynamoDB did not do it ({other})"),
    })
}

/// A key of the table.
pub(super) fn key(pk: &str, sk: u64) -> Item {
    Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), number(sk))])
}

/// A text as an attribute.
pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number as an attribute.
pub(super) fn number(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

/// Bytes as an attribute.
pub(super) fn bytes(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// An item's text.
pub(super) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// An item's number.
pub(super) fn number_of<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// An item's bytes.
pub(super) fn bytes_of<'a>(item: &'a Item, name: &str) -> Option<&'a [u8]> {
    item.get(name)?.as_b().ok().map(AsRef::as_ref)
}
