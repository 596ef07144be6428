//! Who we are, whom we see, what is pinned, and where our socket is.

use serde_json::json;

use super::super::answer::{Answer, Args};
use super::super::state::State;
use super::super::{APP, BOT, BOT_TOKEN, BOT_USER, TEAM};

#[expect(clippy::unnecessary_wraps, reason = "every method may refuse")]
pub fn auth_test(_: &mut State, _: &Args) -> Answer {
    Ok(json!({
        "url": "https://allclear.slack.com/", "team": "All Clear", "team_id": TEAM,
        "user": "allclear", "user_id": BOT_USER, "bot_id": BOT, "is_enterprise_install": false,
    }))
}

pub fn user(state: &mut State, args: &Args) -> Answer {
    let id = args.need("user", "user_not_found")?;
    let email =
        state.tokens.get(BOT_TOKEN).is_some_and(|token| token.scopes.contains("users:read.email"));
    let user = state.users.get(&id).ok_or("user_not_found")?;
    Ok(json!({"user": user.shape(email)}))
}

pub fn pin(state: &mut State, args: &Args) -> Answer {
    let channel = args.need("channel", "channel_not_found")?;
    let channel = state.open_channel(&channel)?;
    let ts = args.need("timestamp", "no_item_specified")?;
    if channel.message(&ts).is_none() {
        return Err("message_not_found".into());
    }
    if channel.pins.contains(&ts) {
        return Err("already_pinned".into());
    }
    channel.pins.push(ts);
    Ok(json!({}))
}

#[expect(clippy::unnecessary_wraps, reason = "every method may refuse")]
pub fn connections_open(state: &mut State, _: &Args) -> Answer {
    let ticket = format!("{:032x}", fastrand::u128(..));
    let at = state.now();
    state.tickets.insert(ticket.clone(), at);
    Ok(json!({"url": format!("{}/link/?ticket={ticket}&app_id={APP}", state.socket_url)}))
}
