//! Writes TwiML. Everything is said inside of the `<Gather>`, twice: a key counts while the words are still being said.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use shared::page::voice::{CODE_DIGITS, KEY_WAIT_SECS, Prompt};

use super::keypad::Line;

/// What a call is told to do. `at` is the page's own address.
pub fn call(line: &Line, at: &str) -> Response {
    answer(&verbs(line, at))
}

/// What a message is answered with; `None` is silence.
pub fn text(reply: Option<&str>) -> Response {
    answer(&reply.map(|text| format!("<Message>{}</Message>", escape(text))).unwrap_or_default())
}

fn verbs(Line { prompt, next }: &Line, at: &str) -> String {
    match prompt {
        Prompt::Menu { say, language } => {
            let action = format!("{at}/gather");
            let gather = gather(&spoken(say, language).repeat(2), 1, &action);
            match next {
                Some(round) => {
                    let again = escape(&format!("{at}?round={round}"));
                    format!("{gather}<Redirect method=\"POST\">{again}</Redirect>")
                }
                None => format!("{gather}<Hangup/>"),
            }
        }
        Prompt::Code { say, language } => {
            let again = escape(at);
            let action = format!("{at}/gather?code=1");
            let gather = gather(&spoken(say, language).repeat(2), CODE_DIGITS, &action);
            format!("{gather}<Redirect method=\"POST\">{again}</Redirect>")
        }
        Prompt::Connect { say, language, number } => {
            format!("{}<Dial>{}</Dial>", spoken(say, language), escape(number))
        }
        Prompt::Farewell { say, language } => {
            format!("{}<Hangup/>", spoken(say, language))
        }
    }
}

fn spoken(say: &str, language: &str) -> String {
    format!("<Say language=\"{}\">{}</Say>", escape(&locale(language)), escape(say))
}

/// The star is a key, too: nothing ends the input early.
fn gather(says: &str, digits: u8, action: &str) -> String {
    let action = escape(action);
    format!(
        "<Gather input=\"dtmf\" numDigits=\"{digits}\" finishOnKey=\"\" timeout=\"{KEY_WAIT_SECS}\" \
         action=\"{action}\" method=\"POST\">{says}</Gather>"
    )
}

fn answer(verbs: &str) -> Response {
    let xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{verbs}</Response>");
    ([(CONTENT_TYPE, "text/xml; charset=utf-8")], xml).into_response()
}

/// The plan's language as carriers name it: they want to know the country, too.
pub(super) fn locale(language: &str) -> String {
    match language {
        "en" => "en-US".into(),
        "es" | "fr" | "de" | "it" | "nl" | "pl" => {
            format!("{language}-{}", language.to_uppercase())
        }
        "pt" => "pt-BR".into(),
        other => other.into(),
    }
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML knows no such letters, not even escaped.
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "https://a.example/v/abc.1.0";

    fn menu(say: &str) -> Prompt {
        Prompt::Menu { say: say.into(), language: "en".into() }
    }

    #[test]
    fn every_word_is_said_inside_of_the_gather_and_twice() {
        let line = Line { prompt: menu("A & B <down>"), next: Some(2) };
        insta::assert_snapshot!(verbs(&line, AT), @r#"<Gather input="dtmf" numDigits="1" finishOnKey="" timeout="8" action="https://a.example/v/abc.1.0/gather" method="POST"><Say language="en-US">A &amp; B &lt;down&gt;</Say><Say language="en-US">A &amp; B &lt;down&gt;</Say></Gather><Redirect method="POST">https://a.example/v/abc.1.0?round=2</Redirect>"#);
    }

    #[test]
    fn a_machine_gets_a_message_and_a_person_behind_it_may_still_press() {
        let xml = verbs(&Line { prompt: menu("P1"), next: None }, AT);
        assert!(xml.starts_with("<Gather ") && xml.ends_with("</Gather><Hangup/>"), "{xml}");
    }

    #[test]
    fn a_farewell_waits_for_no_key() {
        let prompt = Prompt::Farewell { say: "Danke".into(), language: "de".into() };
        insta::assert_snapshot!(verbs(&prompt.into(), AT), @r#"<Say language="de-DE">Danke</Say><Hangup/>"#);
    }
}
