//! The home tab: what is open, what may act and what not, who is called in which order, what is owed, how old backups are.

use std::collections::BTreeMap;

use shared::effect::ActClass;
use shared::id::PersonId;
use shared::incident::Incident;
use shared::operation::Operations;
use shared::plan::{BackupPolicy, Plan};
use shared::roster::Shift;
use shared::time::{Span, Ts};
use slack_morphism::prelude::{SlackBlock, SlackHomeView};

use super::action::Action;
use super::text::{cut_marked, marked};
use super::{Scene, card, kit, room};
use crate::terminal::paint::ago;

/// Incidents shown one by one; further ones are counted.
const MAX_SHOWN: usize = 10;
/// What one line may take.
const LINE: usize = 300;
/// Lines of one list.
const MAX_LINES: usize = 9;

/// What the home tab is painted from.
#[derive(Clone, Copy, Debug)]
pub struct House<'a> {
    /// The incidents that are not over.
    pub live: &'a [&'a Incident],
    /// The operations.
    pub operations: &'a Operations,
    /// Who is on call now.
    pub shift: Option<&'a Shift>,
    /// When the newest backup of each kind was made, by the plan's name for it. What is missing was never measured.
    pub backups: &'a BTreeMap<String, Ts>,
}

/// The home tab.
pub fn home(house: &House, scene: Scene) -> SlackHomeView {
    let Scene { plan, standing, now } = scene;
    let mut blocks = vec![kit::header(&super::text::said(&plan.document.application))];
    blocks.extend(standing.frozen.as_ref().map(|freeze| kit::section(&card::frozen(freeze))));
    blocks.extend(open_incidents(house.live, scene));
    blocks.extend(room::open_operations(house.operations, scene).into_iter().map(|(_, one)| one));
    let declare = kit::button(&Action::Declare);
    blocks.push(kit::actions(vec![declare.into(), card::stop(scene).into()]));
    blocks.push(kit::divider());
    blocks.push(list("Who may act", armed(scene)));
    blocks.push(list("On call, in this order", on_call(house.shift, plan)));
    blocks.push(list("Still to do", obligations(house.live, scene)));
    blocks
        .push(list("Backups", plan.backups.iter().map(|one| backup(one, house, scene)).collect()));
    blocks.push(kit::context(&[&format!("As of {}", now.rfc3339())]));
    SlackHomeView::new(kit::bounded(blocks, kit::VIEW_BLOCKS))
}

fn list(title: &str, mut lines: Vec<String>) -> SlackBlock {
    let more = lines.len().saturating_sub(MAX_LINES);
    lines.truncate(MAX_LINES);
    if lines.is_empty() {
        lines.push("nothing".into());
    }
    lines.extend((more > 0).then(|| format!("… and {more} more")));
    kit::section(&format!("*{title}*\n{}", lines.join("\n")))
}

fn open_incidents(live: &[&Incident], scene: Scene) -> Vec<SlackBlock> {
    if live.is_empty() {
        return vec![kit::section("✓ No incident is open. All clear.")];
    }
    let shown = live.iter().take(MAX_SHOWN);
    let mut blocks: Vec<_> = shown.map(|one| card::summary_block(one, scene)).collect();
    let more = live.len().saturating_sub(MAX_SHOWN);
    blocks.extend((more > 0).then(|| kit::section(&format!("… and {more} more open incidents"))));
    blocks
}

/// What machines may do, what only people may do, and what nobody does.
fn armed(scene: Scene) -> Vec<String> {
    let line = |class: ActClass| {
        let says = class.says();
        let why = |why: &String| cut_marked(&marked(why), LINE);
        match (scene.standing.dry.get(&class), scene.standing.disarmed.get(&class)) {
            (Some(dry), _) => format!("○ {says}: dry run for everyone: {}", why(dry)),
            (None, Some(disarmed)) => format!("○ {says}: people only: {}", why(disarmed)),
            (None, None) => format!("● {says}: ARMED, machines act by themselves"),
        }
    };
    ActClass::ALL.into_iter().map(line).collect()
}

/// The phone tree: whoever is on call now, their backup, then the incident commander.
fn on_call(shift: Option<&Shift>, plan: &Plan) -> Vec<String> {
    let mut tree: Vec<&PersonId> = shift.into_iter().flat_map(Shift::order).collect();
    if !tree.contains(&&plan.roles.incident_commander) {
        tree.push(&plan.roles.incident_commander);
    }
    let line = |(place, id): (usize, &PersonId)| {
        let person = plan.person(id);
        let title = person.map_or("NOT in the plan", |person| &person.title);
        let lacks = person.is_some_and(shared::plan::Person::is_placeholder);
        let lacks = if lacks { ", ✗ contact still a placeholder" } else { "" };
        format!("{place}. {}{lacks}", cut_marked(&marked(&format!("{id}, {title}")), LINE))
    };
    (1..).zip(tree).map(line).collect()
}

fn obligations(live: &[&Incident], scene: Scene) -> Vec<String> {
    let machines = scene.standing.obligations.values();
    let mut lines: Vec<String> = machines
        .map(|open| format!("☐ {} (since {})", marked(open.says()), ago(open.since, scene.now)))
        .collect();
    for incident in live {
        let number = incident.number;
        let says = |what: &String| cut_marked(&marked(what), LINE);
        lines.extend(
            incident.obligations.iter().map(|w| format!("☐ incident {number}: {}", says(w))),
        );
    }
    lines
}

/// How old the newest backup is, against what the plan promises; what nobody measured is said to be so.
fn backup(policy: &BackupPolicy, house: &House, scene: Scene) -> String {
    let what = cut_marked(&marked(&policy.what), LINE);
    let limit = limit(policy, scene.plan);
    let promise = limit
        .map_or_else(|| "no limit in the plan".into(), |(limit, name)| format!("{name} {limit}"));
    let Some(made) = house.backups.get(&policy.what) else {
        return format!("? {what}: not measured yet ({promise})");
    };
    let age = scene.now.since(*made);
    match limit {
        Some((limit, _)) if age > limit => format!("✗ {what}: {age} old, TOO OLD ({promise})"),
        _ => format!("✓ {what}: {age} old ({promise})"),
    }
}

/// The data that may be lost, else how often the plan wants one made. An RPO of nothing is not kept by backups at all.
fn limit(policy: &BackupPolicy, plan: &Plan) -> Option<(Span, &'static str)> {
    let component = policy.component.as_ref().and_then(|id| plan.component(id));
    let rpo = component.map(|component| component.rpo).filter(|rpo| *rpo > Span::ZERO);
    rpo.map(|rpo| (rpo, "RPO")).or_else(|| policy.every.map(|every| (every, "made every")))
}
