//! `allclear incident …`: the same kernel as everywhere, from a keyboard.

use anyhow::{Result, anyhow, bail};
use functions::store::SqliteStore;
use serde_json::json;
use shared::engine::{Engine, Granted, Target};
use shared::id::ComponentId;
use shared::incident::{Incident, State, Wish};
use shared::plan::{Plan, Severity};
use shared::store::{Store, Summary};

use super::Answer;
use super::paint;
use crate::grammar::{IncidentVerb, severity};
use crate::settings::Settings;

/// Runs one verb.
pub fn run(verb: &IncidentVerb, settings: &Settings) -> Result<Answer> {
    match verb {
        IncidentVerb::List { limit, all } => list(settings, *limit, *all),
        IncidentVerb::Show { number } => show(settings, *number),
        IncidentVerb::Timeline { number } => timeline(settings, *number),
        IncidentVerb::Declare { words } => {
            let (severity, component, says) = declaration(words, &settings.plan)?;
            let target = Target::Component(component.clone());
            wish(settings, &target, &Wish::Declare { component, severity, says, number: 0 })
        }
        IncidentVerb::Ack { number } => {
            let number = match number {
                Some(number) => *number,
                None => only_open(settings)?,
            };
            wish(settings, &Target::Number(number), &Wish::Acknowledge)
        }
        IncidentVerb::Update { number, text } => {
            wish(settings, &Target::Number(*number), &Wish::Update(text.join(" ")))
        }
        IncidentVerb::Severity { number, to, because } => {
            let because = because.join(" ");
            wish(settings, &Target::Number(*number), &Wish::SetSeverity { to: *to, because })
        }
        IncidentVerb::Assign { number, role, to } => {
            let assign = Wish::Assign { role: *role, to: to.as_str().into() };
            wish(settings, &Target::Number(*number), &assign)
        }
        IncidentVerb::Mitigated { number } => {
            wish(settings, &Target::Number(*number), &Wish::Mitigated)
        }
        IncidentVerb::Resolve { number, without_evidence } => {
            let resolve = Wish::Resolve { without_evidence: without_evidence.clone() };
            wish(settings, &Target::Number(*number), &resolve)
        }
        IncidentVerb::Reopen { number, because } => {
            let because = because.join(" ");
            wish(settings, &Target::Number(*number), &Wish::Reopen { because })
        }
    }
}

/// Reads `[p1..p4] [component] words…`; without a component the first one of the plan is meant. What looks like a slip
/// of the thumb is asked back: paging people for the wrong thing is worse.
fn declaration(words: &[String], plan: &Plan) -> Result<(Option<Severity>, ComponentId, String)> {
    let mut rest = words;
    let mut chosen = None;
    if let Some((first, others)) = rest.split_first()
        && let Ok(found) = severity(first)
    {
        (chosen, rest) = (Some(found), others);
    } else if let Some(first) = rest.first().filter(|word| is_severity_like(word)) {
        bail!("there is no severity `{first}`: write p1, p2, p3 or p4, or none");
    }
    let site = plan.components.first().map(|one| one.id.clone());
    let mut component = site.ok_or_else(|| anyhow!("the plan has no components"))?;
    if let Some((first, others)) = rest.split_first() {
        let id = ComponentId::from(first.to_lowercase());
        if plan.component(&id).is_some() {
            (component, rest) = (id, others);
        } else if let Some(meant) = plan.components.iter().find(|one| is_typo_of(&id, &one.id)) {
            bail!("there is no component `{id}`: did you mean `{}`?", meant.id);
        }
    }
    let says = if rest.is_empty() { format!("{component} is down") } else { rest.join(" ") };
    Ok((chosen, component, says))
}

/// `p0`, `p7` and the like: nobody begins a sentence with them.
fn is_severity_like(word: &str) -> bool {
    let digits = word.strip_prefix(['p', 'P']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_typo_of(word: &ComponentId, component: &ComponentId) -> bool {
    strsim::damerau_levenshtein(word.as_str(), component.as_str()) <= 2 && word.as_str().len() > 3
}

fn wish(settings: &Settings, target: &Target, wish: &Wish) -> Result<Answer> {
    let by = settings.speaker()?;
    let mut engine = settings.engine()?;
    let now = settings.now();
    let key = format!("terminal/{}/{}", std::process::id(), now.0);
    let granted = engine.batch(now, |engine| {
        match engine.wish(target, &by, "terminal", &key, wish, now) {
            Ok(granted) => Ok(Ok(granted)),
            Err(shared::engine::WishError::Store(error)) => Err(error),
            Err(refused) => Ok(Err(refused)),
        }
    })??;
    answer(settings, &engine, &granted)
}

fn answer(settings: &Settings, engine: &Engine<SqliteStore>, granted: &Granted) -> Result<Answer> {
    let incident = engine.load(&granted.id)?;
    let text = paint::incident_page(&incident, &settings.plan, settings.now(), settings.brush());
    Ok(Answer { text, json: page_json(&incident) })
}

fn list(settings: &Settings, limit: usize, all: bool) -> Result<Answer> {
    let engine = settings.reader()?;
    let rows: Vec<Summary> = engine
        .store()
        .newest(limit)?
        .into_iter()
        .filter(|row| all || row.state != State::Dismissed)
        .collect();
    let text = if rows.is_empty() {
        "No incidents. All clear.\n".to_owned()
    } else {
        rows.iter().map(|row| paint::incident_row(row, settings.now(), settings.brush())).collect()
    };
    Ok(Answer { text, json: rows.iter().map(row_json).collect() })
}

fn show(settings: &Settings, number: Option<u32>) -> Result<Answer> {
    let engine = settings.reader()?;
    let incident = find(&engine, number)?;
    let text = paint::incident_page(&incident, &settings.plan, settings.now(), settings.brush());
    Ok(Answer { text, json: page_json(&incident) })
}

fn timeline(settings: &Settings, number: Option<u32>) -> Result<Answer> {
    let engine = settings.reader()?;
    let incident = find(&engine, number)?;
    let turns = super::turns_of(&engine, &incident.id)?;
    let lines = shared::timeline::timeline(&turns);
    let text = lines.iter().map(|line| paint::timeline_line(line, settings.brush())).collect();
    Ok(Answer { text, json: json!(turns) })
}

/// The incident of that number; without one, the newest that is live, else the newest.
pub fn find(engine: &Engine<SqliteStore>, number: Option<u32>) -> Result<Incident> {
    let summary = match number {
        Some(number) => engine.store().numbered(number)?.ok_or_else(|| {
            anyhow!("there is no incident {number}: `allclear incident list` shows them")
        })?,
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

fn only_open(settings: &Settings) -> Result<u32> {
    let engine = settings.reader()?;
    let mut waiting: Vec<u32> = engine
        .live()
        .filter(|one| one.state.is_declared() && one.acknowledged_by().is_none())
        .map(|one| one.number)
        .collect();
    waiting.sort_unstable();
    match waiting.as_slice() {
        [number] => Ok(*number),
        [] => bail!("nothing waits to be acknowledged"),
        many => {
            let many: Vec<String> = many.iter().map(u32::to_string).collect();
            bail!("several incidents wait, say which: {}", many.join(", "))
        }
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
