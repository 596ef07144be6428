//! Orders about who is on call, and about waking people by name.

use anyhow::{Result, bail};
use functions::desk::RosterChange;
use shared::engine::{Glance, Target};
use shared::grammar::{On, OnCallVerb, Page, role};
use shared::id::PersonId;
use shared::incident::{Role, Wish};
use shared::plan::{Local, Plan, Zone};
use shared::roster::{Roster, RosterEvent, RosterWish, on_call_at};
use shared::time::Ts;

use super::incident::{Which, person, the_one};
use super::{Counter, Said, Speaker, wish};

/// `oncall …`
pub(super) async fn on_call(
    verb: Option<&OnCallVerb>,
    speaker: &Speaker,
    counter: &impl Counter,
    now: Ts,
) -> Result<Said> {
    let plan = counter.plan();
    let change = match verb {
        None | Some(OnCallVerb::Now) => return shown(counter, Look::Now).await,
        Some(OnCallVerb::Next) => return shown(counter, Look::Next).await,
        Some(OnCallVerb::Week) => return shown(counter, Look::Week).await,
        Some(OnCallVerb::Override { person: who, from, until }) => RosterWish::Cover {
            person: person(who, &plan)?,
            from: from.as_deref().map_or(Ok(now), |text| moment(text, &plan))?,
            until: moment(until, &plan)?,
        },
        Some(OnCallVerb::Cancel { number }) => RosterWish::Uncover { number: *number },
    };
    changed(change, speaker, counter).await?;
    shown(counter, Look::Week).await
}

/// How far ahead is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Who is on call now.
    Now,
    /// Who comes after.
    Next,
    /// Seven days.
    Week,
}

async fn shown(counter: &impl Counter, look: Look) -> Result<Said> {
    // Without a store yet, nobody stands in.
    let roster = counter.see(|seen| Ok(seen.roster().clone())).await.unwrap_or_default();
    Ok(Said::OnCall(Box::new(roster), look))
}

async fn changed(
    wish: RosterWish,
    speaker: &Speaker,
    counter: &impl Counter,
) -> Result<Vec<RosterEvent>> {
    let Speaker { by, via, key } = speaker.clone();
    counter.change_roster(RosterChange { by, via, key, wish }).await
}

/// `page …`
pub(super) async fn page(
    page: &Page,
    speaker: &Speaker,
    counter: &impl Counter,
    now: Ts,
) -> Result<Said> {
    let plan = counter.plan();
    match page.words.as_slice() {
        [test, who] if test == "test" => {
            let wish = RosterWish::Test { person: person(who, &plan)? };
            changed(wish, speaker, counter).await?;
            tests(counter).await
        }
        [test] if test == "tests" => tests(counter).await,
        [who, rest @ ..] => {
            let (number, because) = on_which(page.on, rest, counter).await?;
            if because.is_empty() {
                bail!("say why: `page {who} nobody answers`");
            }
            let who = who.clone();
            let people = counter.see(move |seen| people(&who, number, seen, now)).await?;
            let asked = Wish::Summon { people, because };
            wish(Target::Number(number), asked, speaker, counter).await
        }
        [] => bail!("say whom: a person, a role, oncall or all"),
    }
}

async fn tests(counter: &impl Counter) -> Result<Said> {
    Ok(Said::PhoneTests(counter.see(|seen| Ok(seen.roster().tests.clone())).await?))
}

/// Reads `[on N] why…`; without a number the one that is open is meant.
async fn on_which(flag: On, rest: &[String], counter: &impl Counter) -> Result<(u32, String)> {
    if let Some(number) = flag.number {
        return Ok((number, rest.join(" ")));
    }
    if let [on, number, why @ ..] = rest
        && on == "on"
        && let Ok(number) = number.trim_start_matches('#').parse()
    {
        return Ok((number, why.join(" ")));
    }
    let number = counter.see(|seen| the_one(seen, Which::Open)).await?;
    Ok((number, rest.join(" ")))
}

fn people(who: &str, number: u32, seen: &dyn Glance, now: Ts) -> Result<Vec<PersonId>> {
    let plan = seen.plan();
    match who.to_lowercase().as_str() {
        "all" | "everyone" => return Ok(plan.people.iter().map(|one| one.id.clone()).collect()),
        "oncall" | "on-call" => {
            let shift = on_call_at(plan, seen.roster(), now);
            return Ok(shift.map(|shift| shift.primary).into_iter().collect());
        }
        _ => {}
    }
    if let (Ok(role), None) = (role(who), plan.person(&who.into())) {
        let assigned = super::numbered(seen, number)?.roles.get(&role).cloned();
        let planned = match role {
            Role::IncidentCommander => &plan.roles.incident_commander,
            Role::TechnicalLead => &plan.roles.technical_lead,
            Role::CommunicationsLead => &plan.roles.communications_lead,
            Role::BusinessLead => &plan.roles.business_lead,
            Role::AssignedDeveloper => match on_call_at(plan, seen.roster(), now) {
                Some(shift) => return Ok(vec![assigned.unwrap_or(shift.primary)]),
                None => bail!("nobody is on call"),
            },
        };
        return Ok(vec![assigned.unwrap_or_else(|| planned.clone())]);
    }
    Ok(vec![person(who, plan)?])
}

/// A moment by the rotation's clock, or with its own offset.
fn moment(text: &str, plan: &Plan) -> Result<Ts> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let local: Local = text.parse().map_err(anyhow::Error::msg)?;
    let at = zone(plan).moment(local.0);
    at.ok_or_else(|| anyhow::anyhow!("`{text}` is out of every calendar"))
}

/// Where the clock of the rotation hangs; UTC where there is none.
pub fn zone(plan: &Plan) -> Zone {
    plan.on_call.as_ref().map_or(Zone::UTC, |it| it.zone.clone())
}

/// The shifts to be shown: the first is the present one.
pub fn rows(plan: &Plan, roster: &Roster, look: Look, now: Ts) -> Vec<shared::roster::Shift> {
    const WEEK: shared::time::Span = shared::time::Span::days(7);
    let all = shared::roster::shifts(plan, roster, now);
    match look {
        Look::Now => all.take(1).collect(),
        Look::Next => all.skip(1).take(1).collect(),
        Look::Week => {
            all.take_while(|shift| shift.since.is_none_or(|since| since < now + WEEK)).collect()
        }
    }
}
