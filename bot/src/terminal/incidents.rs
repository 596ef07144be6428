//! How incidents are shown in a terminal: what was said of them, in words and in JSON.

use std::fmt::Write;

use anyhow::Result;
use serde_json::json;
use shared::checklist;
use shared::engine::Glance;
use shared::incident::Incident;
use shared::store::Summary;

use super::{Answer, paint};
use crate::settings::Settings;

/// An incident's page.
pub fn page(incident: &Incident, settings: &Settings) -> Answer {
    let text = paint::incident_page(incident, &settings.plan, settings.now(), settings.brush());
    Answer { text, json: page_json(incident) }
}

/// The runbook's steps, as the record shows them, and what the providers said of themselves.
///
/// # Errors
/// If the store can't be read.
pub fn checklist(incident: &Incident, settings: &Settings) -> Result<String> {
    let seen = settings.reader()?;
    let turns = Glance::turns(&seen, &incident.id)?;
    let (plan, operations) = (&settings.plan, seen.operations());
    let list = checklist::checklist(plan, incident, &turns, operations, settings.now());
    let mut text = format!("\nRunbook: {}\n", list.title);
    for step in &list.steps {
        writeln!(text, "{} {}: {step}", step.progress.sign(), step.what)?;
    }
    for one in checklist::vendors_seen(&turns) {
        let word = match one.working {
            Some(true) => "works",
            Some(false) => "has trouble",
            None => "could not be asked",
        };
        writeln!(text, "{} {word}, {} UTC: {}", one.vendor, one.at.clock(), one.says)?;
    }
    Ok(text)
}

/// A list of incidents.
pub fn list(rows: &[Summary], settings: &Settings) -> Answer {
    let text = if rows.is_empty() {
        "No incidents. All clear.\n".to_owned()
    } else {
        rows.iter().map(|row| paint::incident_row(row, settings.now(), settings.brush())).collect()
    };
    Answer { text, json: rows.iter().map(row_json).collect() }
}

fn row_json(row: &Summary) -> serde_json::Value {
    json!({
        "number": row.number,
        "id": row.id,
        "component": row.component,
        "state": row.state,
        "severity": row.state.has_severity().then_some(row.severity),
        "since": row.since.rfc3339(),
        "ended": row.ended.map(shared::time::Ts::rfc3339),
    })
}

fn page_json(incident: &Incident) -> serde_json::Value {
    let roles = incident.roles.iter().map(|(role, person)| json!({"role": role, "person": person}));
    json!({
        "number": incident.number,
        "id": incident.id,
        "component": incident.component,
        "state": incident.state,
        "severity": incident.state.has_severity().then_some(incident.severity),
        "severity_because": incident.severity_because,
        "since": incident.since.rfc3339(),
        "acknowledged_by": incident.acknowledged_by(),
        "roles": roles.collect::<Vec<_>>(),
        "recovered": incident.marks.recovered.map(shared::time::Ts::rfc3339),
        "resolved": incident.marks.resolved.map(shared::time::Ts::rfc3339),
        "obligations": incident.obligations,
        "turns": incident.turns,
        "head": incident.head,
    })
}
