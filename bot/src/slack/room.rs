//! What is said in the room and to the person who asked: notices, the timeline, lists, help, where you are.

use shared::incident::{Incident, State};
use shared::operation::{Operation, Operations, Stage};
use shared::plan::Person;
use shared::roster::Shift;
use shared::store::Summary;
use shared::timeline::{Line, act_says, elapsed};
use slack_morphism::prelude::{SlackBlock, SlackChannelId};

use super::action::{Action, Named, Step, Verb};
use super::kit::{self, Message};
use super::text::{code_block, cut_marked, marked, units};
use super::{Scene, card, channel};
use crate::terminal::paint::{ago, severity_says};

/// What one line of the timeline may take: a title of 10,000 characters is not read in a channel.
const LINE: usize = 700;
/// What the lines of one message may take together: then its text says all of them aloud, too.
const PAGE: usize = 3_600;
/// Messages of one timeline; what came before them is named, not shown.
pub const MAX_PAGES: usize = 10;
/// Incidents of a list.
const MAX_ROWS: usize = 20;
/// Incidents and operations shown where somebody is.
const MAX_SHOWN: usize = 5;

/// Something everyone should notice.
pub fn notice(says: &str) -> Message {
    let says = marked(says);
    Message::new(&says, vec![kit::section(&format!("» {says}"))])
}

/// An incident's own channel can't be had, or not any more: where it goes on.
pub fn left(channel: Option<&SlackChannelId>, code: &str) -> Message {
    let what = match channel {
        Some(channel) => format!("<#{}> can't be used any more", channel.0),
        None => "This incident gets no channel of its own".into(),
    };
    let says = format!("» {what} (Slack says `{}`): what happens is told here.", marked(code));
    Message::new(&card::unstarred(&says), vec![kit::section(&says)])
}

/// Help, or an error, as the parser wrote it: its columns are kept.
pub fn help_text(says: &str) -> Message {
    let block = code_block(says, kit::SECTION);
    Message::new(&block, vec![kit::section(&block)])
}

/// Why something was not done; to the one who asked for it.
pub fn refusal(says: &str) -> Message {
    let says = format!("✗ Not done: {}", marked(says));
    Message::new(&says, vec![kit::section(&says)])
}

/// What happened since, as far as one message holds it from its beginning, and how many lines those are. What one turn
/// brought stays together where it can.
pub fn news(number: u32, lines: &[Line]) -> Option<(Message, usize)> {
    let (mut shown, mut used) = (Vec::new(), 0);
    for line in lines.iter().map(timeline_line) {
        used += units(&line) + 1;
        if used > PAGE && !shown.is_empty() {
            break;
        }
        shown.push(line);
    }
    let whole =
        |taken: &usize| lines.get(*taken).is_none_or(|next| next.turn > lines[taken - 1].turn);
    let taken = (1..=shown.len()).rev().find(whole).unwrap_or(shown.len());
    shown.truncate(taken);
    (taken > 0).then(|| (timeline_page(number, (1, 1), 0, &shown), taken))
}

/// The timeline as messages in order; of a very long one the newest part.
pub fn timeline_messages(number: u32, lines: &[Line]) -> Vec<Message> {
    let mut pages: Vec<Vec<String>> = vec![Vec::new()];
    let mut used = 0;
    // From the newest line backwards, so that what is left out is the oldest.
    let mut left_out = lines.len();
    for line in lines.iter().rev() {
        let line = timeline_line(line);
        let more = units(&line) + 1;
        if used + more > PAGE {
            if pages.len() == MAX_PAGES {
                break;
            }
            pages.push(Vec::new());
            used = 0;
        }
        used += more;
        left_out -= 1;
        if let Some(page) = pages.last_mut() {
            page.push(line);
        }
    }
    let count = pages.len();
    let numbered = (1..).zip(pages.into_iter().rev());
    let message = |(page, mut lines): (usize, Vec<String>)| {
        lines.reverse();
        timeline_page(number, (page, count), if page == 1 { left_out } else { 0 }, &lines)
    };
    numbered.map(message).collect()
}

fn timeline_page(
    number: u32,
    (page, pages): (usize, usize),
    left_out: usize,
    lines: &[String],
) -> Message {
    let part = if pages == 1 { String::new() } else { format!(", part {page} of {pages}") };
    let mut head = format!("Timeline of incident {number}{part}");
    if left_out > 0 {
        head += &format!("; {left_out} earlier lines: `allclear incident timeline {number}`");
    }
    if lines.is_empty() {
        head += ": nothing has happened";
    }
    let mut blocks = vec![kit::section(&format!("*{head}*"))];
    blocks.extend(paragraphs(lines));
    Message::new(&card::unstarred(&format!("{head}\n{}", lines.join("\n"))), blocks)
}

/// Lines in as few sections as hold them.
fn paragraphs(lines: &[String]) -> Vec<SlackBlock> {
    let mut paragraphs: Vec<String> = Vec::new();
    for line in lines {
        match paragraphs.last_mut() {
            Some(last) if units(last) + units(line) < kit::SECTION => {
                last.push('\n');
                last.push_str(line);
            }
            _ => paragraphs.push(line.clone()),
        }
    }
    paragraphs.iter().map(|paragraph| kit::section(paragraph)).collect()
}

fn timeline_line(line: &Line) -> String {
    let Line { at, after, mark, text, .. } = line;
    let (sign, word) = (super::text::escape(&mark.sign().to_string()), mark.word());
    let text = cut_marked(&marked(text), LINE);
    format!("`{} {}` {sign} *{word}* {text}", at.clock(), elapsed(*after))
}

/// Incidents, one a line, with a button that shows the card.
pub fn incident_list(rows: &[Summary], scene: Scene) -> Message {
    if rows.is_empty() {
        return Message::new(
            "No incidents. All clear.",
            vec![kit::section("No incidents. All clear.")],
        );
    }
    let lines: Vec<(u32, String)> =
        rows.iter().take(MAX_ROWS).map(|row| (row.number, row_says(row, scene))).collect();
    let mut blocks: Vec<SlackBlock> = Vec::new();
    for (number, line) in &lines {
        blocks.push(kit::section_with(line, kit::button(&Action::Incident(Verb::Show, *number))));
    }
    let more = rows.len().saturating_sub(MAX_ROWS);
    if more > 0 {
        blocks.push(kit::context(&[&format!("… and {more} more: `allclear incident list`")]));
    }
    let aloud: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    Message::new(&card::unstarred(&aloud.join("\n")), blocks)
}

fn row_says(row: &Summary, scene: Scene) -> String {
    let Summary { number, component, state, severity, since, ended, .. } = row;
    let name = marked(channel::component_name(component, scene.plan));
    let when = match ended {
        Some(ended) => {
            format!("took {}, began {}", ended.since(*since), ago(*since, scene.now))
        }
        None => format!("for {}", scene.now.since(*since)),
    };
    let (sign, severity) = (card::sign(*state), severity_says(*state, *severity));
    let name = cut_marked(&name, 200);
    format!("*Incident {number}* {sign} {} · {severity} · {name}, {when}", state.says())
}

/// Where somebody is who typed `/incident` and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Whereabouts<'a> {
    /// Who they are in the plan; `None` for a stranger.
    pub who: Option<&'a Person>,
    /// The incident whose room this is.
    pub here: Option<&'a Incident>,
    /// The incidents that are not over.
    pub live: &'a [&'a Incident],
    /// The operations.
    pub operations: &'a Operations,
    /// Who is on call now.
    pub shift: Option<&'a Shift>,
}

/// Where you are, and what you can do next.
pub fn status(at: &Whereabouts, scene: Scene) -> Message {
    let mut aloud = vec![who_says(at)];
    let mut blocks = vec![kit::section(&aloud[0])];
    aloud.extend(scene.standing.frozen.as_ref().map(card::frozen));
    blocks.extend(scene.standing.frozen.as_ref().map(|one| kit::section(&card::frozen(one))));
    let mut shown: Vec<&Incident> = at.here.into_iter().collect();
    shown.extend(at.live.iter().filter(|one| at.here.is_none_or(|here| here.id != one.id)));
    for incident in shown.iter().take(MAX_SHOWN) {
        aloud.push(card::summary(incident, scene).replace('\n', ": "));
        blocks.push(card::summary_block(incident, scene));
    }
    let more = shown.len().saturating_sub(MAX_SHOWN);
    aloud.extend((more > 0).then(|| format!("… and {more} more: `/incident list`")));
    if shown.is_empty() {
        aloud.push("No incident is open. All clear.".into());
        blocks.push(kit::section("✓ No incident is open. All clear."));
    }
    for (line, block) in open_operations(at.operations, scene) {
        aloud.push(line);
        blocks.push(block);
    }
    let next = next_says(at);
    blocks.push(kit::context(&[&next]));
    blocks.push(kit::actions(vec![kit::button(&Action::Declare).into()]));
    aloud.push(next);
    Message::new(&card::unstarred(&aloud.join("\n")), blocks)
}

fn who_says(at: &Whereabouts) -> String {
    let place = match at.here {
        Some(incident) => format!("This is the room of incident {}.", incident.number),
        None => "This is no incident's room.".into(),
    };
    let who = match at.who {
        Some(person) => {
            let mut order = at.shift.into_iter().flat_map(Shift::order);
            let duty = match order.position(|one| *one == person.id) {
                Some(0) => ", first on call",
                Some(_) => ", second on call",
                None => "",
            };
            format!("You are {}{duty}.", cut_marked(&marked(person.id.as_str()), 200))
        }
        None => "You are not in the plan, so you can look but change nothing: somebody must add \
                 your Slack id under [[people]] in plan.toml."
            .into(),
    };
    format!("{place} {who}")
}

/// Operations that are not over, each with a button that shows its plan, for agreeing where somebody must.
pub(super) fn open_operations(operations: &Operations, scene: Scene) -> Vec<(String, SlackBlock)> {
    let line = |operation: &Operation| {
        let missing = match operation.missing(scene.plan) {
            0 => "everyone needed agrees".into(),
            missing => format!("{missing} more must agree"),
        };
        let act = cut_marked(&marked(&act_says(&operation.act)), 300);
        let says = format!("*Operation {}* {act}; {missing}", operation.number);
        let named = Named { number: operation.number, hash: operation.hash.to_string() };
        let waits = operation.stage == Stage::Planned && operation.missing(scene.plan) > 0;
        let step = if waits { Step::Read } else { Step::Look };
        let button = kit::button(&Action::Operation(step, named));
        (says.clone(), kit::section_with(&says, button))
    };
    operations.open().take(MAX_SHOWN).map(line).collect()
}

fn next_says(at: &Whereabouts) -> String {
    let incident = at.here.or_else(|| at.live.first().copied());
    let Some(incident) = incident.filter(|one| one.state != State::Dismissed) else {
        return "Next: `/incident declare p1 what is wrong`, `/incident list`, `/incident help`"
            .into();
    };
    let number = incident.number;
    let next = match incident.state {
        State::Open | State::Mitigated if incident.acknowledged_by().is_none() => {
            format!("`/incident ack {number}`")
        }
        State::Open => {
            format!(
                "`/incident update {number} …`, `/rollback \"why\"`, `/incident mitigated {number}`"
            )
        }
        State::Mitigated => format!("`/incident update {number} …`, `/incident resolve {number}`"),
        State::Resolved => format!("`/incident report {number}`, `/incident reopen {number} why`"),
        State::Unborn | State::Suspected | State::Dismissed => {
            format!("`/incident timeline {number}`")
        }
    };
    format!("Next: {next}, `/incident help`")
}
