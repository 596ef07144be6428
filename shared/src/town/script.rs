//! What goes wrong in the town: a scenario, and faults on top of it. Names and one-line explanations for the terminal.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What happens to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scenario {
    /// One of the causes of a complete outage, by the seed.
    CompleteOutage,
    /// The newest deployment is broken.
    BadDeployment,
    /// The hosting provider is down.
    PlatformDown,
    /// The vendor that primary and standby share is down.
    SharedDependencyDown,
    /// The hosting provider is down and the standby's data is old.
    StandbyStale,
    /// The hosting provider and the standby are down.
    BothSidesDown,
    /// Nothing is down but our own way out.
    OwnNetworkDown,
    /// The names no longer resolve to the application.
    DnsBroken,
    /// Down for 20 s.
    Blip,
    /// Down for 43 s.
    Partition,
    /// Down and up again, several times.
    Flapping,
    /// It answers, slowly.
    Slow,
    /// It answers, often with errors.
    Erring,
    /// Only the restartable component hangs.
    EdgeFunctionHang,
    /// A new deployment looks guilty and is not.
    RollbackDoesNotHelp,
    /// The hosting provider is down together with its API.
    HostingApiDown,
}

/// Every scenario with its name and what it is.
pub const SCENARIOS: [(Scenario, &str, &str); 16] = [
    (Scenario::CompleteOutage, "complete-outage", "one of the causes below, by the seed"),
    (Scenario::BadDeployment, "bad-deployment", "the newest deployment is broken"),
    (Scenario::PlatformDown, "platform-down", "the hosting provider is down"),
    (Scenario::SharedDependencyDown, "shared-dependency-down", "primary and standby share it"),
    (Scenario::StandbyStale, "standby-stale", "platform down, the standby's data too old"),
    (Scenario::BothSidesDown, "both-sides-down", "platform down, and the standby too"),
    (Scenario::OwnNetworkDown, "own-network-down", "our own way out is cut, all else is well"),
    (Scenario::DnsBroken, "dns-broken", "the names resolve to nothing"),
    (Scenario::Blip, "blip", "down for 20 s"),
    (Scenario::Partition, "partition", "unreachable for 43 s"),
    (Scenario::Flapping, "flapping", "down and up again, several times"),
    (Scenario::Slow, "slow", "answers take too long"),
    (Scenario::Erring, "erring", "too many requests fail"),
    (Scenario::EdgeFunctionHang, "edge-function-hang", "one restartable component hangs"),
    (Scenario::RollbackDoesNotHelp, "rollback-does-not-help", "the deployment was not the cause"),
    (Scenario::HostingApiDown, "hosting-api-down", "platform down together with its API"),
];

/// What [`Scenario::CompleteOutage`] chooses from.
pub const OUTAGE_CAUSES: [Scenario; 8] = [
    Scenario::BadDeployment,
    Scenario::PlatformDown,
    Scenario::SharedDependencyDown,
    Scenario::StandbyStale,
    Scenario::BothSidesDown,
    Scenario::DnsBroken,
    Scenario::RollbackDoesNotHelp,
    Scenario::HostingApiDown,
];

/// What goes wrong besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Slack takes nothing.
    SlackDown,
    /// No phone call goes out.
    VoiceDown,
    /// No text message goes out.
    SmsDown,
    /// No mail goes out.
    MailDown,
    /// Replies of vendors get lost, whether or not they did their work.
    LostReply,
    /// Vendors answer late.
    SlowVendors,
    /// The first person on call does not wake up.
    OnCallAsleep,
    /// Nobody wakes up for an hour or so.
    EveryoneAsleep,
    /// Monitors post everything twice or three times.
    DuplicateWebhooks,
    /// Monitors post minutes late, and out of order.
    LateWebhooks,
    /// Nothing that monitors post arrives.
    WebhooksLost,
    /// The standby's certificate is about to end.
    StandbyCertificate,
    /// No class of action is armed.
    NotArmed,
    /// The kill switch is thrown while an operation is under way.
    Frozen,
    /// The server is killed at a random boundary and comes back.
    Kill,
    /// Phones are busy, ring on, or a machine picks up; texts do not arrive.
    CallsInVain,
    /// Providers say that pages arrived which never did.
    DeliveryLies,
    /// What providers say of pages comes late, twice and out of order.
    LateCallbacks,
    /// The first person on call has told the carrier to stop.
    OptedOut,
    /// Many of those who are woken can't.
    PeopleDecline,
}

/// Every fault with its name and what it is.
pub const FAULTS: [(Fault, &str, &str); 20] = [
    (Fault::SlackDown, "slack-down", "Slack takes nothing"),
    (Fault::VoiceDown, "voice-down", "no phone call goes out"),
    (Fault::SmsDown, "sms-down", "no text message goes out"),
    (Fault::MailDown, "mail-down", "no mail goes out"),
    (Fault::LostReply, "lost-reply", "replies of vendors get lost"),
    (Fault::SlowVendors, "slow-vendors", "vendors answer late"),
    (Fault::OnCallAsleep, "on-call-asleep", "the first person on call sleeps on"),
    (Fault::EveryoneAsleep, "everyone-asleep", "nobody wakes up for an hour or so"),
    (Fault::DuplicateWebhooks, "duplicate-webhooks", "monitors post everything again"),
    (Fault::LateWebhooks, "late-webhooks", "monitors post late and out of order"),
    (Fault::WebhooksLost, "webhooks-lost", "nothing that monitors post arrives"),
    (Fault::StandbyCertificate, "standby-certificate", "the standby's certificate ends soon"),
    (Fault::NotArmed, "not-armed", "no class of action is armed"),
    (Fault::Frozen, "frozen", "the kill switch is thrown in the middle of an operation"),
    (Fault::Kill, "kill", "the server is killed at a random boundary"),
    (Fault::CallsInVain, "calls-in-vain", "phones are busy, ring on, or a machine picks up"),
    (Fault::DeliveryLies, "delivery-lies", "providers say delivered, and it never was"),
    (Fault::LateCallbacks, "late-callbacks", "providers call back late, twice, out of order"),
    (Fault::OptedOut, "opted-out", "the first person on call has written STOP"),
    (Fault::PeopleDecline, "people-decline", "many of those who are woken can't"),
];

/// A scenario, its faults, and where the server is killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What happens to the application.
    pub scenario: Scenario,
    /// What goes wrong besides.
    pub faults: BTreeSet<Fault>,
    /// The boundary at which the server is killed, counted from 1; see [`super::Simulation`].
    pub kill_at: Option<u32>,
}

impl Script {
    /// The scenario alone.
    pub fn of(scenario: Scenario) -> Self {
        Self { scenario, faults: BTreeSet::new(), kill_at: None }
    }

    /// With these faults, too.
    pub fn with(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.extend(faults);
        self
    }

    /// Killed at that boundary.
    pub fn killed_at(mut self, boundary: u32) -> Self {
        self.kill_at = Some(boundary);
        self
    }

    /// Whether providers call back at all: they only do where that can go wrong.
    pub fn calls_back(&self) -> bool {
        use Fault::{CallsInVain, DeliveryLies, LateCallbacks, OptedOut};
        [CallsInVain, DeliveryLies, LateCallbacks, OptedOut].into_iter().any(|it| self.has(it))
    }

    /// Whether a fault is on.
    pub fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.scenario)?;
        self.faults.iter().try_for_each(|fault| write!(f, " --fault {fault}"))?;
        self.kill_at.map_or(Ok(()), |boundary| write!(f, " (killed at boundary {boundary})"))
    }
}

impl Scenario {
    /// Its name.
    pub fn name(self) -> &'static str {
        name_in(&SCENARIOS, &self)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Scenario {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        named_in(&SCENARIOS, "scenario", text)
    }
}

impl Fault {
    /// Its name.
    pub fn name(self) -> &'static str {
        name_in(&FAULTS, &self)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        named_in(&FAULTS, "fault", text)
    }
}

fn name_in<T: PartialEq>(table: &[(T, &'static str, &str)], one: &T) -> &'static str {
    table.iter().find(|(entry, ..)| entry == one).map_or("?", |(_, name, _)| name)
}

fn named_in<T: Copy>(table: &[(T, &str, &str)], kind: &str, text: &str) -> Result<T, String> {
    if let Some((found, ..)) = table.iter().find(|(_, name, _)| *name == text) {
        return Ok(*found);
    }
    let nearest = table.iter().min_by_key(|(_, name, _)| strsim::damerau_levenshtein(name, text));
    let nearest = nearest.map_or("", |(_, name, _)| name);
    Err(format!("there is no {kind} `{text}`: did you mean `{nearest}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for (scenario, name, _) in SCENARIOS {
            assert_eq!(name.parse(), Ok(scenario));
        }
        for (fault, name, _) in FAULTS {
            assert_eq!(name.parse(), Ok(fault));
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_answered_with_the_nearest_name() {
        let says = "slak-down".parse::<Fault>().unwrap_err();
        assert_eq!(says, "there is no fault `slak-down`: did you mean `slack-down`?");
        assert!("partion".parse::<Scenario>().unwrap_err().contains("`partition`"));
    }
}
