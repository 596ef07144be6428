//! What people may change about the roster, and what a test of a phone owes.

use std::sync::Arc;

use super::{Cover, PhoneTest, Roster, RosterEvent, readiness};
use crate::effect::{Effect, Outcome, Page, Tell};
use crate::id::{EffectKey, PersonId};
use crate::page::{MAX_COPIES, Report, Stage};
use crate::plan::{ContactKind, Person, Plan, Severity, is_placeholder};
use crate::time::{Span, Ts};

/// Longest time that somebody stands in: longer is a change of the plan.
const MAX_COVER: Span = Span::days(60);

/// What is wanted of the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RosterWish {
    /// Somebody stands in.
    Cover {
        /// Who.
        person: PersonId,
        /// From when.
        from: Ts,
        /// Until when.
        until: Ts,
    },
    /// They don't, after all.
    Uncover {
        /// Which cover.
        number: u32,
    },
    /// Test somebody's phone with real pages.
    Test {
        /// Whose.
        person: PersonId,
    },
    /// "I heard the test."
    Hear {
        /// The code of the test; absent: the last one.
        code: Option<u32>,
    },
    /// Somebody wrote `STOP`.
    OptOut,
    /// Somebody wrote `START`.
    OptIn,
    /// See whether everybody who would be paged can be reached, and say it if that is news.
    Review,
}

/// Why it was not granted, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The person isn't in the plan.
    #[error("{0} is not in the plan: add them under [[people]] in plan.toml")]
    Stranger(PersonId),
    /// It ends before it begins, or is over.
    #[error("it ends at {until}: write an end that is later than {than}")]
    NoTime {
        /// The end.
        until: Ts,
        /// What it must be later than.
        than: Ts,
    },
    /// It is too long for an exception.
    #[error("{0} is too long to stand in: change [on_call] in plan.toml")]
    TooLong(Span),
    /// There is no such cover.
    #[error("nobody stands in under number {0}: `oncall` shows who does")]
    NoSuchCover(u32),
    /// Nothing is being tested.
    #[error("no test of your phone is under way")]
    NoTest,
    /// There is nothing to reach them by.
    #[error("{0} has no phone, no Slack and no mail in the plan: nothing can be tested")]
    Unreachable(PersonId),
}

/// Decides; no events: it is so already.
pub fn decide(
    plan: &Plan,
    roster: &Roster,
    by: &PersonId,
    via: &Arc<str>,
    wish: &RosterWish,
    now: Ts,
) -> Result<Vec<RosterEvent>, Refusal> {
    let known =
        |person: &PersonId| plan.person(person).ok_or_else(|| Refusal::Stranger(person.clone()));
    known(by)?;
    Ok(match wish {
        RosterWish::Cover { person, from, until } => {
            known(person)?;
            let (person, from, until) = (person.clone(), *from, *until);
            fits(from, until, now)?;
            let number = roster.numbers + 1;
            vec![RosterEvent::Covered(Cover { number, person, from, until, by: by.clone() })]
        }
        RosterWish::Uncover { number } => {
            if !roster.covers.iter().any(|one| one.number == *number && one.until > now) {
                return Err(Refusal::NoSuchCover(*number));
            }
            vec![RosterEvent::Uncovered { number: *number, by: by.clone() }]
        }
        RosterWish::Test { person } => {
            let means = means_of(known(person)?);
            if means.is_empty() {
                return Err(Refusal::Unreachable(person.clone()));
            }
            let (number, person) = (roster.numbers + 1, person.clone());
            vec![RosterEvent::TestAsked { number, person, means, by: by.clone() }]
        }
        RosterWish::Hear { code } => {
            let test = roster.awaits(by, *code).ok_or(Refusal::NoTest)?;
            vec![RosterEvent::TestHeard { number: test.number, via: via.clone() }]
        }
        RosterWish::OptOut if roster.opted_out.contains(by) => Vec::new(),
        RosterWish::OptOut => vec![RosterEvent::OptedOut { person: by.clone() }],
        RosterWish::OptIn if !roster.opted_out.contains(by) => Vec::new(),
        RosterWish::OptIn => vec![RosterEvent::OptedIn { person: by.clone() }],
        RosterWish::Review => {
            let news = readiness::news(plan, roster, now);
            news.map(|gaps| RosterEvent::Reviewed { gaps }).into_iter().collect()
        }
    })
}

fn fits(from: Ts, until: Ts, now: Ts) -> Result<(), Refusal> {
    let than = from.max(now);
    if until <= than {
        return Err(Refusal::NoTime { until, than });
    }
    if until - from > MAX_COVER {
        return Err(Refusal::TooLong(until - from));
    }
    Ok(())
}

/// Every means a person has; placeholders count, as they do for pages.
fn means_of(person: &Person) -> Vec<ContactKind> {
    let has = |kind: &ContactKind| match kind {
        ContactKind::Voice | ContactKind::Sms => !person.phone.is_empty(),
        ContactKind::Mail => !person.email.is_empty(),
        ContactKind::Slack => person.slack.as_ref().is_some_and(|id| !is_placeholder(id)),
    };
    let all = [ContactKind::Voice, ContactKind::Sms, ContactKind::Mail, ContactKind::Slack];
    all.into_iter().filter(has).collect()
}

/// What an event owes: the pages of a test, and the next copy of one that was in vain.
pub fn react(plan: &Plan, roster: &Roster, event: &RosterEvent) -> Vec<Effect> {
    match event {
        RosterEvent::TestAsked { number, means, .. } => {
            let Some(test) = roster.test(*number) else { return Vec::new() };
            means.iter().map(|by| Effect::Page(page(plan, test, *by))).collect()
        }
        RosterEvent::TestPaged { number, page, outcome, .. } => {
            let arrived = matches!(outcome, Outcome::Done(_));
            let wanted = roster.test(*number).is_some_and(|test| test.heard.is_none());
            if arrived || !wanted || page.copy >= MAX_COPIES {
                return Vec::new();
            }
            vec![Effect::Page(Page { copy: page.copy + 1, ..page.clone() })]
        }
        RosterEvent::Reviewed { gaps } => vec![Effect::Tell(Tell::Notice(readiness::says(gaps)))],
        _ => Vec::new(),
    }
}

fn page(plan: &Plan, test: &PhoneTest, by: ContactKind) -> Page {
    let component = plan.components.first().map_or_else(|| "".into(), |one| one.id.clone());
    Page {
        person: test.person.clone(),
        by,
        code: test.code(),
        copy: 1,
        rung: 0,
        incident: test.number,
        severity: Severity::P4,
        component,
        not_before: None,
        test: true,
    }
}

/// A page of a test has an outcome.
pub fn settled(key: &EffectKey, page: &Page, outcome: &Outcome) -> RosterEvent {
    let (number, page, outcome) = (page.incident, page.clone(), outcome.clone());
    RosterEvent::TestPaged { number, page, outcome, key: key.clone() }
}

/// A provider says more of a page of a test; `None`: that is no news.
pub fn delivered(
    roster: &Roster,
    key: &EffectKey,
    page: &Page,
    report: &Report,
) -> Option<RosterEvent> {
    let number = page.incident;
    let stand = roster.test(number)?.pages.get(&page.by)?;
    let known = stand.copies.get(usize::from(page.copy).saturating_sub(1));
    let stopped = report.stage == Stage::OptedOut && !roster.opted_out.contains(&page.person);
    let news = report.stage.adds_to(known.and_then(crate::page::Copy::stage)) || stopped;
    let (key, page, report) = (key.clone(), page.clone(), report.clone());
    news.then_some(RosterEvent::TestDelivered { number, page, report, key })
}
