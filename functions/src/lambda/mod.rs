//! All Clear on AWS Lambda: one artefact, and one function a name of a handler.
//!
//! The functions are thin: what they do is what `serve` does, over the table instead of a file, and in pieces. A webhook
//! only keeps what it was told; the table's stream hands on what that asks for; each lane has a queue and a consumer.
//! Everything may come twice, at the same time and in any order, and nothing is done twice: a delivery by its key, a turn
//! by its number, an effect by its [`claim`], an action by its lease.

use std::fmt;
use std::str::FromStr;

use shared::effect::Lane;

mod batch;
mod callbacks;
pub mod calls;
mod claim;
mod ground;
mod hear;
mod host;
mod lane;
mod metrics;
mod probe;
mod queues;
mod relay;
mod samples;
mod secrets;
mod status;
mod sweep;
mod webhook;

pub use ground::{Ground, NoGround};
pub use lambda_http::Error;
pub use lane::consume;

/// The functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Keeps what monitors say.
    UptimeWebhook,
    /// Hands on what the table's stream brings.
    Relay,
    /// Hears deliveries and samples, one batch at a time.
    Hear,
    /// Answers carriers.
    Callbacks,
    /// Says how it stands.
    Status,
    /// Acts and looks.
    Act,
    /// Wakes people.
    Page,
    /// Tells the room.
    Tell,
    /// Files reports.
    Archive,
    /// Lets time pass, and finds what was left lying.
    Sweep,
    /// Looks at every component.
    Probe,
}

impl Function {
    /// Each of them.
    pub const ALL: [Self; 11] = [
        Self::UptimeWebhook,
        Self::Relay,
        Self::Hear,
        Self::Callbacks,
        Self::Status,
        Self::Act,
        Self::Page,
        Self::Tell,
        Self::Archive,
        Self::Sweep,
        Self::Probe,
    ];

    /// Its handler's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::UptimeWebhook => "uptime-webhook",
            Self::Relay => "relay",
            Self::Hear => "hear",
            Self::Callbacks => "callbacks",
            Self::Status => "status",
            Self::Act => "act",
            Self::Page => "page",
            Self::Tell => "tell",
            Self::Archive => "archive",
            Self::Sweep => "sweep",
            Self::Probe => "probe",
        }
    }
}

impl FromStr for Function {
    type Err = NoSuchFunction;

    fn from_str(name: &str) -> Result<Self, NoSuchFunction> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or_else(|| NoSuchFunction(name.into()))
    }
}

/// The handler names none of our functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchFunction(String);

impl std::error::Error for NoSuchFunction {}

impl fmt::Display for NoSuchFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Function::ALL.map(Function::name).join(", ");
        write!(f, "there is no function `{}`: set the handler to one of {names}", self.0)
    }
}

/// Starts the log: one JSON object a line, which CloudWatch can be asked about by field.
pub fn log() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_max_level(tracing::Level::INFO)
        .init();
}

/// Serves one function's invocations for as long as its environment lives.
pub async fn run(function: Function, ground: Ground) -> Result<(), Error> {
    match function {
        Function::UptimeWebhook => Box::pin(webhook::run(ground)).await,
        Function::Relay => Box::pin(relay::run(ground)).await,
        Function::Hear => Box::pin(hear::run(ground)).await,
        Function::Callbacks => Box::pin(callbacks::run(ground)).await,
        Function::Status => Box::pin(status::run(ground)).await,
        Function::Act => Box::pin(lane::run(ground, Lane::Act)).await,
        Function::Page => Box::pin(lane::run(ground, Lane::Page)).await,
        Function::Tell => Box::pin(lane::run(ground, Lane::Tell)).await,
        Function::Archive => Box::pin(lane::run(ground, Lane::Archive)).await,
        Function::Sweep => Box::pin(sweep::run(ground)).await,
        Function::Probe => Box::pin(probe::run(ground)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::Function;

    #[test]
    fn a_handler_names_its_function_and_a_wrong_one_is_told_the_right_ones() {
        for function in Function::ALL {
            assert_eq!(function.name().parse(), Ok(function));
        }
        let wrong = "upload".parse::<Function>().unwrap_err().to_string();
        assert!(
            wrong.contains("no function `upload`") && wrong.contains("uptime-webhook"),
            "{wrong}"
        );
    }
}
