//! Ahead of a disaster: failover pairs and their health checks, shown first and made then.
//!
//! Setting up never moves a visitor. Who is on the standby, or would be as soon as the checks look, is an obstacle.

use std::net::SocketAddr;

use aws_sdk_route53::types::ResourceRecordSet;
use reqwest::StatusCode;
use shared::effect::{Change, Finding, Toward};
use shared::ledger::Hash;
use shared::plan::Driver;
use shared::plan::blueprint::{Blueprint, CheckRole, Page};

use self::checks::{Builder, Checks};
use super::records::Swap;
use super::{Acted, DnsHands};
use crate::http::{pinned, reason};
use crate::perform::Hold;
use crate::vendors::aws::Trouble;

mod checks;
mod pairs;
mod status;

pub use status::{Leads, Status};

/// What is missing, and what speaks against making it now.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// What has to change; nothing if all is as planned.
    pub changes: Vec<Change>,
    /// Why it can't be done, each with what to do.
    pub obstacles: Vec<String>,
    /// What should be known besides.
    pub notes: Vec<String>,
}

/// What became of setting up.
#[derive(Clone, Debug)]
pub struct Made {
    /// What another look finds: nothing to change and nothing in the way, or it is not made.
    pub left: Setup,
    /// Where the name servers and resolvers lead afterwards: to the primary, or something is wrong.
    pub proof: Finding,
}

/// What was found in Route 53, beside what is wanted there.
struct Found {
    blueprint: Blueprint,
    checks: Checks,
    sets: Vec<(String, Vec<ResourceRecordSet>)>,
}

impl Setup {
    /// Whether Route 53 was seen to be as planned: what could not be read was not seen.
    pub fn is_as_planned(&self) -> bool {
        self.changes.is_empty() && self.obstacles.is_empty()
    }

    /// What people agree to: every change.
    pub fn hash(&self) -> Hash {
        // Only types of ours are written: they always can be.
        Hash::of(&[&serde_json::to_vec(&self.changes).unwrap_or_default()])
    }
}

impl Found {
    /// All that has to be replaced, by pairs; else what is in the way.
    fn swaps(&self) -> (Vec<(CheckRole, Swap)>, Vec<String>) {
        let (mut swaps, mut obstacles) = (Vec::new(), Vec::new());
        for (pair, (_, sets)) in self.blueprint.pairs.iter().zip(&self.sets) {
            match pairs::swaps(pair, sets, &self.checks) {
                Ok(some) => swaps.extend(some.into_iter().map(|swap| (pair.watched_by, swap))),
                Err(obstacle) => obstacles.push(obstacle),
            }
        }
        (swaps, obstacles)
    }

    fn setup(&self) -> Setup {
        let (swaps, mut obstacles) = self.swaps();
        let mut changes = Vec::new();
        for check in &self.blueprint.checks {
            match self.checks.change(check) {
                Ok(change) => changes.extend(change),
                Err(why) => obstacles.push(why),
            }
        }
        let says = |(role, swap): &(CheckRole, Swap)| pairs::says(swap, *role, &self.checks);
        changes.extend(swaps.iter().map(says));
        Setup { changes, obstacles, notes: Vec::new() }
    }
}

impl DnsHands {
    /// What has to change for Route 53 to be as the plan wants it ahead of a disaster. Nothing is changed.
    pub async fn setup(&self) -> Setup {
        match self.find().await {
            Ok(found) => self.judge(&found).await,
            Err(obstacles) => Setup { obstacles, ..Setup::default() },
        }
    }

    /// Makes what [`Self::setup`] shows, if it still has that hash, and asks around afterwards.
    ///
    /// # Errors
    /// Why nothing more was done. What was done before that stays, and the next look shows the rest.
    pub async fn set_up(
        &self,
        is_agreed: impl Fn(&Setup) -> bool,
        hold: &Hold,
    ) -> Result<Made, String> {
        let mut found = self.find().await.map_err(|all| all.join("; "))?;
        let setup = self.judge(&found).await;
        if !setup.obstacles.is_empty() {
            return Err(setup.obstacles.join("; "));
        }
        if !is_agreed(&setup) {
            return Err("it is no longer what you saw: look at `allclear dns setup` again".into());
        }
        let (route53, zone_id) = (self.aws.route53(), self.plan.dns.zone_id.as_str());
        let builder = Builder { route53, zone_id, pace: self.pace, hold };
        for check in &found.blueprint.checks {
            found.checks.ensure(&builder, check).await?;
        }
        let (swaps, _) = found.swaps();
        let swaps: Vec<Swap> = swaps.into_iter().map(|(_, swap)| swap).collect();
        if !swaps.is_empty() {
            let comment = format!("allclear dns setup {}", setup.hash().short());
            self.submit(&comment, &swaps, hold).await?;
        }
        let left = self.setup().await;
        Ok(Made { left, proof: self.verify(Toward::Primary).await })
    }

    async fn submit(&self, comment: &str, swaps: &[Swap], hold: &Hold) -> Result<(), String> {
        let records = self.records();
        match records.submit(comment, swaps, hold).await {
            Ok(change) => {
                records.follow(&change).await;
                Ok(())
            }
            // Whether it was done, the look that follows sees.
            Err(Acted::Lost(_) | Acted::Done(_)) => Ok(()),
            Err(Acted::NotDone(why) | Acted::Refused(why) | Acted::Halted(why)) => Err(why),
        }
    }

    async fn find(&self) -> Result<Found, Vec<String>> {
        let blueprint = Blueprint::of(&self.plan.dns)?;
        let (route53, records) = (self.aws.route53(), self.records());
        let (checks, sets) = tokio::join!(
            Checks::read(&route53, &self.plan.dns.zone_id, &blueprint.checks),
            records.sets()
        );
        let says = |trouble| vec![format!("Route 53 cannot be read: {trouble}")];
        Ok(Found { checks: checks.map_err(says)?, sets: sets.map_err(says)?, blueprint })
    }

    /// What has to change, and whether it would move visitors now.
    async fn judge(&self, found: &Found) -> Setup {
        let mut setup = found.setup();
        let (held, primary, standby) = tokio::join!(
            self.held(),
            self.answers(found.blueprint.page(CheckRole::Primary)),
            self.answers(found.blueprint.page(CheckRole::Standby)),
        );
        for (driver, held) in held {
            let name = driver.says();
            match held {
                Ok(false) => {}
                Ok(true) => setup.obstacles.push(format!(
                    "visitors are kept from the primary by the {name}: `allclear failback` first"
                )),
                // What is not there holds nothing.
                Err(Trouble::Refused { code, says }) if code == "NoSuchBucket" => {
                    setup.notes.push(format!("the {name} cannot be used: {says}"));
                }
                Err(why) => setup.obstacles.push(format!(
                    "the {name} cannot be read, and might keep visitors from the primary: {why}"
                )),
            }
        }
        if let Err(why) = primary {
            setup.obstacles.push(format!(
                "the primary's check would fail and move visitors to the standby: {why}"
            ));
        }
        if let Err(why) = standby {
            setup.notes.push(format!(
                "the standby's check fails, and Route 53 moves nobody to a failing standby: {why}"
            ));
        }
        setup
    }

    /// Which means of the data plane keep visitors from the primary: once they are watched, they move them.
    async fn held(&self) -> Vec<(Driver, Result<bool, Trouble>)> {
        let mut held = Vec::new();
        for driver in self.plan.dns.usable_drivers().filter(|driver| *driver != Driver::Records) {
            let free = self.is_toward(driver, Toward::Primary).await;
            held.push((driver, free.map(|free| !free)));
        }
        held
    }

    /// Asks for a page as Route 53's checkers will: 200 up to, not including, 400.
    async fn answers(&self, page: Option<&Page>) -> Result<(), String> {
        let Some(page) = page else { return Ok(()) };
        let Some(address) = page.address.map(|address| SocketAddr::new(address, page.port)) else {
            return Ok(());
        };
        let place = match &page.host {
            Some(host) => format!("{host}:{}", page.port),
            None => address.to_string(),
        };
        let http = pinned(&self.roots, page.host.as_deref().unwrap_or_default(), address)
            .map_err(|error| error.to_string())?;
        let asked = format!("https://{place}{}", page.path);
        let answer = http.get(&asked).send().await;
        let status = answer.map_err(|error| format!("{asked} at {address}: {}", reason(error)))?;
        match status.status() {
            fine if (StatusCode::OK..StatusCode::BAD_REQUEST).contains(&fine) => Ok(()),
            other => Err(format!("{asked} at {address} answers HTTP {}", other.as_u16())),
        }
    }
}
