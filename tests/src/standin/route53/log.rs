//! What was asked of the stand-in, for tests that count effects.

use tokio::time::Instant;

/// A call, in the order of their ends.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation's name in the API.
    pub operation: &'static str,
    /// When it arrived.
    pub began: Instant,
    /// When it was answered or lost.
    pub ended: Instant,
    /// The comment of a change batch.
    pub comment: Option<String>,
    /// Names and types that a change batch speaks of.
    pub touches: Vec<(String, String)>,
    /// `OK`, or the code of the refusal.
    pub outcome: &'static str,
    /// Whether the reply reached the caller.
    pub answered: bool,
}
