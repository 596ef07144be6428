//! An operation on one page: what would change, what speaks for and against it, who agrees, what to type next.

use serde_json::{Value, json};
use shared::effect::{Act, ActClass, Deployment};
use shared::id::{DeploymentId, PersonId};
use shared::operation::{Gate, Operation, Proposal, Stage, Verdict, ending_says};
use shared::plan::{Driver, Plan};
use shared::safety::Standing;
use shared::timeline::{act_says, plain};

use crate::settings::Settings;

/// The page, ending in a line break.
pub fn operation_page(operation: &Operation, standing: &Standing, settings: &Settings) -> String {
    let brush = settings.brush();
    let Operation { number, act, because, hash, proposal, .. } = operation;
    let mut lines = vec![
        ("operation", format!("{number}: {}", act_says(act))),
        ("why", plain(because)),
        ("stage", stage_says(&operation.stage)),
    ];
    lines.extend(operation.incident.map(|incident| ("incident", incident.to_string())));
    if let Some(why) = standing.dry.get(&act.class()) {
        lines.push(("DRY RUN", format!("running it changes nothing: {why}")));
    }
    lines.extend(proposal_rows(act, proposal, &settings.plan));
    lines.push(("agree", agreeing(operation, settings)));
    if operation.stage == Stage::Planned {
        let until = operation.planned_at + settings.plan.approvals.valid_for;
        lines.push(("plan", format!("{} (holds until {} UTC)", hash.short(), until.clock())));
        let says = settings.person.as_ref().and_then(|it| by_phone(operation, &settings.plan, it));
        lines.extend(says.map(|says| ("by phone", says)));
        lines.push(("next", next(operation, settings)));
    }
    lines.iter().map(|(label, text)| brush.labelled(label, text)).collect()
}

/// What would be done, by what means, and what speaks for and against it.
pub fn proposal_rows(act: &Act, proposal: &Proposal, plan: &Plan) -> Vec<(&'static str, String)> {
    let mut rows = vec![("by", proposal.by.clone())];
    rows.extend(means(act, plan));
    for change in &proposal.changes {
        let says = format!("{}: {} → {}", change.target, change.before, change.after);
        rows.push(("changes", plain(&says)));
    }
    rows.extend(proposal.gates.iter().map(|gate| (gate_label(gate), plain(&gate.says))));
    rows
}

/// What each means of moving traffic depends on, in the order in which they are tried.
fn means(act: &Act, plan: &Plan) -> Vec<(&'static str, String)> {
    if act.class() != ActClass::Failover {
        return Vec::new();
    }
    let says = |driver: Driver| ("means", format!("{}: {}", driver.says(), driver.needs()));
    plan.dns.usable_drivers().map(says).collect()
}

/// Its line in a list, ending in a line break.
pub fn operation_row(operation: &Operation, settings: &Settings) -> String {
    let says = format!("{}; {}", act_says(&operation.act), stage_says(&operation.stage));
    settings.brush().labelled(&format!("{:>4}", operation.number), &plain(&says))
}

/// A deployment's line in the list of candidates, ending in a line break.
pub fn candidate_row(one: &Deployment, pins: &[DeploymentId], settings: &Settings) -> String {
    let age = settings.now().since(one.live_at);
    let label = if one.current {
        "LIVE"
    } else if one.candidate {
        "candidate"
    } else {
        "gone"
    };
    let mut says = vec![format!("{}, live {age} ago", one.id)];
    says.extend(one.commit.as_ref().map(|it| format!("commit {}", it.get(..7).unwrap_or(it))));
    says.extend(one.by.as_ref().map(|by| format!("by {by}")));
    says.extend(pins.contains(&one.id).then(|| "was well under traffic".to_owned()));
    says.extend(one.proven.then(|| "its checks passed".to_owned()));
    says.push(match one.schema_compatible {
        Some(true) => "migrations since then only added things".into(),
        Some(false) => "the database was MIGRATED since".into(),
        None => "migrations since then: unknown".into(),
    });
    settings.brush().labelled(label, &plain(&says.join(", ")))
}

/// For machines.
pub fn operation_json(operation: &Operation, settings: &Settings) -> Value {
    json!({
        "number": operation.number,
        "act": operation.act,
        "because": operation.because,
        "by": operation.by,
        "incident": operation.incident,
        "plan": operation.hash,
        "planned_at": operation.planned_at.rfc3339(),
        "proposal": operation.proposal,
        "approvals": operation.approvals,
        "missing_approvals": operation.missing(&settings.plan),
        "stage": stage_says(&operation.stage),
        "over": matches!(operation.stage, Stage::Over(_)),
    })
}

/// How far it is.
pub fn stage_says(stage: &Stage) -> String {
    match stage {
        Stage::Planned => "planned, nothing has happened".into(),
        Stage::Checking => "being checked again before it begins".into(),
        Stage::Acting => "under way".into(),
        Stage::ReadingBack { .. } => "its reply was lost: being read back".into(),
        Stage::Verifying => "done, being verified".into(),
        Stage::Over(ending) => ending_says(ending),
    }
}

/// A sign and a word each: never by colour alone.
pub fn gate_label(gate: &Gate) -> &'static str {
    match gate.verdict {
        Verdict::Pass => "✓ ok",
        Verdict::Decide => "? decide",
        Verdict::Stop => "✗ STOP",
    }
}

fn agreeing(operation: &Operation, settings: &Settings) -> String {
    let people: Vec<&str> =
        operation.agreeing(&settings.plan).map(shared::id::PersonId::as_str).collect();
    match operation.missing(&settings.plan) {
        0 => people.join(", "),
        missing => format!("{}; {missing} more must agree", people.join(", ")),
    }
}

/// How somebody can agree with nothing but a phone, if they are still to be asked. For their eyes only.
pub fn by_phone(operation: &Operation, plan: &Plan, person: &PersonId) -> Option<String> {
    let agrees = operation.agreeing(plan).any(|one| one == person);
    let wanted = operation.missing(plan) > 0 && plan.person(person).is_some();
    let (number, code) = (operation.number, operation.code(person));
    (wanted && !agrees)
        .then(|| format!("text \"{number} approve {code}\", or press 3 and {code}; yours alone"))
}

fn next(operation: &Operation, settings: &Settings) -> String {
    let (number, hash) = (operation.number, operation.hash.short());
    if operation.proposal.stops().next().is_some() {
        return "what stops it must be mended; then plan again".into();
    }
    if operation.expired(&settings.plan, settings.now()) {
        return "too old: plan again".into();
    }
    if operation.missing(&settings.plan) > 0 {
        return format!("somebody else: allclear operation approve {number} --hash {hash}");
    }
    format!("allclear operation run {number} --hash {hash}")
}
