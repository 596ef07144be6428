//! Asking others: the side traffic would move to, and everyone who can say where it goes now.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::RecordType as Kind;
use shared::effect::{Finding, Outcome, Preflight, Toward};
use shared::plan::RecordType;
use tokio::time::{Instant, sleep};

use super::verify::{Wanted, Witnesses, name_servers_agree, verify};
use super::{DnsHands, query};
use crate::http::{pinned, reason};
use crate::vendors::preflight;

/// Health checks flip and changes reach every name server within this time, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(110);
/// Beyond the TTL, for resolvers that are slow to ask again (safety rule 12).
const BEYOND_TTL: Duration = Duration::from_secs(30);

impl DnsHands {
    /// The preflight of the side that traffic would move to (safety rule 4).
    pub(super) async fn preflight(&self, toward: Toward) -> Result<Preflight, String> {
        let url = self.health_url(toward);
        match preflight::look(&self.http, &url, (self.clock)()).await {
            Outcome::Done(Finding::Standby(preflight)) => Ok(preflight),
            Outcome::Done(_) => Err("its health URL answers something else".into()),
            Outcome::Later { why, .. } | Outcome::Never { why } | Outcome::Unknown { why } => {
                Err(format!("{url} does not answer: {why}"))
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

    /// Whether a change that is in sync has not reached the name servers. Without any to ask nobody can tell.
    pub(super) async fn is_stranded(&self, toward: Toward) -> bool {
        let witnesses = self.witnesses().await;
        if witnesses.name_servers.is_empty() {
            return false;
        }
        let wanted = self.wanted(toward);
        let start = Instant::now();
        while start.elapsed() < self.pace.seen {
            if name_servers_agree(&wanted, &witnesses).await {
                return false;
            }
            sleep(self.pace.poll).await;
        }
        true
    }

    /// Whether names moved, and whether the site answers where they lead now.
    pub(super) async fn verify(&self, toward: Toward) -> Finding {
        let witnesses = self.witnesses().await;
        let moved = verify(&self.wanted(toward), &witnesses).await;
        match (moved, self.visit(toward).await) {
            (Finding::Verified { whole, says, tail }, Ok(seen)) => {
                Finding::Verified { whole, says: format!("{says}; {seen}"), tail }
            }
            (Finding::Verified { says, .. }, Err(why)) => {
                let says = format!("{says}; but the site does not answer there: {why}");
                Finding::Verified { whole: false, says, tail: Vec::new() }
            }
            (other, _) => other,
        }
    }

    fn wanted(&self, toward: Toward) -> Vec<Wanted> {
        let dns = &self.plan.dns;
        let each = dns.names.iter().map(|name| {
            let (kind, value) = dns.target(name, toward);
            Wanted { name: name.clone(), kind, value: value.to_owned() }
        });
        each.collect()
    }

    pub(super) async fn witnesses(&self) -> Witnesses {
        let dns = &self.plan.dns;
        let resolvers: Vec<SocketAddr> =
            dns.resolvers.iter().filter_map(|one| query::server(one)).collect();
        let name_servers = match self.name_servers.as_slice() {
            [] => delegated(&dns.zone, &resolvers).await,
            known => known.to_vec(),
        };
        Witnesses {
            name_servers,
            resolvers,
            patience: PATIENCE.min(self.pace.cap),
            tail: (dns.ttl.to_std() + BEYOND_TTL).min(self.pace.cap),
            every: self.pace.poll,
        }
    }

    /// Asks the site at the address our names lead to now, by the first name's own certificate.
    async fn visit(&self, toward: Toward) -> Result<String, String> {
        let dns = &self.plan.dns;
        let targets = dns.names.iter().map(|name| (name, dns.target(name, toward)));
        let mut first = targets.filter(|(_, (kind, _))| *kind != RecordType::Cname);
        let Some((name, address)) =
            first.find_map(|(name, (_, value))| Some((name, value.parse::<IpAddr>().ok()?)))
        else {
            return Ok("our names lead to other names, whose addresses were not visited".into());
        };
        let (path, port) = self.front_door();
        let http = pinned(&self.roots, name, SocketAddr::new(address, port))
            .map_err(|error| error.to_string())?;
        let url = format!("https://{name}:{port}{path}");
        let answer = http.get(&url).send().await.map_err(reason)?;
        if !answer.status().is_success() {
            return Err(format!("HTTP {}", answer.status().as_u16()));
        }
        let build = preflight::build_of(answer).await;
        let build = build.map_or_else(String::new, |build| format!(", build {build}"));
        Ok(format!("{name} answers at {address}{build}"))
    }

    /// Path and port of the frontend's health URL.
    fn front_door(&self) -> (String, u16) {
        let component =
            self.plan.components.iter().find(|one| one.vendor == self.plan.hosting.vendor);
        let url = component.and_then(|one| reqwest::Url::parse(&one.health_url).ok());
        url.map_or(("/".into(), 443), |url| {
            (url.path().to_owned(), url.port_or_known_default().unwrap_or(443))
        })
    }
}

/// The zone's name servers, as the public resolvers know them: no control plane is asked.
async fn delegated(zone: &str, resolvers: &[SocketAddr]) -> Vec<SocketAddr> {
    for resolver in resolvers {
        let Ok(names) = query::ask(*resolver, zone, Kind::NS, true).await else { continue };
        let mut servers = Vec::new();
        for name in names {
            let addresses = query::ask(*resolver, &name, Kind::A, true).await.unwrap_or_default();
            servers.extend(addresses.iter().filter_map(|address| query::server(address)));
        }
        if !servers.is_empty() {
            return servers;
        }
    }
    Vec::new()
}
