//! An incident: from the first suspicion to all clear.
//!
//! Three pure functions: [`decide`] answers a command with events or a refusal, [`Incident::apply`] folds an event,
//! [`react`] says what an event owes the world. `react` is never called on replay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::detect::Quorum;
use crate::effect::{Act, Look, Page};
use crate::id::{ComponentId, EffectKey, MonitorKey, PersonId, SourceId, StreamId};
use crate::ledger::{Body, Hash};
use crate::page::Stand;
use crate::plan::{Alert, ContactKind, Severity};
use crate::signal::{Health, Trust};
use crate::store::Summary;
use crate::time::Ts;

mod apply;
mod choose;
mod command;
mod decide;
mod event;
mod ladder;
mod people;
mod react;
mod recovery;

pub use choose::{Case, Findings, choose};
pub use command::{Command, Refusal, View, Wish};
pub(crate) use decide::decide_and_fold;
pub use decide::{Situation, classify, decide};
pub use event::{Call, Choice, Event, Role, Sign, Witness};
pub use ladder::{RUNG_GRACE, next_rung, rung_due, wants_page, wants_pages};
pub use react::{is_news, react};

/// Turns up to which monitors' words are recorded. What time, our own probes and people bring goes on: a storm must not
/// silence the ladder.
pub const MAX_TURNS: u32 = 10_000;
/// Monitors listed one by one in a timeline; further ones are counted.
pub const MAX_LISTED_MONITORS: usize = 20;
/// Turns after which monitors' changes of mind are no longer recorded: what is left belongs to the ladder and to people.
pub const MAX_JOINING_TURNS: u32 = MAX_TURNS / 2;
/// Monitors remembered per incident, so that a storm's memory and work stay bounded; further ones change nothing.
pub const MAX_MONITORS: usize = 1_000;

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing has happened in this stream yet.
    Unborn,
    /// Something looks wrong; nobody was woken.
    Suspected,
    /// It was nothing.
    Dismissed,
    /// Declared, and not yet recovered.
    Open,
    /// The service answers again and is being watched.
    Mitigated,
    /// All clear.
    Resolved,
}

impl State {
    /// The state as people say it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Unborn => "not open",
            Self::Suspected => "suspected",
            Self::Dismissed => "dismissed",
            Self::Open => "open",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
        }
    }

    /// Whether people are or were told and it isn't over.
    pub fn is_declared(self) -> bool {
        matches!(self, Self::Open | Self::Mitigated)
    }

    /// Whether it was declared at some time: before that, its severity means nothing.
    pub fn has_severity(self) -> bool {
        matches!(self, Self::Open | Self::Mitigated | Self::Resolved)
    }

    /// Whether anything is still going on.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Suspected | Self::Open | Self::Mitigated)
    }
}

/// Who is being woken.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Paging {
    /// Nobody.
    #[default]
    Off,
    /// The ladder is being climbed.
    Climbing {
        /// When it was set up.
        started: Ts,
        /// The next rung, counted over all rounds.
        next: u32,
    },
    /// A person has it.
    Acknowledged {
        /// Who.
        by: PersonId,
    },
}

/// How far the recovery is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// Nothing is tried: not declared, not critical, or people's work.
    #[default]
    Idle,
    /// The world is being looked at.
    Looking,
    /// Everything was looked at; the evidence doesn't suffice for acting yet.
    Ready,
    /// An action is under way.
    Acting(Act),
    /// An action's reply was lost: it is being read back.
    ReadingBack(Act),
    /// An action is done: its effect is being verified.
    Verifying(Act),
    /// An action is verified: the service should answer soon.
    Recovering(Act),
    /// Nothing can be done safely: people decide, and we look again.
    Waiting,
    /// The service answers again.
    Over,
}

/// The recovery so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovery {
    /// How far it is.
    pub phase: Phase,
    /// Rounds of looks asked so far.
    pub round: u32,
    /// Looks that are under way.
    pub pending: BTreeSet<Look>,
    /// What was seen last.
    pub findings: Findings,
    /// What was tried, oldest first: never the same twice.
    pub tried: Vec<Act>,
    /// Attempts of the present action.
    pub attempts: u8,
    /// The evidence for acting, while it lasts.
    pub certain: Option<Quorum>,
    /// Whether an operation was started that has not come to an end: nothing else is started meanwhile.
    pub under_way: bool,
    /// An operation whose fate nobody knows: nothing else is done until it is known.
    pub unresolved: Option<(EffectKey, Act)>,
}

impl Recovery {
    /// Nobody waits for these looks any more; but an operation's fate is always waited for.
    fn forget_looks(&mut self) {
        self.pending.retain(|look| matches!(look, Look::ReadBack { .. }));
    }
}

/// What one monitor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it says of its target.
    pub health: Health,
    /// How sure we are that it is the monitor.
    pub trust: Trust,
    /// The level of its alert.
    pub alert: Alert,
}

/// When what happened for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The first sign reached us.
    pub opened: Option<Ts>,
    /// It was declared.
    pub declared: Option<Ts>,
    /// A page left.
    pub paged: Option<Ts>,
    /// A person took it.
    pub acknowledged: Option<Ts>,
    /// A machine changed something.
    pub acted: Option<Ts>,
    /// The service answered again; cleared by a relapse.
    pub recovered: Option<Ts>,
    /// All clear.
    pub resolved: Option<Ts>,
}

/// An incident: the fold of its events.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the evidence")]
pub struct Incident {
    /// Its id.
    pub id: StreamId,
    /// The number people use; 0 before it is opened.
    pub number: u32,
    /// What is broken.
    pub component: ComponentId,
    /// The start of the outage: the first failing probe, where there was one.
    pub since: Ts,
    /// Where it stands.
    pub state: State,
    /// How bad it is.
    pub severity: Severity,
    /// Why that bad.
    pub severity_because: String,
    /// Whether a person set the severity.
    pub severity_by_person: bool,
    /// Who holds which role.
    pub roles: BTreeMap<Role, PersonId>,
    /// Who is being woken.
    pub paging: Paging,
    /// How it stands with everyone who was paged, by each means.
    pub pages: Arc<BTreeMap<(PersonId, ContactKind), Stand>>,
    /// Who said that they can't.
    pub declined: BTreeSet<PersonId>,
    /// Whom texts do not reach any more.
    pub opted_out: BTreeSet<PersonId>,
    /// Who was asked for by name and hasn't answered yet.
    pub awaited: BTreeSet<PersonId>,
    /// How far the recovery is.
    pub recovery: Recovery,
    /// What monitors say now.
    pub monitors: Arc<BTreeMap<(SourceId, MonitorKey), Word>>,
    /// Whether our own probes fail, or failed last when they could look.
    pub failing: bool,
    /// Whether our own probes ever confirmed it.
    pub confirmed: bool,
    /// Whether our own view is gone.
    pub blind: bool,
    /// The alerts by which it is slow or erring right now.
    pub impaired: Vec<Alert>,
    /// Whether our probes have seen it steady since it recovered.
    pub steady: bool,
    /// How often it was opened.
    pub openings: u32,
    /// What people still have to do.
    pub obligations: Vec<String>,
    /// When what happened.
    pub marks: Marks,
    /// The last update in somebody's words.
    pub last_update: Option<String>,
    /// Turns so far.
    pub turns: u32,
    /// Hash of the last turn.
    pub head: Hash,
}

impl Incident {
    /// A stream in which nothing has happened.
    pub fn unborn(id: StreamId) -> Self {
        Self {
            id,
            number: 0,
            component: "".into(),
            since: Ts::default(),
            state: State::Unborn,
            severity: Severity::P4,
            severity_because: String::new(),
            severity_by_person: false,
            roles: BTreeMap::new(),
            paging: Paging::Off,
            pages: Arc::default(),
            declined: BTreeSet::new(),
            opted_out: BTreeSet::new(),
            awaited: BTreeSet::new(),
            recovery: Recovery::default(),
            monitors: Arc::default(),
            failing: false,
            confirmed: false,
            blind: false,
            impaired: Vec::new(),
            steady: false,
            openings: 0,
            obligations: Vec::new(),
            marks: Marks::default(),
            last_update: None,
            turns: 0,
            head: Hash::default(),
        }
    }

    /// Folds a whole turn: its events and its place in the chain.
    pub fn apply_turn(&mut self, body: &Body<Event>, hash: Hash) {
        for event in &body.events {
            self.apply(event, body.at);
        }
        self.apply_turn_place(body, hash);
    }

    /// Notes a turn's place in the chain, its events being folded already.
    pub fn apply_turn_place(&mut self, body: &Body<Event>, hash: Hash) {
        self.turns = body.turn;
        self.head = hash;
    }

    /// Its line in the index.
    pub fn summary(&self, at: Ts) -> Summary {
        Summary {
            id: self.id.clone(),
            number: self.number,
            component: self.component.clone(),
            state: self.state,
            severity: self.severity,
            since: self.since,
            ended: (!self.state.is_live()).then_some(at),
        }
    }

    /// Monitors that say it isn't well.
    pub fn accusers(&self) -> impl Iterator<Item = &Word> {
        self.monitors.values().filter(|word| word.health.accuses())
    }

    /// The person who took it.
    pub fn acknowledged_by(&self) -> Option<&PersonId> {
        match &self.paging {
            Paging::Acknowledged { by } => Some(by),
            Paging::Off | Paging::Climbing { .. } => None,
        }
    }

    /// The rung that pages now, counted over all rounds.
    pub(crate) fn present_rung(&self) -> u32 {
        match self.paging {
            Paging::Climbing { next, .. } => next.saturating_sub(1),
            Paging::Off | Paging::Acknowledged { .. } => 0,
        }
    }

    /// Whether somebody asked for that person by name, and they have not answered.
    pub fn is_awaited(&self, person: &PersonId) -> bool {
        self.awaited.contains(person)
    }

    /// Whether a page of that rung, or of a later one, may still wake that person, or anybody.
    pub(crate) fn has_hope(&self, rung: u32, person: Option<&PersonId>) -> bool {
        self.pages.iter().any(|((whom, _), stand)| {
            stand.rung >= rung
                && person.is_none_or(|person| person == whom)
                && !self.declined.contains(whom)
                && stand.has_hope()
        })
    }

    /// How it stands with the page's person and means, where this page is still the last one.
    pub fn stand(&self, page: &Page) -> Option<&Stand> {
        let stand = self.pages.get(&(page.person.clone(), page.by));
        stand.filter(|stand| stand.rung == page.rung)
    }

    /// Whether that page is a text to somebody whom no text reaches.
    pub(crate) fn is_deaf(&self, page: &Page) -> bool {
        page.by == ContactKind::Sms && self.opted_out.contains(&page.person)
    }

    /// The number a person proves with that a page reached them; the same on every copy.
    pub fn page_code(&self, person: &PersonId) -> u32 {
        let hash = Hash::of(&[self.id.as_str().as_bytes(), person.as_str().as_bytes()]);
        100 + u32::from_be_bytes([0, 0, hash.0[0], hash.0[1]]) % 900
    }
}

pub use crate::page::MAX_COPIES as MAX_PAGE_COPIES;

/// Whether a page may still be repeated.
fn may_copy(page: &Page) -> bool {
    page.copy < MAX_PAGE_COPIES
}
