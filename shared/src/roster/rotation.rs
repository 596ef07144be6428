//! Who is on call at a moment: a pure function of the plan, of who stands in, and of the time.
//!
//! Shifts are counted in days of the calendar and end at a time of the day, where the clock of the rotation hangs. A
//! hand-over at a time that is skipped takes place as much later as was skipped, one at a time that comes twice the
//! first time (RFC 5545, 3.3.5): every moment belongs to exactly one shift.

use super::{Cover, Roster};
use crate::id::PersonId;
use crate::plan::{OnCall, Plan};
use crate::time::Ts;

/// Changes looked over for one that is felt.
const MAX_STEPS: usize = 400;

/// Who is on call, and from when until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Who is called first.
    pub primary: PersonId,
    /// Who is called next; never the same. Absent where the plan knows only one.
    pub backup: Option<PersonId>,
    /// Since when it may have been so; absent where nobody ever hands over.
    pub since: Option<Ts>,
    /// Until when it is so.
    pub until: Option<Ts>,
}

impl Shift {
    /// In the order in which they are called.
    pub fn order(&self) -> impl Iterator<Item = &PersonId> {
        std::iter::once(&self.primary).chain(&self.backup)
    }
}

/// Who is on call at that moment. A plan without a rotation has the order of its roles.
pub fn on_call_at(plan: &Plan, roster: &Roster, now: Ts) -> Option<Shift> {
    let Some(on_call) = &plan.on_call else { return by_roles(plan, roster, now) };
    let turn = turn_at(on_call, now)?;
    let asked = cover_at(&roster.covers, now)
        .or_else(|| override_at(on_call, now))
        .unwrap_or_else(|| stand_in(on_call, person_at(on_call, turn), now));
    let next = (1..=on_call.people.len() as i64)
        .map(|after| stand_in(on_call, person_at(on_call, turn + after), now))
        .find(|person| *person != asked)
        .or_else(|| on_call.people.iter().find(|person| *person != asked));
    let edges = edges(on_call, roster, turn);
    Some(Shift {
        primary: asked.clone(),
        backup: next.cloned(),
        since: edges.iter().copied().filter(|at| *at <= now).max(),
        until: edges.iter().copied().filter(|at| *at > now).min(),
    })
}

/// The shifts from that moment on, like neighbours joined; endless where there is a rotation.
pub fn shifts<'a>(
    plan: &'a Plan,
    roster: &'a Roster,
    now: Ts,
) -> impl Iterator<Item = Shift> + use<'a> {
    let mut next = on_call_at(plan, roster, now);
    std::iter::from_fn(move || {
        let mut shift = next.take()?;
        for _ in 0..MAX_STEPS {
            let Some(until) = shift.until else { return Some(shift) };
            let after = on_call_at(plan, roster, until)?;
            if (&after.primary, &after.backup) != (&shift.primary, &shift.backup) {
                next = Some(after);
                return Some(shift);
            }
            shift.until = after.until;
        }
        Some(shift)
    })
}

fn by_roles(plan: &Plan, roster: &Roster, now: Ts) -> Option<Shift> {
    let order = &plan.roles.on_call;
    let cover = roster.covers.iter().rev().find(|cover| covers(cover, now));
    let primary = cover.map(|cover| &cover.person).or(order.first())?;
    let edges: Vec<Ts> = roster.covers.iter().flat_map(|one| [one.from, one.until]).collect();
    Some(Shift {
        primary: primary.clone(),
        backup: order.iter().find(|person| *person != primary).cloned(),
        since: edges.iter().copied().filter(|at| *at <= now).max(),
        until: edges.iter().copied().filter(|at| *at > now).min(),
    })
}

fn covers(cover: &Cover, now: Ts) -> bool {
    cover.from <= now && now < cover.until
}

fn cover_at(all: &[Cover], now: Ts) -> Option<&PersonId> {
    all.iter().rev().find(|cover| covers(cover, now)).map(|cover| &cover.person)
}

fn override_at(on_call: &OnCall, now: Ts) -> Option<&PersonId> {
    let holds = |one: &&crate::plan::Override| {
        let from = on_call.zone.moment(one.from.0).is_some_and(|at| at <= now);
        from && on_call.zone.moment(one.until.0).is_some_and(|at| now < at)
    };
    on_call.overrides.iter().rev().find(holds).map(|one| &one.person)
}

/// The number of the shift at a moment; before the start it is negative.
fn turn_at(on_call: &OnCall, now: Ts) -> Option<i64> {
    let days = i64::from(on_call.days.max(1));
    let passed = on_call.start.0.until(on_call.zone.at(now).date()).ok()?;
    let near = i64::from(passed.get_days()).div_euclid(days);
    let began = |turn: &i64| hand_over(on_call, *turn).is_some_and(|at| at <= now);
    (near - 1..=near + 1).rev().find(began)
}

/// When a shift begins.
fn hand_over(on_call: &OnCall, turn: i64) -> Option<Ts> {
    let days = jiff::Span::new().try_days(turn * i64::from(on_call.days.max(1))).ok()?;
    let day = on_call.start.0.checked_add(days).ok()?;
    on_call.zone.moment(day.to_datetime(on_call.hand_over.0))
}

fn person_at(on_call: &OnCall, turn: i64) -> &PersonId {
    let place = turn.rem_euclid(on_call.people.len().max(1) as i64) as usize;
    &on_call.people[place]
}

/// Whoever takes the turn of that person: themselves, or a substitute who isn't off, too.
fn stand_in<'a>(on_call: &'a OnCall, person: &'a PersonId, now: Ts) -> &'a PersonId {
    let day = on_call.zone.at(now).date();
    let mut who = person;
    for _ in 0..=on_call.holidays.len() {
        let holiday = on_call.holidays.iter().find(|one| one.frees(who, day));
        let Some(holiday) = holiday else { return who };
        who = &holiday.substitute;
    }
    // Everyone is off for everyone else: then it is their turn after all.
    person
}

/// Every moment around a shift at which somebody else may be on call.
fn edges(on_call: &OnCall, roster: &Roster, turn: i64) -> Vec<Ts> {
    let zone = &on_call.zone;
    let midnight =
        |day: jiff::civil::Date| zone.moment(day.to_datetime(jiff::civil::Time::midnight()));
    let holidays = on_call
        .holidays
        .iter()
        .flat_map(|one| [midnight(one.from.0), one.until.0.tomorrow().ok().and_then(midnight)]);
    let planned = on_call
        .overrides
        .iter()
        .flat_map(|one| [zone.moment(one.from.0), zone.moment(one.until.0)]);
    let covers = roster.covers.iter().flat_map(|one| [Some(one.from), Some(one.until)]);
    let own = [hand_over(on_call, turn), hand_over(on_call, turn + 1)];
    own.into_iter().chain(holidays).chain(planned).chain(covers).flatten().collect()
}
