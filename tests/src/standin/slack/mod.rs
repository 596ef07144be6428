//! A strict stand-in for Slack: the Web API that we call, the requests and envelopes that Slack sends us, and a small
//! workspace behind both.
//!
//! It refuses what Slack refuses: tokens without the scope, blocks beyond their limits, triggers that are used up,
//! `response_url`s that are spent. It is stricter than Slack in one thing: a message with blocks needs a text too, since
//! screen readers and notifications show nothing else. Slack's own clients judge it, in `referee_slack`.
//!
//! Deliberately absent: files, canvases, user groups, threads broadcast to their channel, and any page for people.

mod answer;
pub mod blocks;
mod calls;
mod click;
mod deliver;
mod door;
mod elements;
mod events;
mod faults;
mod hooks;
mod methods;
mod rules;
mod sign;
mod socket;
mod state;
mod views;
mod workspace;

use std::io::{Error, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{any, post};
use functions::http::{self, Roots};

use super::http::Server;

pub use calls::{Call, Outcome};
pub use deliver::{Delivery, Header, Kind, Reply};
pub use faults::{Fault, Faults};
pub use sign::signature;
pub use socket::Ack;
pub use state::{State, Token};
pub use views::View;
pub use workspace::{Channel, Edit, Ephemeral, Message, User};

/// The bot's token.
pub const BOT_TOKEN: &str = "xoxb-only-tests-know-it";
/// The app's own token, for Socket Mode.
pub const APP_TOKEN: &str = "xapp-only-tests-know-it";
/// What requests to us are signed with.
pub const SIGNING_SECRET: &str = "a-signing-secret-that-only-tests-know";
/// The app.
pub const APP: &str = "A0ALLCLEAR";
/// The workspace.
pub const TEAM: &str = "T0ALLCLEAR";
/// The bot as a user.
pub const BOT_USER: &str = "U0BOT";
/// The bot as a bot.
pub const BOT: &str = "B0BOT";
/// People: two of the plan, and a stranger.
pub const ADA: &str = "U0ADA";
/// The second of them.
pub const BEN: &str = "U0BEN";
/// Nobody in the plan knows her.
pub const STRANGER: &str = "U0STRANGER";
/// `#general`, where the bot is no member.
pub const GENERAL: &str = "C0GENERAL";
/// `#incidents`, where it is.
pub const INCIDENTS: &str = "C0INCIDENTS";

/// The stand-in; it stops when it is dropped.
pub struct Slack {
    state: Shared,
    http: Server,
    sockets: socket::Sockets,
    client: reqwest::Client,
}

/// What every part of it knows.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    /// The state, for a moment. A test that panicked while it held it must not hide its own message.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slack {
    /// Starts on free ports of this machine, with the workspace of this module's constants.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start() -> Result<Self> {
        let state = Shared::default();
        let sockets = socket::Sockets::start(state.clone()).await?;
        let router = Router::new()
            .route("/api/{method}", any(door::call))
            .route("/response/{id}", post(hooks::respond))
            .with_state(state.clone());
        let http = Server::start(router).await?;
        state.lock().url = format!("http://{}", http.address);
        state.lock().socket_url = sockets.url();
        let client = http::client(&Roots::default()).map_err(Error::other)?;
        Ok(Self { state, http, sockets, client })
    }

    /// What methods are below, without a slash at its end: `{api_url}/chat.postMessage`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api", self.http.address)
    }

    /// Changes what it does, or looks at what it did. Let go of it before anything else is asked of the stand-in: it waits.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The methods that were called and not refused, in order.
    pub fn done(&self) -> Vec<String> {
        let state = self.state();
        let done = state.calls.iter().filter(|call| call.outcome == Outcome::Done);
        done.map(|call| call.method.clone()).collect()
    }

    /// Goes down: every call is answered with 503, sockets are cut, nothing is sent.
    pub fn goes_down(&self) {
        self.state().down = true;
        self.cut();
    }

    /// Is back, with everything it knew.
    pub fn is_back(&self) {
        self.state().down = false;
    }
}
