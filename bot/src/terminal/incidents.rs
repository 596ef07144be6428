//! How incidents are shown in a terminal: what was said of them, in words and in JSON.

use anyhow::{Result, anyhow, bail};
use functions::store::SqliteStore;
use serde_json::json;
use shared::engine::Engine;
use shared::incident::Incident;
use shared::store::{Store, Summary};

use super::{Answer, paint};
use crate::settings::Settings;

/// An incident's page.
pub fn page(incident: &Incident, settings: &Settings) -> Answer {
    let text = paint::incident_page(incident, &settings.plan, settings.now(), settings.brush());
    Answer { text, json: page_json(incident) }
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

/// The incident of that number; without one, the newest that is live, else the newest.
pub fn find(engine: &Engine<SqliteStore>, number: Option<u32>) -> Result<Incident> {
    let summary = match number {
        Some(number) => engine
            .store()
            .numbered(number)?
            .ok_or_else(|| anyhow!("there is no incident {number}: `incident list` shows them"))?,
        None => newest(engine)?,
    };
    Ok(engine.load(&summary.id)?)
}

fn newest(engine: &Engine<SqliteStore>) -> Result<Summary> {
    let live = engine.store().live()?.into_iter().max_by_key(|one| one.number);
    let newest = || Ok::<_, anyhow::Error>(engine.store().newest(1)?.into_iter().next());
    match live.map_or_else(newest, |one| Ok(Some(one)))? {
        Some(summary) => Ok(summary),
        None => bail!("there are no incidents. All clear"),
    }
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
