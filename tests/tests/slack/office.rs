//! A server with Slack before it and vendors behind it.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::BTreeSet;
use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use functions::http::{self, Roots};
use serde_json::Value;
use tests::place::Place;
use tests::standin::slack::{
    ADA, APP_TOKEN, Ack, BEN, BOT_TOKEN, Channel, Delivery, INCIDENTS, Message, Reply,
    SIGNING_SECRET, Slack, State,
};
use tests::standin::vercel::Vercel;
use tokio::time::Instant;

/// Far above what any of this takes.
const LIMIT: Duration = Duration::from_secs(40);
const EVERY: Duration = Duration::from_millis(50);
/// What people install the app with: its scopes are all that the bot has here.
const MANIFEST: &str = include_str!("../../../infra/slack-manifest.yaml");

pub struct Office {
    pub slack: Slack,
    pub place: Place,
    /// What the program is told of Slack besides its address.
    pub settings: Vec<(&'static str, String)>,
    child: Option<Child>,
    pub url: String,
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stops();
    }
}

impl Office {
    /// Slack speaks over HTTP.
    pub async fn open() -> Self {
        Self::hearing(&[("SLACK_SIGNING_SECRET", SIGNING_SECRET)]).await
    }

    /// Slack speaks over a socket, and nothing else is known to it.
    pub async fn over_socket() -> Self {
        let office = Self::hearing(&[("SLACK_APP_TOKEN", APP_TOKEN)]).await;
        office.slack.connected(1).await.unwrap();
        office
    }

    /// With these settings, too. Ada is the lead developer, Ben the senior one; a rollback takes two people.
    pub async fn hearing(settings: &[(&'static str, &str)]) -> Self {
        let mut office = Self::closed(settings).await;
        office.starts().await;
        office
    }

    /// The same, and the server is not started yet.
    pub async fn closed(settings: &[(&'static str, &str)]) -> Self {
        let mut place = Place::new().await;
        place.vercel = Some(Vercel::start().await.unwrap());
        place.edits_plan(|text| {
            let member = |text: String, person: &str, slack: &str| {
                let id = format!("id = \"{person}\"\n");
                text.replacen(&id, &format!("{id}slack = \"{slack}\"\n"), 1)
            };
            let text = text.replace("rollback = 1\n", "rollback = 2\n");
            member(member(text, "lead-developer", ADA), "senior-developer", BEN)
        });
        let slack = Slack::start().await.unwrap();
        slack.state().tokens.get_mut(BOT_TOKEN).unwrap().scopes = scopes();
        let both = [("SLACK_BOT_TOKEN", BOT_TOKEN), ("SLACK_CHANNEL_ID", INCIDENTS)];
        let settings = both.iter().chain(settings).map(|(name, text)| (*name, text.to_string()));
        Self { slack, place, settings: settings.collect(), child: None, url: String::new() }
    }

    /// A command that knows of Slack what the server knows.
    pub fn command(&self, line: &str) -> Command {
        let mut command = self.place.command("lead-developer", line);
        command.env("SLACK_API_URL", self.slack.api_url()).envs(self.settings.iter().cloned());
        command
    }

    /// Types it; the answer.
    pub async fn does(&self, line: &str) -> String {
        let mut command = self.command(line);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        let output = output.unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts the server, anew if need be.
    pub async fn starts(&mut self) {
        self.stops();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        self.url = format!("http://127.0.0.1:{port}");
        let serve = format!("serve --listen 127.0.0.1:{port}");
        let mut command = self.command(&serve);
        let log = File::create(self.place.desk.path("serve.log")).unwrap();
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        self.child = Some(child);
        let ready = format!("{}/ready", self.url);
        let http = http::client(&Roots::default()).unwrap();
        let begun = Instant::now();
        while !http.get(&ready).send().await.is_ok_and(|it| it.status().is_success()) {
            assert!(begun.elapsed() < LIMIT, "the server does not start");
            tokio::time::sleep(EVERY).await;
        }
    }

    /// SIGTERM: how long it takes to tidy up.
    pub fn ends(&mut self) -> Duration {
        let (begun, mut child) = (Instant::now(), self.child.take().unwrap());
        let asked = Command::new("kill").arg(child.id().to_string()).status().unwrap();
        assert!(asked.success() && child.wait().unwrap().success(), "{}", self.log());
        begun.elapsed()
    }

    /// SIGKILL: nothing can be tidied up.
    pub fn stops(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill().and_then(|()| child.wait());
        }
    }

    /// What the server said since it was started last.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.place.desk.path("serve.log")).unwrap()
    }

    /// What the server says of itself.
    pub async fn health(&self) -> Value {
        let http = http::client(&Roots::default()).unwrap();
        let health = http.get(format!("{}/health", self.url)).send().await.unwrap();
        health.json().await.unwrap()
    }

    /// Waits until the server says so of itself.
    pub async fn health_says(&self, field: &str, says: &str) {
        let begun = Instant::now();
        loop {
            let health = self.health().await;
            if health[field].as_str().is_some_and(|text| text.contains(says)) {
                return;
            }
            assert!(begun.elapsed() < LIMIT, "no {says} in {field}: {health}\n{}", self.log());
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Sends it, over the socket where that is the only way.
    pub async fn send(&self, delivery: &Delivery) -> Reply {
        let by_http = self.settings.iter().any(|(name, _)| *name == "SLACK_SIGNING_SECRET");
        let reply = if by_http {
            self.slack.send(delivery, &self.url).await.unwrap()
        } else {
            let Ack { payload, took, objection, .. } =
                self.slack.send_over_socket(delivery).await.unwrap();
            let body = if payload.is_null() { String::new() } else { payload.to_string() };
            Reply { status: 200, body, took, objection }
        };
        assert_eq!(reply.objection, None, "{}", reply.body);
        reply
    }

    /// Types a command; the text of the answer, which only that person sees.
    pub async fn types(&self, user: &str, command: &str, text: &str) -> String {
        self.types_in(INCIDENTS, user, command, text).await
    }

    /// The same, in that channel.
    pub async fn types_in(&self, channel: &str, user: &str, command: &str, text: &str) -> String {
        let typed = self.slack.slash(user, channel, command, text);
        let reply = self.send(&typed).await;
        assert_eq!(reply.status, 200, "{text}: {}", reply.body);
        assert_eq!(reply.json()["response_type"], "ephemeral");
        reply.json()["text"].as_str().unwrap().to_owned()
    }

    /// Presses a button of the message that has it; the press itself is acknowledged at once.
    pub async fn presses(&self, user: &str, action: &str) {
        let press = self.press(user, action).await;
        assert_eq!(self.send(&press).await.status, 200);
    }

    /// The same, not sent yet.
    pub async fn press(&self, user: &str, action: &str) -> Delivery {
        let (ts, value) = self.until(action, |state| button(state, action)).await;
        self.slack.click(user, INCIDENTS, &ts, action, Some(&value)).unwrap()
    }

    /// Waits until something is to be seen in Slack.
    pub async fn until<T>(&self, what: &str, seen: impl Fn(&State) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let found = seen(&self.slack.state());
            if let Some(found) = found {
                return found;
            }
            if begun.elapsed() > LIMIT {
                let state = self.slack.state();
                let room: Vec<&str> =
                    state.everything().into_iter().map(|one| one.text.as_str()).collect();
                let alone: Vec<(&str, &str)> = state
                    .ephemerals
                    .iter()
                    .map(|one| (one.user.as_str(), one.text.as_str()))
                    .collect();
                panic!("{what} is not to be seen; the room: {room:#?}\n{alone:#?}");
            }
            self.place.follows_production();
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Waits until the rooms were told so, in whichever it belongs.
    pub async fn room_says(&self, says: &str) {
        let told = |state: &State| {
            state.everything().iter().any(|one| one.text.contains(says)).then_some(())
        };
        self.until(says, told).await;
    }

    /// Waits until that person has that form before them; its id.
    pub async fn form(&self, user: &str, name: &str) -> String {
        let open = |state: &State| {
            let form = state.modal(user).filter(|form| form.content["callback_id"] == name);
            form.map(|form| form.id.clone())
        };
        self.until(&format!("the form {name}"), open).await
    }

    /// Waits until there is a channel beside the two that are always there.
    pub async fn own_channel(&self) -> Channel {
        let own = |state: &State| {
            state.channels.values().find(|one| one.name.starts_with("inc-")).cloned()
        };
        self.until("an incident's own channel", own).await
    }

    /// Waits until the room's card of that subject says so.
    pub async fn card_says(&self, begins: &str, says: &str) {
        let what = format!("a card {begins} with {says}");
        self.until(&what, |state| {
            let cards = cards(state);
            let mut all = cards.iter().filter(|card| card.text.contains(begins));
            all.any(|card| whole(card).contains(says)).then_some(())
        })
        .await;
    }

    /// Waits until that person alone was told so.
    pub async fn whispers(&self, user: &str, says: &str) {
        let what = format!("{user} told {says}");
        self.until(&what, |state| {
            let mut own = state.ephemerals.iter().filter(|one| one.user == user);
            own.any(|one| one.text.contains(says)).then_some(())
        })
        .await;
    }
}

/// The scopes of the manifest.
fn scopes() -> BTreeSet<String> {
    let bot = MANIFEST.split("    bot:\n").nth(1).unwrap();
    let lines = bot.lines().map_while(|line| line.strip_prefix("      - "));
    lines.map(|scope| scope.split(' ').next().unwrap().to_owned()).collect()
}

/// Messages of the room that are in no thread.
pub fn cards(state: &State) -> Vec<Message> {
    state.messages(INCIDENTS).iter().filter(|one| one.thread_ts.is_none()).cloned().collect()
}

/// Everything that a message shows.
pub fn whole(message: &Message) -> String {
    format!("{}\n{}", message.text, message.blocks)
}

/// The newest message that has a button, and the button's value.
fn button(state: &State, action: &str) -> Option<(String, String)> {
    state.messages(INCIDENTS).iter().rev().find_map(|message| {
        let value = value_of(&message.blocks, action)?;
        Some((message.ts.clone(), value))
    })
}

fn value_of(blocks: &Value, action: &str) -> Option<String> {
    match blocks {
        Value::Object(fields) if fields.get("action_id").is_some_and(|id| id == action) => {
            Some(fields.get("value")?.as_str()?.to_owned())
        }
        Value::Object(fields) => fields.values().find_map(|one| value_of(one, action)),
        Value::Array(all) => all.iter().find_map(|one| value_of(one, action)),
        _ => None,
    }
}
