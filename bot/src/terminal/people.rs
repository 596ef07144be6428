//! Who is on call, and what became of tests of phones, as a terminal shows it.

use serde_json::json;
use shared::page;
use shared::plan::{Plan, Zone};
use shared::roster::{self, PhoneTest, Roster, Shift};
use shared::time::Ts;
use shared::timeline::contact_says;

use super::Answer;
use crate::orders::people::{Look, rows, zone};

/// Who is on call: a shift a line.
pub fn on_call(plan: &Plan, roster: &Roster, look: Look, now: Ts) -> Answer {
    let shifts = rows(plan, roster, look, now);
    let zone = zone(plan);
    let mut text: String = shifts.iter().map(|shift| line(shift, &zone)).collect();
    if shifts.is_empty() {
        text = match look {
            Look::Next => "Nobody hands over: the plan has no [on_call].\n".into(),
            Look::Now | Look::Week => "NOBODY is on call.\n".into(),
        };
    }
    let covers = roster.covers.iter().filter(|one| one.until > now);
    for one in covers.clone() {
        let (from, until) = (clock(one.from, &zone), clock(one.until, &zone));
        text += &format!(
            "{}. {} stands in from {from} until {until}, says {}\n",
            one.number, one.person, one.by
        );
    }
    let unready: Vec<String> = gaps(plan, roster, now).collect();
    for gap in &unready {
        text += &format!("! {gap}\n");
    }
    let shifts: Vec<_> = shifts.iter().map(shift_json).collect();
    let covers: Vec<_> = covers.collect();
    Answer {
        text,
        json: json!({"zone": zone.name(), "shifts": shifts, "covers": covers, "unready": unready}),
    }
}

/// Who can't be reached of those who would be called, a line each. Silent when all is well.
pub fn gaps(plan: &Plan, roster: &Roster, now: Ts) -> impl Iterator<Item = String> {
    roster::gaps(plan, roster, now).into_iter().map(|gap| gap.to_string())
}

fn line(shift: &Shift, zone: &Zone) -> String {
    let backup = shift.backup.as_ref().map_or_else(String::new, |it| format!(", then {it}"));
    let until = match shift.until {
        Some(until) => format!("until {}", clock(until, zone)),
        None => "at all times".into(),
    };
    format!("{}{backup}: {until}\n", shift.primary)
}

fn clock(at: Ts, zone: &Zone) -> String {
    format!("{} {}", zone.at(at).strftime("%a %Y-%m-%d %H:%M"), zone.name())
}

fn shift_json(shift: &Shift) -> serde_json::Value {
    json!({
        "primary": shift.primary,
        "backup": shift.backup,
        "since": shift.since.map(Ts::rfc3339),
        "until": shift.until.map(Ts::rfc3339),
    })
}

/// Tests of phones, the newest first.
pub fn phone_tests(tests: &[PhoneTest]) -> Answer {
    let mut text: String = tests.iter().rev().map(said).collect();
    if tests.is_empty() {
        text = "No phone was tested yet: `page test PERSON` does it.\n".into();
    }
    let rows: Vec<_> = tests.iter().rev().map(test_json).collect();
    Answer { text, json: rows.into() }
}

/// One test in a line: what became of its pages, and whether its person answered.
pub fn said(test: &PhoneTest) -> String {
    let heard = match &test.heard {
        Some((_, via)) => format!("answered by {via}"),
        None => "not answered yet".into(),
    };
    let pages: Vec<String> = test
        .pages
        .iter()
        .map(|(by, stand)| format!("{}: {}", contact_says(*by), page::says(stand)))
        .collect();
    let (number, person, at) = (test.number, &test.person, test.at.rfc3339());
    format!("Test {number} of {person}, {at}: {heard}. {}\n", pages.join("; "))
}

fn test_json(test: &PhoneTest) -> serde_json::Value {
    let pages = test.pages.iter().map(|(by, stand)| json!({"by": by, "says": page::says(stand)}));
    json!({
        "number": test.number,
        "person": test.person,
        "by": test.by,
        "at": test.at.rfc3339(),
        "heard": test.heard.as_ref().map(|(at, via)| json!({"at": at.rfc3339(), "via": via})),
        "pages": pages.collect::<Vec<_>>(),
    })
}
