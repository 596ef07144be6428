//! The card of an operation: what would change, what speaks for and against it, who agrees, what to press next.

use shared::effect::{Act, ActClass};
use shared::operation::{Gate, Line, Operation, Proposal, Stage};
use shared::plan::Plan;
use shared::safety::Standing;
use shared::timeline::act_says;
use slack_morphism::prelude::{SlackActionBlockElement, SlackBlock};

use super::Scene;
use super::action::{Action, Named, Step};
use super::kit::{self, Message};
use super::text::{cut_marked, marked, said};
use crate::terminal::operations::{gate_label, stage_says};

/// Changes, and checks, shown one by one; further ones are counted.
const MAX_LISTED: usize = 20;
/// Lines of the story under the card.
const STORY_LINES: usize = 10;
/// What one line may take.
const LINE: usize = 400;

/// An operation's card; `story` are the lines of all operations or of this one.
pub fn operation_card(operation: &Operation, story: &[Line], scene: Scene) -> Message {
    let says = format!("Operation {}: {}", operation.number, act_says(&operation.act));
    let mut blocks = vec![kit::header(&format!("{} {}", sign(operation), said(&says)))];
    blocks.extend(plan_blocks(operation, scene));
    blocks.extend(told(operation, story).map(|lines| kit::section(&lines)));
    let mut small = vec![next_says(operation, scene)];
    small.extend(operation.incident.map(|number| format!("Belongs to incident {number}")));
    blocks.push(kit::context(&small.iter().map(String::as_str).collect::<Vec<_>>()));
    let buttons = buttons(operation, scene);
    if !buttons.is_empty() {
        blocks.push(kit::actions(buttons));
    }
    Message::new(&aloud(operation, &says, scene), blocks)
}

/// The page that people agree to, without its buttons.
pub fn plan_blocks(operation: &Operation, scene: Scene) -> Vec<SlackBlock> {
    let Scene { plan, standing, .. } = scene;
    let mut blocks = Vec::new();
    let why = cut_marked(&marked(&operation.because), LINE * 2);
    let by = marked(operation.by.as_str());
    blocks.push(kit::section(&format!("*Why*\n{by}: {why}")));
    blocks.extend(held(operation, standing).iter().map(|why| kit::section(why)));
    blocks.push(kit::section(&changes(&operation.act, &operation.proposal, plan)));
    blocks.push(kit::section(&gates(&operation.proposal.gates)));
    let pairs = [
        ("Stage", cut_marked(&marked(&stage_says(&operation.stage)), LINE * 2)),
        ("Agree", agreeing(operation, plan)),
        ("Plan", format!("`{}`", operation.hash.short())),
        ("Holds until", holds_until(operation, plan)),
    ];
    blocks.push(kit::fields(&pairs));
    blocks
}

/// How whoever reads this, and nobody else, could agree by phone.
pub fn without_slack(how: &str) -> String {
    format!("Without Slack: {how}")
}

/// What keeps it from changing anything, while that still matters.
fn held(operation: &Operation, standing: &Standing) -> Vec<String> {
    if matches!(operation.stage, Stage::Over(_)) {
        return Vec::new();
    }
    let dry = standing.dry.get(&operation.act.class()).map(|why| {
        format!("○ *DRY RUN*: running it changes nothing: {}", cut_marked(&marked(why), LINE))
    });
    standing.frozen.as_ref().map(super::card::frozen).into_iter().chain(dry).collect()
}

/// What opens the confirm dialog of an approval or a go: the hash of what was seen.
fn asks(step: Step, operation: &Operation) -> String {
    let (number, hash) = (operation.number, operation.hash.short());
    let act = cut_marked(&marked(&act_says(&operation.act)), 90);
    match step {
        Step::Run => format!(
            "Plan `{hash}` of operation {number}: {act}. It is checked that nothing has changed \
             since; then it is done."
        ),
        Step::Abort => format!("Nothing of plan `{hash}` of operation {number} will be done."),
        Step::Approve | Step::Read | Step::Look => format!(
            "You agree to plan `{hash}` of operation {number}: {act}. You agree to exactly what \
             the card shows."
        ),
    }
}

fn sign(operation: &Operation) -> char {
    use shared::operation::Ending::{PartlyVerified, Verified, WouldHave};
    match &operation.stage {
        Stage::Planned => '?',
        Stage::Checking | Stage::Acting | Stage::ReadingBack { .. } | Stage::Verifying => '►',
        Stage::Over(Verified { .. } | WouldHave) => '✓',
        Stage::Over(PartlyVerified { .. }) => '!',
        Stage::Over(_) => '✗',
    }
}

fn changes(act: &Act, proposal: &Proposal, plan: &Plan) -> String {
    let by = if proposal.by.is_empty() { String::new() } else { format!(", by {}", proposal.by) };
    let by = cut_marked(&marked(&by), LINE);
    let mut lines = vec![format!("*What would change*{by}")];
    let each = |one: &shared::effect::Change| {
        let says = format!("{}: {} → {}", one.target, one.before, one.after);
        format!("• {}", cut_marked(&marked(&says), LINE))
    };
    lines.extend(proposal.changes.iter().take(MAX_LISTED).map(each));
    lines.extend(more(proposal.changes.len()));
    if proposal.changes.is_empty() {
        lines.push("nothing".into());
    }
    if act.class() == ActClass::Failover {
        let means = plan.dns.usable_drivers();
        lines.extend(means.map(|one| format!("Means: {}, {}", one.says(), one.needs())));
    }
    lines.join("\n")
}

fn gates(gates: &[Gate]) -> String {
    let mut lines = vec!["*What was checked*".to_owned()];
    let line =
        |gate: &Gate| format!("{}: {}", gate_label(gate), cut_marked(&marked(&gate.says), LINE));
    // What stops must be seen even where not everything fits.
    let mut sorted: Vec<&Gate> = gates.iter().collect();
    sorted.sort_by_key(|gate| match gate.verdict {
        shared::operation::Verdict::Stop => 0,
        shared::operation::Verdict::Decide => 1,
        shared::operation::Verdict::Pass => 2,
    });
    lines.extend(sorted.into_iter().take(MAX_LISTED).map(line));
    lines.extend(more(gates.len()));
    lines.join("\n")
}

fn more(all: usize) -> Option<String> {
    let more = all.saturating_sub(MAX_LISTED);
    (more > 0).then(|| format!("… and {more} more: `allclear operation show`"))
}

fn agreeing(operation: &Operation, plan: &Plan) -> String {
    let people: Vec<String> =
        operation.agreeing(plan).map(|person| marked(person.as_str())).collect();
    let people = if people.is_empty() { "nobody".into() } else { people.join(", ") };
    match operation.missing(plan) {
        0 => format!("✓ {people}"),
        missing => format!("? {people}; *{missing} more must agree*"),
    }
}

fn holds_until(operation: &Operation, plan: &Plan) -> String {
    let until = operation.planned_at + plan.approvals.valid_for;
    format!("{} UTC", until.clock())
}

/// The story so far, its end last.
fn told(operation: &Operation, story: &[Line]) -> Option<String> {
    let own: Vec<&Line> = story.iter().filter(|line| line.number == operation.number).collect();
    let line = |line: &&Line| {
        format!("{}  {}", line.at.clock(), cut_marked(&marked(&line.says), LINE / 2))
    };
    let last = own.iter().skip(own.len().saturating_sub(STORY_LINES));
    let lines: Vec<String> = last.map(line).collect();
    let begun = operation.stage != Stage::Planned;
    (begun && !lines.is_empty()).then(|| format!("*What happened*\n{}", lines.join("\n")))
}

fn next_says(operation: &Operation, scene: Scene) -> String {
    match next(operation, scene) {
        Next::Nothing => "Nothing is left to press".into(),
        Next::Mend => "What stops it must be mended; then plan again".into(),
        Next::PlanAgain => "Too old: plan again".into(),
        Next::Approve(missing) => format!("Next: {missing} more to approve, not who asked for it"),
        Next::Run => "Next: run it".into(),
        Next::Wait => "Under way: this card follows it".into(),
    }
}

/// What can happen to an operation next.
enum Next {
    Nothing,
    Mend,
    PlanAgain,
    Approve(u32),
    Run,
    Wait,
}

fn next(operation: &Operation, scene: Scene) -> Next {
    match operation.stage {
        Stage::Over(_) => Next::Nothing,
        Stage::Checking | Stage::Acting | Stage::ReadingBack { .. } | Stage::Verifying => {
            Next::Wait
        }
        Stage::Planned if operation.proposal.stops().next().is_some() => Next::Mend,
        Stage::Planned if operation.expired(scene.plan, scene.now) => Next::PlanAgain,
        Stage::Planned => match operation.missing(scene.plan) {
            0 => Next::Run,
            missing => Next::Approve(missing),
        },
    }
}

fn buttons(operation: &Operation, scene: Scene) -> Vec<SlackActionBlockElement> {
    let named = Named { number: operation.number, hash: operation.hash.to_string() };
    let on = |step| Action::Operation(step, named.clone());
    let confirmed = |step| kit::confirm(&on(step), &asks(step, operation));
    let abort = || kit::button(&on(Step::Abort)).with_confirm(confirmed(Step::Abort)).into();
    match next(operation, scene) {
        Next::Nothing | Next::Wait => Vec::new(),
        Next::Mend | Next::PlanAgain => vec![abort()],
        Next::Approve(_) => {
            let approve = kit::primary(&on(Step::Approve)).with_confirm(confirmed(Step::Approve));
            vec![approve.into(), abort()]
        }
        Next::Run => vec![kit::danger(&on(Step::Run), &asks(Step::Run, operation)).into(), abort()],
    }
}

fn aloud(operation: &Operation, says: &str, scene: Scene) -> String {
    let Scene { plan, standing, .. } = scene;
    let mut all = vec![format!("{}.", marked(says))];
    all.push(format!("Stage: {}.", cut_marked(&marked(&stage_says(&operation.stage)), LINE * 2)));
    all.extend(held(operation, standing).iter().map(|why| format!("{why}.")));
    let why = cut_marked(&marked(&operation.because), LINE);
    all.push(format!("{} asks: {why}.", marked(operation.by.as_str())));
    let stops = operation.proposal.stops();
    all.extend(
        stops.take(3).map(|gate| format!("STOP: {}.", cut_marked(&marked(&gate.says), LINE))),
    );
    all.push(format!("Agree: {}.", agreeing(operation, plan)));
    all.push(format!("Plan {}.", operation.hash.short()));
    all.push(format!("{}.", next_says(operation, scene)));
    super::card::unstarred(&all.join(" "))
}
