//! What carriers call us for: what to say to somebody who picked up, what key they pressed, what became of a call or a
//! message, and what people write back.
//!
//! Every request is proven before it is read, against the plan's own address. A confirmation is spoken only after the desk
//! has committed; when it can't, the voice says so and the ladder goes on. What is asked for twice is done once.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::routing::post;
use shared::effect::Page;
use shared::engine::RosterError;
use shared::id::{EffectKey, PersonId};
use shared::page::{Report, Stage};
use shared::plan::Plan;
use shared::roster::{RosterEvent, RosterWish};

use crate::clock::Clock;
use crate::desk::{Away, Desk, RosterChange};
use crate::proof::Secret;
use crate::vendors::phone::Phones;
use crate::vendors::phone::urls::{self, CALLBACKS};

use super::answer::Refused;

mod approvals;
mod keypad;
mod ncco;
mod texts;
mod twilio;
mod twiml;
mod vonage;

/// Repetitions that are remembered, so that a replay costs no turn of the desk.
const REMEMBERED: usize = 4_096;

/// What the callbacks know.
pub struct Callbacks {
    plan: Arc<Plan>,
    desk: Desk,
    clock: Clock,
    phones: Arc<Phones>,
    /// Tokens of Twilio's account, two while one is being replaced.
    tokens: Vec<Secret>,
    /// Signature secrets of Vonage's.
    secrets: Vec<Secret>,
    /// What was heard already.
    heard: Once,
    /// Vonage calls that a machine answered.
    machines: Once,
    replies: texts::Replies,
    /// Codes that were wrong.
    tries: approvals::Tries,
}

impl Callbacks {
    /// The callbacks of these phones. `read` gives a setting of the environment by its name.
    pub fn from_environment(
        plan: Arc<Plan>,
        desk: Desk,
        clock: Clock,
        phones: Arc<Phones>,
        read: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let secrets = |name: &str| {
            let text = read(name).unwrap_or_default();
            text.split(',').filter_map(|one| Secret::new(one).ok()).collect()
        };
        Self {
            tokens: secrets("TWILIO_AUTH_TOKEN"),
            secrets: secrets("VONAGE_SIGNATURE_SECRET"),
            plan,
            desk,
            clock,
            phones,
            heard: Once::default(),
            machines: Once::default(),
            replies: texts::Replies::default(),
            tries: approvals::Tries::default(),
        }
    }

    /// The page that a callback is about; `None` when it is none of ours.
    async fn page(&self, key: &EffectKey) -> Result<Option<Page>, Away> {
        let key = key.clone();
        let found = self.desk.see(move |seen| seen.page(&key)).await?;
        found.map_err(|error| {
            tracing::error!(%error, "failed to look for a page");
            Away
        })
    }

    /// Brings to the desk what somebody wants of the roster.
    async fn change_roster(
        &self,
        by: PersonId,
        via: &str,
        key: String,
        wish: RosterWish,
    ) -> Result<Result<Vec<RosterEvent>, RosterError>, Away> {
        self.desk.change_roster(RosterChange { by, via: via.into(), key, wish }).await
    }

    /// Tells the kernel what a carrier says of a page; the same again is not told twice.
    async fn report(
        &self,
        key: EffectKey,
        provider: &'static str,
        receipt: &str,
        sequence: Option<u32>,
        stage: Stage,
    ) -> Result<(), Refused> {
        let once = format!("{receipt}/{stage}/{sequence:?}");
        if self.heard.has(&once) {
            return Ok(());
        }
        let at = (self.clock)();
        let (provider, receipt) = (provider.into(), receipt.into());
        let report = Report { stage, provider, receipt, sequence, at };
        self.desk.deliver(key, report).await.map_err(unavailable)?;
        self.heard.note(once);
        Ok(())
    }
}

/// All callbacks.
pub fn routes(callbacks: Callbacks) -> Router {
    let at = |path: &str| format!("{CALLBACKS}{path}");
    Router::new()
        .route(&at("/twilio/voice/{page}"), post(twilio::answer))
        .route(&at("/twilio/voice/{page}/gather"), post(twilio::gather))
        .route(&at("/twilio/voice/{page}/status"), post(twilio::call_status))
        .route(&at("/twilio/sms"), post(twilio::written))
        .route(&at("/twilio/sms/{page}/status"), post(twilio::text_status))
        .route(&at("/vonage/voice/{page}"), post(vonage::answer))
        .route(&at("/vonage/voice/{page}/input"), post(vonage::input))
        .route(&at("/vonage/voice/{page}/status"), post(vonage::call_status))
        .route(&at("/vonage/sms"), post(vonage::written))
        .route(&at("/vonage/sms/{page}/status"), post(vonage::text_status))
        .with_state(Arc::new(callbacks))
}

/// The page that a path names.
fn named(page: &str) -> Result<EffectKey, Refused> {
    urls::named(page).ok_or_else(|| {
        let todo = "call the address that the page was sent with";
        Refused::new(StatusCode::NOT_FOUND, "there is no such page", todo)
    })
}

/// Which time the menu is said: 1 is the first.
fn round(uri: &Uri) -> u32 {
    let query = uri.query().unwrap_or_default();
    let round = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "round");
    round.and_then(|(_, number)| number.parse().ok()).unwrap_or(1)
}

/// Whether what is pressed is a code: a slow finger's first digit must not be taken for a key of the menu.
fn asked_for_code(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "code")
}

fn unavailable(away: Away) -> Refused {
    Refused::unavailable(away.to_string())
}

/// The last so many things that were noted.
#[derive(Default)]
struct Once(Mutex<(HashSet<String>, VecDeque<String>)>);

impl Once {
    fn has(&self, what: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.contains(what)
    }

    fn note(&self, what: String) {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *guard;
        if known.insert(what.clone()) {
            order.push_back(what);
        }
        if order.len() > REMEMBERED
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let once = Once::default();
        (0..=REMEMBERED).for_each(|number| once.note(number.to_string()));
        assert!(!once.has("0") && once.has("1") && once.has(&REMEMBERED.to_string()));
    }
}
