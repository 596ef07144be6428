//! A service outside that expects a sign of life every minute: it counts them, and takes them by GET alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::http::Server;

/// The service; it stops when it is dropped.
pub struct Outside {
    heard: Arc<AtomicUsize>,
    http: Server,
}

impl Outside {
    /// Starts on a free port of this machine.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start() -> std::io::Result<Self> {
        let heard = Arc::<AtomicUsize>::default();
        let router = Router::new().route("/ping/{secret}", get(hear)).with_state(heard.clone());
        Ok(Self { heard, http: Server::start(router).await? })
    }

    /// The address to be told.
    pub fn address(&self) -> String {
        format!("http://{}/ping/only-we-know", self.http.address)
    }

    /// Signs of life so far.
    pub fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

async fn hear(State(heard): State<Arc<AtomicUsize>>) -> &'static str {
    heard.fetch_add(1, Ordering::SeqCst);
    "OK"
}
