//! What tests do to the stand-in behind its callers' backs: seed it, decide health, make it fail.
#![expect(clippy::missing_panics_doc, reason = "seeds that break a rule are mistakes of the test")]

use roxmltree::Document;

use super::Route53;
use super::faults::{Buckets, Faults};
use super::health::{CHECKERS, Config, Surroundings};
use super::record::RecordSet;
use super::request::Request;
use super::xml::{document, element, wrap};

/// Seeding and health.
impl Route53 {
    /// Creates record sets in one batch, in force at once.
    pub fn seed(&self, zone: &str, sets: &[RecordSet]) {
        let change =
            |set: &RecordSet| wrap("Change", &(element("Action", "CREATE") + &set.write()));
        let changes: String = sets.iter().map(change).collect();
        let batch = wrap("ChangeBatch", &wrap("Changes", &changes));
        let mut state = self.shared.lock();
        let polls = std::mem::take(&mut state.faults.pending_polls);
        let request = Request::change(zone, document("ChangeResourceRecordSetsRequest", &batch));
        let seeded = state.change(&request);
        state.faults.pending_polls = polls;
        assert!(seeded.is_ok(), "this seed is refused: {seeded:?}");
    }

    /// Makes a health check from the inside of a `HealthCheckConfig` and tells its id.
    pub fn add_check(&self, config: &str) -> String {
        let text = wrap("HealthCheckConfig", config);
        let config = Document::parse(&text).map_err(|error| error.to_string());
        let config = config.and_then(|it| {
            Config::read(it.root_element()).map_err(|refusal| refusal.messages.concat())
        });
        let mut state = self.shared.lock();
        let reference = format!("seed-{}", state.number());
        match config.map(|config| state.make_check(reference, config)) {
            Ok(Ok(check)) => check.id,
            refused => panic!("this seed is refused: {refused:?}"),
        }
    }

    /// Makes an HTTPS check of an endpoint.
    pub fn add_endpoint_check(&self, host: &str, path: &str) -> String {
        self.add_check(&https(host, path, false))
    }

    /// Makes an inverted check: healthy while there is nothing.
    pub fn add_inverted_check(&self, host: &str, path: &str) -> String {
        self.add_check(&https(host, path, true))
    }

    /// Makes a check that is healthy while at least so many others are.
    pub fn add_calculated_check(&self, children: &[&str], threshold: u32) -> String {
        let children: String = children.iter().map(|id| element("ChildHealthCheck", id)).collect();
        let config = element("Type", "CALCULATED")
            + &element("HealthThreshold", threshold)
            + &wrap("ChildHealthChecks", &children);
        self.add_check(&config)
    }

    /// Makes a check that is healthy while a routing control is on.
    pub fn add_control_check(&self, arn: &str) -> String {
        let kind = element("Type", "RECOVERY_CONTROL");
        self.add_check(&(kind + &element("RoutingControlArn", arn)))
    }

    /// Lets all checkers, or none, find an endpoint healthy.
    pub fn set_healthy(&self, check: &str, healthy: bool) {
        self.set_checkers_up(check, if healthy { CHECKERS } else { 0 });
    }

    /// Lets so many of the [`CHECKERS`] find an endpoint healthy.
    pub fn set_checkers_up(&self, check: &str, up: u32) {
        let mut state = self.shared.lock();
        let known = state.checks.get_mut(check).map(|check| check.checkers_up = Some(up));
        assert!(known.is_some(), "there is no health check {check}");
        state.bell.ring();
    }

    /// Whether a health check counts as healthy.
    pub fn is_healthy(&self, check: &str) -> bool {
        self.shared.lock().healthy(check)
    }

    /// Sets what aliases to a name of Amazon's answer.
    pub fn set_alias_target(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(ToString::to_string).collect();
        self.shared.lock().targets.insert(super::record::canonical(name), addresses);
    }
}

/// Faults.
impl Route53 {
    /// New changes are PENDING for so many polls, and reach the name servers only then.
    pub fn pending_polls(&self, polls: u32) {
        self.shared.lock().faults.pending_polls = polls;
    }

    /// The next calls of an operation take effect, but their replies are lost.
    pub fn lose_reply(&self, operation: &str, times: u32) {
        self.shared.lock().faults.lost_replies.insert(operation.to_owned(), times);
    }

    /// The next calls of an operation are lost before they take effect.
    pub fn lose_request(&self, operation: &str, times: u32) {
        self.shared.lock().faults.lost_requests.insert(operation.to_owned(), times);
    }

    /// The next changes are refused with `PriorRequestNotComplete`.
    pub fn prior_request_not_complete(&self, times: u32) {
        self.shared.lock().faults.prior_requests = times;
    }

    /// The next calls are throttled.
    pub fn throttle(&self, times: u32) {
        self.shared.lock().faults.throttled = times;
    }

    /// Calls are throttled by the published token buckets, full at first.
    pub fn throttle_by_buckets(&self) {
        self.shared.lock().faults.buckets = Some(Buckets::default());
    }

    /// The next change is accepted and becomes INSYNC, but never reaches the name servers.
    pub fn strand(&self) {
        self.shared.lock().faults.stranded += 1;
    }

    /// Somebody writes a record set by hand, in force at once.
    pub fn edit_as_human(&self, set: RecordSet) {
        self.shared.lock().edit(set);
    }

    /// Somebody writes a record set by hand right before the next change is applied.
    pub fn edit_before_next_change(&self, set: RecordSet) {
        self.shared.lock().faults.human = Some(set);
    }

    /// Refused batches are answered in the documented form that has neither a code nor a request id.
    pub fn bare_refusals(&self, bare: bool) {
        self.shared.lock().faults.bare = bare;
    }

    /// Nothing is due to go wrong any more.
    pub fn calm(&self) {
        let mut state = self.shared.lock();
        state.faults = Faults { latency: state.faults.latency, ..Faults::default() };
    }

    /// The control plane is out, or back; the name servers and health checks go on.
    pub fn outage(&self, out: bool) {
        self.shared.lock().faults.outage = out;
    }
}

fn https(host: &str, path: &str, inverted: bool) -> String {
    element("Type", "HTTPS")
        + &element("ResourcePath", path)
        + &element("FullyQualifiedDomainName", host)
        + &element("Inverted", inverted)
        + &element("EnableSNI", true)
}
