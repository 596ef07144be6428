//! Carrying out what people say, the same way whatever face they say it to. What comes back is not yet words: each
//! face has its own.

use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use functions::desk::{Instruction, Utterance};
use shared::effect::{Aim, Survey};
use shared::engine::{Glance, Target};
use shared::grammar::{
    Abort, Change, ChangeVerb, HostingPlan, IncidentVerb, Named, NamesPlan, OnCallVerb,
    OperationVerb, Rollback, RollbackVerb, Verb,
};
use shared::id::{DeploymentId, PersonId};
use shared::incident::{Event, Incident};
use shared::ledger::Body;
use shared::operation::{Operation, OperationWish};
use shared::roster::{PhoneTest, Roster};
use shared::safety::{Freeze, Standing};
use shared::store::Summary;

mod counter;
mod incident;
pub mod people;

pub use counter::{AtDesk, AtStore, Counter, at_once};
pub use incident::numbered;

/// Who speaks.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// The person.
    pub by: PersonId,
    /// The face.
    pub via: Arc<str>,
    /// Names this one utterance: said twice, it counts once.
    pub key: String,
}

/// What there is to show for an order.
#[derive(Clone, Debug)]
pub enum Said {
    /// An incident as it stands now.
    Incident(Box<Incident>),
    /// The same after something was said of it, and what may act.
    Granted(Box<Incident>, Box<Standing>),
    /// Incidents, the newest first.
    Incidents(Vec<Summary>),
    /// An incident and everything that happened.
    Timeline(Box<Incident>, Vec<Body<Event>>),
    /// An incident, and what its report is made of.
    Report(Box<Incident>, Vec<Body<Event>>),
    /// An operation as it stands now, and what its class may do.
    Operation(Box<Operation>, Box<Standing>),
    /// Operations, the newest first.
    Operations(Vec<Operation>),
    /// What could be rolled back to, and the deployments that were well under traffic.
    Candidates(Box<Survey>, Vec<DeploymentId>),
    /// Who is on call, as far as was asked.
    OnCall(Box<Roster>, people::Look),
    /// Tests of phones, oldest first.
    PhoneTests(Vec<PhoneTest>),
    /// Everything is frozen; the freeze that was there already, if there was one.
    Frozen(Option<Freeze>),
    /// Actions are allowed again; the freeze that is gone, if there was one.
    Thawed(Option<Freeze>),
}

/// The operation that shall be run, if it is that: a terminal follows it to its end.
pub fn to_be_run(verb: &Verb) -> Option<&Named> {
    match verb {
        Verb::Rollback(Rollback { verb: Some(RollbackVerb::Run(named)), .. })
        | Verb::Promote(Change { verb: Some(ChangeVerb::Run(named)), .. })
        | Verb::Failover(Change { verb: Some(ChangeVerb::Run(named)), .. })
        | Verb::Failback(Change { verb: Some(ChangeVerb::Run(named)), .. })
        | Verb::Operation(OperationVerb::Run(named)) => Some(named),
        _ => None,
    }
}

/// Whether nothing is said by it: then it matters to nobody who asks.
pub fn only_looks(verb: &Verb) -> bool {
    match verb {
        Verb::Incident(verb) => matches!(
            verb,
            IncidentVerb::List { .. }
                | IncidentVerb::Show(_)
                | IncidentVerb::Timeline(_)
                | IncidentVerb::Report(_)
        ),
        Verb::Rollback(rollback) => matches!(rollback.verb, Some(RollbackVerb::Candidates)),
        Verb::Operation(verb) => {
            matches!(verb, OperationVerb::List { .. } | OperationVerb::Show { .. })
        }
        Verb::Backup(verb) => crate::backups::only_looks(verb),
        Verb::Oncall(on_call) => {
            !matches!(on_call.verb, Some(OnCallVerb::Override { .. } | OnCallVerb::Cancel { .. }))
        }
        Verb::Page(page) => page.words == ["tests"],
        Verb::Promote(_) | Verb::Failover(_) | Verb::Failback(_) => false,
    }
}

/// Whether something may act because of it: who says so must be beyond doubt.
pub fn lets_act(verb: &Verb) -> bool {
    match wanted(verb) {
        Some(Wanted::Wish(wish)) => {
            matches!(wish, OperationWish::Approve { .. } | OperationWish::Run { .. })
        }
        Some(Wanted::Plan { .. } | Wanted::Candidates | Wanted::Show(_) | Wanted::List(_)) => false,
        None => matches!(verb, Verb::Incident(IncidentVerb::Unfreeze)),
    }
}

/// What is wanted of operations.
enum Wanted {
    Plan { aim: Aim, because: String, incident: Option<u32> },
    Candidates,
    Wish(OperationWish),
    Show(u32),
    List(usize),
}

/// Does what a verb says.
///
/// # Errors
/// A refusal in words for the person, or the store's trouble.
pub async fn carry_out(verb: &Verb, speaker: &Speaker, counter: &impl Counter) -> Result<Said> {
    let now = counter.now();
    match wanted(verb) {
        None => match verb {
            Verb::Incident(verb) => incident::carry_out(verb, speaker, counter).await,
            Verb::Oncall(asked) => {
                people::on_call(asked.verb.as_ref(), speaker, counter, now).await
            }
            Verb::Page(page) => people::page(page, speaker, counter, now).await,
            _ => bail!("that is nothing that can be done here"),
        },
        Some(Wanted::Plan { aim, because, incident }) => {
            let survey = Box::new(counter.survey(aim.clone()).await?);
            let wish = OperationWish::Plan { aim, because, survey, incident };
            operate(wish, speaker, counter).await
        }
        Some(Wanted::Wish(wish)) => operate(wish, speaker, counter).await,
        Some(Wanted::Candidates) => {
            let survey = Box::new(counter.survey(Aim::RollBack(None)).await?);
            // Without a store nothing is pinned yet.
            let pins = counter.see(|seen| Ok(seen.standing().pins.clone())).await;
            Ok(Said::Candidates(survey, pins.unwrap_or_default()))
        }
        Some(Wanted::Show(number)) => counter.see(move |seen| shown(seen, number)).await,
        Some(Wanted::List(limit)) => {
            let newest = move |seen: &dyn Glance| {
                Ok(seen.operations().all.values().rev().take(limit).cloned().collect())
            };
            Ok(Said::Operations(counter.see(newest).await?))
        }
    }
}

async fn operate(wish: OperationWish, speaker: &Speaker, counter: &impl Counter) -> Result<Said> {
    let Speaker { by, via, key } = speaker.clone();
    let operation = counter.operate(Instruction { by, via, key, wish }).await?;
    let number = operation.number;
    counter.see(move |seen| shown(seen, number)).await
}

fn shown(seen: &dyn Glance, number: u32) -> Result<Said> {
    let operation = seen.operations().all.get(&number);
    let operation = operation
        .ok_or_else(|| anyhow!("there is no operation {number}: `operation list` shows them"))?;
    Ok(Said::Operation(Box::new(operation.clone()), Box::new(seen.standing().clone())))
}

fn wanted(verb: &Verb) -> Option<Wanted> {
    Some(match verb {
        Verb::Incident(_) | Verb::Backup(_) | Verb::Oncall(_) | Verb::Page(_) => return None,
        Verb::Rollback(rollback) => of_rollback(rollback),
        Verb::Promote(change) => match &change.verb {
            None => promotion(&change.plan),
            Some(ChangeVerb::Plan(plan)) => promotion(plan),
            Some(ChangeVerb::Approve(named)) => approve(named),
            Some(ChangeVerb::Run(named)) => run(named),
            Some(ChangeVerb::Abort(it)) => abort(it),
        },
        Verb::Failover(change) => of_names(Aim::FailOver, change.verb.as_ref(), &change.plan),
        Verb::Failback(change) => of_names(Aim::FailBack, change.verb.as_ref(), &change.plan),
        Verb::Operation(verb) => match verb {
            OperationVerb::List { limit } => Wanted::List(*limit),
            OperationVerb::Show { number } => Wanted::Show(*number),
            OperationVerb::Approve(named) => approve(named),
            OperationVerb::Run(named) => run(named),
            OperationVerb::Abort(it) => abort(it),
        },
    })
}

fn of_rollback(rollback: &Rollback) -> Wanted {
    let back = |plan: &HostingPlan| {
        let aim = Aim::RollBack(plan.to.as_deref().map(Into::into));
        planned(aim, &plan.because, plan.incident)
    };
    match &rollback.verb {
        None => back(&rollback.plan),
        Some(RollbackVerb::Plan(plan)) => back(plan),
        Some(RollbackVerb::Undo(plan)) => promotion(plan),
        Some(RollbackVerb::Candidates) => Wanted::Candidates,
        Some(RollbackVerb::Approve(named)) => approve(named),
        Some(RollbackVerb::Run(named)) => run(named),
        Some(RollbackVerb::Abort(it)) => abort(it),
    }
}

fn of_names(aim: Aim, verb: Option<&ChangeVerb<NamesPlan>>, bare: &NamesPlan) -> Wanted {
    match verb {
        None => planned(aim, &bare.because, bare.incident),
        Some(ChangeVerb::Plan(plan)) => planned(aim, &plan.because, plan.incident),
        Some(ChangeVerb::Approve(named)) => approve(named),
        Some(ChangeVerb::Run(named)) => run(named),
        Some(ChangeVerb::Abort(it)) => abort(it),
    }
}

fn promotion(plan: &HostingPlan) -> Wanted {
    let aim = Aim::Promote(plan.to.as_deref().map(Into::into));
    planned(aim, &plan.because, plan.incident)
}

fn planned(aim: Aim, because: &[String], incident: Option<u32>) -> Wanted {
    Wanted::Plan { aim, because: because.join(" "), incident }
}

fn approve(named: &Named) -> Wanted {
    Wanted::Wish(OperationWish::Approve { number: named.number, hash: named.hash.clone() })
}

fn run(named: &Named) -> Wanted {
    Wanted::Wish(OperationWish::Run { number: named.number, hash: named.hash.clone() })
}

fn abort(it: &Abort) -> Wanted {
    Wanted::Wish(OperationWish::Abort { number: it.number, because: it.because.join(" ") })
}

/// Says something of an incident, and shows it.
async fn wish(
    target: Target,
    wish: shared::incident::Wish,
    speaker: &Speaker,
    counter: &impl Counter,
) -> Result<Said> {
    let Speaker { by, via, key } = speaker.clone();
    let granted = counter.wish(Utterance { target, by, via, key, wish }).await?;
    let number = granted.number;
    let granted = move |seen: &dyn Glance| {
        let incident = Box::new(numbered(seen, number)?);
        Ok(Said::Granted(incident, Box::new(seen.standing().clone())))
    };
    counter.see(granted).await
}
