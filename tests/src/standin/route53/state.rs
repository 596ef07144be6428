//! Everything the stand-in knows, and the calls about zones and changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::batch::Batch;
use super::faults::{Faults, due};
use super::health::{HealthCheck, Surroundings};
use super::log::Call;
use super::record::{RecordSet, canonical, reversed};
use super::refusal::Refusal;
use super::request::{Reply, Request};
use super::resolve::{Answer, Look};
use super::xml::{document, element, optional, wrap};
use super::zone::{Change, Zone, emptied};
use crate::standin::Bell;
use crate::standin::arc::Cluster;
use crate::standin::s3::S3;

/// The most items of a page of a listing.
const PAGE: usize = 300;

/// Everything the stand-in knows.
#[derive(Debug, Default)]
pub struct State {
    pub zones: BTreeMap<String, Zone>,
    pub checks: BTreeMap<String, HealthCheck>,
    /// References of deleted checks: no check can have them again.
    pub spent: BTreeSet<String>,
    pub changes: Vec<Change>,
    pub tags: HashMap<(String, String), BTreeMap<String, String>>,
    pub faults: Faults,
    pub calls: Vec<Call>,
    /// Names that at some moment had no record left, in the control plane or on the name servers.
    pub emptied: Vec<String>,
    /// What aliases to Amazon's own names answer.
    pub targets: BTreeMap<String, Vec<String>>,
    pub s3: Option<S3>,
    pub cluster: Option<Cluster>,
    pub bell: Bell,
    made: u64,
}

impl State {
    /// The next number for an id.
    pub fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// The zone with that id.
    pub fn zone(&mut self, id: &str) -> Result<&mut Zone, Refusal> {
        self.zones.get_mut(id).ok_or_else(|| Refusal::no_such_zone(id))
    }

    /// Performs `ChangeResourceRecordSets`.
    pub fn change(&mut self, request: &Request) -> Result<Reply, Refusal> {
        self.zone(&request.id)?;
        if let Some(set) = self.faults.human.take() {
            self.edit_in(&request.id, set);
        }
        let batch = Batch::read(&request.body)?;
        let zone = self.zones.get(&request.id).ok_or_else(|| Refusal::no_such_zone(&request.id))?;
        let after = batch.apply(zone, |id| self.checks.contains_key(id))?;
        let changes = batch.difference(&after);
        self.emptied.extend(emptied(&zone.records, &after));
        self.zone(&request.id)?.records = after;
        let stranded = due(&mut self.faults.stranded);
        let change = Change {
            id: format!("C{:013}", self.number()),
            zone: request.id.clone(),
            comment: batch.comment,
            polls_left: self.faults.pending_polls,
            difference: (!stranded).then_some(changes),
        };
        let answer = change.write("PENDING");
        self.changes.push(change);
        if self.faults.pending_polls == 0 {
            self.publish(self.changes.len() - 1);
        }
        Ok(Reply::ok("ChangeResourceRecordSetsResponse", &answer))
    }

    /// Performs `GetChange`.
    pub fn get_change(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let place = self.changes.iter().position(|change| change.id == request.id);
        let place = place.ok_or_else(|| {
            let message = format!("could not find a change with id {}", request.id);
            Refusal::new(404, "NoSuchChange", &message)
        })?;
        let pending = due(&mut self.changes[place].polls_left);
        if !pending {
            self.publish(place);
        }
        let answer = self.changes[place].write(if pending { "PENDING" } else { "INSYNC" });
        Ok(Reply::ok("GetChangeResponse", &answer))
    }

    /// Lets the name servers take over a change, and all before it in its zone.
    fn publish(&mut self, place: usize) {
        let id = self.changes[place].zone.clone();
        let earlier = self.changes[..=place].iter_mut().filter(|change| change.zone == id);
        let due: Vec<_> = earlier.filter_map(|change| change.difference.take()).collect();
        let Some(zone) = self.zones.get_mut(&id) else { return };
        for difference in due {
            self.emptied.extend(zone.publish(difference));
        }
        self.bell.ring();
    }

    /// A change by somebody else in the first zone that has the name, in force at once.
    pub fn edit(&mut self, set: RecordSet) {
        let zone = self.zones.values().find(|zone| set.name.ends_with(&zone.name));
        if let Some(id) = zone.map(|zone| zone.id.clone()) {
            self.edit_in(&id, set);
        }
    }

    fn edit_in(&mut self, zone: &str, set: RecordSet) {
        if let Some(zone) = self.zones.get_mut(zone) {
            zone.records.insert(set.key(), set.clone());
            zone.visible.insert(set.key(), set);
        }
        self.bell.ring();
    }

    /// Performs `ListResourceRecordSets`.
    pub fn list(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let start = request.query("name").map(|name| {
            let kind = request.query("type").unwrap_or_default();
            (reversed(&canonical(&name)), kind, request.query("identifier").unwrap_or_default())
        });
        let limit = request.page_size(PAGE)?;
        let zone = self.zone(&request.id)?;
        let mut rest = zone.records.range(start.unwrap_or_default()..).map(|(_, set)| set);
        let sets: String = rest.by_ref().take(limit).map(RecordSet::write).collect();
        let next = rest.next();
        let paging = next.map(|next| {
            element("NextRecordName", &next.name)
                + &element("NextRecordType", &next.kind)
                + &optional("NextRecordIdentifier", next.set_identifier.as_ref())
        });
        let answer = wrap("ResourceRecordSets", &sets)
            + &element("IsTruncated", next.is_some())
            + &paging.unwrap_or_default()
            + &element("MaxItems", limit);
        Ok(Reply::ok("ListResourceRecordSetsResponse", &answer))
    }

    /// Performs `GetHostedZone`.
    pub fn get_zone(&mut self, request: &Request) -> Result<Reply, Refusal> {
        Ok(Reply::ok("GetHostedZoneResponse", &self.zone(&request.id)?.write()))
    }

    /// Performs `TestDNSAnswer`.
    pub fn test_answer(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let zone = request.query("hostedzoneid").unwrap_or_default();
        let zone = zone.trim_start_matches("/hostedzone/").to_owned();
        let name = canonical(&request.query("recordname").unwrap_or_default());
        let kind = request.query("recordtype").unwrap_or_default();
        let server = self.zone(&zone)?.name_servers.first().cloned().unwrap_or_default();
        let answer = self.resolve(&zone, &name, &kind);
        let values: String =
            answer.values.iter().map(|it| element("RecordDataEntry", it)).collect();
        let inside = element("Nameserver", server)
            + &element("RecordName", name)
            + &element("RecordType", kind)
            + &wrap("RecordData", &values)
            + &element("ResponseCode", if answer.exists { "NOERROR" } else { "NXDOMAIN" })
            + &element("Protocol", "UDP");
        Ok(Reply { body: document("TestDNSAnswerResponse", &inside), ..Reply::default() })
    }

    /// What the name servers of a zone answer now.
    pub fn resolve(&self, zone: &str, name: &str, kind: &str) -> Answer {
        let Some(zone) = self.zones.get(zone) else { return Answer::default() };
        let health = self.checks.keys().map(|id| (id.clone(), self.healthy(id))).collect();
        let look = Look { zone, health: &health, targets: &self.targets, draw: 0 };
        look.resolve(name, kind)
    }
}

impl Surroundings for State {
    fn object(&self, host: &str, path: &str) -> Option<bool> {
        let (bucket, rest) = host.split_once(".s3.")?;
        let key = path.trim_start_matches('/');
        let there = |s3: &S3| s3.has(bucket, key);
        rest.ends_with("amazonaws.com").then(|| self.s3.as_ref().is_some_and(there))
    }

    fn control(&self, arn: &str) -> bool {
        self.cluster.as_ref().is_some_and(|cluster| cluster.is_on(arn))
    }

    fn healthy(&self, id: &str) -> bool {
        self.checks.get(id).is_some_and(|check| check.is_healthy(self))
    }
}
