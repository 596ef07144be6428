//! Text from outside, made safe for every face: the timeline is read in terminals, mails and pages.

/// Digits of an international phone number: fewer is something else.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Text from outside, made safe to print anywhere on one line: no control characters, no phone numbers.
pub fn plain(text: &str) -> String {
    let visible: String = text.chars().map(|c| if hidden(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    without_phones(&words.join(" "))
}

/// Control characters, and those that turn the direction of writing.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Vendors like to repeat the number they could not reach.
fn without_phones(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(plus) = rest.find('+') {
        let (before, from) = rest.split_at(plus);
        kept.push_str(before);
        let length = phone_length(from);
        kept.push_str(if length == 0 { "+" } else { "(number withheld)" });
        rest = &from[length.max(1)..];
    }
    kept + rest
}

/// The bytes of the phone number that `text` begins with, `+` included; 0 if it begins with none.
fn phone_length(text: &str) -> usize {
    let (mut digits, mut end) = (0, 0);
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'0'..=b'9' => (digits, end) = (digits + 1, at + 1),
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' => {}
            _ => break,
        }
        if digits == *PHONE_DIGITS.end() {
            break;
        }
    }
    if PHONE_DIGITS.contains(&digits) { end } else { 0 }
}
