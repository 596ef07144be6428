//! Batches of messages as Lambda hands them over, and the answer that names those which must come again.

use serde::Deserialize;
use serde_json::{Value, json};

use super::queues::Task;

/// A batch of a queue.
#[derive(Debug, Default, Deserialize)]
pub struct Batch {
    /// Its messages, in their order.
    #[serde(default, rename = "Records")]
    pub records: Vec<Record>,
}

/// A message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Names it in the answer.
    pub message_id: String,
    body: String,
}

impl Record {
    /// What it asks for; `None` for words that nobody here says any more.
    pub fn task(&self) -> Option<Task> {
        let task = serde_json::from_str(&self.body);
        task.inspect_err(|error| tracing::error!(%error, "a message makes no sense; dropped")).ok()
    }
}

/// The answer that has these messages brought again, and no other.
pub fn again<'a>(failed: impl IntoIterator<Item = &'a str>) -> Value {
    let failed: Vec<_> = failed.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": failed })
}
