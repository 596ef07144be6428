//! Everything that tests may set or look at.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use functions::clock;

use super::answer::Refusal;
use super::calls::{Call, Outcome};
use super::faults::Faults;
use super::views::View;
use super::workspace::{Channel, Ephemeral, Message, User};
use super::{
    ADA, APP_TOKEN, BEN, BOT_TOKEN, BOT_USER, GENERAL, INCIDENTS, SIGNING_SECRET, STRANGER,
};

/// A trigger can be exchanged for this long.
pub(super) const TRIGGER_LIFE: Duration = Duration::from_secs(3);
/// A `response_url` can be posted to for this long,
pub(super) const RESPONSE_LIFE: Duration = Duration::from_mins(30);
/// and this often.
pub(super) const RESPONSES_MAX: u32 = 5;

/// What a bot of this kind asks for.
const SCOPES: &str = "bookmarks:write channels:history channels:join channels:manage channels:read chat:write \
     commands groups:history groups:read groups:write pins:read pins:write reactions:read users:read \
     users:read.email";

/// Who a token belongs to, and what it may.
#[derive(Clone, Debug)]
pub struct Token {
    /// What it may do.
    pub scopes: BTreeSet<String>,
    /// Whether it was taken back.
    pub revoked: bool,
}

/// What somebody did that lets us answer in a window of our own.
#[derive(Clone, Debug)]
pub(super) struct Trigger {
    pub user: String,
    pub at: i64,
    pub exchanged: bool,
}

/// Where late answers to a command or a click go.
#[derive(Clone, Debug)]
pub(super) struct ResponseUrl {
    pub channel: String,
    pub user: String,
    /// The message that was clicked, if there was one.
    pub ts: Option<String>,
    pub at: i64,
    pub posts: u32,
}

/// The workspace and the app in it.
pub struct State {
    /// Tokens by their text.
    pub tokens: BTreeMap<String, Token>,
    /// What requests to us are signed with.
    pub signing_secret: String,
    /// Users by id.
    pub users: BTreeMap<String, User>,
    /// Channels by id.
    pub channels: BTreeMap<String, Channel>,
    /// What single people were shown, oldest first.
    pub ephemerals: Vec<Ephemeral>,
    /// Modals and home tabs by id.
    pub views: BTreeMap<String, View>,
    /// Every call, in the order of arrival.
    pub calls: Vec<Call>,
    /// What was said over sockets and means nothing: a test looks whether there is any.
    pub strays: Vec<String>,
    /// What is to fail.
    pub faults: Faults,
    /// Whether more calls than Slack's tiers allow are answered with 429. Off unless a test asks.
    pub keeps_limits: bool,
    /// Whether it is down; see [`super::Slack::goes_down`].
    pub down: bool,
    /// The stand-in's clock, less this machine's, in milliseconds.
    pub skew: i64,
    pub(super) url: String,
    pub(super) socket_url: String,
    pub(super) tickets: BTreeMap<String, i64>,
    pub(super) triggers: BTreeMap<String, Trigger>,
    pub(super) responses: BTreeMap<String, ResponseUrl>,
    pub(super) recent: BTreeMap<String, VecDeque<i64>>,
    ids: u32,
    last_ts: i64,
}

impl Default for State {
    fn default() -> Self {
        let token = |scopes: &str| Token {
            scopes: scopes.split_whitespace().map(Into::into).collect(),
            revoked: false,
        };
        let tokens = [(BOT_TOKEN, token(SCOPES)), (APP_TOKEN, token("connections:write"))];
        let users = [(ADA, "ada"), (BEN, "ben"), (STRANGER, "stranger"), (BOT_USER, "allclear")];
        let mut state = Self {
            tokens: tokens.map(|(text, token)| (text.to_owned(), token)).into(),
            signing_secret: SIGNING_SECRET.into(),
            users: users.map(|(id, name)| (id.to_owned(), user(id, name))).into(),
            channels: BTreeMap::new(),
            ephemerals: Vec::new(),
            views: BTreeMap::new(),
            calls: Vec::new(),
            strays: Vec::new(),
            faults: Faults::default(),
            keeps_limits: false,
            down: false,
            skew: 0,
            url: String::new(),
            socket_url: String::new(),
            tickets: BTreeMap::new(),
            triggers: BTreeMap::new(),
            responses: BTreeMap::new(),
            recent: BTreeMap::new(),
            ids: 0,
            last_ts: 0,
        };
        state.found(GENERAL, "general", &[ADA, BEN, STRANGER]);
        state.found(INCIDENTS, "incidents", &[ADA, BEN, STRANGER, BOT_USER]);
        state
    }
}

fn user(id: &str, name: &str) -> User {
    User {
        id: id.into(),
        name: name.into(),
        real_name: format!("{}{}", name[..1].to_uppercase(), &name[1..]),
        email: format!("{name}@example.com"),
        deleted: false,
        is_bot: id == BOT_USER,
    }
}

impl State {
    /// The stand-in's clock, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        clock::now().0 + self.skew
    }

    /// Lets the stand-in's clock run ahead.
    pub fn passes(&mut self, time: Duration) {
        self.skew += time.as_millis() as i64;
    }

    /// Adds somebody.
    pub fn joins(&mut self, id: &str, name: &str) {
        self.users.insert(id.into(), user(id, name));
    }

    /// Takes the token back: every call with it is refused from now on.
    pub fn revoke(&mut self, token: &str) {
        if let Some(token) = self.tokens.get_mut(token) {
            token.revoked = true;
        }
    }

    /// Takes one scope from a token.
    pub fn without_scope(&mut self, token: &str, scope: &str) {
        if let Some(token) = self.tokens.get_mut(token) {
            token.scopes.remove(scope);
        }
    }

    /// A channel by its name.
    pub fn named(&self, name: &str) -> Option<&Channel> {
        self.channels.values().find(|one| one.name == name)
    }

    /// The messages of a channel by its id, oldest first; none if there is no such channel.
    pub fn messages(&self, channel: &str) -> &[Message] {
        self.channels.get(channel).map_or(&[], |channel| &channel.messages)
    }

    /// Makes a channel without a call, as its people do.
    pub fn found(&mut self, id: &str, name: &str, members: &[&str]) {
        let channel = Channel {
            id: id.into(),
            name: name.into(),
            members: members.iter().map(ToString::to_string).collect(),
            creator: members.first().copied().unwrap_or_default().into(),
            created: self.now() / 1_000,
            ..Channel::default()
        };
        self.channels.insert(id.into(), channel);
    }

    /// Somebody writes a message; its `ts`. Nothing is sent to us: see [`super::Slack::message_event`].
    pub fn writes(&mut self, user: &str, channel: &str, text: &str) -> String {
        let ts = self.ts();
        let message =
            Message { ts: ts.clone(), user: user.into(), text: text.into(), ..Message::default() };
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.messages.push(message);
        }
        ts
    }

    /// Everything that was posted or written anywhere, oldest first.
    pub fn everything(&self) -> Vec<&Message> {
        let mut all: Vec<&Message> = self.channels.values().flat_map(|it| &it.messages).collect();
        all.sort_by(|one, other| one.ts.cmp(&other.ts));
        all
    }

    /// A channel that a method names and its caller may know of.
    pub(super) fn channel(&mut self, id: &str) -> Result<&mut Channel, Refusal> {
        let known = self.channels.get_mut(id);
        let seen = known.filter(|channel| !channel.private || channel.has(BOT_USER));
        seen.ok_or_else(|| "channel_not_found".into())
    }

    /// A channel that the bot may write to.
    pub(super) fn open_channel(&mut self, id: &str) -> Result<&mut Channel, Refusal> {
        let channel = self.channel(id)?;
        if channel.archived {
            return Err("is_archived".into());
        }
        if !channel.has(BOT_USER) {
            return Err("not_in_channel".into());
        }
        Ok(channel)
    }

    /// A fresh id with this letter before it.
    pub(super) fn id(&mut self, letter: char) -> String {
        self.ids += 1;
        format!("{letter}0{:09}", self.ids)
    }

    /// A fresh message time, later than all before it.
    pub(super) fn ts(&mut self) -> String {
        self.last_ts = (self.last_ts + 1).max(self.now() * 1_000);
        format!("{}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }

    /// A trigger of this user, good for [`TRIGGER_LIFE`] and one exchange.
    pub(super) fn trigger(&mut self, user: &str) -> String {
        let at = self.now();
        let id = format!("{at}.{}.{:032x}", self.ids, fastrand::u128(..));
        self.triggers.insert(id.clone(), Trigger { user: user.into(), at, exchanged: false });
        id
    }

    /// Exchanges a trigger for the user whose it is.
    pub(super) fn exchange(&mut self, id: &str) -> Result<String, Refusal> {
        let now = self.now();
        let trigger = self.triggers.get_mut(id).ok_or("invalid_trigger_id")?;
        if trigger.exchanged {
            return Err("exchanged_trigger_id".into());
        }
        if now - trigger.at > TRIGGER_LIFE.as_millis() as i64 {
            return Err("expired_trigger_id".into());
        }
        trigger.exchanged = true;
        Ok(trigger.user.clone())
    }

    /// Where answers to what this user did go.
    pub(super) fn response_url(&mut self, channel: &str, user: &str, ts: Option<&str>) -> String {
        let id = format!("{:032x}", fastrand::u128(..));
        let (channel, user, ts) = (channel.into(), user.into(), ts.map(Into::into));
        let at = self.now();
        self.responses.insert(id.clone(), ResponseUrl { channel, user, ts, at, posts: 0 });
        format!("{}/response/{id}", self.url)
    }

    /// Notes a call as it comes in; where its outcome goes.
    pub(super) fn note(&mut self, method: &str, args: serde_json::Value) -> usize {
        let at = self.now();
        self.calls.push(Call { at, method: method.into(), args, outcome: Outcome::Open });
        self.calls.len() - 1
    }

    /// Notes what came of it; a test may have cleared the list meanwhile.
    pub(super) fn settle(&mut self, call: usize, outcome: Outcome) {
        if let Some(call) = self.calls.get_mut(call) {
            call.outcome = outcome;
        }
    }
}
