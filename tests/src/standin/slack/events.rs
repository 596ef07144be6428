//! What happens in the workspace, as Slack's Events API tells it.

use std::io::{Error, Result};

use serde_json::{Value, json};

use super::deliver::{Delivery, Kind};
use super::{APP, BOT_USER, Slack, TEAM};

impl Slack {
    /// Any event, in the envelope that Slack puts around it.
    pub fn event(&self, event: &Value) -> Delivery {
        let mut state = self.state();
        let payload = json!({
            "type": "event_callback", "token": "not-to-be-trusted", "team_id": TEAM, "api_app_id": APP,
            "context_team_id": TEAM, "context_enterprise_id": null, "event": event,
            "event_id": state.id('E').replacen('E', "Ev", 1), "event_time": state.now() / 1_000,
            "is_ext_shared_channel": false, "event_context": "4-event",
            "authorizations": [{
                "enterprise_id": null, "team_id": TEAM, "user_id": BOT_USER, "is_bot": true,
                "is_enterprise_install": false,
            }],
        });
        Delivery::new(&state, Kind::Event, payload)
    }

    /// Slack asks whether the address is ours.
    pub fn url_verification(&self, challenge: &str) -> Delivery {
        let payload = json!({"type": "url_verification", "token": "not-to-be-trusted", "challenge": challenge});
        Delivery::new(&self.state(), Kind::Event, payload)
    }

    /// Somebody writes in a channel.
    pub fn message_event(&self, user: &str, channel: &str, text: &str) -> Delivery {
        let ts = self.state().writes(user, channel, text);
        self.event(&json!({
            "type": "message", "channel": channel, "channel_type": "channel", "user": user, "text": text,
            "ts": ts, "event_ts": ts, "team": TEAM,
        }))
    }

    /// Somebody changes the topic of a channel; the bot's own changes are told too, with its own id.
    ///
    /// # Errors
    /// If there is no such channel.
    pub fn topic_event(&self, user: &str, channel: &str, topic: &str) -> Result<Delivery> {
        let ts = self.state().ts();
        let nowhere = || Error::other("no such channel");
        let topics = (topic.to_owned(), user.to_owned());
        self.state().channels.get_mut(channel).ok_or_else(nowhere)?.topics.push(topics);
        Ok(self.event(&json!({
            "type": "message", "subtype": "channel_topic", "channel": channel, "channel_type": "channel",
            "user": user, "text": format!("set the channel topic: {topic}"), "topic": topic, "ts": ts,
            "event_ts": ts,
        })))
    }

    /// Somebody pins a message.
    ///
    /// # Errors
    /// If there is no such message.
    pub fn pin_event(&self, user: &str, channel: &str, ts: &str) -> Result<Delivery> {
        let (message, author) = self.shape_of(channel, ts)?;
        let at = self.state().ts();
        let now = self.state().now() / 1_000;
        self.state().channels.entry(channel.into()).and_modify(|one| one.pins.push(ts.into()));
        let item = json!({
            "type": "message", "channel": channel, "created": now, "created_by": user, "message": message,
        });
        Ok(self.event(&json!({
            "type": "pin_added", "user": user, "channel_id": channel, "item": item, "item_user": author,
            "pin_count": 1, "event_ts": at,
        })))
    }

    /// Somebody reacts to a message, such as with `pushpin`.
    ///
    /// # Errors
    /// If there is no such message.
    pub fn reaction_event(
        &self,
        user: &str,
        channel: &str,
        ts: &str,
        reaction: &str,
    ) -> Result<Delivery> {
        let (_, author) = self.shape_of(channel, ts)?;
        let at = self.state().ts();
        Ok(self.event(&json!({
            "type": "reaction_added", "user": user, "reaction": reaction, "item_user": author,
            "item": {"type": "message", "channel": channel, "ts": ts}, "event_ts": at,
        })))
    }

    /// Somebody opens the app's home tab.
    pub fn home_event(&self, user: &str) -> Delivery {
        let at = self.state().ts();
        let channel = format!("D{}", &user[1..]);
        self.event(&json!({
            "type": "app_home_opened", "user": user, "channel": channel, "tab": "home", "event_ts": at,
        }))
    }

    fn shape_of(&self, channel: &str, ts: &str) -> Result<(Value, String)> {
        let state = self.state();
        let message = state.channels.get(channel).and_then(|channel| channel.message(ts));
        let message = message.ok_or_else(|| Error::other("no such message"))?;
        Ok((message.shape(), message.user.clone()))
    }
}
