//! Effects are data: what a turn owes the world, and what came of it.

use serde::{Deserialize, Serialize};

use crate::id::{ComponentId, DeploymentId, EffectKey, PersonId, VendorId};
use crate::plan::{ContactKind, Severity};
use crate::time::{Span, Ts};

/// Who waits for whom: lanes never wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// Waking people.
    Page,
    /// Looking at the vendors and changing things there.
    Act,
    /// Telling the room.
    Tell,
    /// Reports and copies.
    Archive,
}

impl Lane {
    /// Every lane, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Page, Self::Act, Self::Tell, Self::Archive];
}

/// Something a turn owes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Wake a person.
    Page(Page),
    /// Read something of the world; no side effect.
    Look(Look),
    /// Change something of the world.
    Act(Act),
    /// Throw away what caches hold since before an action; done twice it does no harm.
    Purge(Act),
    /// Bring the room up to date on this incident.
    Tell(Tell),
    /// Write the incident's report.
    Report,
    /// Come back at a time. Early, late or double wake-ups are no news.
    WakeAt {
        /// When.
        at: Ts,
        /// What for.
        timer: Timer,
    },
}

impl Effect {
    /// When it is due, as its turn owes it; at once where nothing else is said.
    pub fn due(&self) -> Ts {
        match self {
            Self::WakeAt { at, .. } => *at,
            Self::Page(page) => page.not_before.unwrap_or(crate::store::AT_ONCE),
            _ => crate::store::AT_ONCE,
        }
    }

    /// The lane it travels on; `None` for a wake-up, which the timer loop owns.
    pub fn lane(&self) -> Option<Lane> {
        match self {
            Self::Page(_) => Some(Lane::Page),
            Self::Look(_) | Self::Act(_) | Self::Purge(_) => Some(Lane::Act),
            Self::Tell(_) => Some(Lane::Tell),
            Self::Report => Some(Lane::Archive),
            Self::WakeAt { .. } => None,
        }
    }
}

/// A page to one person by one means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Whom.
    pub person: PersonId,
    /// By what.
    pub by: ContactKind,
    /// The number people answer with; the same on every copy.
    pub code: u32,
    /// 1 for the first copy; copies go through alternating providers.
    pub copy: u8,
    /// The rung it belongs to, counted over all rounds.
    pub rung: u32,
    /// The incident's number.
    pub incident: u32,
    /// How bad.
    pub severity: Severity,
    /// What is down.
    pub component: ComponentId,
    /// It leaves no earlier than this: the person sleeps, and it can wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Ts>,
    /// Whether it only tests that this person can be reached: there is no incident behind it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
}

/// What the room is told: which fact is news. The words are built in the faces, from the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tell {
    /// The living card changed.
    Card,
    /// Something everyone should notice.
    Notice(String),
}

/// A read of the world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// The public status of a vendor.
    VendorStatus(VendorId),
    /// Whether our names resolve to what the plan says.
    Dns,
    /// The recent deployments.
    Deployments,
    /// Everything that a plan for this aim depends on, read at one moment.
    Survey(Aim),
    /// The standby: TLS, build, database, freshness.
    Standby,
    /// A site outside of our stack.
    ControlSite,
    /// Whether an operation whose reply was lost took place.
    ReadBack {
        /// The operation.
        operation: EffectKey,
        /// What it was.
        act: Act,
    },
    /// Whether an operation had its full effect.
    Verify(Act),
    /// The critical path of the application, after recovery.
    CriticalPath,
}

/// A change of the world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Point production at an earlier deployment.
    RollBack {
        /// The deployment that is live.
        from: DeploymentId,
        /// The one proven healthy.
        to: DeploymentId,
    },
    /// Point DNS at the standby. There is no automatic way back.
    FailOver,
    /// Point DNS at the primary again: people's work only.
    FailBack,
    /// Point production at a deployment for good; new ones go live again. People's work only.
    Promote {
        /// The deployment that is live.
        from: DeploymentId,
        /// The one that shall be.
        to: DeploymentId,
    },
    /// Restart one component.
    Restart(ComponentId),
}

impl Act {
    /// The class it is armed by.
    pub fn class(&self) -> ActClass {
        match self {
            Self::RollBack { .. } | Self::Promote { .. } => ActClass::Rollback,
            Self::FailOver | Self::FailBack => ActClass::Failover,
            Self::Restart(_) => ActClass::Restart,
        }
    }
}

/// Which side DNS points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Toward {
    /// The hosting provider.
    Primary,
    /// The standby.
    Standby,
}

impl Toward {
    /// The side as people say it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
        }
    }
}

/// What a person wants to do, before it is known what exactly that would change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// Roll back: to that deployment, else to the last one proven healthy.
    RollBack(Option<DeploymentId>),
    /// Promote: that deployment, else the one that was rolled back from.
    Promote(Option<DeploymentId>),
    /// Fail over to the standby.
    FailOver,
    /// Go back to the primary.
    FailBack,
}

impl Aim {
    /// The side DNS shall point at, where it is about DNS.
    pub fn toward(&self) -> Option<Toward> {
        match self {
            Self::RollBack(_) | Self::Promote(_) => None,
            Self::FailOver => Some(Toward::Standby),
            Self::FailBack => Some(Toward::Primary),
        }
    }
}

impl Act {
    /// What it aims at; nothing about a restart is surveyed.
    pub fn aim(&self) -> Option<Aim> {
        match self {
            Self::RollBack { to, .. } => Some(Aim::RollBack(Some(to.clone()))),
            Self::Promote { to, .. } => Some(Aim::Promote(Some(to.clone()))),
            Self::FailOver => Some(Aim::FailOver),
            Self::FailBack => Some(Aim::FailBack),
            Self::Restart(_) => None,
        }
    }
}

/// Classes of action, which are also its targets: hosting, DNS, a component. Arming, proof, leases and velocity are
/// per class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActClass {
    /// Rolling back a deployment.
    Rollback,
    /// Failing over in DNS.
    Failover,
    /// Restarting a component.
    Restart,
}

impl ActClass {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Rollback, Self::Failover, Self::Restart];
}

/// Why an incident wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// A suspicion's time is up.
    Confirm,
    /// The next rung of the ladder, counted over all rounds.
    Rung(u32),
    /// Looks that were asked for have had their time.
    Looked(u32),
    /// Look again: the choice was to wait.
    LookAgain(u32),
    /// The action should have brought the service back.
    Recovered(u32),
    /// An operation whose fate nobody could tell is read back again, by its number.
    ReadAgain(u32),
    /// What people still have to do after an action of this class is brought to mind.
    Remind(ActClass),
}

/// What came of an effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is done.
    Done(Finding),
    /// Try again, not before that long.
    Later {
        /// What stood in the way.
        why: String,
        /// The wait asked for.
        after: Span,
    },
    /// It can't be done.
    Never {
        /// Why not.
        why: String,
    },
    /// The reply was lost: it may or may not have happened.
    Unknown {
        /// How it was lost.
        why: String,
    },
}

/// What a look or an act brought back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Nothing to say beyond that it is done.
    Nothing,
    /// A provider took a message.
    Sent {
        /// The provider.
        provider: String,
        /// Its receipt.
        receipt: String,
    },
    /// A vendor's public status.
    Vendor {
        /// The vendor.
        vendor: VendorId,
        /// Whether the parts we use work.
        working: bool,
        /// The vendor's words.
        says: String,
    },
    /// How our names resolve.
    Dns {
        /// Whether every name resolves to what the plan says.
        right: bool,
        /// What was seen.
        says: String,
    },
    /// The recent deployments, newest first.
    Deployments(Vec<Deployment>),
    /// The standby.
    Standby(Preflight),
    /// The control site.
    ControlSite {
        /// Whether it answered.
        reachable: bool,
    },
    /// An operation was read back.
    ReadBack {
        /// Whether it had taken place.
        applied: bool,
    },
    /// An action took place.
    Changed {
        /// By which means, e.g. `latch`.
        by: String,
        /// What was changed, as it was found and as it is now.
        changes: Vec<Change>,
    },
    /// What a plan depends on.
    Surveyed(Survey),
    /// An operation was verified. Not whole and without a tail: it failed.
    Verified {
        /// Whether everything asked agrees.
        whole: bool,
        /// What agrees, and who doesn't yet.
        says: String,
        /// Those who don't agree yet, where most do.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tail: Vec<String>,
    },
    /// Caches were told to forget.
    Purged {
        /// What was thrown away, and how it was proven.
        says: String,
    },
    /// The critical path was walked.
    CriticalPath {
        /// Whether every step passed.
        passed: bool,
        /// What was walked.
        says: String,
    },
    /// It would have been done, had it been armed.
    WouldHave,
}

/// One thing that an action changes: enough to undo it by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What, e.g. `A concierge-transaction-flow.com` or `s3://bucket/key`.
    pub target: String,
    /// How it is found.
    pub before: String,
    /// How it is left.
    pub after: String,
}

/// What a plan depends on, read at one moment. What could not be had is absent and counts against acting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// By which means it would be done, e.g. `latch`; absent when none can be used.
    pub by: Option<String>,
    /// What would be changed; empty when it is done already.
    pub changes: Vec<Change>,
    /// Deployments, newest first; for rollback and promotion.
    pub deployments: Option<Vec<Deployment>>,
    /// The side traffic would move to; for failover and failback.
    pub preflight: Option<Preflight>,
    /// What could not be had, or stands in the way, in words.
    pub troubles: Vec<String>,
}

/// A deployment as the hosting provider lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// When it went live.
    pub live_at: Ts,
    /// Whether it serves production now.
    pub current: bool,
    /// Whether the provider would roll back to it.
    pub candidate: bool,
    /// Whether it was proven healthy while it was live.
    pub proven: bool,
    /// Whether database migrations since then only added things; `None` when nobody can tell.
    pub schema_compatible: Option<bool>,
    /// The commit it was built from, where the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Who deployed it, where the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The standby at decision time (safety rule 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preflight {
    /// It answers its health URL over TLS with the right name.
    pub answers: bool,
    /// Remaining life of its certificate.
    pub certificate_life: Span,
    /// It reaches its database.
    pub database: bool,
    /// Age of its data.
    pub data_age: Span,
    /// The build it runs, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
}

impl ActClass {
    /// The class as people say it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Failover => "failover",
            Self::Restart => "restart",
        }
    }
}
