//! What a name server answers: routing policies and health, as the name servers of Route 53 combine them.
//!
//! Latency and geolocation answer their first healthy set, for nobody here is anywhere.

use std::collections::BTreeMap;

use super::record::{Alias, RecordSet};
use super::zone::Zone;

/// Answers of one multivalue answer.
const MULTI_VALUES: usize = 8;
/// The TTL of answers through an alias to Amazon's own.
const ALIAS_TTL: u32 = 60;
/// Aliases followed one after another; a longer chain is a loop.
const ALIASES: usize = 8;

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whether the name exists at all.
    pub exists: bool,
    /// The type of the values: the one asked for, or CNAME.
    pub kind: String,
    /// Seconds.
    pub ttl: u32,
    /// The values; empty when there is no such record.
    pub values: Vec<String>,
}

/// One look at a zone.
pub struct Look<'a> {
    /// The zone that is asked.
    pub zone: &'a Zone,
    /// The verdict on each health check.
    pub health: &'a BTreeMap<String, bool>,
    /// What aliases to Amazon's own names answer.
    pub targets: &'a BTreeMap<String, Vec<String>>,
    /// Chooses among weighted sets: each number below the sum of the weights is one share.
    pub draw: u32,
}

impl Look<'_> {
    /// The answer for a name in lower case with its final dot.
    pub fn resolve(&self, name: &str, kind: &str) -> Answer {
        self.resolve_within(name, kind, ALIASES)
    }

    fn resolve_within(&self, name: &str, kind: &str, aliases: usize) -> Answer {
        let named: Vec<_> = self.zone.visible.values().filter(|set| set.name == name).collect();
        let of = |kind| named.iter().copied().filter(|set| set.kind == kind).collect::<Vec<_>>();
        let group = if of(kind).is_empty() { of("CNAME") } else { of(kind) };
        let chosen = self.choose(&group);
        let mut answer = Answer { exists: !named.is_empty(), ..Answer::default() };
        for set in chosen {
            answer.kind.clone_from(&set.kind);
            let (ttl, values) = self.content(set, aliases);
            answer.ttl = ttl;
            answer.values.extend(values);
        }
        answer
    }

    /// The sets of one name and type that are answered.
    fn choose<'b>(&self, group: &[&'b RecordSet]) -> Vec<&'b RecordSet> {
        let Some(first) = group.first() else { return Vec::new() };
        match first.policies().first() {
            None => vec![*first],
            Some(&"failover") => self.failover(group).into_iter().collect(),
            Some(&"weighted") => self.weighted(group).into_iter().collect(),
            Some(&"multivalue") => self.multi_value(group),
            Some(_) => vec![self.healthy_or_all(group)[0]],
        }
    }

    /// PRIMARY while it is healthy; else SECONDARY while that is; else PRIMARY again: it fails open.
    fn failover<'b>(&self, group: &[&'b RecordSet]) -> Option<&'b RecordSet> {
        let role = |role| group.iter().copied().find(|set| set.failover.as_deref() == Some(role));
        let (primary, secondary) = (role("PRIMARY"), role("SECONDARY"));
        let healthy = |set: &&RecordSet| self.is_healthy(set, ALIASES);
        primary.filter(healthy).or(secondary.filter(healthy)).or(primary).or(secondary)
    }

    fn weighted<'b>(&self, group: &[&'b RecordSet]) -> Option<&'b RecordSet> {
        let weight = |set: &RecordSet| set.weight.unwrap_or(0);
        let weighted: Vec<_> = group.iter().copied().filter(|set| weight(set) > 0).collect();
        if weighted.is_empty() {
            let equal = self.healthy_or_all(group);
            return equal.get(self.draw as usize % equal.len()).copied();
        }
        let sets = self.healthy_or_all(&weighted);
        let mut share = self.draw % sets.iter().map(|set| weight(set)).sum::<u32>();
        sets.into_iter().find(|set| {
            let mine = share < weight(set);
            share = share.saturating_sub(weight(set));
            mine
        })
    }

    fn multi_value<'b>(&self, group: &[&'b RecordSet]) -> Vec<&'b RecordSet> {
        self.healthy_or_all(group).into_iter().take(MULTI_VALUES).collect()
    }

    /// The healthy sets; when there is none, all count as healthy.
    fn healthy_or_all<'b>(&self, group: &[&'b RecordSet]) -> Vec<&'b RecordSet> {
        let healthy = group.iter().copied().filter(|set| self.is_healthy(set, ALIASES));
        let healthy: Vec<_> = healthy.collect();
        if healthy.is_empty() { group.to_vec() } else { healthy }
    }

    /// Without a health check a set is always healthy; an alias may also ask for its target's health.
    fn is_healthy(&self, set: &RecordSet, aliases: usize) -> bool {
        let own = set.health_check.as_ref().is_none_or(|id| self.health.get(id) == Some(&true));
        let evaluated = set.alias.as_ref().filter(|alias| alias.evaluate_target_health);
        own && evaluated.is_none_or(|alias| self.target_is_healthy(alias, &set.kind, aliases))
    }

    fn target_is_healthy(&self, alias: &Alias, kind: &str, aliases: usize) -> bool {
        if alias.zone != self.zone.id {
            return true;
        }
        let named = self.zone.visible.values().filter(|set| set.name == alias.name);
        let mut target = named.filter(|set| set.kind == kind);
        aliases > 0 && target.any(|set| self.is_healthy(set, aliases - 1))
    }

    fn content(&self, set: &RecordSet, aliases: usize) -> (u32, Vec<String>) {
        match &set.alias {
            None => (set.ttl.unwrap_or(0), set.values.clone()),
            Some(alias) if alias.zone == self.zone.id && aliases > 0 => {
                let target = self.resolve_within(&alias.name, &set.kind, aliases - 1);
                (target.ttl, target.values)
            }
            Some(alias) => (ALIAS_TTL, self.targets.get(&alias.name).cloned().unwrap_or_default()),
        }
    }
}
