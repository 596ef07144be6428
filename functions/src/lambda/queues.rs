//! The queues between the functions, and what is said through them.

use std::collections::BTreeMap;

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::effect::Lane;
use shared::id::EffectKey;
use shared::ledger::Hash;
use shared::time::{Span, Ts};

use crate::vendors::aws::json::SQS;
use crate::vendors::aws::{Aws, Trouble};

use super::ground::Read;

/// Messages in one call, at most (SQS's limit).
const AT_ONCE: usize = 10;
/// The longest that SQS keeps a message back. What is due later is found by the sweep.
pub const LONGEST_DELAY: Span = Span::mins(15);
/// The only group of a queue that keeps an order.
const GROUP: &str = "one";

/// A queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// What the desk hears, in order.
    Hear,
    /// People to wake.
    Page,
    /// What is looked at and acted on.
    Act,
    /// Chat.
    Tell,
    /// Reports.
    Archive,
    /// Time that has come.
    Sweep,
}

impl Queue {
    /// The queue of a lane.
    pub fn of(lane: Lane) -> Self {
        match lane {
            Lane::Page => Self::Page,
            Lane::Act => Self::Act,
            Lane::Tell => Self::Tell,
            Lane::Archive => Self::Archive,
        }
    }

    /// Whether it keeps an order. Then it brings one batch at a time, and can't keep single messages back.
    fn keeps_order(self) -> bool {
        matches!(self, Self::Hear | Self::Tell)
    }

    fn setting(self) -> &'static str {
        match self {
            Self::Hear => "ALLCLEAR_QUEUE_HEAR",
            Self::Page => "ALLCLEAR_QUEUE_PAGE",
            Self::Act => "ALLCLEAR_QUEUE_ACT",
            Self::Tell => "ALLCLEAR_QUEUE_TELL",
            Self::Archive => "ALLCLEAR_QUEUE_ARCHIVE",
            Self::Sweep => "ALLCLEAR_QUEUE_SWEEP",
        }
    }
}

/// What a message asks for. It says where to look, never what to do: what is owed is in the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Hear a delivery.
    Hear(Hash),
    /// Take in what the vantage points saw.
    Look(Ts),
    /// Perform an effect, if it is still owed.
    Perform(EffectKey),
    /// Let time pass.
    Wake(Ts),
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where to.
    pub queue: Queue,
    /// What it asks for.
    pub task: Task,
    /// How long it is kept back.
    pub delay: Span,
}

/// Sends messages.
#[derive(Clone)]
pub struct Queues {
    aws: Aws,
    region: String,
    read: Read,
}

impl Queues {
    /// The queues whose addresses the environment has.
    pub fn new(aws: Aws, region: String, read: Read) -> Self {
        Self { aws, region, read }
    }

    /// Sends everything; fails if one of them could not be sent, and then some may have been sent.
    pub async fn send(&self, messages: Vec<Message>) -> Result<(), Trouble> {
        let mut queues: BTreeMap<Queue, Vec<Message>> = BTreeMap::new();
        // What is due later and can't be kept back is brought by the sweep.
        let now = |it: &Message| !it.queue.keeps_order() || it.delay <= Span::ZERO;
        for message in messages.into_iter().filter(now) {
            queues.entry(message.queue).or_default().push(message);
        }
        let calls = queues
            .iter()
            .flat_map(|(queue, all)| all.chunks(AT_ONCE).map(|some| self.send_some(*queue, some)));
        futures_util::future::try_join_all(calls).await.map(drop)
    }

    async fn send_some(&self, queue: Queue, messages: &[Message]) -> Result<(), Trouble> {
        let name = queue.setting();
        let url = (self.read)(name)
            .ok_or_else(|| Trouble::NotSent(format!("{name} is not set: deploy again")))?;
        let once = once()?;
        let entries = messages.iter().enumerate().map(|(at, one)| entry(at, one, &once));
        let entries: Vec<Value> = entries.collect();
        let input = json!({ "QueueUrl": url, "Entries": entries });
        let answer = self.aws.json(SQS, &self.region, "SendMessageBatch", &input).await?;
        match answer["Failed"].as_array().and_then(|failed| failed.first()) {
            None => Ok(()),
            Some(first) => Err(Trouble::Refused {
                code: first["Code"].as_str().unwrap_or("no code").into(),
                says: first["Message"].as_str().unwrap_or("a message was not taken").into(),
            }),
        }
    }
}

/// Names one call among all.
fn once() -> Result<String, Trouble> {
    let mut random = [0; 16];
    let none = |_| Trouble::NotSent("the system gives no random numbers".into());
    SystemRandom::new().fill(&mut random).map_err(none)?;
    Ok(data_encoding::HEXLOWER.encode(&random))
}

/// A message as SQS takes it. Nothing is dropped as a repetition: what was heard or performed is known in the table, and a
/// message that was given up must be able to come again.
fn entry(at: usize, message: &Message, once: &str) -> Value {
    let body = json!(message.task).to_string();
    let mut entry = json!({ "Id": at.to_string(), "MessageBody": body });
    if message.queue.keeps_order() {
        entry["MessageGroupId"] = GROUP.into();
        entry["MessageDeduplicationId"] = format!("{once}-{at}").into();
    } else {
        let delay = message.delay.max(Span::ZERO).min(LONGEST_DELAY);
        // Rounded up: early, it would not be due yet.
        entry["DelaySeconds"] = ((delay.0 + 999) / 1_000).into();
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(queue: Queue, delay: Span) -> Message {
        let key = "abc/1/0".parse().unwrap();
        Message { queue, task: Task::Perform(key), delay }
    }

    #[test]
    fn a_message_is_kept_back_until_it_is_due_or_as_long_as_sqs_can() {
        let delay = |span| entry(0, &message(Queue::Page, span), "x")["DelaySeconds"].clone();
        assert_eq!(delay(Span::millis(-4_000)), 0);
        assert_eq!(delay(Span::millis(1_001)), 2);
        assert_eq!(delay(Span::hours(5)), 900);
    }

    #[test]
    fn a_queue_that_keeps_an_order_has_one_group_and_drops_nothing() {
        let first = entry(0, &message(Queue::Tell, Span::ZERO), "x");
        let second = entry(1, &message(Queue::Tell, Span::ZERO), "x");
        assert_eq!(first["MessageGroupId"], second["MessageGroupId"]);
        assert_ne!(first["MessageDeduplicationId"], second["MessageDeduplicationId"]);
        assert_eq!(first.get("DelaySeconds"), None);
    }
}
