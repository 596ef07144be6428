//! What was asked of the stand-in, and what came of it.

use serde_json::Value;

/// One call of the Web API, or one post to a `response_url`.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it came in, in milliseconds since 1970 by the stand-in's clock.
    pub at: i64,
    /// Such as `chat.postMessage`, or `response_url`.
    pub method: String,
    /// What it was called with, without the token.
    pub args: Value,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is being carried out.
    Open,
    /// It took effect, and its caller was told.
    Done,
    /// It was refused with this error, and had no effect.
    Refused(String),
    /// It was answered with this status, and had no effect.
    Status(u16),
    /// It took effect, and its caller never heard.
    DoneUnheard,
    /// It had no effect, and its caller never heard.
    Lost,
}
