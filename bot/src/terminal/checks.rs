//! `allclear verify` and `plan check`: what can be trusted.

use anyhow::{Result, anyhow, bail};
use functions::store::PlacedStore;
use serde::de::DeserializeOwned;
use serde_json::json;
use shared::id::StreamId;
use shared::incident::Event;
use shared::ledger::{self, Hash};
use shared::plan::check::{self, Finding, Level};
use shared::safety::{SAFETY_STREAM, SafetyEvent};
use shared::store::{Store, Summary};

use super::Answer;
use super::paint;
use crate::settings::Settings;

/// Walks the chain of one incident, or of everything there is.
pub fn verify(number: Option<u32>, settings: &Settings) -> Result<Answer> {
    let store = settings.read_only()?;
    let incidents: Vec<Summary> = match number {
        Some(number) => store.numbered(number)?.into_iter().collect(),
        None => store.newest(usize::MAX)?,
    };
    if let (Some(number), true) = (number, incidents.is_empty()) {
        bail!("there is no incident {number}: `incident list` shows them");
    }
    let mut turns = 0;
    for incident in &incidents {
        let who = format!("incident {}", incident.number);
        turns += walk::<Event>(&store, &incident.id, &who)?.0;
    }
    let mut heads = json!({});
    if number.is_none() {
        let (more, head) =
            walk::<SafetyEvent>(&store, &SAFETY_STREAM.into(), "the safety journal")?;
        turns += more;
        heads["safety"] = json!(head);
    }
    let (many, of) = (paint::count(turns, "turn"), paint::count(incidents.len(), "incident"));
    let journal = if number.is_none() { " and the safety journal" } else { "" };
    let text = format!("Verified: {many} of {of}{journal}, every hash as it should be.\n");
    Ok(Answer {
        text,
        json: json!({"verified": true, "turns": turns, "incidents": incidents.len(), "heads": heads}),
    })
}

/// Walks one chain; the error names its first bad turn.
fn walk<E: DeserializeOwned>(
    store: &PlacedStore,
    stream: &StreamId,
    who: &str,
) -> Result<(usize, Hash)> {
    let turns = store.turns(stream)?;
    let bodies = ledger::verify::<E>(stream, &turns)
        .map_err(|broken| anyhow!("{who}: first bad turn is {}: {broken}", broken.turn()))?;
    Ok((bodies.len(), turns.last().map(|turn| turn.hash).unwrap_or_default()))
}

/// What the plan gets wrong, and what the system does about it.
pub fn plan(settings: &Settings) -> Answer {
    let findings = check::check(&settings.plan, settings.today());
    let mut text: String = findings
        .iter()
        .map(|finding| finding_text(finding, settings))
        .collect::<Vec<_>>()
        .join("\n");
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    text.push_str(&format!(
        "\n{}: no mistakes; {} contradictions, {} warnings, {} notes.\n",
        settings.plan_name,
        count(Level::Contradiction),
        count(Level::Warning),
        count(Level::Note),
    ));
    Answer { text, json: json!({"plan": settings.plan_name, "findings": findings}) }
}

fn finding_text(finding: &Finding, settings: &Settings) -> String {
    let level = match finding.level {
        Level::Contradiction => "CONTRADICTION",
        Level::Warning => "WARNING",
        Level::Note => "NOTE",
    };
    paint::paragraphs(
        &format!("{level} {}", finding.row),
        &[("plan", &finding.plan_says), ("but", &finding.problem), ("so", &finding.system_does)],
        settings.brush(),
    )
}
