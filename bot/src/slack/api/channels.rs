//! Channels of the Web API: made, found again, named, filled with people; and what was said in them.
//!
//! Answers are read into our own types: what other people's programs wrote into a channel must not make it unreadable.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::time::{Span, Ts};
use slack_morphism::prelude::*;

use super::{Api, Place, Trouble, trouble};

/// Channels of one page, and pages that are looked through for a name: beyond them it counts as not found.
const CHANNELS: &str = "1000";
const CHANNEL_PAGES: usize = 20;
/// Messages of one page, and pages that are looked through for one of ours.
const MESSAGES: &str = "200";
const MESSAGE_PAGES: usize = 5;
/// How far Slack's clock and ours may be apart, and how long a post may have been under way.
const ABOUT: Span = Span::mins(5);
/// What our own messages carry unseen.
const EVENT_TYPE: &str = "allclear_told";

/// What a message of ours tells: it goes with the message unseen, and says after a lost reply that it was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Names what is told, e.g. `<incident>/news/4.0`.
    pub key: String,
    /// The last turn that it tells of.
    pub turn: u32,
    /// The timeline's lines that were told with it, counted from the first.
    pub lines: usize,
}

impl Told {
    /// Something that is told as a whole.
    pub fn whole(key: String) -> Self {
        Self { key, turn: 0, lines: 0 }
    }

    pub(super) fn metadata(&self) -> SlackMessageMetadata {
        let payload = [
            ("key".to_owned(), self.key.clone()),
            ("turn".to_owned(), self.turn.to_string()),
            ("lines".to_owned(), self.lines.to_string()),
        ];
        SlackMessageMetadata::new(EVENT_TYPE.into()).with_event_payload(HashMap::from(payload))
    }

    fn read(metadata: &Value) -> Option<Self> {
        let text = |name: &str| metadata["event_payload"][name].as_str();
        let number = |name: &str| text(name)?.parse().ok();
        let ours = metadata["event_type"] == EVENT_TYPE;
        let (turn, lines) = (number("turn")?, number("lines")?);
        ours.then_some(Self { key: text("key")?.to_owned(), turn: turn as u32, lines })
    }
}

/// A channel as Slack describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Found {
    /// Its id.
    pub id: SlackChannelId,
    /// Its name, without `#`.
    #[serde(default)]
    pub name: String,
    /// Who made it.
    #[serde(default)]
    pub creator: String,
    /// Its topic.
    #[serde(default)]
    pub topic: Words,
    /// What it is for.
    #[serde(default)]
    pub purpose: Words,
}

/// A topic or a purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Words {
    /// The words, escaped as Slack does.
    #[serde(default)]
    pub value: String,
}

/// A message as it stands in a channel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Written {
    /// Its time, which names it.
    pub ts: String,
    /// Who wrote it.
    #[serde(default)]
    pub user: String,
    /// The program that wrote it, if it was one.
    #[serde(default)]
    pub bot_id: Option<String>,
    /// The words, marked and escaped as Slack does.
    #[serde(default)]
    pub text: String,
    /// The message in whose thread it is.
    #[serde(default)]
    pub thread_ts: Option<String>,
    /// What sort of message it is, where it is none of somebody's words: e.g. `channel_join`.
    #[serde(default)]
    pub subtype: Option<String>,
    #[serde(default)]
    metadata: Value,
}

#[derive(Deserialize)]
struct OneChannel {
    channel: Found,
}

#[derive(Deserialize)]
struct Channels {
    channels: Vec<Found>,
    #[serde(default)]
    response_metadata: Next,
}

#[derive(Deserialize)]
struct Messages {
    messages: Vec<Written>,
    #[serde(default)]
    response_metadata: Next,
}

/// Where the next page begins; empty after the last.
#[derive(Default, Deserialize)]
struct Next {
    #[serde(default)]
    next_cursor: String,
}

impl Api {
    async fn reads<T: DeserializeOwned + Send>(
        &self,
        method: &str,
        asked: &[(&str, &str)],
    ) -> Result<T, Trouble> {
        let asked: Vec<(&str, Option<&str>)> =
            asked.iter().map(|(name, value)| (*name, Some(*value))).collect();
        let session = self.client.open_session(&self.token);
        session.http_session_api.http_get(method, &asked, None).await.map_err(trouble)
    }

    async fn asks<T: DeserializeOwned + Send>(
        &self,
        method: &str,
        asked: &Value,
    ) -> Result<T, Trouble> {
        let session = self.client.open_session(&self.token);
        session.http_session_api.http_post(method, asked, None).await.map_err(trouble)
    }

    async fn does(&self, method: &str, asked: &Value) -> Result<(), Trouble> {
        self.asks::<Value>(method, asked).await.map(drop)
    }

    /// The bot as a user.
    pub async fn who(&self) -> Result<SlackUserId, Trouble> {
        let session = self.client.open_session(&self.token);
        session.auth_test().await.map(|answer| answer.user_id).map_err(trouble)
    }

    /// Makes a public channel. `name_taken` may be the answer to our own second try, too.
    pub async fn create(&self, name: &str) -> Result<SlackChannelId, Trouble> {
        let made: OneChannel = self.asks("conversations.create", &json!({"name": name})).await?;
        Ok(made.channel.id)
    }

    /// The channel of that name. Slack knows no shorter way than the list of all: only for a name that is taken.
    pub async fn named(&self, name: &str) -> Result<Option<Found>, Trouble> {
        let mut next = Next::default();
        for _ in 0..CHANNEL_PAGES {
            let page = [
                ("types", "public_channel"),
                ("limit", CHANNELS),
                ("cursor", next.next_cursor.as_str()),
            ];
            let page: Channels = self.reads("conversations.list", &page).await?;
            if let Some(found) = page.channels.into_iter().find(|one| one.name == name) {
                return Ok(Some(found));
            }
            next = page.response_metadata;
            if next.next_cursor.is_empty() {
                break;
            }
        }
        Ok(None)
    }

    /// A channel as it is now.
    pub async fn info(&self, channel: &SlackChannelId) -> Result<Found, Trouble> {
        let found: OneChannel =
            self.reads("conversations.info", &[("channel", channel.0.as_str())]).await?;
        Ok(found.channel)
    }

    /// Sets the topic. Everybody in the channel sees that it was set.
    pub async fn set_topic(&self, channel: &SlackChannelId, topic: &str) -> Result<(), Trouble> {
        let asked = json!({"channel": channel, "topic": topic});
        self.does("conversations.setTopic", &asked).await
    }

    /// Says what a channel is for.
    pub async fn set_purpose(
        &self,
        channel: &SlackChannelId,
        purpose: &str,
    ) -> Result<(), Trouble> {
        let asked = json!({"channel": channel, "purpose": purpose});
        self.does("conversations.setPurpose", &asked).await
    }

    /// Brings one person in: of several, one who is there already would keep all others out.
    pub async fn invite(
        &self,
        channel: &SlackChannelId,
        user: &SlackUserId,
    ) -> Result<(), Trouble> {
        self.does("conversations.invite", &json!({"channel": channel, "users": user})).await
    }

    /// Pins a message.
    pub async fn pin(&self, channel: &SlackChannelId, ts: &SlackTs) -> Result<(), Trouble> {
        self.does("pins.add", &json!({"channel": channel, "timestamp": ts})).await
    }

    /// A message of ours by its key: what was posted about that time, or ever, the newest first.
    pub async fn told(
        &self,
        place: &Place,
        key: &str,
        about: Option<Ts>,
    ) -> Result<Option<(SlackTs, Told)>, Trouble> {
        let (oldest, latest) =
            (about.map(|at| seconds(at - ABOUT)), about.map(|at| seconds(at + ABOUT)));
        let mut cursor = String::new();
        for _ in 0..MESSAGE_PAGES {
            let mut asked = vec![
                ("channel", place.channel.0.as_str()),
                ("limit", MESSAGES),
                ("include_all_metadata", "true"),
            ];
            asked.extend(place.thread.as_ref().map(|thread| ("ts", thread.0.as_str())));
            asked.extend(oldest.as_deref().map(|at| ("oldest", at)));
            asked.extend(latest.as_deref().map(|at| ("latest", at)));
            asked.extend((!cursor.is_empty()).then_some(("cursor", cursor.as_str())));
            let page: Messages = self.reads(of(place), &asked).await?;
            for one in page.messages {
                if let Some(told) = Told::read(&one.metadata).filter(|told| told.key == key) {
                    return Ok(Some((SlackTs(one.ts), told)));
                }
            }
            cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        Ok(None)
    }

    /// What somebody wrote, in the channel or in one of its threads; `None` where nothing stands.
    pub async fn written(
        &self,
        channel: &SlackChannelId,
        ts: &str,
    ) -> Result<Option<Written>, Trouble> {
        let asked = [
            ("channel", channel.0.as_str()),
            ("latest", ts),
            ("oldest", ts),
            ("inclusive", "true"),
            ("limit", "1"),
        ];
        let is_it = |page: Messages| page.messages.into_iter().find(|one| one.ts == ts);
        let found = is_it(self.reads("conversations.history", &asked).await?);
        if found.is_some() {
            return Ok(found);
        }
        // The history has no answers in threads.
        let asked = [&asked[..], &[("ts", ts)]].concat();
        match self.reads("conversations.replies", &asked).await {
            Ok(page) => Ok(is_it(page)),
            Err(Trouble::Never(code)) if code == "thread_not_found" => Ok(None),
            Err(other) => Err(other),
        }
    }
}

fn of(place: &Place) -> &'static str {
    if place.thread.is_some() { "conversations.replies" } else { "conversations.history" }
}

/// A time as Slack writes it.
fn seconds(at: Ts) -> String {
    format!("{}.{:06}", at.0 / 1_000, at.0 % 1_000 * 1_000)
}
