//! What the stand-in knows: what it was asked for, and how it is to fail.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::SECRET;
use crate::standin::phones::Faults;
use crate::standin::twilio::Post;

/// Calls a second; the next is rejected.
pub const CALLS_A_SECOND: usize = 3;

/// A call or a message.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its receipt.
    pub id: String,
    /// Whether it is a call.
    pub call: bool,
    /// What it was asked for with.
    pub asked: Value,
    /// How far it is.
    pub status: String,
}

/// Everything it knows.
#[derive(Debug)]
pub struct State {
    /// What it signs with.
    pub secret: String,
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
    /// Tokens it has made.
    pub(super) tokens: u32,
    recent: VecDeque<Instant>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            secret: SECRET.into(),
            resources: Vec::new(),
            calls: Faults::default(),
            messages: Faults::default(),
            post: Post::default(),
            down: false,
            step: Duration::from_millis(20),
            proxy: Vec::new(),
            tokens: 0,
            recent: VecDeque::new(),
        }
    }
}

impl State {
    /// Where a public address is on this machine.
    pub(super) fn behind(&self, url: &str) -> String {
        let known = self.proxy.iter().find(|(public, _)| url.starts_with(public));
        known.map_or_else(|| url.into(), |(public, here)| url.replacen(public, here, 1))
    }

    pub(super) fn make(&mut self, call: bool, asked: Value) -> Resource {
        let id = format!("aaaaaaaa-bbbb-4ccc-8ddd-{:012x}", self.resources.len() + 1);
        let made = Resource { id, call, asked, status: "started".into() };
        self.resources.push(made.clone());
        made
    }

    pub(super) fn find(&mut self, id: &str) -> Option<&mut Resource> {
        self.resources.iter_mut().find(|one| one.id == id)
    }

    /// Whether one more call within this second is one too many.
    pub(super) fn is_too_fast(&mut self) -> bool {
        let now = Instant::now();
        self.recent.retain(|at| now - *at < Duration::from_secs(1));
        let too_fast = self.recent.len() >= CALLS_A_SECOND;
        self.recent.extend((!too_fast).then_some(now));
        too_fast
    }

    /// The calls, or the messages, that were taken.
    pub fn taken(&self, calls: bool) -> Vec<&Resource> {
        self.resources.iter().filter(|one| one.call == calls).collect()
    }
}
