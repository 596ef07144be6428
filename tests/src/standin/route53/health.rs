//! Health checks: what a configuration may be, and whether a check is healthy.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::refusal::Refusal;
use super::xml::{child, children, element, in_order, optional, text, wrap};

/// Checkers of one check. Route 53 has more; the share that decides is the same.
pub const CHECKERS: u32 = 16;
/// A check is healthy while more than this share of its checkers, in per cent, says so.
const HEALTHY_ABOVE: u32 = 18;
/// The most children of a calculated check.
const CHILDREN: usize = 255;

/// The documented order of a configuration.
const ORDER: [&str; 18] = [
    "IPAddress",
    "Port",
    "Type",
    "ResourcePath",
    "FullyQualifiedDomainName",
    "SearchString",
    "RequestInterval",
    "FailureThreshold",
    "MeasureLatency",
    "Inverted",
    "Disabled",
    "HealthThreshold",
    "ChildHealthChecks",
    "EnableSNI",
    "Regions",
    "AlarmIdentifier",
    "InsufficientDataHealthStatus",
    "RoutingControlArn",
];
/// What `UpdateHealthCheck` can't change, and what it says besides the configuration.
const UNCHANGEABLE: [&str; 4] = ["Type", "RequestInterval", "MeasureLatency", "RoutingControlArn"];

/// A health check.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    /// Its id.
    pub id: String,
    /// What makes creating it twice harmless.
    pub caller_reference: String,
    /// Counts updates, from 1.
    pub version: u64,
    /// What it looks at.
    pub config: Config,
    /// How many checkers find the endpoint healthy; `None` until data arrives.
    pub checkers_up: Option<u32>,
}

/// A configuration: texts by tag, and what has parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    fields: BTreeMap<String, String>,
    /// The children of a calculated check.
    pub children: Vec<String>,
    regions: Vec<String>,
    alarm: Option<(String, String)>,
}

/// What checks look at besides endpoints.
pub trait Surroundings {
    /// Whether an object of S3 is there; `None` if the host is not one of S3's.
    fn object(&self, host: &str, path: &str) -> Option<bool>;
    /// Whether the routing control is on.
    fn control(&self, arn: &str) -> bool;
    /// Whether another check is healthy.
    fn healthy(&self, id: &str) -> bool;
}

impl HealthCheck {
    /// Whether it counts as healthy.
    pub fn is_healthy(&self, around: &impl Surroundings) -> bool {
        let found = self.config.is("Disabled") || self.finding(around);
        found != self.config.is("Inverted")
    }

    /// How many of its checkers find the endpoint healthy: those of a new check all do.
    pub fn checkers_up(&self, around: &impl Surroundings) -> u32 {
        let object = around
            .object(self.config.get("FullyQualifiedDomainName"), self.config.get("ResourcePath"));
        match object {
            Some(there) => CHECKERS * u32::from(there),
            None => self.checkers_up.unwrap_or(CHECKERS),
        }
    }

    /// Its verdict before it is inverted.
    fn finding(&self, around: &impl Surroundings) -> bool {
        match self.config.kind() {
            "CALCULATED" => {
                let up = self.config.children.iter().filter(|id| around.healthy(id)).count();
                up >= self.config.number("HealthThreshold").unwrap_or(0)
            }
            "RECOVERY_CONTROL" => around.control(self.config.get("RoutingControlArn")),
            "CLOUDWATCH_METRIC" if self.checkers_up.is_none() => {
                self.config.get("InsufficientDataHealthStatus") != "Unhealthy"
            }
            _ => self.checkers_up(around) * 100 > HEALTHY_ABOVE * CHECKERS,
        }
    }

    /// Takes over what an `UpdateHealthCheck` sends.
    pub fn update(&mut self, node: Node<'_, '_>) -> Result<(), Refusal> {
        let sent = node.children().filter(Node::is_element).map(|it| it.tag_name().name());
        let fixed = sent.into_iter().find(|tag| UNCHANGEABLE.contains(tag));
        if let Some(tag) = fixed {
            return Err(Refusal::input(&format!("{tag} can't be changed")));
        }
        if text(node, "HealthCheckVersion").is_some_and(|it| it != self.version.to_string()) {
            let stale = "the health check was changed since it was read";
            return Err(Refusal::new(409, "HealthCheckVersionMismatch", stale));
        }
        let mut config = self.config.clone();
        config.take(node);
        config.check()?;
        self.config = config;
        self.version += 1;
        Ok(())
    }

    /// Its XML.
    pub fn write(&self) -> String {
        let inside = element("Id", &self.id)
            + &element("CallerReference", &self.caller_reference)
            + &wrap("HealthCheckConfig", &self.config.write())
            + &element("HealthCheckVersion", self.version);
        wrap("HealthCheck", &inside)
    }
}

impl Config {
    /// Reads and checks the configuration of a new check.
    pub fn read(node: Node<'_, '_>) -> Result<Self, Refusal> {
        in_order(node, &ORDER)?;
        let mut config = Self::default();
        config.take(node);
        if config.is_endpoint() {
            for (tag, default) in [("RequestInterval", "30"), ("FailureThreshold", "3")] {
                config.fields.entry(tag.to_owned()).or_insert_with(|| default.to_owned());
            }
        }
        config.check()?;
        Ok(config)
    }

    /// Its type.
    pub fn kind(&self) -> &str {
        self.get("Type")
    }

    /// Whether checkers look at an address.
    pub fn is_endpoint(&self) -> bool {
        !matches!(self.kind(), "CALCULATED" | "RECOVERY_CONTROL" | "CLOUDWATCH_METRIC")
    }

    /// How many looks in a row change the verdict.
    pub fn failure_threshold(&self) -> usize {
        self.number("FailureThreshold").unwrap_or(1)
    }

    /// The text of a field, empty if there is none.
    pub fn get(&self, tag: &str) -> &str {
        self.fields.get(tag).map_or("", String::as_str)
    }

    fn is(&self, tag: &str) -> bool {
        self.get(tag) == "true"
    }

    fn number(&self, tag: &str) -> Option<usize> {
        self.get(tag).parse().ok()
    }

    fn take(&mut self, node: Node<'_, '_>) {
        let texts = |tag| -> Vec<String> {
            let nodes = children(node, tag).into_iter();
            nodes.filter_map(|it| it.text().map(ToOwned::to_owned)).collect()
        };
        for tag in ORDER {
            match tag {
                "ChildHealthChecks" if child(node, tag).is_some() => {
                    self.children = texts(tag);
                }
                "Regions" if child(node, tag).is_some() => self.regions = texts(tag),
                "AlarmIdentifier" => {
                    let part = |alarm, tag| text(alarm, tag).unwrap_or_default();
                    let alarm = child(node, tag).map(|it| (part(it, "Region"), part(it, "Name")));
                    self.alarm = alarm.or(self.alarm.take());
                }
                _ => self.fields.extend(text(node, tag).map(|text| (tag.to_owned(), text))),
            }
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        let kinds = ["HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP"];
        let wrong = match self.kind() {
            "CALCULATED" => self.calculated(),
            "RECOVERY_CONTROL" => (self.get("RoutingControlArn").is_empty())
                .then_some("a RECOVERY_CONTROL check needs a RoutingControlArn"),
            "CLOUDWATCH_METRIC" => {
                self.alarm.is_none().then_some("a CLOUDWATCH_METRIC check needs an alarm")
            }
            kind if kinds.contains(&kind) => self.endpoint(),
            _ => Some("the type is unknown"),
        };
        wrong.map_or(Ok(()), |wrong| Err(Refusal::input(wrong)))
    }

    fn calculated(&self) -> Option<&'static str> {
        if self.children.len() > CHILDREN {
            return Some("a CALCULATED check has at most 255 children");
        }
        let threshold = self.number("HealthThreshold").is_none_or(|it| it > CHILDREN + 1);
        threshold.then_some("a CALCULATED check needs a HealthThreshold from 0 to 256")
    }

    fn endpoint(&self) -> Option<&'static str> {
        let nameless =
            self.get("FullyQualifiedDomainName").is_empty() && self.get("IPAddress").is_empty();
        if nameless {
            return Some("an endpoint needs an IPAddress or a FullyQualifiedDomainName");
        }
        if !matches!(self.get("RequestInterval"), "10" | "30") {
            return Some("RequestInterval is 10 or 30");
        }
        if self.kind().ends_with("STR_MATCH") == self.get("SearchString").is_empty() {
            return Some("a SearchString belongs to the STR_MATCH types");
        }
        let threshold = self.number("FailureThreshold").is_some_and(|it| (1..=10).contains(&it));
        (!threshold).then_some("FailureThreshold is 1 to 10")
    }

    fn write(&self) -> String {
        let list = |outer: &str, inner: &str, items: &[String]| {
            let items: String = items.iter().map(|it| element(inner, it)).collect();
            if items.is_empty() { items } else { wrap(outer, &items) }
        };
        let field = |tag: &str| match tag {
            "ChildHealthChecks" => list(tag, "ChildHealthCheck", &self.children),
            "Regions" => list(tag, "Region", &self.regions),
            "AlarmIdentifier" => {
                let alarm = self.alarm.iter();
                let parts = |(region, name)| element("Region", region) + &element("Name", name);
                alarm.map(|(r, n)| wrap(tag, &parts((r, n)))).collect()
            }
            _ => optional(tag, self.fields.get(tag)),
        };
        ORDER.into_iter().map(field).collect()
    }
}
