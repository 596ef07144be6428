//! Finding the spot: from a path or a byte offset to line and column, and from an error of the TOML
//! library to our words.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::{Mistake, nearest};

/// The text of a plan and the name of its file.
pub(super) struct Text<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

impl Text<'_> {
    /// A mistake at a byte offset; an offset beyond the text is on its last line.
    pub fn mistake(&self, offset: usize, path: &str, problem: String, write: String) -> Mistake {
        let shown = self.text.strip_suffix('\n').unwrap_or(self.text);
        let before = &shown[..shown.floor_char_boundary(offset.min(shown.len()))];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Mistake {
            file: self.file.into(),
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            path: path.into(),
            problem,
            write,
            source: shown[start..].lines().next().unwrap_or_default().into(),
        }
    }

    /// What the syntax forbids.
    pub fn syntax_mistake(&self, error: &Error) -> Mistake {
        let (problem, write) = in_our_words(error.message());
        self.mistake(error.span().map_or(0, |span| span.start), "", problem, write)
    }

    /// What the types forbid.
    pub fn type_mistake(&self, root: &Spanned<DeTable<'_>>, error: &Error) -> Mistake {
        let (problem, mut write) = in_our_words(error.message());
        let offset = error.span().map_or(0, |span| span.start);
        let path = path_at(root.get_ref(), offset);
        if path.is_empty() {
            write = write.replace("a line ", "a section ").replace(" = …", "");
        }
        self.mistake(offset, &path, problem, write)
    }
}

/// The bytes of the value at a path such as `components[1].depends_on[0]`; where the path ends too
/// early, those of the last part that is there.
pub(super) fn span_of(root: &Spanned<DeTable<'_>>, path: &str) -> Range<usize> {
    let mut span = root.span();
    let mut parts = path.split(['.', '[']).filter(|part| !part.is_empty());
    let Some(first) = parts.next().and_then(|key| root.get_ref().get(key)) else {
        return span;
    };
    let mut value = first;
    span.clone_from(&value.span());
    for part in parts {
        let next = match part.strip_suffix(']').map(str::parse::<usize>) {
            Some(Ok(index)) => value.get_ref().get(index),
            _ => value.get_ref().get(part),
        };
        let Some(next) = next else { break };
        value = next;
        span.clone_from(&value.span());
    }
    span
}

/// The path of the innermost value around a byte offset; empty between the tables.
fn path_at(table: &DeTable<'_>, offset: usize) -> String {
    let inside = table.iter().find_map(|(key, value)| {
        let hit = key.span().contains(&offset);
        let below = within(value, offset);
        (hit || below.is_some())
            .then(|| format!("{}{}", key.get_ref(), below.as_deref().unwrap_or_default()))
    });
    inside.unwrap_or_default()
}

/// The rest of the path inside of a value, with its leading dot or bracket; `None` outside of it.
///
/// A table's own span is only its header, so what is inside is asked first.
fn within(value: &Spanned<DeValue<'_>>, offset: usize) -> Option<String> {
    let deeper = match value.get_ref() {
        DeValue::Table(table) => Some(path_at(table, offset))
            .filter(|path| !path.is_empty())
            .map(|path| format!(".{path}")),
        DeValue::Array(array) => array
            .iter()
            .enumerate()
            .find_map(|(index, item)| within(item, offset).map(|path| format!("[{index}]{path}"))),
        _ => None,
    };
    deeper.or_else(|| value.span().contains(&offset).then(String::new))
}

/// The library's message as a problem and what to write; messages we don't know stay as they are.
fn in_our_words(message: &str) -> (String, String) {
    let message = message.trim_end();
    if let Some((kind, rest)) = ["field", "variant"]
        .iter()
        .find_map(|kind| Some((kind, message.strip_prefix(&format!("unknown {kind} `"))?)))
    {
        let (word, known) = rest.split_once('`').unwrap_or((rest, ""));
        let noun = if *kind == "field" { "field" } else { "value" };
        return (format!("there is no {noun} `{word}` here"), instead_of(word, known));
    }
    if let Some(field) = message.strip_prefix("missing field `") {
        let field = field.trim_end_matches('`');
        return (format!("`{field}` is missing here"), format!("a line {field} = …"));
    }
    let halves = message.split_once(": write ").or_else(|| message.split_once(", expected "));
    let (problem, write) = halves.unwrap_or((message, ""));
    let write = match write {
        "u32" => "a whole number",
        "f64" => "a number",
        other => other,
    };
    (problem.replacen("invalid type: ", "this is the ", 1), write.into())
}

/// The nearest of the words between back-quotes in `known`, else all of them.
fn instead_of(word: &str, known: &str) -> String {
    let words: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    match nearest(word, words.iter().copied()) {
        Some(near) => format!("`{near}`"),
        None => format!("one of {}", words.join(", ")),
    }
}
