//! How looks at the world are said: bad news in capitals, so that it is found by a tired eye.

use crate::effect::{Aim, Change, Deployment, Finding, Look, Outcome, Preflight};
use crate::incident::Event;
use crate::time::Span;

/// A look as the object of "checking".
pub(super) fn look_says(look: &Look) -> String {
    match look {
        Look::VendorStatus(vendor) => format!("{vendor}'s status"),
        Look::Dns => "our DNS names".into(),
        Look::Deployments => "recent deployments".into(),
        Look::Standby => "the standby".into(),
        Look::Survey(aim) => format!("what it takes to {}", aim_says(aim)),
        Look::ControlSite => "the control site".into(),
        Look::ReadBack { act, .. } => format!("whether the {} took place", act.class().says()),
        Look::Verify(act) => format!("whether the {} took full effect", act.class().says()),
        Look::CriticalPath => "the critical path".into(),
    }
}

/// What came of a look, as one clause.
pub fn looked_says(look: &Look, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(finding) => finding_says(look, finding),
        Outcome::Later { why, .. } | Outcome::Never { why } | Outcome::Unknown { why } => {
            unseen_says(look, why)
        }
    }
}

fn unseen_says(look: &Look, why: &str) -> String {
    format!("could NOT check {} ({why})", look_says(look))
}

/// What was seen, one clause a look.
pub(super) fn seen(events: &[&Event]) -> String {
    let clauses = events.iter().filter_map(|event| match event {
        Event::Found { look, finding } => Some(finding_says(look, finding)),
        Event::LookFailed { look, why } => Some(unseen_says(look, why)),
        _ => None,
    });
    format!("found: {}", clauses.collect::<Vec<_>>().join("; "))
}

fn finding_says(look: &Look, finding: &Finding) -> String {
    let not = |good: bool| if good { "" } else { "NOT " };
    match finding {
        Finding::Nothing => format!("{}: done", look_says(look)),
        Finding::Sent { provider, .. } => format!("{provider} took it"),
        Finding::Vendor { vendor, working: true, .. } => format!("{vendor} works"),
        Finding::Vendor { vendor, says, .. } => format!("{vendor} reports trouble ({says})"),
        Finding::Dns { right, says } => format!("DNS is {}right ({says})", not(*right)),
        Finding::Deployments(list) => deployments(list),
        Finding::Standby(preflight) => standby(preflight),
        Finding::ControlSite { reachable } => {
            format!("the control site is {}reachable", not(*reachable))
        }
        Finding::ReadBack { applied: true } => "it did take place".into(),
        Finding::ReadBack { applied: false } => "it did NOT take place".into(),
        Finding::Verified { whole: true, says, .. } => format!("full effect ({says})"),
        Finding::Verified { says, tail, .. } if tail.is_empty() => {
            format!("NO full effect ({says})")
        }
        Finding::Verified { tail, .. } => {
            format!("most agree; NOT yet {}", tail.join(", "))
        }
        Finding::Changed { by, changes } => format!("by {by}: {}", changes_say(changes)),
        Finding::Surveyed(survey) => changes_say(&survey.changes),
        Finding::Purged { says } => says.clone(),
        Finding::CriticalPath { passed: true, says } => format!("critical path passed ({says})"),
        Finding::CriticalPath { says, .. } => format!("critical path FAILED ({says})"),
        Finding::WouldHave => "dry run, nothing was asked".into(),
    }
}

fn aim_says(aim: &Aim) -> &'static str {
    match aim {
        Aim::RollBack(_) => "roll back",
        Aim::Promote(_) => "promote a deployment",
        Aim::FailOver => "fail over",
        Aim::FailBack => "fail back",
    }
}

/// Each change with what it was, so that it can be undone by hand.
pub fn changes_say(changes: &[Change]) -> String {
    let each = changes.iter().map(|one| format!("{}: {} → {}", one.target, one.before, one.after));
    each.collect::<Vec<_>>().join("; ")
}

fn deployments(list: &[Deployment]) -> String {
    match list.iter().find(|one| one.current) {
        Some(live) => format!("{} has been live since {}", live.id, live.live_at.rfc3339()),
        None => "NO deployment is live".into(),
    }
}

fn standby(preflight: &Preflight) -> String {
    let age = match preflight.data_age {
        Span::ZERO => "data up to date".to_owned(),
        age => format!("data {age} old"),
    };
    match (preflight.answers, preflight.database) {
        (true, true) => format!("the standby is well, {age}"),
        (true, false) => format!("the standby does NOT reach its database, {age}"),
        (false, _) => "the standby does NOT answer".into(),
    }
}
