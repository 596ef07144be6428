//! The safety journal: who froze what, which operation holds which target, what was done when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BackupEvent, Backups, Obligation};
use crate::effect::{Act, ActClass};
use crate::id::{DeploymentId, EffectKey};
use crate::ledger::{Body, Hash};
use crate::plan::Plan;
use crate::time::{Span, Ts};

/// Failovers further back than this no longer count (safety rule 5).
const FAILOVER_MEMORY: Span = Span::hours(24);

/// Deployments that are remembered as good.
const MAX_PINS: usize = 10;

/// Something that happened to the rules of acting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SafetyEvent {
    /// Nothing may act any more; detection and paging go on.
    Frozen(Freeze),
    /// Acting is allowed again.
    Unfrozen {
        /// Who allowed it.
        by: Arc<str>,
    },
    /// An operation may act on its target; the turn's number is its epoch.
    Granted {
        /// The operation.
        operation: EffectKey,
        /// What it does.
        act: Act,
    },
    /// An operation is over: its target is free again.
    Released {
        /// The operation.
        operation: EffectKey,
        /// How it ended.
        end: End,
    },
    /// A person has seen what machines did: velocity limits start afresh.
    PeopleSettled {
        /// Who.
        by: Arc<str>,
    },
    /// People were reminded of what they still have to do.
    Reminded {
        /// After an action of this class.
        class: ActClass,
    },
    /// The last deployment known to be good, and whether it can still be rolled back to, are looked at.
    CareAsked,
    /// A deployment was well under traffic for as long as the plan wants it watched.
    Pinned {
        /// The deployment.
        deployment: DeploymentId,
    },
    /// The last deployment known to be good can no longer be rolled back to.
    PinLost {
        /// The deployment.
        deployment: DeploymentId,
    },
    /// A person makes ready what a failover stands on, ahead of any disaster.
    Prepared {
        /// Who.
        by: Arc<str>,
        /// What, in words.
        what: Arc<str>,
    },
    /// A drill of this class passed.
    Proven {
        /// The class.
        class: ActClass,
        /// What proved it, e.g. `drill complete-outage, seed 7`.
        by: Arc<str>,
    },
    /// Something happened to backups.
    Backup(BackupEvent),
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// It took place: it counts for the velocity limits.
    TookPlace,
    /// It failed: it counts for the automatic freeze.
    Failed,
    /// It did not take place, through nobody's fault, and may be tried again.
    Withdrawn,
}

/// A stop for every action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Who.
    pub by: Arc<str>,
    /// Why.
    pub why: Arc<str>,
}

/// The right to act on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The operation that holds it.
    pub operation: EffectKey,
    /// What it does.
    pub act: Act,
    /// The number of the turn that granted it: monotonic over the journal's life.
    pub epoch: u32,
}

/// The fold of the safety journal, together with what the plan and its proofs allow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// The freeze, if there is one.
    pub frozen: Option<Freeze>,
    /// Leases by target: one operation a target.
    pub leases: BTreeMap<ActClass, Lease>,
    /// Failovers that nobody has acknowledged, oldest first.
    pub failovers: Vec<Ts>,
    /// Deployments that were rolled back from: one automatic rollback each.
    pub rolled_back: BTreeSet<DeploymentId>,
    /// What people still have to do, after an action of each class.
    pub obligations: BTreeMap<ActClass, Obligation>,
    /// Deployments that were well under traffic, the newest last.
    pub pins: Vec<DeploymentId>,
    /// When the pins were last looked after.
    pub cared_at: Option<Ts>,
    /// Operations that failed in a row.
    pub failures: u32,
    /// What is known of backups.
    pub backups: Backups,
    /// When each class last passed a drill.
    pub proofs: BTreeMap<ActClass, Ts>,
    /// Why a class is disarmed; filled in from the plan and its proofs.
    pub disarmed: BTreeMap<ActClass, String>,
    /// Why people, too, can only rehearse a class; filled in from the plan.
    pub dry: BTreeMap<ActClass, String>,
    /// Limits of the plan: time between two failovers, and how many a day.
    pub failover_block: Span,
    /// See [`crate::plan::Safety::failovers_per_day`].
    pub failovers_per_day: u32,
    /// Turns so far.
    pub turns: u32,
    /// Hash of the last turn.
    pub head: Hash,
}

impl Standing {
    /// A fresh journal under a plan.
    pub fn under(plan: &Plan) -> Self {
        Self {
            failover_block: plan.safety.failover_block,
            failovers_per_day: plan.safety.failovers_per_day,
            ..Self::default()
        }
    }

    /// Folds a turn of the journal.
    pub fn apply_turn(&mut self, body: &Body<SafetyEvent>, hash: Hash) {
        self.turns = body.turn;
        self.head = hash;
        for event in &body.events {
            self.apply(event, body.at);
        }
    }

    fn apply(&mut self, event: &SafetyEvent, at: Ts) {
        match event {
            SafetyEvent::Frozen(freeze) => self.frozen = Some(freeze.clone()),
            SafetyEvent::Unfrozen { .. } => {
                self.frozen = None;
                self.failures = 0;
            }
            SafetyEvent::Granted { operation, act } => {
                let lease =
                    Lease { operation: operation.clone(), act: act.clone(), epoch: self.turns };
                self.leases.insert(act.class(), lease);
            }
            SafetyEvent::Released { operation, end } => self.released(operation, *end, at),
            SafetyEvent::PeopleSettled { .. } => self.failovers.clear(),
            SafetyEvent::Proven { class, .. } => drop(self.proofs.insert(*class, at)),
            SafetyEvent::Reminded { class } => {
                self.obligations.entry(*class).and_modify(|open| open.reminded = at);
            }
            SafetyEvent::Prepared { .. } => {}
            SafetyEvent::Backup(event) => self.backups.apply(event, at),
            SafetyEvent::CareAsked => self.cared_at = Some(at),
            SafetyEvent::Pinned { deployment } => self.pin(deployment),
            SafetyEvent::PinLost { deployment } => self.pins.retain(|one| one != deployment),
        }
    }

    fn pin(&mut self, deployment: &DeploymentId) {
        self.pins.retain(|one| one != deployment);
        self.pins.push(deployment.clone());
        let surplus = self.pins.len().saturating_sub(MAX_PINS);
        self.pins.drain(..surplus);
    }

    fn released(&mut self, operation: &EffectKey, end: End, at: Ts) {
        let class = self.leases.iter().find(|(_, lease)| lease.operation == *operation);
        let Some(class) = class.map(|(class, _)| *class) else { return };
        let Some(lease) = self.leases.remove(&class) else { return };
        match end {
            End::TookPlace => {
                self.failures = 0;
                self.remember(&lease.act, at);
            }
            End::Failed => self.failures += 1,
            End::Withdrawn => {}
        }
    }

    fn remember(&mut self, act: &Act, at: Ts) {
        match act {
            Act::FailOver => {
                self.failovers.retain(|earlier| at.since(*earlier) < FAILOVER_MEMORY);
                self.failovers.push(at);
            }
            Act::RollBack { from, .. } => drop(self.rolled_back.insert(from.clone())),
            Act::Restart(_) | Act::FailBack | Act::Promote { .. } => {}
        }
        match act {
            Act::FailOver | Act::RollBack { .. } => {
                let open = Obligation { act: act.clone(), since: at, reminded: at };
                self.obligations.insert(act.class(), open);
            }
            Act::FailBack | Act::Promote { .. } => drop(self.obligations.remove(&act.class())),
            Act::Restart(_) => {}
        }
    }

    /// Whether nobody moves traffic, and nothing is frozen; else why what it stands on must be left alone.
    pub fn may_prepare(&self) -> Result<(), String> {
        self.thawed()?;
        let moving = self.leases.get(&ActClass::Failover);
        moving.map_or(Ok(()), |lease| Err(format!("operation {} is under way", lease.operation)))
    }

    /// Whether an action is armed and within its velocity limits; else why not.
    pub fn may(&self, act: &Act, now: Ts) -> Result<(), String> {
        self.thawed()?;
        if let Some(why) = self.disarmed.get(&act.class()) {
            return Err(format!("{} is not armed: {why}", act.class().says()));
        }
        match act {
            Act::FailOver => self.may_fail_over(now),
            Act::RollBack { from, .. } if self.rolled_back.contains(from) => {
                Err(format!("{from} was rolled back from once already"))
            }
            Act::RollBack { .. } | Act::Restart(_) | Act::FailBack | Act::Promote { .. } => Ok(()),
        }
    }

    fn thawed(&self) -> Result<(), String> {
        match &self.frozen {
            Some(freeze) => Err(format!("everything is frozen by {}: {}", freeze.by, freeze.why)),
            None => Ok(()),
        }
    }

    fn may_fail_over(&self, now: Ts) -> Result<(), String> {
        let within = |span: Span| self.failovers.iter().filter(|at| now.since(**at) < span).count();
        if within(self.failover_block) > 0 {
            return Err(format!(
                "one failover in {} is the limit until a person acknowledges",
                self.failover_block
            ));
        }
        if within(FAILOVER_MEMORY) >= self.failovers_per_day as usize {
            return Err(format!("{} failovers in 24 h are the limit", self.failovers_per_day));
        }
        Ok(())
    }

    /// Whether a lease still stands: asked right before every external write.
    pub fn holds(&self, operation: &EffectKey, epoch: u32) -> bool {
        self.frozen.is_none()
            && self
                .leases
                .values()
                .any(|lease| lease.operation == *operation && lease.epoch == epoch)
    }
}

/// The answer to an operation that wants to act.
#[derive(Clone, Debug, PartialEq)]
pub enum Grant {
    /// Go: append these events, then act under the turn's number as epoch.
    Go(Vec<SafetyEvent>),
    /// It was granted before and never released: it may have happened. Read back, don't repeat.
    Begun,
    /// Another operation is at it.
    Busy(String),
    /// It would be done, were it armed.
    NotArmed(String),
    /// It may not be done.
    No(String),
}

/// Who wants to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The recovery: proofs and velocity limits bind it.
    Machine,
    /// People who agreed to a plan they saw: they override both, and it is on record (safety rule 5).
    People,
}

/// Decides whether an operation may act now.
pub fn grant(
    standing: &Standing,
    operation: &EffectKey,
    act: &Act,
    asker: Asker,
    now: Ts,
) -> Grant {
    match standing.leases.get(&act.class()) {
        Some(lease) if lease.operation == *operation => return Grant::Begun,
        Some(lease) => return Grant::Busy(format!("operation {} is under way", lease.operation)),
        None => {}
    }
    let unarmed = match asker {
        Asker::Machine => &standing.disarmed,
        Asker::People => &standing.dry,
    };
    if let Some(why) = unarmed.get(&act.class()) {
        return Grant::NotArmed(why.clone());
    }
    let may = match asker {
        Asker::Machine => standing.may(act, now),
        Asker::People => standing.thawed(),
    };
    match may {
        Ok(()) => {
            Grant::Go(vec![SafetyEvent::Granted { operation: operation.clone(), act: act.clone() }])
        }
        Err(why) => Grant::No(why),
    }
}

/// Ends an operation; too many failures in a row freeze everything (safety rule 14).
pub fn release(
    standing: &Standing,
    plan: &Plan,
    operation: &EffectKey,
    end: End,
) -> Vec<SafetyEvent> {
    if !standing.leases.values().any(|lease| lease.operation == *operation) {
        return Vec::new();
    }
    let mut events = vec![SafetyEvent::Released { operation: operation.clone(), end }];
    if end == End::Failed
        && standing.frozen.is_none()
        && standing.failures + 1 >= plan.safety.failures_before_freeze
    {
        let why = format!("{} operations in a row failed", standing.failures + 1);
        events.push(SafetyEvent::Frozen(Freeze { by: "safety".into(), why: why.into() }));
    }
    events
}

/// A person freezes; freezing twice changes nothing.
pub fn freeze(standing: &Standing, by: &str, why: &str) -> Vec<SafetyEvent> {
    match standing.frozen {
        Some(_) => Vec::new(),
        None => vec![SafetyEvent::Frozen(Freeze { by: by.into(), why: why.into() })],
    }
}

/// A person allows acting again.
pub fn unfreeze(standing: &Standing, by: &str) -> Vec<SafetyEvent> {
    standing.frozen.iter().map(|_| SafetyEvent::Unfrozen { by: by.into() }).collect()
}

/// A person acknowledged an incident: automatic failovers may start afresh.
pub fn settle_people(standing: &Standing, by: &str) -> Vec<SafetyEvent> {
    if standing.failovers.is_empty() {
        return Vec::new();
    }
    vec![SafetyEvent::PeopleSettled { by: by.into() }]
}

/// A person makes ready what a failover stands on.
///
/// # Errors
/// Why that has to wait.
pub fn prepare(standing: &Standing, by: &str, what: &str) -> Result<Vec<SafetyEvent>, String> {
    standing.may_prepare()?;
    Ok(vec![SafetyEvent::Prepared { by: by.into(), what: what.into() }])
}

/// A drill passed.
pub fn prove(class: ActClass, by: &str) -> Vec<SafetyEvent> {
    vec![SafetyEvent::Proven { class, by: by.into() }]
}
