//! The methods of the Web API: who may call each, how often, and what it does.

mod chat;
mod conversations;
mod history;
mod modals;
mod others;

use super::answer::{Args, Method};
use super::state::State;

pub(super) use chat::blocks_of;
pub(super) use modals::checked;

/// One method.
#[derive(Clone, Copy)]
pub struct Entry {
    pub name: &'static str,
    /// Any of these scopes is enough; an empty name is no scope at all.
    pub scopes: &'static [&'static str],
    /// Whether it wants the app's own token.
    pub by_app: bool,
    /// Whether it reads forms only.
    pub form_only: bool,
    /// Calls a minute. Source: Slack, "Rate limits"; for single methods as `slack-morphism` 2.31.1 has them.
    pub per_minute: usize,
    pub run: Method,
}

/// One or more, says Slack; `slack-morphism` counts on five.
const TIER_1: usize = 5;
const TIER_2: usize = 20;
const TIER_3: usize = 50;
const TIER_4: usize = 100;
/// A message a second and channel.
const POSTS: usize = 60;
const MINUTE_MS: i64 = 60_000;

const MANAGE: &[&str] = &["channels:manage", "groups:write"];
const READ: &[&str] = &["channels:read", "groups:read"];
const HISTORY: &[&str] = &["channels:history", "groups:history"];
const WRITE: &[&str] = &["chat:write"];
const ANY: &[&str] = &[""];

const fn entry(
    name: &'static str,
    scopes: &'static [&'static str],
    per_minute: usize,
    run: Method,
) -> Entry {
    Entry { name, scopes, by_app: false, form_only: false, per_minute, run }
}

const fn reading(entry: Entry) -> Entry {
    Entry { form_only: true, ..entry }
}

static METHODS: [Entry; 23] = [
    entry("auth.test", ANY, TIER_4, others::auth_test),
    Entry {
        by_app: true,
        ..entry("apps.connections.open", &["connections:write"], TIER_1, others::connections_open)
    },
    entry("chat.postMessage", WRITE, POSTS, chat::post),
    entry("chat.update", WRITE, TIER_3, chat::update),
    entry("chat.postEphemeral", WRITE, TIER_4, chat::ephemeral),
    reading(entry("chat.getPermalink", ANY, 6_000, chat::permalink)),
    entry("conversations.create", MANAGE, TIER_2, conversations::create),
    entry("conversations.invite", MANAGE, TIER_3, conversations::invite),
    entry("conversations.setTopic", MANAGE, TIER_2, conversations::set_topic),
    entry("conversations.setPurpose", MANAGE, TIER_2, conversations::set_purpose),
    reading(entry("conversations.list", READ, TIER_2, conversations::list)),
    reading(entry("conversations.history", HISTORY, TIER_3, history::history)),
    reading(entry("conversations.replies", HISTORY, TIER_3, history::replies)),
    reading(entry("conversations.info", READ, TIER_3, conversations::info)),
    reading(entry("conversations.members", READ, TIER_4, conversations::members)),
    entry("conversations.archive", MANAGE, TIER_2, conversations::archive),
    entry("conversations.join", &["channels:join"], TIER_3, conversations::join),
    entry("pins.add", &["pins:write"], TIER_2, others::pin),
    reading(entry("users.info", &["users:read"], TIER_4, others::user)),
    entry("views.open", ANY, TIER_4, modals::open),
    entry("views.push", ANY, TIER_4, modals::push),
    entry("views.update", ANY, TIER_4, modals::update),
    entry("views.publish", ANY, TIER_4, modals::publish),
];

/// A method by its name.
pub fn find(name: &str) -> Option<&'static Entry> {
    METHODS.iter().find(|entry| entry.name == name)
}

impl State {
    /// How many seconds this call should have waited, if it should have and the limits are kept. A post counts against
    /// its channel, with one more allowed as a burst; everything else against its method.
    pub(super) fn over_the_limit(&mut self, entry: &Entry, args: &Args) -> Option<u32> {
        let now = self.now();
        let posting = entry.name == "chat.postMessage";
        let (window, most) = if posting { (2_000, 2) } else { (MINUTE_MS, entry.per_minute) };
        let channel = args.text("channel").filter(|_| posting).unwrap_or_default();
        let recent = self.recent.entry(format!("{} {channel}", entry.name)).or_default();
        while recent.front().is_some_and(|at| now - at >= window) {
            recent.pop_front();
        }
        let first = *recent.front().unwrap_or(&now);
        if self.keeps_limits && recent.len() >= most {
            return Some(((first + window - now + 999) / 1_000).max(1) as u32);
        }
        recent.push_back(now);
        None
    }
}
