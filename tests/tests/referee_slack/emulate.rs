//! `emulate`, an emulator that others wrote, is asked the same as our stand-in: both understood Slack's documents, each on
//! its own, so where they agree is more likely right.
//!
//! It takes any token, knows nothing of sockets, and keeps no limits of blocks.

use serde_json::{Value, json};
use tests::emulator::Emulator;
use tests::standin::slack::{BOT_TOKEN, Slack};

use crate::client::Client;

/// Fields of the emulator's that no code of ours will ever ask for.
const UNASKED: [&str; 3] = ["is_open", "last_read", "num_members"];

fn seed() -> String {
    format!(
        "tokens:\n  {BOT_TOKEN}: {{login: allclear, scopes: [chat:write]}}\n\
         slack:\n  team: {{name: All Clear, domain: allclear}}\n  users: [{{name: allclear}}]\n"
    )
}

/// Both, and a client before each.
struct Pair {
    _slack: Slack,
    _emulator: Emulator,
    ours: Client,
    theirs: Client,
}

impl Pair {
    async fn new() -> Self {
        let slack = Slack::start().await.unwrap();
        let emulator = Emulator::slack(&seed()).await.unwrap();
        let ours = Client::web(&slack);
        let theirs = Client::web_at(&format!("{}/api", emulator.url));
        Self { _slack: slack, _emulator: emulator, ours, theirs }
    }

    /// What both say to a call, whose shapes must agree.
    async fn say(&mut self, call: &str, ours: Value, theirs: Value) -> (Value, Value) {
        let (ours, theirs) =
            (self.ours.calls(call, ours).await, self.theirs.calls(call, theirs).await);
        let differ = differences("", &ours, &theirs);
        assert!(differ.is_empty(), "{call}: {differ}");
        (ours, theirs)
    }

    /// The error that both say.
    async fn refuse(&mut self, call: &str, args: Value) -> String {
        let ours = self.ours.error(call, args.clone()).await;
        assert_eq!(ours, self.theirs.error(call, args).await, "{call}");
        ours
    }
}

/// What the emulator says and we do not, or as another type. What only we say is our business.
fn differences(at: &str, ours: &Value, theirs: &Value) -> String {
    let (Some(ours), Some(theirs)) = (ours.as_object(), theirs.as_object()) else {
        let same = std::mem::discriminant(ours) == std::mem::discriminant(theirs);
        return if same { String::new() } else { format!("{at}: {ours} or {theirs}\n") };
    };
    let asked = theirs.iter().filter(|(key, _)| !UNASKED.contains(&key.as_str()));
    asked
        .map(|(key, theirs)| match ours.get(key) {
            Some(ours) => differences(&format!("{at}/{key}"), ours, theirs),
            None => format!("{at}/{key} is missing\n"),
        })
        .collect()
}

#[tokio::test]
async fn answers_have_the_shape_that_the_emulator_gives_them() {
    let mut pair = Pair::new().await;
    pair.say("auth.test", json!({}), json!({})).await;
    let name = json!({"name": "inc-42-checkout"});
    let (ours, theirs) = pair.say("conversations.create", name.clone(), name).await;
    let (ours, theirs) = (&ours["channel"]["id"], &theirs["channel"]["id"]);
    let metadata = json!({"event_type": "incident", "event_payload": {"id": "INC-42"}});
    let post = |channel: &Value| json!({"channel": channel, "text": "down", "metadata": metadata});
    let (our, their) = pair.say("chat.postMessage", post(ours), post(theirs)).await;
    let (our, their) = (&our["ts"], &their["ts"]);
    let edit = |channel: &Value, ts: &Value| json!({"channel": channel, "ts": ts, "text": "up"});
    pair.say("chat.update", edit(ours, our), edit(theirs, their)).await;
    let pin = |channel: &Value, ts: &Value| json!({"channel": channel, "timestamp": ts});
    pair.say("pins.add", pin(ours, our), pin(theirs, their)).await;
    let topic = |channel: &Value| json!({"channel": channel, "topic": "P1"});
    pair.say("conversations.setTopic", topic(ours), topic(theirs)).await;
    let there = |channel: &Value| json!({"channel": channel});
    pair.say("conversations.info", there(ours), there(theirs)).await;
    pair.say("conversations.archive", there(ours), there(theirs)).await;
}

#[tokio::test]
async fn refusals_have_the_emulators_names() {
    let mut pair = Pair::new().await;
    // An edit in a channel that is not there is `message_not_found` to the emulator alone.
    let nowhere = json!({"channel": "C0NOWHERE", "text": "x"});
    assert_eq!(pair.refuse("chat.postMessage", nowhere.clone()).await, "channel_not_found");
    assert_eq!(pair.refuse("conversations.info", nowhere).await, "channel_not_found");
    assert_eq!(pair.refuse("conversations.create", json!({"name": "general"})).await, "name_taken");
    assert_eq!(pair.refuse("users.info", json!({"user": "U0NOBODY"})).await, "user_not_found");
}
