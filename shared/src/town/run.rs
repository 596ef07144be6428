//! The town under a virtual clock, with the engine in the middle: one disaster from a quiet minute to all clear.
//!
//! The server of a simulation is as mortal as a real one. Before and after every durable batch and every vendor call
//! there is a numbered boundary at which it can be killed; it comes back over what was stored, and over nothing else.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use fastrand::Rng;

use super::script::{Fault, Script};
use super::world::seconds;
use super::{Callback, Happening, Town, Utterance, Webhook};
use crate::effect::{ActClass, Effect, Lane, Outcome};
use crate::engine::{Engine, Permit, Target, WishError};
use crate::id::EffectKey;
use crate::ledger::Sealed;
use crate::plan::Plan;
use crate::signal;
use crate::store::{Delivery, MemoryStore, Owed, Store, StoreError};
use crate::time::{Span, Ts};

mod recorder;

pub use recorder::Recorder;

/// When every simulation begins: a moment in the night, so that two runs differ in nothing but their seed.
pub const START: Ts = Ts(1_795_315_500_000);
/// The longest simulation.
pub const HORIZON: Span = Span::hours(2);
/// How often time alone is looked at.
const TICK: Span = Span::secs(10);
/// How long everything must be calm before the simulation ends.
const CALM: Span = Span::mins(2);
/// Effects taken from a lane in one go.
const AT_ONCE: usize = 256;
/// Boundaries among which a random kill falls.
const KILL_WITHIN: u32 = 250;
/// Between the permit of an action and its external write.
const BEFORE_WRITE: Span = Span::millis(300);

/// A disaster under way.
pub struct Simulation {
    plan: Arc<Plan>,
    town: Town,
    rng: Rng,
    server: Server,
    now: Ts,
    jobs: BTreeMap<(Ts, u32), Job>,
    jobs_made: u32,
    in_flight: HashSet<EffectKey>,
    probes: u64,
    next_tick: Ts,
    next_wake: Option<Ts>,
    freeze_at: Option<Ts>,
    frozen: bool,
    kill_at: Option<u32>,
    boundaries: u32,
    calm_since: Option<Ts>,
    finished: bool,
    record: Record,
}

/// What the simulation itself saw, for the oracle.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// When the server was dead: from, to.
    pub downtimes: Vec<(Ts, Ts)>,
    /// Errors that nothing explains.
    pub errors: Vec<String>,
    /// When the kill switch was thrown.
    pub frozen_at: Option<Ts>,
}

/// The server: alive, or dead until a moment.
enum Server {
    Alive(Box<Engine<Recorder>>),
    Dead { store: Box<Recorder>, back: Ts },
}

/// Something the server has under way.
#[derive(Clone, Debug)]
enum Job {
    /// An operation has its permit and is about to write.
    Write { owed: Owed, epoch: u32 },
    /// An outcome comes in.
    Settle { owed: Owed, outcome: Outcome },
    /// Something that was put off is due.
    Poke,
}

/// What a step brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// When.
    pub at: Ts,
    /// The turns that were written, oldest first.
    pub turns: Vec<Sealed>,
    /// Whether the server is alive after it.
    pub alive: bool,
}

impl Simulation {
    /// A disaster by a script and a seed. The plan should be a [`super::rehearsal_plan`].
    pub fn new(plan: Arc<Plan>, script: Script, seed: u64) -> Result<Self, StoreError> {
        let mut rng = Rng::with_seed(seed ^ 0x5eed);
        let random_kill = script.has(Fault::Kill).then(|| rng.u32(1..=KILL_WITHIN));
        let (kill_at, armed) = (script.kill_at.or(random_kill), !script.has(Fault::NotArmed));
        let town = Town::new(plan.clone(), script, seed, START);
        let mut engine = Engine::open(plan.clone(), Recorder::default(), START)?;
        if armed {
            engine.batch(START, |engine| {
                ActClass::ALL.into_iter().try_for_each(|class| {
                    engine.prove(class, "an earlier rehearsal", "rehearsal", START)
                })
            })?;
        }
        Ok(Self {
            plan,
            town,
            rng,
            server: Server::Alive(Box::new(engine)),
            now: START,
            jobs: BTreeMap::new(),
            jobs_made: 0,
            in_flight: HashSet::new(),
            probes: 0,
            next_tick: START + TICK,
            next_wake: None,
            freeze_at: None,
            frozen: false,
            kill_at,
            boundaries: 0,
            calm_since: None,
            finished: false,
            record: Record::default(),
        })
    }

    /// Lets the next thing happen. `None`: it is over.
    pub fn step(&mut self) -> Option<Progress> {
        if self.finished {
            return None;
        }
        self.now = self.next_moment();
        self.happen();
        let turns = self.recorder().take();
        if !turns.is_empty() {
            self.next_wake = self.first_wake();
        }
        Some(Progress { at: self.now, turns, alive: matches!(self.server, Server::Alive(_)) })
    }

    /// Runs to the end.
    pub fn run(&mut self) {
        while self.step().is_some() {}
    }

    /// The time of the last step.
    pub fn now(&self) -> Ts {
        self.now
    }

    /// The town.
    pub fn town(&self) -> &Town {
        &self.town
    }

    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The engine, while the server lives.
    pub fn engine(&self) -> Option<&Engine<Recorder>> {
        match &self.server {
            Server::Alive(engine) => Some(engine),
            Server::Dead { .. } => None,
        }
    }

    /// What is stored.
    pub fn store(&self) -> &MemoryStore {
        match &self.server {
            Server::Alive(engine) => engine.store().inner(),
            Server::Dead { store, .. } => store.inner(),
        }
    }

    /// Boundaries passed so far.
    pub fn boundaries(&self) -> u32 {
        self.boundaries
    }

    /// What the simulation itself saw.
    pub fn record(&self) -> &Record {
        &self.record
    }
}

impl Simulation {
    fn recorder(&mut self) -> &mut Recorder {
        match &mut self.server {
            Server::Alive(engine) => engine.store_mut(),
            Server::Dead { store, .. } => store,
        }
    }

    fn next_moment(&self) -> Ts {
        let town = self.town.next();
        let own = match &self.server {
            Server::Dead { back, .. } => [Some(*back), None, None, None, None],
            Server::Alive(_) => [
                self.jobs.first_key_value().map(|((at, _), _)| *at),
                Some(self.next_probe()),
                Some(self.next_tick),
                self.next_wake,
                self.freeze_at,
            ],
        };
        own.into_iter().chain([town]).flatten().min().unwrap_or(self.now).max(self.now)
    }

    /// One vantage point after the other, all components at once.
    fn next_probe(&self) -> Ts {
        let vantages = self.plan.detection.vantage_points.len().max(1) as u64;
        let every = self.plan.detection.probe_every;
        let round = every.times((self.probes / vantages) as i64);
        START + round + Span::millis(every.0 * (self.probes % vantages) as i64 / vantages as i64)
    }

    /// Everything that is due now. Whatever is killed on the way simply ends: the rest is done when it is back.
    fn happen(&mut self) {
        self.come_back();
        let happenings = self.town.happenings(self.now);
        for happening in happenings {
            self.hear(happening);
        }
        self.throw_the_switch();
        while let Some(job) = self.due_job() {
            self.work(job);
        }
        if self.next_probe() <= self.now {
            self.probe();
        }
        if self.next_wake.is_some_and(|at| at <= self.now) || self.next_tick <= self.now {
            self.tick();
        }
        if self.recorder().has_news() {
            self.dispatch();
        }
    }

    fn due_job(&mut self) -> Option<Job> {
        let first = self.jobs.first_entry().filter(|first| first.key().0 <= self.now)?;
        Some(first.remove())
    }

    fn schedule(&mut self, at: Ts, job: Job) {
        self.jobs_made += 1;
        self.jobs.insert((at, self.jobs_made), job);
    }

    /// Runs a durable batch between two boundaries. `None`: the server died on the way.
    fn batch<T>(
        &mut self,
        work: impl FnOnce(&mut Engine<Recorder>) -> Result<T, StoreError>,
    ) -> Option<T> {
        let Server::Alive(engine) = &mut self.server else { return None };
        let (boundaries, kill_at) = (&mut self.boundaries, self.kill_at);
        let mut pass = || {
            *boundaries += 1;
            kill_at == Some(*boundaries)
        };
        let (mut killed, mut wrote) = (false, false);
        let result = engine.batch(self.now, |engine| {
            let value = work(engine)?;
            wrote = engine.store().has_written();
            killed = wrote && pass();
            if killed { Err(StoreError::Unavailable("killed".into())) } else { Ok(value) }
        });
        if killed || wrote && result.is_ok() && pass() {
            self.die();
            return None;
        }
        result.map_err(|error| self.record.errors.push(error.to_string())).ok()
    }

    /// Passes a boundary outside of a batch. `false`: the server died there.
    fn pass(&mut self) -> bool {
        self.boundaries += 1;
        if self.kill_at == Some(self.boundaries) {
            self.die();
        }
        matches!(self.server, Server::Alive(_))
    }

    fn die(&mut self) {
        let back = self.now + seconds(&mut self.rng, 2, 40);
        let dead = Server::Dead { store: Box::default(), back };
        if let Server::Alive(engine) = std::mem::replace(&mut self.server, dead) {
            self.server = Server::Dead { store: Box::new(engine.into_store()), back };
        }
        self.record.downtimes.push((self.now, back));
        self.jobs.clear();
        self.in_flight.clear();
        if self.town.script().has(Fault::Kill) && self.rng.bool() {
            self.kill_at = Some(self.boundaries + self.rng.u32(1..60));
        }
    }

    fn come_back(&mut self) {
        let Server::Dead { store, back } = &mut self.server else { return };
        if *back > self.now {
            return;
        }
        match Engine::open(self.plan.clone(), *std::mem::take(store), self.now) {
            Ok(engine) => self.server = Server::Alive(Box::new(engine)),
            Err(error) => {
                self.record.errors.push(error.to_string());
                self.finished = true;
                return;
            }
        }
        self.next_wake = self.first_wake();
        self.next_tick = self.now;
        while self.next_probe() < self.now {
            self.probes += 1;
        }
        self.dispatch();
    }

    fn first_wake(&self) -> Option<Ts> {
        self.store().wakes(Ts(i64::MAX), 1).ok()?.first().map(|wake| wake.at)
    }

    fn hear(&mut self, happening: Happening) {
        let heard = match &happening {
            Happening::Webhook(webhook) => self.hear_webhook(webhook),
            Happening::Person(said) => self.hear_person(said),
            Happening::Callback(callback) => self.hear_provider(callback),
        };
        if heard.is_none() {
            self.town.unheard(happening, self.now);
        }
    }

    fn hear_webhook(&mut self, webhook: &Webhook) -> Option<()> {
        let now = self.now;
        let plan = self.plan.clone();
        let Some(source) = plan.source(&webhook.source) else { return Some(()) };
        let signals = match signal::parse(source, webhook.trust, now, &webhook.body) {
            Ok(signals) => signals,
            Err(malformed) => {
                self.record.errors.push(malformed.to_string());
                return Some(());
            }
        };
        let delivery = Delivery {
            key: signal::delivery_key(&webhook.source, None, &webhook.body, &signals, now),
            source: webhook.source.clone(),
            trust: webhook.trust,
            received_at: now,
            body: &webhook.body,
            verdict: Ok(signals.len() as u32),
        };
        self.batch(|engine| engine.receive(&delivery, &signals, now)).map(drop)
    }

    fn hear_person(&mut self, said: &Utterance) -> Option<()> {
        let (now, target) = (self.now, Target::Number(said.incident));
        self.batch(|engine| {
            match engine.wish(&target, &said.by, &said.via, &said.key, &said.wish, now) {
                Err(WishError::Store(error)) => Err(error),
                Ok(_) | Err(WishError::Refused(_) | WishError::NoSuchIncident(_)) => Ok(()),
            }
        })
    }

    fn hear_provider(&mut self, callback: &Callback) -> Option<()> {
        let now = self.now;
        self.batch(|engine| engine.deliver(&callback.key, &callback.report, now)).map(drop)
    }

    /// Somebody freezes everything while an operation is under way.
    fn throw_the_switch(&mut self) {
        let due = self.freeze_at.is_some_and(|at| at <= self.now);
        if !due || !matches!(self.server, Server::Alive(_)) {
            return;
        }
        let now = self.now;
        let why = "something is wrong with this";
        if self.batch(|engine| engine.freeze("lead-developer", why, "freeze", now)).is_some() {
            (self.freeze_at, self.frozen) = (None, true);
            self.record.frozen_at = Some(now);
        }
    }

    fn probe(&mut self) {
        let vantages = &self.plan.detection.vantage_points;
        let vantage = vantages[self.probes as usize % vantages.len()].clone();
        self.probes += 1;
        let (plan, now) = (self.plan.clone(), self.now);
        let probes: Vec<_> = plan
            .components
            .iter()
            .map(|component| (&component.id, self.town.probe(&vantage, &component.id, now)))
            .collect();
        self.batch(|engine| {
            probes.into_iter().try_for_each(|(component, (probe, control_ok))| {
                engine.probe(component, probe, control_ok, now)
            })
        });
    }

    fn tick(&mut self) {
        let now = self.now;
        self.batch(|engine| engine.tick(now));
        self.next_wake = self.first_wake();
        if self.next_tick <= now {
            self.next_tick = now + TICK;
            self.end_if_calm();
        }
    }

    fn end_if_calm(&mut self) {
        let idle = self.engine().is_some_and(|engine| engine.live().next().is_none());
        let calm = idle
            && self.jobs.is_empty()
            && self.town.quiet()
            && self.town.world().settled(self.now);
        self.calm_since = if calm { self.calm_since.or(Some(self.now)) } else { None };
        let long = self.calm_since.is_some_and(|since| self.now.since(since) >= CALM);
        self.finished = long || self.now.since(START) >= HORIZON;
    }

    /// Hands everything owed to its lane, the most urgent lane first.
    fn dispatch(&mut self) {
        for lane in Lane::ALL {
            let Some(engine) = self.engine() else { return };
            match engine.owed(lane, self.now, AT_ONCE) {
                Ok(owed) => owed.into_iter().for_each(|one| self.begin(one)),
                Err(error) => self.record.errors.push(error.to_string()),
            }
        }
    }

    fn begin(&mut self, owed: Owed) {
        if matches!(self.server, Server::Dead { .. }) || !self.in_flight.insert(owed.key.clone()) {
            return;
        }
        let Effect::Act(act) = &owed.effect else { return self.call(owed) };
        let (key, act, now) = (owed.key.clone(), act.clone(), self.now);
        match self.batch(|engine| engine.permit(&key, &act, now)) {
            Some(Permit::Go { epoch }) => {
                if self.town.script().has(Fault::Frozen) && !self.frozen {
                    self.freeze_at = Some(now + Span::millis(self.rng.i64(1..900)));
                }
                self.schedule(now + BEFORE_WRITE, Job::Write { owed, epoch });
            }
            Some(Permit::Settled(outcome)) => self.schedule(now, Job::Settle { owed, outcome }),
            None => {}
        }
    }

    /// Calls a vendor between two boundaries.
    fn call(&mut self, owed: Owed) {
        if !self.pass() {
            return;
        }
        let (latency, outcome) = self.town.perform(&owed.key, &owed.effect, self.now);
        if self.pass() {
            self.schedule(self.now + latency, Job::Settle { owed, outcome });
        }
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Write { owed, epoch } => self.write(owed, epoch),
            Job::Settle { owed, outcome } => self.settle(&owed, &outcome),
            Job::Poke => self.dispatch(),
        }
    }

    /// Looks at the lease once more, right before the external write.
    fn write(&mut self, owed: Owed, epoch: u32) {
        if self.engine().is_some_and(|engine| engine.holds(&owed.key, epoch)) {
            return self.call(owed);
        }
        let outcome = Outcome::Later { why: "it no longer holds its lease".into(), after: TICK };
        self.settle(&owed, &outcome);
    }

    fn settle(&mut self, owed: &Owed, outcome: &Outcome) {
        let now = self.now;
        if self.batch(|engine| engine.settle(owed, outcome, now)).is_none() {
            return;
        }
        self.in_flight.remove(&owed.key);
        if let Outcome::Later { after, .. } = outcome {
            self.schedule(now + *after, Job::Poke);
        }
    }
}
