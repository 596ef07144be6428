//! A strict stand-in for Vercel's API, and a small site that follows its production.
//!
//! It accepts a change at once and carries it out while it is being watched, as Vercel does; it refuses what Vercel
//! refuses; and it fails on demand. It holds what a rollback can observe and nothing else: no builds, no aliases of their
//! own, no stored state. Vercel's own client judges its replies, in `referee_vercel`; the names that a rollback left
//! behind are the one reply that client never asks for.

mod api;
mod failing;
mod shapes;
mod site;
mod state;

use std::io::{Error, Result};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use functions::http::{self, Roots};
use functions::vendors::vercel::{Patience, Vercel as Hands};
use shared::plan::{Plan, built_in_text, read::read};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use failing::{End, Fault};
pub use state::{Call, Deployed, Request, Site, State, Variable};

/// The token it knows.
pub const TOKEN: &str = "a-token-that-only-tests-know";
/// The project's name; its id is [`PROJECT_ID`].
pub const PROJECT: &str = "concierge-transaction-flow";
/// The project's id.
pub const PROJECT_ID: &str = "prj_9wFq";
/// The project's team.
pub const TEAM: &str = "team_5tKe";

/// The stand-in and its site; both stop when it is dropped.
pub struct Vercel {
    state: Shared,
    api: SocketAddr,
    site: SocketAddr,
    tasks: [JoinHandle<()>; 2],
}

/// What the API and the site both know.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vercel {
    /// Starts on free ports of this machine, with four deployments of which the newest is live.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start() -> Result<Self> {
        let state = Shared::default();
        let (api, answering) = serve(api::router(state.clone())).await?;
        let (site, shown) = serve(site::router(state.clone())).await?;
        Ok(Self { state, api, site, tasks: [answering, shown] })
    }

    /// Where the API is.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.api)
    }

    /// Where the site is, without a slash.
    pub fn site_url(&self) -> String {
        format!("http://{}", self.site)
    }

    /// The built-in plan, with [`TEAM`]'s project and this site behind it.
    pub fn plan(&self) -> Result<Plan> {
        let mut plan = read("plan.toml", built_in_text()).map_err(|mistakes| {
            Error::other(mistakes.iter().map(ToString::to_string).collect::<String>())
        })?;
        plan.hosting.team = Some(TEAM.into());
        let vendor = plan.hosting.vendor.clone();
        for hosted in plan.components.iter_mut().filter(|one| one.vendor == vendor).take(1) {
            hosted.health_url = format!("{}/health", self.site_url());
        }
        Ok(plan)
    }

    /// Changes what it does, or looks at what it did.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The writes it was asked for, in order: the paths without their query.
    pub fn writes(&self) -> Vec<String> {
        let state = self.state();
        let writes = state.calls.iter().filter(|call| call.method == "POST");
        writes.map(|call| call.path.clone()).collect()
    }
}

impl Drop for Vercel {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Hands for a plan, in a hurry, that ask this API with this token.
pub fn hands(plan: Plan, api: &str, token: &str) -> Result<Hands> {
    let read = |name: &str| match name {
        "VERCEL_TOKEN" => Some(token.to_owned()),
        "VERCEL_API_URL" => Some(api.to_owned()),
        _ => None,
    };
    let http = http::client(&Roots::default()).map_err(Error::other)?;
    let hands = Hands::from_environment(plan.into(), http, read);
    let mut hands = hands.ok_or_else(|| Error::other("no token"))?;
    hands.patience = Patience {
        request: Duration::from_secs(4),
        unseen: Duration::from_millis(600),
        site: Duration::from_millis(2_500),
    };
    Ok(hands)
}

async fn serve(router: Router) -> Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = async move {
        let _until_it_is_aborted = axum::serve(listener, router).await;
    };
    Ok((address, tokio::spawn(serving)))
}
