//! Arming: unproven means disarmed, and so do placeholder contacts.

use std::collections::BTreeMap;

use crate::effect::ActClass;
use crate::plan::{Arm, Plan, check};
use crate::time::Ts;

/// Why each disarmed class is disarmed.
pub type Disarmed = BTreeMap<ActClass, String>;

/// What isn't armed, and why: by the plan's word, by placeholder contacts, by missing or overdue proof.
pub fn disarmed(plan: &Plan, proofs: &BTreeMap<ActClass, Ts>, now: Ts) -> Disarmed {
    ActClass::ALL
        .into_iter()
        .filter_map(|class| Some((class, why(plan, proofs, class, now)?)))
        .collect()
}

/// What even people can only rehearse, and why: by the plan's word, by placeholder contacts. A proof is what they make.
pub fn dry(plan: &Plan) -> Disarmed {
    let why = |class| unarmed(plan, class).map(|why| (class, why));
    ActClass::ALL.into_iter().filter_map(why).collect()
}

fn why(plan: &Plan, proofs: &BTreeMap<ActClass, Ts>, class: ActClass, now: Ts) -> Option<String> {
    if let Some(why) = unarmed(plan, class) {
        return Some(why);
    }
    match proofs.get(&class) {
        None => Some("no drill has proven it yet".into()),
        Some(at) if now.since(*at) > plan.arming.proof_max_age => {
            Some(format!("its last passed drill is {} ago", now.since(*at)))
        }
        Some(_) => None,
    }
}

fn unarmed(plan: &Plan, class: ActClass) -> Option<String> {
    let arm = match class {
        ActClass::Rollback => plan.arming.rollback,
        ActClass::Failover => plan.arming.failover,
        ActClass::Restart => plan.arming.restart,
    };
    if arm == Arm::DryRun {
        return Some("the plan says dry-run".into());
    }
    if class == ActClass::Failover && plan.dns.usable_drivers().next().is_none() {
        return Some("no driver has its settings under [dns]: zone_id, or [dns.latch]".into());
    }
    check::disarmed_because(plan).into_iter().next()
}
