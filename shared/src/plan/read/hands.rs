//! What the plan may say of changing things: DNS drivers, health checks, approvals.
//!
//! Source of the numbers: Route 53's developer guide ("Values that you specify when you create or update health checks")
//! and the safety rules 2, 4, 7 and 11.

use std::net::{IpAddr, SocketAddr};

use super::cross::Cross;
use crate::plan::{Driver, is_placeholder};
use crate::time::Span;

/// Most names that one failover moves (safety rule 11).
const NAMES_MAX: usize = 4;
/// Fewest public resolvers that are asked after a change (safety rule 12).
const RESOLVERS_MIN: usize = 3;
/// Endpoints of a cluster of Application Recovery Controller.
const ENDPOINTS: usize = 5;
/// Times between two requests of a checker that Route 53 knows.
const CHECK_EVERY: [Span; 2] = [Span::secs(10), Span::secs(30)];
/// Failure thresholds that Route 53 knows.
const CHECK_FAILURES: std::ops::RangeInclusive<u32> = 1..=10;

impl Cross<'_> {
    /// Every rule of this file.
    pub fn hands_are_possible(&mut self) {
        self.drivers_have_what_they_need();
        self.health_checks_hold();
        self.latch_is_with_the_standby();
        self.resolvers_are_addresses();
        self.enough_people_can_agree();
    }

    fn drivers_have_what_they_need(&mut self) {
        let dns = &self.plan.dns;
        if dns.names.len() > NAMES_MAX {
            let problem = format!("{} names would be moved at once", dns.names.len());
            self.report("dns.names", problem, format!("at most {NAMES_MAX}"));
        }
        if dns.drivers.is_empty() {
            self.report("dns.drivers", "traffic could not be moved at all", "e.g. [\"latch\"]");
        }
        let latch = dns.latch.is_some() && dns.health_checks.is_some();
        for (i, driver) in dns.drivers.iter().enumerate() {
            let (has, tables) = match driver {
                Driver::Latch => (latch, "[dns.latch] and [dns.health_checks]"),
                Driver::Records => (!dns.zone_id.is_empty(), "zone_id = \"Z…\" in [dns]"),
                Driver::RoutingControls => {
                    (dns.routing_controls.is_some(), "[dns.routing_controls]")
                }
            };
            let written_out = dns.latch.is_some() || !dns.zone_id.is_empty();
            if !has && written_out {
                let problem = format!("the driver {} lacks its settings", driver.says());
                self.report(&format!("dns.drivers[{i}]"), problem, tables);
            }
        }
        let endpoints = dns.routing_controls.as_ref().map(|controls| controls.endpoints.as_slice());
        if let Some(endpoints) = endpoints.filter(|all| !are_endpoints(all)) {
            let problem = format!("{} endpoints are not a cluster's five", endpoints.len());
            let write = "five of the form \"us-west-2=https://…\"";
            self.report("dns.routing_controls.endpoints", problem, write);
        }
    }

    /// Route 53 flips by itself: never before our own machines would.
    fn health_checks_hold(&mut self) {
        let plan = self.plan;
        let Some(checks) = &plan.dns.health_checks else { return };
        if !CHECK_EVERY.contains(&checks.every) {
            let problem = format!("Route 53 does not check every {}", checks.every);
            self.report("dns.health_checks.every", problem, "\"10s\" or \"30s\"");
        }
        if !CHECK_FAILURES.contains(&checks.failures) {
            let problem = format!("{} failures are no threshold of Route 53's", checks.failures);
            self.report("dns.health_checks.failures", problem, "1 to 10");
        }
        let (held, wanted) =
            (checks.every.times(i64::from(checks.failures)), plan.safety.act_after);
        if held < wanted {
            let problem = format!("Route 53 would flip after {held}, machines wait {wanted}");
            let write = "every = \"30s\" with failures = 3, or more";
            self.report("dns.health_checks.failures", problem, write);
        }
        for (field, host) in
            [("primary_host", &checks.primary_host), ("standby_host", &checks.standby_host)]
        {
            if plan.dns.names.contains(host) {
                let problem = format!("the check of `{host}` would follow its own verdict");
                let write = "a name of its own, e.g. \"hc-primary.example.com\"";
                self.report(&format!("dns.health_checks.{field}"), problem, write);
            }
        }
    }

    fn latch_is_with_the_standby(&mut self) {
        let plan = self.plan;
        let Some(latch) = &plan.dns.latch else { return };
        if latch.region == plan.regions.primary {
            let problem = format!("the latch would be gone with {}", latch.region);
            let write = format!("\"{}\"", plan.regions.secondary);
            self.report("dns.latch.region", problem, write);
        }
        if latch.key.is_empty() || latch.key.starts_with('/') {
            self.report("dns.latch.key", "the object has no name", "\"initiate-failover\"");
        }
    }

    fn resolvers_are_addresses(&mut self) {
        let resolvers = &self.plan.dns.resolvers;
        for (i, text) in resolvers.iter().enumerate() {
            if text.parse::<IpAddr>().is_err() && text.parse::<SocketAddr>().is_err() {
                let problem = format!("`{text}` is not the address of a resolver");
                self.report(&format!("dns.resolvers[{i}]"), problem, "e.g. \"1.1.1.1\"");
            }
        }
        if resolvers.len() < RESOLVERS_MIN {
            let problem = format!("{} public resolvers prove little", resolvers.len());
            self.report("dns.resolvers", problem, format!("at least {RESOLVERS_MIN}"));
        }
    }

    /// Nobody agrees to nothing, and nobody can wait for more people than there are.
    fn enough_people_can_agree(&mut self) {
        // Two is the default of a failback: a team of one has to write its own number.
        let (approvals, people) = (&self.plan.approvals, self.plan.people.len().max(2) as u32);
        for (field, needed) in [
            ("rollback", approvals.rollback),
            ("promote", approvals.promote),
            ("failover", approvals.failover),
            ("failback", approvals.failback),
        ] {
            if needed == 0 || needed > people {
                let problem = format!("{needed} people can't agree to a {field}");
                self.report(&format!("approvals.{field}"), problem, format!("1 to {people}"));
            }
        }
        if approvals.valid_for <= Span::ZERO {
            let problem = "an approval would have expired before it is used";
            self.report("approvals.valid_for", problem, "\"15m\"");
        }
    }
}

fn are_endpoints(endpoints: &[String]) -> bool {
    let is_one = |one: &String| {
        one.split_once('=').is_some_and(|(region, url)| !region.is_empty() && url.contains("://"))
            || is_placeholder(one)
    };
    endpoints.len() == ENDPOINTS && endpoints.iter().all(is_one)
}
