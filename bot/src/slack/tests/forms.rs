//! Forms, and what comes back from them.

use serde_json::{Value, json};
use shared::incident::Role;
use shared::plan::Severity;
use slack_morphism::prelude::{SlackModalView, SlackStatefulView, SlackView};

use super::*;
use crate::slack::action::{Named, Verb};
use crate::slack::modal::{
    Rejection, Submission, abort, approve, assign, declare, freeze, loading, needs_reason, reason,
    severity, submitted, update,
};

/// A form as Slack sends it back, with these answers.
fn sent_back(view: SlackModalView, answers: &Value) -> SlackStatefulView {
    let mut json = serde_json::to_value(SlackView::Modal(view)).unwrap();
    limits::judge_modal(&json);
    json["id"] = "V1".into();
    json["team_id"] = "T1".into();
    json["hash"] = "1.2".into();
    json["state"] = json!({ "values": answers });
    serde_json::from_value(json).unwrap()
}

fn words(text: &str) -> Value {
    json!({"words": {"words": {"type": "plain_text_input", "value": text}}})
}

fn chosen(name: &str, value: &str) -> Value {
    let option = json!({"text": {"type": "plain_text", "text": value}, "value": value});
    json!({name: {"type": "static_select", "selected_option": option}})
}

fn drawn_form(view: SlackModalView) -> String {
    let json = serde_json::to_value(SlackView::Modal(view)).unwrap();
    limits::judge_modal(&json);
    let says = |key: &str| json[key]["text"].as_str().unwrap_or("-").to_owned();
    let (id, kept) = (json["callback_id"].as_str().unwrap(), json["private_metadata"].as_str());
    format!(
        "{} [{}/{}] {id} {}\n{}",
        says("title"),
        says("submit"),
        says("close"),
        kept.unwrap_or("-"),
        drawn::blocks(&json["blocks"])
    )
}

#[test]
fn forms_ask_what_is_needed_and_no_more() {
    let world = World::new();
    let (incident, _) = up_to(110);
    let forms = [
        loading(),
        declare(Some("C1".into()), &world.plan),
        update(&incident, None, &world.plan),
        assign(&incident, None, &world.plan),
        reason(Verb::Reopen, &incident, None, &world.plan),
        severity(&incident, None, &world.plan),
        freeze(None),
        abort(
            Named { number: 3, hash: "0123456789abcdef".into() },
            &super::cards::rollback(shared::operation::Stage::Planned, &[]),
            None,
        ),
    ];
    let forms = forms.map(drawn_form).join("\n\n");
    insta::assert_snapshot!(forms, @r#"
    All Clear [-/Close] loading -
    One moment…

    Declare an incident [Declare/Cancel] declare {"do":"declare","in":"C1"}
    What is broken? <frontend|database|storage|auth|edge-functions> // The whole site: choose the frontend.
    How bad is it? (optional) <p1|p2|p3|p4> // Leave it empty to let the plan decide.
    What do you see? [words] // People read this first: one sentence is enough.

    Write an update [Tell everyone/Cancel] update {"do":"update:7"}
    ~ ! P1 · Application Frontend down · incident 7
    What should everyone know? [words] // It joins the timeline.

    Assign a role [Assign/Cancel] assign {"do":"assign:7"}
    ~ ! P1 · Application Frontend down · incident 7
    Which role? <incident-commander|technical-lead|communications-lead|business-lead|assigned-developer> // Whoever holds it now is relieved.
    Who takes it? <lead-developer|senior-developer|devops-engineer|project-manager|stakeholder-rep> // The people of the plan.

    Open it again [Go on/Cancel] reopen {"do":"reopen:7"}
    ~ ! P1 · Application Frontend down · incident 7
    Why? [words] // It stays on record, with your name.

    Set the severity [Set/Cancel] severity {"do":"severity:7"}
    ~ ! P1 · Application Frontend down · incident 7
    How bad is it? <p1|p2|p3|p4> // Worse than before: the paging begins anew.
    Why? [words] // It stays on record, with your name.

    Freeze every action [Freeze/Cancel] freeze {"do":"freeze"}
    Nothing acts any more, whatever was armed or approved. Detection and paging go on.
    Why? [words] // It stays on record, with your name.

    Call it off [Call it off/Cancel] abort {"do":"abort:3:0123456789abcdef"}
    *Operation 3*: roll back dpl_81 to dpl_80
    Why? [words] // It stays on record, with your name.
    "#);
}

#[test]
fn a_declaration_is_read() {
    let plan = plan();
    let mut answers = words("  site <down> ");
    answers["component"] = chosen("component", "database");
    answers["severity"] = chosen("severity", "p2");
    let view = sent_back(declare(Some("C1".into()), &plan), &answers);
    let declared = Submission::Declare {
        severity: Some(Severity::P2),
        component: "database".into(),
        says: "site <down>".into(),
    };
    assert_eq!(submitted(&view, &plan), Ok((declared, Some("C1".into()))));
    answers["severity"] = json!({"severity": {"type": "static_select", "selected_option": null}});
    let view = sent_back(declare(None, &plan), &answers);
    assert!(matches!(
        submitted(&view, &plan),
        Ok((Submission::Declare { severity: None, .. }, None))
    ));
}

#[test]
fn what_wont_do_is_said_under_its_field() {
    let plan = plan();
    let mut answers = words("  \n");
    answers["component"] = chosen("component", "warp-drive");
    answers["severity"] = chosen("severity", "p9");
    let view = sent_back(declare(None, &plan), &answers);
    let rejection = submitted(&view, &plan).unwrap_err();
    let response = serde_json::to_value(rejection.response().unwrap()).unwrap();
    let errors = json!({
        "component": "`warp-drive` is not in the plan (any more)",
        "severity": "choose P1, P2, P3 or P4, or nothing",
        "words": "say in a sentence what you see",
    });
    assert_eq!(response, json!({"response_action": "errors", "errors": errors}));
}

#[test]
fn updates_roles_reasons_and_approvals_are_read() {
    let world = World::new();
    let plan = &world.plan;
    let (incident, _) = up_to(110);
    let read = |view, answers: &Value| submitted(&sent_back(view, answers), plan).map(|(it, _)| it);
    assert_eq!(
        read(update(&incident, None, plan), &words("we look")),
        Ok(Submission::Update { incident: 7, text: "we look".into() })
    );
    assert!(matches!(
        read(update(&incident, None, plan), &words(&"x".repeat(3_001))),
        Err(Rejection::Fields(fields)) if fields["words"] == "at most 3000 characters"
    ));
    let answers = json!({
        "role": chosen("role", "business-lead"), "person": chosen("person", "devops-engineer"),
    });
    let assigned =
        Submission::Assign { incident: 7, role: Role::BusinessLead, to: "devops-engineer".into() };
    assert_eq!(read(assign(&incident, None, plan), &answers), Ok(assigned));
    assert!(matches!(
        read(assign(&incident, None, plan), &json!({})),
        Err(Rejection::Fields(fields)) if fields.len() == 2
    ));
    for verb in Verb::ALL.into_iter().filter(|verb| needs_reason(*verb)) {
        let because = Submission::Because { verb, incident: 7, because: "users say so".into() };
        assert_eq!(read(reason(verb, &incident, None, plan), &words("users say so")), Ok(because));
    }
    let operation = super::cards::rollback(shared::operation::Stage::Planned, &[]);
    let named = Named { number: 3, hash: operation.hash.to_string() };
    let form = approve(&operation, None, world.at(130), Some("text \"3 approve 731\""));
    assert!(drawn_form(form.clone()).contains("3 approve 731"));
    assert!(drawn_form(form.clone()).contains(&operation.hash.short()));
    assert_eq!(read(form, &json!({})), Ok(Submission::Approve(named)));
}

#[test]
fn a_severity_a_stop_and_a_call_off_want_a_reason() {
    let plan = plan();
    let (incident, _) = up_to(110);
    let operation = super::cards::rollback(shared::operation::Stage::Planned, &[]);
    let named = || Named { number: 3, hash: operation.hash.to_string() };
    let forms =
        || [severity(&incident, None, &plan), freeze(None), abort(named(), &operation, None)];
    let because = || "we look ourselves".to_owned();
    let mut answers = words(&because());
    answers["severity"] = chosen("severity", "p2");
    let read = forms().map(|form| submitted(&sent_back(form, &answers), &plan).unwrap().0);
    let expected = [
        Submission::Severity { incident: 7, to: Severity::P2, because: because() },
        Submission::Freeze { because: because() },
        Submission::Abort { number: 3, because: because() },
    ];
    assert_eq!(read, expected);
    for (form, wrong) in forms().into_iter().zip([2, 1, 1]) {
        let refused = submitted(&sent_back(form, &words(" ")), &plan);
        assert!(matches!(refused, Err(Rejection::Fields(fields)) if fields.len() == wrong));
    }
}

#[test]
fn a_foreign_form_is_refused() {
    let plan = plan();
    let form = declare(None, &plan);
    let other = SlackModalView { callback_id: Some("approve".into()), ..form.clone() };
    let torn = SlackModalView { private_metadata: Some("{\"do\":".into()), ..form };
    for view in [other, torn, loading()] {
        let rejection = submitted(&sent_back(view, &words("x")), &plan).unwrap_err();
        assert_eq!((rejection.response(), &rejection), (None, &Rejection::Unknown));
    }
}
