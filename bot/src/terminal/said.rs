//! What every face understands, said to a terminal and answered there.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use functions::perform::KillSwitch;
use serde_json::json;
use shared::grammar::{IncidentVerb, OperationVerb, Verb};
use shared::measures::Measures;
use shared::safety::Freeze;
use shared::timeline::timeline;

use super::operations::survey::runtime;
use super::{Answer, incidents, operations, paint, people, slack};
use crate::orders::{self, AtStore, Said, Speaker};
use crate::settings::Settings;

/// Carries a verb out and prints what there is to show for it.
pub fn run(verb: &Verb, settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    if let Some(named) = orders::to_be_run(verb) {
        return operations::run::run(settings, named, out);
    }
    let by = if orders::only_looks(verb) {
        settings.person.clone().unwrap_or_else(|| "nobody".into())
    } else {
        settings.speaker()?
    };
    let key = format!("terminal/{}/{}", std::process::id(), settings.now().0);
    let speaker = Speaker { by, via: "terminal".into(), key };
    let said = runtime()?.block_on(orders::carry_out(verb, &speaker, &AtStore(settings)))?;
    let answer = shown(&said, settings);
    if settings.json {
        writeln!(out, "{:#}", answer.json)?;
    } else {
        out.write_all(answer.text.as_bytes())?;
        if let (Said::Operation(one, _), Verb::Operation(OperationVerb::Show { .. })) =
            (&said, verb)
        {
            operations::run::tell(settings, &settings.reader()?, one.number, 0, out)?;
        }
        if let (Said::Incident(one), Verb::Incident(IncidentVerb::Show(_))) = (&said, verb) {
            out.write_all(incidents::checklist(one, settings)?.as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(said: &Said, settings: &Settings) -> Answer {
    match said {
        Said::Incident(incident) | Said::Granted(incident, _) => {
            with_slack(incidents::page(incident, settings), settings)
        }
        Said::Incidents(rows) => incidents::list(rows, settings),
        Said::Timeline(_, turns) => {
            let lines = timeline(turns);
            let text = lines.iter().map(|line| paint::timeline_line(line, settings.brush()));
            Answer { text: text.collect(), json: json!(turns) }
        }
        Said::Report(incident, turns) => {
            let measures = Measures::of(&settings.plan, incident, turns);
            let rest = format!("The whole report: allclear report {}\n", incident.number);
            let text = paint::measures(&measures, settings.brush()) + &rest;
            Answer { text, json: json!({"number": incident.number, "measures": measures.rows()}) }
        }
        Said::Operation(operation, standing) => operations::page(operation, standing, settings),
        Said::Operations(all) => operations::list(all, settings),
        Said::Candidates(survey, pins) => operations::candidates(survey, pins, settings),
        Said::OnCall(roster, look) => {
            people::on_call(&settings.plan, roster, *look, settings.now())
        }
        Said::PhoneTests(tests) => people::phone_tests(tests),
        Said::Frozen(first) => frozen(first.as_ref(), settings),
        Said::Thawed(was) => thawed(was.as_ref(), settings),
    }
}

/// Says so where the room in Slack is not told.
fn with_slack(mut answer: Answer, settings: &Settings) -> Answer {
    if let Some(down) = slack::down(settings) {
        let says = format!("{down}. Nobody reads there; what happens is told when it is back");
        answer.text += &settings.brush().labelled("slack", &says);
        answer.json["slack"] = json!(down.to_string());
    }
    answer
}

/// A freeze that is there already stays as it is, and is named.
fn frozen(first: Option<&Freeze>, settings: &Settings) -> Answer {
    let text = match first {
        None => "Frozen: nothing acts any more. Detection and paging go on.\n".to_owned(),
        Some(first) => format!("Frozen already, by {}: {}\n", first.by, first.why),
    };
    let now = settings.reader().ok().and_then(|engine| engine.standing().frozen.clone());
    Answer { text, json: json!({"frozen": now, "new": first.is_none()}) }
}

/// Says so if the kill switch still stops everything.
fn thawed(was: Option<&Freeze>, settings: &Settings) -> Answer {
    let switch = KillSwitch::beside(&settings.store);
    let text = match (was, switch.thrown()) {
        (_, Some(_)) => {
            format!("Still stopped by the file {}: remove it too.\n", switch.path().display())
        }
        (Some(_), None) => "No longer frozen: what is armed may act.\n".to_owned(),
        (None, None) => "Nothing was frozen.\n".to_owned(),
    };
    Answer { text, json: json!({"was": was, "kill_switch": switch.thrown()}) }
}
