//! One text message: 160 characters of the GSM 7-bit alphabet (3GPP TS 23.038, 6.2.1). One letter outside of it would
//! make the whole message three times as short, and a second segment may arrive alone or never.

/// Septets of one message.
pub const SEGMENT: usize = 160;

/// The default alphabet without letters, digits and what ASCII shares with it.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// The extension table: each takes two septets.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// The septets a letter takes; `None`: the alphabet hasn't got it.
pub fn septets(letter: char) -> Option<usize> {
    if letter.is_ascii_alphanumeric() || BASIC.contains(letter) {
        Some(1)
    } else if EXTENDED.contains(letter) {
        Some(2)
    } else {
        None
    }
}

/// The septets of a text; `None` if it needs another alphabet.
pub fn length(text: &str) -> Option<usize> {
    text.chars().map(septets).sum()
}

/// The text as one segment: what the alphabet lacks is written with what it has, and what is too long ends in `...`.
pub fn segment(text: &str) -> String {
    let plain: String = text.chars().flat_map(plainly).collect();
    if length(&plain).is_some_and(|it| it <= SEGMENT) {
        return plain;
    }
    let mut room = SEGMENT - 3;
    let fits = |letter: &char| {
        let takes = septets(*letter).unwrap_or(1);
        let fits = takes <= room;
        room = room.saturating_sub(takes);
        fits
    };
    let cut: String = plain.chars().take_while(fits).collect();
    format!("{}...", cut.trim_end())
}

/// A letter in letters of the alphabet.
fn plainly(letter: char) -> impl Iterator<Item = char> {
    let text = match letter {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '`' | '´' => "'",
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '«' | '»' => "\"",
        '\u{2010}'..='\u{2015}' | '−' => "-",
        '…' => "...",
        '→' => "->",
        '✓' => "ok",
        'á' | 'â' | 'ã' => "a",
        'ê' | 'ë' => "e",
        'í' | 'î' | 'ï' => "i",
        'ó' | 'ô' | 'õ' => "o",
        'ú' | 'û' => "u",
        'ç' => "c",
        other if septets(other).is_some() => return one(other, ""),
        other if other.is_whitespace() => " ",
        _ => "?",
    };
    one('\0', text)
}

fn one(letter: char, text: &'static str) -> impl Iterator<Item = char> + use<> {
    (letter != '\0').then_some(letter).into_iter().chain(text.chars())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_said_fits_into_one_segment(text in any::<String>()) {
            prop_assert!(length(&segment(&text)).is_some_and(|it| it <= SEGMENT), "{text:?}");
        }
    }

    #[test]
    fn the_alphabet_is_the_standards() {
        // 128 places of the default alphabet, one of which leads to the extension table.
        let letters = ('\0'..'\u{3ff}').filter(|it| septets(*it) == Some(1)).count();
        assert_eq!(letters, 127);
        assert_eq!(length("10 € [x]"), Some(11));
        assert_eq!(length("–"), None);
    }

    #[test]
    fn phones_typography_is_written_plainly() {
        assert_eq!(segment("“can’t” – später…"), "\"can't\" - später...");
        assert_eq!(segment("日本"), "??");
        assert_eq!(segment("short"), "short");
        let long = segment(&"€".repeat(100));
        assert_eq!(long, format!("{}...", "€".repeat(78)));
    }
}
