//! What a single value of the plan may be: lengths of time, numbers, contacts, addresses.
//!
//! Placeholders pass everywhere: they keep the system disarmed, not the plan unreadable.

use std::net::IpAddr;

use super::cross::Cross;
use crate::plan::{Plan, address, is_placeholder};
use crate::time::Span;

impl Cross<'_> {
    /// Every rule of this file.
    pub fn every_value_is_possible(&mut self) {
        self.spans_are_positive();
        self.numbers_are_possible();
        self.contacts_can_be_reached();
        self.addresses_are_urls();
        self.names_are_ours();
        self.backups_are_kept();
    }

    /// A time of 0 switches off what it is for.
    fn spans_are_positive(&mut self) {
        let (t, d, s) = (&self.plan.thresholds, &self.plan.detection, &self.plan.safety);
        let mut spans = vec![
            ("thresholds.down_for".to_owned(), t.down_for),
            ("thresholds.slow_for".into(), t.slow_for),
            ("thresholds.errors_for".into(), t.errors_for),
            ("detection.probe_every".into(), d.probe_every),
            ("detection.probe_timeout".into(), d.probe_timeout),
            ("detection.confirm_within".into(), d.confirm_within),
            ("detection.join_window".into(), d.join_window),
            ("safety.act_after".into(), s.act_after),
            ("safety.up_for".into(), s.up_for),
            ("safety.preflight_max_age".into(), s.preflight_max_age),
            ("safety.certificate_min_life".into(), s.certificate_min_life),
            ("safety.failover_block".into(), s.failover_block),
            ("safety.recover_within".into(), s.recover_within),
            ("arming.proof_max_age".into(), self.plan.arming.proof_max_age),
            ("dns.ttl".into(), self.plan.dns.ttl),
            ("hosting.suspect_window".into(), self.plan.hosting.suspect_window),
            ("hosting.rollback_max_age".into(), self.plan.hosting.rollback_max_age),
            ("compliance.report_within".into(), self.plan.compliance.report_within),
            ("compliance.keep_incidents".into(), self.plan.compliance.keep_incidents),
        ];
        spans.extend(listed_spans(self.plan));
        for (path, _) in spans.into_iter().filter(|(_, span)| *span <= Span::ZERO) {
            let problem = format!("`{path}` must be longer than nothing");
            self.report(&path, problem, "e.g. \"30s\"");
        }
    }

    /// Percentages written as shares, and counts of 0, are the usual slips.
    fn numbers_are_possible(&mut self) {
        let Plan { targets, thresholds, safety, detection, .. } = self.plan;
        for (path, share) in [
            ("targets.availability", targets.availability),
            ("targets.error_rate", targets.error_rate),
            ("thresholds.error_rate", thresholds.error_rate),
        ] {
            if !(share > 0.0 && share < 1.0) {
                let problem = format!("`{path}` is a share between 0 and 1, not {share}");
                self.report(path, problem, "e.g. 0.001 for 0.1 %");
            }
        }
        for (path, ms) in [
            ("targets.response_ms", targets.response_ms),
            ("targets.query_ms", targets.query_ms),
            ("thresholds.slow_ms", thresholds.slow_ms),
        ] {
            if !(ms > 0.0 && ms.is_finite()) {
                self.report(path, format!("`{path}` can't be {ms}"), "milliseconds, e.g. 500");
            }
        }
        for (path, count) in [
            ("safety.act_failures", safety.act_failures),
            ("safety.up_successes", safety.up_successes),
            ("safety.failovers_per_day", safety.failovers_per_day),
            ("safety.failures_before_freeze", safety.failures_before_freeze),
            ("detection.flap_limit", detection.flap_limit),
        ] {
            if count == 0 {
                self.report(path, format!("`{path}` must be at least 1"), "1 or more");
            }
        }
    }

    /// A number that cannot be dialled is found now, not at night.
    fn contacts_can_be_reached(&mut self) {
        for (i, person) in self.plan.people.iter().enumerate() {
            if !is_placeholder(&person.phone) && !address::is_phone(&person.phone) {
                let problem = format!("`{}` is not an international phone number", person.phone);
                self.report(&format!("people[{i}].phone"), problem, "e.g. \"+12025550123\"");
            }
            self.is_mail(&format!("people[{i}].email"), &person.email);
        }
        self.is_mail("channels.mail_list", &self.plan.channels.mail_list);
        if !self.plan.channels.slack.starts_with('#') {
            self.report("channels.slack", "a Slack channel begins with #", "e.g. \"#incidents\"");
        }
    }

    /// An address or the placeholder for one.
    pub fn is_mail(&mut self, path: &str, text: &str) {
        if !address::is_mail(text) && !is_placeholder(text) {
            let problem = format!("`{text}` is not a mail address");
            self.report(path, problem, "e.g. \"on-call@example.com\"");
        }
    }

    /// Probes and links go over TLS only.
    fn addresses_are_urls(&mut self) {
        let plan = self.plan;
        let mut urls = vec![
            ("detection.control_site".to_owned(), &plan.detection.control_site),
            ("dns.standby_health_url".into(), &plan.dns.standby_health_url),
            ("channels.status_page".into(), &plan.channels.status_page),
        ];
        for (i, component) in plan.components.iter().enumerate() {
            urls.push((format!("components[{i}].health_url"), &component.health_url));
        }
        for (i, vendor) in plan.vendors.iter().enumerate() {
            urls.extend(
                vendor.status_url.as_ref().map(|u| (format!("vendors[{i}].status_url"), u)),
            );
        }
        for (path, url) in urls {
            if address::host_of(url).is_none() {
                let problem = format!("`{url}` is not an https URL");
                self.report(&path, problem, "e.g. \"https://example.com/health\"");
            }
        }
    }

    /// A failover touches our own names, and moves them to another address.
    fn names_are_ours(&mut self) {
        let dns = &self.plan.dns;
        for (i, name) in dns.names.iter().enumerate() {
            if !address::in_zone(name, &dns.zone) {
                let problem = format!("`{name}` is outside of the zone {}", dns.zone);
                let write = format!("a name that ends in {}", dns.zone);
                self.report(&format!("dns.names[{i}]"), problem, write);
            }
        }
        if dns.primary == dns.standby {
            let problem = "primary and standby are the same address";
            self.report("dns.standby", problem, "an address off the primary's provider");
        }
        // A CNAME is illegal at the top of a zone (RFC 1034, section 3.6.2), which leaves A and
        // AAAA.
        let apex = dns.names.contains(&dns.zone);
        for (path, address) in [("dns.primary", &dns.primary), ("dns.standby", &dns.standby)] {
            let fits = is_placeholder(address) || address.parse::<IpAddr>().is_ok();
            if apex && !fits {
                let problem = format!("the top of a zone can't point to the name `{address}`");
                self.report(path, problem, "an IP address");
            }
        }
    }

    /// Without either, the next clean-up may delete everything.
    fn backups_are_kept(&mut self) {
        for (i, backup) in self.plan.backups.iter().enumerate() {
            if backup.keep_for.is_none() && backup.keep_last.unwrap_or(0) == 0 {
                let problem = format!("nothing says how long `{}` is kept", backup.what);
                let write = "a line keep_for = \"30d\" or keep_last = 10";
                self.report(&format!("backups[{i}]"), problem, write);
            }
        }
    }
}

/// The spans inside of lists. A recovery point of 0 is the plan's "no loss at all".
fn listed_spans(plan: &Plan) -> Vec<(String, Span)> {
    let mut spans = Vec::new();
    for (i, component) in plan.components.iter().enumerate() {
        spans.push((format!("components[{i}].rto"), component.rto));
        let rpo = Some(component.rpo).filter(|rpo| *rpo < Span::ZERO);
        spans.extend(rpo.map(|rpo| (format!("components[{i}].rpo"), rpo)));
    }
    for (i, policy) in plan.escalation.iter().enumerate() {
        spans.extend(policy.repeat_after.map(|s| (format!("escalation[{i}].repeat_after"), s)));
    }
    for (i, backup) in plan.backups.iter().enumerate() {
        spans.extend(backup.every.map(|span| (format!("backups[{i}].every"), span)));
        spans.extend(backup.keep_for.map(|span| (format!("backups[{i}].keep_for"), span)));
        spans.push((format!("backups[{i}].verify_every"), backup.verify_every));
    }
    for (i, drill) in plan.drills.iter().enumerate() {
        spans.push((format!("drills[{i}].every"), drill.every));
    }
    for (i, review) in plan.reviews.iter().enumerate() {
        spans.push((format!("reviews[{i}].every"), review.every));
    }
    spans
}
