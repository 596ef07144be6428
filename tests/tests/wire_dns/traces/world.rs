//! The zone a trace is played in, and the truth about it: what was really written, and where names really lead.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use functions::clock;
use functions::http::{self, Roots};
use functions::vendors::aws::Aws;
use functions::vendors::dns::{DnsHands, Pace};
use shared::effect::Toward;
use shared::plan::{Driver, Plan, RoutingControls, built_in_text, read};
use tests::standin::arc::{Cluster, Endpoint};
use tests::standin::name_server::NameServer;
use tests::standin::route53::{RecordSet, Route53};
use tests::standin::s3::S3;
use tests::standin::stage::{BUCKET, LATCH, WWW, ZONE};
use tokio::task::JoinHandle;

use super::trace::{Fault, Setting, Trace};

pub const PRIMARY: &str = "127.0.0.2";
pub const STANDBY: &str = "127.0.0.3";
pub const CHANGE: &str = "ChangeResourceRecordSets";
const LIST: &str = "ListResourceRecordSets";
/// Endpoints of the cluster.
const ENDPOINTS: usize = 5;

/// Everything that one trace is played on.
pub struct World {
    pub route53: Route53,
    pub zone: String,
    pub s3: S3,
    pub cluster: Cluster,
    pub hands: DnsHands,
    setting: Setting,
    drivers: Vec<Driver>,
    controls: [String; 2],
    /// What was answered wrongly at any moment.
    wrong: Arc<Mutex<Vec<String>>>,
    watch: JoinHandle<()>,
    _name_server: NameServer,
}

/// What only our own writes change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writes {
    accepted: usize,
    latch: Option<String>,
    controls: [bool; 2],
}

impl World {
    pub async fn start(trace: &Trace) -> Self {
        let route53 = Route53::start().await.unwrap();
        let (s3, cluster) = (S3::start().await.unwrap(), Cluster::start().await.unwrap());
        route53.follow_latch(&s3);
        route53.follow_controls(&cluster);
        let controls =
            [cluster.add_control("primary", true), cluster.add_control("standby", false)];
        let zone = route53.add_zone(ZONE);
        seed(&route53, &zone, trace.setting, &controls);
        let name_server = NameServer::start(&route53, &zone).await.unwrap();
        let plan = plan(&zone, &trace.drivers, &controls, &cluster);
        let hands = hands(plan, &route53, &s3, &name_server);
        let wrong = Arc::default();
        let watch = watch(&route53, &zone, &s3, trace.setting, Arc::clone(&wrong));
        let (setting, drivers) = (trace.setting, trace.drivers.clone());
        Self {
            route53,
            zone,
            s3,
            cluster,
            hands,
            setting,
            drivers,
            controls,
            wrong,
            watch,
            _name_server: name_server,
        }
    }

    /// Lets something go wrong.
    pub fn suffer(&self, fault: Fault) {
        let (route53, s3) = (&self.route53, &self.s3);
        match fault {
            Fault::Throttled(times) => route53.throttle(times),
            Fault::Busy(times) => route53.prior_request_not_complete(times),
            Fault::LostReply => route53.lose_reply(CHANGE, 1),
            Fault::LostRequest => route53.lose_request(CHANGE, 1),
            Fault::LostReads(times) => route53.lose_reply(LIST, times),
            Fault::Stranded(times) => (0..times).for_each(|_| route53.strand()),
            Fault::Human(value) => route53.edit_before_next_change(self.edited(value)),
            Fault::HumanBefore(value) => route53.edit_as_human(self.edited(value)),
            Fault::Pending(polls) => route53.pending_polls(polls),
            Fault::PendingForEver => route53.pending_polls(u32::MAX),
            Fault::Bare => route53.bare_refusals(true),
            Fault::Outage => route53.outage(true),
            Fault::SlowDown(times) => s3.slow_down(times),
            Fault::LostLatch => ["PUT", "DELETE"].iter().for_each(|it| s3.lose_reply(it, 1)),
            Fault::LatchOutage => s3.outage(true),
            Fault::StrayLatch => s3.put(BUCKET, LATCH, "somebody else"),
            Fault::Endpoint(place, how) => self.cluster.set_endpoint(place, how),
        }
    }

    /// Nothing goes wrong any more; what is done stays done.
    pub fn calm(&self) {
        self.route53.calm();
        self.s3.calm();
        (0..ENDPOINTS).for_each(|place| self.cluster.set_endpoint(place, Endpoint::Up));
    }

    /// The deciding record of the zone's top, as a person would write it.
    fn edited(&self, value: &str) -> RecordSet {
        let there = self.deciding(ZONE).unwrap();
        RecordSet { values: vec![value.to_owned()], ..there }
    }

    /// A name's only record, or the primary of its pair.
    fn deciding(&self, name: &str) -> Option<RecordSet> {
        let mut sets = self.route53.records(&self.zone).into_iter();
        sets.find(|set| {
            set.name.trim_end_matches('.') == name
                && set.kind == "A"
                && set.failover.as_deref() != Some("SECONDARY")
        })
    }

    /// Whether names really lead there, once every accepted change is seen: any driver is enough for the standby, for
    /// the primary all must have let go.
    pub fn leads(&self, toward: Toward) -> bool {
        let mut drivers = self.drivers.iter();
        match toward {
            Toward::Standby => drivers.any(|driver| self.holds(*driver, toward)),
            Toward::Primary => drivers.all(|driver| self.holds(*driver, toward)),
        }
    }

    fn holds(&self, driver: Driver, toward: Toward) -> bool {
        match driver {
            Driver::Latch => match (self.s3.body(BUCKET, LATCH), toward) {
                (closed, Toward::Primary) => closed.is_none(),
                (closed, Toward::Standby) => closed.is_some() && self.setting == Setting::Latched,
            },
            Driver::Records => [ZONE, WWW]
                .iter()
                .all(|name| self.deciding(name).is_some_and(|set| set.values == [address(toward)])),
            Driver::RoutingControls => {
                self.switches() == [toward == Toward::Primary, toward == Toward::Standby]
            }
        }
    }

    fn switches(&self) -> [bool; 2] {
        [0, 1].map(|place| self.cluster.is_on(&self.controls[place]))
    }

    /// Whether every name is answered with that side's address now.
    pub fn answers(&self, toward: Toward) -> bool {
        [ZONE, WWW]
            .iter()
            .all(|name| self.route53.resolve(&self.zone, name, "A").values == [address(toward)])
    }

    /// What our own writes made of it.
    pub fn writes(&self) -> Writes {
        let calls = self.route53.calls();
        let accepted = calls.iter().filter(|one| one.operation == CHANGE && one.outcome == "OK");
        Writes {
            accepted: accepted.count(),
            latch: self.s3.body(BUCKET, LATCH),
            controls: self.switches(),
        }
    }

    /// Writes that were asked for, whatever became of them.
    pub fn attempts(&self) -> usize {
        let route53 = self.route53.calls();
        let switches = self.cluster.calls();
        let s3 = self.s3.calls();
        route53.iter().filter(|call| call.operation == CHANGE).count()
            + switches.iter().filter(|(_, it)| it.starts_with("Update")).count()
            + s3.iter().filter(|(method, _)| method != "GET").count()
    }

    /// What is nobody's business but the zone owner's.
    pub fn others(&self) -> Vec<RecordSet> {
        let mut sets = self.route53.records(&self.zone);
        sets.retain(|set| set.kind != "A" || set.name.starts_with("mail."));
        sets
    }

    /// What was wrong at any moment up to now.
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = self.wrong.lock().unwrap().clone();
        wrong.extend(self.route53.emptied().iter().map(|name| format!("{name} was empty")));
        wrong.extend((0..self.cluster.dark()).map(|_| "every routing control was off".into()));
        wrong
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

pub fn address(toward: Toward) -> &'static str {
    match toward {
        Toward::Primary => PRIMARY,
        Toward::Standby => STANDBY,
    }
}

fn seed(route53: &Route53, zone: &str, setting: Setting, controls: &[String; 2]) {
    let endpoint = |address| route53.add_endpoint_check(address, "/health");
    let checks = match setting {
        Setting::Simple => None,
        Setting::Latched => {
            let latch = route53
                .add_inverted_check("latches.s3.us-west-2.amazonaws.com", "/initiate-failover");
            let both = route53.add_calculated_check(&[&endpoint(PRIMARY), &latch], 2);
            Some([both, endpoint(STANDBY)])
        }
        Setting::Switched => Some([0, 1].map(|side| route53.add_control_check(&controls[side]))),
    };
    let set = |name, address| RecordSet::new(name, "A", 60, &[address]);
    let mut sets = vec![
        RecordSet::new(ZONE, "MX", 300, &["10 mail.example.com."]),
        RecordSet::new(ZONE, "TXT", 300, &["\"v=spf1 -all\""]),
        set("mail.concierge-transaction-flow.com", "127.0.0.25"),
    ];
    for name in [ZONE, WWW] {
        match &checks {
            None => sets.push(set(name, PRIMARY)),
            Some([first, second]) => sets.extend([
                set(name, PRIMARY).primary("allclear-primary").checked_by(first),
                set(name, STANDBY).secondary("allclear-standby").checked_by(second),
            ]),
        }
    }
    route53.seed(zone, &sets);
}

fn plan(zone: &str, drivers: &[Driver], controls: &[String; 2], cluster: &Cluster) -> Plan {
    let mut plan = read::read("plan.toml", built_in_text()).unwrap();
    let dns = &mut plan.dns;
    (dns.primary, dns.standby) = (PRIMARY.into(), STANDBY.into());
    (dns.zone_id, dns.drivers) = (zone.into(), drivers.into());
    dns.latch.as_mut().unwrap().bucket = BUCKET.into();
    let [primary, standby] = controls.clone();
    let endpoints = cluster.urls().iter().map(|url| format!("us-west-2={url}")).collect();
    dns.routing_controls = Some(RoutingControls { endpoints, primary, standby });
    plan
}

fn hands(plan: Plan, route53: &Route53, s3: &S3, name_server: &NameServer) -> DnsHands {
    let roots = Roots::default();
    let http = http::client(&roots).unwrap();
    let aws = Aws::from_environment(http.clone(), |name| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("fictional".into()),
        "AWS_ENDPOINT_URL_ROUTE_53" => Some(route53.url()),
        "AWS_ENDPOINT_URL_S3" => Some(s3.url()),
        _ => None,
    });
    let pace = Pace {
        poll: Duration::from_millis(2),
        cap: Duration::from_millis(20),
        seen: Duration::from_millis(20),
        busy: Duration::from_micros(100),
    };
    DnsHands {
        plan: Arc::new(plan),
        aws: aws.unwrap(),
        http,
        roots,
        name_servers: vec![name_server.address],
        clock: clock::now,
        pace,
    }
}

/// Looks at every answer whenever one may have changed: a name always leads somewhere, and while the latch is closed it
/// leads to the standby.
fn watch(
    route53: &Route53,
    zone: &str,
    s3: &S3,
    setting: Setting,
    wrong: Arc<Mutex<Vec<String>>>,
) -> JoinHandle<()> {
    let (route53, zone, s3) = (route53.clone(), zone.to_owned(), s3.clone());
    let mut bell = route53.bell().listen();
    tokio::spawn(async move {
        while bell.changed().await.is_ok() {
            let held = setting == Setting::Latched && s3.has(BUCKET, LATCH);
            for name in [ZONE, WWW] {
                let values = route53.resolve(&zone, name, "A").values;
                if values.is_empty() || (held && values != [STANDBY]) {
                    let says = format!("{name} led to {values:?}, latch closed: {held}");
                    wrong.lock().unwrap().push(says);
                }
            }
        }
    })
}
