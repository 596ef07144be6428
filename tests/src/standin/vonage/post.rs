//! What the stand-in sends us: JSON with a token, and how it judges our answers.

use std::time::Duration;

use axum::http::StatusCode;
use functions::clock;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::time::sleep;

use super::ncco::{self, Action};
use super::{Shared, token};

/// An answer that takes longer is none.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

impl Shared {
    /// Asks what to do. What Vonage would not take is objected to. An empty answer means: nothing more.
    pub(super) async fn ask(&self, url: &str, json: &Value, may_be_empty: bool) -> Vec<Action> {
        let said: Result<(), String> = match self.send(url, json).await {
            Ok((status, _, body)) if status.is_success() && body.is_empty() && may_be_empty => {
                return Vec::new();
            }
            Ok((status, kind, body)) if status.is_success() => match ncco::read(&body) {
                _ if !kind.starts_with("application/json") => Err(format!("is {kind}, not JSON")),
                Ok(actions) => return actions,
                Err(why) => Err(format!("{why}: {body}")),
            },
            Ok((status, _, body)) => Err(format!("answers {status}: {body}")),
            Err(why) => Err(why),
        };
        self.phones.object(format!("vonage: {url} {}", said.err().unwrap_or_default()));
        Vec::new()
    }

    /// Tells us of a state.
    pub(super) async fn tell(&self, url: &str, json: &Value) {
        let post = self.lock().post;
        if post.lost || self.lock().down {
            return;
        }
        sleep(post.late).await;
        for _ in 0..=u8::from(post.twice) {
            match self.send(url, json).await {
                Ok((status, ..)) if status.is_success() => {}
                Ok((status, _, body)) => {
                    self.phones.object(format!("vonage: {url} answers {status}: {body}"));
                }
                Err(why) => self.phones.object(format!("vonage: {url} {why}")),
            }
        }
    }

    async fn send(&self, url: &str, json: &Value) -> Result<(StatusCode, String, String), String> {
        let body = json.to_string();
        let token = {
            let mut state = self.lock();
            state.tokens += 1;
            let id = format!("token-{}", state.tokens);
            token(&state.secret, &id, clock::now().0 / 1_000, body.as_bytes())
        };
        let request =
            self.client.post(self.lock().behind(url)).timeout(ANSWER_WITHIN).bearer_auth(token);
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let (status, kind) = (answer.status(), kind.unwrap_or_default().to_owned());
        Ok((status, kind, answer.text().await.map_err(|error| error.to_string())?))
    }
}
