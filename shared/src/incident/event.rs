//! What happens to an incident, in the past tense. The ledger keeps these for ever: names and fields only grow.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::detect::Quorum;
use crate::effect::{Act, Finding, Look, Outcome, Page};
use crate::id::{ComponentId, EffectKey, MonitorKey, PersonId, SourceId};
use crate::page::Report;
use crate::plan::{Alert, ContactKind, Severity};
use crate::signal::{Health, Trust};
use crate::time::Ts;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Something looks wrong. It opens the incident, or opens it again within the join window.
    Opened {
        /// The number people use.
        number: u32,
        /// What looks wrong.
        component: ComponentId,
        /// When the trouble began, as far as known.
        since: Ts,
        /// What raised it.
        sign: Sign,
    },
    /// A monitor's word on this component changed.
    Joined {
        /// The endpoint.
        source: SourceId,
        /// The monitor.
        monitor: MonitorKey,
        /// What it says now.
        health: Health,
        /// How sure we are that it is the monitor.
        trust: Trust,
        /// The level of its alert.
        alert: Alert,
        /// Its reason.
        reason: Option<String>,
    },
    /// More monitors agree than the timeline lists one by one.
    ManyAgree {
        /// How many say it is not well.
        monitors: u32,
    },
    /// Our own probes failed first at this moment: the recovery clock starts here.
    FirstFailure {
        /// The first failing probe.
        since: Ts,
    },
    /// It was nothing, or it passed before anyone had to be woken.
    Dismissed {
        /// Why nobody was told.
        because: String,
    },
    /// It is an incident: people are paged.
    Declared {
        /// How bad.
        severity: Severity,
        /// Why that bad.
        because: String,
    },
    /// A majority of our vantage points sees it down, for as long as the plan's paging threshold.
    Confirmed {
        /// The votes.
        quorum: Quorum,
    },
    /// The evidence suffices for acting.
    Certain {
        /// The votes.
        quorum: Quorum,
    },
    /// Our own view is gone: nothing is concluded from it until it returns.
    Blinded {
        /// What we can't see.
        why: String,
    },
    /// Our own view is back.
    Sighted,
    /// The service is slow or erring beyond the plan's thresholds.
    Impaired {
        /// Which alert: slow is a warning, erring is info.
        alert: Alert,
        /// What is beyond which threshold.
        how: String,
    },
    /// It is no longer slow or erring.
    Eased {
        /// Which alert is over.
        alert: Alert,
    },
    /// A step of the ladder was reached.
    RungReached {
        /// Counted over all rounds, from 0.
        rung: u32,
        /// Who is paged.
        people: Vec<PersonId>,
        /// How many pages that makes: people times their means.
        pages: u32,
        /// The pages, one by one. Ledgers of before they were listed have none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<Call>,
    },
    /// People are paged whom somebody asked for by name; they answer for themselves, whoever has the incident.
    Summoned {
        /// Why.
        because: String,
        /// The pages.
        calls: Vec<Call>,
    },
    /// A page went out, or could not.
    Paged {
        /// The page.
        page: Page,
        /// What came of it.
        outcome: Outcome,
        /// Its effect.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<EffectKey>,
        /// Whether the next copy is owed for it; ledgers of before it was said have it among what the turn owes.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// A provider says more of a page that it took.
    Delivered {
        /// The page's effect.
        key: EffectKey,
        /// The page.
        page: Page,
        /// What it says.
        report: Report,
        /// Whether the next copy is owed for it.
        again: bool,
    },
    /// A person could not be woken by one means: another one is tried.
    Rerouted {
        /// What was in vain.
        from: ContactKind,
        /// Whom, and by what instead.
        call: Call,
        /// The rung it belongs to.
        rung: u32,
    },
    /// "I can't": the person is passed over.
    Declined {
        /// Who.
        by: PersonId,
        /// How, e.g. `terminal`, `keypad`, `sms`.
        via: Arc<str>,
    },
    /// A person who was asked for by name is coming; somebody else has the incident.
    Answered {
        /// Who.
        by: PersonId,
        /// How.
        via: Arc<str>,
    },
    /// A person took it.
    Acknowledged {
        /// Who.
        by: PersonId,
        /// How, e.g. `terminal`, `keypad`, `sms`.
        via: Arc<str>,
    },
    /// A person said something for everyone.
    Updated {
        /// Their words.
        text: String,
    },
    /// The severity changed.
    SeveritySet {
        /// To what.
        to: Severity,
        /// Why.
        because: String,
        /// Whether a person chose it: evidence then no longer changes it.
        by_person: bool,
    },
    /// A role was given to a person.
    Assigned {
        /// Which.
        role: Role,
        /// To whom.
        to: PersonId,
    },
    /// The world is being looked at before choosing.
    LooksAsked {
        /// Counted from 1.
        round: u32,
        /// What is looked at.
        looks: Vec<Look>,
    },
    /// One more thing is looked at.
    LookAsked {
        /// What.
        look: Look,
    },
    /// A look came back.
    Found {
        /// What was looked at.
        look: Look,
        /// What was seen.
        finding: Finding,
    },
    /// A look did not come back; the choice treats it as bad news.
    LookFailed {
        /// What was looked at.
        look: Look,
        /// Why it failed.
        why: String,
    },
    /// What to do was chosen.
    Chose {
        /// The choice with its reasons.
        choice: Choice,
    },
    /// An action was handed to the `act` lane.
    ActStarted {
        /// The action.
        act: Act,
        /// 1 for the first attempt.
        attempt: u8,
    },
    /// An action came to an end, or its reply was lost.
    ActSettled {
        /// The operation: the key of the effect.
        operation: EffectKey,
        /// The action.
        act: Act,
        /// What came of it.
        outcome: Outcome,
    },
    /// Caches were told to forget what they hold since before an action, or could not be told.
    Purged {
        /// The action.
        act: Act,
        /// What came of it.
        outcome: Outcome,
    },
    /// An action had no effect, or the service did not come back after it.
    DidNotHelp {
        /// The action.
        act: Act,
    },
    /// An action must be undone or confirmed by people later.
    ObligationOpened {
        /// What is to be done.
        what: String,
    },
    /// The service answers again.
    Recovered {
        /// Since when.
        at: Ts,
        /// The machine or person that says so.
        witness: Witness,
    },
    /// The service failed again before all clear.
    Relapsed {
        /// Since when.
        since: Ts,
    },
    /// The service has been well for as long as the plan wants it watched.
    Steady {
        /// Consecutive successes.
        successes: u32,
    },
    /// All clear: the incident is over.
    Resolved {
        /// On what evidence, or on whose word.
        witness: Witness,
        /// What was seen.
        because: String,
    },
    /// A person opened it again.
    Reopened {
        /// Why.
        because: String,
    },
    /// The report was written.
    Reported,
}

/// One page that a rung makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Whom.
    pub person: PersonId,
    /// By what.
    pub by: ContactKind,
    /// It can wait until then: the person sleeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Ts>,
}

/// What raised a suspicion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    /// Who says so: an endpoint, `prober`, or a person.
    pub source: Arc<str>,
    /// Their words.
    pub says: String,
    /// How sure we are of the sender.
    pub trust: Trust,
}

/// Who vouches for a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// Our own probes.
    Probes,
    /// The monitors that raised it, while our own view was gone.
    Monitors,
    /// A person, on evidence.
    Person,
    /// A person, against or without evidence.
    PersonAlone,
}

/// Roles of the response team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Leads the response.
    IncidentCommander,
    /// Leads the repair.
    TechnicalLead,
    /// Speaks to the outside.
    CommunicationsLead,
    /// Decides for the business.
    BusinessLead,
    /// Works on it (P3 and P4).
    AssignedDeveloper,
}

/// What to do, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Change something.
    Act {
        /// What.
        act: Act,
        /// Why this.
        because: Vec<String>,
    },
    /// Change nothing; people decide.
    Wait {
        /// What stands in the way.
        because: Vec<String>,
        /// What would have been done, had it been armed.
        would: Option<Act>,
    },
}
