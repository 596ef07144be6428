//! The simulated town: vendors, people, monitors and networks that misbehave by a script and a seed.
//!
//! It is pulled, never runs by itself: a virtual clock drives a thousand of its disasters a second, a real clock drives
//! one in front of a real server. There is no clock and no I/O here, and all chance comes from the seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;

mod monitors;
mod oracle;
mod people;
mod phones;
mod rehearsal;
mod run;
mod script;
mod vendors;
mod world;

pub use monitors::Webhook;
pub use oracle::{Promise, promises};
pub use people::Utterance;
pub use phones::Callback;
pub use rehearsal::rehearsal_plan;
pub use run::{HORIZON, Progress, Recorder, START, Simulation};
pub use script::{FAULTS, Fault, OUTAGE_CAUSES, SCENARIOS, Scenario, Script};
pub use vendors::{Asked, Call, PATIENCE};
pub use world::{Part, Trouble, Turnabout, World};

use crate::detect::Probe;
use crate::id::{ComponentId, Vantage};
use crate::incident::Wish;
use crate::plan::Plan;
use crate::roster::{Roster, on_call_at};
use crate::time::{Span, Ts};
use monitors::Monitor;
use people::People;
use phones::Phones;
use world::seconds;

/// How often a monitor posts again when nobody took it.
const WEBHOOK_ATTEMPTS: u32 = 6;
/// One probe in so many fails for no reason.
const STRAY_FAILURES: u32 = 2_000;

/// The town.
pub struct Town {
    plan: Arc<Plan>,
    script: Script,
    rng: Rng,
    world: World,
    people: People,
    phones: Phones,
    monitors: Vec<Monitor>,
    counter: Option<Monitor>,
    agenda: BTreeMap<(Ts, u32), Entry>,
    entries: u32,
    status_lag: Span,
    calls: Vec<Call>,
}

/// Something that comes to the server by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A monitor posts.
    Webhook(Webhook),
    /// A person speaks.
    Person(Utterance),
    /// A provider says more of a page.
    Callback(Callback),
}

/// Something that the town does at a time.
#[derive(Clone, Debug)]
enum Entry {
    Arrives(Happening),
    Looks(usize),
    Counts,
    Repairs,
}

impl Town {
    /// A town that awakes at `start`.
    pub fn new(plan: Arc<Plan>, script: Script, seed: u64, start: Ts) -> Self {
        let mut rng = Rng::with_seed(seed);
        let world = World::new(&plan, &script, &mut rng, start);
        let shift = on_call_at(&plan, &Roster::default(), start);
        let first = shift.map(|shift| shift.primary);
        let people = People::new(&plan, &script, first.as_ref(), &mut rng, seed, start);
        let phones = Phones::new(&script, first.as_ref(), seed);
        let monitors = Monitor::all(&plan, &mut rng);
        let counter = Monitor::counter(&plan);
        let status_lag = seconds(&mut rng, 60, 900);
        let mut town = Self {
            plan,
            script,
            rng,
            world,
            people,
            phones,
            monitors,
            counter,
            agenda: BTreeMap::new(),
            entries: 0,
            status_lag,
            calls: Vec::new(),
        };
        for place in 0..town.monitors.len() {
            let first = start + Span::millis(town.rng.i64(0..30_000));
            town.enter(first, Entry::Looks(place));
        }
        if town.world.cause == Scenario::Erring {
            town.enter(start + Span::secs(20), Entry::Counts);
        }
        town
    }

    /// The script it plays.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// What is really the case.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Every page and every external write that reached a vendor, oldest first.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// A probe of a component from one vantage point, and whether the control site answers from there.
    pub fn probe(&mut self, vantage: &Vantage, component: &ComponentId, now: Ts) -> (Probe, bool) {
        self.advance(now);
        let cut_off = self.world.is_broken(Part::OwnNetwork, now);
        let stray = self.rng.u32(..STRAY_FAILURES) == 0;
        let ok = !cut_off && !stray && self.world.is_up(component);
        let slow = self.world.is_broken(Part::Speed, now);
        let milliseconds = self.rng.u32(70..190) + if slow { 700 } else { 0 };
        let probe = Probe {
            vantage: vantage.clone(),
            at: now,
            ok,
            latency_ms: ok.then_some(f64::from(milliseconds)),
            why: None,
        };
        (probe, !cut_off)
    }

    /// The next moment at which the town does something by itself.
    pub fn next(&self) -> Option<Ts> {
        let entry = self.agenda.first_key_value().map(|((at, _), _)| *at);
        [entry, self.world.next_edge()].into_iter().flatten().min()
    }

    /// What has come to the server up to `now`, in the order of arrival.
    pub fn happenings(&mut self, now: Ts) -> Vec<Happening> {
        let mut happenings = Vec::new();
        while let Some(first) = self.agenda.first_entry().filter(|first| first.key().0 <= now) {
            let ((at, _), entry) = first.remove_entry();
            self.advance(at);
            match entry {
                Entry::Arrives(happening) => happenings.push(self.arrived(happening, at)),
                Entry::Looks(place) => self.monitor_looks(place, at),
                Entry::Counts => self.monitor_counts(at),
                Entry::Repairs => self.world.repair(at),
            }
        }
        self.advance(now);
        happenings
    }

    /// Nobody took it, or nobody said so: whoever sent it tries again.
    pub fn unheard(&mut self, happening: Happening, now: Ts) {
        let again = now + seconds(&mut self.rng, 5, 60);
        match happening {
            Happening::Webhook(mut webhook) => {
                webhook.attempt += 1;
                if webhook.attempt < WEBHOOK_ATTEMPTS {
                    self.enter(again, Entry::Arrives(Happening::Webhook(webhook)));
                }
            }
            Happening::Person(said) => self.enter(again, Entry::Arrives(Happening::Person(said))),
            Happening::Callback(_) if !self.phones.tries_again() => {}
            Happening::Callback(callback) => {
                self.enter(again, Entry::Arrives(Happening::Callback(callback)));
            }
        }
    }

    /// Whether nothing is on its way to the server.
    pub(crate) fn quiet(&self) -> bool {
        !self.agenda.values().any(|entry| matches!(entry, Entry::Arrives(_)))
    }

    fn advance(&mut self, now: Ts) {
        self.world.advance(now);
    }

    fn enter(&mut self, at: Ts, entry: Entry) {
        self.entries += 1;
        self.agenda.insert((at, self.entries), entry);
    }

    fn say(&mut self, said: Vec<(Ts, Utterance)>) {
        for (at, utterance) in said {
            self.enter(at, Entry::Arrives(Happening::Person(utterance)));
        }
    }

    /// Whoever takes an incident sets to work.
    fn arrived(&mut self, happening: Happening, at: Ts) -> Happening {
        if let Happening::Person(Utterance { wish: Wish::Acknowledge, .. }) = &happening {
            let repaired = at + seconds(&mut self.rng, 12 * 60, 30 * 60);
            if !self.agenda.values().any(|entry| matches!(entry, Entry::Repairs)) {
                self.enter(repaired, Entry::Repairs);
            }
        }
        happening
    }

    fn monitor_looks(&mut self, place: usize, at: Ts) {
        let posted = self.monitors[place].look(&self.world, at);
        self.enter(at + self.monitors[place].every(), Entry::Looks(place));
        if let Some(webhook) = posted {
            self.send(&webhook, at);
        }
    }

    fn monitor_counts(&mut self, at: Ts) {
        let erring = self.world.is_broken(Part::Requests, at);
        let errors = if erring { self.rng.u64(8..40) } else { self.rng.u64(0..3) };
        let sample = self.counter.as_ref().map(|monitor| monitor.count(errors, at));
        if let Some(webhook) = sample {
            self.send(&webhook, at);
        }
        self.enter(at + Span::mins(1), Entry::Counts);
    }

    fn send(&mut self, webhook: &Webhook, at: Ts) {
        for arrival in monitors::arrivals(&self.script, at, &mut self.rng) {
            self.enter(arrival, Entry::Arrives(Happening::Webhook(webhook.clone())));
        }
    }
}
