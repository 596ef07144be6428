//! Why a call is refused, as Route 53 says it.

use super::xml::{document, element, wrap};

/// A refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error's name in the API.
    pub code: &'static str,
    /// One for each thing that is wrong; only a change batch has more than one.
    pub messages: Vec<String>,
}

impl Refusal {
    /// A refusal with one message.
    pub fn new(status: u16, code: &'static str, message: &str) -> Self {
        Self { status, code, messages: vec![message.to_owned()] }
    }

    /// Something in the request can't be understood or is out of bounds.
    pub fn input(message: &str) -> Self {
        Self::new(400, "InvalidInput", message)
    }

    /// Members of a change batch break rules; nothing was applied.
    pub fn batch(messages: Vec<String>) -> Self {
        Self { status: 400, code: "InvalidChangeBatch", messages }
    }

    /// The body. A refused batch has a second form, without code or request id, which Amazon also sends.
    pub fn body(&self, bare: bool) -> String {
        if bare && self.code == "InvalidChangeBatch" {
            let messages: String = self.messages.iter().map(|it| element("Message", it)).collect();
            return document(self.code, &wrap("Messages", &messages));
        }
        let message = match self.code {
            "InvalidChangeBatch" => format!("[{}]", self.messages.join(", ")),
            _ => self.messages.concat(),
        };
        let error =
            element("Type", "Sender") + &element("Code", self.code) + &element("Message", message);
        document("ErrorResponse", &(wrap("Error", &error) + &element("RequestId", REQUEST_ID)))
    }
}

/// Nothing tells requests apart by it, so all have the same.
pub const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000053";

impl Refusal {
    /// R19.
    pub fn no_such_health_check(id: &str) -> Self {
        Self::new(404, "NoSuchHealthCheck", &format!("no health check exists with id {id}"))
    }

    /// R20.
    pub fn no_such_zone(id: &str) -> Self {
        Self::new(404, "NoSuchHostedZone", &format!("no hosted zone found with id {id}"))
    }

    /// C4.
    pub fn prior_request() -> Self {
        let message = "the request was rejected: another is still being processed for this zone";
        Self::new(400, "PriorRequestNotComplete", message)
    }

    /// C5.
    pub fn throttled() -> Self {
        Self::new(400, "Throttling", "Rate exceeded")
    }

    /// The control plane of the one Region is out.
    pub fn outage() -> Self {
        Self::new(503, "ServiceUnavailable", "the service is unavailable")
    }
}
