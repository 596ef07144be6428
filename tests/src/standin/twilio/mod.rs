//! A strict stand-in for Twilio: calls and messages by REST, the life of each, and signed requests to us.
//!
//! It refuses what Twilio refuses, and it is stricter in what it takes from us: an unknown field, an answer that is no
//! TwiML, speech outside of the `<Gather>` that waits for a key. Twilio's own library judges its signatures, in
//! `referee_twilio`.
//!
//! Deliberately absent: inbound calls, media, subaccounts, and every price.

mod api;
mod life;
mod post;
mod sign;
mod state;
pub mod twiml;

use std::io::{Error, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{get, post as posted};
use functions::http::{self, Roots};

use super::http::Server;
use super::phones::{Lines, Phones};

pub use sign::signature;
pub use state::{Post, Resource, State};
use twiml::Verb;

/// The account.
pub const ACCOUNT: &str = "AC0000000000000000000000000000a11c";
/// Its token.
pub const TOKEN: &str = "a-twilio-token-that-only-tests-know";
/// Its number.
pub const FROM: &str = "+12025550190";
/// How it is called among the phones.
const NAME: &str = "twilio";

/// The stand-in; it stops when it is dropped.
pub struct Twilio {
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

impl Twilio {
    /// Starts on a free port of this machine and calls these phones.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start(phones: &Phones) -> Result<Self> {
        let client = http::client(&Roots::default()).map_err(Error::other)?;
        let state = Arc::default();
        let shared = Shared { state, phones: phones.lines.clone(), client };
        let router = Router::new()
            .route("/2010-04-01/Accounts/{account}/{kind}", posted(api::create))
            .route("/2010-04-01/Accounts/{account}/{kind}/{file}", get(api::fetch))
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

    /// Somebody writes to our number: brings it to `url`, and the answers to their phone. Answers with them.
    pub async fn writes(&self, from: &str, body: &str, url: &str) -> Vec<String> {
        let sid = format!("SM{:032x}", 0xf00d + body.len());
        let form = post::form(&[
            ("MessageSid", &sid),
            ("SmsSid", &sid),
            ("SmsMessageSid", &sid),
            ("From", from),
            ("To", FROM),
            ("Body", body),
            ("NumMedia", "0"),
        ]);
        let verbs = self.shared.ask(url, &form).await.unwrap_or_default();
        let replies = verbs.into_iter().filter_map(|verb| match verb {
            Verb::Message(text) => Some(text),
            _ => None,
        });
        let replies: Vec<String> = replies.collect();
        for text in &replies {
            self.shared.phones.text(from, NAME, text);
        }
        replies
    }
}
