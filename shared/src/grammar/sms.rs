//! What can be texted: the number of the page first, a word behind it. `731 ack`, `ack 731`, `731a`, `731 no`,
//! `731 approve 402`, `731 status`, `declare p1 checkout is down`.
//!
//! Whose number it came from is asked elsewhere; here nothing is ever acknowledged without a number.

/// What was texted, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Texted {
    /// About the page or the incident of that number.
    About {
        /// The code of a page, else the number of an incident.
        number: u32,
        /// What is wanted.
        what: Short,
    },
    /// Something is broken: the words behind `declare`, as `incident declare` takes them.
    Declare(Vec<String>),
    /// Where everything stands.
    Status,
    /// A word that carriers keep for themselves: texts stop, or start again. Never a verb of ours.
    Carrier(CarrierWord),
    /// None of it.
    Nothing,
}

/// What is wanted of one incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// "I have it."
    Ack,
    /// "I can't."
    No,
    /// Where does it stand?
    Status,
    /// Agree to the plan with that code.
    Approve(u32),
}

/// What a carrier makes of a single word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierWord {
    /// No text reaches that phone any more.
    Stop,
    /// Texts reach it again.
    Start,
}

/// Words that carriers act on when they stand alone (Twilio, "default English-language keywords").
const CARRIER_WORDS: [(&str, CarrierWord); 9] = [
    ("stop", CarrierWord::Stop),
    ("stopall", CarrierWord::Stop),
    ("unsubscribe", CarrierWord::Stop),
    ("cancel", CarrierWord::Stop),
    ("end", CarrierWord::Stop),
    ("quit", CarrierWord::Stop),
    ("start", CarrierWord::Start),
    ("yes", CarrierWord::Start),
    ("unstop", CarrierWord::Start),
];

/// Longest text that is looked at, in characters: ten segments.
const MAX_TEXT: usize = 1_600;

/// Understands a text message.
pub fn texted(text: &str) -> Texted {
    let text: String = text.chars().take(MAX_TEXT).collect();
    let words = words(&text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let [word] = words[..]
        && let Some((_, carrier)) = CARRIER_WORDS.iter().find(|(known, _)| *known == word)
    {
        return Texted::Carrier(*carrier);
    }
    if let Some((&("declare" | "incident"), rest)) = words.split_first() {
        return declared(&text, &words, rest);
    }
    let (first, second) = (words.first().copied(), words.get(1).copied());
    match (first.and_then(number), second.and_then(number), &words[..]) {
        (None, None, [word]) if is_status(word) => Texted::Status,
        (Some(number), None, [_, word, code @ ..]) | (None, Some(number), [word, _, code @ ..]) => {
            about(number, word, code)
        }
        _ => Texted::Nothing,
    }
}

/// `declare …` with the words as they were typed: a reason keeps its capitals.
fn declared(text: &str, words: &[&str], rest: &[&str]) -> Texted {
    let skip = usize::from(words[0] == "incident") + 1;
    if words[0] == "incident" && rest.first() != Some(&"declare") {
        return Texted::Nothing;
    }
    let said: Vec<String> = text
        .split_whitespace()
        .map(|word| word.trim_matches(is_quote).to_owned())
        .filter(|word| !word.is_empty())
        .skip(skip)
        .collect();
    if said.is_empty() { Texted::Nothing } else { Texted::Declare(said) }
}

fn about(number: u32, word: &str, code: &[&str]) -> Texted {
    let what = match (word, code) {
        ("a" | "ack" | "acks" | "acked" | "acknowledge" | "acknowledged", []) => Short::Ack,
        ("n" | "no" | "cant" | "cannot" | "decline" | "e" | "escalate", []) => Short::No,
        (word, []) if is_status(word) => Short::Status,
        ("y" | "approve" | "approved", [code]) => match self::number(code) {
            Some(code) => Short::Approve(code),
            None => return Texted::Nothing,
        },
        _ => return Texted::Nothing,
    };
    Texted::About { number, what }
}

fn is_status(word: &str) -> bool {
    matches!(word, "s" | "status" | "show" | "info")
}

fn number(word: &str) -> Option<u32> {
    word.parse().ok().filter(|number| *number > 0)
}

fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '\'' | '`' | '´' | '\u{2018}'..='\u{201f}' | '«' | '»')
}

/// Small words without quotes, apostrophes and punctuation; `42a` is two of them.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in text.chars().filter(|letter| !is_quote(*letter)) {
        let turns = word.chars().last().is_some_and(|last| {
            last.is_ascii_digit() != letter.is_ascii_digit() && letter.is_alphanumeric()
        });
        if turns || !letter.is_alphanumeric() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn about(what: Short) -> Texted {
        Texted::About { number: 42, what }
    }

    #[test]
    fn half_asleep_is_understood() {
        for text in [
            "42 ack",
            "ack 42",
            "42a",
            "A42",
            "42A",
            "  42   Ack. ",
            "\"42 ack\"",
            "‘42 ack’",
            "'42a'",
            "#42 ack",
            "ack #42!",
            "ACK 42",
            "42 acknowledged",
            "42, ack",
            "42\nack",
        ] {
            assert_eq!(texted(text), about(Short::Ack), "{text}");
        }
        for text in ["42 no", "no 42", "42n", "42 can't", "42 can’t", "42 cannot", "42e"] {
            assert_eq!(texted(text), about(Short::No), "{text}");
        }
        for text in ["42 status", "status 42?", "42s", "42 show"] {
            assert_eq!(texted(text), about(Short::Status), "{text}");
        }
        for text in ["42 approve 731", "approve 42 731", "42y 731", "42 approve \"731\".", "42y731"]
        {
            assert_eq!(texted(text), about(Short::Approve(731)), "{text}");
        }
        assert_eq!(texted("Status?"), Texted::Status);
    }

    #[test]
    fn a_declaration_keeps_its_words() {
        let words = |text: &str| texted(text);
        let declared = |all: &[&str]| Texted::Declare(all.iter().map(|&it| it.into()).collect());
        assert_eq!(
            words("declare p1 Checkout is down"),
            declared(&["p1", "Checkout", "is", "down"])
        );
        assert_eq!(
            words("“Declare p1 nobody can’t pay”"),
            declared(&["p1", "nobody", "can’t", "pay"])
        );
        assert_eq!(words("incident declare p2 slow"), declared(&["p2", "slow"]));
        assert_eq!(words("declare"), Texted::Nothing);
        assert_eq!(words("incident ack"), Texted::Nothing);
    }

    #[test]
    fn carriers_words_are_theirs_when_they_stand_alone() {
        for (word, carrier) in CARRIER_WORDS {
            assert_eq!(texted(word), Texted::Carrier(carrier));
            assert_eq!(texted(&format!(" {}! ", word.to_uppercase())), Texted::Carrier(carrier));
            assert_eq!(texted(&format!("please {word}")), Texted::Nothing);
            assert_eq!(texted(&format!("42 {word}")), Texted::Nothing, "never a verb");
        }
    }

    #[test]
    fn nothing_is_acknowledged_without_a_number() {
        for text in [
            "ack",
            "a",
            "ok",
            "1",
            "42",
            "",
            "0 ack",
            "4294967296 ack",
            "yes",
            "42 43",
            "ack ack 42",
        ] {
            assert!(!matches!(texted(text), Texted::About { .. }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_texted_is_taken_calmly(text in any::<String>()) {
            if let Texted::About { number, .. } = texted(&text) {
                prop_assert!(number > 0 && text.chars().any(char::is_numeric));
            }
        }

        #[test]
        fn noise_around_it_changes_nothing(
            number in 1_u32..100_000,
            before in "[ \"'“”‘’.]{0,4}",
            after in "[ \"'“”‘’.!?]{0,4}",
        ) {
            let what = Short::Ack;
            prop_assert_eq!(texted(&format!("{before}{number} aCk{after}")), Texted::About { number, what });
        }
    }
}
