//! What is in a report, said once for every skin: the plan's "Post-Incident Review Process" with what the ledger
//! knows filled in, and blanks where only people know.

use shared::incident::State;
use shared::measures::{Loss, Row, Verdict};
use shared::time::Ts;
use shared::timeline::{Line, Mark, act_says, elapsed, plain};

use super::Report;

/// A headed part of the report.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// A piece of a section.
pub(super) enum Block {
    /// A paragraph.
    Text(String),
    /// Points.
    List(Vec<String>),
    /// A table; every row is as long as the head.
    Table(Vec<&'static str>, Vec<Vec<String>>),
    /// A question for people to answer.
    Blank(&'static str),
    /// A heading inside a section.
    Heading(&'static str),
    /// The timeline, which every skin draws in its own way.
    Timeline,
    /// Something to type.
    Command(String),
}

use Block::{Blank, Command, Heading, List, Table, Text, Timeline};

/// The whole report in order.
pub(super) fn sections(report: &Report) -> Vec<Section> {
    let mut sections = vec![
        section("Summary", vec![Text(summary(report)), facts(report)]),
        section("Impact", impact(report)),
        section("Timeline", vec![Timeline]),
        section("Measures against the plan", vec![measures(report)]),
        section("Evidence", vec![List(evidence(report))]),
        section("Decisions", vec![List(decisions(report))]),
        section("Still owed", vec![List(owed(report))]),
        section("Post-incident review", review(report)),
    ];
    if !report.scorecard.is_empty() {
        sections.push(section("What the drill showed", vec![scorecard(report)]));
    }
    sections.push(section("How to verify this report", verify(report)));
    sections
}

fn section(title: &'static str, blocks: Vec<Block>) -> Section {
    Section { title, blocks }
}

/// Who, what and when in a few sentences.
pub(super) fn summary(report: &Report) -> String {
    let (incident, measures) = (&report.incident, &report.measures);
    let mut said = vec![format!("{} {}.", report.component, outage(report))];
    if let Some(detection) = measures.detection {
        let (severity, because) = (incident.severity, plain(&incident.severity_because));
        said.push(format!("It was declared {severity:?} after {detection}: {because}."));
    }
    said.push(match (incident.acknowledged_by(), measures.acknowledgement) {
        (Some(by), Some(after)) => format!("{by} acknowledged it {after} later."),
        _ => "Nobody acknowledged it.".into(),
    });
    if !incident.recovery.tried.is_empty() {
        let tried: Vec<String> = incident.recovery.tried.iter().map(act_says).collect();
        let executed = measures.acts.executed;
        let count = if executed == 0 { "Nothing was changed" } else { "Tried by machine" };
        said.push(format!("{count}: {}.", plain(&tried.join(", then "))));
    }
    said.push(match incident.state {
        State::Resolved => format!("It is all clear after {}.", or_dash(measures.all_clear)),
        state => format!("It is {}.", state.says()),
    });
    said.join(" ")
}

fn outage(report: &Report) -> String {
    let start = report.start().rfc3339();
    let verb = if report.measures.downtime.is_some() { "was down" } else { "was not well" };
    match report.measures.recovery {
        Some(recovery) => format!("{verb} for {recovery} from {start}"),
        None => format!("{verb} from {start} and has not recovered"),
    }
}

fn facts(report: &Report) -> Block {
    let (incident, document) = (&report.incident, &report.document);
    let moment = |at: Option<Ts>| at.map_or_else(|| "–".to_owned(), Ts::rfc3339);
    let marks = incident.marks;
    let mut rows = vec![
        ("Application", document.application.clone()),
        ("State", incident.state.says().to_owned()),
        ("Outage began", report.start().rfc3339()),
        ("Declared", moment(marks.declared)),
        ("Acknowledged", moment(marks.acknowledged)),
        ("Recovered", moment(marks.recovered)),
        ("All clear", moment(marks.resolved)),
        ("Plan", format!("version {}, owner: {}", document.version, document.owner)),
        ("Report due", moment(report.due())),
    ];
    if let Some(seed) = report.generated_from {
        rows.push(("Drill", format!("seed {seed}: simulated, nothing real was touched")));
    }
    let rows = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]);
    Table(vec!["Fact", "Value"], rows.collect())
}

fn impact(report: &Report) -> Vec<Block> {
    let measures = &report.measures;
    let mut known = vec![match measures.downtime {
        Some(downtime) => format!("{} was down for {downtime}.", report.component),
        None => format!("{} was slow or erring, but answered.", report.component),
    }];
    known.push(match &measures.loss {
        Loss::Nothing => "No data was lost: only code was rolled back.".into(),
        Loss::UpTo(age) => format!("Changes of the last {age} before the failover may be lost."),
        Loss::Unknown(why) => format!("Data loss was not measured: {why}."),
    });
    let pages = measures.pages;
    known.push(format!("{} pages woke people; {} were lost.", pages.sent, pages.lost));
    vec![
        List(known),
        Blank("How many users noticed, and what could they not do?"),
        Blank("Which transactions were delayed, lost or done twice?"),
    ]
}

fn measures(report: &Report) -> Block {
    let rows = report.measures.rows().into_iter().map(|row| {
        let Row { name, measured, target, verdict } = row;
        vec![name.to_owned(), measured, target, signed(&verdict)]
    });
    Table(vec!["Measure", "Measured", "Target", "Verdict"], rows.collect())
}

/// A verdict with a sign, so that it is found without colour.
fn signed(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Kept => format!("✓ {verdict}"),
        Verdict::Broken { .. } => format!("✗ {verdict}"),
        Verdict::NotMeasured { .. } | Verdict::NoTarget => format!("– {verdict}"),
    }
}

/// What was seen; what was only asked for is left out.
fn evidence(report: &Report) -> Vec<String> {
    let seen = report.lines.iter().filter(|line| matches!(line.mark, Mark::Evidence | Mark::Look));
    or_none(seen.filter(|line| !line.event_kind.ends_with("-asked")).map(moment).collect())
}

fn moment(line: &Line) -> String {
    format!("{} ({}) {}", line.at.clock(), elapsed(line.after), line.text)
}

/// What was decided and why, by machine or by a person, and what came of it.
fn decisions(report: &Report) -> Vec<String> {
    const KINDS: [&str; 8] = [
        "declared",
        "dismissed",
        "chose",
        "act-settled",
        "did-not-help",
        "severity-set",
        "resolved",
        "reopened",
    ];
    let decided = report.lines.iter().filter(|line| KINDS.contains(&line.event_kind));
    or_none(decided.map(|line| format!("{} – {}", moment(line), line.actor)).collect())
}

fn owed(report: &Report) -> Vec<String> {
    let mut owed: Vec<String> =
        report.incident.obligations.iter().map(|what| plain(what)).collect();
    if let Some(due) = report.due() {
        owed.push(format!("this report, completed by people, by {}", due.rfc3339()));
    }
    if report.generated_from.is_none() {
        owed.push(format!("a last update on {}", report.status_page));
    }
    or_none(owed)
}

fn review(report: &Report) -> Vec<Block> {
    let lines = report.lines.len();
    vec![
        Heading("1. Incident timeline documentation"),
        Text(format!("{lines} lines from {} turns stand above.", report.incident.turns)),
        Blank("What happened that no machine saw (calls, chats, changes by hand)?"),
        Heading("2. Root cause analysis"),
        Text("The machine knew this when it decided; it is a hint, not the cause:".into()),
        List(of_kind(report, "chose")),
        Blank("What was the cause, and what let it through?"),
        Heading("3. Recovery effectiveness evaluation"),
        List(effectiveness(report)),
        Blank("What helped, what did not, what was luck?"),
        Heading("4. Process improvement recommendations"),
        List(improvements(report)),
        Blank("What will be changed, by whom, until when?"),
        Heading("5. Documentation updates"),
        List(vec![documentation(report)]),
        Blank("Which runbook, contact or threshold was wrong or missing?"),
    ]
}

fn of_kind(report: &Report, kind: &str) -> Vec<String> {
    let lines = report.lines.iter().filter(|line| line.event_kind == kind);
    or_none(lines.map(|line| line.text.clone()).collect())
}

fn effectiveness(report: &Report) -> Vec<String> {
    let kinds = ["act-settled", "did-not-help", "recovered", "relapsed"];
    let lines = report.lines.iter().filter(|line| kinds.contains(&line.event_kind));
    let mut said: Vec<String> = lines.map(moment).collect();
    let (own, effective) = (report.measures.rto_verdict(), report.measures.effective_rto_verdict());
    said.push(format!("RTO of the component: {own}; with what it depends on: {effective}"));
    said
}

/// Each broken promise asks its question.
fn improvements(report: &Report) -> Vec<String> {
    let mut asked = Vec::new();
    for Row { name, verdict, .. } in report.measures.rows() {
        match verdict {
            Verdict::Broken { by } => {
                asked.push(format!("{name} missed its target by {by}: what would have kept it?"));
            }
            Verdict::NotMeasured { why } if name.starts_with("Data loss") => {
                asked.push(format!("{name} could not be measured ({why}): how will it be?"));
            }
            Verdict::Kept | Verdict::NotMeasured { .. } | Verdict::NoTarget => {}
        }
    }
    if report.measures.pages.lost > 0 {
        asked.push(format!("{} pages were lost: which means failed?", report.measures.pages.lost));
    }
    or_none(asked)
}

/// ISO dates compare as text.
fn documentation(report: &Report) -> String {
    let document = &report.document;
    let due = document.next_review.0.to_string();
    let day = report.start().rfc3339();
    let overdue = day.get(..10).is_some_and(|day| day > due.as_str());
    let late = if overdue { ": overdue when this happened" } else { "" };
    format!("Plan version {}, next review {due}{late}.", document.version)
}

fn scorecard(report: &Report) -> Block {
    let rows = report.scorecard.iter().map(|promise| {
        let kept = if promise.kept { "✓ kept" } else { "✗ BROKEN" };
        vec![plain(promise.name), kept.into(), plain(&promise.says)]
    });
    Table(vec!["Promise", "Verdict", "Seen"], rows.collect())
}

fn verify(report: &Report) -> Vec<Block> {
    let turns = report.incident.turns;
    let mut blocks = vec![Text(format!(
        "Every line above comes from {turns} turns, each sealed with the hash of the one before. \
         The last hash is {}. Whoever holds the ledger checks it with:",
        report.head
    ))];
    blocks.push(Command(format!("allclear verify {}", report.incident.number)));
    if let Some(seed) = report.generated_from {
        blocks.push(Text(format!("This was a drill: seed {seed} replays it byte for byte.")));
    }
    blocks
}

fn or_none(list: Vec<String>) -> Vec<String> {
    if list.is_empty() { vec!["none".into()] } else { list }
}

fn or_dash(span: Option<shared::time::Span>) -> String {
    span.map_or_else(|| "–".to_owned(), |span| span.to_string())
}
