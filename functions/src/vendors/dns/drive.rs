//! Trying the drivers in the plan's order.

use std::time::Duration;

use shared::effect::{Change, Finding, Outcome, Toward};
use shared::id::EffectKey;
use shared::plan::Driver;
use tokio::time::timeout;

use super::latch::LatchDriver;
use super::records::RecordDriver;
use super::routing_controls::SwitchDriver;
use super::{AGAIN, Acted, DnsHands, said};
use crate::perform::Hold;
use crate::vendors::aws::Trouble;

/// How long a means of the data plane waits for the control plane it does without; enough for one to be busy once.
const LOOSE_PATIENCE: Duration = Duration::from_millis(1_500);

/// Why a means of the data plane is passed over.
const LOOSE: &str = "nothing watches it yet: `allclear dns setup`";

impl DnsHands {
    /// Moves traffic: to the standby by the first driver that can, to the primary by every one that holds it.
    pub(super) async fn move_traffic(
        &self,
        key: &EffectKey,
        toward: Toward,
        hold: &Hold,
    ) -> Outcome {
        let (mut done, mut changes, mut obstacles) = (Vec::new(), Vec::new(), Vec::new());
        for driver in self.plan.dns.usable_drivers() {
            match self.act(driver, key, toward, hold).await {
                Acted::Done(its) => {
                    changes.extend(its);
                    done.push(driver);
                    if toward == Toward::Standby {
                        break;
                    }
                }
                Acted::NotDone(why) => obstacles.push(format!("{}: {why}", driver.says())),
                Acted::Refused(why) if changes.is_empty() => return Outcome::Never { why },
                Acted::Halted(why) if changes.is_empty() => {
                    return Outcome::Later { why, after: AGAIN };
                }
                // Some of it is done: what the rest is, is read back.
                Acted::Refused(why) | Acted::Halted(why) | Acted::Lost(why) => {
                    return Outcome::Unknown { why };
                }
            }
        }
        let whole = !done.is_empty() && (toward == Toward::Standby || obstacles.is_empty());
        if whole {
            return Outcome::Done(Finding::Changed { by: said(&done), changes });
        }
        let why = obstacles.join("; ");
        if changes.is_empty() { Outcome::Never { why } } else { Outcome::Unknown { why } }
    }

    async fn act(&self, driver: Driver, key: &EffectKey, toward: Toward, hold: &Hold) -> Acted {
        if toward == Toward::Standby && self.is_loose(driver).await {
            return Acted::NotDone(LOOSE.into());
        }
        match driver {
            Driver::Latch => match self.latch() {
                Some(latch) => latch.act(key, toward, hold).await,
                None => unset(),
            },
            Driver::Records => self.edit(key, toward, hold).await,
            Driver::RoutingControls => match self.switches() {
                Some(switches) => switches.act(key, toward, hold).await,
                None => unset(),
            },
        }
    }

    /// Edits the records; what was accepted and never reached the name servers is submitted once more.
    async fn edit(&self, key: &EffectKey, toward: Toward, hold: &Hold) -> Acted {
        let records = self.records();
        let mut changes = match records.act(key, toward, hold).await {
            Acted::Done(changes) if !changes.is_empty() => changes,
            other => return other,
        };
        if self.is_stranded(toward).await {
            match records.resubmit(key, toward, hold).await {
                Acted::Done(again) => changes.extend(again),
                // It was accepted once: whatever stands in the way of the second time, it is not undone.
                Acted::NotDone(why)
                | Acted::Refused(why)
                | Acted::Halted(why)
                | Acted::Lost(why) => return Acted::Lost(why),
            }
        }
        match records.is_toward(toward).await {
            // A name that was right already is in no batch: nothing keeps others from changing it meanwhile.
            Ok(false) => Acted::Lost("somebody changed the records meanwhile".into()),
            // Who can't be asked now is asked when it is verified.
            Ok(true) | Err(_) => Acted::Done(changes),
        }
    }

    /// What a driver would change.
    pub(super) async fn changes(
        &self,
        driver: Driver,
        toward: Toward,
    ) -> Result<Vec<Change>, Trouble> {
        if toward == Toward::Standby && self.is_loose(driver).await {
            return Err(Trouble::NotSent(LOOSE.into()));
        }
        match driver {
            Driver::Latch => match self.latch() {
                Some(latch) => latch.changes(toward).await,
                None => Ok(Vec::new()),
            },
            Driver::Records => self.records().changes(toward).await,
            Driver::RoutingControls => match self.switches() {
                Some(switches) => switches.changes(toward).await,
                None => Ok(Vec::new()),
            },
        }
    }

    /// Whether an operation whose reply was lost took place: any driver that holds traffic there is enough for the
    /// standby; for the primary every driver must have let go.
    pub(super) async fn read_back(&self, toward: Toward) -> Outcome {
        let (mut there, mut troubles) = (Vec::new(), Vec::new());
        for driver in self.plan.dns.usable_drivers() {
            match self.is_toward(driver, toward).await {
                Ok(yes) => there.push(yes),
                Err(trouble) => troubles.push(format!("{}: {trouble}", driver.says())),
            }
        }
        let applied = match toward {
            Toward::Standby if there.contains(&true) => true,
            Toward::Primary if there.contains(&false) => false,
            _ if !troubles.is_empty() => return Outcome::Never { why: troubles.join("; ") },
            Toward::Standby => false,
            Toward::Primary => true,
        };
        Outcome::Done(Finding::ReadBack { applied })
    }

    pub(super) async fn is_toward(&self, driver: Driver, toward: Toward) -> Result<bool, Trouble> {
        let is_so = match driver {
            Driver::Latch => match self.latch() {
                Some(latch) => latch.is_toward(toward).await?,
                None => toward == Toward::Primary,
            },
            Driver::Records => self.records().is_toward(toward).await?,
            Driver::RoutingControls => match self.switches() {
                Some(switches) => switches.is_toward(toward).await?,
                None => toward == Toward::Primary,
            },
        };
        // What nothing watches holds no traffic, whoever moved it.
        Ok(is_so && (toward == Toward::Primary || !self.is_loose(driver).await))
    }

    /// A latch or a switch that no failover record watches moves nothing. When the control plane can't say, it counts
    /// as set up: the data plane's means are there for exactly that hour.
    async fn is_loose(&self, driver: Driver) -> bool {
        if driver == Driver::Records {
            return false;
        }
        let seen = timeout(LOOSE_PATIENCE, async { self.records().has_pairs().await }).await;
        matches!(seen, Ok(Ok(false)))
    }

    pub(super) fn latch(&self) -> Option<LatchDriver<'_>> {
        let latch = self.plan.dns.latch.as_ref()?;
        Some(LatchDriver { s3: self.aws.s3(&latch.region), latch })
    }

    pub(super) fn records(&self) -> RecordDriver<'_> {
        RecordDriver { route53: self.aws.route53(), dns: &self.plan.dns, pace: self.pace }
    }

    fn switches(&self) -> Option<SwitchDriver<'_>> {
        let controls = self.plan.dns.routing_controls.as_ref()?;
        Some(SwitchDriver { aws: &self.aws, controls })
    }
}

fn unset() -> Acted {
    Acted::NotDone("it has no settings in the plan".into())
}
