//! What is really the case in the town, as a function of time: what is broken, what serves, who can reach it.
//!
//! Nobody who responds to an incident reads this; the vendors answer from it and the oracle judges by it.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::script::{Fault, OUTAGE_CAUSES, Scenario, Script};
use crate::effect::{Deployment, Preflight};
use crate::id::{ComponentId, DeploymentId};
use crate::plan::{Component, Plan, RecoveryMeans};
use crate::time::{Span, Ts};

/// The trouble begins this long after the town awakes, and up to as much later.
const ONSET: Span = Span::secs(45);

/// Something that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The hosting provider's edge: the site does not answer from there.
    Hosting,
    /// The hosting provider's API.
    HostingApi,
    /// The vendor behind every other component, which the standby shares.
    Backend,
    /// Our names resolve to nothing.
    Names,
    /// The site cannot be reached, whoever's fault it is.
    Path,
    /// The restartable component.
    Edge,
    /// The standby.
    Standby,
    /// Our own way out.
    OwnNetwork,
    /// Answers are slow.
    Speed,
    /// Requests fail.
    Requests,
}

/// A part that is broken for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What.
    pub part: Part,
    /// From when.
    pub from: Ts,
    /// Until when, if nothing cures it before.
    pub until: Ts,
}

/// A moment at which a component went down or came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turnabout {
    /// When.
    pub at: Ts,
    /// Which component.
    pub component: ComponentId,
    /// Whether it is up since.
    pub up: bool,
}

/// What is really the case.
#[derive(Clone, Debug)]
pub struct World {
    /// The cause that the seed chose, or the scenario itself.
    pub cause: Scenario,
    /// Every time a component went down or came back, oldest first.
    pub turnabouts: Vec<Turnabout>,
    components: Vec<(Component, bool)>,
    troubles: Vec<Trouble>,
    edges: BTreeSet<Ts>,
    deployments: Vec<Deployment>,
    live: usize,
    faulty: Option<(DeploymentId, Ts)>,
    standby: Preflight,
    routed: Option<Ts>,
}

impl World {
    /// The world of a script.
    pub fn new(plan: &Plan, script: &Script, rng: &mut Rng, start: Ts) -> Self {
        let cause = match script.scenario {
            Scenario::CompleteOutage => OUTAGE_CAUSES[rng.usize(..OUTAGE_CAUSES.len())],
            scenario => scenario,
        };
        let onset = start + ONSET + seconds(rng, 0, 45);
        let mut world = Self {
            cause,
            turnabouts: Vec::new(),
            components: plan.components.iter().map(|one| (one.clone(), true)).collect(),
            troubles: troubles(cause, onset, rng),
            edges: BTreeSet::new(),
            deployments: deployments(cause, onset, rng),
            live: 0,
            faulty: None,
            standby: standby(cause, script, rng),
            routed: None,
        };
        if cause == Scenario::BadDeployment {
            world.faulty = Some((world.deployments[0].id.clone(), onset));
        }
        let ends = world.troubles.iter().flat_map(|trouble| [trouble.from, trouble.until]);
        world.edges = ends.chain([onset]).collect();
        world
    }

    /// Lets time pass up to `now`.
    pub fn advance(&mut self, now: Ts) {
        while let Some(at) = self.edges.first().copied().filter(|at| *at <= now) {
            self.edges.remove(&at);
            self.note(at);
        }
    }

    /// The next moment at which anything changes by itself.
    pub fn next_edge(&self) -> Option<Ts> {
        self.edges.first().copied()
    }

    /// Whether nothing bad is to come any more and everything is up.
    pub fn settled(&self, now: Ts) -> bool {
        let begun = self.troubles.iter().all(|trouble| trouble.from <= now);
        let faulty = self.faulty.as_ref().is_none_or(|(_, at)| *at <= now);
        begun && faulty && self.components.iter().all(|(_, up)| *up) && !self.is_impaired(now)
    }

    /// Whether a component answers as it should, for whoever can reach it.
    pub fn is_up(&self, component: &ComponentId) -> bool {
        self.components.iter().any(|(one, up)| one.id == *component && *up)
    }

    /// The components in the plan's order, each with whether it is up.
    pub fn components(&self) -> impl Iterator<Item = (&ComponentId, bool)> {
        self.components.iter().map(|(one, up)| (&one.id, *up))
    }

    /// Whether a part is broken at a moment.
    pub fn is_broken(&self, part: Part, at: Ts) -> bool {
        self.troubles.iter().any(|one| one.part == part && one.from <= at && at < one.until)
    }

    /// Whether a part was broken for at least so long: status pages are written by people.
    pub fn is_broken_for(&self, part: Part, at: Ts, lag: Span) -> bool {
        self.is_broken(part, at) && self.is_broken(part, at - lag)
    }

    /// Whether it answers badly rather than not at all.
    pub fn is_impaired(&self, at: Ts) -> bool {
        self.is_broken(Part::Speed, at) || self.is_broken(Part::Requests, at)
    }

    /// Whether anything that our probes meet was out of order after a moment.
    pub fn is_troubled_since(&self, from: Ts) -> bool {
        self.troubles.iter().any(|one| from < one.until && !matches!(one.part, Part::HostingApi))
            && (self.routed.is_none() || self.is_impaired(from))
    }

    /// The deployments as the provider lists them, newest first.
    pub fn deployments(&self) -> Vec<Deployment> {
        let mut list = self.deployments.clone();
        for (place, deployment) in list.iter_mut().enumerate() {
            deployment.current = place == self.live;
        }
        list
    }

    /// The standby at a moment.
    pub fn preflight(&self, at: Ts) -> Preflight {
        Preflight {
            answers: self.standby.answers && !self.is_broken(Part::Standby, at),
            database: self.standby.database && !self.is_broken(Part::Backend, at),
            ..self.standby.clone()
        }
    }

    /// Whether traffic goes to the standby.
    pub fn on_standby(&self, at: Ts) -> bool {
        self.routed.is_some_and(|routed| routed <= at)
    }

    /// The hosting provider serves another deployment from `at` on. `None`: it knows no such deployment.
    pub fn roll_back(&mut self, to: &DeploymentId, at: Ts) -> Option<()> {
        self.live = self.deployments.iter().position(|deployment| deployment.id == *to)?;
        self.edges.insert(at);
        Some(())
    }

    /// Every resolver answers with the standby from `at` on.
    pub fn fail_over(&mut self, at: Ts) {
        self.routed.get_or_insert(at);
        self.edges.insert(at);
    }

    /// Traffic goes to the primary again from `at` on.
    pub fn fail_back(&mut self, at: Ts) {
        self.routed = None;
        self.edges.insert(at);
    }

    /// The restartable component is back from `at` on.
    pub fn restart(&mut self, at: Ts) {
        self.end(Some(Part::Edge), at);
    }

    /// Somebody has repaired everything by `at`.
    pub fn repair(&mut self, at: Ts) {
        self.end(None, at);
        self.faulty = None;
        self.edges.insert(at);
    }

    fn end(&mut self, part: Option<Part>, at: Ts) {
        for trouble in &mut self.troubles {
            if part.is_none_or(|part| part == trouble.part) {
                trouble.until = trouble.until.min(at).max(trouble.from);
            }
        }
        self.edges.insert(at);
    }

    fn note(&mut self, at: Ts) {
        let site = self.site_answers(at);
        let backend = !self.is_broken(Part::Backend, at);
        let edge = backend && !self.is_broken(Part::Edge, at);
        for (component, up) in &mut self.components {
            let now_up = match component.recovery {
                RecoveryMeans::RollbackOrFailover => site,
                RecoveryMeans::Restart => edge,
                RecoveryMeans::Manual => backend,
            };
            if now_up != *up {
                *up = now_up;
                let component = component.id.clone();
                self.turnabouts.push(Turnabout { at, component, up: now_up });
            }
        }
    }

    fn site_answers(&self, at: Ts) -> bool {
        let broken = |part| self.is_broken(part, at);
        let current = &self.deployments[self.live].id;
        let faulty = self.faulty.as_ref().is_some_and(|(id, from)| id == current && *from <= at);
        let behind = !broken(Part::Backend) && !broken(Part::Path);
        if self.on_standby(at) {
            behind && self.standby.answers && !broken(Part::Standby)
        } else {
            behind && !faulty && !broken(Part::Names) && !broken(Part::Hosting)
        }
    }
}

/// A random length of whole seconds.
pub(super) fn seconds(rng: &mut Rng, from: i64, to: i64) -> Span {
    Span::secs(rng.i64(from..=to))
}

fn troubles(cause: Scenario, onset: Ts, rng: &mut Rng) -> Vec<Trouble> {
    let until = onset + seconds(rng, 25 * 60, 45 * 60);
    let lasting = |part| Trouble { part, from: onset, until };
    let short = |part, length| vec![Trouble { part, from: onset, until: onset + length }];
    match cause {
        Scenario::CompleteOutage | Scenario::BadDeployment => Vec::new(),
        Scenario::PlatformDown | Scenario::StandbyStale | Scenario::RollbackDoesNotHelp => {
            vec![lasting(Part::Hosting)]
        }
        Scenario::SharedDependencyDown => vec![lasting(Part::Backend)],
        Scenario::BothSidesDown => vec![lasting(Part::Hosting), lasting(Part::Standby)],
        Scenario::OwnNetworkDown => short(Part::OwnNetwork, seconds(rng, 120, 900)),
        Scenario::DnsBroken => vec![lasting(Part::Names)],
        Scenario::Blip => short(Part::Path, Span::secs(20)),
        Scenario::Partition => short(Part::Path, Span::secs(43)),
        Scenario::Flapping => flaps(onset, rng),
        Scenario::Slow => short(Part::Speed, seconds(rng, 300, 900)),
        Scenario::Erring => short(Part::Requests, seconds(rng, 700, 1_200)),
        Scenario::EdgeFunctionHang => vec![lasting(Part::Edge)],
        Scenario::HostingApiDown => vec![lasting(Part::Hosting), lasting(Part::HostingApi)],
    }
}

fn flaps(onset: Ts, rng: &mut Rng) -> Vec<Trouble> {
    let mut flaps = Vec::new();
    let mut from = onset;
    for _ in 0..rng.u32(4..=8) {
        let until = from + seconds(rng, 25, 75);
        flaps.push(Trouble { part: Part::Path, from, until });
        from = until + seconds(rng, 30, 90);
    }
    flaps
}

/// The newest deployment went live just before the outage where it looks guilty, else days ago.
fn deployments(cause: Scenario, onset: Ts, rng: &mut Rng) -> Vec<Deployment> {
    let looks_guilty = matches!(cause, Scenario::BadDeployment | Scenario::RollbackDoesNotHelp);
    let age = if looks_guilty { seconds(rng, 20, 900) } else { seconds(rng, 90_000, 200_000) };
    let mut live_at = onset - age;
    let mut list = Vec::new();
    for place in 0..4_u32 {
        let suspect = looks_guilty && place == 0;
        list.push(Deployment {
            id: format!("dpl_{:08x}", rng.u32(..)).into(),
            live_at,
            current: place == 0,
            candidate: true,
            proven: !suspect,
            schema_compatible: Some(true),
            commit: None,
            by: None,
        });
        live_at = live_at - seconds(rng, 3_600, 80_000);
    }
    list
}

fn standby(cause: Scenario, script: &Script, rng: &mut Rng) -> Preflight {
    let stale = cause == Scenario::StandbyStale;
    let old_certificate = script.has(Fault::StandbyCertificate);
    Preflight {
        answers: true,
        certificate_life: Span::days(if old_certificate { 3 } else { rng.i64(20..80) }),
        database: true,
        build: None,
        data_age: if stale { seconds(rng, 3_600, 20_000) } else { seconds(rng, 5, 200) },
    }
}
