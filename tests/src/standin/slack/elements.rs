//! What may be in an element of Block Kit. Source of the limits: Slack, "Block Kit reference", as specification 1.5.0 has
//! them; types without a table here are refused, which is stricter than Slack.

use super::rules::Rule::{Among, Any, Flag, List, Number, Object, Plain, Rich, Text};
use super::rules::{Field, may, must};

/// A text among the elements of a context, in characters.
pub const CONTEXT_TEXT_MAX: usize = 3_000;
/// `action_id` and `block_id`, in characters.
pub const ID_MAX: usize = 255;

/// What can be beside the text of a section.
pub const IN_SECTION: &[&str] = &[
    "button",
    "checkboxes",
    "datepicker",
    "image",
    "multi_static_select",
    "multi_users_select",
    "overflow",
    "radio_buttons",
    "static_select",
    "timepicker",
    "users_select",
    "channels_select",
    "conversations_select",
    "external_select",
];
/// What can be in a row of actions.
pub const IN_ACTIONS: &[&str] = &[
    "button",
    "checkboxes",
    "datepicker",
    "datetimepicker",
    "overflow",
    "radio_buttons",
    "static_select",
    "timepicker",
    "users_select",
    "channels_select",
    "conversations_select",
    "external_select",
    "multi_static_select",
    "multi_users_select",
];
/// What can be asked for in a modal.
pub const IN_INPUT: &[&str] = &[
    "checkboxes",
    "datepicker",
    "datetimepicker",
    "email_text_input",
    "multi_static_select",
    "multi_users_select",
    "number_input",
    "plain_text_input",
    "radio_buttons",
    "static_select",
    "timepicker",
    "url_text_input",
    "users_select",
    "channels_select",
    "conversations_select",
    "external_select",
    "rich_text_input",
];
/// What can be in a context.
pub const IN_CONTEXT: &[&str] = &["image", "mrkdwn", "plain_text"];

const CONFIRM: &[Field] = &[
    must("title", Plain(100)),
    must("text", Rich(300)),
    must("confirm", Plain(30)),
    must("deny", Plain(30)),
    may("style", Among(&["primary", "danger"])),
];
const OPTION: &[Field] =
    &[must("text", Rich(75)), must("value", Text(150)), may("description", Rich(75))];
const LINKED_OPTION: &[Field] = &[
    must("text", Plain(75)),
    must("value", Text(150)),
    may("description", Plain(75)),
    may("url", Text(3_000)),
];
const GROUP: &[Field] = &[must("label", Plain(75)), must("options", List(1, 100, &Object(OPTION)))];

const ACTION: &[Field] = &[may("action_id", Text(ID_MAX))];
const CONFIRMED: &[Field] = &[may("confirm", Object(CONFIRM))];
const FOCUSED: &[Field] = &[may("focus_on_load", Flag)];
const HINTED: &[Field] = &[may("placeholder", Plain(150))];

const BUTTON: &[Field] = &[
    must("text", Plain(75)),
    may("url", Text(3_000)),
    may("value", Text(2_000)),
    may("style", Among(&["primary", "danger"])),
    may("accessibility_label", Text(75)),
];
const IMAGE: &[Field] =
    &[must("alt_text", Text(2_000)), may("image_url", Text(3_000)), may("slack_file", Any)];
const OVERFLOW: &[Field] = &[must("options", List(1, 5, &Object(LINKED_OPTION)))];
const CHOICES: &[Field] = &[
    must("options", List(1, 10, &Object(OPTION))),
    may("initial_options", List(1, 10, &Object(OPTION))),
    may("initial_option", Object(OPTION)),
];
const SELECT: &[Field] = &[
    may("options", List(1, 100, &Object(OPTION))),
    may("option_groups", List(1, 100, &Object(GROUP))),
    may("initial_option", Object(OPTION)),
    may("initial_options", List(1, 100, &Object(OPTION))),
    may("max_selected_items", Number(1, 100)),
];
const PEOPLE: &[Field] = &[
    may("initial_user", Text(ID_MAX)),
    may("initial_users", List(1, 100, &Text(ID_MAX))),
    may("max_selected_items", Number(1, 100)),
];
const PLACES: &[Field] = &[
    may("initial_channel", Text(ID_MAX)),
    may("initial_conversation", Text(ID_MAX)),
    may("default_to_current_conversation", Flag),
    may("response_url_enabled", Flag),
    may("filter", Any),
];
const LOOKED_UP: &[Field] =
    &[may("min_query_length", Number(0, 255)), may("initial_option", Object(OPTION))];
const MOMENT: &[Field] = &[
    may("initial_date", Text(10)),
    may("initial_time", Text(5)),
    may("initial_date_time", Number(0, 9_999_999_999)),
    may("timezone", Text(255)),
];
const TYPED: &[Field] = &[
    may("initial_value", Text(3_000)),
    may("multiline", Flag),
    may("min_length", Number(0, 3_000)),
    may("max_length", Number(1, 3_000)),
    may("dispatch_action_config", Any),
];
const COUNTED: &[Field] = &[
    must("is_decimal_allowed", Flag),
    may("initial_value", Text(255)),
    may("min_value", Text(255)),
    may("max_value", Text(255)),
    may("dispatch_action_config", Any),
];
const FREE: &[Field] = &[may("initial_value", Any), may("dispatch_action_config", Any)];

/// The fields of an element of this type, if it is one.
pub fn fields(kind: &str) -> Option<&'static [&'static [Field]]> {
    Some(match kind {
        "button" => &[BUTTON, ACTION, CONFIRMED],
        "image" => &[IMAGE],
        "overflow" => &[OVERFLOW, ACTION, CONFIRMED],
        "checkboxes" | "radio_buttons" => &[CHOICES, ACTION, CONFIRMED, FOCUSED],
        "static_select" | "multi_static_select" => &[SELECT, ACTION, CONFIRMED, FOCUSED, HINTED],
        "users_select" | "multi_users_select" => &[PEOPLE, ACTION, CONFIRMED, FOCUSED, HINTED],
        "channels_select" | "conversations_select" => &[PLACES, ACTION, CONFIRMED, FOCUSED, HINTED],
        "external_select" => &[LOOKED_UP, ACTION, CONFIRMED, FOCUSED, HINTED],
        "datepicker" | "timepicker" | "datetimepicker" => {
            &[MOMENT, ACTION, CONFIRMED, FOCUSED, HINTED]
        }
        "plain_text_input" | "email_text_input" | "url_text_input" => {
            &[TYPED, ACTION, FOCUSED, HINTED]
        }
        "number_input" => &[COUNTED, ACTION, FOCUSED, HINTED],
        "rich_text_input" => &[FREE, ACTION, FOCUSED, HINTED],
        _ => return None,
    })
}
