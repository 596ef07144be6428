//! What Slack refuses to draw: blocks and views beyond the documented limits of Block Kit.
//!
//! The limits are those of specification 1.5.0, counted in characters. Types that are known and have no table are let
//! through without a look inside.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::elements::{self, ID_MAX};
use super::rules::Rule::{Any, Element, Flag, List, Plain, Rich, Text};
use super::rules::{Check, Field, may, must};

/// Where blocks are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// In a channel.
    Message,
    /// In a window of their own.
    Modal,
    /// On the app's home tab.
    Home,
}

/// Characters of all markdown blocks of a message together.
const MARKDOWN_MAX: usize = 12_000;

const NAMED: &[Field] = &[may("block_id", Text(ID_MAX))];
const ACTIONS: &[Field] = &[must("elements", List(1, 25, &Element(elements::IN_ACTIONS)))];
const CONTEXT: &[Field] = &[must("elements", List(1, 10, &Element(elements::IN_CONTEXT)))];
const HEADER: &[Field] = &[must("text", Plain(150)), may("level", Any)];
const IMAGE: &[Field] = &[
    must("alt_text", Text(2_000)),
    may("image_url", Text(3_000)),
    may("slack_file", Any),
    may("title", Plain(2_000)),
];
const INPUT: &[Field] = &[
    must("label", Plain(2_000)),
    must("element", Element(elements::IN_INPUT)),
    may("hint", Plain(2_000)),
    may("optional", Flag),
    may("dispatch_action", Flag),
];
const MARKDOWN: &[Field] = &[must("text", Text(MARKDOWN_MAX))];
const SECTION: &[Field] = &[
    may("text", Rich(3_000)),
    may("fields", List(1, 10, &Rich(2_000))),
    may("accessory", Element(elements::IN_SECTION)),
    may("expand", Flag),
];
const RICH_TEXT: &[Field] = &[must("elements", List(1, 100, &Any))];
const TABLE: &[Field] =
    &[must("rows", List(1, 100, &List(1, 20, &Any))), may("column_settings", List(1, 20, &Any))];

const UNCHECKED_IN_MESSAGES: [&str; 9] = [
    "card",
    "carousel",
    "container",
    "context_actions",
    "data_table",
    "file",
    "plan",
    "task_card",
    "video",
];
const UNCHECKED_IN_VIEWS: [&str; 4] = ["alert", "card", "layout", "video"];

const VIEW: &[Field] = &[
    must("blocks", Any),
    may("callback_id", Text(255)),
    may("external_id", Text(255)),
    may("private_metadata", Text(3_000)),
];
const MODAL: &[Field] = &[
    must("title", Plain(24)),
    may("submit", Plain(24)),
    may("close", Plain(24)),
    may("clear_on_close", Flag),
    may("notify_on_close", Flag),
    may("submit_disabled", Flag),
];

/// The fields of a block of this type, if it has a table and may be here.
fn fields(surface: Surface, kind: &str) -> Option<&'static [&'static [Field]]> {
    let in_message = surface == Surface::Message;
    Some(match kind {
        "actions" => &[ACTIONS, NAMED],
        "context" => &[CONTEXT, NAMED],
        "divider" => &[NAMED],
        "header" => &[HEADER, NAMED],
        "image" => &[IMAGE, NAMED],
        "input" => &[INPUT, NAMED],
        "rich_text" => &[RICH_TEXT, NAMED],
        "section" => &[SECTION, NAMED],
        "markdown" if in_message => &[MARKDOWN, NAMED],
        "table" if in_message => &[TABLE, NAMED],
        _ => return None,
    })
}

/// Whether Slack would draw these blocks here; if not, what is wrong, a line each.
///
/// # Errors
/// What is wrong, each with its place.
pub fn check(surface: Surface, blocks: &Value) -> Result<(), Vec<String>> {
    let mut check = Check::default();
    check_blocks(&mut check, surface, "/blocks", blocks);
    if check.reasons.is_empty() { Ok(()) } else { Err(check.reasons) }
}

/// Whether Slack would show this view.
///
/// # Errors
/// What is wrong, each with its place.
pub fn check_view(surface: Surface, view: &Value) -> Result<(), Vec<String>> {
    let mut check = Check::default();
    let (kind, tables): (_, &[&[Field]]) = match surface {
        Surface::Home => ("home", &[VIEW]),
        Surface::Modal | Surface::Message => ("modal", &[VIEW, MODAL]),
    };
    if view["type"] != kind {
        check.wrong("/view/type", &format!("must be {kind:?}"));
    }
    check.object("/view", view, tables);
    check_blocks(&mut check, surface, "/view/blocks", &view["blocks"]);
    let asks = |block: &Value| block["type"] == "input";
    let asking = view["blocks"].as_array().is_some_and(|blocks| blocks.iter().any(asks));
    if kind == "modal" && asking && view["submit"].is_null() {
        check.wrong("/view", "a modal with inputs needs `submit`");
    }
    if check.reasons.is_empty() { Ok(()) } else { Err(check.reasons) }
}

fn check_blocks(check: &mut Check, surface: Surface, at: &str, blocks: &Value) {
    let Some(list) = blocks.as_array() else { return check.wrong(at, "must be a list") };
    let most = if surface == Surface::Message { 50 } else { 100 };
    if list.len() > most {
        check.wrong(at, &format!("no more than {most} items allowed, has {}", list.len()));
    }
    let mut names = BTreeSet::new();
    let mut markdown = 0;
    for (place, block) in list.iter().enumerate() {
        let at = format!("{at}/{place}");
        check_block(check, surface, &at, block);
        if let Some(name) = block["block_id"].as_str().filter(|name| !names.insert(*name)) {
            check.wrong(&format!("{at}/block_id"), &format!("{name:?} is already taken"));
        }
        if block["type"] == "markdown" {
            markdown += block["text"].as_str().unwrap_or_default().chars().count();
        }
    }
    if markdown > MARKDOWN_MAX {
        check.wrong(at, &format!("no more than {MARKDOWN_MAX} characters of markdown together"));
    }
}

fn check_block(check: &mut Check, surface: Surface, at: &str, block: &Value) {
    let kind = block["type"].as_str().unwrap_or_default();
    let unchecked: &[&str] = match surface {
        Surface::Message => &UNCHECKED_IN_MESSAGES,
        Surface::Modal | Surface::Home => &UNCHECKED_IN_VIEWS,
    };
    match fields(surface, kind) {
        Some(fields) => check.object(at, block, fields),
        None if unchecked.contains(&kind) => return,
        None => return check.wrong(at, &format!("unsupported block: {kind:?}")),
    }
    if kind == "section" && block["text"].is_null() && block["fields"].is_null() {
        check.wrong(at, "a section needs `text` or `fields`");
    }
    let mut actions = BTreeSet::new();
    for element in elements_of(block) {
        check_element(check, at, element);
        if let Some(id) = element["action_id"].as_str().filter(|id| !actions.insert(*id)) {
            check.wrong(at, &format!("action_id {id:?} is already taken"));
        }
    }
    if kind == "image" {
        has_a_source(check, at, block);
    }
}

/// What a table of single fields cannot say.
fn check_element(check: &mut Check, at: &str, element: &Value) {
    let is_select =
        matches!(element["type"].as_str(), Some("static_select" | "multi_static_select"));
    if is_select && element["options"].is_null() == element["option_groups"].is_null() {
        check.wrong(at, "a select has either `options` or `option_groups`");
    }
    let initial = &element["initial_option"];
    let offered = element["options"].as_array();
    if !initial.is_null() && offered.is_some_and(|offered| !offered.contains(initial)) {
        check.wrong(at, "`initial_option` is none of the options");
    }
    if element["type"] == "image" {
        has_a_source(check, at, element);
    }
}

fn has_a_source(check: &mut Check, at: &str, image: &Value) {
    if image["image_url"].is_null() == image["slack_file"].is_null() {
        check.wrong(at, "an image has either `image_url` or `slack_file`");
    }
}

/// What can be pressed, chosen or filled in, in a block.
pub fn elements_of(block: &Value) -> impl Iterator<Item = &Value> {
    let listed = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
    let single = [&block["accessory"], &block["element"]];
    listed.iter().chain(single).filter(|element| element.is_object())
}

/// Names what has no name yet, as Slack does: blocks, and in them what can be pressed or filled in.
pub fn name(blocks: &mut Value) {
    let fresh = || json!(format!("{:08x}", fastrand::u32(..)));
    for block in blocks.as_array_mut().into_iter().flatten() {
        if block["block_id"].is_null() {
            block["block_id"] = fresh();
        }
        let (kind, Some(block)) = (block["type"].clone(), block.as_object_mut()) else { continue };
        for (key, part) in block {
            let parts: &mut [Value] = match (key.as_str(), part) {
                ("elements", Value::Array(parts)) if kind == "actions" => parts,
                ("accessory" | "element", part) => std::slice::from_mut(part),
                _ => continue,
            };
            for part in parts.iter_mut().filter(|part| part["type"] != "image") {
                if part["action_id"].is_null() {
                    part["action_id"] = fresh();
                }
            }
        }
    }
}
