//! The vendors of the town: what they answer, how late, and what they really did.
//!
//! Every external write is counted as it arrives, not as it is reported: a lost reply hides what happened from whoever
//! asked, never from the oracle.

use super::phones::Luck;
use super::script::{Fault, Scenario};
use super::world::{Part, seconds};
use super::{Entry, Happening, Town};
use crate::effect::{Act, Aim, Change, Effect, Finding, Look, Outcome, Page, Survey, Toward};
use crate::id::{EffectKey, VendorId};
use crate::plan::ContactKind;
use crate::time::{Span, Ts};

/// Whoever asks gives up after this long: the reply counts as lost.
pub const PATIENCE: Span = Span::secs(10);

/// Caches are told to forget within this time; the town has no luck with it, good or bad.
const PURGE_TAKES: Span = Span::millis(300);

/// An external write or a page as it reached a vendor.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// When.
    pub at: Ts,
    /// The effect.
    pub key: EffectKey,
    /// What was asked for.
    pub asked: Asked,
    /// Whether it did what was asked.
    pub took_effect: bool,
}

/// What was asked of a vendor.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// To wake somebody.
    Page(Page),
    /// To change something.
    Act(Act),
}

impl Town {
    /// Performs an effect: how long the answer takes, and what it is. Works, like the vendors do, whether or not the
    /// answer is ever heard.
    pub fn perform(&mut self, key: &EffectKey, effect: &Effect, now: Ts) -> (Span, Outcome) {
        self.advance(now);
        if let Effect::Purge(_) = effect {
            let says = "cached pages were thrown away".into();
            return (PURGE_TAKES, Outcome::Done(Finding::Purged { says }));
        }
        let latency = self.latency();
        let outcome = match effect {
            Effect::Page(page) => self.page(key, page, now),
            Effect::Act(act) => self.act(key, act, now),
            Effect::Look(look) => self.look(look, now),
            Effect::Tell(_) if self.script.has(Fault::SlackDown) => {
                later("Slack answers 503", Span::secs(30))
            }
            Effect::Purge(_) | Effect::Tell(_) | Effect::Report | Effect::WakeAt { .. } => {
                Outcome::Done(Finding::Nothing)
            }
        };
        self.reply(effect, latency, outcome)
    }

    /// The reply on its way back: it may be late, and it may be lost.
    fn reply(&mut self, effect: &Effect, latency: Span, outcome: Outcome) -> (Span, Outcome) {
        let lost = |why: &str| (PATIENCE, Outcome::Unknown { why: why.into() });
        if latency > PATIENCE {
            return lost("no reply within 10 s");
        }
        let writes = matches!(effect, Effect::Page(_) | Effect::Act(_));
        if writes && self.script.has(Fault::LostReply) && self.rng.u8(..100) < 40 {
            return lost("the connection broke before the reply");
        }
        (latency, outcome)
    }

    fn latency(&mut self) -> Span {
        if self.script.has(Fault::SlowVendors) {
            return Span::millis(self.rng.i64(1_000..=14_000));
        }
        Span::millis(self.rng.i64(60..=900))
    }

    fn page(&mut self, key: &EffectKey, page: &Page, now: Ts) -> Outcome {
        let (provider, fault) = match (page.by, page.copy % 2) {
            (ContactKind::Voice, 1) => ("voice one", Fault::VoiceDown),
            (ContactKind::Voice, _) => ("voice two", Fault::VoiceDown),
            (ContactKind::Sms, 1) => ("text one", Fault::SmsDown),
            (ContactKind::Sms, _) => ("text two", Fault::SmsDown),
            (ContactKind::Mail, _) => ("mail", Fault::MailDown),
            (ContactKind::Slack, _) => ("slack", Fault::SlackDown),
        };
        let broken = self.script.has(fault);
        // A request that gets lost on the way looks the same as a reply that does.
        let lost = self.script.has(Fault::LostReply) && self.rng.u8(..100) < 10;
        let taken = !broken && !lost;
        let luck = self.phones.luck(&self.script, page);
        let took_effect = taken && luck == Luck::Through;
        let asked = Asked::Page(page.clone());
        self.calls.push(Call { at: now, key: key.clone(), asked, took_effect });
        let mut woke = false;
        if took_effect {
            let said = self.people.paged(page, now, &mut self.rng);
            woke = !said.is_empty();
            self.say(said);
        }
        if taken && self.script.calls_back() {
            let (script, phones) = (&self.script, &mut self.phones);
            for (at, callback) in phones.callbacks(script, key, page, &luck, woke, now) {
                self.enter(at, Entry::Arrives(Happening::Callback(callback)));
            }
        }
        if taken && luck == Luck::Refused {
            return Outcome::Never { why: format!("{provider} answers 21610: opted out") };
        }
        if broken {
            return later(&format!("{provider} answers 503"), Span::secs(15));
        }
        if lost {
            return Outcome::Unknown { why: "the connection broke".into() };
        }
        Outcome::Done(Finding::Sent { provider: provider.into(), receipt: key.to_string() })
    }

    fn act(&mut self, key: &EffectKey, act: &Act, now: Ts) -> Outcome {
        let api_away =
            matches!(act, Act::RollBack { .. }) && self.world.is_broken(Part::HostingApi, now);
        if api_away || self.rng.u8(..100) < 4 {
            return later("the API answers 503", Span::secs(5));
        }
        let lost = self.script.has(Fault::LostReply) && self.rng.u8(..100) < 30;
        let took_effect = !lost && self.change(act, now);
        let asked = Asked::Act(act.clone());
        self.calls.push(Call { at: now, key: key.clone(), asked, took_effect });
        if lost {
            return Outcome::Unknown { why: "the connection broke".into() };
        }
        if took_effect {
            return Outcome::Done(Finding::Nothing);
        }
        Outcome::Never { why: "there is no such target".into() }
    }

    fn change(&mut self, act: &Act, now: Ts) -> bool {
        match act {
            Act::RollBack { to, .. } | Act::Promote { to, .. } => {
                let from = now + seconds(&mut self.rng, 1, 8);
                self.world.roll_back(to, from).is_some()
            }
            Act::FailOver => {
                let spread = seconds(&mut self.rng, 5, 30) + self.plan.dns.ttl;
                self.world.fail_over(now + spread);
                true
            }
            Act::FailBack => {
                let spread = seconds(&mut self.rng, 5, 30) + self.plan.dns.ttl;
                self.world.fail_back(now + spread);
                true
            }
            Act::Restart(_) => {
                let back = now + seconds(&mut self.rng, 10, 60);
                self.world.restart(back);
                true
            }
        }
    }

    fn look(&mut self, look: &Look, now: Ts) -> Outcome {
        let finding = match look {
            Look::VendorStatus(vendor) => self.status(vendor, now),
            Look::Dns => {
                let right = !self.world.is_broken(Part::Names, now) || self.world.on_standby(now);
                let says = if right { "as the plan says" } else { "SERVFAIL from every resolver" };
                Finding::Dns { right, says: says.into() }
            }
            Look::Deployments if self.world.is_broken(Part::HostingApi, now) => {
                return later("the API answers 503", Span::secs(5));
            }
            Look::Deployments => Finding::Deployments(self.world.deployments()),
            Look::Survey(aim) => Finding::Surveyed(self.survey(aim, now)),
            Look::Standby => Finding::Standby(self.world.preflight(now)),
            Look::ControlSite => {
                Finding::ControlSite { reachable: !self.world.is_broken(Part::OwnNetwork, now) }
            }
            Look::ReadBack { operation, act } => self.read_back(operation, act),
            Look::Verify(act) => self.verify(act, now),
            Look::CriticalPath => self.critical_path(),
        };
        Outcome::Done(finding)
    }

    /// Status pages tell the truth, minutes late.
    fn status(&self, vendor: &VendorId, now: Ts) -> Finding {
        let hosting = *vendor == self.plan.hosting.vendor;
        let behind = self.plan.components.iter().any(|component| {
            component.vendor == *vendor && self.plan.dns.shared.contains(&component.id)
        });
        let lag = self.status_lag;
        let broken = hosting && self.world.is_broken_for(Part::Hosting, now, lag)
            || behind && self.world.is_broken_for(Part::Backend, now, lag);
        let says = if broken { "Major outage" } else { "All systems operational" };
        Finding::Vendor { vendor: vendor.clone(), working: !broken, says: says.into() }
    }

    fn read_back(&self, operation: &EffectKey, act: &Act) -> Finding {
        let asked = Asked::Act(act.clone());
        let applied = self
            .calls
            .iter()
            .any(|call| call.key == *operation && call.asked == asked && call.took_effect);
        Finding::ReadBack { applied }
    }

    fn survey(&self, aim: &Aim, now: Ts) -> Survey {
        let changes = match aim.toward() {
            Some(Toward::Standby) if !self.world.on_standby(now) => {
                vec![dns_change(Toward::Standby)]
            }
            Some(Toward::Primary) if self.world.on_standby(now) => {
                vec![dns_change(Toward::Primary)]
            }
            _ => Vec::new(),
        };
        Survey {
            by: Some("town".into()),
            changes,
            deployments: aim.toward().is_none().then(|| self.world.deployments()),
            preflight: aim.toward().map(|_| self.world.preflight(now)),
            troubles: Vec::new(),
        }
    }

    fn verify(&self, act: &Act, now: Ts) -> Finding {
        let whole = match act {
            Act::FailOver => self.world.on_standby(now),
            Act::FailBack => !self.world.on_standby(now),
            Act::RollBack { to, .. } | Act::Promote { to, .. } => {
                self.world.deployments().iter().any(|one| one.current && one.id == *to)
            }
            Act::Restart(component) => self.world.is_up(component),
        };
        let says = if whole { "all agree" } else { "not everyone agrees yet" };
        // Name servers and caches of a town follow sooner or later.
        let tail = if whole { Vec::new() } else { vec!["some visitors".into()] };
        Finding::Verified { whole, says: says.into(), tail }
    }

    fn critical_path(&mut self) -> Finding {
        let down: Vec<&str> = self
            .world
            .components()
            .filter(|(_, up)| !up)
            .map(|(component, _)| component.as_str())
            .collect();
        if !down.is_empty() {
            let says = format!("{} does not answer", down.join(", "));
            return Finding::CriticalPath { passed: false, says };
        }
        let passed = self.rng.u8(..100) >= 3;
        let says = if passed { "every step passed" } else { "a step took too long" };
        Finding::CriticalPath { passed, says: says.into() }
    }

    /// Which action the cause calls for, when nothing stands in its way.
    pub fn remedy(&self) -> Vec<crate::effect::ActClass> {
        use crate::effect::ActClass::{Failover, Restart, Rollback};
        match self.world.cause {
            Scenario::BadDeployment => vec![Rollback],
            Scenario::PlatformDown | Scenario::DnsBroken | Scenario::HostingApiDown => {
                vec![Failover]
            }
            Scenario::RollbackDoesNotHelp => vec![Rollback, Failover],
            Scenario::EdgeFunctionHang => vec![Restart],
            _ => Vec::new(),
        }
    }
}

fn dns_change(toward: Toward) -> Change {
    let (before, after) = match toward {
        Toward::Standby => ("primary", "standby"),
        Toward::Primary => ("standby", "primary"),
    };
    Change { target: "our names".into(), before: before.into(), after: after.into() }
}

fn later(why: &str, after: Span) -> Outcome {
    Outcome::Later { why: why.into(), after }
}
