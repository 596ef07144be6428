//! Messages: posted, edited, shown to one person.

use serde_json::{Value, json};

use super::super::BOT_USER;
use super::super::answer::{Answer, Args, Refusal};
use super::super::blocks::{self, Surface};
use super::super::state::State;
use super::super::workspace::{Channel, Edit, Ephemeral, Message};

/// Slack cuts or refuses longer texts, in characters.
const TEXT_MAX: usize = 40_000;

/// What a message is to say.
struct Content {
    text: Option<String>,
    blocks: Option<Value>,
    metadata: Option<Value>,
}

fn content(args: &Args) -> Result<Content, Refusal> {
    let blocks = blocks_of(args)?;
    let text = args.text("text");
    if text.as_ref().is_some_and(|text| text.chars().count() > TEXT_MAX) {
        return Err("msg_too_long".into());
    }
    // Slack would post blocks alone, with a warning. No screen reader and no notification could tell what they say.
    if text.is_none() && blocks.as_ref().is_some_and(|blocks| *blocks != json!([])) {
        return Err(Refusal::because(
            "no_text",
            &["blocks need a top-level `text` beside them".into()],
        ));
    }
    let metadata = args.part("metadata").map_err(|_| "invalid_metadata_format")?;
    let sound = |it: &Value| {
        *it == json!({}) || it["event_type"].is_string() && it["event_payload"].is_object()
    };
    if metadata.as_ref().is_some_and(|it| !sound(it)) {
        return Err("invalid_metadata_format".into());
    }
    Ok(Content { text, blocks, metadata })
}

/// The blocks of a message, checked and named: each gets a `block_id` if it has none.
pub fn blocks_of(args: &Args) -> Result<Option<Value>, Refusal> {
    let Some(mut blocks) = args.part("blocks").map_err(|_| "invalid_blocks_format")? else {
        return Ok(None);
    };
    if !blocks.is_array() {
        return Err("invalid_blocks_format".into());
    }
    blocks::check(Surface::Message, &blocks)
        .map_err(|reasons| Refusal::because("invalid_blocks", &reasons))?;
    blocks::name(&mut blocks);
    Ok(Some(blocks))
}

pub fn post(state: &mut State, args: &Args) -> Answer {
    let id = conversation(state, &args.need("channel", "channel_not_found")?);
    state.open_channel(&id)?;
    let Content { text, blocks, metadata } = content(args)?;
    let text = text.ok_or("no_text")?;
    let thread_ts = args.text("thread_ts");
    let ts = state.ts();
    let channel = state.open_channel(&id)?;
    if thread_ts.as_ref().is_some_and(|ts| channel.message(ts).is_none()) {
        return Err("thread_not_found".into());
    }
    let message = Message {
        ts: ts.clone(),
        user: BOT_USER.into(),
        text,
        blocks: blocks.filter(|it| *it != json!([])).unwrap_or_default(),
        metadata: metadata.filter(|it| *it != json!({})).unwrap_or_default(),
        thread_ts,
        edits: Vec::new(),
    };
    let shape = message.shape();
    channel.messages.push(message);
    Ok(json!({"channel": id, "ts": ts, "message": shape}))
}

/// A channel's id; for a user, the conversation with them, which the first message opens.
fn conversation(state: &mut State, id: &str) -> String {
    if !state.users.contains_key(id) {
        return id.into();
    }
    let direct = format!("D{}", &id[1..]);
    if !state.channels.contains_key(&direct) {
        state.found(&direct, "", &[id, BOT_USER]);
    }
    direct
}

/// A message of a channel to be edited.
fn own<'a>(channel: &'a mut Channel, ts: &str) -> Result<&'a mut Message, Refusal> {
    let message = channel.messages.iter_mut().find(|one| one.ts == ts);
    let message = message.ok_or("message_not_found")?;
    if message.user == BOT_USER { Ok(message) } else { Err("cant_update_message".into()) }
}

pub fn update(state: &mut State, args: &Args) -> Answer {
    let id = args.need("channel", "channel_not_found")?;
    let ts = args.need("ts", "message_not_found")?;
    let at = state.now();
    own(state.open_channel(&id)?, &ts)?;
    let Content { text, blocks, metadata } = content(args)?;
    if text.is_none() && blocks.is_none() {
        return Err("no_text".into());
    }
    let message = own(state.open_channel(&id)?, &ts)?;
    message.change(at, text, blocks);
    if let Some(metadata) = metadata {
        message.metadata = if metadata == json!({}) { Value::Null } else { metadata };
    }
    let shape = message.shape();
    Ok(json!({"channel": id, "ts": ts, "text": shape["text"], "message": shape}))
}

impl Message {
    /// An edit. A text without blocks drops the blocks.
    pub(in super::super) fn change(
        &mut self,
        at: i64,
        text: Option<String>,
        blocks: Option<Value>,
    ) {
        let edit = Edit { at, text: self.text.clone(), blocks: self.blocks.clone() };
        self.edits.push(edit);
        match (text, blocks) {
            (Some(text), blocks) => {
                self.text = text;
                self.blocks = blocks.filter(|it| *it != json!([])).unwrap_or_default();
            }
            (None, Some(blocks)) => self.blocks = blocks,
            (None, None) => {}
        }
    }
}

pub fn ephemeral(state: &mut State, args: &Args) -> Answer {
    let channel = args.need("channel", "channel_not_found")?;
    let user = args.need("user", "user_not_in_channel")?;
    if !state.open_channel(&channel)?.has(&user) {
        return Err("user_not_in_channel".into());
    }
    let Content { text, blocks, .. } = content(args)?;
    let (text, blocks) = (text.ok_or("no_text")?, blocks.unwrap_or_default());
    let (at, ts) = (state.now(), state.ts());
    let by = "chat.postEphemeral";
    state.ephemerals.push(Ephemeral { at, channel, user, ts: ts.clone(), text, blocks, by });
    Ok(json!({"message_ts": ts}))
}

pub fn permalink(state: &mut State, args: &Args) -> Answer {
    let id = args.need("channel", "channel_not_found")?;
    let ts = args.need("message_ts", "message_not_found")?;
    let known = state.channel(&id)?.message(&ts).is_some();
    let link = format!("https://allclear.slack.com/archives/{id}/p{}", ts.replace('.', ""));
    if known {
        Ok(json!({"channel": id, "permalink": link}))
    } else {
        Err("message_not_found".into())
    }
}
