//! How each event is said: short, plain, active sentences. A new event does not compile until it has words.

use super::looks::{changes_say, look_says, seen};
use super::{Mark, fate};
use crate::effect::{Act, Finding, Outcome, Page};
use crate::incident::{Call, Choice, Event, Role, Sign, Witness};
use crate::plan::{Alert, ContactKind};
use crate::signal::{Health, Trust};

/// Monitors named in one line; further ones are counted.
const MAX_NAMED: usize = 5;

/// The event's name in the ledger, and what sort of line it makes.
pub(super) fn sort(event: &Event) -> (&'static str, Mark) {
    match event {
        Event::Opened { .. } => ("opened", Mark::Alarm),
        Event::Joined { .. } => ("joined", Mark::Evidence),
        Event::ManyAgree { .. } => ("many-agree", Mark::Evidence),
        Event::FirstFailure { .. } => ("first-failure", Mark::Evidence),
        Event::Dismissed { .. } => ("dismissed", Mark::Clear),
        Event::Declared { .. } => ("declared", Mark::Alarm),
        Event::Confirmed { .. } => ("confirmed", Mark::Evidence),
        Event::Certain { .. } => ("certain", Mark::Evidence),
        Event::Blinded { .. } => ("blinded", Mark::Alarm),
        Event::Sighted => ("sighted", Mark::Evidence),
        Event::Impaired { .. } => ("impaired", Mark::Alarm),
        Event::Eased { .. } => ("eased", Mark::Recovery),
        Event::RungReached { .. } => ("rung-reached", Mark::Page),
        Event::Paged { .. } => ("paged", Mark::Page),
        Event::Summoned { .. } => ("summoned", Mark::Page),
        Event::Delivered { .. } => ("delivered", Mark::Page),
        Event::Rerouted { .. } => ("rerouted", Mark::Page),
        Event::Declined { .. } => ("declined", Mark::Person),
        Event::Answered { .. } => ("answered", Mark::Person),
        Event::Acknowledged { .. } => ("acknowledged", Mark::Person),
        Event::Updated { .. } => ("updated", Mark::Person),
        Event::SeveritySet { by_person: true, .. } => ("severity-set", Mark::Person),
        Event::SeveritySet { by_person: false, .. } => ("severity-set", Mark::Alarm),
        Event::Assigned { .. } => ("assigned", Mark::Person),
        Event::LooksAsked { .. } => ("looks-asked", Mark::Look),
        Event::LookAsked { .. } => ("look-asked", Mark::Look),
        Event::Found { .. } => ("found", Mark::Look),
        Event::LookFailed { .. } => ("look-failed", Mark::Look),
        Event::Chose { .. } => ("chose", Mark::Choice),
        Event::ActStarted { .. } => ("act-started", Mark::Action),
        Event::ActSettled { .. } => ("act-settled", Mark::Action),
        Event::Purged { .. } => ("purged", Mark::Action),
        Event::DidNotHelp { .. } => ("did-not-help", Mark::Action),
        Event::ObligationOpened { .. } => ("obligation-opened", Mark::Note),
        Event::Recovered { .. } => ("recovered", Mark::Recovery),
        Event::Relapsed { .. } => ("relapsed", Mark::Alarm),
        Event::Steady { .. } => ("steady", Mark::Recovery),
        Event::Resolved { .. } => ("resolved", Mark::Clear),
        Event::Reopened { .. } => ("reopened", Mark::Alarm),
        Event::Reported => ("reported", Mark::Note),
    }
}

/// Says like events in one breath; `actor` caused the first of them.
pub(super) fn say(events: &[&Event], actor: &str) -> String {
    match events[0] {
        Event::Paged { .. } => pages(events),
        Event::Found { .. } | Event::LookFailed { .. } => seen(events),
        Event::Joined { health, trust, .. } => monitors(events, *health, *trust),
        Event::Opened { number, component, sign, .. } => {
            format!("incident {number}: {component} looks wrong; {}", sign_says(sign))
        }
        Event::ManyAgree { monitors } => {
            format!("more than {monitors} monitors agree; further ones are only counted")
        }
        Event::FirstFailure { since } => {
            format!("the first probe failed at {}: the recovery clock starts there", since.clock())
        }
        Event::Dismissed { because } => format!("no incident: {because}"),
        Event::Declared { severity, because } => format!("declared {severity:?}: {because}"),
        Event::Confirmed { quorum } => format!("confirmed: {quorum}"),
        Event::Certain { quorum } => format!("sure enough to act: {quorum}"),
        Event::Blinded { why } => format!("our own view is gone: {why}"),
        Event::Sighted => "our own view is back".into(),
        Event::Impaired { how, .. } => format!("impaired: {how}"),
        Event::Eased { alert: Alert::Critical } => "no longer down".into(),
        Event::Eased { alert: Alert::Warning } => "no longer slow".into(),
        Event::Eased { alert: Alert::Info } => "errors are back to normal".into(),
        Event::RungReached { rung, people, pages, .. } => rung_reached(*rung, people, *pages),
        Event::Summoned { because, calls } => summoned(calls, because, actor),
        Event::Delivered { .. } => delivered(events),
        Event::Rerouted { from, call, .. } => format!(
            "{} could not be woken by {}: trying {}",
            call.person,
            contact_says(*from),
            contact_says(call.by)
        ),
        Event::Declined { by, via } => format!("{by} can't (by {via}): the next one is paged"),
        Event::Answered { by, via } => format!("{by} is coming (by {via})"),
        Event::Acknowledged { by, via } => format!("{by} has it (by {via})"),
        Event::Updated { text } => format!("{actor} says: {text}"),
        Event::SeveritySet { to, because, by_person: true } => {
            format!("{actor} set the severity to {to:?}: {because}")
        }
        Event::SeveritySet { to, because, by_person: false } => {
            format!("the severity is now {to:?}: {because}")
        }
        Event::Assigned { role, to } => format!("{to} is now {}", role_says(*role)),
        Event::LooksAsked { round, looks } => {
            let things: Vec<String> = looks.iter().map(look_says).collect();
            format!("checking, round {round}: {}", things.join(", "))
        }
        Event::LookAsked { look } => format!("checking {}", look_says(look)),
        Event::Chose { choice } => choice_says(choice),
        Event::ActStarted { act, attempt: 0 | 1 } => format!("started to {}", act_says(act)),
        Event::ActStarted { act, attempt } => {
            format!("started again to {} (attempt {attempt})", act_says(act))
        }
        Event::ActSettled { act, outcome, .. } => settled(act, outcome),
        Event::Purged { outcome, .. } => purged_says(outcome),
        Event::DidNotHelp { act } => format!("the {} did NOT help", act.class().says()),
        Event::ObligationOpened { what } => format!("still to do: {what}"),
        Event::Recovered { at, witness } => {
            format!("answers again since {}, {}", at.clock(), witness_says(*witness))
        }
        Event::Relapsed { since } => format!("failed again at {}", since.clock()),
        Event::Steady { successes } => format!("steady: {successes} good answers in a row"),
        Event::Resolved { witness, because } => {
            format!("ALL CLEAR, {}: {because}", witness_says(*witness))
        }
        Event::Reopened { because } => format!("{actor} opened it again: {because}"),
        Event::Reported => "the report is written".into(),
    }
}

/// What became of the caches.
pub fn purged_says(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(Finding::Purged { says }) => says.clone(),
        Outcome::Done(_) => "cached pages would be thrown away".into(),
        Outcome::Later { why, .. } | Outcome::Never { why } | Outcome::Unknown { why } => {
            format!("cached pages could NOT be thrown away ({why}): visitors may see old ones")
        }
    }
}

/// An action as a verb phrase: `roll back dpl_2 to dpl_1`.
pub fn act_says(act: &Act) -> String {
    match act {
        Act::RollBack { from, to } => format!("roll back {from} to {to}"),
        Act::FailOver => "fail over to the standby".into(),
        Act::FailBack => "fail back to the primary".into(),
        Act::Promote { from, to } => format!("promote {to} over {from}"),
        Act::Restart(component) => format!("restart {component}"),
    }
}

/// A role as people say it.
pub fn role_says(role: Role) -> &'static str {
    match role {
        Role::IncidentCommander => "incident commander",
        Role::TechnicalLead => "technical lead",
        Role::CommunicationsLead => "communications lead",
        Role::BusinessLead => "business lead",
        Role::AssignedDeveloper => "assigned developer",
    }
}

/// Whose word it is.
pub fn witness_says(witness: Witness) -> &'static str {
    match witness {
        Witness::Probes => "seen by our own probes",
        Witness::Monitors => "on the word of the monitors that raised it",
        Witness::Person => "on a person's word, with evidence",
        Witness::PersonAlone => "on a person's word alone, without evidence",
    }
}

fn sign_says(sign: &Sign) -> String {
    format!("{} says: {}{}", sign.source, sign.says, doubt(sign.trust))
}

/// What a reader must know of a sender that proved nothing.
fn doubt(trust: Trust) -> &'static str {
    match trust {
        Trust::Unauthenticated => " (sender not proven)",
        Trust::SharedSecret => " (shared secret only)",
        Trust::Signed | Trust::SignedFresh | Trust::Own => "",
    }
}

fn health_says(health: Health) -> &'static str {
    match health {
        Health::Down => "down",
        Health::Degraded => "degraded",
        Health::Up => "up",
        Health::Unknown => "unknown",
        Health::Maintenance => "maintenance",
    }
}

fn monitors(events: &[&Event], health: Health, trust: Trust) -> String {
    let mut names = Vec::new();
    let mut first_reason = None;
    for event in events {
        if let Event::Joined { source, monitor, reason, .. } = event {
            names.push(format!("{source} {monitor}"));
            first_reason = first_reason.or(reason.as_deref());
        }
    }
    let more = names.len().saturating_sub(MAX_NAMED);
    names.truncate(MAX_NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let verb = if events.len() == 1 { "says" } else { "say" };
    let reason = first_reason.map_or_else(String::new, |reason| format!(": {reason}"));
    format!("{} {verb} {}{reason}{}", and(&names), health_says(health), doubt(trust))
}

fn rung_reached(rung: u32, people: &[crate::id::PersonId], pages: u32) -> String {
    let names: Vec<&str> = people.iter().map(crate::id::PersonId::as_str).collect();
    let rung = rung + 1;
    match (names.len(), pages) {
        (0, _) => format!("rung {rung} of the ladder: there is NOBODY to page"),
        (_, 0) => format!("rung {rung} of the ladder: {} CANNOT be reached", and(&names)),
        _ => format!("rung {rung} of the ladder: paging {}", and(&names)),
    }
}

/// All pages of one rung that fared alike, each person once.
fn pages(events: &[&Event]) -> String {
    let mut people: Vec<(&Page, Vec<&str>)> = Vec::new();
    let mut whys: Vec<&str> = Vec::new();
    let mut fared = "";
    for event in events {
        let Event::Paged { page, outcome, .. } = event else { continue };
        fared = fate(outcome);
        whys.extend(why(outcome));
        let means = contact_says(page.by);
        match people.iter_mut().find(|(known, _)| known.person == page.person) {
            Some((_, by)) => by.push(means),
            None => people.push((page, vec![means])),
        }
    }
    whys.dedup();
    let each: Vec<String> = people.iter().map(|(page, by)| paged(page, by)).collect();
    let rung = people.first().map_or(0, |(page, _)| page.rung) + 1;
    let fared = [&[fared][..], &whys[..]].concat().join(": ");
    let fared = if fared.is_empty() { fared } else { format!("; {fared}") };
    format!("rung {rung}: {}{fared}", each.join(", "))
}

fn summoned(calls: &[Call], because: &str, actor: &str) -> String {
    let mut names: Vec<&str> = calls.iter().map(|call| call.person.as_str()).collect();
    names.dedup();
    if names.is_empty() {
        return format!("{actor} asked for people who CANNOT be reached: {because}");
    }
    format!("{actor} asks for {}: {because}", and(&names))
}

/// What providers say of pages that fared alike.
fn delivered(events: &[&Event]) -> String {
    let mut each = Vec::new();
    let mut said = String::new();
    for event in events {
        let Event::Delivered { page, report, again, .. } = event else { continue };
        let copy = if page.copy > 1 { format!(", copy {}", page.copy) } else { String::new() };
        each.push(format!("{} by {}{copy}", page.person, contact_says(page.by)));
        let next = if *again { "; trying again at once" } else { "" };
        said = format!("{}{next}", report.stage);
    }
    format!("{}: {said}", each.join(", "))
}

fn paged(page: &Page, by: &[&str]) -> String {
    let copy = if page.copy > 1 { format!(", copy {}", page.copy) } else { String::new() };
    format!("{} by {} (code {}{copy})", page.person, and(by), page.code)
}

fn why(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Done(_) => None,
        Outcome::Later { why, .. } | Outcome::Never { why } | Outcome::Unknown { why } => Some(why),
    }
}

/// A means as people say it.
pub fn contact_says(kind: ContactKind) -> &'static str {
    match kind {
        ContactKind::Voice => "voice",
        ContactKind::Sms => "SMS",
        ContactKind::Mail => "mail",
        ContactKind::Slack => "Slack",
    }
}

fn choice_says(choice: &Choice) -> String {
    match choice {
        Choice::Act { act, because } => {
            format!("decided to {}: {}", act_says(act), because.join("; "))
        }
        Choice::Wait { because, would } => {
            let would = would.as_ref().map(act_says);
            let would = would.map_or_else(String::new, |act| format!(" (it would {act})"));
            format!("waits for people{would}: {}", because.join("; "))
        }
    }
}

fn settled(act: &Act, outcome: &Outcome) -> String {
    let act = act_says(act);
    match outcome {
        Outcome::Done(Finding::WouldHave) => format!("dry run, nothing changed: it would {act}"),
        Outcome::Done(Finding::Changed { by, changes }) => {
            format!("done by {by}: {act}; {}", changes_say(changes))
        }
        Outcome::Done(_) => format!("done: {act}"),
        Outcome::Later { why, .. } | Outcome::Never { why } => format!("could NOT {act}: {why}"),
        Outcome::Unknown { why } => format!("reply lost, it may or may not have: {act} ({why})"),
    }
}

/// A list as people say it: `a, b and c`.
fn and<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
