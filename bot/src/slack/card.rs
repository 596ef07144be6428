//! The incident card: one living message per incident, edited in place. Whoever opens the room reads it first.

use shared::effect::{ActClass, Page};
use shared::incident::{Incident, Role, State};
use shared::plan::Plan;
use shared::safety::Freeze;
use shared::time::{Span, Ts};
use shared::timeline::{Line, Mark, elapsed};
use slack_morphism::prelude::{
    SlackActionBlockElement, SlackBlock, SlackBlockButtonElement, SlackChannelId, SlackUserId,
};

use super::action::{Action, Verb};
use super::kit::{self, Message};
use super::text::{cut_marked, marked, said};
use super::{Scene, channel};
use crate::terminal::paint::{doing, evidence, people, severity_says};

/// Obligations listed one by one; further ones are counted.
const MAX_LISTED: usize = 5;
/// What one thing that people wrote may take of a card.
const WORDS: usize = 600;

/// Where an incident stands; `lines` is its timeline, of which the last evidence is shown.
pub fn incident_card(incident: &Incident, lines: &[Line], scene: Scene) -> Message {
    linking_card(incident, lines, scene, None)
}

/// The same, with the way to the incident's own channel.
pub fn linking_card(
    incident: &Incident,
    lines: &[Line],
    scene: Scene,
    channel: Option<&SlackChannelId>,
) -> Message {
    let title = title(incident, scene.plan);
    let mut blocks = vec![kit::header(&title)];
    blocks.extend(scene.standing.frozen.as_ref().map(|freeze| kit::section(&frozen(freeze))));
    blocks.extend(reason(incident).map(|because| kit::section(&because)));
    blocks.push(kit::fields(&facts(incident, scene)));
    blocks.extend(update(incident).map(|update| kit::section(&update)));
    blocks.extend(still_to_do(incident).map(|todo| kit::section(&todo)));
    let channel = channel.map(|channel| format!("Channel: <#{}>", channel.0));
    let (seen, at) = (last_evidence(incident, lines), as_of(scene.now));
    let small: Vec<&str> = channel.iter().chain([&seen, &at]).map(String::as_str).collect();
    blocks.push(kit::context(&small));
    let buttons = buttons(incident, scene);
    if !buttons.is_empty() {
        blocks.push(kit::actions(buttons));
    }
    let says = aloud(incident, lines, scene);
    let says = channel.map_or(says.clone(), |channel| format!("{says} {channel}."));
    Message::new(&says, blocks)
}

/// The same in short, to whoever has just said something of it: the ledger isn't read for it, however long it is.
pub fn brief(incident: &Incident, scene: Scene) -> Message {
    let title = title(incident, scene.plan);
    let facts = facts(incident, scene);
    let aloud = facts.iter().map(|(what, how)| format!("{what}: {how}")).collect::<Vec<_>>();
    let mut blocks = vec![kit::header(&title)];
    blocks.extend(scene.standing.frozen.as_ref().map(|freeze| kit::section(&frozen(freeze))));
    blocks.push(kit::fields(&facts));
    blocks.extend(update(incident).map(|update| kit::section(&update)));
    let buttons = buttons(incident, scene);
    if !buttons.is_empty() {
        blocks.push(kit::actions(buttons));
    }
    let aloud = format!("{}\n{}", marked(&title), aloud.join("\n"));
    Message::new(&unstarred(&aloud), blocks)
}

/// `! P1 · Application Frontend down · incident 42`, as plain text.
pub fn title(incident: &Incident, plan: &Plan) -> String {
    let Incident { number, state, severity, .. } = incident;
    let name = super::text::cut(&said(channel::component_name(&incident.component, plan)), 90);
    let (sign, how) = (sign(*state), condition(incident));
    match severity_says(*state, *severity).as_str() {
        "--" => format!("{sign} {name} {how} · incident {number}"),
        severity => format!("{sign} {severity} · {name} {how} · incident {number}"),
    }
}

/// The state's sign; it never stands without its word.
pub fn sign(state: State) -> char {
    match state {
        State::Open => '!',
        State::Suspected => '?',
        State::Mitigated => '↑',
        State::Resolved => '✓',
        State::Unborn | State::Dismissed => '·',
    }
}

/// How the component is, in a word or two.
fn condition(incident: &Incident) -> &'static str {
    match incident.state {
        State::Unborn => "is as always",
        State::Suspected => "looks wrong",
        State::Dismissed => "was well",
        State::Open if incident.failing || incident.impaired.is_empty() => "down",
        State::Open => "impaired",
        State::Mitigated => "answers again",
        State::Resolved => "all clear",
    }
}

/// How the recovery time stands: `9:12 left of 15:00`, `2:10 over 15:00`.
pub fn rto_clock(incident: &Incident, plan: &Plan, now: Ts) -> String {
    let Some(component) = plan.component(&incident.component) else {
        return "the plan has no such component".into();
    };
    let (rto, recovered) = (component.rto, incident.marks.recovered);
    let took = recovered.unwrap_or(now).since(incident.since);
    let (over, left) = (Span(took.0 - rto.0), Span(rto.0 - took.0));
    let broken = over.0 > 0;
    match recovered {
        _ if incident.state == State::Dismissed => "nothing to recover from".into(),
        None if broken => format!("✗ {} over {}", clock(over), clock(rto)),
        None => format!("{} left of {}", clock(left), clock(rto)),
        Some(_) if broken => {
            format!("✗ recovered after {}: {} over {}", clock(took), clock(over), clock(rto))
        }
        Some(_) => format!("✓ recovered after {} of {}", clock(took), clock(rto)),
    }
}

/// A length of time like a stopwatch: `9:12`, `1:02:03`.
fn clock(span: Span) -> String {
    elapsed(span).trim_start_matches('+').to_owned()
}

/// A stop for every action, as everyone must know it.
pub fn frozen(freeze: &Freeze) -> String {
    let (by, why) = (marked(&freeze.by), cut_marked(&marked(&freeze.why), WORDS));
    format!("■ *FROZEN* by {by}: {why}. Nothing acts until `/incident unfreeze`")
}

fn reason(incident: &Incident) -> Option<String> {
    let because = marked(&incident.severity_because);
    (!because.is_empty()).then(|| cut_marked(&because, WORDS))
}

fn facts(incident: &Incident, scene: Scene) -> Vec<(&'static str, String)> {
    let Incident { state, severity, since, .. } = incident;
    let Scene { plan, now, .. } = scene;
    vec![
        ("Severity", severity_says(*state, *severity)),
        ("Status", format!("{} {}", sign(*state), state.says())),
        ("Incident commander", commander(incident)),
        (
            "Since the first failing probe",
            format!("{} ({})", lasting(incident, now), since.clock()),
        ),
        ("Time to recover", rto_clock(incident, plan, now)),
        ("People", marked(&people(incident, plan, now))),
        ("Machines", marked(&doing(incident))),
    ]
}

/// Since when, or how long it took.
fn lasting(incident: &Incident, now: Ts) -> String {
    let end = incident.marks.resolved.filter(|_| incident.state == State::Resolved).unwrap_or(now);
    clock(end.since(incident.since))
}

fn commander(incident: &Incident) -> String {
    let person = incident.roles.get(&Role::IncidentCommander);
    person.map_or_else(|| "nobody yet".into(), |person| marked(person.as_str()))
}

fn update(incident: &Incident) -> Option<String> {
    let words = incident.last_update.as_deref()?;
    Some(format!("*Last update*\n{}", cut_marked(&marked(words), WORDS)))
}

fn still_to_do(incident: &Incident) -> Option<String> {
    let open = &incident.obligations;
    let mut lines: Vec<String> = open
        .iter()
        .take(MAX_LISTED)
        .map(|what| format!("☐ {}", cut_marked(&marked(what), WORDS / 2)))
        .collect();
    let more = open.len().saturating_sub(MAX_LISTED);
    lines.extend((more > 0).then(|| format!("… and {more} more")));
    (!lines.is_empty()).then(|| format!("*Still to do*\n{}", lines.join("\n")))
}

fn last_evidence(incident: &Incident, lines: &[Line]) -> String {
    let seen = |line: &&Line| match line.mark {
        Mark::Evidence | Mark::Recovery | Mark::Clear => true,
        Mark::Alarm
        | Mark::Page
        | Mark::Person
        | Mark::Look
        | Mark::Choice
        | Mark::Action
        | Mark::Note => false,
    };
    let last = lines.iter().rev().find(seen);
    let seen = last.map_or_else(
        || evidence(incident),
        |line| format!("{}, {} UTC", line.text, line.at.clock()),
    );
    format!("Last evidence: {}", cut_marked(&marked(&seen), WORDS))
}

fn as_of(now: Ts) -> String {
    format!("As of {} UTC", now.clock())
}

/// Everything that matters in sentences: for screen readers and for a phone's lock screen, the most urgent first.
fn aloud(incident: &Incident, lines: &[Line], scene: Scene) -> String {
    let Scene { plan, standing, now } = scene;
    let mut says = vec![format!("{}.", marked(&title(incident, plan)))];
    says.push(format!("Status {}: {}.", incident.state.says(), rto_clock(incident, plan, now)));
    says.push(format!("{}.", marked(&people(incident, plan, now))));
    says.push(format!("Incident commander: {}.", commander(incident)));
    says.push(format!("Machines: {}.", marked(&doing(incident))));
    says.extend(standing.frozen.as_ref().map(|freeze| format!("{}.", frozen(freeze))));
    says.push(format!("{}.", last_evidence(incident, lines)));
    says.extend(reason(incident).map(|because| format!("Severity because: {because}.")));
    says.extend(update(incident).map(|update| one_line(&update)));
    says.extend(still_to_do(incident).map(|todo| one_line(&todo)));
    says.push(format!("{}.", as_of(now)));
    unstarred(&says.join(" "))
}

/// A paragraph as a sentence.
fn one_line(text: &str) -> String {
    let line = text.replacen('\n', ": ", 1).replace('\n', "; ");
    let end = if line.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    line + end
}

/// What is read aloud has no stars around its labels.
pub(super) fn unstarred(text: &str) -> String {
    text.replace(['*', '`'], "")
}

/// One primary button that fits, what changes the world behind a question, the rest behind three dots.
fn buttons(incident: &Incident, scene: Scene) -> Vec<SlackActionBlockElement> {
    let on = |verb| Action::Incident(verb, incident.number);
    let mut buttons: Vec<SlackActionBlockElement> = Vec::new();
    let next = next(incident);
    if let Some(verb) = next {
        let mut button = kit::primary(&on(verb));
        if verb == Verb::Assign {
            button.text = kit::plain("Assign the commander", 75);
        }
        buttons.push(button.into());
    }
    if incident.state.is_declared() {
        buttons.push(kit::button(&on(Verb::Severity)).into());
    }
    if incident.state == State::Open {
        for (verb, class) in
            [(Verb::PlanRollback, ActClass::Rollback), (Verb::PlanFailover, ActClass::Failover)]
        {
            buttons.push(kit::danger(&on(verb), &only_plans(incident.number, class)).into());
        }
    }
    if incident.state.is_declared() {
        buttons.push(stop(scene).into());
    }
    let rest: Vec<Action> =
        others(incident.state).iter().filter(|verb| next != Some(**verb)).map(|v| on(*v)).collect();
    if !rest.is_empty() {
        buttons.push(kit::menu(&rest).into());
    }
    buttons
}

/// Stops every action, or allows them again.
pub fn stop(scene: Scene) -> SlackBlockButtonElement {
    match &scene.standing.frozen {
        Some(freeze) => {
            let why = cut_marked(&marked(&format!("{}: {}", freeze.by, freeze.why)), 150);
            kit::danger(&Action::Unfreeze, &format!("What is armed may act again. Frozen by {why}"))
        }
        None => kit::danger(
            &Action::Freeze,
            "Nothing acts any more until somebody allows it again. You are asked why first.",
        ),
    }
}

fn only_plans(number: u32, class: ActClass) -> String {
    format!(
        "This plans a {} for incident {number}: what would change, and what speaks for and against \
         it. Nothing is changed before people approved that plan and ran it.",
        class.says()
    )
}

/// What should be pressed next.
fn next(incident: &Incident) -> Option<Verb> {
    match incident.state {
        State::Open | State::Mitigated if incident.acknowledged_by().is_none() => {
            Some(Verb::Acknowledge)
        }
        State::Open if !incident.roles.contains_key(&Role::IncidentCommander) => Some(Verb::Assign),
        State::Open => Some(Verb::Mitigated),
        State::Mitigated => Some(Verb::Resolve),
        State::Resolved => Some(Verb::Report),
        State::Unborn | State::Suspected | State::Dismissed => None,
    }
}

/// What else makes sense, at most as much as a menu holds.
fn others(state: State) -> &'static [Verb] {
    match state {
        State::Open => {
            &[Verb::Update, Verb::Assign, Verb::Mitigated, Verb::ResolveAnyway, Verb::Timeline]
        }
        State::Mitigated => {
            &[Verb::Update, Verb::Assign, Verb::Resolve, Verb::ResolveAnyway, Verb::Timeline]
        }
        State::Resolved => &[Verb::Report, Verb::Timeline, Verb::Reopen],
        State::Suspected => &[Verb::Timeline, Verb::ResolveAnyway],
        State::Dismissed => &[Verb::Timeline],
        State::Unborn => &[],
    }
}

/// The blocks of a card without its buttons, for places that have their own.
pub fn summary(incident: &Incident, scene: Scene) -> String {
    let title = marked(&title(incident, scene.plan));
    let clock = rto_clock(incident, scene.plan, scene.now);
    format!("*{title}*\n{clock}; {}", marked(&people(incident, scene.plan, scene.now)))
}

/// A summary with the button that fits it.
pub fn summary_block(incident: &Incident, scene: Scene) -> SlackBlock {
    let verb = next(incident).unwrap_or(Verb::Show);
    let button = kit::button(&Action::Incident(verb, incident.number));
    kit::section_with(&summary(incident, scene), button)
}

/// A page to one person: it rings because it mentions them.
pub fn page(page: &Page, user: &SlackUserId, plan: &Plan) -> Message {
    let name = marked(channel::component_name(&page.component, plan));
    let says = format!(
        "<@{}> {:?}, incident {}: {name} is down. `/incident ack {}` stops the paging (code {})",
        user.0, page.severity, page.incident, page.incident, page.code
    );
    let button = kit::primary(&Action::Incident(Verb::Acknowledge, page.incident));
    Message::new(&says, vec![kit::section_with(&says, button)])
}
