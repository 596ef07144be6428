//! Supabase's Management API: how a project is set up, and its own backups.
//!
//! Source: the API description in Supabase's command-line tool. Nothing is tried twice here: 60 requests a minute are
//! all there is. What a plan doesn't include is answered with 402, 403 or 404 and is no failure.

mod backups;
mod settings;

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::Value;

use crate::http::reason;

/// Where the API is, unless `SUPABASE_API_URL` says otherwise.
const API_URL: &str = "https://api.supabase.com";
/// No call takes longer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Most characters of an error that are repeated to people.
const SAID_MAX: usize = 300;

/// One project. It has no `Debug`: it holds a token.
pub struct Supabase {
    base: String,
    token: String,
    project: String,
    http: reqwest::Client,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The project doesn't have it: another plan, or switched off.
    Absent(String),
    /// Supabase refused; nothing was done.
    Refused(String),
    /// Nobody knows: no reply, or one that can't be read.
    Lost(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Absent(why) | Self::Refused(why) | Self::Lost(why)) = self;
        write!(f, "Supabase: {why}")
    }
}

impl Supabase {
    /// The project as the environment has it: `SUPABASE_ACCESS_TOKEN` and `SUPABASE_PROJECT_REF`. `None` without both.
    pub fn from_environment(
        http: reqwest::Client,
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let set =
            |name| read(name).map(|it: String| it.trim().to_owned()).filter(|it| !it.is_empty());
        let base = set("SUPABASE_API_URL").unwrap_or_else(|| API_URL.into());
        let (token, project) = (set("SUPABASE_ACCESS_TOKEN")?, set("SUPABASE_PROJECT_REF")?);
        let is_ref = project.bytes().all(|b| b.is_ascii_lowercase());
        is_ref.then_some(Self { base, token, project, http })
    }

    /// Reads `path` below the project's own.
    async fn get(&self, path: &str) -> Result<Value, Trouble> {
        let request = self.http.get(self.address(path));
        let body = self.answer(request).await?;
        serde_json::from_slice(&body).map_err(|why| Trouble::Lost(format!("{path}: {why}")))
    }

    fn address(&self, path: &str) -> String {
        let base = self.base.trim_end_matches('/');
        let slash = if path.is_empty() { "" } else { "/" };
        format!("{base}/v1/projects/{}{slash}{path}", self.project)
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, Trouble> {
        let mut token = HeaderValue::try_from(format!("Bearer {}", self.token)).map_err(|_| {
            Trouble::Refused("SUPABASE_ACCESS_TOKEN holds characters that no token has".into())
        })?;
        token.set_sensitive(true);
        let sent = request.header(AUTHORIZATION, token).timeout(TIMEOUT).send().await;
        let reply = sent.map_err(|why| Trouble::Lost(reason(why)))?;
        let status = reply.status();
        let body = reply.bytes().await.map_err(|why| Trouble::Lost(reason(why)))?;
        if status.is_success() {
            return Ok(body.into());
        }
        let said = said(status, &body);
        Err(match status {
            StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Trouble::Absent(said)
            }
            status if status.is_server_error() => Trouble::Lost(said),
            _ => Trouble::Refused(said),
        })
    }
}

fn said(status: StatusCode, body: &[u8]) -> String {
    let whole: Value = serde_json::from_slice(body).unwrap_or_default();
    let words = whole.get("message").and_then(Value::as_str).unwrap_or("it does not say why");
    let words: String = words.chars().take(SAID_MAX).collect();
    format!("HTTP {}: {words}", status.as_u16())
}
