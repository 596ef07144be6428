//! A cluster of routing controls: five endpoints over one state, each of which can fail by itself.
//!
//! Its one safety rule is an assertion: of the guarded controls, at least one stays on.

use std::collections::BTreeMap;
use std::io::Result;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Bell;
use super::http::{Server, lost};

/// Endpoints of a cluster.
pub const ENDPOINTS: usize = 5;

/// A running cluster and the handle to it; it stops with its last clone.
#[derive(Clone, Debug)]
pub struct Cluster {
    shared: Arc<Mutex<State>>,
    servers: Arc<[Server; ENDPOINTS]>,
}

/// How an endpoint is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Endpoint {
    /// It answers.
    #[default]
    Up,
    /// It answers that it is temporarily unavailable.
    Unavailable,
    /// Its connections break without an answer.
    Broken,
    /// It takes the call, does it, and its answer is lost.
    Mute,
}

#[derive(Debug, Default)]
struct State {
    /// Whether each control is on, by ARN.
    controls: BTreeMap<String, bool>,
    /// Controls of which at least one must stay on, and the ARN of the rule that says so.
    guarded: Option<(String, Vec<String>)>,
    endpoints: [Endpoint; ENDPOINTS],
    /// Which endpoint was asked what, in their order.
    calls: Vec<(usize, String)>,
    bells: Vec<Bell>,
    latency: Duration,
    dark: u32,
}

/// One endpoint of the cluster: what its server knows.
type Place = (usize, Arc<Mutex<State>>);

impl Cluster {
    /// Starts five endpoints, without controls.
    pub async fn start() -> Result<Self> {
        let shared = Arc::new(Mutex::new(State::default()));
        let start = |place| {
            Server::start(Router::new().fallback(serve).with_state((place, shared.clone())))
        };
        let servers =
            [start(0).await?, start(1).await?, start(2).await?, start(3).await?, start(4).await?];
        Ok(Self { shared, servers: Arc::new(servers) })
    }

    /// The base URLs of the endpoints.
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(|server| format!("http://{}", server.address)).collect()
    }

    /// Makes a routing control, and tells its ARN.
    pub fn add_control(&self, name: &str, on: bool) -> String {
        let arn = format!("{PANEL}/routingcontrol/{name}");
        lock(&self.shared).controls.insert(arn.clone(), on);
        arn
    }

    /// Keeps at least one of these on, unless the rule's ARN, which this tells, is overridden.
    pub fn keep_one_on(&self, arns: &[&str]) -> String {
        let rule = format!("{PANEL}/safetyrule/at-least-one");
        let arns = arns.iter().map(ToString::to_string).collect();
        lock(&self.shared).guarded = Some((rule.clone(), arns));
        rule
    }

    /// Whether a control is on.
    pub fn is_on(&self, arn: &str) -> bool {
        lock(&self.shared).controls.get(arn) == Some(&true)
    }

    /// Makes an endpoint fail, or answer again.
    pub fn set_endpoint(&self, place: usize, how: Endpoint) {
        lock(&self.shared).endpoints[place] = how;
    }

    /// How often a call left no control on: traffic would have nowhere to go.
    pub fn dark(&self) -> u32 {
        lock(&self.shared).dark
    }

    /// Which endpoint was asked for what, in their order.
    pub fn calls(&self) -> Vec<(usize, String)> {
        lock(&self.shared).calls.clone()
    }

    /// How long each call takes from now on.
    pub fn latency(&self, each: Duration) {
        lock(&self.shared).latency = each;
    }

    /// Rings a bell whenever a control is switched.
    pub fn ring_on_change(&self, bell: Bell) {
        lock(&self.shared).bells.push(bell);
    }
}

/// The control panel of every control here.
const PANEL: &str = "arn:aws:route53-recovery-control::111122223333:controlpanel/standin";

fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A refusal: the HTTP status, the exception and its message.
type Refusal = (u16, &'static str, &'static str);

async fn serve(
    Extract((place, shared)): Extract<Place>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let latency = lock(&shared).latency;
    sleep(latency).await;
    let mut state = lock(&shared);
    state.calls.push((place, operation.clone()));
    let asked = serde_json::from_str(&body).unwrap_or(Value::Null);
    match state.endpoints[place] {
        Endpoint::Up => answer(state.perform(&operation, &asked)),
        Endpoint::Unavailable => answer(Err((
            503,
            "EndpointTemporarilyUnavailableException",
            "try another of the cluster's endpoints",
        ))),
        Endpoint::Broken => lost(),
        Endpoint::Mute => {
            drop(state.perform(&operation, &asked));
            lost()
        }
    }
}

impl State {
    fn perform(&mut self, operation: &str, asked: &Value) -> std::result::Result<Value, Refusal> {
        match operation {
            "GetRoutingControlState" => {
                let arn = asked["RoutingControlArn"].as_str().unwrap_or_default();
                self.control(arn)
            }
            "ListRoutingControls" => {
                let arns = self.controls.keys().filter_map(|arn| self.control(arn).ok());
                Ok(json!({ "RoutingControls": arns.collect::<Vec<_>>() }))
            }
            "UpdateRoutingControlState" => self.update(std::slice::from_ref(asked), asked),
            "UpdateRoutingControlStates" => {
                let entries = asked["UpdateRoutingControlStateEntries"].as_array();
                let entries = entries.filter(|entries| !entries.is_empty());
                let none = (400, "ValidationException", "there is nothing to update");
                self.update(entries.ok_or(none)?, asked)
            }
            _ => Err((400, "UnknownOperationException", "no such operation")),
        }
    }

    fn control(&self, arn: &str) -> std::result::Result<Value, Refusal> {
        let on = self.controls.get(arn).ok_or(NO_CONTROL)?;
        let name = arn.rsplit('/').next().unwrap_or_default();
        Ok(json!({
            "ControlPanelArn": PANEL,
            "RoutingControlArn": arn,
            "RoutingControlName": name,
            "RoutingControlState": if *on { "On" } else { "Off" },
        }))
    }

    /// Switches all of the entries or none.
    fn update(&mut self, entries: &[Value], asked: &Value) -> std::result::Result<Value, Refusal> {
        let mut after = self.controls.clone();
        for entry in entries {
            let arn = entry["RoutingControlArn"].as_str().unwrap_or_default();
            let on = match entry["RoutingControlState"].as_str() {
                Some("On") => true,
                Some("Off") => false,
                _ => return Err((400, "ValidationException", "the state is On or Off")),
            };
            *after.get_mut(arn).ok_or(NO_CONTROL)? = on;
        }
        let overridden = asked["SafetyRulesToOverride"].as_array().into_iter().flatten();
        let overridden: Vec<_> = overridden.filter_map(Value::as_str).collect();
        if self.breaks_the_rule(&after, &overridden) {
            return Err((409, "ConflictException", "the safety rule wants at least one on"));
        }
        self.controls = after;
        self.dark += u32::from(self.controls.values().all(|on| !on));
        self.bells.iter().for_each(Bell::ring);
        Ok(json!({}))
    }

    fn breaks_the_rule(&self, after: &BTreeMap<String, bool>, overridden: &[&str]) -> bool {
        let Some((rule, arns)) = &self.guarded else { return false };
        let on = arns.iter().any(|arn| after.get(arn) == Some(&true));
        !on && !overridden.contains(&rule.as_str())
    }
}

const NO_CONTROL: Refusal = (404, "ResourceNotFoundException", "there is no such routing control");

fn answer(outcome: std::result::Result<Value, Refusal>) -> Response {
    let (status, body) = match outcome {
        Ok(value) => (200, value),
        Err((status, code, message)) => (status, json!({ "__type": code, "message": message })),
    };
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0");
    response.body(Body::from(body.to_string())).unwrap_or_else(|_| lost())
}
