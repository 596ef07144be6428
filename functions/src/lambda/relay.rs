//! `relay`: hands on what the table's stream brings. It decides nothing: what an item asks for, the store says.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::Error;
use serde::Deserialize;
use serde_json::Value;
use shared::time::{Span, Ts};

use crate::store::dynamo::{Item, Relayed, relayed};

use super::queues::{Message, Queue, Task};
use super::{Ground, host};

/// A batch of the stream.
#[derive(Debug, Deserialize)]
struct Stream {
    #[serde(default, rename = "Records")]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    dynamodb: Change,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    #[serde(default)]
    new_image: HashMap<String, Value>,
}

/// Relays.
pub async fn run(ground: Ground) -> Result<(), Error> {
    let ground = Arc::new(ground);
    host::handle(move |event| {
        let ground = Arc::clone(&ground);
        async move { relay(&ground, event).await }
    })
    .await
}

/// Hands a batch on. If it can't be, all of it comes again: what was sent already is harmless.
async fn relay(ground: &Ground, event: Value) -> Result<Value, Error> {
    let stream: Stream = serde_json::from_value(event)?;
    let now = (ground.clock)();
    let messages = stream.records.iter().flat_map(|record| {
        let item = item(&record.dynamodb.new_image);
        relayed(&item).into_iter().map(|asked| message(asked, now)).collect::<Vec<_>>()
    });
    let messages: Vec<_> = messages.collect();
    tracing::info!(records = stream.records.len(), messages = messages.len(), "relayed");
    ground.queues.send(messages).await?;
    Ok(Value::Null)
}

/// The message for what an item asks for.
fn message(asked: Relayed, now: Ts) -> Message {
    match asked {
        Relayed::Hear(key) => {
            Message { queue: Queue::Hear, task: Task::Hear(key), delay: Span::ZERO }
        }
        Relayed::Perform { key, lane, due } => {
            Message { queue: Queue::of(lane), task: Task::Perform(key), delay: due.since(now) }
        }
        Relayed::Wake { at, .. } => {
            Message { queue: Queue::Sweep, task: Task::Wake(at), delay: at.since(now) }
        }
        Relayed::Sweep => Message { queue: Queue::Sweep, task: Task::Wake(now), delay: Span::ZERO },
    }
}

/// An item as the stream writes it: `{"pk": {"S": "log#0"}, …}`. Attributes of other types are none of ours.
fn item(image: &HashMap<String, Value>) -> Item {
    let read = image.iter().filter_map(|(name, typed)| Some((name.clone(), attribute(typed)?)));
    read.collect()
}

fn attribute(typed: &Value) -> Option<AttributeValue> {
    let (kind, value) = typed.as_object()?.iter().next()?;
    match kind.as_str() {
        "S" => Some(AttributeValue::S(value.as_str()?.into())),
        "N" => Some(AttributeValue::N(value.as_str()?.into())),
        "BOOL" => Some(AttributeValue::Bool(value.as_bool()?)),
        "B" => {
            let bytes = data_encoding::BASE64.decode(value.as_str()?.as_bytes()).ok()?;
            Some(AttributeValue::B(Blob::new(bytes)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_of_the_stream_is_read_as_the_table_has_it() {
        let image = json!({
            "pk": {"S": "log#0"}, "sk": {"N": "7"}, "body": {"B": "aGk="}, "over": {"BOOL": true},
            "strange": {"NULL": true},
        });
        let item = item(&serde_json::from_value(image).unwrap());
        assert_eq!(item["pk"].as_s().unwrap(), "log#0");
        assert_eq!(item["sk"].as_n().unwrap(), "7");
        assert_eq!(item["body"].as_b().unwrap().as_ref(), b"hi");
        assert_eq!(item.len(), 4);
    }

    #[test]
    fn what_is_due_later_than_sqs_can_wait_is_left_to_the_sweep() {
        let asked = Relayed::Wake { key: "abc/1/0".parse().unwrap(), at: Ts(0) + Span::hours(3) };
        let message = message(asked, Ts(0));
        assert_eq!((message.queue, message.delay), (Queue::Sweep, Span::hours(3)));
    }
}
