//! What is texted: one segment each, the plain facts first.

use super::gsm::segment;
use super::voice::Answer;
use crate::effect::Page;
use crate::incident::{Incident, Paging};
use crate::plan::Plan;

/// The text of a page: what is wrong, and what to answer.
pub fn paging(plan: &Plan, page: &Page) -> String {
    let Page { severity, incident, code, .. } = page;
    if page.test {
        return segment(&format!(
            "All Clear: only a test of your phone. Answer \"{code} ack\". Nothing is wrong."
        ));
    }
    let component = plan.component(&page.component);
    let name = component.map_or(page.component.as_str(), |it| &it.name);
    let copy = if page.copy > 1 { format!(" (copy {})", page.copy) } else { String::new() };
    segment(&format!(
        "{severity:?} incident {incident}: {name}{copy}. Answer \"{code} ack\" to take it, \"{code} no\" if you can't, \
         \"{code} status\" for more."
    ))
}

/// What is answered to whoever wanted something of an incident.
pub fn answer(incident: u32, answer: &Answer) -> String {
    segment(&match answer {
        Answer::Taken => format!("Recorded: incident {incident} is yours. Nobody else is called."),
        Answer::Passed => format!("Recorded: the next person is called for incident {incident}."),
        Answer::Heard => "Thank you: texts reach you, and that is recorded.".into(),
        Answer::Approved => "Recorded: you approve the plan.".into(),
        Answer::Has(by) => format!("{by} has incident {incident} already."),
        Answer::Over => format!("Incident {incident} is over."),
        Answer::Refused(why) => format!("Not possible: {why}"),
        Answer::Lost => format!(
            "NOT recorded: incident {incident} is not yours, others are being called. Try again."
        ),
    })
}

/// Where an incident stands.
pub fn status(incident: &Incident) -> String {
    let who = match &incident.paging {
        Paging::Acknowledged { by } => format!("{by} has it"),
        Paging::Climbing { .. } => "nobody has it yet".into(),
        Paging::Off => "nobody is being paged".into(),
    };
    let said = incident.last_update.as_deref().map_or_else(String::new, |it| format!(" \"{it}\""));
    segment(&format!(
        "{:?} incident {}: {}, {}; {who}.{said}",
        incident.severity,
        incident.number,
        incident.component,
        incident.state.says()
    ))
}

/// What is answered to somebody of the plan who wasn't understood.
pub const NOT_UNDERSTOOD: &str = "Not understood. Write the number of the page first: \"731 ack\", \"731 no\", \"731 status\"; or \"declare p1 ...\".";

#[cfg(test)]
mod tests {
    use super::super::gsm::{SEGMENT, length};
    use super::*;
    use crate::plan::{ContactKind, Severity, built_in_text, read};

    fn page(test: bool, copy: u8) -> Page {
        Page {
            person: "lead-developer".into(),
            by: ContactKind::Sms,
            code: 731,
            copy,
            rung: 0,
            incident: 42,
            severity: Severity::P1,
            component: "frontend".into(),
            not_before: None,
            test,
        }
    }

    #[test]
    fn a_page_says_what_is_wrong_and_what_to_answer() {
        let plan = read::read("plan.toml", built_in_text()).unwrap();
        insta::assert_snapshot!(paging(&plan, &page(false, 1)), @r#"P1 incident 42: Application Frontend. Answer "731 ack" to take it, "731 no" if you can't, "731 status" for more."#);
        insta::assert_snapshot!(paging(&plan, &page(false, 4)), @r#"P1 incident 42: Application Frontend (copy 4). Answer "731 ack" to take it, "731 no" if you can't, "731 status" for more."#);
        insta::assert_snapshot!(paging(&plan, &page(true, 1)), @r#"All Clear: only a test of your phone. Answer "731 ack". Nothing is wrong."#);
        for component in &plan.components {
            let page =
                Page { component: component.id.clone(), incident: 123_456, ..page(false, 4) };
            let text = paging(&plan, &page);
            assert!(!text.ends_with("..."), "{text}");
        }
    }

    #[test]
    fn every_answer_is_one_segment_and_loses_nothing() {
        let answers = [
            Answer::Taken,
            Answer::Passed,
            Answer::Heard,
            Answer::Approved,
            Answer::Has("communications-lead".into()),
            Answer::Over,
            Answer::Refused("nothing is open".into()),
            Answer::Lost,
        ];
        let said = answers.iter().map(|it| answer(123_456, it)).chain([NOT_UNDERSTOOD.into()]);
        for text in said {
            assert!(length(&text).is_some_and(|it| it <= SEGMENT), "{text}");
            assert!(!text.ends_with("..."), "{text}");
        }
    }
}
