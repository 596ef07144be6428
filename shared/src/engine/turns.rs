//! Loading and appending: how streams become incidents, and decisions become turns.

use std::collections::BTreeMap;

use super::hands::overdue_from;
use super::{
    Arc, Body, Command, ComponentId, Derived, DeserializeOwned, Engine, Event, Hash, Incident,
    Known, Refusal, SAFETY_STREAM, SafetyEvent, Serialize, Situation, Standing, State, Store,
    StoreError, StreamId, Ts, Turn, Watch, Watches, incident, ledger, safety,
};
use crate::effect::Effect;
use crate::operation::OPERATIONS_STREAM;
use crate::roster::ROSTER_STREAM;
use crate::store::Summary;

impl<S: Store> Engine<S> {
    /// Takes up what others wrote: the streams that have a turn more than we know, and no others.
    pub(super) fn refresh(&mut self, now: Ts) -> Result<(), StoreError> {
        let writes = self.store.foreign_writes()?;
        if self.stale || writes != self.seen.0 {
            let written = if self.stale { None } else { self.store.written_since(self.seen.1)? };
            match written {
                Some(streams) => {
                    streams.iter().try_for_each(|(stream, turns)| self.take_up(stream, *turns))?;
                }
                None => self.take_up_all(now)?,
            }
            self.review_arming(now);
        }
        (self.seen, self.stale) = ((writes, self.store.last_written()?), false);
        Ok(())
    }

    /// Every live incident and every journal.
    fn take_up_all(&mut self, now: Ts) -> Result<(), StoreError> {
        self.known = Known::default();
        for summary in self.store.live()? {
            let incident = self.load(&summary.id)?;
            self.remember(incident);
        }
        self.take_up_safety()?;
        self.take_up_operations()?;
        self.take_up_roster()?;
        if self.stale {
            self.hear_anew();
        }
        if self.watches.is_empty() {
            self.watch_anew(now);
        }
        Ok(())
    }

    /// A stream whose last turn is of that number.
    fn take_up(&mut self, stream: &StreamId, turns: u32) -> Result<(), StoreError> {
        match stream.as_str() {
            SAFETY_STREAM if self.standing.turns != turns => self.take_up_safety(),
            OPERATIONS_STREAM if self.operations.turns != turns => self.take_up_operations(),
            ROSTER_STREAM if self.roster.turns != turns => self.take_up_roster(),
            SAFETY_STREAM | OPERATIONS_STREAM | ROSTER_STREAM => Ok(()),
            _incident if self.known.of(stream).is_some_and(|one| one.turns == turns) => Ok(()),
            _incident => {
                let incident = self.load(stream)?;
                self.remember(incident);
                Ok(())
            }
        }
    }

    fn take_up_safety(&mut self) -> Result<(), StoreError> {
        let (bodies, hashes) = self.read::<SafetyEvent>(&SAFETY_STREAM.into())?;
        self.standing = Standing::under(&self.plan);
        for (body, hash) in bodies.iter().zip(hashes) {
            self.standing.apply_turn(body, hash);
        }
        Ok(())
    }

    /// What is armed changes with proofs, and proofs age.
    pub(super) fn review_arming(&mut self, now: Ts) {
        self.standing.disarmed = safety::disarmed(&self.plan, &self.standing.proofs, now);
        self.standing.dry = safety::dry(&self.plan);
    }

    /// After a restart, or after a batch that was lost, monitors are remembered as the ledger does: a word that was
    /// lost is heard again.
    fn hear_anew(&mut self) {
        self.heard.clear();
        for incident in self.known.live() {
            for ((source, monitor), word) in incident.monitors.iter() {
                self.heard.insert((source.clone(), monitor.clone()), (word.health, incident.since));
            }
        }
    }

    /// After a restart what probes said is gathered anew. An open outage's start, and an alert that fires, are durable.
    fn watch_anew(&mut self, now: Ts) {
        let plan = &self.plan;
        let watch = || Watch::new(&plan.detection, &plan.thresholds, &plan.safety, now);
        let mut watches: BTreeMap<ComponentId, Watch> =
            plan.components.iter().map(|one| (one.id.clone(), watch())).collect();
        for incident in self.known.live() {
            let Some(watch) = watches.get_mut(&incident.component) else { continue };
            incident.impaired.iter().for_each(|alert| watch.resume_alert(*alert, now));
            if incident.failing && incident.state != State::Mitigated {
                watch.resume(incident.since);
            }
        }
        self.watches = Watches::new(watches);
    }

    /// An incident's fold, its chain checked on the way.
    pub fn load(&self, id: &StreamId) -> Result<Incident, StoreError> {
        let (bodies, hashes) = self.read::<Event>(id)?;
        let mut incident = Incident::unborn(id.clone());
        for (body, hash) in bodies.iter().zip(hashes) {
            incident.apply_turn(body, hash);
        }
        Ok(incident)
    }

    /// An incident from memory, where each component's last one is kept; else from the store.
    pub(super) fn known(&self, id: &StreamId) -> Result<Incident, StoreError> {
        self.remembered(id).map_or_else(|| self.load(id), |incident| Ok(incident.clone()))
    }

    /// An incident, if it is in memory.
    pub(super) fn remembered(&self, id: &StreamId) -> Option<&Incident> {
        self.known.of(id)
    }

    pub(super) fn read<E: DeserializeOwned>(
        &self,
        stream: &StreamId,
    ) -> Result<(Vec<Body<E>>, Vec<Hash>), StoreError> {
        let turns = self.store.turns(stream)?;
        let bodies = ledger::verify::<E>(stream, &turns)
            .map_err(|broken| StoreError::Corrupt(format!("{broken}; run `allclear verify`")))?;
        Ok((bodies, turns.iter().map(|turn| turn.hash).collect()))
    }

    /// Decides and, if anything happened, appends. The inner result is the kernel's answer.
    pub(super) fn decide_and_append(
        &mut self,
        incident: Incident,
        command: &Command,
        turn: &Turn,
        now: Ts,
    ) -> Result<Result<Vec<Event>, Refusal>, StoreError> {
        if incident.turns > 0 && self.store.has_taken(&incident.id, turn.key)? {
            return self.quietly(turn).map(|()| Ok(Vec::new()));
        }
        let failing = self.watches.failing();
        let (plan, standing, roster) = (&self.plan, &self.standing, &self.roster);
        let situation = Situation { plan, standing, roster, failing, now };
        let (mut incident, events) = match incident::decide_and_fold(situation, incident, command) {
            Ok((incident, events)) if !events.is_empty() => (incident, events),
            other => return self.quietly(turn).map(|()| other.map(|(_, none)| none)),
        };
        let body = self.draft(&incident, events, turn, now);
        let previous = incident.head;
        let sealed = seal(&previous, &body)?;
        incident.apply_turn_place(&body, sealed.hash);
        let derived = derive(&body, Some(incident.summary(now)));
        self.store.append(&sealed, &derived)?;
        self.remember(incident);
        Ok(Ok(body.events))
    }

    /// Drafts the turn with what it owes; the incident has its events folded in.
    fn draft(&self, incident: &Incident, events: Vec<Event>, turn: &Turn, now: Ts) -> Body<Event> {
        let owes = incident::react(&self.plan, incident, &events, now);
        Body {
            stream: incident.id.clone(),
            turn: incident.turns + 1,
            at: now,
            actor: turn.actor.into(),
            key: turn.key.into(),
            events,
            owes,
            settles: turn.settles.cloned(),
        }
    }

    /// No news: at most an effect is off the list.
    fn quietly(&mut self, turn: &Turn) -> Result<(), StoreError> {
        turn.settles.map_or(Ok(()), |key| self.store.settle(key))
    }

    fn remember(&mut self, incident: Incident) {
        let review = overdue_from(&self.plan, &incident);
        self.known.take_up(incident, review);
    }

    /// Appends to the safety journal; nothing to say writes nothing.
    pub(super) fn append_safety(
        &mut self,
        events: Vec<SafetyEvent>,
        actor: &str,
        key: &str,
        now: Ts,
    ) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        self.append_safety_turn(events, &Turn { actor, key, settles: None }, now)
    }

    /// The same, for a turn that may settle what the journal itself owed.
    pub(super) fn append_safety_turn(
        &mut self,
        events: Vec<SafetyEvent>,
        asked: &Turn,
        now: Ts,
    ) -> Result<(), StoreError> {
        let turn = self.standing.turns + 1;
        let mut body = Body {
            stream: SAFETY_STREAM.into(),
            turn,
            at: now,
            actor: Arc::from(asked.actor),
            key: format!("{}/{turn}", asked.key).into(),
            events,
            owes: Vec::new(),
            settles: asked.settles.cloned(),
        };
        let mut after = self.standing.clone();
        after.apply_turn(&body, Hash::default());
        body.owes = body.events.iter().flat_map(|one| safety::react(&after, one, now)).collect();
        let sealed = seal(&self.standing.head, &body)?;
        self.store.append(&sealed, &derive(&body, None))?;
        after.head = sealed.hash;
        self.standing = after;
        self.review_arming(now);
        Ok(())
    }
}

pub(super) fn seal<E: Serialize>(
    previous: &Hash,
    body: &Body<E>,
) -> Result<ledger::Sealed, StoreError> {
    ledger::seal(previous, body).map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub(super) fn derive<E>(body: &Body<E>, summary: Option<Summary>) -> Derived<'_> {
    let owes: Vec<(crate::id::EffectKey, &Effect)> = body.owed().collect();
    Derived { owes, settles: body.settles.as_ref(), key: &body.key, summary }
}
