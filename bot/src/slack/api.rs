//! Slack's Web API over our one HTTP client: one TLS provider, one pool, one set of roots.
//!
//! Nothing is tried again here, and nothing sleeps: what Slack says of waiting is handed on, so that a busy channel
//! never holds up anything else.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::de::DeserializeOwned;
use slack_morphism::errors::{
    SlackClientApiError, SlackClientError, SlackClientHttpError, SlackClientHttpProtocolError,
    SlackClientProtocolError, SlackClientSystemError, SlackRateLimitError,
};
use slack_morphism::multipart_form::FileMultipartData;
use slack_morphism::prelude::*;
use slack_morphism::{ClientResult, SlackClientApiCallContext, SlackClientHttpConnector};
use url::Url;

use super::Message;

mod channels;

pub use channels::{Found, Told, Written};

/// Where Slack is.
pub const SLACK_API_URL: &str = "https://slack.com/api";
/// The wait where Slack says "too many" and not for how long.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// What came of a call that did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Later, it may be done.
    #[error("{why}")]
    Later {
        /// What stood in the way.
        why: String,
        /// How long Slack wants us to wait.
        after: Duration,
    },
    /// Slack said no, with its code: e.g. `channel_not_found`.
    #[error("Slack says {0}")]
    Never(String),
    /// It may or may not have been done.
    #[error("{0}")]
    Lost(String),
}

/// A message that was posted: its channel and its time, which is its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The channel.
    pub channel: SlackChannelId,
    /// The time.
    pub ts: SlackTs,
}

/// Where something is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The channel.
    pub channel: SlackChannelId,
    /// The message below which, in its thread; none: in the channel itself.
    pub thread: Option<SlackTs>,
}

impl Place {
    /// The channel itself.
    pub fn channel(channel: &SlackChannelId) -> Self {
        Self { channel: channel.clone(), thread: None }
    }
}

/// The Web API with one app's token.
#[derive(Clone, Debug)]
pub struct Api {
    pub(super) client: SlackClient<Connector>,
    pub(super) token: SlackApiToken,
    pub(super) http: reqwest::Client,
    pub(super) url: String,
}

impl Api {
    /// `url` without a slash at its end.
    pub fn new(http: reqwest::Client, url: &str, token: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        let client = SlackClient::new(Connector { http: http.clone(), url: url.clone() });
        Self { client, token: SlackApiToken::new(token.into()), http, url }
    }

    /// Posts a message; `told` goes with it unseen, so that it is known again.
    pub async fn post(
        &self,
        place: &Place,
        message: Message,
        told: &Told,
    ) -> Result<Posted, Trouble> {
        let content = message.content().with_metadata(told.metadata());
        let request = SlackApiChatPostMessageRequest::new(place.channel.clone(), content)
            .opt_thread_ts(place.thread.clone())
            .with_unfurl_links(false);
        let session = self.client.open_session(&self.token);
        let answer = session.chat_post_message(&request).await.map_err(trouble)?;
        Ok(Posted { channel: answer.channel, ts: answer.ts })
    }

    /// Replaces a message.
    pub async fn edit(&self, posted: &Posted, message: Message) -> Result<(), Trouble> {
        let Posted { channel, ts } = posted.clone();
        let request = SlackApiChatUpdateRequest::new(channel, message.content(), ts);
        let session = self.client.open_session(&self.token);
        session.chat_update(&request).await.map(drop).map_err(trouble)
    }

    /// Tells one person in a channel something that nobody else sees.
    pub async fn whisper(
        &self,
        channel: &SlackChannelId,
        user: &SlackUserId,
        message: Message,
    ) -> Result<(), Trouble> {
        let (channel, user) = (channel.clone(), user.clone());
        let request = SlackApiChatPostEphemeralRequest::new(channel, user, message.content());
        let session = self.client.open_session(&self.token);
        session.chat_post_ephemeral(&request).await.map(drop).map_err(trouble)
    }

    /// Opens a form; the trigger lives for three seconds. The form's id, by which it can be changed.
    pub async fn open(
        &self,
        trigger: &SlackTriggerId,
        form: SlackModalView,
    ) -> Result<SlackViewId, Trouble> {
        let request = SlackApiViewsOpenRequest::new(trigger.clone(), SlackView::Modal(form));
        let session = self.client.open_session(&self.token);
        let answer = session.views_open(&request).await.map_err(trouble)?;
        Ok(answer.view.state_params.id)
    }

    /// Puts another form in the place of one that is open.
    pub async fn change(&self, open: SlackViewId, form: SlackModalView) -> Result<(), Trouble> {
        let request = SlackApiViewsUpdateRequest::new(SlackView::Modal(form)).with_view_id(open);
        let session = self.client.open_session(&self.token);
        session.views_update(&request).await.map(drop).map_err(trouble)
    }

    /// Shows a person's home tab.
    pub async fn home(&self, user: &SlackUserId, view: SlackHomeView) -> Result<(), Trouble> {
        let request = SlackApiViewsPublishRequest::new(user.clone(), SlackView::Home(view));
        let session = self.client.open_session(&self.token);
        session.views_publish(&request).await.map(drop).map_err(trouble)
    }

    /// Answers whoever typed or pressed something, and nobody else. At most five times within 30 minutes.
    pub async fn answer(&self, url: &SlackResponseUrl, message: Message) -> Result<(), Trouble> {
        let request =
            SlackApiPostWebhookMessageRequest::new(message.content()).with_replace_original(false);
        self.client.respond_to_event(url, &request).await.map(drop).map_err(trouble)
    }
}

pub(super) fn trouble(error: SlackClientError) -> Trouble {
    match error {
        SlackClientError::RateLimitError(limit) => Trouble::Later {
            why: "Slack wants us to wait".into(),
            after: limit.retry_after.unwrap_or(BUSY_WAIT),
        },
        SlackClientError::ApiError(refusal) => match refusal.code.as_str() {
            "ratelimited"
            | "internal_error"
            | "fatal_error"
            | "service_unavailable"
            | "request_timeout" => Trouble::Later { why: refusal.code, after: BUSY_WAIT },
            _ => Trouble::Never(refusal.code),
        },
        SlackClientError::HttpError(failure) if failure.status_code.is_server_error() => {
            let why = format!("Slack answers HTTP {}", failure.status_code.as_u16());
            Trouble::Later { why, after: BUSY_WAIT }
        }
        SlackClientError::HttpError(failure) => {
            Trouble::Never(format!("HTTP {}", failure.status_code.as_u16()))
        }
        // It never left.
        SlackClientError::SystemError(failure) => {
            let why = failure.message.unwrap_or_else(|| "Slack cannot be reached".into());
            Trouble::Later { why, after: BUSY_WAIT }
        }
        // Their texts hold whole answers, which may hold what is nobody's business.
        SlackClientError::HttpProtocolError(_)
        | SlackClientError::EndOfStream(_)
        | SlackClientError::ProtocolError(_)
        | SlackClientError::SocketModeProtocolError(_) => {
            Trouble::Lost("the answer of Slack was lost".into())
        }
    }
}

/// The same of what our own client says.
pub(super) fn lost(error: reqwest::Error) -> Trouble {
    trouble(unsent(error))
}

/// The client's way to our own.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    http: reqwest::Client,
    url: String,
}

impl Connector {
    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> ClientResult<T> {
        let answer = request.send().await.map_err(unsent)?;
        let status = answer.status();
        let wait = answer.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
        let is_json = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| {
            kind.to_str().is_ok_and(|kind| kind.starts_with("application/json"))
        });
        let body = answer.text().await.map_err(unsent)?;
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                let limit =
                    SlackRateLimitError::new().opt_retry_after(wait.map(Duration::from_secs));
                Err(SlackClientError::RateLimitError(limit))
            }
            StatusCode::OK if is_json => said(&body),
            // A response URL answers `ok`.
            StatusCode::OK | StatusCode::NO_CONTENT => read("{}"),
            other => Err(SlackClientError::HttpError(SlackClientHttpError::new(other))),
        }
    }
}

/// What Slack says: `ok` or an error's code.
fn said<T: DeserializeOwned>(body: &str) -> ClientResult<T> {
    let envelope: SlackEnvelopeMessage = read(body)?;
    match envelope.error {
        Some(code) => Err(SlackClientError::ApiError(SlackClientApiError::new(code))),
        None => read(body),
    }
}

fn read<T: DeserializeOwned>(body: &str) -> ClientResult<T> {
    serde_json::from_str(body)
        .map_err(|error| SlackClientError::ProtocolError(SlackClientProtocolError::new(error)))
}

/// What never left is told apart from what may have arrived.
fn unsent(error: reqwest::Error) -> SlackClientError {
    if error.is_connect() || error.is_builder() {
        let why = "Slack cannot be reached".to_owned();
        return SlackClientError::SystemError(SlackClientSystemError::new().with_message(why));
    }
    let cause: Box<dyn std::error::Error + Send + Sync> = error.without_url().into();
    SlackClientError::HttpProtocolError(SlackClientHttpProtocolError::new().with_cause(cause))
}

/// What this face never asks for.
fn unasked<T>() -> ClientResult<T> {
    let why = "the bot asks for no such thing".to_owned();
    Err(SlackClientError::SystemError(SlackClientSystemError::new().with_message(why)))
}

fn authorized(
    request: reqwest::RequestBuilder,
    context: &SlackClientApiCallContext,
) -> reqwest::RequestBuilder {
    match context.token {
        Some(token) => request.bearer_auth(&token.token_value.0),
        None => request,
    }
}

impl SlackClientHttpConnector for Connector {
    fn create_method_uri_path(&self, method: &str) -> ClientResult<Url> {
        Ok(format!("{}/{method}", self.url).parse()?)
    }

    fn http_get_uri<'a, RS>(
        &'a self,
        uri: Url,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        let request = authorized(self.http.get(uri), &context);
        async move { self.send(request).await }.boxed()
    }

    fn http_get_with_client_secret<'a, RS>(
        &'a self,
        _: Url,
        _: &'a SlackClientId,
        _: &'a SlackClientSecret,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        async { unasked() }.boxed()
    }

    fn http_post_uri<'a, RQ, RS>(
        &'a self,
        uri: Url,
        body: &'a RQ,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RQ: serde::ser::Serialize + Send + Sync,
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        let request = serde_json::to_vec(body).map(|json| {
            let request = self.http.post(uri).body(json);
            authorized(request, &context).header(CONTENT_TYPE, "application/json; charset=utf-8")
        });
        async move {
            match request {
                Ok(request) => self.send(request).await,
                Err(error) => {
                    Err(SlackClientError::ProtocolError(SlackClientProtocolError::new(error)))
                }
            }
        }
        .boxed()
    }

    fn http_post_uri_multipart_form<'a, 'p, RS, PT, TS>(
        &'a self,
        _: Url,
        _: Option<FileMultipartData<'p>>,
        _: &'p PT,
        _: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
        PT: IntoIterator<Item = (&'p str, Option<TS>)> + Clone,
        TS: AsRef<str> + 'p + Send,
    {
        async { unasked() }.boxed()
    }

    fn http_post_uri_binary<'a, 'p, RS>(
        &'a self,
        _: Url,
        _: String,
        _: &'a [u8],
        _: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        async { unasked() }.boxed()
    }
}
