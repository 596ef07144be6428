//! The records driver: edits the records themselves, through Route 53's control plane in us-east-1.
//!
//! One batch of DELETE(exactly what was read) + CREATE(what is wanted): if anybody changed a record meanwhile the whole
//! batch is refused, and no name is ever without an answer. Route 53 has no idempotency token; the operation's id goes
//! into the comment, and a lost reply is read back.

use std::time::Duration;

use aws_sdk_route53::Client;
use aws_sdk_route53::operation::list_resource_record_sets::builders::ListResourceRecordSetsFluentBuilder;
use aws_sdk_route53::types::{
    Change as Edit, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet,
    RrType,
};
use shared::effect::{Change, Toward};
use shared::id::EffectKey;
use shared::plan::{Dns, RecordType};
use tokio::time::{sleep, timeout};

use super::{Acted, Pace};
use crate::perform::Hold;
use crate::vendors::aws::{Trouble, trouble};

/// Record sets of one name that are looked at: more than a failover pair is somebody else's arrangement.
const SETS_OF_A_NAME: i32 = 12;
/// How long a listing may take with all its repetitions: as long as one call may.
const READ_PATIENCE: Duration = Duration::from_secs(10);

/// The records of a plan.
pub struct RecordDriver<'a> {
    /// Route 53's control plane.
    pub route53: Client,
    /// The zone, the names, both sides.
    pub dns: &'a Dns,
    /// How fast it is asked.
    pub pace: Pace,
}

/// What a batch would replace, or add.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Swap {
    /// What is there, exactly; nothing where something is added.
    pub old: Option<ResourceRecordSet>,
    /// What is wanted.
    pub new: ResourceRecordSet,
}

impl RecordDriver<'_> {
    /// What would change; nothing if it is so already.
    pub async fn changes(&self, toward: Toward) -> Result<Vec<Change>, Trouble> {
        Ok(self.swaps(toward).await?.iter().map(Swap::says).collect())
    }

    /// Whether every name is as wanted now.
    pub async fn is_toward(&self, toward: Toward) -> Result<bool, Trouble> {
        Ok(self.swaps(toward).await?.is_empty())
    }

    /// Whether every name has a failover pair whose primary is watched: what the latch needs to have any effect.
    pub async fn has_pairs(&self) -> Result<bool, Trouble> {
        let sets = self.sets().await?;
        let watched = |set: &ResourceRecordSet| {
            set.failover.as_ref().is_some_and(|side| side.as_str() == "PRIMARY")
                && set.health_check_id.is_some()
        };
        Ok(sets.iter().all(|(_, sets)| sets.iter().any(watched)))
    }

    /// Edits the records and waits until every name server of Route 53 has the change.
    pub async fn act(&self, key: &EffectKey, toward: Toward, hold: &Hold) -> Acted {
        let swaps = match self.swaps(toward).await {
            Ok(swaps) if swaps.is_empty() => return Acted::Done(Vec::new()),
            Ok(swaps) => swaps,
            Err(trouble) => return Acted::from(trouble).before_any_write(),
        };
        let changes = swaps.iter().map(Swap::says).collect();
        match self.submit(&format!("allclear {key}"), &swaps, hold).await {
            Ok(change) => {
                self.follow(&change).await;
                Acted::Done(changes)
            }
            Err(Acted::Refused(why)) => match self.is_toward(toward).await {
                Ok(true) => Acted::Done(Vec::new()),
                _ => Acted::Refused(why),
            },
            Err(other) => other,
        }
    }

    /// Submits the same values once more: a change may be accepted and never reach the name servers.
    pub async fn resubmit(&self, key: &EffectKey, toward: Toward, hold: &Hold) -> Acted {
        let sets = match self.sets().await {
            Ok(sets) => sets,
            Err(trouble) => return Acted::from(trouble).before_any_write(),
        };
        let again: Vec<Swap> = sets
            .iter()
            .flat_map(|(name, sets)| sets.iter().map(move |set| (name, set)))
            .filter(|(name, set)| self.carries(name, set, toward))
            .map(|(_, set)| Swap { old: Some(set.clone()), new: set.clone() })
            .collect();
        if again.is_empty() {
            return Acted::Refused("somebody changed the records meanwhile: plan again".into());
        }
        match self.submit(&format!("allclear {key} again"), &again, hold).await {
            Ok(change) => {
                self.follow(&change).await;
                Acted::Done(again.iter().map(Swap::says).collect())
            }
            Err(other) => other,
        }
    }

    /// One batch; asked for again only where Route 53 says that it did nothing.
    pub(super) async fn submit(
        &self,
        comment: &str,
        swaps: &[Swap],
        hold: &Hold,
    ) -> Result<String, Acted> {
        let batch = batch(comment, swaps).map_err(Acted::Refused)?;
        for wait in self.pace.waits() {
            hold.stands().await.map_err(Acted::Halted)?;
            let call = self.route53.change_resource_record_sets();
            let call = call.hosted_zone_id(&self.dns.zone_id).change_batch(batch.clone());
            match call.send().await {
                Ok(answer) => {
                    return Ok(answer.change_info.map(|info| info.id).unwrap_or_default());
                }
                Err(error) => match trouble(&error) {
                    Trouble::Refused { code, .. } if is_busy(&code) => sleep(wait).await,
                    Trouble::Refused { code, says } if code == "InvalidChangeBatch" => {
                        let why =
                            format!("somebody changed the records meanwhile ({says}): plan again");
                        return Err(Acted::Refused(why));
                    }
                    other => return Err(Acted::from(other)),
                },
            }
        }
        Err(Acted::NotDone("Route 53 is busy with other requests for too long".into()))
    }

    /// Waits until the change is in sync, or for as long as the pace allows: who asks the name servers judges.
    pub(super) async fn follow(&self, change: &str) {
        for wait in self.pace.polls() {
            sleep(wait).await;
            let answer = self.route53.get_change().id(change).send().await;
            let status = answer.ok().and_then(|answer| answer.change_info).map(|info| info.status);
            if status == Some(ChangeStatus::Insync) {
                return;
            }
        }
    }

    async fn swaps(&self, toward: Toward) -> Result<Vec<Swap>, Trouble> {
        let mut swaps = Vec::new();
        for (name, sets) in self.sets().await? {
            swaps.extend(self.swap(&name, &sets, toward)?);
        }
        Ok(swaps)
    }

    /// What every name has now, asked for at the same time.
    pub(super) async fn sets(&self) -> Result<Vec<(String, Vec<ResourceRecordSet>)>, Trouble> {
        let mut asked = tokio::task::JoinSet::new();
        for (place, name) in self.dns.names.iter().enumerate() {
            let call = self.route53.list_resource_record_sets().max_items(SETS_OF_A_NAME);
            let call = call.hosted_zone_id(&self.dns.zone_id).start_record_name(name);
            let (name, waits) = (name.clone(), self.pace.waits());
            asked.spawn(async move {
                let listed = timeout(READ_PATIENCE, listed(call, waits)).await;
                let late = |_| Err(Trouble::Lost("no answer in time".into()));
                let mut sets = listed.unwrap_or_else(late)?;
                sets.retain(|set| is_named(set, &name) && is_ours(set));
                Ok((place, name, sets))
            });
        }
        let mut found: Vec<(usize, String, Vec<ResourceRecordSet>)> =
            asked.join_all().await.into_iter().collect::<Result<_, Trouble>>()?;
        found.sort_by_key(|(place, ..)| *place);
        Ok(found.into_iter().map(|(_, name, sets)| (name, sets)).collect())
    }

    /// What has to be replaced for one name: its only record, or the primary of its failover pair. The health check
    /// stays: whatever it says, both records of the pair then lead to the same side.
    fn swap(
        &self,
        name: &str,
        sets: &[ResourceRecordSet],
        toward: Toward,
    ) -> Result<Option<Swap>, Trouble> {
        let refuse = |says: String| Trouble::Refused { code: "plan".into(), says };
        if !self.dns.allows(name) {
            return Err(refuse(format!("{name} is not among the names a failover may touch")));
        }
        let (kind, value) = self.dns.target(name, toward);
        let primary = sets.iter().find(|set| is_side(set, "PRIMARY"));
        let old = match (primary, sets) {
            (Some(primary), _) => primary,
            (None, [only]) => only,
            (None, []) => {
                return Err(refuse(format!("{name} has no record: `allclear dns setup` makes it")));
            }
            (None, _) => {
                return Err(refuse(format!(
                    "{name} has several records that are no failover pair: `allclear dns setup`"
                )));
            }
        };
        if old.alias_target.is_some() || is_routed_otherwise(old) {
            return Err(refuse(format!(
                "{name} is an alias or routed by weight, latency or place: change it by hand"
            )));
        }
        if primary.is_some() && old.r#type.as_str() != kind.as_str() {
            return Err(refuse(format!(
                "{name} is a pair of {} records, the plan wants {}: `allclear dns setup` first",
                old.r#type.as_str(),
                kind.as_str()
            )));
        }
        let swap = Swap { old: Some(old.clone()), new: pointed(old, kind, value, self.dns)? };
        Ok((!holds(old, kind, value)).then_some(swap))
    }

    fn carries(&self, name: &str, set: &ResourceRecordSet, toward: Toward) -> bool {
        let (kind, value) = self.dns.target(name, toward);
        !is_side(set, "SECONDARY") && holds(set, kind, value)
    }
}

impl Swap {
    fn says(&self) -> Change {
        let target = target(self.old.as_ref().unwrap_or(&self.new));
        let before = self.old.as_ref().map(values).unwrap_or_default();
        Change { target, before, after: values(&self.new) }
    }
}

/// Asks again while Route 53 is busy or its reply is lost: a read changes nothing.
async fn listed(
    call: ListResourceRecordSetsFluentBuilder,
    waits: impl Iterator<Item = Duration>,
) -> Result<Vec<ResourceRecordSet>, Trouble> {
    let mut last = Trouble::NotSent("it was not asked".into());
    for wait in waits {
        last = match call.clone().send().await {
            Ok(answer) => return Ok(answer.resource_record_sets),
            Err(error) => trouble(&error),
        };
        match &last {
            Trouble::Lost(_) => {}
            Trouble::Refused { code, .. } if is_busy(code) => {}
            Trouble::Refused { .. } | Trouble::NotSent(_) => break,
        }
        sleep(wait).await;
    }
    Err(last)
}

fn batch(comment: &str, swaps: &[Swap]) -> Result<ChangeBatch, String> {
    let edit = |action: ChangeAction, set: &ResourceRecordSet| {
        Edit::builder().action(action).resource_record_set(set.clone()).build()
    };
    let mut batch = ChangeBatch::builder().comment(comment);
    // All deletions first: whatever replaces a record that stood alone is several.
    let deletes = swaps.iter().filter_map(|swap| swap.old.as_ref());
    let deletes = deletes.map(|old| edit(ChangeAction::Delete, old));
    let creates = swaps.iter().map(|swap| edit(ChangeAction::Create, &swap.new));
    for change in deletes.chain(creates) {
        batch = batch.changes(change.map_err(|error| error.to_string())?);
    }
    batch.build().map_err(|error| error.to_string())
}

/// The same record, pointing elsewhere.
fn pointed(
    old: &ResourceRecordSet,
    kind: RecordType,
    value: &str,
    dns: &Dns,
) -> Result<ResourceRecordSet, Trouble> {
    if value.is_empty() {
        // An empty answer is the one thing worse than a wrong one.
        let says = format!("there is nothing that {} could point to", old.name);
        return Err(Trouble::Refused { code: "plan".into(), says });
    }
    let wrong = |error: aws_sdk_route53::error::BuildError| Trouble::NotSent(error.to_string());
    let record = ResourceRecord::builder().value(value).build().map_err(wrong)?;
    let mut new = old.clone();
    new.r#type = RrType::from(kind.as_str());
    new.ttl = Some(dns.ttl.0 / 1_000);
    new.resource_records = Some(vec![record]);
    Ok(new)
}

fn is_named(set: &ResourceRecordSet, name: &str) -> bool {
    set.name.trim_end_matches('.').eq_ignore_ascii_case(name)
}

/// Only A, AAAA and CNAME are ever looked at (safety rule 11).
fn is_ours(set: &ResourceRecordSet) -> bool {
    matches!(set.r#type, RrType::A | RrType::Aaaa | RrType::Cname)
}

pub(super) fn is_side(set: &ResourceRecordSet, side: &str) -> bool {
    set.failover.as_ref().is_some_and(|one| one.as_str() == side)
}

pub(super) fn is_routed_otherwise(set: &ResourceRecordSet) -> bool {
    set.set_identifier.is_some() && set.failover.is_none()
}

fn holds(set: &ResourceRecordSet, kind: RecordType, value: &str) -> bool {
    set.r#type.as_str() == kind.as_str() && values(set).trim_end_matches('.') == value
}

/// A record set as people name it: `A www.example.com`.
pub(super) fn target(set: &ResourceRecordSet) -> String {
    format!("{} {}", set.r#type.as_str(), set.name.trim_end_matches('.'))
}

pub(super) fn values(set: &ResourceRecordSet) -> String {
    let records = set.resource_records.iter().flatten();
    records.map(|record| record.value.as_str()).collect::<Vec<_>>().join(" ")
}

/// Answers by which nothing was done, and that pass.
pub(super) fn is_busy(code: &str) -> bool {
    matches!(code, "Throttling" | "ThrottlingException" | "PriorRequestNotComplete")
}

/// Growing waits, and bounded ones.
pub(super) fn growing(first: Duration, times: u32) -> impl Iterator<Item = Duration> {
    (0..times).map(move |n| first * 2_u32.pow(n.min(4)))
}
