//! The dead man's switch: every minute it is proven that pages get out, and only then somebody outside is told so.
//!
//! Whoever hears nothing for too long raises the alarm: a service for heartbeats, or a server of another Region.
//! Nothing is ever sent instead of a proof: a server that can't prove anything may be unable to say so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shared::page::stuck_since;
use shared::plan::DeadMan;
use shared::time::{Span, Ts};
use tokio::time::{sleep, timeout};

use crate::clock::Clock;
use crate::desk::Desk;
use crate::http;
use crate::vendors::phone::Phones;

/// The setting with the outside's address. It is its own password: never logged, and no part of the plan.
pub const ADDRESS: &str = "ALLCLEAR_DEAD_MAN_URL";

/// A desk that takes longer for a turn is not well.
const TURN_WITHIN: Duration = Duration::from_secs(2);
/// Time is let pass every second; this long without is a standstill.
const TICK_WITHIN: Span = Span::secs(10);
/// The outside answers within this, or has not heard it.
const SAID_WITHIN: Duration = Duration::from_secs(10);

/// What is needed for a proof, and whom it is for.
pub struct Switch {
    /// The limits.
    pub limits: DeadMan,
    /// Whom to tell.
    pub address: String,
    /// Pages, and the store behind them.
    pub desk: Desk,
    /// Canaries, where they are sent.
    pub canaries: Option<Arc<Phones>>,
    /// The shared client.
    pub http: reqwest::Client,
    /// The time.
    pub clock: Clock,
}

/// How it stands, for `/health`.
#[derive(Clone, Default)]
pub struct Told(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    last: Option<Ts>,
    withheld: Option<String>,
}

impl Told {
    /// When the outside last heard a proof, and why not since.
    pub fn health(&self) -> Value {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        json!({"dead_man": {
            "last_proof": state.last.map(Ts::rfc3339),
            "withheld": state.withheld,
        }})
    }

    fn note(&self, said: Result<(), String>, at: Ts) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &said {
            Ok(()) => state.last = Some(at),
            Err(why) if state.withheld.is_none() => {
                tracing::error!(%why, "no proof for the outside");
            }
            Err(_) => {}
        }
        state.withheld = said.err();
    }
}

/// Proves and tells, until it is dropped.
pub async fn run(switch: Switch, told: Told) {
    let began = (switch.clock)();
    let every = switch.limits.every.to_std();
    loop {
        let said = switch.once(began).await;
        told.note(said, (switch.clock)());
        sleep(every).await;
    }
}

impl Switch {
    /// Proves it and tells the outside; else why not. `began`: since when there may have been canaries.
    pub async fn once(&self, began: Ts) -> Result<(), String> {
        self.prove(began).await?;
        self.tell().await
    }

    /// Whether pages get out; as an error, why that can't be proven.
    async fn prove(&self, began: Ts) -> Result<(), String> {
        let pulse = match timeout(TURN_WITHIN, self.desk.pulse()).await {
            Ok(Ok(pulse)) => pulse,
            Ok(Err(away)) => return Err(away.to_string()),
            Err(_) => return Err("the desk takes longer than 2 s for a turn".into()),
        };
        if pulse.last_tick.is_none_or(|tick| pulse.at.since(tick) > TICK_WITHIN) {
            return Err("time stands still at the desk".into());
        }
        let within = self.limits.page_within;
        if pulse.oldest_page.is_some_and(|since| pulse.at.since(since) > within) {
            return Err("a page has been under way for too long".into());
        }
        let now = pulse.at;
        let stuck = self.desk.see(move |seen| {
            let live = seen.live();
            let mut stuck = live.iter().filter(|one| stuck_since(one, within, now).is_some());
            stuck.next().map(|one| one.number)
        });
        match timeout(TURN_WITHIN, stuck).await {
            Ok(Ok(None)) => self.canary_sings(began),
            Ok(Ok(Some(number))) => Err(format!("nobody takes the pages of incident {number}")),
            Ok(Err(away)) => Err(away.to_string()),
            Err(_) => Err("the desk takes longer than 2 s for a turn".into()),
        }
    }

    /// Right after the start no canary can be back yet.
    fn canary_sings(&self, began: Ts) -> Result<(), String> {
        let Some(phones) = &self.canaries else { return Ok(()) };
        let last = phones.canaries.last_back().unwrap_or(began);
        if (self.clock)().since(last) <= self.limits.canary_within {
            return Ok(());
        }
        Err(format!("no canary has come back since {}", last.rfc3339()))
    }

    async fn tell(&self) -> Result<(), String> {
        let answer = self.http.get(&self.address).timeout(SAID_WITHIN).send().await;
        match answer.map_err(http::reason)?.status() {
            status if status.is_success() => Ok(()),
            status => Err(format!("the outside answers {status}: is {ADDRESS} right?")),
        }
    }
}

/// How it stands, for `doctor`.
pub fn standing(limits: Option<DeadMan>, address: Option<&str>) -> String {
    match (limits, address.filter(|it| !it.trim().is_empty())) {
        (Some(limits), Some(_)) => format!("a proof every {} that pages get out", limits.every),
        (None, _) => "none: the plan has no [phone]".into(),
        (_, None) => format!("none: set {ADDRESS}, or nobody notices when this server is gone"),
    }
}
