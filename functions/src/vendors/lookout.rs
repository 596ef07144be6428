//! Looks that need no credentials: status pages, names, the control site, the standby, the critical path.
//!
//! A look never changes anything; one that can't be had says so, and the kernel decides without it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use shared::effect::{Effect, Finding, Look, Outcome};
use shared::id::EffectKey;
use shared::plan::Plan;

use super::{preflight, statuspage};
use crate::clock::Clock;
use crate::http::reason;
use crate::perform::{Hold, Perform};

/// Looks at the world over HTTP and DNS.
#[derive(Clone)]
pub struct Lookout {
    /// What to look at.
    pub plan: Arc<Plan>,
    /// The shared client.
    pub http: reqwest::Client,
    /// For the life of certificates.
    pub clock: Clock,
}

impl Perform for Lookout {
    async fn perform(&self, _: &EffectKey, effect: &Effect, _: &Hold) -> Outcome {
        match effect {
            Effect::Look(look) => self.look(look).await,
            _ => Outcome::Never { why: "the lookout only looks".into() },
        }
    }
}

impl Lookout {
    async fn look(&self, look: &Look) -> Outcome {
        match look {
            Look::VendorStatus(id) => match self.plan.vendor(id) {
                Some(vendor) => statuspage::look(&self.http, vendor).await,
                None => Outcome::Never { why: format!("there is no vendor {id} in the plan") },
            },
            Look::Dns => self.names().await,
            Look::Standby => {
                let url = &self.plan.dns.standby_health_url;
                preflight::look(&self.http, url, (self.clock)()).await
            }
            Look::ControlSite => {
                let url = &self.plan.detection.control_site;
                Outcome::Done(Finding::ControlSite {
                    reachable: ask(&self.http, url).await.is_ok(),
                })
            }
            Look::CriticalPath => self.critical_path().await,
            Look::Deployments => not_configured("VERCEL_TOKEN"),
            Look::ReadBack { .. } | Look::Verify(_) | Look::Survey(_) => {
                Outcome::Never { why: "no vendor that acts is configured".into() }
            }
        }
    }

    /// How our names resolve here; a resolver's cache may lag behind the zone.
    async fn names(&self) -> Outcome {
        let mut seen = Vec::new();
        let mut right = true;
        for name in &self.plan.dns.names {
            let found = addresses(name).await;
            right &= found.as_ref().is_ok_and(|found| found.contains(&self.plan.dns.primary));
            let found = found.map(|found| found.into_iter().collect::<Vec<_>>().join(", "));
            seen.push(format!("{name}: {}", found.unwrap_or_else(|why| why)));
        }
        Outcome::Done(Finding::Dns { right, says: seen.join("; ") })
    }

    /// Every component answers its health URL: users come through all of them.
    async fn critical_path(&self) -> Outcome {
        let mut said = Vec::new();
        let mut passed = true;
        for component in &self.plan.components {
            let answer = ask(&self.http, &component.health_url).await;
            passed &= answer.is_ok();
            said.push(match answer {
                Ok(()) => format!("{} answers", component.name),
                Err(why) => format!("{}: {why}", component.name),
            });
        }
        Outcome::Done(Finding::CriticalPath { passed, says: said.join("; ") })
    }
}

/// The addresses of a name by the machine's resolver, as text.
async fn addresses(name: &str) -> Result<BTreeSet<String>, String> {
    let found = tokio::net::lookup_host((name, 443)).await.map_err(|error| error.to_string())?;
    Ok(found.map(|address| canonical(address.ip())).collect())
}

fn canonical(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

/// Whether an URL answers: any 2xx or 3xx.
pub async fn ask(http: &reqwest::Client, url: &str) -> Result<(), String> {
    let status = http.get(url).send().await.map_err(reason)?.status();
    if status.is_success() || status.is_redirection() {
        return Ok(());
    }
    Err(format!("HTTP {}", status.as_u16()))
}

fn not_configured(setting: &str) -> Outcome {
    Outcome::Never { why: format!("{setting} is not configured") }
}
