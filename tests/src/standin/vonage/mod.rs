//! A strict stand-in for Vonage: calls and messages by REST under RS256 tokens, the life of each, and signed webhooks.
//!
//! It refuses what Vonage refuses, the fourth call in a second included, and it is stricter in what it takes from us: an
//! unknown field, speech that a key can't interrupt, an answer webhook by GET, which would sign no body.
//!
//! Deliberately absent: inbound calls, transfers, conversations, and every price.

mod api;
mod life;
pub mod ncco;
mod post;
mod sign;
mod state;

use std::io::{Error, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{get, post as posted};
use functions::http::{self, Roots};
use serde_json::json;

use super::http::Server;
use super::phones::{Lines, Phones};

pub use sign::token;
pub use state::{Resource, State};

/// The application.
pub const APPLICATION: &str = "78d335fa-323d-0114-9c3d-d6f0d48968cf";
/// Its private key, which only tests know.
pub const PRIVATE_KEY: &str = include_str!("key.pem");
/// What webhooks are signed with.
pub const SECRET: &str = "a-signature-secret-that-only-tests-know";
/// Its number, without the plus.
pub const FROM: &str = "12025550191";
/// How it is called among the phones.
const NAME: &str = "vonage";

/// The stand-in; it stops when it is dropped.
pub struct Vonage {
    shared: Shared,
    http: Server,
}

/// What every part of it knows.
#[derive(Clone)]
struct Shared {
    state: Arc<Mutex<State>>,
    phones: Lines,
    client: reqwest::Client,
}

impl Shared {
    /// The state, for a moment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vonage {
    /// Starts on a free port of this machine and calls these phones.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start(phones: &Phones) -> Result<Self> {
        let client = http::client(&Roots::default()).map_err(Error::other)?;
        let state = Arc::default();
        let shared = Shared { state, phones: phones.lines.clone(), client };
        let router = Router::new()
            .route("/v1/{kind}", posted(api::create))
            .route("/v1/calls/{id}", get(api::fetch))
            .with_state(shared.clone());
        Ok(Self { shared, http: Server::start(router).await? })
    }

    /// Where the REST interface is, without a slash at its end.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.http.address)
    }

    /// Changes what it does, or looks at what it did. Let go of it before anything else is asked of the stand-in.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    /// Somebody writes to our number: brings it to `url`. An answer would come as a message of its own.
    pub async fn writes(&self, from: &str, text: &str, url: &str) {
        let id = format!("bbbbbbbb-bbbb-4ccc-8ddd-{:012x}", text.len());
        let json = json!({"message_uuid": id, "to": FROM, "from": from.trim_start_matches('+'),
            "timestamp": "2026-11-25T03:04:05.678Z", "channel": "sms", "message_type": "text",
            "text": text});
        self.shared.tell(url, &json).await;
    }
}
