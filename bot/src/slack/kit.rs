//! Block Kit in our words: every block is made here, and here only, so that no limit of Slack's can be broken.
//!
//! The limits are those of Slack's block reference.

use serde::{Deserialize, Serialize};
use slack_morphism::prelude::*;

use super::action::{Action, MENU};
use super::text::{cut, cut_marked, units};

/// Blocks of a message.
pub const MESSAGE_BLOCKS: usize = 50;
/// Blocks of a form or of the home tab.
pub const VIEW_BLOCKS: usize = 100;
/// A header.
const HEADER: usize = 150;
/// A section's text.
pub const SECTION: usize = 3_000;
/// One field of a section, and how many there may be.
const FIELD: usize = 2_000;
const FIELDS: usize = 10;
/// A line of context.
const CONTEXT: usize = 2_000;
/// The text of a button, of an option, and the words below an option.
const LABEL: usize = 75;
/// Options of an overflow menu, and of a select.
const MENU_OPTIONS: usize = 5;
const SELECT_OPTIONS: usize = 100;
/// A confirm dialog: title, text, its two buttons.
const CONFIRM_TITLE: usize = 100;
const CONFIRM_TEXT: usize = 300;
const CONFIRM_BUTTON: usize = 30;
/// Placeholder of an input.
const PLACEHOLDER: usize = 150;
/// Label and hint of an input.
const INPUT_WORDS: usize = 2_000;
/// The words a plain text input takes.
pub const INPUT_TEXT: usize = 3_000;
/// Title and buttons of a form.
pub const VIEW_TITLE: usize = 24;
/// The top-level text of a message: what is read aloud and pushed to phones. Slack advises 4,000 characters.
pub const MESSAGE_TEXT: usize = 4_000;

/// A message: blocks for the eye, and a text that says the same to screen readers and phones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Everything a person must know, as marked text.
    pub text: String,
    /// The same, laid out.
    pub blocks: Vec<SlackBlock>,
}

impl Message {
    /// A message within Slack's limits; blocks beyond them are replaced by a line that says so.
    pub fn new(text: &str, blocks: Vec<SlackBlock>) -> Self {
        Self {
            text: filled(cut_marked(text, MESSAGE_TEXT)),
            blocks: bounded(blocks, MESSAGE_BLOCKS),
        }
    }

    /// As the API client wants it.
    pub fn content(self) -> SlackMessageContent {
        SlackMessageContent::new().with_text(self.text).with_blocks(self.blocks)
    }
}

/// At most `limit` blocks; the last one says what is missing.
pub fn bounded(mut blocks: Vec<SlackBlock>, limit: usize) -> Vec<SlackBlock> {
    if blocks.len() > limit {
        blocks.truncate(limit - 1);
        blocks.push(context(&["More does not fit here: the terminal shows all of it."]));
    }
    blocks
}

/// Slack refuses texts without a letter in them.
fn filled(text: String) -> String {
    let blank = text.chars().all(|c| c.is_whitespace() || c == '\u{200b}');
    if blank { "–".into() } else { text }
}

/// Plain text of at most `limit` units.
pub fn plain(text: &str, limit: usize) -> SlackBlockPlainTextOnly {
    SlackBlockPlainText::new(filled(cut(text, limit))).into()
}

/// Marked text; verbatim, so that only our own links and mentions are live.
fn marked(text: &str, limit: usize) -> SlackBlockMarkDownText {
    SlackBlockMarkDownText::new(filled(cut_marked(text, limit))).with_verbatim(true)
}

/// A headline, in plain text.
pub fn header(text: &str) -> SlackBlock {
    SlackHeaderBlock::new(plain(text, HEADER)).into()
}

/// A paragraph, in marked text.
pub fn section(text: &str) -> SlackBlock {
    SlackSectionBlock::new().with_text(marked(text, SECTION).into()).into()
}

/// A paragraph with a button at its end.
pub fn section_with(text: &str, button: SlackBlockButtonElement) -> SlackBlock {
    let section = SlackSectionBlock::new().with_text(marked(text, SECTION).into());
    section.with_accessory(button.into()).into()
}

/// Labels and what stands behind them, in marked text, two columns wide.
pub fn fields(pairs: &[(&str, String)]) -> SlackBlock {
    let field = |(label, value): &(&str, String)| {
        let room = FIELD - units(label) - 4;
        marked(&format!("*{label}*\n{}", cut_marked(value, room)), FIELD).into()
    };
    let fields = pairs.iter().take(FIELDS).map(field).collect();
    SlackSectionBlock::new().with_fields(fields).into()
}

/// Small print, in marked text.
pub fn context(lines: &[&str]) -> SlackBlock {
    let lines = lines.iter().take(FIELDS).map(|line| marked(line, CONTEXT).into());
    SlackContextBlock::new(lines.collect()).into()
}

/// A line across.
pub fn divider() -> SlackBlock {
    SlackDividerBlock::new().into()
}

/// Buttons and menus side by side.
pub fn actions(elements: Vec<SlackActionBlockElement>) -> SlackBlock {
    SlackActionsBlock::new(elements).into()
}

/// A button that does an action.
pub fn button(action: &Action) -> SlackBlockButtonElement {
    let text = plain(action.label(), LABEL);
    SlackBlockButtonElement::new(text)
        .with_action_id(action.id().into())
        .with_value(action.to_string())
}

/// The one button that fits.
pub fn primary(action: &Action) -> SlackBlockButtonElement {
    button(action).with_style(SlackBlockButtonStyle::Primary)
}

/// A button that asks once more, in marked text, before it does something that matters.
pub fn danger(action: &Action, asks: &str) -> SlackBlockButtonElement {
    button(action).with_style(SlackBlockButtonStyle::Danger).with_confirm(confirm(action, asks))
}

/// The question before an action.
pub fn confirm(action: &Action, asks: &str) -> SlackBlockConfirmItem {
    SlackBlockConfirmItem::new(
        plain(&format!("{}?", action.label()), CONFIRM_TITLE),
        marked(asks, CONFIRM_TEXT).into(),
        plain(action.label(), CONFIRM_BUTTON),
        plain("Not now", CONFIRM_BUTTON),
    )
}

/// The rest of what can be done, behind three dots.
pub fn menu(actions: &[Action]) -> SlackBlockOverflowElement {
    let option = |action: &Action| choice(action.label(), action.to_string());
    let options = actions.iter().take(MENU_OPTIONS).map(option).collect();
    SlackBlockOverflowElement::new(options).with_action_id(MENU.into())
}

/// One of several things to choose from.
pub fn choice(text: &str, value: String) -> SlackBlockChoiceItem<SlackBlockPlainTextOnly> {
    SlackBlockChoiceItem::new(plain(text, LABEL), value)
}

/// An input of a form; its block is named like its action.
pub struct Input<'a> {
    /// The name by which its value comes back.
    pub name: &'static str,
    /// What is asked for.
    pub label: &'a str,
    /// What helps to answer.
    pub hint: &'a str,
    /// Whether it may stay empty.
    pub optional: bool,
}

impl Input<'_> {
    /// Asks for words.
    pub fn words(&self) -> SlackBlock {
        let words = SlackBlockPlainTextInputElement::new()
            .with_action_id(self.name.into())
            .with_multiline(true)
            .with_max_length(INPUT_TEXT as u64);
        self.block(words.into())
    }

    /// Asks for one of several things; beyond Slack's limit the command helps.
    pub fn select(
        &self,
        options: Vec<SlackBlockChoiceItem<SlackBlockPlainTextOnly>>,
        initial: Option<SlackBlockChoiceItem<SlackBlockPlainTextOnly>>,
    ) -> SlackBlock {
        let options = options.into_iter().take(SELECT_OPTIONS).collect();
        let select = SlackBlockStaticSelectElement::new()
            .with_action_id(self.name.into())
            .with_placeholder(plain("Choose", PLACEHOLDER))
            .with_options(options)
            .opt_initial_option(initial);
        self.block(select.into())
    }

    fn block(&self, element: SlackInputBlockElement) -> SlackBlock {
        SlackInputBlock::new(plain(self.label, INPUT_WORDS), element)
            .with_block_id(self.name.into())
            .with_hint(plain(self.hint, INPUT_WORDS))
            .with_optional(self.optional)
            .into()
    }
}
