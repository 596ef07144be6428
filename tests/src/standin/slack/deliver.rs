//! What Slack sends us over HTTP, signed as it signs; and what it makes of our reply.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::Refusal;
use super::blocks::Surface;
use super::methods::checked;
use super::state::{ResponseUrl, State};
use super::{Slack, sign};

/// Slack waits this long for us, over HTTP and over sockets.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// One second more than anybody may accept.
const STALE_SECS: i64 = 301;
/// The same ahead of time, and as much again as it may take on its way: it grows younger there.
const EARLY_SECS: i64 = 360;

/// What is delivered, which decides how and where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A slash command: a form, to `/slack/commands`.
    Command,
    /// A click, a submission, a shortcut: a form with JSON in `payload`, to `/slack/interactions`.
    Interaction,
    /// Something that happened: JSON, to `/slack/events`.
    Event,
}

/// A header that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// `X-Slack-Signature`.
    Signature,
    /// `X-Slack-Request-Timestamp`.
    Timestamp,
}

/// A request to us. It is the same each time it is sent: sent again it is a replay, byte for byte.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What it is.
    pub kind: Kind,
    /// What it says.
    pub payload: Value,
    /// When it is signed, in seconds since 1970.
    pub signed_at: i64,
    secret: String,
    missing: Option<Header>,
    tampered: bool,
    retry: Option<(u32, &'static str)>,
}

impl Delivery {
    pub(super) fn new(state: &State, kind: Kind, payload: Value) -> Self {
        let (signed_at, secret) = (state.now() / 1_000, state.signing_secret.clone());
        Self { kind, payload, signed_at, secret, missing: None, tampered: false, retry: None }
    }

    /// Signed with another secret.
    pub fn signed_with(mut self, secret: &str) -> Self {
        self.secret = secret.into();
        self
    }

    /// Signed at this time, in seconds since 1970.
    pub fn signed_at(mut self, seconds: i64) -> Self {
        self.signed_at = seconds;
        self
    }

    /// Signed a second too long ago.
    pub fn stale(mut self) -> Self {
        self.signed_at -= STALE_SECS;
        self
    }

    /// Signed too far ahead.
    pub fn early(mut self) -> Self {
        self.signed_at += EARLY_SECS;
        self
    }

    /// Without this header.
    pub fn without(mut self, header: Header) -> Self {
        self.missing = Some(header);
        self
    }

    /// With a byte more than was signed.
    pub fn tampered(mut self) -> Self {
        self.tampered = true;
        self
    }

    /// As Slack's `number`th repeat of an event, with its reason, such as `http_timeout`.
    pub fn retried(mut self, number: u32, reason: &'static str) -> Self {
        self.retry = Some((number, reason));
        self
    }

    /// The trigger that it carries, good for 3 s and one window.
    pub fn trigger_id(&self) -> Option<&str> {
        self.payload["trigger_id"].as_str()
    }

    /// Where late answers go.
    pub fn response_url(&self) -> Option<&str> {
        self.payload["response_url"].as_str()
    }

    pub(super) fn retry(&self) -> Option<(u32, &'static str)> {
        self.retry
    }

    /// The path it is posted to.
    pub fn path(&self) -> &'static str {
        match self.kind {
            Kind::Command => "/slack/commands",
            Kind::Interaction => "/slack/interactions",
            Kind::Event => "/slack/events",
        }
    }

    /// The body, as it is signed.
    pub fn body(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        match self.kind {
            Kind::Event => return self.payload.to_string(),
            Kind::Interaction => form.append_pair("payload", &self.payload.to_string()),
            Kind::Command => {
                let fields = self.payload.as_object().into_iter().flatten();
                form.extend_pairs(
                    fields.map(|(name, value)| (name, value.as_str().unwrap_or_default())),
                )
            }
        };
        form.finish()
    }

    fn content_type(&self) -> &'static str {
        match self.kind {
            Kind::Event => "application/json",
            Kind::Command | Kind::Interaction => "application/x-www-form-urlencoded",
        }
    }

    fn request(&self, client: &reqwest::Client, base: &str) -> RequestBuilder {
        let mut body = self.body();
        let signature = sign::signature(&self.secret, self.signed_at, body.as_bytes());
        let url = format!("{}{}", base.trim_end_matches('/'), self.path());
        let mut request = client.post(url).timeout(PATIENCE);
        request = request.header("content-type", self.content_type());
        request = request.header("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)");
        if self.missing != Some(Header::Signature) {
            request = request.header("x-slack-signature", signature);
        }
        if self.missing != Some(Header::Timestamp) {
            request = request.header("x-slack-request-timestamp", self.signed_at);
        }
        if let Some((number, reason)) = self.retry {
            request = request.header("x-slack-retry-num", number);
            request = request.header("x-slack-retry-reason", reason);
        }
        if self.tampered {
            body.push('&');
        }
        request.body(body)
    }
}

/// Our reply to a delivery.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// How long it took.
    pub took: Duration,
    /// What Slack has against the body, if it has.
    pub objection: Option<String>,
}

impl Reply {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl Slack {
    /// Posts to the program whose paths are below `base`, and shows people what it replies.
    ///
    /// # Errors
    /// `TimedOut` when there is no reply in 3 s, which people see as `operation_timeout`; `ConnectionRefused` when there is
    /// no connection, or this stand-in is down.
    pub async fn send(&self, delivery: &Delivery, base: &str) -> Result<Reply> {
        if self.state().down {
            return Err(Error::new(ErrorKind::ConnectionRefused, "Slack is down"));
        }
        let begun = Instant::now();
        let failed = |error: reqwest::Error| {
            let late = error.is_timeout();
            let kind = if late { ErrorKind::TimedOut } else { ErrorKind::ConnectionRefused };
            Error::new(kind, error)
        };
        let response = delivery.request(&self.client, base).send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let body = response.text().await.map_err(failed)?;
        let took = begun.elapsed();
        let said = serde_json::from_str(&body).unwrap_or_else(|_| json!({"text": body}));
        let said = if body.is_empty() { Value::Null } else { said };
        let shown = if status == 200 { self.state().replied(delivery, &said) } else { Ok(()) };
        let objection = shown.err().map(|refusal| format!("{}: {}", refusal.error, refusal.more));
        Ok(Reply { status, body, took, objection })
    }

    /// Posts the same twice at the same time, as a double click or a repeat does.
    ///
    /// # Errors
    /// As [`Slack::send`], for the first that fails.
    pub async fn send_twice(&self, delivery: &Delivery, base: &str) -> Result<[Reply; 2]> {
        let (first, second) = tokio::join!(self.send(delivery, base), self.send(delivery, base));
        Ok([first?, second?])
    }
}

impl State {
    /// Shows what stands in our reply, or in the payload of our acknowledgement.
    pub(super) fn replied(
        &mut self,
        delivery: &Delivery,
        said: &Value,
    ) -> std::result::Result<(), Refusal> {
        let payload = &delivery.payload;
        match (delivery.kind, payload["type"].as_str()) {
            (Kind::Command, _) if !said.is_null() => {
                let to = ResponseUrl {
                    channel: text(&payload["channel_id"]),
                    user: text(&payload["user_id"]),
                    ts: None,
                    at: self.now(),
                    posts: 0,
                };
                self.answered(&to, said, "reply")
            }
            (Kind::Interaction, Some("view_submission")) => {
                self.submitted(&text(&payload["view"]["id"]), said)
            }
            (Kind::Event, Some("url_verification")) => {
                let challenge = &payload["challenge"];
                let told = said["challenge"] == *challenge || said["text"] == *challenge;
                if told { Ok(()) } else { Err("challenge_failed".into()) }
            }
            _ => Ok(()),
        }
    }

    /// A submitted view closes, unless the reply asks for something else.
    fn submitted(&mut self, id: &str, said: &Value) -> std::result::Result<(), Refusal> {
        let user = self.views.get(id).map(|view| view.user.clone()).ok_or("not_found")?;
        match said["response_action"].as_str() {
            Some("errors") if said["errors"].as_object().is_some_and(|it| !it.is_empty()) => {
                let view = &self.views[id].content;
                let blocks = view["blocks"].as_array();
                let known = |name: &String| {
                    blocks
                        .into_iter()
                        .flatten()
                        .any(|block| block["block_id"] == **name && block["type"] == "input")
                };
                let all = said["errors"].as_object().is_some_and(|errors| errors.keys().all(known));
                if all { Ok(()) } else { Err("errors_name_no_input".into()) }
            }
            Some(action @ ("update" | "push")) => {
                let content = checked(said["view"].clone(), Surface::Modal)?;
                match self.views.get_mut(id) {
                    Some(view) if action == "update" => view.change(content),
                    _ => drop(self.show(&user, content, Some(id.into())).id.clone()),
                }
                Ok(())
            }
            Some("clear") => {
                self.views.values_mut().filter(|view| view.user == user).for_each(close_modal);
                Ok(())
            }
            None if said.is_null() || *said == json!({}) => {
                self.views.get_mut(id).into_iter().for_each(close_modal);
                Ok(())
            }
            _ => Err("invalid_response_action".into()),
        }
    }
}

fn close_modal(view: &mut super::View) {
    view.open = view.content["type"] == "home";
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}
