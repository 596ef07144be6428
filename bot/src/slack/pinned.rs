//! A message with a pin or a 📌 joins its incident's timeline: as an update, in the name of whoever wrote it, once.
//!
//! The message's place in Slack is the key of the update: whoever pins it, however often, the store takes it once.

use std::sync::Arc;
use std::time::Duration;

use functions::desk::Utterance;
use serde_json::Value;
use shared::engine::Target;
use shared::incident::Wish;
use slack_morphism::prelude::{SlackChannelId, SlackTs, SlackUserId};
use tokio::time::sleep;

use super::api::{Trouble, Written};
use super::face::{Face, VIA};
use super::text::{cut, read};
use super::{kit, room};
use crate::orders::Counter;

/// The reactions that mean the same as a pin.
const PINS: [&str; 2] = ["pushpin", "round_pushpin"];
/// Slack says that something was pinned once: a busy moment must not make us deaf for it.
const WAITS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];

/// Something that was pinned.
#[derive(Debug, PartialEq, Eq)]
struct Pinned {
    by: SlackUserId,
    channel: SlackChannelId,
    ts: String,
}

/// Takes an event; what is no pin, or the pin of a program's message, changes nothing.
pub fn heard(face: &Arc<Face>, event: &Value) {
    let Some(pinned) = of(event) else { return };
    let face = Arc::clone(face);
    tokio::spawn(async move {
        if let Err(why) = face.joins(&pinned).await {
            let refusal = room::refusal(&format!("it does not join the timeline: {why:#}"));
            if let Err(trouble) = face.api.whisper(&pinned.channel, &pinned.by, refusal).await {
                tracing::warn!(error = %trouble, "failed to answer in Slack");
            }
        }
    });
}

fn of(event: &Value) -> Option<Pinned> {
    let (kind, item) = (event["type"].as_str()?, &event["item"]);
    let (channel, ts) = match kind {
        "reaction_added" if PINS.contains(&event["reaction"].as_str()?) => {
            (&item["channel"], &item["ts"])
        }
        "pin_added" if item["message"]["bot_id"].is_null() => {
            (&event["channel_id"], &item["message"]["ts"])
        }
        _ => return None,
    };
    Some(Pinned {
        by: event["user"].as_str()?.into(),
        channel: channel.as_str()?.into(),
        ts: ts.as_str()?.to_owned(),
    })
}

impl Face {
    /// Brings the message into the timeline; an error is for whoever pinned it.
    async fn joins(&self, pinned: &Pinned) -> anyhow::Result<()> {
        let own = self.book.at_hand(&pinned.channel, None);
        if own.is_none() && pinned.channel != self.channel {
            return Ok(());
        }
        let Some(written) = self.look_up(pinned).await? else { return Ok(()) };
        let thread = written.thread_ts.as_deref().map(SlackTs::from);
        let Some(number) = own.or_else(|| self.book.at_hand(&pinned.channel, thread.as_ref()))
        else {
            return Ok(());
        };
        let is_told = matches!(written.subtype.as_deref(), None | Some("thread_broadcast"));
        if !is_told || written.bot_id.is_some() {
            return Ok(());
        }
        if self.person(&pinned.by).is_none() {
            anyhow::bail!("I don't know you yet: your Slack id is {}", pinned.by.0);
        }
        let Some(author) = self.person(&SlackUserId(written.user.clone())) else {
            anyhow::bail!("whoever wrote it is not in the plan: say it in your own words");
        };
        let name = |user: &str| self.person(&user.into()).map(|one| one.id.to_string());
        let text = cut(read(&written.text, name).trim(), kit::INPUT_TEXT);
        if shared::timeline::plain(&text).is_empty() {
            anyhow::bail!("there are no words in it");
        }
        let key = format!("slack/pinned/{}/{}", pinned.channel.0, pinned.ts);
        let (target, by) = (Target::Number(number), author.id.clone());
        let said = Utterance { target, by, via: VIA.into(), key, wish: Wish::Update(text) };
        self.counter.wish(said).await.map(drop)
    }

    async fn look_up(&self, pinned: &Pinned) -> Result<Option<Written>, Trouble> {
        for wait in WAITS {
            match self.api.written(&pinned.channel, &pinned.ts).await {
                Err(Trouble::Later { after, .. }) => sleep(after.max(wait)).await,
                Err(Trouble::Lost(_)) => sleep(wait).await,
                known => return known,
            }
        }
        self.api.written(&pinned.channel, &pinned.ts).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reaction(name: &str) -> Value {
        json!({"type": "reaction_added", "user": "U1", "reaction": name,
               "item": {"type": "message", "channel": "C1", "ts": "1.2"}})
    }

    fn pin(message: &Value) -> Value {
        json!({"type": "pin_added", "user": "U1", "channel_id": "C1", "item": {"message": message}})
    }

    #[test]
    fn a_pin_and_a_pushpin_are_the_same_and_nothing_else_is() {
        let it = Pinned { by: "U1".into(), channel: "C1".into(), ts: "1.2".into() };
        assert_eq!(of(&reaction("pushpin")).as_ref(), Some(&it));
        assert_eq!(of(&reaction("round_pushpin")).as_ref(), Some(&it));
        assert_eq!(of(&pin(&json!({"ts": "1.2", "user": "U2"}))).as_ref(), Some(&it));
        assert_eq!(of(&pin(&json!({"ts": "1.2", "bot_id": "B1"}))), None, "our own card");
        assert_eq!(of(&pin(&json!({}))), None, "a file");
        assert_eq!(of(&reaction("eyes")), None);
        assert_eq!(of(&json!({"type": "app_home_opened", "user": "U1"})), None);
        assert_eq!(of(&json!({})), None);
    }
}
