//! What was said in a channel: its history without threads, and single threads.

use serde_json::{Value, json};

use super::super::BOT_USER;
use super::super::answer::{Answer, Args, Refusal};
use super::super::state::State;
use super::super::workspace::{Channel, Message};

/// Most messages of one page.
const MESSAGES_MAX: usize = 999;
/// What stands before the place in a cursor.
const CURSOR: &str = "next_";

/// So many of them from where the cursor says, and the next cursor; empty after the last.
pub fn page(args: &Args, all: Vec<Value>, most: usize) -> Result<(Vec<Value>, String), Refusal> {
    let limit = match args.text("limit").map(|text| text.parse::<usize>()) {
        None => 100,
        Some(Ok(limit)) if (1..=most).contains(&limit) => limit,
        Some(_) => return Err("invalid_limit".into()),
    };
    let from = match args.text("cursor") {
        None => 0,
        Some(cursor) => {
            let place = cursor.strip_prefix(CURSOR).and_then(|place| place.parse().ok());
            place.filter(|place| *place <= all.len()).ok_or("invalid_cursor")?
        }
    };
    let next = from + limit;
    let cursor = if next < all.len() { format!("{CURSOR}{next}") } else { String::new() };
    Ok((all.into_iter().skip(from).take(limit).collect(), cursor))
}

/// The channel, if the bot may read it: archived ones stay readable.
fn read<'a>(state: &'a mut State, args: &Args) -> Result<&'a Channel, Refusal> {
    let channel = state.channel(&args.need("channel", "channel_not_found")?)?;
    if channel.has(BOT_USER) { Ok(channel) } else { Err("not_in_channel".into()) }
}

/// The times asked for, in microseconds; the bounds count where that is asked for.
struct Window {
    oldest: Option<i64>,
    latest: Option<i64>,
    inclusive: bool,
}

impl Window {
    fn of(args: &Args) -> Result<Self, Refusal> {
        let at = |name: &str, error: &str| match args.text(name) {
            None => Ok(None),
            Some(text) => micros(&text).map(Some).ok_or_else(|| Refusal::from(error)),
        };
        let oldest = at("oldest", "invalid_ts_oldest")?;
        let latest = at("latest", "invalid_ts_latest")?;
        Ok(Self { oldest, latest, inclusive: args.flag("inclusive") })
    }

    fn has(&self, message: &Message) -> bool {
        let ts = micros(&message.ts).unwrap_or_default();
        let bound = self.inclusive && (Some(ts) == self.oldest || Some(ts) == self.latest);
        let inside = self.oldest.is_none_or(|it| ts > it) && self.latest.is_none_or(|it| ts < it);
        bound || inside
    }
}

/// A time as Slack writes it, in microseconds.
fn micros(ts: &str) -> Option<i64> {
    let (seconds, rest) = ts.split_once('.').unwrap_or((ts, "0"));
    let (seconds, rest): (i64, i64) = (seconds.parse().ok()?, format!("{rest:0<6}").parse().ok()?);
    Some(seconds * 1_000_000 + rest)
}

/// Metadata is shown to whoever asks for it.
fn shape(args: &Args, message: &Message) -> Value {
    let mut shape = message.shape();
    if let (false, Some(shape)) = (args.flag("include_all_metadata"), shape.as_object_mut()) {
        shape.remove("metadata");
    }
    shape
}

fn answer(args: &Args, messages: Vec<Value>) -> Answer {
    let (page, next) = page(args, messages, MESSAGES_MAX)?;
    let more = !next.is_empty();
    Ok(json!({"messages": page, "has_more": more, "response_metadata": {"next_cursor": next}}))
}

/// The newest first; answers in threads are not among them.
pub fn history(state: &mut State, args: &Args) -> Answer {
    let channel = read(state, args)?;
    let window = Window::of(args)?;
    let messages = channel.messages.iter().rev().filter(|one| one.thread_ts.is_none());
    let messages = messages.filter(|one| window.has(one)).map(|one| shape(args, one));
    answer(args, messages.collect())
}

/// The message itself and the answers to it, the oldest first; of an answer nothing but itself.
pub fn replies(state: &mut State, args: &Args) -> Answer {
    let channel = read(state, args)?;
    let ts = args.need("ts", "thread_not_found")?;
    let first = channel.message(&ts).ok_or("thread_not_found")?;
    let window = Window::of(args)?;
    let answers = channel.messages.iter().filter(|one| one.thread_ts.as_ref() == Some(&ts));
    let answers = answers.filter(|one| window.has(one));
    answer(args, std::iter::once(first).chain(answers).map(|one| shape(args, one)).collect())
}
