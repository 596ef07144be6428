//! The site: its health names the build that is live, its front page comes from a cache.

use axum::Router;
use axum::extract::State as From;
use axum::http::{HeaderMap, HeaderValue};
use axum::routing::get;
use serde_json::json;

use super::Shared;

/// Age of the front page that was cached before anything happened, in seconds.
const OLD: HeaderValue = HeaderValue::from_static("5000");

pub(super) fn router(state: Shared) -> Router {
    Router::new().route("/", get(front)).route("/health", get(health)).with_state(state)
}

async fn health(From(state): From<Shared>) -> String {
    let mut state = state.lock();
    let live = state.production.clone();
    if state.site.lags == 0 {
        state.site.shown = live;
    }
    state.site.lags = state.site.lags.saturating_sub(1);
    if !state.site.names_build {
        return json!({"status": "ok"}).to_string();
    }
    json!({"status": "ok", "build": state.site.shown}).to_string()
}

async fn front(From(state): From<Shared>) -> (HeaderMap, &'static str) {
    let site = &mut state.lock().site;
    let word = match (site.cached, site.stale) {
        (true, _) => "HIT",
        (false, 0) => "MISS",
        (false, _) => "STALE",
    };
    if !site.cached {
        site.stale = site.stale.saturating_sub(1);
    }
    let mut headers = HeaderMap::new();
    headers.insert("x-vercel-cache", HeaderValue::from_static(word));
    if word != "MISS" {
        headers.insert("age", OLD);
    }
    (headers, "the front page")
}
