//! Failover pairs: what has to be replaced for a name to have one.
//!
//! Where visitors go is never decided here: a name that leads elsewhere than to the plan's primary is left alone.

use aws_sdk_route53::types::{
    ResourceRecord, ResourceRecordSet, ResourceRecordSetFailover, RrType,
};
use shared::effect::Change;
use shared::plan::blueprint::{CheckRole, Pair};

use super::checks::Checks;
use crate::vendors::dns::records::{Swap, is_routed_otherwise, is_side, target, values};

/// What has to be replaced or added for a pair to be as wanted; else why it can't be made.
pub fn swaps(
    pair: &Pair,
    sets: &[ResourceRecordSet],
    checks: &Checks,
) -> Result<Vec<Swap>, String> {
    let name = &pair.name;
    if sets.iter().any(|set| set.alias_target.is_some() || is_routed_otherwise(set)) {
        return Err(format!(
            "{name} is an alias or routed by weight, latency or place: make it a plain record by \
             hand first"
        ));
    }
    if let Some(other) = sets.iter().find(|set| set.r#type.as_str() != pair.kind.as_str()) {
        return Err(format!(
            "{name} has a record of type {}, the plan moves {}: visitors of the other type would \
             stay behind; remove it, or correct [dns] in the plan",
            other.r#type.as_str(),
            pair.kind.as_str()
        ));
    }
    let primary = sets.iter().find(|set| is_side(set, "PRIMARY"));
    let secondary = sets.iter().find(|set| is_side(set, "SECONDARY"));
    let alone = sets.iter().find(|set| set.failover.is_none());
    if let Some(serving) = primary.or(alone) {
        leads_to_the_primary(pair, serving)?;
    }
    let standby = checks.id(CheckRole::Standby);
    let wanted = [
        (primary.or(alone), side(pair, true, primary, checks.id(pair.watched_by))?),
        (secondary, side(pair, false, secondary, standby)?),
    ];
    let swaps = wanted.into_iter().map(|(old, new)| Swap { old: old.cloned(), new });
    // A record without its check is one whose check has yet to be made.
    Ok(swaps
        .filter(|swap| swap.old.as_ref() != Some(&swap.new) || swap.new.health_check_id.is_none())
        .collect())
}

/// Who serves visitors now must be who the plan says does.
fn leads_to_the_primary(pair: &Pair, serving: &ResourceRecordSet) -> Result<(), String> {
    let (name, value) = (&pair.name, values(serving));
    let value = value.trim_end_matches('.');
    if value == pair.primary {
        Ok(())
    } else if value == pair.standby {
        Err(format!("{name} leads to the standby: `allclear failback` first"))
    } else {
        Err(format!(
            "{name} leads to {value}, not to the plan's primary {}: correct [dns] in the plan, or \
             the record",
            pair.primary
        ))
    }
}

/// One side's record. One that is there keeps its identifier.
fn side(
    pair: &Pair,
    is_primary: bool,
    old: Option<&ResourceRecordSet>,
    check: Option<&str>,
) -> Result<ResourceRecordSet, String> {
    let (role, identifier, value) = if is_primary {
        (ResourceRecordSetFailover::Primary, "allclear-primary", &pair.primary)
    } else {
        (ResourceRecordSetFailover::Secondary, "allclear-standby", &pair.standby)
    };
    let old_value = old.map(values).filter(|held| held.trim_end_matches('.') == value);
    let value = old_value.as_ref().unwrap_or(value);
    let record = ResourceRecord::builder().value(value).build().map_err(|it| it.to_string())?;
    let identifier = old.and_then(|set| set.set_identifier()).unwrap_or(identifier);
    let name = old.map_or_else(|| format!("{}.", pair.name), |set| set.name.clone());
    ResourceRecordSet::builder()
        .name(name)
        .r#type(RrType::from(pair.kind.as_str()))
        .set_identifier(identifier)
        .failover(role)
        .ttl(pair.ttl.0 / 1_000)
        .resource_records(record)
        .set_health_check_id(check.map(Into::into))
        .build()
        .map_err(|error| error.to_string())
}

/// A swap, for people.
pub fn says(swap: &Swap, watched_by: CheckRole, checks: &Checks) -> Change {
    let of = |set: &ResourceRecordSet| {
        let mut says = vec![match set.failover() {
            Some(side) => format!("{} {}", side.as_str().to_lowercase(), values(set)),
            None => format!("simple {}", values(set)),
        }];
        says.extend(set.ttl.map(|ttl| format!("{ttl} s")));
        says.extend(set.health_check_id().map(|id| format!("watched by {}", checks.name(id))));
        says
    };
    let mut after = of(&swap.new);
    if swap.new.health_check_id.is_none() {
        let role = if is_side(&swap.new, "PRIMARY") { watched_by } else { CheckRole::Standby };
        after.push(format!("watched by {}", role.says()));
    }
    let before = swap.old.as_ref().map_or_else(|| "none".into(), |old| of(old).join(", "));
    Change { target: target(&swap.new), before, after: after.join(", ") }
}
