//! What the stand-in knows: the account, what it was asked for, and how it is to fail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::{ACCOUNT, FROM, TOKEN};
use crate::standin::phones::Faults;

/// How callbacks are brought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Post {
    /// Each twice.
    pub twice: bool,
    /// Each after the one that follows it.
    pub swapped: bool,
    /// So much later.
    pub late: Duration,
    /// Never.
    pub lost: bool,
}

/// A call or a message.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its receipt.
    pub sid: String,
    /// What it was asked for with.
    pub asked: BTreeMap<String, Vec<String>>,
    /// How far it is.
    pub status: String,
    /// Why it failed.
    pub error: Option<u32>,
    /// Who picked up.
    pub answered_by: Option<&'static str>,
}

impl Resource {
    /// A field of the request; the first one, where there are several.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.asked.get(name)?.first().map(String::as_str)
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "sid": self.sid,
            "account_sid": ACCOUNT,
            "to": self.field("To"),
            "from": self.field("From"),
            "status": self.status,
            "error_code": self.error,
            "answered_by": self.answered_by,
            "direction": "outbound-api",
            "api_version": "2010-04-01",
        })
    }
}

/// Everything it knows.
#[derive(Debug)]
pub struct State {
    /// What it signs with.
    pub token: String,
    /// Tokens that requests may carry.
    pub tokens: BTreeSet<String>,
    /// Numbers of the account.
    pub numbers: BTreeSet<String>,
    /// Who has answered STOP.
    pub opted_out: BTreeSet<String>,
    /// Every call and message, in order.
    pub resources: Vec<Resource>,
    /// How calls fail.
    pub calls: Faults,
    /// How messages fail.
    pub messages: Faults,
    /// How callbacks are brought.
    pub post: Post,
    /// Whether it is down: nothing is answered, nothing is sent.
    pub down: bool,
    /// How long one step of a call takes.
    pub step: Duration,
    /// Public addresses, and where each is on this machine: there is a proxy in between, as everywhere.
    pub proxy: Vec<(String, String)>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            token: TOKEN.into(),
            tokens: [TOKEN.into()].into(),
            numbers: [FROM.into()].into(),
            opted_out: BTreeSet::new(),
            resources: Vec::new(),
            calls: Faults::default(),
            messages: Faults::default(),
            post: Post::default(),
            down: false,
            step: Duration::from_millis(20),
            proxy: Vec::new(),
        }
    }
}

impl State {
    /// Where a public address is on this machine.
    pub(super) fn behind(&self, url: &str) -> String {
        let known = self.proxy.iter().find(|(public, _)| url.starts_with(public));
        known.map_or_else(|| url.into(), |(public, here)| url.replacen(public, here, 1))
    }

    /// A new call (`CA`) or message (`SM`).
    pub(super) fn make(&mut self, kind: &str, asked: BTreeMap<String, Vec<String>>) -> Resource {
        let sid = format!("{kind}{:032x}", self.resources.len() + 1);
        let status = "queued".to_owned();
        let made = Resource { sid, asked, status, error: None, answered_by: None };
        self.resources.push(made.clone());
        made
    }

    pub(super) fn find(&mut self, sid: &str) -> Option<&mut Resource> {
        self.resources.iter_mut().find(|one| one.sid == sid)
    }

    /// The calls, or the messages, that were taken.
    pub fn taken(&self, kind: &str) -> Vec<&Resource> {
        self.resources.iter().filter(|one| one.sid.starts_with(kind)).collect()
    }
}
