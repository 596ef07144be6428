//! The disaster recovery plan as data: what `infra/plan.toml` says, parsed once into domain types.
//!
//! Reading is in [`read`], the lint against the plan's own contradictions in [`check`]. Nothing here decides.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{ComponentId, PersonId, SourceId, Vantage, VendorId};
use crate::time::Span;

pub mod address;
pub mod blueprint;
pub mod check;
mod hands;
mod on_call;
mod organisation;
mod phone;
pub mod read;

pub use hands::*;
pub use on_call::*;
pub use organisation::*;
pub use phone::*;

/// The plan this was built with, so that the binary works where no file is at hand.
pub const fn built_in_text() -> &'static str {
    include_str!("../../../infra/plan.toml")
}

/// The whole plan.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The document: version, owner, review dates.
    pub document: Document,
    /// The service level targets ("Monitoring and Alerting").
    pub targets: Targets,
    /// The alert thresholds ("Alert Thresholds"): when people are told.
    pub thresholds: Thresholds,
    /// How a failure is established: probing, quorum, hysteresis, joining.
    pub detection: Detection,
    /// When machines may act, and how often.
    pub safety: Safety,
    /// Which classes of action are armed.
    pub arming: Arming,
    /// The application's parts with RTO, RPO and priority.
    pub components: Vec<Component>,
    /// Which severity follows from which alert on which priority; the first match counts.
    pub classification: Vec<Classification>,
    /// Who is paged when, per severity.
    pub escalation: Vec<Escalation>,
    /// The people with their contact points.
    pub people: Vec<Person>,
    /// Who holds which role when nobody was assigned in the incident.
    pub roles: Roles,
    /// The providers with their status pages and support contacts.
    pub vendors: Vec<Vendor>,
    /// Slack, mail, phone, status page ("Communication Channels").
    pub channels: Channels,
    /// The regions of the application and of this executor.
    pub regions: Regions,
    /// The DNS names a failover may touch, and where they point.
    pub dns: Dns,
    /// The hosting provider's project and the limits of a rollback.
    pub hosting: Hosting,
    /// How many people must agree before something is changed by hand.
    #[serde(default)]
    pub approvals: Approvals,
    /// The monitors' webhook endpoints.
    pub sources: Vec<Source>,
    /// The four scenarios.
    pub runbooks: Vec<Runbook>,
    /// Its own text, as it was read: it is backed up as it is.
    #[serde(skip)]
    pub text: Arc<str>,
    /// What is backed up, how often, how long it is kept.
    pub backups: Vec<BackupPolicy>,
    /// Where our own backups are kept; without it this system makes none.
    #[serde(default)]
    pub backup_store: Option<BackupStore>,
    /// The drills and their cadences.
    pub drills: Vec<DrillPolicy>,
    /// The reviews and their cadences.
    pub reviews: Vec<Review>,
    /// Who must be trained in what.
    pub training: Vec<Training>,
    /// The lines of the phone tree; absent: nobody can be called.
    #[serde(default)]
    pub phone: Option<Phone>,
    /// The rotation on call; absent: the order of the roles counts at all times.
    #[serde(default)]
    pub on_call: Option<OnCall>,
    /// Reports, retention and attestation ("Compliance and Audit").
    pub compliance: Compliance,
}

impl Plan {
    /// The component of that id.
    pub fn component(&self, id: &ComponentId) -> Option<&Component> {
        self.components.iter().find(|component| component.id == *id)
    }

    /// The person of that id.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.iter().find(|person| person.id == *id)
    }

    /// The webhook endpoint of that id.
    pub fn source(&self, id: &SourceId) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == *id)
    }

    /// The escalation policy of that severity; reading the plan makes sure there is one.
    pub fn escalation(&self, severity: Severity) -> Option<&Escalation> {
        self.escalation.iter().find(|policy| policy.severity == severity)
    }

    /// The runbook of that scenario; reading the plan makes sure there is one.
    pub fn runbook(&self, scenario: Scenario) -> Option<&Runbook> {
        self.runbooks.iter().find(|runbook| runbook.scenario == scenario)
    }

    /// The vendor of that id.
    pub fn vendor(&self, id: &VendorId) -> Option<&Vendor> {
        self.vendors.iter().find(|vendor| vendor.id == *id)
    }

    /// The recovery time that can be kept: the longest of the component's own and of all it needs.
    pub fn effective_rto(&self, id: &ComponentId) -> Span {
        self.with_needs(id).iter().map(|component| component.rto).max().unwrap_or_default()
    }

    /// The data loss that can be kept to: the longest of the component's own and of all it needs.
    pub fn effective_rpo(&self, id: &ComponentId) -> Span {
        self.with_needs(id).iter().map(|component| component.rpo).max().unwrap_or_default()
    }

    /// The most that is lost when a component comes back from its best backup; `None` without one.
    pub fn worst_loss(&self, id: &ComponentId) -> Option<Span> {
        self.backups.iter().filter(|b| b.serves(id)).map(BackupPolicy::worst_loss).min()
    }

    /// A component and all it needs, each once; ends even where the needs form a circle.
    fn with_needs(&self, id: &ComponentId) -> Vec<&Component> {
        let mut found: Vec<&Component> = self.component(id).into_iter().collect();
        let mut next = 0;
        while let Some(component) = found.get(next).copied() {
            next += 1;
            for need in component.depends_on.iter().filter_map(|need| self.component(need)) {
                if !found.iter().any(|known| known.id == need.id) {
                    found.push(need);
                }
            }
        }
        found
    }
}

/// How bad it is ("Incident Classification").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Complete service outage.
    P1,
    /// Partial service degradation.
    P2,
    /// Minor functionality issues.
    P3,
    /// Non-critical issues.
    P4,
}

/// The plan's "Priority" of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// Nothing works without it.
    Critical,
    /// Much doesn't.
    High,
    /// Some doesn't.
    Medium,
}

/// The plan's three alert levels, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alert {
    /// Down for longer than [`Thresholds::down_for`].
    Critical,
    /// Slower than [`Thresholds::slow_ms`] for longer than [`Thresholds::slow_for`].
    Warning,
    /// More errors than [`Thresholds::error_rate`] for longer than [`Thresholds::errors_for`].
    Info,
}

/// "Real-Time Monitoring": what the service promises. Breaking one pages nobody; reports show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// Share of time the service is up, e.g. 0.9999.
    pub availability: f64,
    /// Average response time in milliseconds.
    pub response_ms: f64,
    /// Share of requests that fail, e.g. 0.001.
    pub error_rate: f64,
    /// Query time of the database in milliseconds.
    pub query_ms: f64,
}

/// "Alert Thresholds"; every comparison is strict, as in the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Critical: down for longer than this. A paging threshold, not an action threshold.
    pub down_for: Span,
    /// Warning: response time above this many milliseconds …
    pub slow_ms: f64,
    /// … for longer than this.
    pub slow_for: Span,
    /// Info: error rate above this share …
    pub error_rate: f64,
    /// … for longer than this.
    pub errors_for: Span,
}

/// How a failure is established.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detection {
    /// Time between two probes of one component from one vantage point.
    pub probe_every: Span,
    /// A probe without an answer after this long has failed.
    pub probe_timeout: Span,
    /// Where probes come from; a majority of the fresh ones must agree.
    pub vantage_points: Vec<Vantage>,
    /// An URL outside of our stack; when it fails too, our own network is suspect.
    pub control_site: String,
    /// How long a suspicion waits for our own probes before people are told anyway.
    pub confirm_within: Span,
    /// A new signal within this time after the end joins the old incident.
    pub join_window: Span,
    /// This many suspicions within the join window are flapping.
    pub flap_limit: u32,
}

/// When machines may act (safety rules 1, 2, 4, 5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Safety {
    /// Fewest fresh vantage points for acting.
    pub quorum: u32,
    /// Down for at least this long before acting.
    pub act_after: Span,
    /// Consecutive failures before acting.
    pub act_failures: u32,
    /// Consecutive successes before the service counts as up again …
    pub up_successes: u32,
    /// … and for at least this long.
    pub up_for: Span,
    /// Oldest usable result of a look at the world.
    pub preflight_max_age: Span,
    /// Least remaining life of the standby's certificate.
    pub certificate_min_life: Span,
    /// Automatic failovers of one target: one in this time …
    pub failover_block: Span,
    /// … and this many in 24 hours, until a person acknowledges.
    pub failovers_per_day: u32,
    /// Failed operations before everything freezes.
    pub failures_before_freeze: u32,
    /// How long a verified action may take to bring the service back before the next choice is made.
    pub recover_within: Span,
}

/// Whether a class of action may be executed, before any proof is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// Never executed; the timeline says what would have been done.
    DryRun,
    /// Executed when every rule allows it.
    Armed,
}

/// Arming per class of action, and how fresh the proof of each must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arming {
    /// Rolling back a deployment.
    pub rollback: Arm,
    /// Failing over in DNS.
    pub failover: Arm,
    /// Restarting a component.
    pub restart: Arm,
    /// A class whose last passed drill is older than this disarms itself.
    pub proof_max_age: Span,
}

/// A part of the application ("Service Level Targets").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Its id, e.g. `frontend`.
    pub id: ComponentId,
    /// Its name in the plan, e.g. "Application Frontend".
    pub name: String,
    /// Recovery time objective.
    pub rto: Span,
    /// Recovery point objective.
    pub rpo: Span,
    /// The plan's priority.
    pub priority: Priority,
    /// The provider it runs on.
    pub vendor: VendorId,
    /// The URL our probes ask.
    pub health_url: String,
    /// Components it cannot work without; its effective targets are never better than theirs.
    #[serde(default)]
    pub depends_on: Vec<ComponentId>,
    /// How it is brought back.
    pub recovery: RecoveryMeans,
}

/// How a component is brought back by machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecoveryMeans {
    /// The complete-outage runbook: rollback, then failover.
    RollbackOrFailover,
    /// A targeted restart (the plan's P2 branch).
    Restart,
    /// People only.
    Manual,
}

/// One rule of classification: an alert of this level on a component of this priority is that severe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classification {
    /// The alert's level.
    pub alert: Alert,
    /// The component's priority.
    pub priority: Priority,
    /// What follows.
    pub severity: Severity,
    /// The plan's words for it, shown as the reason.
    pub because: String,
}

/// Who is paged when ("Escalation Matrix", with the inner steps that the RTO needs).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// The severity it is for.
    pub severity: Severity,
    /// The steps in order of time; the first is at 0.
    pub rungs: Vec<Rung>,
    /// After the last rung: start over with all hands after this long. Absent: stop there.
    #[serde(default)]
    pub repeat_after: Option<Span>,
}

/// One step of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Time since the incident was declared.
    pub after: Span,
    /// Who is paged.
    pub page: Vec<Duty>,
    /// By which means, all at once.
    pub by: Vec<ContactKind>,
}

/// Whom a rung names; resolved when the rung is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// The engineer on call.
    OnCall,
    /// The next one in the on-call order.
    BackupOnCall,
    /// The role of that name.
    IncidentCommander,
    /// The role of that name.
    TechnicalLead,
    /// The role of that name.
    CommunicationsLead,
    /// The role of that name.
    BusinessLead,
    /// The developer the incident is assigned to, else the engineer on call.
    AssignedDeveloper,
    /// Everyone with a contact point.
    AllHands,
}

/// How a person can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactKind {
    /// A phone call.
    Voice,
    /// A text message.
    Sms,
    /// Mail.
    Mail,
    /// A direct message in Slack.
    Slack,
}

/// A monitor's webhook endpoint: `POST /webhook/<id>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The endpoint's id, the last part of its path.
    pub id: SourceId,
    /// Whose payloads arrive there.
    pub provider: crate::signal::Provider,
    /// Where monitors that no rule names are counted.
    pub component: ComponentId,
    /// Rules that send a monitor to another component.
    #[serde(default)]
    pub monitors: Vec<MonitorRule>,
    /// SNS only: the topics that may send here.
    #[serde(default)]
    pub topics: Vec<String>,
}

/// Sends monitors whose key, name or target contains `contains` to a component and an alert level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorRule {
    /// Part of the monitor's key, name or target, compared without case.
    pub contains: String,
    /// Where it belongs.
    pub component: ComponentId,
    /// The level of its alerts, where the provider doesn't say.
    #[serde(default)]
    pub alert: Option<Alert>,
}
