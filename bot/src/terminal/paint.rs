//! Paints what people read in a terminal: pure strings for a given width, with or without colour.
//!
//! Nothing prints here, and nothing is said by colour alone: every mark has its sign and its word.

use anstyle::{AnsiColor, Color, Style};
use shared::id::PersonId;
use shared::incident::{Incident, Paging, Phase, State, next_rung};
use shared::measures::{Measures, Row, Verdict};
use shared::plan::{Plan, Severity};
use shared::store::Summary;
use shared::time::{Span, Ts};
use shared::timeline::{Line, Mark, act_says, contact_says, elapsed, plain, role_says};

use crate::report::Promise;

/// Below this many columns a line's time stands above its text instead of beside it (ssh from a phone).
const NARROW: usize = 60;
/// Columns of the labels on a page.
const LABEL: usize = 11;
/// Fewest columns that text is wrapped to, however narrow the terminal claims to be.
const LEAST: usize = 20;

/// How to paint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brush {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether colours are wanted.
    pub colours: bool,
}

impl Brush {
    fn paint(self, style: Style, text: &str) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn bold(self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    /// Wraps text behind a head of `indent` columns; further lines hang under the text.
    fn hang(self, head: &str, indent: usize, text: &str) -> String {
        let room = self.width.saturating_sub(indent).max(LEAST);
        let lines = textwrap::wrap(text, room);
        let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
        format!("{head}{}\n", lines.join(&format!("\n{:indent$}", "")))
    }

    /// A fact behind its label, ending in a line break.
    pub fn labelled(self, label: &str, text: &str) -> String {
        let head = self.paint(Style::new().dimmed(), &format!("{label:<LABEL$}"));
        self.hang(&head, LABEL, text)
    }
}

/// A line of the timeline, ending in a line break.
pub fn timeline_line(line: &Line, brush: Brush) -> String {
    let Line { at, after, mark, text, .. } = line;
    if brush.width < NARROW {
        let sort = brush.paint(style(*mark), &format!("{} {}", mark.sign(), mark.word()));
        let head = format!("{} {:>6} {sort}\n  ", at.clock(), elapsed(*after));
        return brush.hang(&head, 2, text);
    }
    let sort = brush.paint(style(*mark), &format!("{} {:<6}", mark.sign(), mark.word()));
    let head = format!("{}  {:>7}  {sort}  ", at.clock(), elapsed(*after));
    brush.hang(&head, 29, text)
}

/// An incident's line in a list, ending in a line break.
pub fn incident_row(row: &Summary, now: Ts, brush: Brush) -> String {
    let Summary { number, component, state, severity, since, ended, .. } = row;
    let when = match ended {
        Some(ended) => format!("took {}, began {}", ended.since(*since), ago(*since, now)),
        None => format!("for {}", now.since(*since)),
    };
    let severity = brush.paint(urgency(*state), &severity_says(*state, *severity));
    let head = format!("{number:>4}  {severity}  ");
    brush.hang(&head, 10, &format!("{:<10} {component}, {when}", state.says()))
}

/// Where an incident stands, on one page.
pub fn incident_page(incident: &Incident, plan: &Plan, now: Ts, brush: Brush) -> String {
    let component = plan.component(&incident.component);
    let name = component.map_or(incident.component.as_str(), |component| &component.name);
    let because = plain(&incident.severity_because);
    let (number, state) = (incident.number, incident.state.says());
    let severity = severity_says(incident.state, incident.severity);
    let head = format!("Incident {number}  {severity}  {state}");
    let mut page = brush.paint(urgency(incident.state).bold(), &head) + "\n";
    let colon = if because.is_empty() { "" } else { ": " };
    page += &brush.hang("", 0, &format!("{name}{colon}{because}"));
    page.push('\n');
    for (label, text) in facts(incident, plan, now) {
        page += &brush.labelled(label, &text);
    }
    page
}

/// What a drill promised and kept.
pub fn scorecard(promises: &[Promise], brush: Brush) -> String {
    let mut card = String::new();
    for Promise { name, kept, says } in promises {
        let (word, colour) =
            if *kept { ("✓ kept  ", AnsiColor::Green) } else { ("✗ BROKEN", AnsiColor::Red) };
        let head = brush.paint(coloured(colour).bold(), word) + "  ";
        let reason = if says.is_empty() { String::new() } else { format!(": {}", plain(says)) };
        card += &brush.hang(&head, 10, &format!("{}{reason}", plain(name)));
    }
    let kept = promises.iter().filter(|promise| promise.kept).count();
    card + &brush.bold(&format!("{kept} of {} promises kept", promises.len())) + "\n"
}

/// The measures against the plan, one a line; what has no target comes without a verdict.
pub fn measures(measures: &Measures, brush: Brush) -> String {
    let mut card = String::new();
    for Row { name, measured, target, verdict } in measures.rows() {
        let (sign, style) = match &verdict {
            Verdict::Kept => ("✓", coloured(AnsiColor::Green).bold()),
            Verdict::Broken { .. } => ("✗", coloured(AnsiColor::Red).bold()),
            Verdict::NotMeasured { .. } | Verdict::NoTarget => ("–", Style::new().dimmed()),
        };
        let text = match verdict {
            Verdict::NoTarget => format!("{name}: {measured}"),
            Verdict::NotMeasured { .. } => format!("{name}: {verdict}"),
            Verdict::Kept | Verdict::Broken { .. } => {
                format!("{name}: {measured} ({target}: {verdict})")
            }
        };
        let head = brush.paint(style, sign) + " ";
        card += &brush.hang(&head, 2, &text);
    }
    card
}

/// A title and labelled paragraphs under it.
pub fn paragraphs(title: &str, parts: &[(&str, &str)], brush: Brush) -> String {
    let mut text = brush.bold(title) + "\n";
    for (label, part) in parts {
        text += &brush.labelled(label, part);
    }
    text
}

/// A moment as seen from now: `2 min 5 s ago`, `in 40 s`; what is less than a second away is `now`.
pub fn ago(at: Ts, now: Ts) -> String {
    match at.0 - now.0 {
        -999..=999 => "now".into(),
        1_000.. => format!("in {}", at.since(now)),
        ..=-1_000 => format!("{} ago", now.since(at)),
    }
}

/// A number of things, as people count: `1 turn`, `2 turns`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// The severity; `--` where nobody has given one yet.
pub fn severity_says(state: State, severity: Severity) -> String {
    if state.has_severity() { format!("{severity:?}") } else { "--".into() }
}

fn coloured(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}

fn style(mark: Mark) -> Style {
    match mark {
        Mark::Alarm => coloured(AnsiColor::Red).bold(),
        Mark::Evidence => coloured(AnsiColor::Yellow),
        Mark::Page => coloured(AnsiColor::Magenta),
        Mark::Person => coloured(AnsiColor::Cyan).bold(),
        Mark::Look => coloured(AnsiColor::Blue),
        Mark::Choice | Mark::Action => Style::new().bold(),
        Mark::Recovery => coloured(AnsiColor::Green),
        Mark::Clear => coloured(AnsiColor::Green).bold(),
        Mark::Note => Style::new().dimmed(),
    }
}

fn urgency(state: State) -> Style {
    match state {
        State::Open => coloured(AnsiColor::Red),
        State::Suspected | State::Mitigated => coloured(AnsiColor::Yellow),
        State::Resolved => coloured(AnsiColor::Green),
        State::Unborn | State::Dismissed => Style::new().dimmed(),
    }
}

fn facts(incident: &Incident, plan: &Plan, now: Ts) -> Vec<(&'static str, String)> {
    let since = incident.since;
    let mut facts = vec![
        ("since", format!("{} ({})", since.rfc3339(), ago(since, now))),
        ("recovery", recovery(incident, plan, now)),
        ("people", people(incident, plan, now)),
        ("now", doing(incident)),
        ("evidence", evidence(incident)),
    ];
    facts.extend(paged(incident).into_iter().map(|text| ("paged", text)));
    for (role, person) in &incident.roles {
        facts.push(("role", format!("{person} is {}", role_says(*role))));
    }
    facts.extend(incident.last_update.iter().map(|text| ("update", plain(text))));
    facts.extend(incident.obligations.iter().map(|what| ("to do", plain(what))));
    let (turns, head) = (count(incident.turns as usize, "turn"), incident.head.short());
    let number = incident.number;
    facts.push(("ledger", format!("{turns}, head {head}: allclear verify {number}")));
    facts
}

/// What became of the last page to everyone who was paged, and who can't.
fn paged(incident: &Incident) -> Vec<String> {
    let mut people: Vec<(&PersonId, Vec<String>)> = Vec::new();
    for ((person, by), stand) in incident.pages.iter() {
        let says = format!("{}: {}", contact_says(*by), shared::page::says(stand));
        match people.last_mut() {
            Some((known, means)) if *known == person => means.push(says),
            _ => people.push((person, vec![says])),
        }
    }
    let cant = |person: &PersonId| if incident.declined.contains(person) { ", can't" } else { "" };
    let row = |(person, means): &(&PersonId, Vec<String>)| {
        plain(&format!("{person}{}; {}", cant(person), means.join("; ")))
    };
    people.iter().map(row).collect()
}

/// How the recovery time stands against its objective.
fn recovery(incident: &Incident, plan: &Plan, now: Ts) -> String {
    let Some(component) = plan.component(&incident.component) else {
        return "the plan has no such component".into();
    };
    let rto = component.rto;
    let took = incident.marks.recovered.unwrap_or(now).since(incident.since);
    let left = Span(rto.0 - took.0);
    match (incident.marks.recovered, left.0 >= 0) {
        _ if incident.state == State::Dismissed => "nothing to recover from".into(),
        (Some(_), true) => format!("recovered after {took}, within the RTO of {rto}"),
        (Some(_), false) => format!("recovered after {took}: the RTO of {rto} is BROKEN"),
        (None, true) => format!("{left} left of the RTO of {rto}"),
        (None, false) => format!("the RTO of {rto} is BROKEN since {}", Span(-left.0)),
    }
}

/// Who has it, or who is woken next.
pub fn people(incident: &Incident, plan: &Plan, now: Ts) -> String {
    match (&incident.paging, next_rung(plan, incident)) {
        (Paging::Acknowledged { by }, _) => format!("{by} has it"),
        (Paging::Climbing { .. }, Some((rung, at))) => {
            format!("nobody has it yet; rung {} of the ladder {}", rung + 1, ago(at, now))
        }
        (Paging::Climbing { .. }, None) => "nobody has it, and the ladder has ended".into(),
        (Paging::Off, _) => "nobody is being paged".into(),
    }
}

/// What machines are at.
pub fn doing(incident: &Incident) -> String {
    let class = |act: &shared::effect::Act| act.class().says();
    match &incident.recovery.phase {
        _ if !incident.state.is_live() => "nothing more is done".into(),
        Phase::Idle => "no machine is at work".into(),
        Phase::Looking => format!("checking, round {}", incident.recovery.round),
        Phase::Ready => "everything is checked; the evidence does not suffice yet".into(),
        Phase::Acting(act) => format!("about to {}", act_says(act)),
        Phase::ReadingBack(act) => format!("checking whether the {} took place", class(act)),
        Phase::Verifying(act) => format!("checking whether the {} took full effect", class(act)),
        Phase::Recovering(act) => format!("the {} is done; it should answer soon", class(act)),
        Phase::Waiting => "nothing can be done safely: people decide".into(),
        Phase::Over if incident.steady => "steady; the critical path is walked".into(),
        Phase::Over => "being watched until it is steady".into(),
    }
}

/// What speaks for the trouble, right now.
pub fn evidence(incident: &Incident) -> String {
    let own = match (incident.blind, incident.failing) {
        (true, _) => "our own view is gone",
        (false, true) => "our own probes fail",
        (false, false) => "our own probes report no failure",
    };
    match incident.accusers().count() {
        0 => own.to_owned(),
        1 => format!("{own}; 1 monitor says down or degraded"),
        many => format!("{own}; {many} monitors say down or degraded"),
    }
}

#[cfg(test)]
mod tests;
