//! What we ask Slack about itself: whether it answers, who an account belongs to, what our tokens may do.

use std::collections::BTreeSet;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use slack_morphism::prelude::*;
use url::Url;

use super::api::{Api, Trouble, lost, trouble};

/// An account, as far as it matters to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Somebody can speak with it.
    Active,
    /// It was deactivated.
    Deactivated,
    /// Slack knows none of that id.
    Unknown,
}

/// Our own token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The bot's name.
    pub user: String,
    /// The workspace.
    pub team: String,
    /// What the token may do.
    pub scopes: BTreeSet<String>,
}

/// What `auth.test` says, as far as it is needed.
#[derive(Deserialize)]
struct Tested {
    ok: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    team: String,
}

impl Api {
    /// Whether Slack answers, and still knows our token.
    pub async fn answers(&self) -> Result<(), Trouble> {
        let session = self.client.open_session(&self.token);
        session.auth_test().await.map(drop).map_err(trouble)
    }

    /// Whether an account is still somebody's.
    pub async fn account(&self, user: &SlackUserId) -> Result<Account, Trouble> {
        let session = self.client.open_session(&self.token);
        let asked = session.users_info(&SlackApiUsersInfoRequest::new(user.clone())).await;
        match asked.map_err(trouble) {
            Ok(answer) if answer.user.deleted == Some(true) => Ok(Account::Deactivated),
            Ok(_) => Ok(Account::Active),
            Err(Trouble::Never(code)) if code == "user_not_found" || code == "user_not_visible" => {
                Ok(Account::Unknown)
            }
            Err(other) => Err(other),
        }
    }

    /// A channel as the bot sees it.
    pub async fn channel(&self, id: &SlackChannelId) -> Result<SlackChannelInfo, Trouble> {
        let session = self.client.open_session(&self.token);
        let request = SlackApiConversationsInfoRequest::new(id.clone());
        session.conversations_info(&request).await.map(|it| it.channel).map_err(trouble)
    }

    /// Where a socket can be opened, once; with the app's own token only.
    pub async fn socket_url(&self) -> Result<Url, Trouble> {
        let session = self.client.open_session(&self.token);
        let request = SlackApiAppsConnectionOpenRequest::new();
        session.apps_connections_open(&request).await.map(|it| it.url.0).map_err(trouble)
    }

    /// Who we are and what we may do; the latter stands in a header.
    pub async fn token(&self) -> Result<Token, Trouble> {
        let (headers, said): (HeaderMap, Tested) = self.get("auth.test").await?;
        if !said.ok {
            return Err(Trouble::Never(said.error));
        }
        let scopes = headers.get("x-oauth-scopes").and_then(|it| it.to_str().ok());
        let scopes = scopes.unwrap_or_default().split(',').map(|one| one.trim().to_owned());
        Ok(Token {
            user: said.user,
            team: said.team,
            scopes: scopes.filter(|one| !one.is_empty()).collect(),
        })
    }

    /// An answer with its headers, which the client keeps to itself.
    async fn get<T: serde::de::DeserializeOwned>(
        &self,
        method: &str,
    ) -> Result<(HeaderMap, T), Trouble> {
        let request = self.http.get(format!("{}/{method}", self.url));
        let request = request.bearer_auth(&self.token.token_value.0);
        let answer = request.send().await.map_err(lost)?;
        if !answer.status().is_success() {
            let status = reqwest::StatusCode::as_u16(&answer.status());
            return Err(Trouble::Lost(format!("Slack answers HTTP {status}")));
        }
        let headers = answer.headers().clone();
        Ok((headers, answer.json().await.map_err(lost)?))
    }
}

/// What people can do about a refusal; `setting` holds the token that was refused.
pub fn advice(code: &str, setting: &str) -> String {
    let what_now = match code {
        "invalid_auth" | "not_authed" => format!("{setting} is not of this app: copy it anew"),
        "token_revoked" | "token_expired" | "account_inactive" => {
            format!("{setting} is no longer good: install the app again and copy it anew")
        }
        "not_allowed_token_type" => {
            format!("{setting} is another kind of token: xoxb- is the bot's, xapp- the app's")
        }
        "missing_scope" => {
            format!("{setting} lacks a scope: install the app again from infra/slack-manifest.yaml")
        }
        "channel_not_found" => {
            "SLACK_CHANNEL_ID names no channel that the bot sees: invite it, or correct the id"
                .into()
        }
        _ => "Slack's page on the method says what it means".into(),
    };
    format!("{code}: {what_now}")
}
