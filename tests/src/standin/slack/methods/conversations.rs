//! Channels: made, found, joined, named, archived.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::BOT_USER;
use super::super::answer::{Answer, Args, Refusal};
use super::super::state::State;
use super::super::workspace::Channel;
use super::history::page;

/// Longest name, in characters.
const NAME_MAX: usize = 80;
/// Longest topic and longest purpose, in characters.
const TOPIC_MAX: usize = 250;
/// What can be listed.
const KINDS: [&str; 4] = ["public_channel", "private_channel", "mpim", "im"];

pub fn create(state: &mut State, args: &Args) -> Answer {
    let name = args.need("name", "invalid_name_required")?;
    check_name(&name)?;
    // The name of an archived channel stays taken.
    if state.named(&name).is_some() {
        return Err("name_taken".into());
    }
    let id = state.id('C');
    state.found(&id, &name, &[BOT_USER]);
    let channel = state.channel(&id)?;
    channel.private = args.flag("is_private");
    Ok(json!({"channel": channel.shape()}))
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if name.chars().count() > NAME_MAX {
        return Err("invalid_name_maxlength".into());
    }
    let plain = |one: char| one.is_alphanumeric() && !one.is_uppercase();
    if !name.chars().all(|one| plain(one) || matches!(one, '-' | '_')) {
        return Err("invalid_name_specials".into());
    }
    if name.chars().any(plain) { Ok(()) } else { Err("invalid_name_punctuation".into()) }
}

/// The channel that is meant, if the bot may change it.
fn meant<'a>(state: &'a mut State, args: &Args) -> Result<&'a mut Channel, Refusal> {
    state.open_channel(&args.need("channel", "channel_not_found")?)
}

pub fn invite(state: &mut State, args: &Args) -> Answer {
    let users = args.need("users", "no_user")?;
    let users: Vec<&str> = users.split(',').map(str::trim).collect();
    let known: Vec<bool> = users.iter().map(|user| state.users.contains_key(*user)).collect();
    let gone = state.users.values().filter(|user| user.deleted).map(|user| user.id.clone());
    let gone: BTreeSet<String> = gone.collect();
    let channel = meant(state, args)?;
    let wrong = |(user, known): (&&str, &bool)| match *user {
        BOT_USER => Some("cant_invite_self"),
        _ if !known => Some("user_not_found"),
        user if gone.contains(user) => Some("user_disabled"),
        user if channel.has(user) => Some("already_in_channel"),
        _ => None,
    };
    let errors: Vec<(&str, &str)> = users
        .iter()
        .zip(&known)
        .filter_map(|pair| wrong(pair).map(|error| (*pair.0, error)))
        .collect();
    if let Some((_, first)) = errors.first() {
        let list: Vec<Value> = errors
            .iter()
            .map(|(user, error)| json!({"user": user, "ok": false, "error": error}))
            .collect();
        return Err(Refusal { error: (*first).into(), more: json!({"errors": list}) });
    }
    channel.members.extend(users.into_iter().map(Into::into));
    Ok(json!({"channel": channel.shape()}))
}

pub fn set_topic(state: &mut State, args: &Args) -> Answer {
    let topic = args.text("topic").unwrap_or_default();
    let channel = meant(state, args)?;
    if topic.chars().count() > TOPIC_MAX {
        return Err("too_long".into());
    }
    channel.topics.push((topic, BOT_USER.into()));
    Ok(json!({"channel": channel.shape()}))
}

pub fn set_purpose(state: &mut State, args: &Args) -> Answer {
    let purpose = args.text("purpose").unwrap_or_default();
    let channel = meant(state, args)?;
    if purpose.chars().count() > TOPIC_MAX {
        return Err("too_long".into());
    }
    channel.purpose.clone_from(&purpose);
    Ok(json!({"channel": channel.shape(), "purpose": purpose}))
}

/// Channels by their ids, a page at a time; the bot sees private ones where it is a member.
pub fn list(state: &mut State, args: &Args) -> Answer {
    let types = args.text("types").unwrap_or_else(|| "public_channel".into());
    let kinds: Vec<&str> = types.split(',').collect();
    if !kinds.iter().all(|kind| KINDS.contains(kind)) {
        return Err("invalid_types".into());
    }
    let meant = |channel: &&Channel| {
        let direct = channel.id.starts_with('D');
        let kind = match channel.private {
            _ if direct => "im",
            true => "private_channel",
            false => "public_channel",
        };
        let seen = !channel.private || channel.has(BOT_USER);
        kinds.contains(&kind) && seen && !(channel.archived && args.flag("exclude_archived"))
    };
    let channels = state.channels.values().filter(meant).map(Channel::shape).collect();
    let (page, next) = page(args, channels, 1_000)?;
    Ok(json!({"channels": page, "response_metadata": {"next_cursor": next}}))
}

pub fn info(state: &mut State, args: &Args) -> Answer {
    let channel = state.channel(&args.need("channel", "channel_not_found")?)?;
    let mut shape = channel.shape();
    if args.flag("include_num_members") {
        shape["num_members"] = json!(channel.members.len());
    }
    Ok(json!({"channel": shape}))
}

pub fn members(state: &mut State, args: &Args) -> Answer {
    let channel = state.channel(&args.need("channel", "channel_not_found")?)?;
    Ok(json!({"members": channel.members, "response_metadata": {"next_cursor": ""}}))
}

pub fn archive(state: &mut State, args: &Args) -> Answer {
    let channel = state.channel(&args.need("channel", "channel_not_found")?)?;
    let error = match channel {
        Channel { archived: true, .. } => "already_archived",
        channel if channel.name == "general" => "cant_archive_general",
        channel if !channel.has(BOT_USER) => "not_in_channel",
        channel => {
            channel.archived = true;
            return Ok(json!({}));
        }
    };
    Err(error.into())
}

pub fn join(state: &mut State, args: &Args) -> Answer {
    let channel = state.channel(&args.need("channel", "channel_not_found")?)?;
    if channel.archived {
        return Err("is_archived".into());
    }
    if channel.private || channel.id.starts_with('D') {
        return Err("method_not_supported_for_channel_type".into());
    }
    if channel.has(BOT_USER) {
        let warning = "already_in_channel";
        let more = json!({"warnings": [warning]});
        return Ok(
            json!({"channel": channel.shape(), "warning": warning, "response_metadata": more}),
        );
    }
    channel.members.push(BOT_USER.into());
    Ok(json!({"channel": channel.shape()}))
}
