//! What moving traffic in DNS would change, and whether the side it would move to is fit for it (safety rule 4).

use super::{Gate, NoPlan, Parts, Verdict, gate, passes};
use crate::effect::{Act, Preflight, Survey};
use crate::plan::Plan;
use crate::time::Span;

pub(super) fn moving(
    plan: &Plan,
    act: Act,
    side: &'static str,
    survey: &Survey,
) -> Result<Parts, NoPlan> {
    if survey.by.is_none() {
        return Err(NoPlan::NoMeans(survey.troubles.join("; ")));
    }
    if survey.changes.is_empty() {
        return Err(NoPlan::ThereAlready(side));
    }
    let mut gates = if let Some(preflight) = &survey.preflight {
        preflight_gates(plan, side, preflight)
    } else {
        let says = format!("the {side} does not answer its preflight: mend it first");
        vec![gate("preflight", Verdict::Stop, says)]
    };
    gates.extend(fenced(plan, &act));
    Ok((act, Vec::new(), gates))
}

/// Safety rule 4, at decision time.
fn preflight_gates(plan: &Plan, side: &str, seen: &Preflight) -> Vec<Gate> {
    let (life, least) = (seen.certificate_life, plan.safety.certificate_min_life);
    let (age, rpo) = (seen.data_age, data_rpo(plan));
    vec![
        passes("answer", seen.answers, Verdict::Stop, answer_says(side, seen.answers)),
        passes("certificate", life >= least, Verdict::Stop, certificate_says(side, life, least)),
        passes("database", seen.database, Verdict::Stop, database_says(side, seen.database)),
        passes(
            "data",
            age <= rpo,
            Verdict::Decide,
            format!("its data is {age} old, the RPO is {rpo}"),
        ),
    ]
}

fn answer_says(side: &str, answers: bool) -> String {
    if answers {
        return format!("the {side} answers over TLS with the right name");
    }
    format!("the {side} does not answer over TLS with the right name: mend it first")
}

fn database_says(side: &str, reached: bool) -> String {
    if reached {
        return format!("the {side} reaches its database");
    }
    format!("the {side} does not reach its database: mend it first")
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

/// No write may land on the side that is left (safety rules 6 and 8). Nothing here can prove that: people decide.
fn fenced(plan: &Plan, act: &Act) -> Option<Gate> {
    let shares = plan.dns.shares_the_database();
    let (what, says) = match act {
        Act::FailBack if shares => {
            let says = "both sides use the same database";
            return Some(gate("data left behind", Verdict::Pass, says));
        }
        Act::FailBack => {
            ("data left behind", "stop writes on the standby and bring its data over first")
        }
        Act::FailOver if !shares => {
            ("fence", "the standby has data of its own: stop writes to the primary's first")
        }
        Act::FailOver | Act::RollBack { .. } | Act::Promote { .. } | Act::Restart(_) => {
            return None;
        }
    };
    Some(gate(what, Verdict::Decide, says))
}
