//! The parts of the plan that are about people, documents and calendars.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{ComponentId, PersonId, VendorId};
use crate::plan::{ContactKind, QuietHours, Severity, Zone};
use crate::time::Span;

/// The document's own data ("Document Version …").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The application's name.
    pub application: String,
    /// The document's version.
    pub version: String,
    /// `YYYY-MM-DD`.
    pub last_updated: Date,
    /// `YYYY-MM-DD`.
    pub next_review: Date,
    /// The owner's role.
    pub owner: String,
    /// Who approved it.
    pub approved_by: String,
}

/// A calendar day, `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub jiff::civil::Date);

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Self).map_err(|_| {
            serde::de::Error::custom(format!("`{text}` is not a day: write e.g. \"2025-01-06\""))
        })
    }
}

/// A person with contact points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Their id, e.g. `lead-developer`.
    pub id: PersonId,
    /// Their name; the plan's own `[Name]` is a placeholder.
    pub name: String,
    /// Their job title in the plan.
    pub title: String,
    /// Phone number in E.164, or the placeholder `[Phone]`.
    pub phone: String,
    /// Mail address, or the placeholder `[Email]`.
    pub email: String,
    /// Slack user id, where there is one.
    #[serde(default)]
    pub slack: Option<String>,
    /// When a call to that number was last answered by them; absent: it may be anybody's.
    #[serde(default)]
    pub phone_verified: Option<Date>,
    /// Where they live.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// The language they are woken in, e.g. `de`.
    #[serde(default)]
    pub language: Option<String>,
    /// Their own means by severity, in the place of a rung's.
    #[serde(default)]
    pub order: BTreeMap<Severity, Vec<ContactKind>>,
    /// When only P1 and P2 wake them.
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
}

impl Person {
    /// Whether any contact is still the plan's placeholder, e.g. `[Phone]`.
    pub fn is_placeholder(&self) -> bool {
        [&self.name, &self.phone, &self.email].into_iter().any(|text| is_placeholder(text))
    }
}

/// Whether a text is still one of the plan's `[Placeholders]`.
pub fn is_placeholder(text: &str) -> bool {
    text.starts_with('[') && text.ends_with(']')
}

/// "Incident Response Team", and who is on call in which order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Leads the response.
    pub incident_commander: PersonId,
    /// Leads the repair.
    pub technical_lead: PersonId,
    /// Speaks to the outside.
    pub communications_lead: PersonId,
    /// Decides for the business.
    pub business_lead: PersonId,
    /// On call: the first is paged first, the second is their backup.
    pub on_call: Vec<PersonId>,
}

impl Roles {
    /// Whether that person has any role, being on call included.
    pub fn includes(&self, person: &PersonId) -> bool {
        self.on_call.contains(person)
            || [
                &self.incident_commander,
                &self.technical_lead,
                &self.communications_lead,
                &self.business_lead,
            ]
            .contains(&person)
    }
}

/// A provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// Its id, e.g. `vercel`.
    pub id: VendorId,
    /// Its name.
    pub name: String,
    /// Where its support is reached.
    pub support: String,
    /// Its public status in Statuspage's JSON form.
    #[serde(default)]
    pub status_url: Option<String>,
    /// What the plan claims of its databases' copies; nothing relies on it.
    #[serde(default)]
    pub replication: Option<Replication>,
}

/// Where a provider keeps a database's copies ("Database High Availability").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replication {
    /// In several data centres, one taking over from another by itself.
    MultiAz,
    /// In one Region, without anything taking over.
    SingleRegion,
}

/// "Communication Channels".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// Primary: the Slack channel.
    pub slack: String,
    /// Secondary: the mail distribution list.
    pub mail_list: String,
    /// The status page's URL.
    pub status_page: String,
}

/// "Multi-Region Deployment", and where this executor lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regions {
    /// The application's home.
    pub primary: String,
    /// The application's standby.
    pub secondary: String,
    /// Where the executor runs: not the primary.
    pub executor: String,
}

/// The plan's scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Scenario 1.
    CompleteOutage,
    /// Scenario 2.
    DatabaseLoss,
    /// Scenario 3.
    SecurityBreach,
    /// Scenario 4.
    DeveloperCompromise,
    /// "For P2 Incidents (Partial Degradation)".
    PartialDegradation,
}

/// A scenario's steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// The scenario it is for.
    pub scenario: Scenario,
    /// Its title.
    pub title: String,
    /// The steps in order.
    pub steps: Vec<RunbookStep>,
}

/// A step of a runbook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunbookStep {
    /// What is done.
    pub what: String,
    /// The latest moment after the start by which the plan wants it done.
    pub by: Span,
    /// Who does it.
    pub who: StepKind,
    /// What in the record of an incident shows that it was done; absent: nothing there can.
    #[serde(default)]
    pub shown_by: Option<ShownBy>,
    /// The plan's own words that this step replaces, where following them would fail or do harm.
    #[serde(default)]
    pub instead_of: Option<String>,
}

/// Who does a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// This system, without asking.
    Automatic,
    /// This system, after people approved the plan they saw.
    Approved,
    /// People.
    Manual,
}

/// What shows that a step was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShownBy {
    /// The providers' status was read.
    VendorStatus,
    /// Our names were asked for.
    Dns,
    /// The recent deployments were listed.
    Deployments,
    /// It is known of a deployment whether its migrations only added things.
    Migrations,
    /// A rollback took place.
    Rollback,
    /// A failover took place.
    Failover,
    /// A restart took place.
    Restart,
    /// The critical path was walked after the recovery.
    CriticalPath,
    /// Our own probes confirmed what is affected.
    Confirmed,
    /// Evidence says all clear.
    AllClear,
}

/// What is backed up ("Backup Strategy").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupPolicy {
    /// What is backed up, e.g. `database`.
    pub what: String,
    /// The component whose RPO it serves.
    #[serde(default)]
    pub component: Option<ComponentId>,
    /// Further components that come back with it.
    #[serde(default)]
    pub covers: Vec<ComponentId>,
    /// Longest time between two backups; absent where every change makes one.
    #[serde(default)]
    pub every: Option<Span>,
    /// How long one is kept; absent where a number is kept.
    #[serde(default)]
    pub keep_for: Option<Span>,
    /// How many are kept; absent where a time counts.
    #[serde(default)]
    pub keep_last: Option<u32>,
    /// Where they are kept.
    pub storage: String,
    /// How they are verified.
    pub verification: String,
    /// Longest time between two verifications.
    pub verify_every: Span,
    /// What a restored database must answer with yes: the smoke queries of L3.
    #[serde(default)]
    pub questions: Vec<Question>,
}

/// A question to a restored database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question in words, e.g. `Are there accounts?`
    pub ask: String,
    /// One `select` of one boolean, with names in full: `select count(*) > 0 from auth.users`.
    pub sql: String,
}

impl BackupPolicy {
    /// Whether a restore from this brings the component back.
    pub fn serves(&self, component: &ComponentId) -> bool {
        self.component.as_ref() == Some(component) || self.covers.contains(component)
    }

    /// The longest time whose changes are lost when this is all that is left.
    pub fn worst_loss(&self) -> Span {
        self.every.unwrap_or(Span::ZERO)
    }
}

/// Where our own backups are kept, and whose keys count. Secrets come from the environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupStore {
    /// A folder: a mounted disk outside of what is backed up. Or a bucket: `s3://bucket/folder?region=us-west-2`.
    pub place: String,
    /// age's public keys of those who can read backups: at least two, their identities kept offline.
    pub recipients: Vec<String>,
    /// Public signing keys whose backups count.
    #[serde(default)]
    pub signers: Vec<String>,
}

/// A drill and its cadence ("Testing and Validation").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillPolicy {
    /// What is tested.
    pub what: String,
    /// Longest time between two.
    pub every: Span,
    /// When it was done last, where known.
    #[serde(default)]
    pub last: Option<Date>,
}

/// A review and its cadence ("Regular Review Schedule").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// What is reviewed.
    pub what: String,
    /// Longest time between two.
    pub every: Span,
}

/// Who must be trained in what ("Training Requirements").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The group.
    pub who: String,
    /// The subject.
    pub what: String,
}

/// "Compliance and Audit".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compliance {
    /// An incident report is due within this time.
    pub report_within: Span,
    /// How long incidents are kept.
    pub keep_incidents: Span,
    /// Severities that need a report.
    pub report_for: Vec<Severity>,
}
