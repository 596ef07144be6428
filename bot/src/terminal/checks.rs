//! `allclear verify`, `doctor` and `plan check`: what can be trusted, and what can't yet.

use anyhow::{Result, anyhow, bail};
use functions::store::SqliteStore;
use serde::de::DeserializeOwned;
use serde_json::json;
use shared::effect::{ActClass, Lane};
use shared::engine::Engine;
use shared::id::StreamId;
use shared::incident::Event;
use shared::ledger::{self, Hash};
use shared::plan::Date;
use shared::plan::check::{self, Finding, Level};
use shared::safety::{SAFETY_STREAM, SafetyEvent};
use shared::store::{Store, Summary};
use shared::time::Ts;

use super::Answer;
use super::paint;
use crate::settings::Settings;

/// Owed effects listed at most; more than that is a number.
const LISTED: usize = 1_000;

/// Walks the chain of one incident, or of everything there is.
pub fn verify(number: Option<u32>, settings: &Settings) -> Result<Answer> {
    let store = SqliteStore::open(&settings.store)?;
    let incidents: Vec<Summary> = match number {
        Some(number) => store.numbered(number)?.into_iter().collect(),
        None => store.newest(usize::MAX)?,
    };
    if let (Some(number), true) = (number, incidents.is_empty()) {
        bail!("there is no incident {number}: `allclear incident list` shows them");
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
    let text = format!(
        "Verified: {turns} turns of {} incidents, every hash as it should be.\n",
        incidents.len()
    );
    Ok(Answer {
        text,
        json: json!({"verified": true, "turns": turns, "incidents": incidents.len(), "heads": heads}),
    })
}

/// Walks one chain; the error names its first bad turn.
fn walk<E: DeserializeOwned>(
    store: &SqliteStore,
    stream: &StreamId,
    who: &str,
) -> Result<(usize, Hash)> {
    let turns = store.turns(stream)?;
    let bodies = ledger::verify::<E>(stream, &turns)
        .map_err(|broken| anyhow!("{who}: first bad turn is {}: {broken}", broken.turn()))?;
    Ok((bodies.len(), turns.last().map(|turn| turn.hash).unwrap_or_default()))
}

/// What is armed, what isn't, and why; what is owed; what is open.
pub fn doctor(settings: &Settings) -> Result<Answer> {
    let engine = settings.engine()?;
    let now = settings.now();
    let mut lines = vec![
        format!("plan      {} (version {})", settings.plan_name, settings.plan.document.version),
        format!("store     {}", settings.store.display()),
    ];
    lines.extend(arming_lines(&engine));
    lines.extend(people_lines(settings));
    lines.extend(owed_lines(&engine, now)?);
    lines.push(format!("open      {} incidents", engine.live().count()));
    let disarmed = &engine.standing().disarmed;
    let json = json!({
        "plan": settings.plan_name,
        "store": settings.store,
        "frozen": engine.standing().frozen,
        "disarmed": ActClass::ALL.map(|class| json!({"class": class, "because": disarmed.get(&class)})),
        "missing": check::disarmed_because(&settings.plan),
        "open": engine.live().map(|one| one.number).collect::<Vec<_>>(),
    });
    Ok(Answer { text: lines.join("\n") + "\n", json })
}

fn arming_lines(engine: &Engine<SqliteStore>) -> Vec<String> {
    let standing = engine.standing();
    let mut lines: Vec<String> = ActClass::ALL
        .iter()
        .map(|class| match standing.disarmed.get(class) {
            None => format!("armed     {}", class.says()),
            Some(why) => format!("disarmed  {}: {why}", class.says()),
        })
        .collect();
    if let Some(freeze) = &standing.frozen {
        lines.push(format!("FROZEN    by {}: {}", freeze.by, freeze.why));
    }
    lines
}

/// Who can't be reached.
fn people_lines(settings: &Settings) -> Vec<String> {
    check::disarmed_because(&settings.plan).iter().map(|why| format!("missing   {why}")).collect()
}

/// What waits to be performed: with a server running this is empty within seconds.
fn owed_lines(engine: &Engine<SqliteStore>, now: Ts) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for lane in Lane::ALL {
        let owed = engine.owed(lane, now, LISTED)?.len();
        if owed > 0 {
            lines.push(format!(
                "owed      {owed} on the {lane:?} lane: is `allclear serve` running?"
            ));
        }
    }
    Ok(lines)
}

/// What the plan gets wrong, and what the system does about it.
pub fn plan(settings: &Settings) -> Answer {
    let findings = check::check(&settings.plan, today(settings.now()));
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

fn today(now: Ts) -> Date {
    let day = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    Date(day.to_zoned(jiff::tz::TimeZone::UTC).date())
}
