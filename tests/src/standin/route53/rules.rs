//! What a record set may be, alone and beside others: each rule answers with what is wrong.
//!
//! The numbers are those of our list of rules for a strict stand-in; the texts are ours, the facts Amazon's.

use std::collections::BTreeSet;

use super::record::{Alias, RecordSet};

/// The most weighted sets of one name and type.
const WEIGHTED_SETS: usize = 100;
/// The zone that every `CloudFront` distribution is an alias in; a published constant.
pub const CLOUDFRONT: &str = "Z2FDTNDATAQYW2";

/// Everything wrong with a set by itself in the zone of that name and id.
pub fn alone(set: &RecordSet, zone_name: &str, zone_id: &str) -> Vec<String> {
    let checks = [
        place(set, zone_name),
        policy(set),
        content(set),
        values(set),
        weight(set),
        multi_value(set),
        failover(set),
        set.alias.as_ref().and_then(|alias| target(alias, zone_name, zone_id)),
    ];
    checks.into_iter().flatten().map(|wrong| format!("{} {wrong}", set.described())).collect()
}

/// Everything wrong with the sets of one name together.
pub fn together(sets: &[&RecordSet]) -> Vec<String> {
    let mut wrong = Vec::new();
    let kinds: BTreeSet<_> = sets.iter().map(|set| set.kind.as_str()).collect();
    if kinds.contains("CNAME") && kinds.len() > 1 {
        wrong.push("has a CNAME beside another type".to_owned()); // R2
    }
    wrong.extend(split(sets));
    for kind in kinds {
        let group: Vec<_> = sets.iter().copied().filter(|set| set.kind == kind).collect();
        wrong.extend(group_rules(&group).into_iter().flatten());
    }
    let name = sets.first().map_or("", |set| &set.name);
    wrong.into_iter().map(|wrong| format!("[name='{name}'] {wrong}")).collect()
}

/// Rules for the sets of one name and type.
fn group_rules(group: &[&RecordSet]) -> [Option<String>; 4] {
    [mixed(group), roles(group), weighted(group), both_cloudfront(group)]
}

/// Out-of-zone names, and R1.
fn place(set: &RecordSet, zone: &str) -> Option<String> {
    let inside = set.name == zone || set.name.ends_with(&format!(".{zone}"));
    if !inside {
        return Some(format!("is not permitted in zone {zone}"));
    }
    let apex = set.kind == "CNAME" && set.name == zone;
    apex.then(|| format!("is a CNAME, which is not permitted at apex in zone {zone}"))
}

/// R4, and no two policies on one set.
fn policy(set: &RecordSet) -> Option<String> {
    match (set.policies().as_slice(), &set.set_identifier) {
        ([], Some(_)) => Some("has a SetIdentifier but no routing policy".to_owned()),
        ([_], None) => Some("has a routing policy but no SetIdentifier".to_owned()),
        ([_, _, ..], _) => Some("has more than one routing policy".to_owned()),
        _ => None,
    }
}

/// R14: an alias and nothing else, or a TTL and values.
fn content(set: &RecordSet) -> Option<String> {
    match (&set.alias, set.ttl, set.values.is_empty()) {
        (Some(_), None, true) | (None, Some(_), false) => None,
        (Some(_), ..) => Some("is an alias with a TTL or ResourceRecords".to_owned()),
        (None, ..) => Some("needs a TTL and ResourceRecords, or an AliasTarget".to_owned()),
    }
}

/// Values are of the type, and differ.
fn values(set: &RecordSet) -> Option<String> {
    let of_kind = |value: &String| match set.kind.as_str() {
        "A" => value.parse::<std::net::Ipv4Addr>().is_ok(),
        "AAAA" => value.parse::<std::net::Ipv6Addr>().is_ok(),
        "TXT" => value.starts_with('"') && value.ends_with('"'),
        _ => !value.is_empty(),
    };
    let different: BTreeSet<_> = set.values.iter().collect();
    if let Some(value) = set.values.iter().find(|value| !of_kind(value)) {
        return Some(format!("has the invalid value '{value}'"));
    }
    let wrong = different.len() < set.values.len() || (set.kind == "CNAME" && different.len() > 1);
    wrong.then(|| "has duplicate values or a CNAME with more than one".to_owned())
}

/// R11 for one set.
fn weight(set: &RecordSet) -> Option<String> {
    let weight = set.weight?;
    let wrong = weight > 255 || set.values.len() > 1;
    wrong.then(|| "is weighted: weight 0 to 255 and one ResourceRecord".to_owned())
}

/// R13.
fn multi_value(set: &RecordSet) -> Option<String> {
    let value = set.multi_value?;
    let wrong = !value || set.alias.is_some() || set.kind == "CNAME" || set.values.len() > 1;
    wrong.then(|| "is multivalue: true, no alias, no CNAME, one ResourceRecord".to_owned())
}

/// R15. For `CloudFront` the documents contradict each other; we keep the one about its own targets.
fn failover(set: &RecordSet) -> Option<String> {
    let role = set.failover.as_ref()?;
    if role != "PRIMARY" && role != "SECONDARY" {
        return Some(format!("has the failover role '{role}'"));
    }
    let alias = set.alias.as_ref()?;
    let wanted = alias.zone != CLOUDFRONT;
    (alias.evaluate_target_health != wanted)
        .then(|| format!("is a failover alias: EvaluateTargetHealth must be {wanted}"))
}

/// R14: the target is Amazon's, or of the same zone.
fn target(alias: &Alias, zone_name: &str, zone_id: &str) -> Option<String> {
    let inside = alias.name == zone_name || alias.name.ends_with(&format!(".{zone_name}"));
    let amazons = [".amazonaws.com.", ".cloudfront.net.", ".awsglobalaccelerator.com."];
    let amazons = amazons.iter().any(|it| alias.name.ends_with(it));
    let right = if alias.zone == zone_id { inside } else { amazons };
    (!right).then(|| format!("is an alias to {}, which is no target of Amazon's", alias.name))
}

/// R3 and R12.
fn mixed(group: &[&RecordSet]) -> Option<String> {
    let policies: BTreeSet<_> = group.iter().map(|set| set.policies()).collect();
    (policies.len() > 1).then(|| "has sets of one type under different policies".to_owned())
}

/// R5.
fn roles(group: &[&RecordSet]) -> Option<String> {
    let mut seen = BTreeSet::new();
    let twice = group.iter().filter_map(|set| set.failover.as_ref()).any(|role| !seen.insert(role));
    twice.then(|| "has two failover sets with the same role".to_owned())
}

/// R11 for the group.
fn weighted(group: &[&RecordSet]) -> Option<String> {
    let weighted: Vec<_> = group.iter().filter(|set| set.weight.is_some()).collect();
    let ttls: BTreeSet<_> = weighted.iter().map(|set| set.ttl).collect();
    let wrong = ttls.len() > 1 || weighted.len() > WEIGHTED_SETS;
    wrong.then(|| format!("has a weighted group: one TTL and at most {WEIGHTED_SETS} sets"))
}

/// R16.
fn both_cloudfront(group: &[&RecordSet]) -> Option<String> {
    let aliases = group.iter().filter(|set| set.failover.is_some());
    let cloudfront =
        aliases.filter_map(|set| set.alias.as_ref()).filter(|it| it.zone == CLOUDFRONT);
    (cloudfront.count() > 1).then(|| "has a CloudFront distribution on both sides".to_owned())
}

/// R17: one group must not be spread over types. Whole groups of two types, as for IPv4 and IPv6, are two groups.
fn split(sets: &[&RecordSet]) -> Option<String> {
    let routed: Vec<_> = sets.iter().filter(|set| !set.policies().is_empty()).collect();
    let lonely: Vec<_> = routed
        .iter()
        .filter(|set| routed.iter().filter(|it| it.kind == set.kind).count() == 1)
        .collect();
    let apart = |a: &RecordSet, b: &RecordSet| {
        a.policies() == b.policies() && a.set_identifier != b.set_identifier
    };
    let split = lonely.iter().any(|a| lonely.iter().any(|b| apart(a, b)));
    split.then(|| "has one group of sets spread over several types".to_owned())
}
