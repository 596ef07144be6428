//! What Route 53 has to hold ahead of a disaster, so that moving traffic needs no control plane: a failover pair for
//! each name, and the health checks behind them.
//!
//! Source: "Creating Disaster Recovery Mechanisms Using Amazon Route 53", AWS Networking & Content Delivery Blog. The
//! primary is healthy only while everything that speaks for it does: its endpoint, the latch, the routing control.

use std::net::IpAddr;

use super::{Dns, Driver, HealthChecks, Latch, RecordType, address};
use crate::effect::Toward;
use crate::time::Span;

/// Amazon's recommendation for records behind a health check.
pub const PAIR_TTL_MAX: Span = Span::secs(60);
/// The latch is looked at as often as Route 53 can.
const LATCH_EVERY: Span = Span::secs(10);
/// A blip of S3 must neither close the latch nor open it.
const LATCH_LOOKS: u32 = 3;
const HTTPS_PORT: u16 = 443;

/// The whole of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blueprint {
    /// Each after those it is made of.
    pub checks: Vec<Check>,
    /// One for each name, in the plan's order.
    pub pairs: Vec<Pair>,
}

/// What a health check is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckRole {
    /// The primary's endpoint.
    Primary,
    /// The standby's endpoint.
    Standby,
    /// The latch: unhealthy while its object is there.
    Latch,
    /// The primary's routing control: unhealthy while it is off.
    RoutingControl,
    /// All that speak for the primary: what its records are answered by.
    Traffic,
}

/// A health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is there for.
    pub role: CheckRole,
    /// What it looks at.
    pub subject: Subject,
}

/// What a health check looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A page over HTTPS.
    Page(Page),
    /// A routing control, by its ARN.
    RoutingControl(String),
    /// Other checks: healthy while every one of them is.
    All(Vec<CheckRole>),
}

/// A page, and how it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it is asked; else where its host name leads. An address keeps DNS out of the verdict.
    pub address: Option<IpAddr>,
    /// Its host name, for TLS and `Host`.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// Its path.
    pub path: String,
    /// Between two looks of one checker.
    pub every: Span,
    /// Looks in a row that change the verdict.
    pub failures: u32,
    /// Whether its absence is healthy.
    pub inverted: bool,
}

/// The failover records of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The type of both: a pair has one.
    pub kind: RecordType,
    /// The primary's value.
    pub primary: String,
    /// The standby's.
    pub standby: String,
    /// Time to live.
    pub ttl: Span,
    /// What the primary's record is answered by. The standby's is by [`CheckRole::Standby`].
    pub watched_by: CheckRole,
}

impl CheckRole {
    /// As people say it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Primary => "primary's endpoint",
            Self::Standby => "standby's endpoint",
            Self::Latch => "latch",
            Self::RoutingControl => "routing control",
            Self::Traffic => "primary as a whole",
        }
    }

    /// As it is written into a check's reference.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::Latch => "latch",
            Self::RoutingControl => "control",
            Self::Traffic => "traffic",
        }
    }
}

impl Blueprint {
    /// What the plan wants.
    ///
    /// # Errors
    /// What it lacks or has wrong, each with what to write.
    pub fn of(dns: &Dns) -> Result<Self, Vec<String>> {
        let lacking = lacking(dns);
        let Some(checks) = dns.health_checks.as_ref().filter(|_| lacking.is_empty()) else {
            return Err(lacking);
        };
        let checks = wanted(dns, checks);
        // The last one is the standby's.
        let watched_by = checks.iter().rev().nth(1).map_or(CheckRole::Primary, |it| it.role);
        let pairs = dns.names.iter().map(|name| pair(dns, name, watched_by)).collect();
        Ok(Self { checks, pairs })
    }

    /// The page that a role's check asks for.
    pub fn page(&self, role: CheckRole) -> Option<&Page> {
        self.checks.iter().find(|check| check.role == role).and_then(|check| match &check.subject {
            Subject::Page(page) => Some(page),
            Subject::RoutingControl(_) | Subject::All(_) => None,
        })
    }
}

fn lacking(dns: &Dns) -> Vec<String> {
    let mut lacking = Vec::new();
    if !dns.zone_is_known() {
        lacking.push("the hosted zone's id is not filled in: write dns.zone_id".into());
    }
    if dns.health_checks.is_none() {
        lacking.push("nothing says what is checked: write [dns.health_checks]".into());
    }
    if dns.ttl > PAIR_TTL_MAX {
        let most = PAIR_TTL_MAX.0 / 1_000;
        lacking
            .push(format!("answers would live {}: write dns.ttl = \"{most}s\" or less", dns.ttl));
    }
    for (side, text) in [("primary", &dns.primary), ("standby", &dns.standby)] {
        if text.parse::<IpAddr>().is_err() || address::is_documentation(text) {
            lacking.push(format!("{text} is nobody's address: write dns.{side}"));
        }
    }
    for name in &dns.names {
        let (primary, _) = dns.target(name, Toward::Primary);
        let (standby, _) = dns.target(name, Toward::Standby);
        if !dns.allows(name) {
            lacking.push(format!("{name} is not in the zone {}: correct dns.names", dns.zone));
        } else if primary != standby {
            let (primary, standby) = (primary.as_str(), standby.as_str());
            lacking.push(format!(
                "{name} would be {primary} on one side and {standby} on the other, and a pair has \
                 one type: write two addresses of one kind"
            ));
        }
    }
    lacking
}

/// All checks: the primary's, what they make up together, and the standby's.
fn wanted(dns: &Dns, checks: &HealthChecks) -> Vec<Check> {
    let endpoint = |role, host: &str, text: &str| Check {
        role,
        subject: Subject::Page(endpoint(checks, host, text)),
    };
    let mut wanted = vec![endpoint(CheckRole::Primary, &checks.primary_host, &dns.primary)];
    for driver in dns.usable_drivers() {
        let subject = match (driver, &dns.latch, &dns.routing_controls) {
            (Driver::Latch, Some(latch), _) => (CheckRole::Latch, Subject::Page(object(latch))),
            (Driver::RoutingControls, _, Some(controls)) => {
                let control = Subject::RoutingControl(controls.primary.clone());
                (CheckRole::RoutingControl, control)
            }
            _ => continue,
        };
        wanted.push(Check { role: subject.0, subject: subject.1 });
    }
    if wanted.len() > 1 {
        let all = wanted.iter().map(|check| check.role).collect();
        wanted.push(Check { role: CheckRole::Traffic, subject: Subject::All(all) });
    }
    wanted.push(endpoint(CheckRole::Standby, &checks.standby_host, &dns.standby));
    wanted
}

/// A side's endpoint. Its host may carry a port.
fn endpoint(checks: &HealthChecks, host: &str, address: &str) -> Page {
    let parts = host.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.unwrap_or((host, HTTPS_PORT));
    Page {
        address: address.parse().ok(),
        host: host.parse::<IpAddr>().is_err().then(|| host.to_owned()),
        port,
        path: checks.path.clone(),
        every: checks.every,
        failures: checks.failures,
        inverted: false,
    }
}

/// The latch's object, whose absence is healthy: without S3 the primary stays.
fn object(latch: &Latch) -> Page {
    Page {
        address: None,
        host: Some(format!("{}.s3.{}.amazonaws.com", latch.bucket, latch.region)),
        port: HTTPS_PORT,
        path: format!("/{}", latch.key),
        every: LATCH_EVERY,
        failures: LATCH_LOOKS,
        inverted: true,
    }
}

fn pair(dns: &Dns, name: &str, watched_by: CheckRole) -> Pair {
    let (kind, primary) = dns.target(name, Toward::Primary);
    let (_, standby) = dns.target(name, Toward::Standby);
    Pair {
        name: name.to_owned(),
        kind,
        primary: primary.to_owned(),
        standby: standby.to_owned(),
        ttl: dns.ttl,
        watched_by,
    }
}

#[cfg(test)]
mod tests {
    use super::CheckRole::{Latch, Primary, RoutingControl, Standby, Traffic};
    use super::*;
    use crate::plan::{Aliases, RoutingControls, built_in_text, read};

    fn written() -> Dns {
        read::read("plan.toml", built_in_text()).unwrap().dns
    }

    fn dns() -> Dns {
        let mut dns = written();
        dns.zone_id = "Z1".into();
        dns.standby = "198.18.0.9".into();
        dns.latch.as_mut().unwrap().bucket = "latches".into();
        dns
    }

    #[test]
    fn the_primary_is_healthy_only_while_all_that_speak_for_it_are() {
        let mut dns = dns();
        let roles = |dns: &Dns| -> Vec<CheckRole> {
            Blueprint::of(dns).unwrap().checks.iter().map(|check| check.role).collect()
        };
        assert_eq!(roles(&dns), [Primary, Latch, Traffic, Standby]);
        let arn = "arn:aws:route53-recovery-control::1:controlpanel/1/routingcontrol/1";
        dns.drivers.push(Driver::RoutingControls);
        dns.routing_controls = Some(RoutingControls {
            endpoints: Vec::new(),
            primary: arn.into(),
            standby: "arn:aws:other".into(),
        });
        assert_eq!(roles(&dns), [Primary, Latch, RoutingControl, Traffic, Standby]);
        let blueprint = Blueprint::of(&dns).unwrap();
        let all = Subject::All(vec![Primary, Latch, RoutingControl]);
        assert_eq!(blueprint.checks[3].subject, all);
        assert!(blueprint.pairs.iter().all(|pair| pair.watched_by == Traffic));
        dns.drivers = vec![Driver::Records];
        assert_eq!(roles(&dns), [Primary, Standby]);
        assert_eq!(Blueprint::of(&dns).unwrap().pairs[0].watched_by, Primary);
    }

    #[test]
    fn an_endpoint_is_asked_at_its_address_and_the_latch_by_its_name() {
        let blueprint = Blueprint::of(&dns()).unwrap();
        let primary = blueprint.page(CheckRole::Primary).unwrap();
        assert_eq!(primary.address.unwrap().to_string(), "76.76.21.21");
        assert_eq!(primary.host.as_deref(), Some("hc-primary.concierge-transaction-flow.com"));
        let latch = blueprint.page(CheckRole::Latch).unwrap();
        assert_eq!(latch.host.as_deref(), Some("latches.s3.us-west-2.amazonaws.com"));
        assert!(latch.inverted && latch.address.is_none());
        assert_eq!(blueprint.page(CheckRole::Traffic), None);
    }

    #[test]
    fn only_names_below_the_zones_top_are_aliases() {
        let mut dns = dns();
        dns.aliases = Some(Aliases { primary: "a.example".into(), standby: "b.example".into() });
        let pairs = Blueprint::of(&dns).unwrap().pairs;
        assert_eq!((pairs[0].kind, pairs[1].kind), (RecordType::A, RecordType::Cname));
        assert_eq!(pairs[1].standby, "b.example");
    }

    #[test]
    fn what_is_missing_is_named_with_what_to_write() {
        let mut dns = written();
        dns.health_checks = None;
        dns.ttl = Span::mins(5);
        dns.primary = "2001:db9::1".into();
        dns.names.push("example.net".into());
        insta::assert_snapshot!(Blueprint::of(&dns).unwrap_err().join("\n"), @r#"
        the hosted zone's id is not filled in: write dns.zone_id
        nothing says what is checked: write [dns.health_checks]
        answers would live 5 min: write dns.ttl = "60s" or less
        192.0.2.10 is nobody's address: write dns.standby
        concierge-transaction-flow.com would be AAAA on one side and A on the other, and a pair has one type: write two addresses of one kind
        www.concierge-transaction-flow.com would be AAAA on one side and A on the other, and a pair has one type: write two addresses of one kind
        example.net is not in the zone concierge-transaction-flow.com: correct dns.names
        "#);
    }
}
