//! Text that came from outside: read leniently, cleaned before anybody sees it.
//!
//! Escaping for a face (Slack, HTML) is deliberately absent: the face does that where it prints.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{KEY_MAX, TEXT_MAX};
use crate::ledger::Hash;

/// A field that should be text and may be a number, a truth value, null or absent; anything else
/// counts as absent.
///
/// Numbers keep their digits: ids beyond 2^53 occur.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text without blanks around it; `None` when nothing is left, or only a placeholder that
    /// the monitor didn't replace.
    pub fn get(&self) -> Option<&str> {
        let text = self.0.as_deref()?.trim();
        (!text.is_empty() && !is_placeholder(text)).then_some(text)
    }

    /// The text as a number, if it is one.
    pub fn number<T: FromStr>(&self) -> Option<T> {
        self.get()?.parse().ok()
    }

    /// The text as milliseconds: a finite number that isn't negative (some senders write -1 for
    /// "none").
    pub fn millis(&self) -> Option<f64> {
        self.number().filter(|ms: &f64| ms.is_finite() && ms.is_sign_positive())
    }

    /// The text in lower case, for comparing states.
    pub fn lower(&self) -> String {
        self.get().unwrap_or_default().to_ascii_lowercase()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a number")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if truth { "true" } else { "false" })))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Labels, annotations, tags or a form: texts by name, in the order in which they came; null and
/// lists are empty.
#[derive(Debug, Default)]
pub(super) struct Labels<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'a> Labels<'a> {
    /// The fields of an HTML form.
    pub fn form(body: &'a str) -> Self {
        let pairs = form_urlencoded::parse(body.as_bytes());
        Self(pairs.map(|(key, value)| (Text(Some(key)), Text(Some(value)))).collect())
    }

    /// The value of that label.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key.0.as_deref() == Some(name))?.1.get()
    }

    /// The value of the first of those labels that is there.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// All of them as `a=1,b=2`, sorted, so that equal sets read equal; `None` when there are none.
    pub fn sorted(&self) -> Option<String> {
        let mut pairs: Vec<String> = self
            .0
            .iter()
            .map(|(key, value)| {
                let value = value.0.as_deref().unwrap_or_default();
                format!("{}={value}", key.0.as_deref().unwrap_or_default())
            })
            .collect();
        pairs.sort_unstable();
        (!pairs.is_empty()).then(|| pairs.join(","))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Labels<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(LabelsVisitor).map(Self)
    }
}

struct LabelsVisitor;

impl<'de> Visitor<'de> for LabelsVisitor {
    type Value = Vec<(Text<'de>, Text<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::with_capacity(4);
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }
}

/// The text on one line, without characters that steer a screen, cut to [`TEXT_MAX`]; `None` when
/// nothing is left.
pub(super) fn clean(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() <= TEXT_MAX && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return (!text.is_empty()).then(|| text.to_owned());
    }
    let line: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_steering(*c))
        .take(TEXT_MAX)
        .collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// A monitor's key: clean, and never cut (two long keys with one beginning are two monitors) but
/// hashed instead.
pub(super) fn key(text: &str) -> Option<String> {
    if text.len() > KEY_MAX {
        return Some(Hash::of(&[text.as_bytes()]).to_string());
    }
    clean(text)
}

/// Control characters, and those invisible ones that reorder or hide what stands around them.
fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{61c}')
}

/// `*x*`, `$X`, `${x}`, `{{x}}`: variables of a template that arrive as they were written.
fn is_placeholder(text: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b))
    };
    let within = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close);
    match text.as_bytes()[0] {
        b'*' => within("*", "*").is_some_and(word),
        b'{' => within("{{", "}}").is_some(),
        b'$' => {
            let name = within("${", "}").unwrap_or(&text[1..]);
            word(name) && !name.as_bytes()[0].is_ascii_digit()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(json: &str) -> Option<String> {
        serde_json::from_str::<Text<'_>>(json).unwrap().get().map(ToOwned::to_owned)
    }

    #[test]
    fn ids_may_be_numbers_and_keep_their_digits() {
        assert_eq!(text("107164000000025001").as_deref(), Some("107164000000025001"));
        assert_eq!(text("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!(text("-7").as_deref(), Some("-7"));
        assert_eq!(text("\" 7 \"").as_deref(), Some("7"));
        assert_eq!(text("true").as_deref(), Some("true"));
        for nothing in ["null", "{\"a\":1}", "[1]", "\"\"", "\"  \""] {
            assert_eq!(text(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_a_template_left_behind_is_nothing() {
        for residue in ["*alertFriendlyDuration*", "$ALERT_STATUS", "${status}", "{{ .Value }}"] {
            assert_eq!(text(&format!("\"{residue}\"")), None, "{residue}");
        }
        for meant in ["$5 million", "*", "**", "* a b *", "$5", "{x}", "{{"] {
            assert_eq!(text(&format!("\"{meant}\"")).as_deref(), Some(meant));
        }
    }

    #[test]
    fn text_is_one_clean_line() {
        assert_eq!(clean("a\r\nb\u{1b}[31m\u{202e}c\0").as_deref(), Some("a  b[31mc"));
        assert_eq!(clean("\u{7f}\u{feff}"), None);
        assert_eq!(clean(&"é".repeat(TEXT_MAX + 9)).unwrap().chars().count(), TEXT_MAX);
    }

    #[test]
    fn long_keys_stay_different() {
        let long = "x".repeat(KEY_MAX + 1);
        assert_eq!(key(&long).unwrap().len(), 64);
        assert_ne!(key(&long), key(&format!("{long}y")));
        assert_eq!(key("7").as_deref(), Some("7"));
    }

    proptest! {
        #[test]
        fn any_text_comes_out_clean(text in "\\PC*|[\\s\\S]*") {
            if let Some(line) = clean(&text) {
                prop_assert!(!line.is_empty() && line.chars().count() <= TEXT_MAX);
                prop_assert!(!line.chars().any(is_steering));
            }
        }
    }
}
