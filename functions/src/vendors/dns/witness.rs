//! Asking others: the side traffic would move to, and everyone who can say where it goes now.

use shared::effect::{Finding, Outcome, Preflight, Toward};

use super::DnsHands;
use crate::vendors::preflight;

impl DnsHands {
    /// The preflight of the side that traffic would move to (safety rule 4).
    pub(super) async fn preflight(&self, toward: Toward) -> Result<Preflight, String> {
        let url = self.health_url(toward);
        match preflight::look(&self.http, &url, (self.clock)()).await {
            Outcome::Done(Finding::Standby(preflight)) => Ok(preflight),
            Outcome::Done(_) => Err("its health URL answers something else".into()),
            Outcome::Later { why, .. } | Outcome::Never { why } | Outcome::Unknown { why } => {
                Err(why)
            }
        }
    }

    /// Where a side answers for itself, whoever our names point at.
    fn health_url(&self, toward: Toward) -> String {
        let dns = &self.plan.dns;
        match (toward, &dns.health_checks) {
            (Toward::Primary, Some(checks)) => {
                format!("https://{}{}", checks.primary_host, checks.path)
            }
            (Toward::Primary, None) => format!("https://{}/", dns.zone),
            (Toward::Standby, _) => dns.standby_health_url.clone(),
        }
    }

    /// Whether a change was accepted and has not reached the name servers.
    pub(super) async fn is_stranded(&self, _toward: Toward) -> bool {
        false
    }

    /// Whether names moved.
    pub(super) async fn verify(&self, _toward: Toward) -> Finding {
        Finding::Verified { whole: false, says: "nobody was asked".into(), tail: Vec::new() }
    }
}
