//! A strict stand-in for Supabase's Management API: how one project is set up, and its own backups.
//!
//! It answers in the documented shapes, only whoever has the token, and 60 times a minute; it holds no database.

use std::collections::BTreeMap;
use std::io::Result;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State as From};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use serde_json::{Value, json};

use super::http::{Server, json as answer};

/// The token it knows.
pub const TOKEN: &str = "sbp_only_tests_know_this";
/// The project: twenty small letters.
pub const PROJECT: &str = "abcdefghijklmnopqrst";

/// A running stand-in; it stops when it is dropped.
#[derive(Debug)]
pub struct Supabase {
    shared: Shared,
    server: Server,
}

type Shared = Arc<Mutex<State>>;

/// What tests may set or look at.
#[derive(Debug)]
pub struct State {
    /// What is answered, by the path below the project; what is not here is not on the project's plan.
    pub settings: BTreeMap<String, Value>,
    /// The project's own backups, as `GET …/database/backups` tells them.
    pub backups: Value,
    /// Every read fails with this status.
    pub fails: Option<u16>,
    /// Methods and paths below the project, in order, with their bodies.
    pub calls: Vec<(String, String, Value)>,
}

impl Default for State {
    fn default() -> Self {
        let all = [
            (
                "",
                json!({"ref": PROJECT, "name": "ours", "region": "us-west-1", "status": "ACTIVE_HEALTHY",
                "database": {"host": "db.example", "version": "15.8.1.60", "postgres_engine": "15", "release_channel": "ga"}}),
            ),
            (
                "config/auth",
                json!({"site_url": "https://app.example", "jwt_exp": 3600, "disable_signup": false}),
            ),
            (
                "config/storage",
                json!({"fileSizeLimit": 52_428_800, "features": {"s3Protocol": {"enabled": true}}}),
            ),
            ("config/database/postgres", json!({"max_connections": 60})),
            (
                "storage/buckets",
                json!([{"id": "avatars", "name": "avatars", "owner": "", "public": true}]),
            ),
            ("secrets", json!([{"name": "MAIL_KEY", "value": "5f8c…digest"}])),
            ("functions", json!([])),
        ];
        Self {
            settings: all.into_iter().map(|(path, it)| (path.to_owned(), it)).collect(),
            backups: json!({"region": "us-west-1", "walg_enabled": true, "pitr_enabled": false, "backups": [],
                "physical_backup_data": {}}),
            fails: None,
            calls: vec![],
        }
    }
}

impl Supabase {
    /// Starts it on a port of its own.
    pub async fn start() -> Result<Self> {
        let shared = Shared::default();
        let router = Router::new()
            .route("/v1/projects/{project}", any(at_the_top))
            .route("/v1/projects/{project}/{*path}", any(below))
            .with_state(Arc::clone(&shared));
        Ok(Self { shared, server: Server::start(router).await? })
    }

    /// Where the API is.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Changes what it does, or looks at what it did.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared)
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn at_the_top(
    state: From<Shared>,
    Path(project): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    below(state, Path((project, String::new())), method, headers, body).await
}

async fn below(
    From(shared): From<Shared>,
    Path((project, path)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut state = lock(&shared);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    state.calls.push((method.to_string(), path.clone(), body.clone()));
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token != Some(&format!("Bearer {TOKEN}")) {
        return said(401, "Unauthorized");
    }
    if project != PROJECT {
        return said(404, "Project not found");
    }
    if let Some(status) = state.fails {
        return said(status, "Failed to do so");
    }
    match (method.as_str(), path.as_str()) {
        ("GET", "database/backups") => answer(StatusCode::OK, &state.backups),
        ("POST", "database/backups/restore-pitr") => restore(&state, &body),
        ("GET", path) => match state.settings.get(path) {
            Some(found) => answer(StatusCode::OK, found),
            None => said(402, "This feature is not available on the project's plan"),
        },
        _ => said(405, "Method not allowed"),
    }
}

/// Accepts a moment between the first and the last that can be recovered; nothing else.
fn restore(state: &State, body: &Value) -> Response {
    let known = &state.backups["physical_backup_data"];
    let at = |key: &str| known[key].as_i64();
    let first = at("earliest_physical_backup_date_unix");
    let last = at("latest_physical_backup_date_unix");
    let wanted = body["recovery_time_target_unix"].as_i64();
    let (Some(true), Some(first), Some(last), Some(wanted)) =
        (state.backups["pitr_enabled"].as_bool(), first, last, wanted)
    else {
        return said(400, "PITR is not enabled for this project");
    };
    if !(first..=last).contains(&wanted) {
        return said(400, "Recovery time target is out of range");
    }
    answer(StatusCode::CREATED, &Value::Null)
}

fn said(status: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    answer(status, &json!({"message": message}))
}
