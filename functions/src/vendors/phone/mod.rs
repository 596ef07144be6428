//! The phone tree's lines: which carrier takes a page, and what its answer means.
//!
//! One attempt is one effect: a carrier that fails is seen in the timeline, and the kernel copies the page through the
//! next one at once. Deliberately absent: acknowledging. Nothing a carrier says is one; see `routes::callbacks`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use shared::effect::{Effect, Outcome, Page};
use shared::id::{EffectKey, PersonId};
use shared::page::{Report, Stage, text};
use shared::plan::{Carrier, ContactKind, Person, Phone, Plan, is_placeholder};
use tokio::time::sleep;

use super::dry::Dry;
use super::lookout::Lookout;
use crate::clock::Clock;
use crate::desk::Desk;
use crate::perform::{Hold, Perform};

pub mod canary;
pub mod mail;
pub mod order;
mod pace;
pub mod poll;
pub mod said;
pub mod settings;
pub mod sns;
pub mod stage;
pub mod twilio;
pub mod urls;
pub mod vonage;

use canary::Canaries;
use mail::{Letter, Mail};
use order::{Scores, order, taker};
use said::{Said, WAIT_MAX};
use sns::Sns;
pub use twilio::OPTED_OUT;
use twilio::Twilio;
use urls::Urls;
use vonage::Vonage;

/// Pages whose carriers are remembered; beyond that their copies' numbers have to do.
const REMEMBERED: usize = 4_096;

/// One page, whichever copy: the incident, whom, by what, the rung.
type Subject = (u32, PersonId, ContactKind, u32);

/// Every line whose credentials are set.
pub struct Phones {
    plan: Arc<Plan>,
    clock: Clock,
    /// Where providers reach us; absent while the plan's address is a placeholder.
    pub urls: Option<Urls>,
    /// Calls and messages.
    pub twilio: Option<Twilio>,
    /// Calls and messages.
    pub vonage: Option<Vonage>,
    /// Messages.
    pub sns: Option<Sns>,
    /// Mail.
    pub mail: Option<Mail>,
    /// How each does.
    pub scores: Scores,
    /// What goes around to measure that.
    pub canaries: Canaries,
    tried: Mutex<HashMap<Subject, Vec<Carrier>>>,
    desk: OnceLock<Desk>,
}

impl Perform for Phones {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        let Effect::Page(page) = effect else {
            return Outcome::Never { why: "a phone only pages".into() };
        };
        let able = self.able(page.by);
        if able.is_empty() && self.is_dry() {
            return Dry.perform(key, effect, hold).await;
        }
        if able.is_empty() {
            // Beside real calls a rehearsed one would pass for one: the ladder would wait for it.
            let why = format!("no line for {:?} is ready: see `allclear doctor`", page.by);
            return Outcome::Never { why };
        }
        match self.plan.person(&page.person) {
            Some(person) => self.page(key, page, person, &able).await,
            None => Outcome::Never { why: format!("{} is not in the plan", page.person) },
        }
    }
}

impl Phones {
    /// `None` where the plan has no `[phone]`. `read` gives a setting of the environment by its name.
    pub fn from_environment(
        lookout: &Lookout,
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let phone = lookout.plan.phone.as_ref()?;
        let (http, clock) = (lookout.http.clone(), lookout.clock);
        let filled = |text: &&String| !is_placeholder(text);
        let from = |carrier| phone.from.get(&carrier).filter(filled).map(String::as_str);
        let twilio = from(Carrier::Twilio)
            .and_then(|from| Twilio::from_environment(http.clone(), from, &read));
        let vonage = from(Carrier::Vonage)
            .and_then(|from| Vonage::from_environment(http.clone(), clock, from, &read));
        let roots = &lookout.roots;
        let mail =
            phone.mail_from.as_ref().and_then(|from| Mail::from_environment(from, roots, &read));
        Some(Self {
            plan: Arc::clone(&lookout.plan),
            clock,
            urls: Some(&phone.callback_url).filter(filled).map(|public| {
                let fallback = phone.fallback_url.as_ref().filter(filled);
                Urls::new(public, fallback.map(String::as_str))
            }),
            twilio,
            vonage,
            sns: Sns::from_environment(http, &read),
            mail,
            scores: Scores::default(),
            canaries: Canaries::default(),
            tried: Mutex::default(),
            desk: OnceLock::new(),
        })
    }

    /// Tells the desk at once what only a carrier's refusal says: that somebody gets no messages any more.
    pub fn tell(&self, desk: Desk) {
        let _first_one_stays = self.desk.set(desk);
    }

    /// The plan's own words about the lines.
    pub fn phone(&self) -> Option<&Phone> {
        self.plan.phone.as_ref()
    }

    /// Who can bring such a page, in the plan's order.
    fn able(&self, by: ContactKind) -> Vec<Carrier> {
        let carriers = self.phone().map_or(&[][..], |phone| phone.carriers(by));
        let has_credentials = |carrier: &Carrier| match carrier {
            Carrier::Twilio => self.twilio.is_some(),
            Carrier::Vonage => self.vonage.is_some(),
            Carrier::Sns => self.sns.is_some(),
            Carrier::Smtp => self.mail.is_some(),
        };
        // Without an address of ours nobody could press a key.
        let reachable = by != ContactKind::Voice || self.urls.is_some();
        let able = |it: &Carrier| reachable && has_credentials(it) && it.carries(by);
        carriers.iter().copied().filter(able).collect()
    }

    /// Whether no line has credentials at all: then everything is only said.
    pub fn is_dry(&self) -> bool {
        let Self { twilio, vonage, sns, mail, .. } = self;
        twilio.is_none() && vonage.is_none() && sns.is_none() && mail.is_none()
    }

    async fn page(
        &self,
        key: &EffectKey,
        page: &Page,
        person: &Person,
        able: &[Carrier],
    ) -> Outcome {
        let to = if page.by == ContactKind::Mail { &person.email } else { &person.phone };
        if to.is_empty() || is_placeholder(to) {
            let what = if page.by == ContactKind::Mail { "mail address" } else { "phone number" };
            return Outcome::Never { why: format!("{} has no {what} in the plan", page.person) };
        }
        let Some(carrier) = self.next(page, able) else {
            return Outcome::Never { why: "nobody carries such a page".into() };
        };
        let said = self.send(carrier, key, page, to).await;
        self.scores.note(carrier, said.counts_for_it());
        match &said {
            Said::Refused { why } if why.starts_with(OPTED_OUT) => self.deaf(key, carrier).await,
            // Nobody else could take it sooner.
            Said::Busy { after, .. } if able.len() == 1 => sleep((*after).min(WAIT_MAX)).await,
            _ => {}
        }
        said.outcome(carrier.name())
    }

    /// Who takes this copy, which is remembered for the next.
    fn next(&self, page: &Page, able: &[Carrier]) -> Option<Carrier> {
        let subject = (page.incident, page.person.clone(), page.by, page.rung);
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.len() >= REMEMBERED {
            tried.clear();
        }
        let before = tried.entry(subject).or_default();
        if page.copy == 1 {
            before.clear();
        }
        let carrier = taker(&order(&self.scores.now(), able, page.rung), before, page.copy)?;
        before.push(carrier);
        Some(carrier)
    }

    async fn send(&self, carrier: Carrier, key: &EffectKey, page: &Page, to: &str) -> Said {
        let name = carrier.name();
        match (page.by, carrier, &self.urls) {
            (ContactKind::Voice, Carrier::Twilio, Some(urls)) => match &self.twilio {
                Some(twilio) => twilio.call(to, &urls.call(name, key)).await,
                None => no_credentials(),
            },
            (ContactKind::Voice, Carrier::Vonage, Some(urls)) => match &self.vonage {
                Some(vonage) => vonage.call(to, &urls.call(name, key)).await,
                None => no_credentials(),
            },
            (ContactKind::Sms, ..) => {
                let status = self.urls.as_ref().map(|urls| urls.text(name, key));
                self.text(carrier, to, &text::paging(&self.plan, page), status.as_deref()).await
            }
            (ContactKind::Mail, ..) => self.mail(page, to).await,
            (ContactKind::Voice | ContactKind::Slack, ..) => no_credentials(),
        }
    }

    async fn mail(&self, page: &Page, to: &str) -> Said {
        let Some(mail) = &self.mail else { return no_credentials() };
        let (subject, text) = letter(&self.plan, page);
        let id = format!("page-{}-{}-{}", page.incident, page.rung, page.code);
        mail.send(&Letter { to, subject: &subject, text: &text, id: &id }).await
    }

    /// Sends a message through a carrier of messages.
    pub async fn text(&self, carrier: Carrier, to: &str, body: &str, status: Option<&str>) -> Said {
        match (carrier, &self.twilio, &self.vonage, &self.sns) {
            (Carrier::Twilio, Some(twilio), ..) => twilio.text(to, body, status).await,
            (Carrier::Vonage, _, Some(vonage), _) => vonage.text(to, body, status).await,
            (Carrier::Sns, .., Some(sns)) => sns.text(to, body).await,
            _ => no_credentials(),
        }
    }

    /// The kernel hears that somebody has opted out before it hears that this page failed: the next rung is its answer.
    async fn deaf(&self, key: &EffectKey, carrier: Carrier) {
        let Some(desk) = self.desk.get() else { return };
        let report = Report {
            stage: Stage::OptedOut,
            provider: carrier.name().into(),
            receipt: "refused".into(),
            sequence: None,
            at: (self.clock)(),
        };
        if desk.deliver(key.clone(), report).await.is_err() {
            tracing::error!(effect.key = %key, "failed to note that somebody has opted out");
        }
    }
}

fn no_credentials() -> Said {
    Said::Closed { why: "it has no credentials".into() }
}

/// The subject and the text of a letter.
fn letter(plan: &Plan, page: &Page) -> (String, String) {
    let text = text::paging(plan, page);
    let Page { severity, incident, code, copy, .. } = page;
    let subject = if page.test {
        "All Clear: only a test of your mail".into()
    } else {
        format!("{severity:?} incident {incident}: {}", plan.document.application)
    };
    let how = format!("Take it in Slack, or with: allclear incident ack {incident}");
    (subject, format!("{text}\n\n{how}\nPage {code}, copy {copy}.\n"))
}
