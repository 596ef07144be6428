//! What is said on the phone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::page::words::SENTENCES;
use crate::plan::{ContactKind, Phone, Severity, built_in_text, read};
use crate::town::rehearsal_plan;

fn plan() -> Plan {
    rehearsal_plan(&read::read("plan.toml", built_in_text()).unwrap())
}

fn page(test: bool) -> Page {
    Page {
        person: "lead-developer".into(),
        by: ContactKind::Voice,
        code: 731,
        copy: 1,
        rung: 0,
        incident: 42,
        severity: Severity::P1,
        component: "frontend".into(),
        not_before: None,
        test,
    }
}

fn said(prompt: &Prompt) -> &str {
    match prompt {
        Prompt::Menu { say, .. }
        | Prompt::Code { say, .. }
        | Prompt::Connect { say, .. }
        | Prompt::Farewell { say, .. } => say,
    }
}

fn phone(plan: &mut Plan) -> &mut Phone {
    plan.phone.get_or_insert_with(|| {
        toml::from_str("callback_url = \"https://pages.example.org\"").unwrap()
    })
}

#[test]
fn the_menu_says_what_is_wrong_and_which_keys_count() {
    let plan = plan();
    insta::assert_snapshot!(said(&Script::of(&plan, &page(false)).menu()), @"This is All Clear. P1, incident 42: Application Frontend. Press 1 to take it. Press 2 if you can't, and the next person is called. Press 3 to approve a plan. Press star to hear it again.");
    insta::assert_snapshot!(said(&Script::of(&plan, &page(true)).menu()), @"This is All Clear. This is only a test of your phone. Nothing is wrong. Press 1 to confirm that you hear this. Press star to hear it again.");
}

#[test]
fn nothing_is_confirmed_by_a_key_alone() {
    let plan = plan();
    let page = page(false);
    let script = Script::of(&plan, &page);
    for key in [Key::Acknowledge, Key::Decline] {
        assert_eq!(script.key(Some(key)), None, "{key:?} is recorded first");
    }
    let taken = script.answer(&Answer::Taken);
    for prompt in ["", "7", "#", "0", "3", "*"].map(|it| script.key(Key::pressed(it)).unwrap()) {
        assert!(!said(&prompt).contains("recorded"), "{prompt:?}");
        assert_ne!(prompt, taken);
    }
}

#[test]
fn what_could_not_be_recorded_is_said_and_the_menu_stays_open() {
    let plan = plan();
    let page = page(false);
    let lost = Script::of(&plan, &page).answer(&Answer::Lost);
    assert!(matches!(&lost, Prompt::Menu { .. }));
    insta::assert_snapshot!(said(&lost), @"It could not be recorded. It is not yours, and others are being called. Please try again. This is All Clear. P1, incident 42: Application Frontend. Press 1 to take it. Press 2 if you can't, and the next person is called. Press 3 to approve a plan. Press star to hear it again.");
}

#[test]
fn whoever_is_late_hears_who_has_it() {
    let plan = plan();
    let page = page(false);
    let has = Script::of(&plan, &page).answer(&Answer::Has("senior-developer".into()));
    insta::assert_snapshot!(said(&has), @"Senior Developer has it already. Good night.");
}

#[test]
fn zero_leads_to_the_conference_where_there_is_one() {
    let mut plan = plan();
    phone(&mut plan).conference = None;
    let page = page(false);
    let none = Script::of(&plan, &page).key(Some(Key::Connect)).unwrap();
    assert!(said(&none).starts_with("The plan has no conference."));
    assert!(!said(&Script::of(&plan, &page).menu()).contains("Press 0"));
    phone(&mut plan).conference = Some("+12025550199".into());
    let script = Script::of(&plan, &page);
    assert!(said(&script.menu()).contains("Press 0"));
    let Some(Prompt::Connect { number, .. }) = script.key(Some(Key::Connect)) else {
        panic!("it connects")
    };
    assert_eq!(number, "+12025550199");
}

#[test]
fn everybody_is_woken_in_their_own_language_and_in_the_plans_own_words() {
    let mut plan = plan();
    plan.people[0].language = Some("de-AT".into());
    let page = page(false);
    let Prompt::Menu { say, language } = Script::of(&plan, &page).menu() else { panic!("a menu") };
    assert!(say.contains("Vorfall 42"), "{say}");
    assert_eq!(language, "de-AT");
    plan.people[0].language = Some("nl".into());
    let Prompt::Menu { language, .. } = Script::of(&plan, &page).menu() else { panic!("a menu") };
    assert_eq!(language, "en", "English words are not read by a Dutch voice");
    let own = BTreeMap::from([("alarm".to_owned(), "Storing {incident}.".to_owned())]);
    phone(&mut plan).texts = BTreeMap::from([("nl".to_owned(), own)]);
    let Prompt::Menu { say, language } = Script::of(&plan, &page).menu() else { panic!("a menu") };
    assert!(say.starts_with("Storing 42."), "{say}");
    assert_eq!(language, "nl");
}

#[test]
fn every_sentence_is_there_once_and_says_the_same_things_in_every_language() {
    let fields = |text: &str| -> Vec<String> {
        text.split('{').skip(1).filter_map(|it| it.split('}').next()).map(Into::into).collect()
    };
    for (place, (sentence, name, english, german)) in SENTENCES.iter().enumerate() {
        assert_eq!(SENTENCES.iter().position(|it| it.0 == *sentence), Some(place), "{name}");
        assert_eq!(fields(english), fields(german), "{name}");
    }
    let names: std::collections::BTreeSet<Arc<str>> =
        SENTENCES.iter().map(|it| it.1.into()).collect();
    assert_eq!(names.len(), SENTENCES.len());
}
