//! What pointing production at another deployment would change, and what speaks for and against it.

use super::{Gate, NoPlan, Parts, Verdict, gate, passes};
use crate::effect::{Act, ActClass, Change, Deployment, Survey};
use crate::id::DeploymentId;
use crate::plan::Plan;
use crate::safety::Standing;
use crate::time::Ts;

fn listed(survey: &Survey) -> Result<(&[Deployment], &Deployment), NoPlan> {
    let away = || NoPlan::NoDeployments(survey.troubles.join("; "));
    let list = survey.deployments.as_deref().ok_or_else(away)?;
    let live = list.iter().find(|one| one.current).ok_or(NoPlan::NothingLive)?;
    Ok((list, live))
}

fn named<'a>(list: &'a [Deployment], id: &DeploymentId) -> Result<&'a Deployment, NoPlan> {
    list.iter().find(|one| one.id == *id).ok_or_else(|| NoPlan::NoSuchDeployment(id.clone()))
}

/// The last deployment before the live one that is proven healthy and that the provider would roll back to. Ours is
/// the better proof: it was well under real traffic.
pub fn pick_target<'a>(
    list: &'a [Deployment],
    live: &Deployment,
    standing: &Standing,
) -> Option<&'a Deployment> {
    list.iter()
        .filter(|one| !one.current && one.live_at < live.live_at && one.candidate)
        .filter(|one| one.proven || standing.pins.contains(&one.id))
        .max_by_key(|one| one.live_at)
}

pub(super) fn rollback(
    plan: &Plan,
    standing: &Standing,
    to: Option<&DeploymentId>,
    survey: &Survey,
    now: Ts,
) -> Result<Parts, NoPlan> {
    let (list, live) = listed(survey)?;
    let target = match to {
        Some(id) => named(list, id)?,
        None => pick_target(list, live, standing).ok_or(NoPlan::NoTarget)?,
    };
    if target.current {
        return Err(NoPlan::Live(target.id.clone()));
    }
    let age = now.since(target.live_at);
    let limit = plan.hosting.rollback_max_age;
    let proven = target.proven || standing.pins.contains(&target.id);
    let act = Act::RollBack { from: live.id.clone(), to: target.id.clone() };
    let mut changes = vec![production(live, target)];
    changes.push(auto_assignment("on", "off: new deployments do not go live"));
    let gates = vec![
        passes("candidate", target.candidate, Verdict::Stop, candidate_says(target)),
        passes("proof", proven, Verdict::Decide, proof_says(&target.id, proven)),
        passes("age", age <= limit, Verdict::Decide, format!("went live {age} ago, limit {limit}")),
        migrations(target),
    ];
    Ok((act, changes, gates))
}

fn candidate_says(target: &Deployment) -> String {
    if target.candidate {
        return format!("the provider would roll back to {}", target.id);
    }
    format!("the provider no longer keeps {} for a rollback: choose another", target.id)
}

fn proof_says(id: &DeploymentId, proven: bool) -> String {
    if proven {
        return format!("{id} was well while it was live");
    }
    format!("nobody has seen {id} well under traffic")
}

/// Older code meets the database of today.
fn migrations(target: &Deployment) -> Gate {
    match target.schema_compatible {
        Some(true) => gate("migrations", Verdict::Pass, "migrations since then only added things"),
        Some(false) => gate(
            "migrations",
            Verdict::Decide,
            "the database was migrated since in a way the older code does not know",
        ),
        None => gate(
            "migrations",
            Verdict::Decide,
            "whether the database was migrated since cannot be told: the deployments do not say",
        ),
    }
}

pub(super) fn promotion(
    standing: &Standing,
    to: Option<&DeploymentId>,
    survey: &Survey,
) -> Result<Parts, NoPlan> {
    let (list, live) = listed(survey)?;
    let left = standing.obligations.get(&ActClass::Rollback).map(|open| &open.act);
    let rolled_back = match left {
        Some(Act::RollBack { from, .. }) => Some(from),
        _ => None,
    };
    let id = to.or(rolled_back).ok_or(NoPlan::NothingToUndo)?;
    let target = named(list, id)?;
    // Promoting what is live is how a rollback is kept for good: new deployments go live again.
    let keeps = target.current && rolled_back.is_some();
    if target.current && !keeps {
        return Err(NoPlan::Live(id.clone()));
    }
    let suspect = standing.rolled_back.contains(id);
    let says = if suspect {
        format!("{id} was rolled back from: make sure that it is mended")
    } else {
        format!("{id} was never rolled back from")
    };
    let act = Act::Promote { from: live.id.clone(), to: id.clone() };
    let mut changes = if keeps { Vec::new() } else { vec![production(live, target)] };
    changes.push(auto_assignment("off after a rollback", "on: new deployments go live"));
    Ok((act, changes, vec![passes("history", !suspect, Verdict::Decide, says)]))
}

fn production(live: &Deployment, target: &Deployment) -> Change {
    let named = |one: &Deployment| match &one.commit {
        Some(commit) => format!("{} ({})", one.id, commit.get(..7).unwrap_or(commit)),
        None => one.id.to_string(),
    };
    Change { target: "production".into(), before: named(live), after: named(target) }
}

fn auto_assignment(before: &str, after: &str) -> Change {
    let target = "assignment of the production domains".into();
    Change { target, before: before.into(), after: after.into() }
}
