//! What lets us into Slack: read once, and a half of it is told what it lacks.

use functions::proof::Secret;
use slack_morphism::prelude::SlackChannelId;

use super::api::SLACK_API_URL;

/// Everything that has to do with Slack in the environment.
pub struct Access {
    /// `SLACK_BOT_TOKEN`: the bot speaks with it.
    pub bot_token: String,
    /// `SLACK_CHANNEL_ID`: the room of all incidents.
    pub channel: SlackChannelId,
    /// `SLACK_API_URL`: where Slack is.
    pub url: String,
    /// `SLACK_APP_TOKEN`: the bot hears over a socket with it, and needs no address of its own.
    pub app_token: Option<String>,
    /// `SLACK_SIGNING_SECRET`: what Slack signs requests with; several, by commas, while it is rotated.
    pub secrets: Vec<Secret>,
}

/// What is set is not enough.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Slack is set up by half and is left out: {0}")]
pub struct Half(String);

const BOT_TOKEN: &str = "set SLACK_BOT_TOKEN (xoxb-…, on the app's page \"OAuth & Permissions\")";
const CHANNEL: &str =
    "set SLACK_CHANNEL_ID (C…, at the end of what #incidents shows about itself, not its name)";
const EARS: &str = "set SLACK_APP_TOKEN (xapp-…, with connections:write, on the app's page \"Basic \
                    Information\"), or SLACK_SIGNING_SECRET where Slack can reach this server over HTTPS";
const SWAPPED: &str =
    "SLACK_BOT_TOKEN begins with xoxb-, SLACK_APP_TOKEN with xapp-: put each in its place";

impl Access {
    /// Reads it through `read`, which gives a setting of the environment by its name. Nothing at all is no Slack.
    ///
    /// # Errors
    /// Some of it is there, and what is missing is said.
    pub fn read(read: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Half> {
        let set =
            |name| read(name).map(|it| it.trim().to_owned()).filter(|value| !value.is_empty());
        let (bot_token, channel) = (set("SLACK_BOT_TOKEN"), set("SLACK_CHANNEL_ID"));
        let (app_token, signing) = (set("SLACK_APP_TOKEN"), set("SLACK_SIGNING_SECRET"));
        let secrets: Vec<Secret> = signing
            .iter()
            .flat_map(|all| all.split(',').filter_map(|one| Secret::new(one).ok()))
            .collect();
        let hears = app_token.is_some() || !secrets.is_empty();
        if bot_token.is_none() && channel.is_none() && !hears {
            return Ok(None);
        }
        let is_swapped = |token: &Option<String>, begins: &str| {
            token.as_ref().is_some_and(|token| token.starts_with(begins))
        };
        if is_swapped(&bot_token, "xapp-") || is_swapped(&app_token, "xox") {
            return Err(Half(SWAPPED.into()));
        }
        let lacks = [(bot_token.is_some(), BOT_TOKEN), (channel.is_some(), CHANNEL), (hears, EARS)];
        let lacks: Vec<&str> = lacks.iter().filter(|one| !one.0).map(|one| one.1).collect();
        let (Some(bot_token), Some(channel), true) = (bot_token, channel, hears) else {
            return Err(Half(lacks.join("; ")));
        };
        let url = set("SLACK_API_URL").unwrap_or_else(|| SLACK_API_URL.into());
        Ok(Some(Self { bot_token, channel: SlackChannelId(channel), url, app_token, secrets }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Option<Access>, Half> {
        Access::read(|name| {
            let found = set.iter().find(|(key, _)| *key == name)?;
            Some(found.1.to_owned())
        })
    }

    const BOT: (&str, &str) = ("SLACK_BOT_TOKEN", "xoxb-1");
    const ROOM: (&str, &str) = ("SLACK_CHANNEL_ID", "C1\n");
    const APP: (&str, &str) = ("SLACK_APP_TOKEN", "xapp-1");
    const SIGNED: (&str, &str) = ("SLACK_SIGNING_SECRET", "new, old");

    #[test]
    fn either_ear_is_enough_and_nothing_is_no_slack() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[("SLACK_BOT_TOKEN", " ")]).unwrap().is_none());
        let socket = read(&[BOT, ROOM, APP]).unwrap().unwrap();
        assert_eq!((socket.channel.0.as_str(), socket.secrets.len()), ("C1", 0));
        let http = read(&[BOT, ROOM, SIGNED]).unwrap().unwrap();
        assert_eq!((http.app_token, http.secrets.len()), (None, 2));
    }

    #[test]
    fn a_half_is_told_what_it_lacks() {
        let lacks = |set: &[(&str, &str)]| read(set).err().unwrap().to_string();
        assert!(lacks(&[BOT, APP]).contains("set SLACK_CHANNEL_ID"));
        assert!(lacks(&[ROOM, SIGNED]).contains("set SLACK_BOT_TOKEN"));
        let deaf = lacks(&[BOT, ROOM]);
        assert!(deaf.contains("set SLACK_APP_TOKEN") && !deaf.contains("set SLACK_BOT_TOKEN"));
        let swapped = lacks(&[("SLACK_BOT_TOKEN", "xapp-1"), ROOM, APP]);
        assert!(swapped.contains("put each in its place") && !swapped.contains("xapp-1"));
    }
}
