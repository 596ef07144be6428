//! The limits of Block Kit, each at its edge: what just fits is drawn, one more is not.

use serde_json::{Value, json};
use tests::standin::slack::blocks::{Surface, check, check_view};

fn plain(length: usize) -> Value {
    json!({"type": "plain_text", "text": "ä".repeat(length)})
}

fn button() -> Value {
    json!({"type": "button", "text": plain(75), "action_id": "a", "value": "v"})
}

fn with(mut element: Value, key: &str, value: Value) -> Value {
    element[key] = value;
    json!({"type": "actions", "elements": [element]})
}

fn confirm(title: usize, text: usize, yes: usize, no: usize) -> Value {
    let confirm = json!({"title": plain(title), "text": plain(text), "confirm": plain(yes), "deny": plain(no)});
    with(button(), "confirm", confirm)
}

fn overflow(options: usize) -> Value {
    let option = json!({"text": plain(75), "value": "v".repeat(150)});
    with(json!({"type": "overflow", "action_id": "m"}), "options", json!(vec![option; options]))
}

fn select(options: usize) -> Value {
    let option = json!({"text": plain(75), "value": "v".repeat(150)});
    let select = json!({"type": "static_select", "placeholder": plain(150)});
    with(select, "options", json!(vec![option; options]))
}

fn fields(count: usize, length: usize) -> Value {
    json!({"type": "section", "fields": vec![plain(length); count]})
}

fn named(name: usize) -> Value {
    json!({"type": "divider", "block_id": "b".repeat(name)})
}

fn text(kind: &str, length: usize) -> Value {
    json!({"type": kind, "text": plain(length)})
}

#[test]
fn what_just_fits_is_drawn_and_one_more_is_not() {
    for (fits, too_much) in [
        (text("header", 150), text("header", 151)),
        (text("section", 3_000), text("section", 3_001)),
        (text("section", 1), text("section", 0)),
        (fields(10, 2_000), fields(11, 1)),
        (fields(1, 2_000), fields(1, 2_001)),
        (named(255), named(256)),
        (with(button(), "text", plain(75)), with(button(), "text", plain(76))),
        (
            with(button(), "value", json!("v".repeat(2_000))),
            with(button(), "value", json!("v".repeat(2_001))),
        ),
        (
            with(button(), "action_id", json!("a".repeat(255))),
            with(button(), "action_id", json!("a".repeat(256))),
        ),
        (with(button(), "style", json!("danger")), with(button(), "style", json!("green"))),
        (confirm(100, 300, 30, 30), confirm(101, 300, 30, 30)),
        (confirm(1, 1, 1, 1), confirm(1, 301, 1, 1)),
        (confirm(1, 1, 1, 1), confirm(1, 1, 31, 1)),
        (confirm(1, 1, 1, 1), confirm(1, 1, 1, 31)),
        (overflow(5), overflow(6)),
        (overflow(1), overflow(0)),
        (select(100), select(101)),
        (
            json!({"type": "context", "elements": vec![plain(1); 10]}),
            json!({"type": "context", "elements": vec![plain(1); 11]}),
        ),
    ] {
        check(Surface::Message, &json!([fits])).unwrap();
        let reasons = check(Surface::Message, &json!([too_much])).unwrap_err();
        assert_eq!(reasons.len(), 1, "{reasons:?}");
    }
}

#[test]
fn a_message_has_fifty_blocks_and_a_view_a_hundred() {
    let dividers = |count| json!(vec![json!({"type": "divider"}); count]);
    let home = |count| json!({"type": "home", "blocks": dividers(count)});
    check(Surface::Message, &dividers(50)).unwrap();
    check(Surface::Message, &dividers(51)).unwrap_err();
    check_view(Surface::Home, &home(100)).unwrap();
    check_view(Surface::Home, &home(101)).unwrap_err();
}

#[test]
fn names_are_given_once_and_fields_are_known() {
    let twice = json!([named(3), named(3)]);
    assert!(check(Surface::Message, &twice).unwrap_err()[0].contains("/blocks/1/block_id"));
    let same = json!([{"type": "actions", "elements": [button(), button()]}]);
    check(Surface::Message, &same).unwrap_err();
    for wrong in [
        json!({"type": "divider", "colour": "red"}),
        json!({"type": "banner"}),
        json!({"type": "section"}),
        json!({"type": "header", "text": {"type": "mrkdwn", "text": "*bold*"}}),
        json!({"type": "image", "alt_text": "a chart"}),
        json!({"type": "image", "image_url": "https://example.com/chart.png"}),
    ] {
        check(Surface::Message, &json!([wrong])).unwrap_err();
    }
}

#[test]
fn a_modal_has_short_words_on_its_edges_and_can_be_submitted() {
    let view = |title: usize, submit: Value, kept: usize| {
        let input = json!({"type": "input", "label": plain(2_000), "element": {"type": "plain_text_input"}});
        json!({"type": "modal", "title": plain(title), "submit": submit, "blocks": [input],
               "private_metadata": "m".repeat(kept), "callback_id": "c"})
    };
    check_view(Surface::Modal, &view(24, plain(24), 3_000)).unwrap();
    check_view(Surface::Modal, &view(25, plain(24), 3_000)).unwrap_err();
    check_view(Surface::Modal, &view(24, plain(25), 3_000)).unwrap_err();
    check_view(Surface::Modal, &view(24, plain(24), 3_001)).unwrap_err();
    let mut silent = view(24, plain(24), 1);
    silent.as_object_mut().unwrap().remove("submit");
    check_view(Surface::Modal, &silent).unwrap_err();
}
