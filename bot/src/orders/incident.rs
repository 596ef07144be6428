//! Orders about incidents.

use anyhow::{Result, anyhow, bail};
use shared::engine::{Glance, Target};
use shared::grammar::{IncidentVerb, On, declaration};
use shared::id::PersonId;
use shared::incident::{Incident, Role, State, Wish};
use shared::plan::Plan;
use shared::store::Summary;

use super::{Counter, Said, Speaker, wish};

pub(super) async fn carry_out(
    verb: &IncidentVerb,
    speaker: &Speaker,
    counter: &impl Counter,
) -> Result<Said> {
    match verb {
        IncidentVerb::List { limit, all } => list(counter, *limit, *all).await,
        IncidentVerb::Show(on) => {
            let on = *on;
            counter.see(move |seen| Ok(Said::Incident(Box::new(shown(seen, on)?)))).await
        }
        IncidentVerb::Timeline(on) | IncidentVerb::Report(on) => {
            let (on, report) = (*on, matches!(verb, IncidentVerb::Report(_)));
            let look = move |seen: &dyn Glance| {
                let incident = Box::new(shown(seen, on)?);
                let turns = seen.turns(&incident.id)?;
                Ok(if report {
                    Said::Report(incident, turns)
                } else {
                    Said::Timeline(incident, turns)
                })
            };
            counter.see(look).await
        }
        IncidentVerb::Declare { words } => declare(words, speaker, counter).await,
        IncidentVerb::Page(page) => {
            super::people::page(page, speaker, counter, counter.now()).await
        }
        IncidentVerb::Handoff { on, to, text } => {
            hand_off(*on, to, &text.join(" "), speaker, counter).await
        }
        IncidentVerb::Freeze { why } => {
            let first = counter.see(|seen| Ok(seen.standing().frozen.clone())).await;
            let why = Some(why.join(" "));
            counter.freeze(speaker.by.clone(), why, speaker.key.clone()).await?;
            Ok(Said::Frozen(first.unwrap_or_default()))
        }
        IncidentVerb::Unfreeze => {
            let was = counter.see(|seen| Ok(seen.standing().frozen.clone())).await;
            counter.freeze(speaker.by.clone(), None, speaker.key.clone()).await?;
            Ok(Said::Thawed(was.unwrap_or_default()))
        }
        IncidentVerb::Ack(_)
        | IncidentVerb::Decline(_)
        | IncidentVerb::Update { .. }
        | IncidentVerb::Severity { .. }
        | IncidentVerb::Assign { .. }
        | IncidentVerb::Mitigated(_)
        | IncidentVerb::Resolve { .. }
        | IncidentVerb::Reopen { .. } => {
            let (on, what) = meant(verb, counter).await?;
            wish(Target::Number(on), what, speaker, counter).await
        }
    }
}

/// Which incident a verb is about, and what is wanted of it.
async fn meant(verb: &IncidentVerb, counter: &impl Counter) -> Result<(u32, Wish)> {
    let (on, what, which) = match verb {
        IncidentVerb::Ack(on) => (on, Wish::Acknowledge, Which::Unacknowledged),
        IncidentVerb::Decline(on) => (on, Wish::Decline, Which::Open),
        IncidentVerb::Update { on, text } => (on, Wish::Update(text.join(" ")), Which::Open),
        IncidentVerb::Severity { on, to, because } => {
            (on, Wish::SetSeverity { to: *to, because: because.join(" ") }, Which::Open)
        }
        IncidentVerb::Assign { on, role, to } => {
            let to = person(to, &counter.plan())?;
            (on, Wish::Assign { role: *role, to }, Which::Open)
        }
        IncidentVerb::Mitigated(on) => (on, Wish::Mitigated, Which::Open),
        IncidentVerb::Resolve { on, without_evidence } => {
            (on, Wish::Resolve { without_evidence: without_evidence.clone() }, Which::Open)
        }
        IncidentVerb::Reopen { on, because } => {
            (on, Wish::Reopen { because: because.join(" ") }, Which::Ended)
        }
        _ => bail!("that is nothing to wish for"),
    };
    let number = match on.number {
        Some(number) => number,
        None => counter.see(move |seen| the_one(seen, which)).await?,
    };
    Ok((number, what))
}

/// Which incident is meant where nobody said it.
#[derive(Clone, Copy)]
pub(super) enum Which {
    Unacknowledged,
    Open,
    Ended,
}

/// The only one there is: with two of them nobody guesses.
pub(super) fn the_one(seen: &dyn Glance, which: Which) -> Result<u32> {
    let live = seen.live();
    let declared = live.iter().filter(|one| one.state.is_declared());
    let mut numbers: Vec<u32> = match which {
        Which::Unacknowledged => {
            declared.filter(|one| one.acknowledged_by().is_none()).map(|one| one.number).collect()
        }
        Which::Open => declared.map(|one| one.number).collect(),
        Which::Ended => {
            let newest = seen.newest(1)?;
            newest.iter().filter(|one| !one.state.is_live()).map(|one| one.number).collect()
        }
    };
    numbers.sort_unstable();
    match (numbers.as_slice(), which) {
        ([number], _) => Ok(*number),
        ([], Which::Unacknowledged) => bail!("nothing waits to be acknowledged"),
        ([], Which::Open) => bail!("no incident is open. All clear"),
        ([], Which::Ended) => bail!("say which incident: `incident list --all` shows them"),
        (many, _) => {
            let many: Vec<String> = many.iter().map(u32::to_string).collect();
            bail!("several incidents wait, say which: {}", many.join(", "))
        }
    }
}

async fn list(counter: &impl Counter, limit: usize, all: bool) -> Result<Said> {
    let look = move |seen: &dyn Glance| {
        let newest = seen.newest(limit)?.into_iter();
        Ok(newest.filter(|row| all || row.state != State::Dismissed).collect::<Vec<Summary>>())
    };
    Ok(Said::Incidents(counter.see(look).await?))
}

async fn declare(words: &[String], speaker: &Speaker, counter: &impl Counter) -> Result<Said> {
    let plan = counter.plan();
    let (severity, component, says) = declaration(words, &plan).map_err(anyhow::Error::msg)?;
    let target = Target::Component(component.clone());
    wish(target, Wish::Declare { component, severity, says, number: 0 }, speaker, counter).await
}

/// The command changes hands, and the room hears where things stand.
async fn hand_off(
    on: On,
    to: &str,
    text: &str,
    speaker: &Speaker,
    counter: &impl Counter,
) -> Result<Said> {
    let to = person(to, &counter.plan())?;
    let number = match on.number {
        Some(number) => number,
        None => counter.see(|seen| the_one(seen, Which::Open)).await?,
    };
    let assign = Wish::Assign { role: Role::IncidentCommander, to: to.clone() };
    wish(Target::Number(number), assign, speaker, counter).await?;
    let word = Wish::Update(format!("{to} takes over from {}: {text}", speaker.by));
    let speaker = Speaker { key: format!("{}/word", speaker.key), ..speaker.clone() };
    wish(Target::Number(number), word, &speaker, counter).await
}

/// A person by their id in the plan, or as chat mentions them: `@id`, `<@U012345>`, `<@U012345|name>`.
pub(super) fn person(text: &str, plan: &Plan) -> Result<PersonId> {
    let mention = text.strip_prefix("<@").and_then(|it| it.strip_suffix('>'));
    let found = match mention.map(|it| it.split('|').next().unwrap_or(it)) {
        Some(slack) => plan.people.iter().find(|one| one.slack.as_deref() == Some(slack)),
        None => plan.person(&text.trim_start_matches('@').into()),
    };
    found.map(|one| one.id.clone()).ok_or_else(|| {
        let known: Vec<&str> = plan.people.iter().map(|one| one.id.as_str()).collect();
        anyhow!("`{text}` is nobody in the plan: people are {}", known.join(", "))
    })
}

/// The incident of that number.
pub fn numbered(seen: &dyn Glance, number: u32) -> Result<Incident> {
    seen.numbered(number)?
        .ok_or_else(|| anyhow!("there is no incident {number}: `incident list` shows them"))
}

/// The incident of that number; without one, the newest that is live, else the newest.
fn shown(seen: &dyn Glance, on: On) -> Result<Incident> {
    if let Some(number) = on.number {
        return numbered(seen, number);
    }
    if let Some(live) = seen.live().into_iter().max_by_key(|one| one.number) {
        return Ok(live.clone());
    }
    match seen.newest(1)?.first() {
        Some(newest) => numbered(seen, newest.number),
        None => bail!("there are no incidents. All clear"),
    }
}
