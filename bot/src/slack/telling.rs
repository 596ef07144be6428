//! Telling the room: one living card an incident and an operation, edited in place, and what happens, in order.
//!
//! What is told is read from the ledger when it is told: a storm of news makes one edit, and what Slack missed while it
//! was away follows when it is back, each line once. Before anything is posted its key is written down, and it goes with
//! the message unseen: where nobody knows whether it was posted, the channel is asked for the key first.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use shared::engine::Glance;
use shared::id::{EffectKey, StreamId};
use shared::incident::{Event, Incident};
use shared::ledger::{self, Body, Hash};
use shared::operation::{Operation, Operations, story};
use shared::safety::Standing;
use shared::timeline::{Line, Mark, timeline};
use slack_morphism::prelude::{SlackChannelId, SlackTs};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::api::{Place, Posted, Told, Trouble};
use super::book::{Doubt, Kept, incident_subject};
use super::face::Face;
use super::{Message, card, founding, operation, room};
use crate::orders::Counter;

/// Slack takes about one message a second and channel.
pub(super) const PACE: Duration = Duration::from_secs(1);
/// Messages of news in one go: together they take less time than the lane gives.
const NEWS_AT_ONCE: usize = 15;
/// A live card is never older than this: the recovery clock runs.
const CARD_AGE: Duration = Duration::from_mins(1);
/// How often it is looked whether one is.
const CLOCK_TICK: Duration = Duration::from_secs(10);
/// What the room hears of, beside the card.
const TOLD: [Mark; 7] = [
    Mark::Alarm,
    Mark::Page,
    Mark::Person,
    Mark::Choice,
    Mark::Action,
    Mark::Recovery,
    Mark::Clear,
];

/// Tells the room. Every card has one writer at a time.
pub struct Telling {
    /// The face.
    pub face: Arc<Face>,
    /// Held by whoever writes; the last turn of each incident that this process told to its end.
    writing: Mutex<HashMap<StreamId, u32>>,
    /// When each channel may be written to again.
    free: Mutex<HashMap<SlackChannelId, Instant>>,
    /// When each incident's cards were brought up to date.
    fresh: Mutex<HashMap<StreamId, Instant>>,
    /// What each message that seldom changes shows.
    pub(super) shown: Mutex<HashMap<SlackTs, Hash>>,
}

/// What is known of a subject, as it is being told.
pub(super) struct Record {
    pub subject: String,
    pub kept: Kept,
}

impl Record {
    /// Where its news belong: into its own channel, else into its thread.
    fn place(&self) -> Place {
        match self.kept.room.open() {
            Some(channel) => Place::channel(channel),
            None => Place { channel: self.kept.channel.clone(), thread: self.kept.ts.clone() },
        }
    }
}

/// An incident as it stands now.
pub(super) struct Seen {
    pub incident: Incident,
    pub turns: Vec<Body<Event>>,
    pub lines: Vec<Line>,
    pub standing: Standing,
    pub operations: Operations,
}

impl Telling {
    /// Tells what `face` knows.
    pub fn new(face: Arc<Face>) -> Self {
        let (writing, free, fresh, shown) =
            (Mutex::default(), Mutex::default(), Mutex::default(), Mutex::default());
        Self { face, writing, free, fresh, shown }
    }

    /// The incident's card as it stands now, and what happened since it was told last. What was told along with a later
    /// turn costs no look at the ledger.
    pub async fn incident(&self, id: &StreamId, turn: u32) -> Result<(), Trouble> {
        let mut told = self.writing.lock().await;
        if told.get(id).is_some_and(|last| *last >= turn) {
            return Ok(());
        }
        let seen = self.see(id).await?;
        self.tell(id, &seen).await?;
        told.insert(id.clone(), seen.incident.turns);
        Ok(())
    }

    async fn tell(&self, id: &StreamId, seen: &Seen) -> Result<(), Trouble> {
        let mut record = self.record(&incident_subject(seen.incident.number));
        let wanted = founding::Wanted::of(seen, &record.kept.room, &self.face);
        let all_told = record.kept.told >= seen.incident.turns;
        // A suspicion is nobody's news yet, and what was told already is none either.
        let untold = seen.incident.state.has_severity()
            && !(all_told && founding::is_furnished(&record.kept.room, wanted.as_ref()));
        if !untold {
            return Ok(());
        }
        self.card(&mut record, seen).await?;
        if let Some(wanted) = &wanted {
            let was_open = record.kept.room.open().is_some();
            self.found(&mut record, seen, wanted).await?;
            if !was_open && record.kept.room.open().is_some() {
                self.card(&mut record, seen).await?;
            }
        }
        self.news(&mut record, seen).await?;
        (record.kept.told, record.kept.lines) = (seen.incident.turns, seen.lines.len());
        self.keep(&record)?;
        if let Some(wanted) = &wanted {
            self.furnish(&mut record, seen, wanted).await?;
            record.kept.room.found = false;
            self.keep(&record)?;
        }
        self.fresh.lock().await.insert(id.clone(), Instant::now());
        Ok(())
    }

    /// Brings the cards of a live incident up to date with the time, if they are older than that.
    pub async fn refresh(&self, id: &StreamId, older_than: Duration) -> Result<(), Trouble> {
        let is_fresh =
            self.fresh.lock().await.get(id).is_some_and(|since| since.elapsed() < older_than);
        if is_fresh {
            return Ok(());
        }
        let _alone = self.writing.lock().await;
        let seen = self.see(id).await?;
        let mut record = self.record(&incident_subject(seen.incident.number));
        if record.kept.ts.is_none() || !seen.incident.state.is_declared() {
            return Ok(());
        }
        self.fresh.lock().await.insert(id.clone(), Instant::now());
        self.card(&mut record, &seen).await?;
        if record.kept.room.card.is_some() && record.kept.room.open().is_some() {
            self.room_card(&mut record, &seen).await?;
            self.checklist(&mut record, &seen).await?;
        }
        Ok(())
    }

    /// The living card in the room of all incidents.
    async fn card(&self, record: &mut Record, seen: &Seen) -> Result<(), Trouble> {
        let scene = self.face.scene(&seen.standing);
        let page = card::linking_card(&seen.incident, &seen.lines, scene, record.kept.room.open());
        let told = Told::whole(format!("{}/card", seen.incident.id));
        self.show(record, told, page).await
    }

    /// Tells what is new, and remembers after each message how far it came: whatever breaks off goes on there.
    async fn news(&self, record: &mut Record, seen: &Seen) -> Result<(), Trouble> {
        for _ in 0..NEWS_AT_ONCE {
            let first = first_untold(&record.kept, &seen.lines);
            let is_news = |(_, line): &(usize, &Line)| TOLD.contains(&line.mark);
            let news = seen.lines.iter().enumerate().skip(first).filter(is_news);
            let (places, news): (Vec<usize>, Vec<Line>) =
                news.map(|(place, line)| (place, line.clone())).unzip();
            let Some((message, taken)) = room::news(seen.incident.number, &news) else {
                return Ok(());
            };
            let key = format!("{}/news/{}", seen.incident.id, places[0]);
            let (turn, lines) = (news[taken - 1].turn, places[taken - 1] + 1);
            let place = record.place();
            let said = self.say_once(record, &place, Told { key, turn, lines }, message).await;
            match said {
                Ok((_, told)) => record.kept.lines = told.lines,
                Err(Trouble::Never(code)) if place.thread.is_none() && founding::is_gone(&code) => {
                    self.close(record, seen, code).await?;
                    continue;
                }
                Err(other) => return Err(other),
            }
            // The turn counts as told when all of its lines are.
            let next = seen.lines.get(record.kept.lines);
            if next.is_none_or(|next| next.turn > turn) {
                record.kept.told = turn;
            }
            self.keep(record)?;
        }
        let why = "there is more to tell than fits into one go".to_owned();
        Err(Trouble::Later { why, after: Duration::ZERO })
    }

    /// The card of the operation that owes this.
    pub async fn operation(&self, key: &EffectKey) -> Result<(), Trouble> {
        let _alone = self.writing.lock().await;
        let owed = key.clone();
        let look = move |seen: &dyn Glance| {
            let operations = seen.operations();
            let (operation, turns) = (operations.owing(&owed).cloned(), operations.turns);
            Ok((operation, story(&seen.operation_turns()?), seen.standing().clone(), turns))
        };
        let (operation, lines, standing, turns): (Option<Operation>, _, _, _) =
            self.face.counter.see(look).await.map_err(|why| away(&why))?;
        let Some(operation) = operation else { return Ok(()) };
        let mut record = self.record(&format!("operation/{}", operation.number));
        if record.kept.told >= key.turn {
            return Ok(());
        }
        let page = operation::operation_card(&operation, &lines, self.face.scene(&standing));
        let told = Told::whole(format!("{}/{}/card", key.stream, operation.number));
        self.show(&mut record, told, page).await?;
        record.kept.told = turns;
        self.keep(&record)
    }

    /// Something everyone should notice.
    pub async fn notice(&self, key: &EffectKey, text: &str) -> Result<(), Trouble> {
        let _alone = self.writing.lock().await;
        let mut record = self.record(key.stream.as_str());
        let place = Place::channel(&self.face.channel);
        let told = Told::whole(key.to_string());
        self.say_once(&mut record, &place, told, room::notice(text)).await.map(drop)
    }

    /// Edits the card that is there, or posts one. One that somebody deleted is posted anew.
    async fn show(&self, record: &mut Record, told: Told, page: Message) -> Result<(), Trouble> {
        let place = Place::channel(&record.kept.channel);
        let shown = record.kept.ts.clone();
        let ts = self.show_at(record, &place, shown, told, page).await?;
        record.kept.ts = Some(ts);
        self.keep(record)
    }

    pub(super) async fn show_at(
        &self,
        record: &mut Record,
        place: &Place,
        shown: Option<SlackTs>,
        told: Told,
        page: Message,
    ) -> Result<SlackTs, Trouble> {
        if let Some(ts) = shown {
            self.turn(&place.channel).await;
            let posted = Posted { channel: place.channel.clone(), ts };
            match self.face.api.edit(&posted, page.clone()).await {
                Ok(()) => return Ok(posted.ts),
                Err(Trouble::Never(code)) if code == "message_not_found" => {}
                Err(other) => return Err(other),
            }
        }
        self.say_once(record, place, told, page).await.map(|(ts, _)| ts)
    }

    /// Posts, unless it stands there already; what stands there may tell of less than we would now.
    pub(super) async fn say_once(
        &self,
        record: &mut Record,
        place: &Place,
        told: Told,
        message: Message,
    ) -> Result<(SlackTs, Told), Trouble> {
        let room = &record.kept.room;
        let is_found = room.found && room.channel.as_ref() == Some(&place.channel);
        let doubt = record.kept.doubt.as_ref().filter(|doubt| doubt.key == told.key);
        if is_found || doubt.is_some() {
            // Of a channel that was found nobody knows when anything was posted.
            let about = doubt.filter(|_| !is_found).map(|doubt| doubt.at);
            match self.face.api.told(place, &told.key, about).await {
                Ok(Some(found)) => return Ok(found),
                // Told twice is better than not at all.
                Ok(None) | Err(Trouble::Never(_)) => {}
                Err(other) => return Err(other),
            }
        }
        record.kept.doubt = Some(Doubt { key: told.key.clone(), at: (self.face.clock)() });
        self.keep(record)?;
        self.turn(&place.channel).await;
        let posted = self.face.api.post(place, message, &told).await?;
        record.kept.doubt = None;
        Ok((posted.ts, told))
    }

    /// An incident, and what its pages are made of. A long story is read beside the desk and beside all conversations.
    async fn see(&self, id: &StreamId) -> Result<Seen, Trouble> {
        let stream = id.clone();
        let look = move |seen: &dyn Glance| {
            let (standing, operations) = (seen.standing().clone(), seen.operations().clone());
            Ok((seen.incident(&stream)?, seen.sealed(&stream)?, standing, operations))
        };
        let seen = self.face.counter.see(look).await.map_err(|why| away(&why))?;
        let (incident, sealed, standing, operations) = seen;
        let stream = id.clone();
        let told = spawn_blocking(move || {
            let turns = ledger::verify::<Event>(&stream, &sealed)?;
            let lines = timeline(&turns);
            Ok((turns, lines))
        });
        let told: Result<_, ledger::Broken> = told.await.map_err(|why| away(&why.into()))?;
        let (turns, lines) = told.map_err(|why| away(&why.into()))?;
        Ok(Seen { incident, turns, lines, standing, operations })
    }

    fn record(&self, subject: &str) -> Record {
        let kept = self.face.book.of(subject);
        let kept = kept.unwrap_or_else(|| Kept::untold(self.face.channel.clone()));
        Record { subject: subject.to_owned(), kept }
    }

    pub(super) fn keep(&self, record: &Record) -> Result<(), Trouble> {
        let kept = self.face.book.keep(&record.subject, record.kept.clone());
        kept.map_err(|error| Trouble::Later {
            why: format!("failed to remember the card: {error}"),
            after: PACE,
        })
    }

    /// Waits until the channel may be written to again.
    async fn turn(&self, channel: &SlackChannelId) {
        let at = {
            let mut free = self.free.lock().await;
            let now = Instant::now();
            free.retain(|_, at| *at > now);
            let at = free.get(channel).copied().unwrap_or(now);
            free.insert(channel.clone(), at + PACE);
            at
        };
        sleep_until(at).await;
    }
}

/// Keeps the clocks of live cards right, for ever. What can't be shown now is shown the next time.
pub(super) async fn keep_time(telling: Arc<Telling>) {
    loop {
        tokio::time::sleep(CLOCK_TICK).await;
        let declared = |seen: &dyn Glance| {
            let live = seen.live().into_iter().filter(|one| one.state.is_declared());
            Ok(live.map(|one| one.id.clone()).collect::<Vec<StreamId>>())
        };
        for id in telling.face.counter.see(declared).await.unwrap_or_default() {
            if let Err(trouble) = telling.refresh(&id, CARD_AGE).await {
                tracing::debug!(error = %trouble, "a card's clock stands");
            }
        }
    }
}

/// The first line of the timeline that was not told yet.
fn first_untold(kept: &Kept, lines: &[Line]) -> usize {
    match kept.lines {
        0 => lines.iter().take_while(|line| line.turn <= kept.told).count(),
        told => told,
    }
}

fn away(why: &anyhow::Error) -> Trouble {
    Trouble::Later { why: why.to_string(), after: PACE }
}
