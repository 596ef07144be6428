//! A hosted zone: what its control plane holds, what its name servers answer, and the changes between the two.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Key, RecordSet, canonical};
use super::xml::{element, optional, wrap};

/// Record sets by what identifies them, in the order of listings.
pub type Records = BTreeMap<Key, RecordSet>;

/// Types that users reach a site by: while a name has one of them, it is not empty.
const ADDRESSES: [&str; 3] = ["A", "AAAA", "CNAME"];
/// Nothing depends on when a change was submitted, so all say the same.
const SUBMITTED: &str = "2026-01-05T06:00:00.000Z";

/// A hosted zone.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Its id, without a prefix.
    pub id: String,
    /// In lower case, with the final dot.
    pub name: String,
    /// What `ListResourceRecordSets` shows.
    pub records: Records,
    /// What the name servers answer.
    pub visible: Records,
    /// The delegation set.
    pub name_servers: Vec<String>,
    /// `ENABLED`, `DISABLED` and so on.
    pub accelerated_recovery: String,
    /// An earlier change is being processed.
    pub busy: bool,
}

/// A change that was accepted.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its id, without a prefix.
    pub id: String,
    /// The zone's id.
    pub zone: String,
    /// As it was sent.
    pub comment: Option<String>,
    /// How often `GetChange` still says PENDING.
    pub polls_left: u32,
    /// What the name servers will take over; `None` if it never gets there.
    pub difference: Option<Difference>,
}

/// What to put in place of what, by key.
pub type Difference = Vec<(Key, Option<RecordSet>)>;

impl Zone {
    /// A new zone: its SOA and NS, four name servers, accelerated recovery off.
    pub fn new(id: &str, name: &str) -> Self {
        let name = canonical(name);
        let name_servers: Vec<_> = (1..=4).map(|n| format!("ns{n}.{name}")).collect();
        let servers: Vec<_> = name_servers.iter().map(String::as_str).collect();
        let soa = format!("ns1.{name} hostmaster.{name} 1 7200 900 1209600 86400");
        let sets = [
            RecordSet::new(&name, "NS", 172_800, &servers),
            RecordSet::new(&name, "SOA", 900, &[&soa]),
        ];
        let records: Records = sets.into_iter().map(|set| (set.key(), set)).collect();
        Self {
            id: id.to_owned(),
            visible: records.clone(),
            records,
            name,
            name_servers,
            accelerated_recovery: "DISABLED".to_owned(),
            busy: false,
        }
    }

    /// Lets the name servers take over a change.
    pub fn publish(&mut self, difference: Difference) -> Vec<String> {
        let before = self.visible.clone();
        for (key, set) in difference {
            match set {
                Some(set) => self.visible.insert(key, set),
                None => self.visible.remove(&key),
            };
        }
        emptied(&before, &self.visible)
    }

    /// The zone in `GetHostedZone`.
    pub fn write(&self) -> String {
        let servers: String =
            self.name_servers.iter().map(|it| element("NameServer", it)).collect();
        let zone = element("Id", format!("/hostedzone/{}", self.id))
            + &element("Name", &self.name)
            + &element("CallerReference", &self.id)
            + &wrap("Config", &element("PrivateZone", false))
            + &element("ResourceRecordSetCount", self.records.len())
            + &wrap("Features", &element("AcceleratedRecoveryStatus", &self.accelerated_recovery));
        wrap("HostedZone", &zone) + &wrap("DelegationSet", &wrap("NameServers", &servers))
    }
}

impl Change {
    /// Its `ChangeInfo`.
    pub fn write(&self, status: &str) -> String {
        let inside = element("Id", format!("/change/{}", self.id))
            + &element("Status", status)
            + &element("SubmittedAt", SUBMITTED)
            + &optional("Comment", self.comment.as_ref());
        wrap("ChangeInfo", &inside)
    }
}

/// The names that could be reached before and can't after.
pub fn emptied(before: &Records, after: &Records) -> Vec<String> {
    let reachable = |records: &Records| -> BTreeSet<String> {
        let sets = records.values().filter(|set| ADDRESSES.contains(&set.kind.as_str()));
        sets.map(|set| set.name.clone()).collect()
    };
    reachable(before).difference(&reachable(after)).cloned().collect()
}
