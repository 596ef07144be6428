//! Rules that a piece of Block Kit is held against: a table of fields for each kind of object.
//!
//! What is wrong is said with the place it is in, as a JSON pointer, since that is how Slack says it.

use serde_json::Value;

use super::elements;

/// What a field may hold. Lengths are in characters.
pub enum Rule {
    /// A `plain_text` object of 1 to so many characters.
    Plain(usize),
    /// A `plain_text` or `mrkdwn` object of 1 to so many characters.
    Rich(usize),
    /// A string of 1 to so many characters.
    Text(usize),
    /// True or false.
    Flag,
    /// A whole number within these bounds, both included.
    Number(u64, u64),
    /// One of these words.
    Among(&'static [&'static str]),
    /// A list of so many to so many.
    List(usize, usize, &'static Rule),
    /// An object with these fields.
    Object(&'static [Field]),
    /// An element of one of these types.
    Element(&'static [&'static str]),
    /// Whatever it is: what we never send is not looked into.
    Any,
}

/// A field and whether it has to be there.
pub struct Field {
    name: &'static str,
    needed: bool,
    rule: Rule,
}

/// A field that must be there.
pub const fn must(name: &'static str, rule: Rule) -> Field {
    Field { name, needed: true, rule }
}

/// A field that may be there.
pub const fn may(name: &'static str, rule: Rule) -> Field {
    Field { name, needed: false, rule }
}

/// Collects what is wrong.
#[derive(Default)]
pub struct Check {
    /// A line each.
    pub reasons: Vec<String>,
}

impl Check {
    /// Notes what is wrong at a place.
    pub fn wrong(&mut self, at: &str, what: &str) {
        self.reasons.push(format!("{what} [json-pointer:{at}]"));
    }

    /// Holds an object against its table. `type` is the caller's business; a field that no table has is wrong.
    pub fn object(&mut self, at: &str, value: &Value, fields: &[&[Field]]) {
        let Some(object) = value.as_object() else { return self.wrong(at, "must be an object") };
        let fields = || fields.iter().copied().flatten();
        for key in object.keys().filter(|key| *key != "type") {
            if !fields().any(|field| field.name == key) {
                self.wrong(&format!("{at}/{key}"), "no such field");
            }
        }
        for field in fields() {
            match object.get(field.name) {
                Some(value) => self.rule(&format!("{at}/{}", field.name), value, &field.rule),
                None if field.needed => self.wrong(at, &format!("missing field: {}", field.name)),
                None => {}
            }
        }
    }

    fn rule(&mut self, at: &str, value: &Value, rule: &Rule) {
        match rule {
            Rule::Plain(most) => self.text(at, value, &["plain_text"], *most),
            Rule::Rich(most) => self.text(at, value, &["plain_text", "mrkdwn"], *most),
            Rule::Text(most) => self.string(at, value, *most),
            Rule::Flag if !value.is_boolean() => self.wrong(at, "must be true or false"),
            Rule::Number(least, most) => {
                if value.as_u64().is_none_or(|number| number < *least || number > *most) {
                    self.wrong(at, &format!("must be a number from {least} to {most}"));
                }
            }
            Rule::Among(words) => {
                if value.as_str().is_none_or(|word| !words.contains(&word)) {
                    self.wrong(at, &format!("must be one of {words:?}"));
                }
            }
            Rule::List(least, most, each) => self.list(at, value, (*least, *most), each),
            Rule::Object(fields) => self.object(at, value, &[fields]),
            Rule::Element(kinds) => self.element(at, value, kinds),
            Rule::Flag | Rule::Any => {}
        }
    }

    fn string(&mut self, at: &str, value: &Value, most: usize) {
        let Some(text) = value.as_str() else { return self.wrong(at, "must be a string") };
        match text.chars().count() {
            0 => self.wrong(at, "must be more than 0 characters"),
            count if count > most => {
                self.wrong(at, &format!("must be no more than {most} characters, has {count}"));
            }
            _ => {}
        }
    }

    fn text(&mut self, at: &str, value: &Value, kinds: &[&str], most: usize) {
        let kind = value["type"].as_str().unwrap_or_default();
        if !kinds.contains(&kind) {
            return self.wrong(at, &format!("must be a text object of {kinds:?}"));
        }
        let style = if kind == "mrkdwn" { "verbatim" } else { "emoji" };
        self.object(at, value, &[&[must("text", Rule::Any), may(style, Rule::Flag)]]);
        self.string(&format!("{at}/text"), &value["text"], most);
    }

    fn list(&mut self, at: &str, value: &Value, (least, most): (usize, usize), each: &Rule) {
        let Some(list) = value.as_array() else { return self.wrong(at, "must be a list") };
        if list.len() < least || list.len() > most {
            self.wrong(at, &format!("must have {least} to {most} items, has {}", list.len()));
        }
        for (place, item) in list.iter().enumerate() {
            self.rule(&format!("{at}/{place}"), item, each);
        }
    }

    fn element(&mut self, at: &str, value: &Value, kinds: &[&str]) {
        let kind = value["type"].as_str().unwrap_or_default();
        if !kinds.contains(&kind) {
            return self.wrong(at, &format!("unsupported type here: {kind:?}"));
        }
        match elements::fields(kind) {
            Some(fields) => self.object(at, value, fields),
            // Texts stand among the elements of a context.
            None => self.text(at, value, &["plain_text", "mrkdwn"], elements::CONTEXT_TEXT_MAX),
        }
    }
}
