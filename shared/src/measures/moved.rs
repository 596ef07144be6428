//! From the first failing probe to traffic moved: what the plan allows for it, and what the first move took.

use super::rows::{Row, row, untargeted};
use super::{Body, Event, Plan, Span, Ts, Verdict};
use crate::effect::{Act, Finding, Look, Outcome};
use crate::incident::Choice;

/// What everything of ours may take: looking, choosing, asking for the permit, and the vendor's "accepted".
pub const OURS: Span = Span::secs(2);

/// The first move of traffic by a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// From the first failing probe until it was sure enough to act, and time to look.
    pub sure: Span,
    /// From then until the vendor had accepted it.
    pub ours: Span,
    /// What resolvers may still answer from memory: for a failover the TTL, for a rollback nothing.
    pub ttl: Span,
    /// What the plan allows for all three.
    pub allowed: Span,
}

impl Moved {
    /// The first move in the turns, counted from `start`; none if no machine moved traffic.
    pub(super) fn of(plan: &Plan, start: Ts, turns: &[Body<Event>]) -> Option<Self> {
        let (mut since, mut chosen) = (None, None);
        for (at, event) in turns.iter().flat_map(|turn| turn.events.iter().map(|it| (turn.at, it)))
        {
            match event {
                Event::Opened { .. } => (since, chosen) = (None, None),
                // A look that was asked for before it was sure has not waited for us.
                Event::Certain { .. } | Event::LooksAsked { .. } => since = Some(at),
                Event::Chose { choice: Choice::Act { .. } } => chosen = since,
                other => {
                    if let (Some(act), Some(from)) = (took_place(other), chosen)
                        && let Some(ttl) = ttl(plan, act)
                    {
                        let allowed = until_sure(plan) + OURS + ttl;
                        return Some(Self { sure: from - start, ours: at - from, ttl, allowed });
                    }
                }
            }
        }
        None
    }

    /// All of it.
    pub fn whole(&self) -> Span {
        self.sure + self.ours + self.ttl
    }
}

/// Both measures as rows.
pub(super) fn rows(moved: Option<&Moved>) -> [Row; 2] {
    let names = ["Sure to accepted", "Traffic moved"];
    let Some(moved) = moved else {
        return names.map(|name| untargeted(name, None, "no machine moved traffic"));
    };
    let Moved { sure, ours, ttl, allowed } = *moved;
    let ours_says = format!("{:.1} s", ours.as_secs_f64());
    let tail = if ttl == Span::ZERO { String::new() } else { format!(", TTL {ttl}") };
    let whole = format!("{}: sure after {sure}, ours {ours_says}{tail}", moved.whole());
    [
        row(names[0], ours_says, &OURS.to_string(), Verdict::at_most(OURS, ours)),
        row(names[1], whole, &allowed.to_string(), Verdict::at_most(allowed, moved.whole())),
    ]
}

/// The longest that anybody waits to be sure, after the round of probes in which it is seen first: us, or the health
/// checks behind the records.
fn until_sure(plan: &Plan) -> Span {
    let every = plan.detection.probe_every;
    let failures = every.times(i64::from(plan.safety.act_failures));
    let checks = plan.dns.health_checks.as_ref();
    let checks = checks.map_or(Span::ZERO, |it| it.every.times(i64::from(it.failures)));
    every + plan.safety.act_after.max(failures).max(checks)
}

/// How long resolvers may remember what was before; `None` if the action moves no traffic.
fn ttl(plan: &Plan, act: &Act) -> Option<Span> {
    match act {
        Act::FailOver | Act::FailBack => Some(plan.dns.ttl),
        Act::RollBack { .. } | Act::Promote { .. } => Some(Span::ZERO),
        Act::Restart(_) => None,
    }
}

/// The action that an event says has taken place.
fn took_place(event: &Event) -> Option<&Act> {
    match event {
        Event::ActSettled { outcome: Outcome::Done(Finding::WouldHave), .. } => None,
        Event::ActSettled { act, outcome: Outcome::Done(_), .. }
        | Event::Found {
            look: Look::ReadBack { act, .. },
            finding: Finding::ReadBack { applied: true },
        } => Some(act),
        _ => None,
    }
}
