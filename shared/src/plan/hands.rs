//! The parts of the plan that say what machines and people may change: DNS, hosting, and who must agree.
//!
//! Secrets and endpoints of vendors are not here: they come from the environment.

use serde::{Deserialize, Serialize};

use super::address::in_zone;
use super::is_placeholder;
use crate::effect::{Act, Toward};
use crate::id::{ComponentId, VendorId};
use crate::time::Span;

/// The DNS names a failover may touch, and by which means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// The zone, e.g. `concierge-transaction-flow.com`.
    pub zone: String,
    /// The hosted zone's id in Route 53, or a placeholder for it.
    #[serde(default)]
    pub zone_id: String,
    /// The records a failover flips; nothing else is ever touched.
    pub names: Vec<String>,
    /// The address of the primary.
    pub primary: String,
    /// The address of the standby, off the primary's provider.
    pub standby: String,
    /// Where names below the zone's top point by CNAME, if not by the addresses above.
    #[serde(default)]
    pub aliases: Option<Aliases>,
    /// The standby's health URL.
    pub standby_health_url: String,
    /// Time to live of the records; at most 60 s for a failover to be felt.
    pub ttl: Span,
    /// Components that primary and standby share: when one of them is down, failing over is useless.
    #[serde(default)]
    pub shared: Vec<ComponentId>,
    /// How traffic is moved; the first that can be used is.
    #[serde(default = "latch_then_records")]
    pub drivers: Vec<Driver>,
    /// The object that holds traffic on the standby.
    #[serde(default)]
    pub latch: Option<Latch>,
    /// The health checks behind the failover records.
    #[serde(default)]
    pub health_checks: Option<HealthChecks>,
    /// Routing controls of Application Recovery Controller.
    #[serde(default)]
    pub routing_controls: Option<RoutingControls>,
    /// Public resolvers that are asked after a change, as `address` or `address:port`.
    #[serde(default = "public_resolvers")]
    pub resolvers: Vec<String>,
}

impl Dns {
    /// Whether a name may be touched at all: listed, and in the zone.
    pub fn allows(&self, name: &str) -> bool {
        self.names.iter().any(|one| one == name) && in_zone(name, &self.zone)
    }

    /// Whether the hosted zone's id is filled in.
    pub fn zone_is_known(&self) -> bool {
        !self.zone_id.is_empty() && !is_placeholder(&self.zone_id)
    }

    /// Whether both sides use the same database: then failing over promotes no data, and needs no fence (safety rule 8).
    pub fn shares_the_database(&self) -> bool {
        self.shared.iter().any(|id| id.as_str() == "database")
    }

    /// The drivers whose settings are filled in, in the order in which they are tried.
    pub fn usable_drivers(&self) -> impl Iterator<Item = Driver> + '_ {
        self.drivers.iter().copied().filter(|driver| match driver {
            Driver::Latch => {
                self.health_checks.is_some()
                    && self.latch.as_ref().is_some_and(|latch| !latch.is_placeholder())
            }
            Driver::Records => self.zone_is_known(),
            Driver::RoutingControls => {
                self.routing_controls.as_ref().is_some_and(|all| !is_placeholder(&all.standby))
            }
        })
    }

    /// What a name points to on one side: the record's type and value. A CNAME is illegal at the zone's top.
    pub fn target(&self, name: &str, toward: Toward) -> (RecordType, &str) {
        let address = match toward {
            Toward::Primary => &self.primary,
            Toward::Standby => &self.standby,
        };
        match &self.aliases {
            Some(aliases) if name != self.zone => match toward {
                Toward::Primary => (RecordType::Cname, &aliases.primary),
                Toward::Standby => (RecordType::Cname, &aliases.standby),
            },
            _ if address.contains(':') => (RecordType::Aaaa, address),
            _ => (RecordType::A, address),
        }
    }
}

/// The record types that are ever written (safety rule 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// Another name.
    Cname,
}

impl RecordType {
    /// As DNS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
        }
    }
}

/// A means of moving traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    /// An object in the standby's Region behind an inverted health check: data plane only.
    Latch,
    /// An edit of the records themselves: Route 53's control plane, in us-east-1.
    Records,
    /// Routing controls: five Regional endpoints of a data plane.
    RoutingControls,
}

impl Driver {
    /// The driver as people say it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Latch => "latch",
            Self::Records => "records",
            Self::RoutingControls => "routing controls",
        }
    }

    /// What it depends on, in words.
    pub fn needs(self) -> &'static str {
        if self.survives_us_east_1() {
            "still works when us-east-1's control planes don't"
        } else {
            "needs Route 53's control plane in us-east-1"
        }
    }

    /// Whether it still works while the control planes in us-east-1 are gone.
    pub fn survives_us_east_1(self) -> bool {
        match self {
            Self::Latch | Self::RoutingControls => true,
            Self::Records => false,
        }
    }
}

/// The first choice needs no control plane; editing records is the second.
fn latch_then_records() -> Vec<Driver> {
    vec![Driver::Latch, Driver::Records]
}

/// Three operators, so that one of them being wrong is seen.
fn public_resolvers() -> Vec<String> {
    ["1.1.1.1", "8.8.8.8", "9.9.9.9"].map(Into::into).to_vec()
}

/// Targets of CNAME records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aliases {
    /// The primary's name, e.g. the hosting provider's.
    pub primary: String,
    /// The standby's name.
    pub standby: String,
}

/// The object whose presence holds traffic on the standby.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latch {
    /// The bucket, or a placeholder for it.
    pub bucket: String,
    /// Its Region: the standby's, never the primary's.
    pub region: String,
    /// The object's key.
    pub key: String,
}

/// The health checks of the failover records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthChecks {
    /// A host of its own for the primary: never the record's own name, whose answer the check decides.
    pub primary_host: String,
    /// The standby's.
    pub standby_host: String,
    /// The path that is asked.
    pub path: String,
    /// Time between two requests of one checker: 10 s or 30 s.
    pub every: Span,
    /// Consecutive failures, 1 to 10; with `every` they must make up the plan's `safety.act_after`.
    pub failures: u32,
}

/// A cluster of Application Recovery Controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingControls {
    /// The five endpoints as `region=https://…`; written down here, because looking them up is a control-plane call.
    pub endpoints: Vec<String>,
    /// ARN of the primary's routing control.
    pub primary: String,
    /// ARN of the standby's.
    pub standby: String,
}

/// The hosting provider's project and the limits of a rollback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hosting {
    /// The provider.
    pub vendor: VendorId,
    /// The project's name or id there.
    pub project: String,
    /// The team it belongs to, where it belongs to one.
    #[serde(default)]
    pub team: Option<String>,
    /// A deployment that went live at most this long before the outage is suspected of causing it.
    pub suspect_window: Span,
    /// No automatic rollback to a deployment older than this.
    pub rollback_max_age: Span,
    /// Tags whose cached pages are thrown away after a rollback or a failover.
    #[serde(default)]
    pub cache_tags: Vec<String>,
}

/// How many different people must agree, the one who asks included, before something is changed by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Approvals {
    /// For pointing production at an earlier deployment.
    pub rollback: u32,
    /// For promoting a deployment, which also undoes a rollback.
    pub promote: u32,
    /// For pointing DNS at the standby.
    pub failover: u32,
    /// For pointing it back.
    pub failback: u32,
    /// For restoring a backup into a new database.
    pub restore: u32,
    /// Life of a plan and of its approvals.
    pub valid_for: Span,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            rollback: 1,
            promote: 1,
            failover: 1,
            failback: 2,
            restore: 1,
            valid_for: Span::mins(15),
        }
    }
}

impl Approvals {
    /// How many people an action needs.
    pub fn needed(&self, act: &Act) -> u32 {
        match act {
            Act::RollBack { .. } => self.rollback,
            Act::Promote { .. } => self.promote,
            Act::FailOver => self.failover,
            Act::FailBack => self.failback,
            Act::Restart(_) => 1,
        }
    }
}

impl Latch {
    /// Whether it still has to be filled in.
    pub fn is_placeholder(&self) -> bool {
        is_placeholder(&self.bucket)
    }
}
