//! Loading and appending: how streams become incidents, and decisions become turns.

use super::{
    Arc, Body, Command, ComponentId, Derived, DeserializeOwned, Engine, Event, Hash, Incident,
    Refusal, SAFETY_STREAM, SafetyEvent, Serialize, Situation, Standing, State, Store, StoreError,
    StreamId, Ts, Turn, Watch, incident, ledger, safety,
};
use crate::effect::Effect;
use crate::store::Summary;

impl<S: Store> Engine<S> {
    /// Takes up what others wrote: every live incident and the safety journal.
    pub(super) fn refresh(&mut self, now: Ts) -> Result<(), StoreError> {
        let writes = self.store.foreign_writes()?;
        if !self.stale && writes == self.seen_writes {
            return Ok(());
        }
        self.live.clear();
        self.ended.clear();
        for summary in self.store.live()? {
            let incident = self.load(&summary.id)?;
            self.live.insert(summary.component, incident);
        }
        self.standing = Standing::under(&self.plan);
        let stream: StreamId = SAFETY_STREAM.into();
        let (bodies, turns) = self.read::<SafetyEvent>(&stream)?;
        for (body, hash) in bodies.iter().zip(turns) {
            self.standing.apply_turn(body, hash);
        }
        self.take_up_operations()?;
        self.take_up_roster()?;
        self.review_arming(now);
        if self.stale {
            self.hear_anew();
        }
        if self.watches.is_empty() {
            self.watch_anew(now);
        }
        (self.seen_writes, self.stale) = (writes, false);
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
        for incident in self.live.values() {
            for ((source, monitor), word) in incident.monitors.iter() {
                self.heard.insert((source.clone(), monitor.clone()), (word.health, incident.since));
            }
        }
    }

    /// After a restart what probes said is gathered anew. An open outage's start, and an alert that fires, are durable.
    fn watch_anew(&mut self, now: Ts) {
        let plan = &self.plan;
        let watch = || Watch::new(&plan.detection, &plan.thresholds, &plan.safety, now);
        self.watches = plan.components.iter().map(|one| (one.id.clone(), watch())).collect();
        for (component, incident) in &self.live {
            let Some(watch) = self.watches.get_mut(component) else { continue };
            incident.impaired.iter().for_each(|alert| watch.resume_alert(*alert, now));
            if incident.failing && incident.state != State::Mitigated {
                watch.resume(incident.since);
            }
        }
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
        self.live.values().chain(self.ended.values()).find(|incident| incident.id == *id)
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
        let failing = self.failing();
        let (plan, standing, roster) = (&self.plan, &self.standing, &self.roster);
        let situation = Situation { plan, standing, roster, failing: &failing, now };
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

    /// Components that our own probes see failing.
    fn failing(&self) -> Vec<ComponentId> {
        let failing = self.watches.iter().filter(|(_, watch)| watch.failing() && !watch.blind());
        failing.map(|(component, _)| component.clone()).collect()
    }

    /// No news: at most an effect is off the list.
    fn quietly(&mut self, turn: &Turn) -> Result<(), StoreError> {
        turn.settles.map_or(Ok(()), |key| self.store.settle(key))
    }

    fn remember(&mut self, incident: Incident) {
        let component = incident.component.clone();
        let (here, gone) = if incident.state.is_live() {
            (&mut self.live, &mut self.ended)
        } else {
            (&mut self.ended, &mut self.live)
        };
        if gone.get(&component).is_some_and(|other| other.id == incident.id) {
            gone.remove(&component);
        }
        // What came late to an older incident changes nothing of the one that goes on.
        if here.get(&component).is_none_or(|other| other.number <= incident.number) {
            here.insert(component, incident);
        }
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
