//! A strict Route 53 on loopback: it keeps the rules that the failover's safety rests on, and fails on demand.
//!
//! It answers what DNS would answer, but speaks no DNS: see [`super::knot`] for that.

use std::io::Result;
use std::sync::Arc;
use std::time::Duration;

mod batch;
mod checkers;
mod checks;
mod control;
mod faults;
mod health;
mod log;
mod record;
mod refusal;
mod request;
mod resolve;
mod rules;
mod server;
mod state;
mod xml;
mod zone;

pub use checkers::Checkers;
pub use health::CHECKERS;
pub use log::Call;
pub use record::{Alias, RecordSet};
pub use resolve::Answer;
pub use rules::CLOUDFRONT;

use self::server::{Shared, router};
use self::zone::Zone;
use super::Bell;
use super::arc::Cluster;
use super::http::Server;
use super::s3::S3;

/// A running stand-in and the handle to it; it stops with its last clone.
#[derive(Clone, Debug)]
pub struct Route53 {
    shared: Arc<Shared>,
    server: Arc<Server>,
}

impl Route53 {
    /// Starts it, without zones, on a port of its own.
    pub async fn start() -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let server = Server::start(router(shared.clone())).await?;
        Ok(Self { shared, server: Arc::new(server) })
    }

    /// The base URL for the SDK's `endpoint_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Rings when answers may have changed.
    pub fn bell(&self) -> Bell {
        self.shared.lock().bell.clone()
    }

    /// Makes a hosted zone and tells its id.
    pub fn add_zone(&self, name: &str) -> String {
        let mut state = self.shared.lock();
        let id = format!("Z{:013}", state.number());
        state.zones.insert(id.clone(), Zone::new(&id, name));
        id
    }

    /// Sets what `GetHostedZone` says of the delegation.
    pub fn set_name_servers(&self, zone: &str, servers: &[&str]) {
        self.change_zone(zone, |it| {
            it.name_servers = servers.iter().map(ToString::to_string).collect();
        });
    }

    /// Sets what `GetHostedZone` says of accelerated recovery: `ENABLED`, `DISABLED` and so on.
    pub fn set_accelerated_recovery(&self, zone: &str, status: &str) {
        self.change_zone(zone, |it| status.clone_into(&mut it.accelerated_recovery));
    }

    fn change_zone(&self, zone: &str, change: impl FnOnce(&mut Zone)) {
        if let Some(zone) = self.shared.lock().zones.get_mut(zone) {
            change(zone);
        }
    }

    /// The record sets that the control plane holds, without the zone's own SOA and NS.
    pub fn records(&self, zone: &str) -> Vec<RecordSet> {
        let state = self.shared.lock();
        let sets = state.zones.get(zone).into_iter().flat_map(|zone| zone.records.values());
        sets.filter(|set| set.kind != "SOA" && set.kind != "NS").cloned().collect()
    }

    /// Names and types that the name servers know, without the zone's own SOA and NS.
    pub fn names(&self, zone: &str) -> Vec<(String, String)> {
        let state = self.shared.lock();
        let sets = state.zones.get(zone).into_iter().flat_map(|zone| zone.visible.values());
        let sets = sets.filter(|set| set.kind != "SOA" && set.kind != "NS");
        let mut names: Vec<_> = sets.map(|set| (set.name.clone(), set.kind.clone())).collect();
        names.dedup();
        names
    }

    /// What the name servers answer now; see table 2.2 of Amazon's rules for failover pairs.
    pub fn resolve(&self, zone: &str, name: &str, kind: &str) -> Answer {
        self.shared.lock().resolve(zone, &record::canonical(name), kind)
    }

    /// Every call so far, in the order of their ends.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// The names that at some moment, in the control plane or on the name servers, could not be reached any more.
    pub fn emptied(&self) -> Vec<String> {
        self.shared.lock().emptied.clone()
    }

    /// Health checks on objects of S3 look there from now on.
    pub fn follow_latch(&self, s3: &S3) {
        let mut state = self.shared.lock();
        state.s3 = Some(s3.clone());
        s3.ring_on_change(state.bell.clone());
    }

    /// Health checks on routing controls look there from now on.
    pub fn follow_controls(&self, cluster: &Cluster) {
        let mut state = self.shared.lock();
        state.cluster = Some(cluster.clone());
        cluster.ring_on_change(state.bell.clone());
    }

    /// How long each call takes from now on.
    pub fn latency(&self, each: Duration) {
        self.shared.lock().faults.latency = each;
    }
}
