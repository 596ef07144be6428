//! Who and what is in the workspace: people, channels, messages.

use serde_json::{Value, json};

use super::{APP, BOT, BOT_USER, TEAM};

/// Somebody.
#[derive(Clone, Debug)]
pub struct User {
    /// The id.
    pub id: String,
    /// The handle, without `@`.
    pub name: String,
    /// The full name.
    pub real_name: String,
    /// The address; seen with `users:read.email` only.
    pub email: String,
    /// Whether the account is deactivated.
    pub deleted: bool,
    /// Whether it is a bot.
    pub is_bot: bool,
}

impl User {
    /// As `users.info` has it.
    pub(super) fn shape(&self, email: bool) -> Value {
        let mut profile = json!({"real_name": self.real_name, "display_name": self.name});
        if email {
            profile["email"] = json!(self.email);
        }
        json!({
            "id": self.id, "team_id": TEAM, "name": self.name, "deleted": self.deleted,
            "real_name": self.real_name, "is_bot": self.is_bot, "tz": "Europe/Berlin",
            "tz_offset": 3_600, "profile": profile,
        })
    }
}

/// A channel, or a conversation of two.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    /// The id: `C…`, or `D…` for a conversation of two.
    pub id: String,
    /// The name, without `#`.
    pub name: String,
    /// Whether only its members see it.
    pub private: bool,
    /// Whether it is archived.
    pub archived: bool,
    /// Its members.
    pub members: Vec<String>,
    /// Its topics with who set them, oldest first.
    pub topics: Vec<(String, String)>,
    /// What it is for.
    pub purpose: String,
    /// Its messages, oldest first, those of threads among them.
    pub messages: Vec<Message>,
    /// The `ts` of what is pinned, in the order of pinning.
    pub pins: Vec<String>,
    /// Who made it.
    pub creator: String,
    /// When, in seconds since 1970.
    pub created: i64,
}

impl Channel {
    /// Whether somebody is in it.
    pub fn has(&self, user: &str) -> bool {
        self.members.iter().any(|one| one == user)
    }

    /// A message by its `ts`.
    pub fn message(&self, ts: &str) -> Option<&Message> {
        self.messages.iter().find(|one| one.ts == ts)
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        self.topics.last().map_or("", |(topic, _)| topic)
    }

    /// As `conversations.info` has it.
    pub(super) fn shape(&self) -> Value {
        let setter = self.topics.last().map_or("", |(_, user)| user);
        json!({
            "id": self.id, "name": self.name, "name_normalized": self.name,
            "is_channel": !self.private, "is_group": self.private, "is_im": self.id.starts_with('D'),
            "is_private": self.private, "is_archived": self.archived, "is_general": self.name == "general",
            "is_member": self.has(BOT_USER), "is_mpim": false, "is_shared": false, "is_ext_shared": false,
            "created": self.created, "creator": self.creator, "context_team_id": TEAM,
            "topic": {"value": escaped(self.topic()), "creator": setter, "last_set": self.created},
            "purpose": {"value": escaped(&self.purpose), "creator": "", "last_set": 0},
        })
    }
}

/// Topics and purposes come back with the three letters escaped that Slack escapes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A message as everybody in its channel sees it.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// When it was posted; its name within the channel.
    pub ts: String,
    /// Who posted it.
    pub user: String,
    /// What notifications and screen readers get.
    pub text: String,
    /// What is drawn; null if there is nothing but the text.
    pub blocks: Value,
    /// What the program knows of it; null if nothing.
    pub metadata: Value,
    /// The message whose thread it is in.
    pub thread_ts: Option<String>,
    /// How it looked before each edit, oldest first.
    pub edits: Vec<Edit>,
}

/// What a message was until it was edited.
#[derive(Clone, Debug)]
pub struct Edit {
    /// When it was edited, in milliseconds since 1970.
    pub at: i64,
    /// The text until then.
    pub text: String,
    /// The blocks until then.
    pub blocks: Value,
}

impl Message {
    /// As replies and payloads have it. A part without a value is left out.
    pub(super) fn shape(&self) -> Value {
        let mut shape = json!({"type": "message", "ts": self.ts, "user": self.user, "text": self.text, "team": TEAM});
        if self.user == BOT_USER {
            shape["bot_id"] = json!(BOT);
            shape["app_id"] = json!(APP);
        }
        for (key, value) in [("blocks", &self.blocks), ("metadata", &self.metadata)] {
            if !value.is_null() {
                shape[key] = value.clone();
            }
        }
        if let Some(thread) = &self.thread_ts {
            shape["thread_ts"] = json!(thread);
        }
        if !self.edits.is_empty() {
            shape["edited"] = json!({"user": self.user, "ts": self.ts});
        }
        shape
    }
}

/// What one person saw for a while: an ephemeral message, or the answer to their command.
#[derive(Clone, Debug)]
pub struct Ephemeral {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Where.
    pub channel: String,
    /// Who.
    pub user: String,
    /// Its name.
    pub ts: String,
    /// The text.
    pub text: String,
    /// The blocks, or null.
    pub blocks: Value,
    /// How it came: the method, `response_url`, or `reply` for the body of our own HTTP answer or acknowledgement.
    pub by: &'static str,
}
