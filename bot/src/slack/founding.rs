//! The own channel of a P1 or P2: made, furnished step by step, and left when somebody closes it.
//!
//! Each step is remembered when it is done, and each can be repeated: a crash or a lost reply between any two makes no
//! second channel, no second pin and no war about the topic.

use shared::checklist::{checklist, vendors_seen};
use shared::id::PersonId;
use shared::incident::{Event, Incident, Role};
use shared::plan::{Plan, Severity};
use slack_morphism::prelude::{SlackChannelId, SlackUserId};

use super::api::{Found, Place, Told, Trouble};
use super::book::Room;
use super::face::Face;
use super::telling::{Record, Seen, Telling};
use super::text::unescape;
use super::{card, channel, room, steps};

/// Names that are tried before the incident goes without a channel of its own.
const MAX_NAMES: u32 = 5;
/// What an incident's own channel shall be like.
pub(super) struct Wanted {
    name: String,
    topic: String,
    purpose: String,
    people: Vec<SlackUserId>,
}

impl Wanted {
    /// `None` where the incident is told in a thread: a P3 or P4 that never was worse.
    pub fn of(seen: &Seen, room: &Room, face: &Face) -> Option<Self> {
        let incident = &seen.incident;
        let severe = matches!(incident.severity, Severity::P1 | Severity::P2);
        if !incident.state.has_severity() || !severe && room.channel.is_none() {
            return None;
        }
        let paged =
            seen.turns.iter().flat_map(|turn| &turn.events).filter_map(|event| match event {
                Event::RungReached { people, .. } => Some(people.clone()),
                _ => None,
            });
        let mut people: Vec<_> = paged.flatten().collect();
        people.extend(leads(&face.plan, incident).cloned());
        people.extend(incident.roles.values().cloned());
        let mut users: Vec<_> = people.iter().filter_map(|person| face.user_of(person)).collect();
        users.sort_by(|one, other| one.0.cmp(&other.0));
        users.dedup();
        Some(Self {
            name: channel::channel_name(incident, &face.plan),
            topic: channel::topic(incident, &face.plan),
            purpose: channel::purpose(incident, &face.plan),
            people: users,
        })
    }
}

/// Those who lead the response: whoever was given the role, else the plan's.
fn leads<'a>(plan: &'a Plan, incident: &'a Incident) -> impl Iterator<Item = &'a PersonId> {
    let roles = &plan.roles;
    let leads = [
        (Role::IncidentCommander, &roles.incident_commander),
        (Role::TechnicalLead, &roles.technical_lead),
        (Role::CommunicationsLead, &roles.communications_lead),
        (Role::BusinessLead, &roles.business_lead),
    ];
    leads.into_iter().map(|(role, planned)| incident.roles.get(&role).unwrap_or(planned))
}

/// Whether nothing is left to do for the channel.
pub(super) fn is_furnished(room: &Room, wanted: Option<&Wanted>) -> bool {
    let Some(wanted) = wanted else { return true };
    if room.closed.is_some() {
        return room.closed_told;
    }
    room.card.is_some()
        && room.checklist.is_some()
        && room.purpose
        && room.pinned == room.card
        && room.topic.as_ref() == Some(&wanted.topic)
        && wanted.people.iter().all(|user| room.invited.contains(&user.0))
}

/// Whether Slack says that a channel can't be used any more.
pub(super) fn is_gone(code: &str) -> bool {
    matches!(code, "is_archived" | "channel_not_found" | "not_in_channel")
}

impl Telling {
    /// Makes the channel, brings people in and puts the card there, as far as that is not done. A channel that can't be
    /// had or was closed is left, and that is said.
    pub(super) async fn found(
        &self,
        record: &mut Record,
        seen: &Seen,
        wanted: &Wanted,
    ) -> Result<(), Trouble> {
        if record.kept.room.closed.is_some() {
            return self.say_closed(record, seen).await;
        }
        match self.settle_in(record, seen, wanted).await {
            Err(Trouble::Never(code)) if record.kept.room.channel.is_none() || is_gone(&code) => {
                self.close(record, seen, code).await
            }
            other => other,
        }
    }

    async fn settle_in(
        &self,
        record: &mut Record,
        seen: &Seen,
        wanted: &Wanted,
    ) -> Result<(), Trouble> {
        if record.kept.room.channel.is_none() {
            self.make(record, wanted).await?;
        }
        let Some(channel) = record.kept.room.channel.clone() else { return Ok(()) };
        for user in &wanted.people {
            if record.kept.room.invited.contains(&user.0) {
                continue;
            }
            harmless(self.face.api.invite(&channel, user).await)?;
            record.kept.room.invited.insert(user.0.clone());
            self.keep(record)?;
        }
        self.room_card(record, seen).await
    }

    /// Makes the channel. A name that is taken may be our own doing: a reply was lost, or we were killed.
    async fn make(&self, record: &mut Record, wanted: &Wanted) -> Result<(), Trouble> {
        while record.kept.room.taken < MAX_NAMES {
            let name = match record.kept.room.taken {
                0 => wanted.name.clone(),
                taken => channel::another_name(&wanted.name, taken),
            };
            match self.face.api.create(&name).await {
                Ok(channel) => record.kept.room.channel = Some(channel),
                Err(Trouble::Never(code)) if code == "name_taken" => {
                    match self.ours(&name, wanted).await? {
                        Some(channel) => {
                            record.kept.room.channel = Some(channel);
                            record.kept.room.found = true;
                        }
                        None => record.kept.room.taken += 1,
                    }
                }
                Err(other) => return Err(other),
            }
            self.keep(record)?;
            if record.kept.room.channel.is_some() {
                return Ok(());
            }
        }
        Err(Trouble::Never("name_taken".into()))
    }

    /// The channel of that name, if it is one that we made for this incident.
    async fn ours(&self, name: &str, wanted: &Wanted) -> Result<Option<SlackChannelId>, Trouble> {
        let Some(found) = self.found_named(name).await? else { return Ok(None) };
        let me = self.face.api.who().await?;
        let says = unescape(&found.purpose.value);
        let is_ours = found.creator == me.0 && (says.is_empty() || says == wanted.purpose);
        Ok(is_ours.then_some(found.id))
    }

    /// Where the list may not be read, nobody can tell: then another name is taken.
    async fn found_named(&self, name: &str) -> Result<Option<Found>, Trouble> {
        match self.face.api.named(name).await {
            Err(Trouble::Never(_)) => Ok(None),
            other => other,
        }
    }

    /// The living card in the incident's own channel.
    pub(super) async fn room_card(&self, record: &mut Record, seen: &Seen) -> Result<(), Trouble> {
        let Some(channel) = record.kept.room.open().cloned() else { return Ok(()) };
        let scene = self.face.scene(&seen.standing);
        let page = card::incident_card(&seen.incident, &seen.lines, scene);
        let told = Told::whole(format!("{}/own-card", seen.incident.id));
        let shown = record.kept.room.card.clone();
        let place = Place::channel(&channel);
        let ts = self.show_at(record, &place, shown, told, page).await?;
        record.kept.room.card = Some(ts);
        self.keep(record)
    }

    /// What makes the channel complete, once everybody there knows what is going on.
    pub(super) async fn furnish(
        &self,
        record: &mut Record,
        seen: &Seen,
        wanted: &Wanted,
    ) -> Result<(), Trouble> {
        match self.complete(record, seen, wanted).await {
            Err(Trouble::Never(code)) if is_gone(&code) => self.close(record, seen, code).await,
            other => other,
        }
    }

    async fn complete(
        &self,
        record: &mut Record,
        seen: &Seen,
        wanted: &Wanted,
    ) -> Result<(), Trouble> {
        let Some(channel) = record.kept.room.open().cloned() else { return Ok(()) };
        self.checklist(record, seen).await?;
        if record.kept.room.topic.as_ref() != Some(&wanted.topic) {
            let now = self.face.api.info(&channel).await;
            let is_set = now.is_ok_and(|found| unescape(&found.topic.value) == wanted.topic);
            if !is_set {
                harmless(self.face.api.set_topic(&channel, &wanted.topic).await)?;
            }
            record.kept.room.topic = Some(wanted.topic.clone());
            self.keep(record)?;
        }
        if !record.kept.room.purpose {
            harmless(self.face.api.set_purpose(&channel, &wanted.purpose).await)?;
            record.kept.room.purpose = true;
            self.keep(record)?;
        }
        if let Some(ts) = record.kept.room.card.clone()
            && record.kept.room.pinned.as_ref() != Some(&ts)
        {
            harmless(self.face.api.pin(&channel, &ts).await)?;
            record.kept.room.pinned = Some(ts);
            self.keep(record)?;
        }
        Ok(())
    }

    /// The runbook's steps, in one message that is edited where something changed.
    pub(super) async fn checklist(&self, record: &mut Record, seen: &Seen) -> Result<(), Trouble> {
        let Some(channel) = record.kept.room.open().cloned() else { return Ok(()) };
        let now = (self.face.clock)();
        let list = checklist(&self.face.plan, &seen.incident, &seen.turns, &seen.operations, now);
        let page = steps::checklist_page(&list, &vendors_seen(&seen.turns), &self.face.plan);
        let looks = shared::ledger::Hash::of(&[page.text.as_bytes()]);
        let shown = record.kept.room.checklist.clone();
        if let Some(ts) = &shown
            && self.shown.lock().await.get(ts) == Some(&looks)
        {
            return Ok(());
        }
        let told = Told::whole(format!("{}/checklist", seen.incident.id));
        let ts = self.show_at(record, &Place::channel(&channel), shown, told, page).await?;
        self.shown.lock().await.insert(ts.clone(), looks);
        record.kept.room.checklist = Some(ts);
        self.keep(record)
    }

    /// Leaves the channel: what happens is told in the thread from now on.
    pub(super) async fn close(
        &self,
        record: &mut Record,
        seen: &Seen,
        code: String,
    ) -> Result<(), Trouble> {
        tracing::warn!(slack.error = code, "an incident goes on without its channel");
        record.kept.room.closed = Some(code);
        self.keep(record)?;
        self.say_closed(record, seen).await
    }

    async fn say_closed(&self, record: &mut Record, seen: &Seen) -> Result<(), Trouble> {
        let room = record.kept.room.clone();
        let Some(code) = room.closed.filter(|_| !room.closed_told) else { return Ok(()) };
        let place = Place { channel: record.kept.channel.clone(), thread: record.kept.ts.clone() };
        let message = room::left(room.channel.as_ref(), &code);
        let told = Told::whole(format!("{}/left", seen.incident.id));
        self.say_once(record, &place, told, message).await?;
        record.kept.room.closed_told = true;
        self.keep(record)
    }
}

/// What Slack refuses here stops nothing: the person is there already, the card is pinned, a scope is missing.
fn harmless(done: Result<(), Trouble>) -> Result<(), Trouble> {
    match done {
        Err(Trouble::Never(code)) if !is_gone(&code) => {
            tracing::info!(slack.error = code, "a channel goes without");
            Ok(())
        }
        other => other,
    }
}
