//! What is said over a socket, read; and what is said back.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Closed;
use crate::slack::inbox::Sent;

/// Something said over a socket.
pub enum Said {
    /// The socket is open.
    Hello,
    /// It will not be for long, or never was.
    Goodbye(Closed),
    /// Something to acknowledge, and to do.
    Envelope(Envelope),
    /// What we don't know asks for nothing.
    Noise,
}

/// Something to acknowledge.
pub struct Envelope {
    /// What the acknowledgement names.
    pub id: String,
    /// Whether the acknowledgement may carry an answer.
    pub takes_answer: bool,
    /// What it holds, if that can be read.
    pub sent: Option<Sent>,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    envelope_id: Option<String>,
    #[serde(default)]
    accepts_response_payload: bool,
    #[serde(default)]
    payload: Value,
    #[serde(default)]
    reason: String,
}

impl Said {
    /// Reads a frame's text.
    pub fn read(text: &str) -> Self {
        let Ok(frame) = serde_json::from_str::<Frame>(text) else { return Self::Noise };
        match (frame.kind.as_str(), frame.envelope_id) {
            ("hello", _) => Self::Hello,
            ("disconnect", _) => Self::Goodbye(goodbye(frame.reason)),
            (kind, Some(id)) => Self::Envelope(Envelope {
                id,
                takes_answer: frame.accepts_response_payload,
                sent: sent(kind, frame.payload),
            }),
            (_, None) => Self::Noise,
        }
    }
}

fn goodbye(reason: String) -> Closed {
    match reason.as_str() {
        "link_disabled" => Closed::Refused(
            "Socket Mode is switched off for the app: switch it on, on its page \"Socket Mode\""
                .into(),
        ),
        "too_many_websockets" => {
            Closed::lost("the app has ten sockets open already: does another server use its token?")
        }
        _ => Closed::Leaving(reason),
    }
}

fn sent(kind: &str, payload: Value) -> Option<Sent> {
    let sent = match kind {
        "slash_commands" => Sent::command(payload),
        "interactive" => Sent::interaction(payload),
        "events_api" => return Some(Sent::event(payload)),
        _ => return None,
    };
    // What the error quotes may be nobody's business.
    sent.inspect_err(|_| tracing::warn!(slack.kind = kind, "this is not what Slack sends")).ok()
}

/// The acknowledgement of an envelope, with the answer if there is one.
pub fn acknowledgement(id: &str, answer: &Value) -> String {
    if answer.is_null() {
        return json!({"envelope_id": id}).to_string();
    }
    json!({"envelope_id": id, "payload": answer}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goodbyes_say_what_is_to_be_done() {
        let read = |reason: &str| {
            let text = json!({"type": "disconnect", "reason": reason}).to_string();
            let Said::Goodbye(closed) = Said::read(&text) else { panic!("{text}") };
            closed
        };
        for reason in ["warning", "refresh_requested", "something_new"] {
            assert_eq!(read(reason), Closed::Leaving(reason.into()));
        }
        assert!(matches!(read("link_disabled"), Closed::Refused(_)));
        assert!(matches!(read("too_many_websockets"), Closed::Later { .. }));
    }

    #[test]
    fn what_cannot_be_read_is_still_acknowledged_and_noise_is_left_alone() {
        for (kind, payload) in [("slash_commands", json!({})), ("something_new", json!([1]))] {
            let text = json!({"type": kind, "envelope_id": "e1", "payload": payload}).to_string();
            let Said::Envelope(envelope) = Said::read(&text) else { panic!("{text}") };
            assert!(envelope.id == "e1" && envelope.sent.is_none(), "{text}");
        }
        for noise in ["", "{", "[]", "{\"type\":\"slash_commands\"}", "{\"type\":7}"] {
            assert!(matches!(Said::read(noise), Said::Noise), "{noise}");
        }
    }

    #[test]
    fn an_acknowledgement_without_an_answer_has_no_payload() {
        assert_eq!(acknowledgement("e1", &Value::Null), r#"{"envelope_id":"e1"}"#);
        let answered = acknowledgement("e1", &json!({"text": "done"}));
        assert_eq!(answered, r#"{"envelope_id":"e1","payload":{"text":"done"}}"#);
    }
}
