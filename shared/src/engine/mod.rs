//! The engine: loads, decides, appends, owes. Every host (server, terminal, function, drill) runs this one.
//!
//! It holds no clock and does no I/O but through the [`Store`] port. Whatever it remembers is a fold of the store, so
//! it can be killed between any two calls and opened again.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::detect::{News, Probe, Watch};
use crate::id::{ComponentId, MonitorKey, PersonId, SourceId, StreamId, incident_id};
use crate::incident::{
    self, Command, Event, Incident, MAX_TURNS, Refusal, Situation, State, View, Wish,
};
use crate::ledger::{self, Body, Hash};
use crate::operation::Operations;
use crate::plan::Plan;
use crate::roster::Roster;
use crate::safety::{self, BackupEvent, SAFETY_STREAM, SafetyEvent, Standing};
use crate::signal::{Health, Kind, Signal, Trust};
use crate::store::{Delivery, Derived, Store, StoreError};
use crate::time::Ts;

mod glance;
mod hands;
mod known;
mod operations;
mod roster;
mod turns;
mod watches;

pub use glance::Glance;
pub use hands::Permit;
use known::Known;
pub use operations::OperationError;
pub use roster::RosterError;
use watches::Watches;

/// Monitors whose last word is remembered; beyond it the oldest knowledge is dropped and only costs a turn.
const MAX_HEARD: usize = 50_000;

/// Loads, decides, appends, owes.
pub struct Engine<S> {
    plan: Arc<Plan>,
    store: S,
    known: Known,
    watches: Watches,
    standing: Standing,
    operations: Operations,
    roster: Roster,
    heard: HashMap<(SourceId, MonitorKey), (Health, Ts)>,
    /// How often others wrote, and which turn was the last one, when the store was looked at last.
    seen: (u64, i64),
    stale: bool,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It was new; so many turns were written for it.
    New {
        /// The turns.
        turns: u32,
    },
    /// It had come before; nothing changed.
    Duplicate,
}

/// What a person's wish became.
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    /// The incident's number.
    pub number: u32,
    /// The incident's id.
    pub id: StreamId,
    /// What happened.
    pub events: Vec<Event>,
}

/// Which incident a person means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one of that number.
    Number(u32),
    /// A new one on that component.
    Component(ComponentId),
}

/// What can go wrong for a person: their wish, their target, or the store.
#[derive(Debug, thiserror::Error)]
pub enum WishError {
    /// The kernel refuses and says why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such incident.
    #[error("there is no incident {0}: `incident list` shows them")]
    NoSuchIncident(u32),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: Store> Engine<S> {
    /// Opens the store under a plan and takes up every live incident where it was.
    pub fn open(plan: Arc<Plan>, store: S, now: Ts) -> Result<Self, StoreError> {
        let standing = Standing::under(&plan);
        let mut engine = Self {
            plan,
            store,
            known: Known::default(),
            watches: Watches::default(),
            standing,
            operations: Operations::default(),
            roster: Roster::default(),
            heard: HashMap::new(),
            seen: (0, 0),
            stale: true,
        };
        engine.refresh(now)?;
        Ok(engine)
    }

    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The store, for reading.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The store, for whoever wraps it; writing past the engine makes it stale.
    pub(crate) fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// Freeze, arming, leases, velocity.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// What people change by hand.
    pub fn operations(&self) -> &Operations {
        &self.operations
    }

    /// The incidents that are not over.
    pub fn live(&self) -> impl ExactSizeIterator<Item = &Incident> {
        self.known.live()
    }

    /// How often others had written when that was taken up last: see [`Store::foreign_writes`].
    pub fn foreign_writes(&self) -> u64 {
        self.seen.0
    }

    /// The engine's end: gives the store back.
    pub fn into_store(self) -> S {
        self.store
    }

    /// Runs work as one durable batch: when this returns, everything in it is on disk; on an error nothing is. After a
    /// conflict it is as if the work never ran: it may run again.
    pub fn batch<T>(
        &mut self,
        now: Ts,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.store.begin()?;
        self.watches.begin();
        let result = self.refresh(now).and_then(|()| work(self));
        match result.and_then(|value| self.store.commit().map(|()| value)) {
            Ok(value) => Ok(value),
            Err(error) => {
                self.store.rollback();
                self.watches.take_back(matches!(error, StoreError::Conflict { .. }));
                self.stale = true;
                Err(error)
            }
        }
    }

    /// Keeps a delivery and hears what it says. The same delivery twice changes nothing.
    pub fn receive(
        &mut self,
        delivery: &Delivery,
        signals: &[Signal],
        now: Ts,
    ) -> Result<Receipt, StoreError> {
        if !self.store.keep(delivery)? {
            return Ok(Receipt::Duplicate);
        }
        let mut turns = 0;
        for (place, signal) in signals.iter().enumerate() {
            if self.says_news(signal, now)? {
                let key = format!("{}#{place}", delivery.key);
                turns += u32::from(self.hear(signal, &key, now)?);
            }
        }
        Ok(Receipt::New { turns })
    }

    /// Takes in one of our own probes. `control_ok`: whether the control site answered from there.
    pub fn probe(
        &mut self,
        component: &ComponentId,
        probe: Probe,
        control_ok: bool,
        now: Ts,
    ) -> Result<(), StoreError> {
        let news = self.watches.change(component, |watch| watch.probe(probe, control_ok, now));
        self.see(component, news.unwrap_or_default(), now)
    }

    /// Everything that time alone brings: silence of the probes, due wake-ups, rungs that nobody woke us for. Says
    /// whether more wake-ups may be due than were taken in one go.
    pub fn tick(&mut self, now: Ts) -> Result<bool, StoreError> {
        for (component, news) in self.watches.tick(now) {
            self.see(&component, news, now)?;
        }
        let more = self.fire(now)?;
        self.sweep(now)?;
        Ok(more)
    }

    /// A person speaks. `key` names this one utterance: said twice, it counts once.
    pub fn wish(
        &mut self,
        target: &Target,
        by: &PersonId,
        via: &str,
        key: &str,
        wish: &Wish,
        now: Ts,
    ) -> Result<Granted, WishError> {
        let (component, incident) = self.target(target, now)?;
        if let (Wish::Reopen { .. }, Some(live)) = (wish, self.known.live_on(&component)) {
            return Err(Refusal::AlreadyOpen { number: live.number, component }.into());
        }
        let view = self.view(&component);
        let (wished, wish) = (wish, self.numbered(wish)?);
        let command = Command::Person { by: by.clone(), via: via.into(), wish, view };
        let turn = Turn { actor: by.as_str(), key, settles: None };
        let events = self.decide_and_append(incident, &command, &turn, now)??;
        if matches!(wished, Wish::Declare { .. } | Wish::Reopen { .. }) {
            self.watches.change(&component, Watch::say_again);
        }
        let (number, id) = match self.known.live_on(&component) {
            Some(incident) => (incident.number, incident.id.clone()),
            None => {
                self.store.latest(&component)?.map_or((0, "".into()), |one| (one.number, one.id))
            }
        };
        if events.iter().any(|event| matches!(event, Event::Acknowledged { .. })) {
            let events = safety::settle_people(&self.standing, by.as_str());
            self.append_safety(events, by.as_str(), key, now)?;
        }
        Ok(Granted { number, id, events })
    }

    /// Freezes every action; detection and paging go on.
    pub fn freeze(&mut self, by: &str, why: &str, key: &str, now: Ts) -> Result<(), StoreError> {
        let events = safety::freeze(&self.standing, by, why);
        self.append_safety(events, by, key, now)
    }

    /// Allows acting again.
    pub fn unfreeze(&mut self, by: &str, key: &str, now: Ts) -> Result<(), StoreError> {
        let events = safety::unfreeze(&self.standing, by);
        self.append_safety(events, by, key, now)
    }

    /// Notes that a person is about to make ready what a failover stands on; else why that has to wait.
    pub fn prepare(
        &mut self,
        by: &str,
        what: &str,
        key: &str,
        now: Ts,
    ) -> Result<Result<(), String>, StoreError> {
        match safety::prepare(&self.standing, by, what) {
            Ok(events) => self.append_safety(events, by, key, now).map(Ok),
            Err(why) => Ok(Err(why)),
        }
    }

    /// Notes that a drill proved a class of action.
    pub fn prove(
        &mut self,
        class: crate::effect::ActClass,
        by: &str,
        key: &str,
        now: Ts,
    ) -> Result<(), StoreError> {
        self.append_safety(safety::prove(class, by), by, key, now)
    }

    /// Notes what happened to backups; the same failure again is no news.
    pub fn note_backups(
        &mut self,
        events: Vec<BackupEvent>,
        by: &str,
        key: &str,
        now: Ts,
    ) -> Result<(), StoreError> {
        self.append_safety(safety::note(&self.standing, events), by, key, now)
    }

    /// Whether a probe of a component came in lately, and what it said.
    pub fn view(&self, component: &ComponentId) -> View {
        let Some(watch) = self.watches.get(component) else { return View::Blind };
        match watch.healthy_since() {
            _ if watch.blind() => View::Blind,
            Some(since) => View::Healthy { since },
            None if watch.failing() => View::Failing,
            None => View::Blind,
        }
    }

    /// Whether a signal is a monitor's changed word, in the order in which it was seen: only that reaches the kernel.
    /// Measurements are taken in right here.
    fn says_news(&mut self, signal: &Signal, now: Ts) -> Result<bool, StoreError> {
        match signal.kind {
            Kind::Sample => self.sample(signal, now).map(|()| false),
            Kind::Transition => Ok(self.is_news(signal)),
            Kind::Control => Ok(false),
        }
    }

    /// A monitor's changed word.
    fn hear(&mut self, signal: &Signal, key: &str, now: Ts) -> Result<bool, StoreError> {
        let component = &signal.component;
        let known = self.known.live_on(component).cloned();
        let incident = match known {
            Some(incident) => incident,
            None if signal.health.accuses() => {
                self.unborn_or_recent(component, signal.received_at, now)?
            }
            None => return Ok(false),
        };
        let number = self.store.next_number()?;
        let view = self.view(component);
        let command = Command::Signal { signal: Box::new(signal.clone()), number, view };
        let turn = Turn { actor: signal.source.as_str(), key, settles: None };
        let events = self.decide_and_append(incident, &command, &turn, now)?;
        Ok(events.is_ok_and(|events| !events.is_empty()))
    }

    fn is_news(&mut self, signal: &Signal) -> bool {
        // A clock that ran ahead must not silence its monitor until ours has caught up.
        let claimed = signal.observed_at.or(signal.started_at).unwrap_or(signal.received_at);
        let seen_at = claimed.min(signal.received_at);
        let key = (signal.source.clone(), signal.monitor.clone());
        let live = self.known.live_on(&signal.component).is_some();
        if let Some((health, at)) = self.heard.get(&key)
            && (*at > seen_at || (live && *health == signal.health))
        {
            return false;
        }
        if self.heard.len() >= MAX_HEARD {
            self.heard.clear();
        }
        self.heard.insert(key, (signal.health, seen_at));
        true
    }

    /// A measurement somebody else made: from a named vantage point it is a probe, with counts an error rate. A
    /// stranger's is neither.
    fn sample(&mut self, signal: &Signal, now: Ts) -> Result<(), StoreError> {
        let Some(measured) = &signal.measurement else { return Ok(()) };
        if signal.trust < Trust::SharedSecret {
            return Ok(());
        }
        let at = signal.observed_at.unwrap_or(signal.received_at).min(signal.received_at);
        if let (Some(requests), Some(errors)) = (measured.requests, measured.errors) {
            let count = |watch: &mut Watch| watch.measured(at, requests, errors);
            let news = self.watches.change(&signal.component, count);
            self.see(&signal.component, news.unwrap_or_default(), now)?;
        }
        let tells = matches!(signal.health, Health::Up | Health::Degraded | Health::Down);
        if let (Some(vantage), true) = (&measured.vantage, tells && signal.trust >= Trust::Signed) {
            let probe = Probe {
                vantage: vantage.clone(),
                at,
                ok: signal.health != Health::Down,
                latency_ms: measured.latency_ms,
                why: signal.reason.clone(),
            };
            self.probe(&signal.component, probe, true, now)?;
        }
        Ok(())
    }

    fn see(&mut self, component: &ComponentId, news: Vec<News>, now: Ts) -> Result<(), StoreError> {
        for one in news {
            let opens = matches!(
                one,
                News::FirstFailure { .. }
                    | News::Down { .. }
                    | News::Slow { .. }
                    | News::Erring { .. }
            );
            let since = match &one {
                News::FirstFailure { since } | News::Down { since, .. } => *since,
                _ => now,
            };
            let incident = match self.known.live_on(component).cloned() {
                Some(incident) => incident,
                None if opens => self.unborn_or_recent(component, since, now)?,
                None => continue,
            };
            let key = format!("news/{}", incident.turns + 1);
            let number = self.store.next_number()?;
            let command = Command::News { component: component.clone(), news: one, number };
            let turn = Turn { actor: "prober", key: &key, settles: None };
            // News is never refused: only people and monitors are.
            let _refused = self.decide_and_append(incident, &command, &turn, now)?;
        }
        Ok(())
    }

    /// The incident a new sign belongs to: the last one within the join window, else a new one named by its cause.
    fn unborn_or_recent(
        &self,
        component: &ComponentId,
        since: Ts,
        now: Ts,
    ) -> Result<Incident, StoreError> {
        if let Some(latest) = self.store.latest(component)? {
            let joins = latest
                .ended
                .is_some_and(|ended| now.since(ended) <= self.plan.detection.join_window);
            if joins {
                let latest = self.known(&latest.id)?;
                if latest.turns < MAX_TURNS {
                    return Ok(latest);
                }
            }
        }
        Ok(Incident::unborn(incident_id(component, since)))
    }

    fn target(&self, target: &Target, now: Ts) -> Result<(ComponentId, Incident), WishError> {
        match target {
            Target::Number(number) => {
                let summary = self.store.numbered(*number)?;
                let summary = summary.ok_or(WishError::NoSuchIncident(*number))?;
                Ok((summary.component, self.known(&summary.id)?))
            }
            Target::Component(component) => {
                let incident = match self.known.live_on(component) {
                    Some(incident) => incident.clone(),
                    None => self.unborn_or_recent(component, now, now)?,
                };
                Ok((component.clone(), incident))
            }
        }
    }

    /// A declaration gets its number here: ids come in as values.
    fn numbered(&self, wish: &Wish) -> Result<Wish, StoreError> {
        let mut wish = wish.clone();
        if let Wish::Declare { number, .. } = &mut wish {
            *number = self.store.next_number()?;
        }
        Ok(wish)
    }
}

/// Who asks, under which key, and which effect is settled by it.
struct Turn<'a> {
    actor: &'a str,
    key: &'a str,
    settles: Option<&'a crate::id::EffectKey>,
}

#[cfg(test)]
mod tests;
