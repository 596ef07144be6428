//! What `allclear doctor` finds out about Slack: tokens, scopes, the room, the socket, and the people's accounts. It
//! posts nothing, and opens no socket: Slack would say something over it.

use std::time::Duration;

use functions::http;
use functions::store::ServerLock;
use serde_json::{Value, json};
use shared::plan::{Person, is_placeholder};
use slack_morphism::prelude::SlackUserId;
use tokio::time::timeout;

use super::operations::survey::runtime;
use crate::serve::{extra_roots, setting};
use crate::settings::Settings;
use crate::slack::access::Access;
use crate::slack::api::{Api, Trouble};
use crate::slack::ask::{Account, Token, advice};
use crate::slack::line::Down;

/// The app as it should be.
const MANIFEST: &str = include_str!("../../../infra/slack-manifest.yaml");
/// An answer that takes longer is none.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Something found out.
pub struct Found {
    /// About what.
    check: &'static str,
    /// Whether nothing has to be done.
    ok: bool,
    says: String,
}

impl Found {
    fn good(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, ok: true, says: says.into() }
    }

    fn bad(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, ok: false, says: says.into() }
    }

    /// Its line: what has to be done stands out by its label.
    pub fn line(&self) -> (&'static str, String) {
        let label = if self.ok { "slack" } else { "SLACK" };
        (label, format!("{}: {}", self.check, self.says))
    }

    /// The same for machines.
    pub fn json(&self) -> Value {
        json!({"check": self.check, "ok": self.ok, "says": self.says})
    }
}

/// Since when Slack is down, if a server is at work and says so.
pub fn down(settings: &Settings) -> Option<Down> {
    ServerLock::holder(&settings.store)?;
    Down::beside(&settings.store)
}

/// Examines everything that has to do with Slack.
pub fn examine(settings: &Settings) -> Vec<Found> {
    let access = match Access::read(setting) {
        Ok(Some(access)) => access,
        Ok(None) => return vec![Found::good("settings", "none: not connected to Slack")],
        Err(half) => return vec![Found::bad("settings", half.to_string())],
    };
    let work = || -> anyhow::Result<Vec<Found>> {
        let http = http::client(&extra_roots()?)?;
        Ok(runtime()?.block_on(ask(&access, &http, settings)))
    };
    let mut found = work().unwrap_or_else(|why| vec![Found::bad("settings", format!("{why:#}"))]);
    found.extend(down(settings).map(|down| Found::bad("server", down.to_string())));
    found
}

async fn ask(access: &Access, http: &reqwest::Client, settings: &Settings) -> Vec<Found> {
    let bot = Api::new(http.clone(), &access.url, &access.bot_token);
    let mut found = vec![signing(access), socket(access, http).await];
    let token = match soon(bot.token()).await {
        Ok(token) => token,
        Err(trouble) => {
            found.push(Found::bad("token", says(&trouble, "SLACK_BOT_TOKEN")));
            return found;
        }
    };
    let whose = format!("{} in the workspace {}", token.user, token.team);
    found.push(Found::good("token", whose));
    found.push(scopes(&token));
    found.push(room(&bot, access).await);
    found.extend(people(&bot, &settings.plan.people).await);
    found
}

fn signing(access: &Access) -> Found {
    Found::good(
        "signing secret",
        if access.secrets.is_empty() {
            "none: Slack is heard over the socket only, and /slack/ answers 503"
        } else {
            "set: Slack is heard over HTTPS, too, if the app has this server's address"
        },
    )
}

/// Asks for a socket's address, and leaves it unused.
async fn socket(access: &Access, http: &reqwest::Client) -> Found {
    let Some(token) = &access.app_token else {
        let says = "no SLACK_APP_TOKEN: Slack has to reach this server over HTTPS";
        return Found::good("socket", says);
    };
    match soon(Api::new(http.clone(), &access.url, token).socket_url()).await {
        Ok(_) => Found::good("socket", "SLACK_APP_TOKEN opens one"),
        Err(trouble) => Found::bad("socket", says(&trouble, "SLACK_APP_TOKEN")),
    }
}

fn scopes(token: &Token) -> Found {
    let missing: Vec<&str> =
        scopes_asked(MANIFEST).filter(|one| !token.scopes.contains(*one)).collect();
    if missing.is_empty() {
        return Found::good("scopes", "all that infra/slack-manifest.yaml asks for");
    }
    let missing = missing.join(", ");
    Found::bad(
        "scopes",
        format!(
            "{missing} not granted: bring the app up to infra/slack-manifest.yaml, then install it \
             again"
        ),
    )
}

/// The bot's scopes in the manifest: the list under `bot:`. What they are for may stand behind them.
fn scopes_asked(manifest: &str) -> impl Iterator<Item = &str> {
    let lines = manifest.lines().skip_while(|line| line.trim() != "bot:").skip(1);
    lines.map_while(|line| line.trim().strip_prefix("- ")?.split_whitespace().next())
}

async fn room(bot: &Api, access: &Access) -> Found {
    let id = &access.channel.0;
    let channel = match soon(bot.channel(&access.channel)).await {
        Ok(channel) => channel,
        Err(trouble) => return Found::bad("room", says(&trouble, "SLACK_BOT_TOKEN")),
    };
    let name = channel.name.as_ref().map_or_else(|| id.clone(), |name| format!("#{name}"));
    if channel.flags.is_archived == Some(true) {
        let says = format!("{name} is archived: unarchive it, or set another SLACK_CHANNEL_ID");
        return Found::bad("room", says);
    }
    if channel.flags.is_member == Some(true) {
        return Found::good("room", format!("a member of {name}"));
    }
    Found::bad("room", format!("not a member of {name}: type /invite @allclear there"))
}

async fn people(bot: &Api, people: &[Person]) -> Vec<Found> {
    let (mut found, mut without) = (Vec::new(), Vec::new());
    for person in people {
        let Some(id) = person.slack.as_deref().filter(|id| !is_placeholder(id)) else {
            without.push(person.id.as_str());
            continue;
        };
        let says = match soon(bot.account(&SlackUserId(id.to_owned()))).await {
            Ok(Account::Active) => continue,
            Ok(Account::Deactivated) => {
                "is deactivated: its word does not count; who stands in for them?".to_owned()
            }
            Ok(Account::Unknown) => "is unknown to Slack: correct it in the plan".to_owned(),
            Err(trouble) => format!("is not known yet: {}", says(&trouble, "SLACK_BOT_TOKEN")),
        };
        found.push(Found::bad("people", format!("{}'s account {id} {says}", person.id)));
    }
    if !without.is_empty() {
        let says = format!(
            "{} can't be understood in Slack: write slack = \"U…\" under their [[people]] in the \
             plan",
            without.join(", ")
        );
        found.push(Found::bad("people", says));
    }
    if found.is_empty() {
        found.push(Found::good("people", "everybody of the plan has an account"));
    }
    found
}

async fn soon<T>(asked: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let late = |_| Err(Trouble::Lost("no answer in time".into()));
    timeout(ANSWERED_WITHIN, asked).await.unwrap_or_else(late)
}

fn says(trouble: &Trouble, setting: &str) -> String {
    match trouble {
        Trouble::Never(code) => advice(code, setting),
        Trouble::Later { why, .. } | Trouble::Lost(why) => {
            format!("{why}: is Slack down, or this machine offline? The terminal works without it")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_names_its_scopes() {
        let scopes: Vec<&str> = scopes_asked(MANIFEST).collect();
        for needed in ["chat:write", "commands", "channels:read", "users:read"] {
            assert!(scopes.contains(&needed), "{needed}: {scopes:?}");
        }
        let annotated =
            "oauth_config:\n  scopes:\n    bot:\n      - a:b # what for\n      - c\n  d: e\n";
        assert_eq!(scopes_asked(annotated).collect::<Vec<_>>(), ["a:b", "c"]);
    }
}
