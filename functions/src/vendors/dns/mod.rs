//! DNS: moves our names between primary and standby, and proves that they moved.
//!
//! The plan's drivers are tried in its order; after a lost reply none is, until it is read back. Failing back undoes
//! whatever any driver holds: a latch left behind would keep traffic where it is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shared::effect::{Act, Effect, Finding, Look, Outcome, Toward};
use shared::id::EffectKey;
use shared::plan::{Driver, Plan};
use shared::time::Span;

use crate::clock::Clock;
use crate::http::Roots;
use crate::perform::{Hold, Perform};
use crate::vendors::aws::{Aws, Trouble};
use crate::vendors::lookout::Lookout;

mod drive;
mod latch;
pub mod query;
mod records;
mod routing_controls;
pub mod setup;
mod survey;
pub mod verify;
mod witness;
mod zone;

pub use zone::zone;

/// The wait before an action that lost its lease, or found everyone busy, is tried again.
const AGAIN: Span = Span::secs(5);

/// The hands that move our names.
#[derive(Clone)]
pub struct DnsHands {
    /// The plan.
    pub plan: Arc<Plan>,
    /// What reaches AWS.
    pub aws: Aws,
    /// The shared client.
    pub http: reqwest::Client,
    /// For clients that are pinned to one address.
    pub roots: Roots,
    /// The zone's name servers, where DNS itself can't tell them; empty: it is asked.
    pub name_servers: Vec<SocketAddr>,
    /// For ages and lives.
    pub clock: Clock,
    /// How fast Route 53 is asked.
    pub pace: Pace,
}

impl DnsHands {
    /// Hands for the plan of a lookout, at the usual pace.
    pub fn new(lookout: &Lookout, aws: Aws) -> Self {
        let Lookout { plan, http, roots, clock } = lookout.clone();
        let name_servers = Vec::new();
        Self { plan, aws, http, roots, clock, name_servers, pace: Pace::default() }
    }
}

impl DnsHands {
    /// The same, asking these name servers (`address:port`, separated by commas) instead of those DNS names.
    pub fn asking(mut self, servers: &str) -> Self {
        self.name_servers = servers.split(',').filter_map(query::server).collect();
        self
    }
}

/// How fast Route 53 is asked: at most twice a second (its account-wide buckets are shared with everybody else).
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks at a change.
    pub poll: Duration,
    /// How long a change is followed.
    pub cap: Duration,
    /// How long after it is in sync a change may take to be seen, before it counts as stranded.
    pub seen: Duration,
    /// First wait when it is busy; it grows.
    pub busy: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(2),
            cap: Duration::from_mins(3),
            seen: Duration::from_secs(10),
            busy: Duration::from_secs(1),
        }
    }
}

impl Pace {
    /// Waits while it is busy.
    fn waits(self) -> impl Iterator<Item = Duration> {
        records::growing(self.busy, 6)
    }

    /// Waits before each look at a change.
    fn polls(self) -> impl Iterator<Item = Duration> {
        let times = self.cap.as_millis() / self.poll.as_millis().max(1);
        std::iter::repeat_n(self.poll, times as usize)
    }
}

/// What became of an attempt by one driver.
#[derive(Debug)]
enum Acted {
    /// It is so now; these changes were ours.
    Done(Vec<shared::effect::Change>),
    /// Nothing was done: another driver may.
    NotDone(String),
    /// Nothing was done, and nothing else may be either.
    Refused(String),
    /// The right to act was lost before anything was done.
    Halted(String),
    /// It may or may not have been done.
    Lost(String),
}

impl From<Trouble> for Acted {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Lost(why) => Self::Lost(why),
            Trouble::NotSent(_) | Trouble::Refused { .. } => Self::NotDone(trouble.to_string()),
        }
    }
}

impl Acted {
    /// A read whose reply was lost has changed nothing.
    fn before_any_write(self) -> Self {
        match self {
            Self::Lost(why) => Self::NotDone(why),
            other => other,
        }
    }
}

/// The side an action moves traffic to.
fn toward(act: &Act) -> Option<Toward> {
    act.aim().and_then(|aim| aim.toward())
}

impl Perform for DnsHands {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        match effect {
            Effect::Act(act) => match toward(act) {
                Some(toward) => self.move_traffic(key, toward, hold).await,
                None => not_ours(),
            },
            Effect::Look(Look::Survey(aim)) => match aim.toward() {
                Some(toward) => Outcome::Done(Finding::Surveyed(self.survey(toward).await)),
                None => not_ours(),
            },
            Effect::Look(Look::ReadBack { act, .. }) => match toward(act) {
                Some(toward) => self.read_back(toward).await,
                None => not_ours(),
            },
            Effect::Look(Look::Verify(act)) => match toward(act) {
                Some(toward) => Outcome::Done(self.verify(toward).await),
                None => not_ours(),
            },
            _ => not_ours(),
        }
    }
}

fn not_ours() -> Outcome {
    Outcome::Never { why: "the DNS hands only move names".into() }
}

/// Driver names as people say them: `latch and records`.
fn said(drivers: &[Driver]) -> String {
    drivers.iter().map(|driver| driver.says()).collect::<Vec<_>>().join(" and ")
}
