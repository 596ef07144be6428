//! Disasters in the simulated town, and what became of them in a few lines.

use std::sync::Arc;

use shared::effect::{Finding, Outcome};
use shared::incident::{Choice, Event};
use shared::ledger::{Body, verify};
use shared::plan::{Plan, built_in_text, read};
use shared::safety::SafetyEvent;
use shared::store::Store;
use shared::town::{Script, Simulation, rehearsal_plan};

/// The built-in plan as it is rehearsed.
///
/// # Panics
/// If the built-in plan has mistakes, which its own tests exclude.
#[must_use]
pub fn plan() -> Arc<Plan> {
    static PLAN: std::sync::OnceLock<Arc<Plan>> = std::sync::OnceLock::new();
    PLAN.get_or_init(|| match read::read("infra/plan.toml", built_in_text()) {
        Ok(plan) => Arc::new(rehearsal_plan(&plan)),
        Err(mistakes) => panic!("the built-in plan has {} mistakes", mistakes.len()),
    })
    .clone()
}

/// Runs a disaster to its end.
///
/// # Panics
/// If a memory store cannot be opened.
#[must_use]
pub fn run(script: Script, seed: u64) -> Simulation {
    match Simulation::new(plan(), script, seed) {
        Ok(mut simulation) => {
            simulation.run();
            simulation
        }
        Err(error) => panic!("{error}"),
    }
}

/// Every turn of every stream in the order of time: minute, actor, what happened.
///
/// # Panics
/// If a chain is broken.
#[must_use]
pub fn story(simulation: &Simulation) -> String {
    let mut lines = Vec::new();
    let store = simulation.store();
    let mut incidents = store.newest(1_000).unwrap_or_default();
    incidents.sort_by_key(|incident| incident.number);
    for incident in incidents {
        let turns = store.turns(&incident.id).unwrap_or_default();
        let bodies = verify::<Event>(&incident.id, &turns).unwrap_or_else(|e| panic!("{e}"));
        lines.extend(bodies.iter().filter_map(|body| {
            told(body, body.events.iter().filter_map(event).collect(), incident.number)
        }));
    }
    let safety = "safety".into();
    let turns = store.turns(&safety).unwrap_or_default();
    let bodies = verify::<SafetyEvent>(&safety, &turns).unwrap_or_else(|e| panic!("{e}"));
    lines.extend(
        bodies.iter().filter_map(|body| {
            told(body, body.events.iter().filter_map(safety_event).collect(), 0)
        }),
    );
    lines.sort_by_key(|(at, number, ..)| (*at, *number));
    let text: Vec<String> = lines.into_iter().map(|(.., line)| line).collect();
    text.join("\n")
}

fn told<E>(body: &Body<E>, said: Vec<String>, number: u32) -> Option<(i64, u32, String)> {
    let seconds = (body.at - shared::town::START).0 / 1_000;
    let minute = format!("{:02}:{:02}", seconds / 60, seconds % 60);
    let line = format!("{minute} #{number} {}: {}", body.actor, said.join("; "));
    (!said.is_empty()).then_some((body.at.0, number, line))
}

fn safety_event(event: &SafetyEvent) -> Option<String> {
    Some(match event {
        SafetyEvent::Frozen(freeze) => format!("frozen by {}: {}", freeze.by, freeze.why),
        SafetyEvent::Unfrozen { by } => format!("unfrozen by {by}"),
        SafetyEvent::Granted { act, .. } => format!("{} granted", act.class().says()),
        SafetyEvent::Released { end, .. } => format!("released: {end:?}"),
        SafetyEvent::PeopleSettled { by } => format!("{by} has seen the failover"),
        SafetyEvent::Proven { .. } => return None,
    })
}

fn event(event: &Event) -> Option<String> {
    Some(match event {
        Event::Opened { number, component, sign, .. } => {
            format!("opened {number} on {component}: {}", sign.says)
        }
        Event::Joined { source, health, .. } => format!("{source} says {health:?}"),
        Event::Dismissed { because } => format!("dismissed: {because}"),
        Event::Declared { severity, because } => format!("declared {severity:?}: {because}"),
        Event::Confirmed { quorum } => format!("confirmed: {quorum}"),
        Event::Certain { quorum } => format!("certain: {quorum}"),
        Event::Blinded { why } => format!("blind: {why}"),
        Event::Sighted => "sighted".into(),
        Event::Impaired { how, .. } => format!("impaired: {how}"),
        Event::Eased { alert } => format!("eased: {alert:?}"),
        Event::RungReached { rung, people, .. } => {
            let people: Vec<&str> = people.iter().map(|person| person.as_str()).collect();
            format!("rung {rung} pages {}", people.join(", "))
        }
        Event::Paged { page, outcome } => {
            format!("page {} by {:?}, copy {}: {}", page.person, page.by, page.copy, came(outcome))
        }
        Event::Acknowledged { by, via } => format!("acknowledged by {by} via {via}"),
        Event::SeveritySet { to, because, .. } => format!("severity {to:?}: {because}"),
        Event::LookFailed { look, why } => format!("look failed: {look:?}: {why}"),
        Event::Chose { choice: Choice::Act { act, because } } => {
            format!("chose {}: {}", act.class().says(), because.join("; "))
        }
        Event::Chose { choice: Choice::Wait { because, .. } } => {
            format!("chose to wait: {}", because.join("; "))
        }
        Event::ActStarted { act, attempt } => format!("{} attempt {attempt}", act.class().says()),
        Event::ActSettled { act, outcome, .. } => {
            format!("{}: {}", act.class().says(), came(outcome))
        }
        Event::DidNotHelp { act } => format!("{} did not help", act.class().says()),
        Event::ObligationOpened { what } => format!("obligation: {what}"),
        Event::Recovered { witness, .. } => format!("recovered, says {witness:?}"),
        Event::Relapsed { .. } => "relapsed".into(),
        Event::Steady { .. } => "steady".into(),
        Event::Resolved { because, .. } => format!("resolved: {because}"),
        Event::Reopened { because } => format!("reopened: {because}"),
        Event::Reported => "reported".into(),
        Event::Found { finding: Finding::Verified { says, .. }, .. } => format!("verified: {says}"),
        Event::Found { finding: Finding::ReadBack { applied }, .. } => {
            format!("read back: {}", if *applied { "it took place" } else { "it did not" })
        }
        Event::FirstFailure { .. }
        | Event::Found { .. }
        | Event::LooksAsked { .. }
        | Event::LookAsked { .. }
        | Event::ManyAgree { .. }
        | Event::Assigned { .. }
        | Event::Updated { .. } => return None,
    })
}

fn came(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(Finding::Sent { provider, .. }) => format!("sent by {provider}"),
        Outcome::Done(Finding::WouldHave) => "would have".into(),
        Outcome::Done(_) => "done".into(),
        Outcome::Later { why, .. } => format!("later, {why}"),
        Outcome::Never { why } => format!("never, {why}"),
        Outcome::Unknown { why } => format!("unknown, {why}"),
    }
}
