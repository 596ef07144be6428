//! The incident's own channel: its name and its topic.

use shared::id::ComponentId;
use shared::incident::{Incident, Role};
use shared::plan::Plan;

use super::card;
use super::text::{cut, said};
use crate::terminal::paint::severity_says;

/// The longest name Slack takes.
const NAME: usize = 80;
/// The longest topic Slack takes.
const TOPIC: usize = 250;
/// The longest purpose Slack takes.
const PURPOSE: usize = 250;

/// `inc-20250106-42-application-frontend`: the day of the outage, the incident's number, the component.
pub fn channel_name(incident: &Incident, plan: &Plan) -> String {
    let name = slug(component_name(&incident.component, plan));
    let name = if name.is_empty() { slug(incident.component.as_str()) } else { name };
    let day: String = incident.since.rfc3339().chars().take(10).filter(|c| *c != '-').collect();
    shortened(&format!("inc-{}-{}-{name}", slug(&day), incident.number), NAME)
}

/// The name to try after that many were taken: `…-2`, `…-3`.
pub fn another_name(name: &str, taken: u32) -> String {
    let suffix = format!("-{}", taken + 1);
    shortened(name, NAME - suffix.len()) + &suffix
}

/// The topic: what doesn't change by itself, so that it is set seldom.
pub fn topic(incident: &Incident, plan: &Plan) -> String {
    let commander = incident.roles.get(&Role::IncidentCommander);
    let commander = commander.map_or_else(|| "nobody yet".into(), |one| said(one.as_str()));
    let severity = severity_says(incident.state, incident.severity);
    let name = said(component_name(&incident.component, plan));
    let topic = format!(
        "{} {}, {severity} · {} · incident commander: {} · commands: /incident help",
        card::sign(incident.state),
        incident.state.says(),
        cut(&name, 80),
        cut(&commander, 60),
    );
    cut(&topic, TOPIC)
}

/// What the channel is for. It names the incident, so that it is known again as ours.
pub fn purpose(incident: &Incident, plan: &Plan) -> String {
    let name = cut(&said(component_name(&incident.component, plan)), 80);
    let Incident { number, id, .. } = incident;
    cut(
        &format!("Incident {number}: {name}. Pin a message, and it joins the timeline. {id}"),
        PURPOSE,
    )
}

/// A component's name in the plan, else its id.
pub(super) fn component_name<'a>(id: &'a ComponentId, plan: &'a Plan) -> &'a str {
    plan.component(id).map_or(id.as_str(), |component| &component.name)
}

/// Lower-case letters and digits, with single hyphens between them.
fn slug(text: &str) -> String {
    let letters = text.chars().map(|c| c.to_ascii_lowercase());
    let calm: String = letters.map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    calm.split_whitespace().collect::<Vec<_>>().join("-")
}

/// A slug is ASCII: bytes are letters.
fn shortened(slug: &str, limit: usize) -> String {
    slug[..slug.len().min(limit)].trim_matches('-').to_owned()
}
