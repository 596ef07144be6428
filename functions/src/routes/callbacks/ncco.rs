//! Writes NCCOs, Vonage's call control objects. A key interrupts the words (`bargeIn`) and counts.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use shared::page::voice::{CODE_DIGITS, KEY_WAIT_SECS, Prompt};

use super::super::answer::with;
use super::keypad::Line;
use super::twiml::locale;

/// What a call is told to do. `at` is the page's own address.
pub fn call(line: &Line, at: &str) -> Response {
    with(StatusCode::OK, &actions(line, at))
}

fn actions(Line { prompt, next }: &Line, at: &str) -> Value {
    let input = |digits: u8, what: &str| {
        // The round after the last says goodbye.
        let round = next.unwrap_or(u32::MAX);
        json!({
            "action": "input",
            "type": ["dtmf"],
            "dtmf": {"maxDigits": digits, "timeOut": KEY_WAIT_SECS},
            "eventUrl": [format!("{at}/input?round={round}{what}")],
            "eventMethod": "POST",
        })
    };
    match prompt {
        Prompt::Menu { say, language } => json!([talk(say, language, 2), input(1, "")]),
        Prompt::Code { say, language } => {
            json!([talk(say, language, 2), input(CODE_DIGITS, "&code=1")])
        }
        Prompt::Connect { say, language, number } => {
            let number = number.trim_start_matches('+');
            let endpoint = json!([{"type": "phone", "number": number}]);
            json!([talk(say, language, 1), {"action": "connect", "endpoint": endpoint}])
        }
        Prompt::Farewell { say, language } => json!([talk(say, language, 1)]),
    }
}

/// Words that are said once wait for no key.
fn talk(say: &str, language: &str, times: u8) -> Value {
    json!({
        "action": "talk",
        "text": say,
        "language": locale(language),
        "loop": times,
        "bargeIn": times > 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_interrupts_the_words_and_goes_to_the_page() {
        let prompt = Prompt::Menu { say: "P1.".into(), language: "de".into() };
        let line = Line { prompt, next: Some(2) };
        insta::assert_snapshot!(actions(&line, "https://a.example/v/abc.1.0"), @r#"[{"action":"talk","bargeIn":true,"language":"de-DE","loop":2,"text":"P1."},{"action":"input","dtmf":{"maxDigits":1,"timeOut":8},"eventMethod":"POST","eventUrl":["https://a.example/v/abc.1.0/input?round=2"],"type":["dtmf"]}]"#);
    }

    #[test]
    fn a_confirmation_waits_for_nothing() {
        let prompt = Prompt::Farewell { say: "Saved.".into(), language: "en".into() };
        assert_eq!(actions(&prompt.into(), "").as_array().unwrap().len(), 1);
    }
}
