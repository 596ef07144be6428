//! What a method answers: an object on success, an error's name on refusal.

use serde_json::{Value, json};

use super::state::State;

/// A method's answer. `ok` is added at the door.
pub type Answer = Result<Value, Refusal>;

/// A method: what it does to the workspace when it is called with these arguments.
pub type Method = fn(&mut State, &Args) -> Answer;

/// Why a call is refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Slack's name for it.
    pub error: String,
    /// What stands beside it in the answer.
    pub more: Value,
}

impl Refusal {
    /// Refused, and exactly why: each of the reasons as Slack's editor shows them.
    pub fn because(error: &str, reasons: &[String]) -> Self {
        let messages: Vec<_> = reasons.iter().map(|reason| format!("[ERROR] {reason}")).collect();
        Self { error: error.into(), more: json!({"response_metadata": {"messages": messages}}) }
    }
}

impl From<&str> for Refusal {
    fn from(error: &str) -> Self {
        Self { error: error.into(), more: json!({}) }
    }
}

/// A call's arguments. Forms have text only, so what is JSON in them comes as text.
#[derive(Clone, Debug, Default)]
pub struct Args(pub Value);

impl Args {
    /// A text; an empty one is none. Numbers and flags of a JSON body count as text, as they do in a form.
    pub fn text(&self, name: &str) -> Option<String> {
        match &self.0[name] {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// A text that must be there, or this error.
    pub fn need(&self, name: &str, error: &str) -> Result<String, Refusal> {
        self.text(name).ok_or_else(|| error.into())
    }

    /// A flag; what is not there is not set.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.text(name).as_deref(), Some("true" | "1"))
    }

    /// A part that is JSON, in a form too. `Err` if it is text that is no JSON.
    pub fn part(&self, name: &str) -> Result<Option<Value>, serde_json::Error> {
        match &self.0[name] {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            Value::String(text) => serde_json::from_str(text).map(Some),
            other => Ok(Some(other.clone())),
        }
    }
}
