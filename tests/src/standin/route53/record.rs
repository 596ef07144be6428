//! A resource record set: how tests write it down, and its XML.

use roxmltree::Node;

use super::refusal::Refusal;
use super::xml::{child, children, element, in_order, optional, parsed, text, wrap};

/// A resource record set with the fields that decide an answer. What it may not combine is for the rules to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordSet {
    /// In lower case, with the final dot.
    pub name: String,
    /// `A`, `CNAME` and so on.
    pub kind: String,
    /// Tells sets of one name and type apart.
    pub set_identifier: Option<String>,
    /// 0 to 255.
    pub weight: Option<u32>,
    /// The Region of a latency record.
    pub region: Option<String>,
    /// Tags and texts of a geolocation.
    pub geo_location: Option<Vec<(String, String)>>,
    /// `PRIMARY` or `SECONDARY`.
    pub failover: Option<String>,
    /// Always true where it is.
    pub multi_value: Option<bool>,
    /// Seconds.
    pub ttl: Option<u32>,
    /// What is answered.
    pub values: Vec<String>,
    /// Whose answer is answered instead.
    pub alias: Option<Alias>,
    /// The health check that decides whether this set is answered.
    pub health_check: Option<String>,
}

/// The target of an alias record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The zone of the target: the record's own, or the service's.
    pub zone: String,
    /// In lower case, with the final dot.
    pub name: String,
    /// Whether the target's health counts.
    pub evaluate_target_health: bool,
}

/// What identifies a set within a zone, in the order in which sets are listed: labels reversed, type, identifier.
pub type Key = (String, String, String);

/// The documented order of the elements.
const ORDER: [&str; 12] = [
    "Name",
    "Type",
    "SetIdentifier",
    "Weight",
    "Region",
    "GeoLocation",
    "Failover",
    "MultiValueAnswer",
    "TTL",
    "ResourceRecords",
    "AliasTarget",
    "HealthCheckId",
];

impl RecordSet {
    /// A simple record set.
    pub fn new(name: &str, kind: &str, ttl: u32, values: &[&str]) -> Self {
        Self {
            name: canonical(name),
            kind: kind.to_owned(),
            ttl: Some(ttl),
            values: values.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }

    /// An alias, not otherwise routed.
    pub fn alias(name: &str, kind: &str, zone: &str, target: &str, evaluate: bool) -> Self {
        let alias = Alias {
            zone: zone.to_owned(),
            name: canonical(target),
            evaluate_target_health: evaluate,
        };
        let plain = Self { name: canonical(name), kind: kind.to_owned(), ..Self::default() };
        Self { alias: Some(alias), ..plain }
    }

    /// The `PRIMARY` of a failover pair.
    pub fn primary(self, set_identifier: &str) -> Self {
        self.role("PRIMARY", set_identifier)
    }

    /// The `SECONDARY` of a failover pair.
    pub fn secondary(self, set_identifier: &str) -> Self {
        self.role("SECONDARY", set_identifier)
    }

    /// A member of a weighted group.
    pub fn weighted(mut self, weight: u32, set_identifier: &str) -> Self {
        self.weight = Some(weight);
        self.identified(set_identifier)
    }

    /// A member of a multivalue group.
    pub fn multi_value(mut self, set_identifier: &str) -> Self {
        self.multi_value = Some(true);
        self.identified(set_identifier)
    }

    /// A member of a latency group.
    pub fn latency(mut self, region: &str, set_identifier: &str) -> Self {
        self.region = Some(region.to_owned());
        self.identified(set_identifier)
    }

    /// Answered only while this health check says so.
    pub fn checked_by(mut self, health_check: &str) -> Self {
        self.health_check = Some(health_check.to_owned());
        self
    }

    fn role(mut self, role: &str, set_identifier: &str) -> Self {
        self.failover = Some(role.to_owned());
        self.identified(set_identifier)
    }

    fn identified(mut self, set_identifier: &str) -> Self {
        self.set_identifier = Some(set_identifier.to_owned());
        self
    }

    /// What identifies it within its zone.
    pub fn key(&self) -> Key {
        let identifier = self.set_identifier.clone().unwrap_or_default();
        (reversed(&self.name), self.kind.clone(), identifier)
    }

    /// Its routing policies: none for a simple record, one for a routed one, more for a mistake.
    pub fn policies(&self) -> Vec<&'static str> {
        let policies = [
            ("weighted", self.weight.is_some()),
            ("latency", self.region.is_some()),
            ("geolocation", self.geo_location.is_some()),
            ("failover", self.failover.is_some()),
            ("multivalue", self.multi_value.is_some()),
        ];
        policies.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect()
    }

    /// How messages name it.
    pub fn described(&self) -> String {
        let identifier = self.set_identifier.iter().map(|it| format!(", set identifier='{it}'"));
        let identifier: String = identifier.collect();
        format!("[name='{}', type='{}'{identifier}]", self.name, self.kind)
    }

    /// Reads it from a request.
    pub fn read(node: Node<'_, '_>) -> Result<Self, Refusal> {
        in_order(node, &ORDER)?;
        let wanted = |tag| text(node, tag).ok_or_else(|| Refusal::input(&format!("{tag} lacks")));
        let geo_location = child(node, "GeoLocation").map(|_| {
            let parts = children(node, "GeoLocation").into_iter();
            let pair = |it: Node| (it.tag_name().name().into(), it.text().unwrap_or("").into());
            parts.map(pair).collect()
        });
        let records = children(node, "ResourceRecords").into_iter();
        Ok(Self {
            name: canonical(&wanted("Name")?),
            kind: wanted("Type")?,
            set_identifier: text(node, "SetIdentifier"),
            weight: parsed(node, "Weight")?,
            region: text(node, "Region"),
            geo_location,
            failover: text(node, "Failover"),
            multi_value: parsed(node, "MultiValueAnswer")?,
            ttl: parsed(node, "TTL")?,
            values: records.filter_map(|record| text(record, "Value")).collect(),
            alias: child(node, "AliasTarget").map(Alias::read).transpose()?,
            health_check: text(node, "HealthCheckId"),
        })
    }

    /// Its XML.
    pub fn write(&self) -> String {
        let records = self.values.iter().map(|it| wrap("ResourceRecord", &element("Value", it)));
        let records: String = records.collect();
        let places = self.geo_location.iter().map(|parts| {
            let parts: String = parts.iter().map(|(tag, text)| element(tag, text)).collect();
            wrap("GeoLocation", &parts)
        });
        let inside = [
            element("Name", &self.name),
            element("Type", &self.kind),
            optional("SetIdentifier", self.set_identifier.as_ref()),
            optional("Weight", self.weight),
            optional("Region", self.region.as_ref()),
            places.collect(),
            optional("Failover", self.failover.as_ref()),
            optional("MultiValueAnswer", self.multi_value),
            optional("TTL", self.ttl),
            if records.is_empty() { records } else { wrap("ResourceRecords", &records) },
            self.alias.as_ref().map(Alias::write).unwrap_or_default(),
            optional("HealthCheckId", self.health_check.as_ref()),
        ];
        wrap("ResourceRecordSet", &inside.concat())
    }
}

impl Alias {
    fn read(node: Node<'_, '_>) -> Result<Self, Refusal> {
        in_order(node, &["HostedZoneId", "DNSName", "EvaluateTargetHealth"])?;
        let wanted = |tag| text(node, tag).ok_or_else(|| Refusal::input(&format!("{tag} lacks")));
        let evaluate = parsed(node, "EvaluateTargetHealth")?;
        Ok(Self {
            zone: wanted("HostedZoneId")?,
            name: canonical(&wanted("DNSName")?),
            evaluate_target_health: evaluate
                .ok_or_else(|| Refusal::input("EvaluateTargetHealth lacks"))?,
        })
    }

    fn write(&self) -> String {
        let inside = element("HostedZoneId", &self.zone)
            + &element("DNSName", &self.name)
            + &element("EvaluateTargetHealth", self.evaluate_target_health);
        wrap("AliasTarget", &inside)
    }
}

/// A name as it is stored: in lower case, with the final dot.
pub fn canonical(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_lowercase())
}

/// A name with its labels the other way round, as listings are sorted.
pub fn reversed(name: &str) -> String {
    let labels: Vec<_> = name.trim_end_matches('.').split('.').rev().collect();
    labels.join(".")
}
