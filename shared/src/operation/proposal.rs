//! What exactly would change, and what speaks for and against it: the page that people agree to.
//!
//! Formed from a survey by the rules that bind machines, too. What only a person may decide is marked so; what nobody
//! may override stops.

use serde::{Deserialize, Serialize};

use crate::effect::{Act, ActClass, Aim, Change, Deployment, Preflight, Survey};
use crate::id::DeploymentId;
use crate::ledger::Hash;
use crate::plan::Plan;
use crate::safety::Standing;
use crate::time::{Span, Ts};

/// The page that people agree to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// By which means, e.g. `latch`.
    pub by: String,
    /// What would change.
    pub changes: Vec<Change>,
    /// What was checked.
    pub gates: Vec<Gate>,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// What, e.g. `certificate`.
    pub what: String,
    /// What follows.
    pub verdict: Verdict,
    /// What was seen, in one sentence; where it stops, what to do.
    pub says: String,
}

/// What a check means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing stands in the way.
    Pass,
    /// A machine would not; a person may, and agrees to it with the plan.
    Decide,
    /// Nobody may.
    Stop,
}

/// Why no plan can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// The deployments can't be listed.
    #[error(
        "the list of deployments cannot be had ({0}): try again, or `allclear failover \"why\"`"
    )]
    NoDeployments(String),
    /// Nothing is live.
    #[error("no deployment is live: deploy one first")]
    NothingLive,
    /// No earlier deployment will do.
    #[error(
        "no earlier deployment is both proven healthy and a rollback candidate: name one with --to"
    )]
    NoTarget,
    /// It isn't there.
    #[error("there is no deployment {0}: `allclear rollback candidates` lists them")]
    NoSuchDeployment(DeploymentId),
    /// It is live already.
    #[error("{0} is live already: there is nothing to change")]
    Live(DeploymentId),
    /// There was no rollback.
    #[error("there is no rollback to undo: name a deployment with --to")]
    NothingToUndo,
    /// Traffic is there already.
    #[error("traffic goes to the {0} already: there is nothing to change")]
    ThereAlready(&'static str),
    /// No means can be used.
    #[error("traffic cannot be moved: {0}")]
    NoMeans(String),
}

impl Proposal {
    /// What people agree to: the action, the means, every change, and the verdict of every check. What was seen in
    /// passing (an age, a latency) may differ from one look to the next.
    pub fn hash(&self, act: &Act) -> Hash {
        let gates: Vec<_> = self.gates.iter().map(|gate| (&gate.what, gate.verdict)).collect();
        // Only types of ours are written: they always can be.
        let json = serde_json::to_vec(&(act, &self.by, &self.changes, gates)).unwrap_or_default();
        Hash::of(&[&json])
    }

    /// What nobody may override.
    pub fn stops(&self) -> impl Iterator<Item = &Gate> {
        self.gates.iter().filter(|gate| gate.verdict == Verdict::Stop)
    }
}

/// Forms the page from what was seen.
pub fn propose(
    plan: &Plan,
    standing: &Standing,
    aim: &Aim,
    survey: &Survey,
    now: Ts,
) -> Result<(Act, Proposal), NoPlan> {
    let (act, mut changes, mut gates) = match aim {
        Aim::RollBack(to) => rollback(plan, standing, to.as_ref(), survey, now)?,
        Aim::Promote(to) => promotion(standing, to.as_ref(), survey)?,
        Aim::FailOver => moving(plan, Act::FailOver, "standby", survey)?,
        Aim::FailBack => moving(plan, Act::FailBack, "primary", survey)?,
    };
    changes.extend(
        survey.changes.iter().filter(|one| !changes.contains(one)).cloned().collect::<Vec<_>>(),
    );
    gates.extend(survey.troubles.iter().map(|trouble| gate("trouble", Verdict::Stop, trouble)));
    Ok((act, Proposal { by: survey.by.clone().unwrap_or_default(), changes, gates }))
}

type Parts = (Act, Vec<Change>, Vec<Gate>);

fn gate(what: &str, verdict: Verdict, says: impl Into<String>) -> Gate {
    Gate { what: what.into(), verdict, says: says.into() }
}

fn passes(what: &str, good: bool, otherwise: Verdict, says: impl Into<String>) -> Gate {
    gate(what, if good { Verdict::Pass } else { otherwise }, says)
}

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

fn rollback(
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
    match proven {
        true => format!("{id} was well while it was live"),
        false => format!("nobody has seen {id} well under traffic"),
    }
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

fn promotion(
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
    let says = match suspect {
        true => format!("{id} was rolled back from: make sure that it is mended"),
        false => format!("{id} was never rolled back from"),
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

fn moving(plan: &Plan, act: Act, side: &'static str, survey: &Survey) -> Result<Parts, NoPlan> {
    if survey.by.is_none() {
        return Err(NoPlan::NoMeans(survey.troubles.join("; ")));
    }
    if survey.changes.is_empty() {
        return Err(NoPlan::ThereAlready(side));
    }
    let mut gates = match &survey.preflight {
        Some(preflight) => preflight_gates(plan, side, preflight),
        None => {
            let says = format!("the {side} does not answer its preflight: mend it first");
            vec![gate("preflight", Verdict::Stop, says)]
        }
    };
    if act == Act::FailBack {
        gates.push(reconciled(plan));
    }
    Ok((act, Vec::new(), gates))
}

/// Safety rule 4, at decision time.
fn preflight_gates(plan: &Plan, side: &str, seen: &Preflight) -> Vec<Gate> {
    let (life, least) = (seen.certificate_life, plan.safety.certificate_min_life);
    let (age, rpo) = (seen.data_age, data_rpo(plan));
    let answers = match seen.answers {
        true => format!("the {side} answers over TLS with the right name"),
        false => format!("the {side} does not answer over TLS with the right name: mend it first"),
    };
    let database = match seen.database {
        true => format!("the {side} reaches its database"),
        false => format!("the {side} does not reach its database: mend it first"),
    };
    vec![
        passes("answer", seen.answers, Verdict::Stop, answers),
        passes("certificate", life >= least, Verdict::Stop, certificate_says(side, life, least)),
        passes("database", seen.database, Verdict::Stop, database),
        passes(
            "data",
            age <= rpo,
            Verdict::Decide,
            format!("its data is {age} old, the RPO is {rpo}"),
        ),
    ]
}

fn certificate_says(side: &str, life: Span, least: Span) -> String {
    if life >= least {
        return format!("the {side}'s certificate is good for {life}");
    }
    format!("the {side}'s certificate ends in {life}, less than {least}: renew it first")
}

/// The strictest RPO that data in a standby must meet: the shared components', at least a database's.
pub(crate) fn data_rpo(plan: &Plan) -> Span {
    plan.dns
        .shared
        .iter()
        .filter_map(|id| plan.component(id))
        .map(|component| component.rpo)
        .filter(|rpo| *rpo > Span::ZERO)
        .min()
        .unwrap_or(Span::mins(5))
}

/// Going back must not leave behind what was written on the standby (safety rules 6 and 8).
fn reconciled(plan: &Plan) -> Gate {
    let shares = plan.dns.shared.iter().any(|id| id.as_str() == "database");
    match shares {
        true => gate("data left behind", Verdict::Pass, "both sides use the same database"),
        false => gate(
            "data left behind",
            Verdict::Decide,
            "stop writes on the standby and bring its data over first",
        ),
    }
}
