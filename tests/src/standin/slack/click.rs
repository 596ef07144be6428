//! What people do, as Slack would tell us: commands, clicks, submissions, shortcuts.
//!
//! Nobody can press what is not there: a click on a button that was never posted, or an answer that a modal would not
//! accept, is an error of the test.

use std::io::{Error, Result};

use serde_json::{Value, json};

use super::blocks::elements_of;
use super::deliver::{Delivery, Kind};
use super::state::State;
use super::{APP, Slack, TEAM};

/// A token that Slack still sends and nobody should trust.
const OLD_TOKEN: &str = "not-to-be-trusted";

impl Slack {
    /// Somebody types a slash command, such as `/incident` with `declare p1 site down`.
    pub fn slash(&self, user: &str, channel: &str, command: &str, text: &str) -> Delivery {
        let mut state = self.state();
        let name = state.channels.get(channel).map_or("directmessage", |one| &one.name).to_owned();
        let payload = json!({
            "token": OLD_TOKEN, "team_id": TEAM, "team_domain": "allclear", "channel_id": channel,
            "channel_name": name, "user_id": user, "user_name": state.handle(user), "command": command,
            "text": text, "api_app_id": APP, "is_enterprise_install": "false",
            "response_url": state.response_url(channel, user, None), "trigger_id": state.trigger(user),
        });
        Delivery::new(&state, Kind::Command, payload)
    }

    /// Somebody presses a button of a message, or chooses `value` from its menu. The message may be one that only they see.
    ///
    /// # Errors
    /// If they see no such message, or it has no such thing.
    pub fn click(
        &self,
        user: &str,
        channel: &str,
        ts: &str,
        action: &str,
        value: Option<&str>,
    ) -> Result<Delivery> {
        let mut state = self.state();
        let posted = state.channels.get(channel).and_then(|channel| channel.message(ts));
        let shown = state.ephemerals.iter().find(|one| one.ts == ts && one.user == user);
        let blocks = posted.map(|one| &one.blocks).or(shown.map(|one| &one.blocks));
        let blocks = blocks.ok_or_else(|| Error::other(format!("{user} sees no message {ts}")))?;
        let action = pressed(blocks, action, value)?;
        let message = posted.map(super::Message::shape);
        let mut payload = state.did(user, "block_actions");
        payload["container"] = json!({
            "type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": message.is_none(),
        });
        payload["channel"] = state.place(channel);
        if let Some(message) = message {
            payload["message"] = message;
        }
        payload["response_url"] = json!(state.response_url(channel, user, Some(ts)));
        payload["state"] = json!({"values": {}});
        payload["actions"] = json!([state.stamped(action)]);
        Ok(Delivery::new(&state, Kind::Interaction, payload))
    }

    /// Somebody presses a button, or chooses from a menu, in a modal or on their home tab.
    ///
    /// # Errors
    /// If they see no such view, or it has no such thing.
    pub fn click_view(&self, view: &str, action: &str, value: Option<&str>) -> Result<Delivery> {
        let mut state = self.state();
        let shown = shown(&state, view)?;
        let (user, shape) = (shown.user.clone(), shown.shape());
        let action = pressed(&shown.content["blocks"], action, value)?;
        let mut payload = state.did(&user, "block_actions");
        payload["container"] = json!({"type": "view", "view_id": view});
        payload["view"] = shape;
        payload["actions"] = json!([state.stamped(action)]);
        Ok(Delivery::new(&state, Kind::Interaction, payload))
    }

    /// Somebody fills in a modal, by `action_id`, and submits it. What happens to it is up to the reply.
    ///
    /// # Errors
    /// If they see no such modal, or it would not let them submit that.
    pub fn submit(&self, view: &str, filled: &[(&str, &str)]) -> Result<Delivery> {
        let mut state = self.state();
        let shown = shown(&state, view)?;
        let user = shown.user.clone();
        let mut shape = shown.shape();
        shape["state"]["values"] = filled_in(&shown.content["blocks"], filled)?;
        let mut payload = state.did(&user, "view_submission");
        payload["view"] = shape;
        payload["response_urls"] = json!([]);
        Ok(Delivery::new(&state, Kind::Interaction, payload))
    }

    /// Somebody closes a modal; that is told only if the modal asked for it.
    ///
    /// # Errors
    /// If they see no such modal.
    pub fn close(&self, view: &str) -> Result<Option<Delivery>> {
        let mut state = self.state();
        let (user, shape) = (shown(&state, view)?.user.clone(), shown(&state, view)?.shape());
        state.views.entry(view.into()).and_modify(|view| view.open = false);
        let told = shape["notify_on_close"] == true;
        let mut payload = state.did(&user, "view_closed");
        payload["view"] = shape;
        payload["is_cleared"] = json!(false);
        Ok(told.then(|| Delivery::new(&state, Kind::Interaction, payload)))
    }

    /// Somebody uses a shortcut from anywhere.
    pub fn shortcut(&self, user: &str, callback: &str) -> Delivery {
        let mut state = self.state();
        let mut payload = state.did(user, "shortcut");
        payload["callback_id"] = json!(callback);
        payload["action_ts"] = json!(state.ts());
        Delivery::new(&state, Kind::Interaction, payload)
    }

    /// Somebody uses a shortcut on a message.
    ///
    /// # Errors
    /// If there is no such message.
    pub fn message_shortcut(
        &self,
        user: &str,
        channel: &str,
        ts: &str,
        callback: &str,
    ) -> Result<Delivery> {
        let mut state = self.state();
        let message = state.channels.get(channel).and_then(|channel| channel.message(ts));
        let message =
            message.map(super::Message::shape).ok_or_else(|| Error::other("no such message"))?;
        let mut payload = state.did(user, "message_action");
        payload["callback_id"] = json!(callback);
        payload["action_ts"] = json!(state.ts());
        payload["message_ts"] = json!(ts);
        payload["message"] = message;
        payload["channel"] = state.place(channel);
        payload["response_url"] = json!(state.response_url(channel, user, Some(ts)));
        Ok(Delivery::new(&state, Kind::Interaction, payload))
    }
}

impl State {
    fn handle(&self, user: &str) -> String {
        self.users.get(user).map_or("nobody", |user| &user.name).to_owned()
    }

    fn place(&self, channel: &str) -> Value {
        let name = self.channels.get(channel).map_or("directmessage", |one| &one.name);
        json!({"id": channel, "name": name})
    }

    /// What every interaction tells, with a fresh trigger.
    fn did(&mut self, user: &str, kind: &str) -> Value {
        let name = self.handle(user);
        json!({
            "type": kind, "token": OLD_TOKEN, "api_app_id": APP, "trigger_id": self.trigger(user),
            "team": {"id": TEAM, "domain": "allclear"}, "enterprise": null, "is_enterprise_install": false,
            "user": {"id": user, "username": name, "name": name, "team_id": TEAM},
        })
    }

    fn stamped(&mut self, mut action: Value) -> Value {
        action["action_ts"] = json!(self.ts());
        action
    }
}

fn shown<'a>(state: &'a State, view: &str) -> Result<&'a super::View> {
    let shown = state.views.get(view).filter(|view| view.open);
    shown.ok_or_else(|| Error::other(format!("nobody sees a view {view}")))
}

/// What Slack tells of the element with this `action_id` when it is pressed, or `value` is chosen from it.
fn pressed(blocks: &Value, action: &str, value: Option<&str>) -> Result<Value> {
    for block in blocks.as_array().into_iter().flatten() {
        let found = elements_of(block).find(|element| element["action_id"] == action);
        let Some(element) = found else { continue };
        let mut told = chosen(element, value)?;
        told["action_id"] = json!(action);
        told["block_id"] = block["block_id"].clone();
        if element["type"] == "button" {
            told["text"] = element["text"].clone();
        }
        return Ok(told);
    }
    Err(Error::other(format!("there is no {action} to press")))
}

/// The values of a modal's inputs.
fn filled_in(blocks: &Value, filled: &[(&str, &str)]) -> Result<Value> {
    let mut values = json!({});
    let mut used = 0;
    for block in blocks.as_array().into_iter().flatten().filter(|block| block["type"] == "input") {
        let element = &block["element"];
        let id = element["action_id"].as_str().unwrap_or_default();
        let value = filled.iter().find(|(name, _)| *name == id).map(|(_, value)| *value);
        used += usize::from(value.is_some());
        let told = chosen(element, value.filter(|value| !value.is_empty()))?;
        let empty =
            ["value", "selected_option", "selected_user"].iter().all(|key| told[key].is_null());
        if empty && block["optional"] != true {
            return Err(Error::other(format!("{id} has to be filled in")));
        }
        values[block["block_id"].as_str().unwrap_or_default()][id] = told;
    }
    if used == filled.len() {
        Ok(values)
    } else {
        Err(Error::other("it has fewer inputs than that"))
    }
}

/// An element with what was typed, chosen or, in a button's case, set from the start.
fn chosen(element: &Value, value: Option<&str>) -> Result<Value> {
    let kind = element["type"].as_str().unwrap_or_default();
    let key = match kind {
        "button" => {
            let told = json!({"type": kind, "value": element["value"]});
            return Ok(if element["value"].is_null() { json!({"type": kind}) } else { told });
        }
        "overflow" | "static_select" | "radio_buttons" => {
            let before = &element["initial_option"];
            let option = value.map_or(Ok(before), |value| option(element, value))?;
            return Ok(json!({"type": kind, "selected_option": option}));
        }
        "users_select" => "selected_user",
        _ => "value",
    };
    let before = if key == "value" { &element["initial_value"] } else { &element["initial_user"] };
    let value = value.map_or_else(|| before.clone(), |value| json!(value));
    let length = value.as_str().map_or(0, |text| text.chars().count()) as u64;
    let most = element["max_length"].as_u64().unwrap_or(3_000);
    if length > most {
        return Err(Error::other(format!("{length} characters are more than {most}")));
    }
    Ok(json!({"type": kind, key: value}))
}

fn option<'a>(element: &'a Value, value: &str) -> Result<&'a Value> {
    let groups = element["option_groups"].as_array().into_iter().flatten();
    let lists = groups.map(|group| &group["options"]).chain([&element["options"]]);
    let mut options = lists.filter_map(Value::as_array).flatten();
    let option = options.find(|option| option["value"] == value);
    option.ok_or_else(|| Error::other(format!("there is no {value} to choose")))
}
