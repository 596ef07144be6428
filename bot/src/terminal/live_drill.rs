//! `allclear drill … --live`: every look of the runbook at the real vendors, and what would be done right now. Nothing
//! is changed, so nothing is proven but that the ways back are open.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use functions::clock;
use functions::perform::{Hold, KillSwitch, Perform};
use functions::vendors::dispatch::Dispatch;
use serde_json::json;
use shared::effect::{Act, Aim, Effect, Finding, Look, Outcome, Survey};
use shared::id::EffectKey;
use shared::operation::{OPERATIONS_STREAM, Proposal, propose};
use shared::plan::Plan;
use shared::safety::Standing;
use shared::timeline::looked_says;
use shared::town::Scenario;
use tokio::task::JoinSet;

use super::operations::proposal_rows;
use super::operations::survey::{runtime, vendors};
use crate::settings::Settings;

/// The ways back of the runbook, in its order.
const WAYS: [Aim; 2] = [Aim::RollBack(None), Aim::FailOver];

/// A line: its label and its text.
type Row = (String, String);

/// A way back, as it stands now.
struct Way {
    aim: Aim,
    open: bool,
    rows: Vec<Row>,
}

/// Looks at everything, says what would be done, and writes the evidence. Fails while no way back is open.
pub fn run(
    scenario: Scenario,
    folder: &Path,
    settings: &Settings,
    out: &mut dyn Write,
) -> Result<ExitCode> {
    if scenario != Scenario::CompleteOutage {
        bail!("only complete-outage can be drilled live in this version: leave out --live");
    }
    let standing = settings.standing()?;
    let stopped = stopped(&standing, settings);
    let dispatch = vendors(settings)?;
    let (mut looks, surveys) = runtime()?.block_on(look_around(dispatch, &settings.plan));
    looks.extend(stopped.iter().map(|why| ("FROZEN".to_owned(), why.clone())));
    let ways: Vec<Way> = WAYS
        .into_iter()
        .zip(surveys)
        .map(|(aim, outcome)| way(aim, outcome, &standing, settings))
        .collect();
    let file = write(folder, &looks, &ways, settings)?;
    if settings.json {
        let ways: Vec<_> = ways
            .iter()
            .map(|way| json!({"aim": way.aim, "open": way.open, "rows": way.rows}))
            .collect();
        writeln!(
            out,
            "{:#}",
            json!({"looks": looks, "frozen": stopped, "ways": ways, "report": file})
        )?;
    } else {
        let brush = settings.brush();
        for (label, text) in looks.iter().chain(ways.iter().flat_map(|way| &way.rows)) {
            out.write_all(brush.labelled(label, text).as_bytes())?;
        }
        writeln!(out, "\nReport: {file}")?;
    }
    let open = stopped.is_none() && ways.iter().any(|way| way.open);
    Ok(if open { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Why nothing can be run at all.
fn stopped(standing: &Standing, settings: &Settings) -> Option<String> {
    let frozen = standing.frozen.as_ref().map(|it| format!("by {}: {}", it.by, it.why));
    KillSwitch::beside(&settings.store).thrown().or(frozen)
}

/// Every look of the runbook and the survey of each way, all at the same time.
async fn look_around(dispatch: Dispatch, plan: &Plan) -> (Vec<Row>, Vec<Outcome>) {
    let dispatch = std::sync::Arc::new(dispatch);
    let watched = plan.vendors.iter().filter(|vendor| vendor.status_url.is_some());
    let mut looks: Vec<Look> = watched.map(|one| Look::VendorStatus(one.id.clone())).collect();
    looks.extend([Look::ControlSite, Look::Dns, Look::Standby, Look::Deployments]);
    looks.push(Look::CriticalPath);
    let many = looks.len();
    looks.extend(WAYS.map(Look::Survey));
    let mut asked = JoinSet::new();
    for (place, look) in looks.into_iter().enumerate() {
        let dispatch = dispatch.clone();
        asked.spawn(async move {
            let key = EffectKey { stream: OPERATIONS_STREAM.into(), turn: 0, position: 0 };
            let begun = clock::now();
            let effect = Effect::Look(look.clone());
            let outcome = dispatch.perform(&key, &effect, &Hold::Free).await;
            (place, look, outcome, clock::now().since(begun))
        });
    }
    let mut seen = asked.join_all().await;
    seen.sort_by_key(|(place, ..)| *place);
    let surveys = seen.split_off(many).into_iter().map(|(_, _, outcome, _)| outcome).collect();
    let rows = seen.iter().map(|(_, look, outcome, took)| {
        ("look".to_owned(), format!("{} ({} ms)", looked_says(look, outcome), took.0))
    });
    (rows.collect(), surveys)
}

/// What this way back would change, and whether it is open.
fn way(aim: Aim, outcome: Outcome, standing: &Standing, settings: &Settings) -> Way {
    let head = match aim {
        Aim::RollBack(_) | Aim::Promote(_) => "ROLLBACK",
        Aim::FailOver | Aim::FailBack => "FAILOVER",
    };
    let (says, rest) = match proposed(&aim, outcome, standing, settings) {
        Err(why) => (Err(format!("not open: {why}")), Vec::new()),
        Ok((act, proposal)) => {
            let says = match standing.dry.get(&act.class()) {
                _ if proposal.stops().next().is_some() => Err("STOPPED".to_owned()),
                Some(why) => Err(format!("DRY RUN, running it would change nothing: {why}")),
                None => Ok("open: a person could run it now".to_owned()),
            };
            (says, proposal_rows(&act, &proposal, &settings.plan))
        }
    };
    let open = says.is_ok();
    let mut rows = vec![(head.to_owned(), says.unwrap_or_else(|why| why))];
    rows.extend(rest.into_iter().map(|(label, text)| (label.to_owned(), text)));
    Way { aim, open, rows }
}

/// The page that people would be shown, or why there is none.
fn proposed(
    aim: &Aim,
    outcome: Outcome,
    standing: &Standing,
    settings: &Settings,
) -> Result<(Act, Proposal), String> {
    match outcome {
        Outcome::Done(Finding::Surveyed(survey)) => {
            let proposal = propose(&settings.plan, standing, aim, &survey, settings.now());
            proposal.map_err(|why| troubled(&why.to_string(), &survey))
        }
        Outcome::Never { why } | Outcome::Later { why, .. } | Outcome::Unknown { why } => Err(why),
        Outcome::Done(_) => Err("the answer is of another kind".into()),
    }
}

fn troubled(why: &str, survey: &Survey) -> String {
    let all: Vec<&str> =
        std::iter::once(why).chain(survey.troubles.iter().map(String::as_str)).collect();
    all.join("; ")
}

/// The evidence: what was looked at and when, by whose plan.
fn write(folder: &Path, looks: &[Row], ways: &[Way], settings: &Settings) -> Result<String> {
    let now = settings.now().rfc3339();
    let mut text = format!(
        "# Live drill of complete-outage, {now}\n\nPlan {} (version {}). Nothing was changed.\n\n",
        settings.plan_name, settings.plan.document.version
    );
    for (label, says) in looks.iter().chain(ways.iter().flat_map(|way| &way.rows)) {
        let _infallible = writeln!(text, "- {label}: {says}");
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("failed to make the folder {}", folder.display()))?;
    let stamp: String = now.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    let file = folder.join(format!("live-drill-complete-outage-{stamp}.md"));
    std::fs::write(&file, text).with_context(|| format!("failed to write {}", file.display()))?;
    Ok(file.display().to_string())
}
