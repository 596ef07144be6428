//! Reads our NCCO as strictly as nobody else does: an unknown action or field is a mistake, and so is speech that a key
//! can't interrupt. Source: Vonage, "NCCO reference".

use serde_json::{Map, Value};

/// One action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Says this, so many times.
    Talk {
        /// The words.
        text: String,
        /// Whether a key interrupts them, and counts.
        barge_in: bool,
    },
    /// Waits for keys and hands them on.
    Input {
        /// Where to.
        event_url: String,
        /// How many.
        digits: usize,
    },
    /// Connects to that number.
    Connect(String),
}

/// Reads an NCCO.
///
/// # Errors
/// What Vonage would stumble over, and what it would take without doing what we mean.
pub fn read(text: &str) -> Result<Vec<Action>, String> {
    let json: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    let all = json.as_array().ok_or("an NCCO is an array")?;
    let actions: Vec<Action> = all.iter().map(action).collect::<Result<_, _>>()?;
    for pair in actions.windows(2) {
        if let [Action::Talk { barge_in: false, .. }, Action::Input { .. }] = pair {
            return Err("a key would only count after the speech: bargeIn".into());
        }
    }
    Ok(actions)
}

fn action(json: &Value) -> Result<Action, String> {
    let fields = json.as_object().ok_or("an action is an object")?;
    match json["action"].as_str() {
        Some("talk") => {
            only(fields, &["action", "text", "bargeIn", "loop", "language", "style", "premium"])?;
            let text = json["text"].as_str().filter(|text| !text.is_empty());
            let text = text.ok_or("talk says nothing")?.to_owned();
            Ok(Action::Talk { text, barge_in: json["bargeIn"] == true })
        }
        Some("input") => input(fields),
        Some("connect") => {
            only(fields, &["action", "endpoint", "from", "timeout"])?;
            let endpoint = &json["endpoint"][0];
            match (endpoint["type"].as_str(), endpoint["number"].as_str()) {
                (Some("phone"), Some(number)) => Ok(Action::Connect(number.to_owned())),
                _ => Err(format!("connect to {endpoint}?")),
            }
        }
        other => Err(format!("there is no action {other:?}")),
    }
}

fn input(fields: &Map<String, Value>) -> Result<Action, String> {
    only(fields, &["action", "type", "dtmf", "eventUrl", "eventMethod"])?;
    let kinds = fields.get("type").and_then(Value::as_array).ok_or("input of which type?")?;
    if kinds.as_slice() != ["dtmf"] {
        return Err(format!("input of {kinds:?}"));
    }
    let dtmf = fields.get("dtmf").and_then(Value::as_object).ok_or("input has no dtmf")?;
    only(dtmf, &["maxDigits", "timeOut", "submitOnHash"])?;
    let digits = dtmf.get("maxDigits").and_then(Value::as_u64).ok_or("how many keys?")?;
    if !(1..=20).contains(&digits) {
        return Err(format!("maxDigits is {digits}"));
    }
    if dtmf.get("timeOut").is_some_and(|it| it.as_u64().is_none_or(|it| it > 10)) {
        return Err("timeOut is 10 s at most".into());
    }
    let urls = fields.get("eventUrl").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match urls {
        [Value::String(url)] if url.starts_with("http") => {
            Ok(Action::Input { event_url: url.clone(), digits: digits as usize })
        }
        other => Err(format!("eventUrl is {other:?}")),
    }
}

fn only(fields: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(strange) => Err(format!("there is no field {strange}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &str = r#"{"action": "input", "type": ["dtmf"], "dtmf": {"maxDigits": 1},
        "eventUrl": ["https://a/b"]}"#;

    #[test]
    fn what_vonage_would_misread_is_a_mistake() {
        for bad in [
            "",
            "{}",
            "[1]",
            r#"[{"action": "speak", "text": "a"}]"#,
            r#"[{"action": "talk"}]"#,
            r#"[{"action": "talk", "text": "a", "barge": true}]"#,
            r#"[{"action": "input", "type": ["dtmf"], "dtmf": {"maxDigits": 1}}]"#,
            r#"[{"action": "input", "dtmf": {"maxDigits": 1}, "eventUrl": ["https://a/b"]}]"#,
            &format!(r#"[{{"action": "talk", "text": "a"}}, {INPUT}]"#),
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_right_is_read() {
        let text = format!(r#"[{{"action": "talk", "text": "a", "bargeIn": true}}, {INPUT}]"#);
        let talk = Action::Talk { text: "a".into(), barge_in: true };
        let input = Action::Input { event_url: "https://a/b".into(), digits: 1 };
        assert_eq!(read(&text), Ok(vec![talk, input]));
    }
}
