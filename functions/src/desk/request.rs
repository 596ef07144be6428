//! What the desk can be asked, and how a request runs inside a batch.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use shared::detect::Probe;
use shared::effect::{Act, ActClass, Lane, Outcome};
use shared::engine::{
    Engine, Glance, Granted, OperationError, Permit, Receipt, RosterError, Target, WishError,
};
use shared::id::{ComponentId, EffectKey, PersonId, SourceId};
use shared::incident::Wish;
use shared::ledger::Hash;
use shared::operation::{Operation, OperationWish};
use shared::page::Report;
use shared::roster::{RosterEvent, RosterWish};
use shared::safety::BackupEvent;
use shared::signal::{Signal, Trust};
use shared::store::{Delivery, Owed, Store, StoreError};
use shared::time::Ts;
use tokio::sync::oneshot;

/// Answers once the batch is durable; dropped instead when it isn't. A request may have to run again before that, so
/// it is only lent to each run.
pub(super) struct Reply<T>(Arc<Mutex<Option<oneshot::Sender<T>>>>);

/// An answer that waits for its batch to become durable; it may look at what is known then.
pub(super) type Deferred = Box<dyn FnOnce(&dyn Glance)>;

/// Looks at what is known once the batch is durable, and answers.
pub(super) type See = Box<dyn FnOnce(&dyn Glance) + Send>;

/// A delivery as it came in, and what it says.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Its delivery key.
    pub key: Hash,
    /// The endpoint it came to.
    pub source: SourceId,
    /// How sure we are of the sender.
    pub trust: Trust,
    /// When it came.
    pub received_at: Ts,
    /// The raw bytes.
    pub body: Bytes,
    /// What it says, or why it was refused: a refused one is kept, and changes nothing.
    pub verdict: Result<Vec<Signal>, String>,
}

/// A wish as a person uttered it.
#[derive(Clone, Debug)]
pub struct Utterance {
    /// Which incident.
    pub target: Target,
    /// Who.
    pub by: PersonId,
    /// Through which face.
    pub via: Arc<str>,
    /// Names this one utterance: said twice, it counts once.
    pub key: String,
    /// What they want.
    pub wish: Wish,
}

/// What a person wants of an operation.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// Who.
    pub by: PersonId,
    /// Through which face.
    pub via: Arc<str>,
    /// Names this one utterance: said twice, it counts once.
    pub key: String,
    /// What they want.
    pub wish: OperationWish,
}

/// What a person wants of the roster.
#[derive(Clone, Debug)]
pub struct RosterChange {
    /// Who.
    pub by: PersonId,
    /// Through which face.
    pub via: Arc<str>,
    /// Names this one utterance: said twice, it counts once.
    pub key: String,
    /// What they want.
    pub wish: RosterWish,
}

/// A sign of life: it can only be had from a turn of the loop that just took place.
#[derive(Clone, Debug, PartialEq)]
pub struct Pulse {
    /// The time of that turn.
    pub at: Ts,
    /// When time was last let pass: wake-ups fired, rungs swept.
    pub last_tick: Option<Ts>,
    /// Since when the page that has waited longest has been under way.
    pub oldest_page: Option<Ts>,
    /// Incidents that are not over.
    pub live: usize,
    /// Why everything is frozen, if it is.
    pub frozen: Option<String>,
}

pub(super) enum Request {
    Receive(Box<Arrival>, Reply<Receipt>),
    Probe { component: ComponentId, probe: Probe, control_ok: bool, reply: Reply<()> },
    Settle(Box<Owed>, Outcome, Reply<()>),
    Deliver(EffectKey, Box<Report>, Reply<bool>),
    Permit(EffectKey, Act, Reply<Permit>),
    Holds(EffectKey, u32, Reply<bool>),
    Wish(Box<Utterance>, Reply<Result<Granted, WishError>>),
    Operate(Box<Instruction>, Reply<Result<Operation, OperationError>>),
    Roster(Box<RosterChange>, Reply<Result<Vec<RosterEvent>, RosterError>>),
    Freeze { by: String, why: String, key: String, reply: Reply<()> },
    Unfreeze { by: String, key: String, reply: Reply<()> },
    Prove { class: ActClass, by: String, key: String, reply: Reply<()> },
    NoteBackups { events: Vec<BackupEvent>, by: String, key: String, reply: Reply<()> },
    See(Arc<Mutex<Option<See>>>),
    Tick(Reply<bool>),
    Due(Lane, usize, Reply<Vec<Owed>>),
    Pulse(Reply<Pulse>),
}

/// What a request leaves behind for after the commit.
pub(super) struct Ran {
    /// Its answer.
    pub answer: Deferred,
    /// The effect that is no longer under way.
    pub settled: Option<(Lane, EffectKey)>,
    /// Whether something new may be due. A storm's repetitions change nothing, and looking costs a dozen queries.
    pub stirs: bool,
}

impl<T> Reply<T> {
    pub fn new(sender: oneshot::Sender<T>) -> Self {
        Self(Arc::new(Mutex::new(Some(sender))))
    }
}

impl Request {
    /// Runs inside the open batch; an error gives the whole batch up. A batch that lost a race is run again, so nothing
    /// but the engine may be changed here.
    pub fn run<S: Store>(
        &self,
        engine: &mut Engine<S>,
        pulse: &Pulse,
        now: Ts,
    ) -> Result<Ran, StoreError> {
        let (mut settled, mut stirs) = (None, true);
        let answer = match self {
            Self::Receive(arrival, reply) => {
                let receipt = receive(engine, arrival, now)?;
                stirs = !matches!(receipt, Receipt::New { turns: 0 } | Receipt::Duplicate);
                defer(reply, receipt)
            }
            Self::Probe { component, probe, control_ok, reply } => {
                defer(reply, engine.probe(component, probe.clone(), *control_ok, now)?)
            }
            Self::Settle(owed, outcome, reply) => {
                settled = owed.effect.lane().map(|lane| (lane, owed.key.clone()));
                defer(reply, engine.settle(owed, outcome, now)?)
            }
            Self::Deliver(key, report, reply) => {
                let news = engine.deliver(key, report, now)?;
                stirs = news;
                defer(reply, news)
            }
            Self::Permit(key, act, reply) => defer(reply, engine.permit(key, act, now)?),
            Self::Holds(key, epoch, reply) => defer(reply, engine.holds(key, *epoch)),
            Self::Wish(utterance, reply) => defer(reply, wish(engine, utterance, now)?),
            Self::Operate(said, reply) => defer(reply, operate(engine, said, now)?),
            Self::Roster(said, reply) => defer(reply, change_roster(engine, said, now)?),
            Self::Freeze { by, why, key, reply } => defer(reply, engine.freeze(by, why, key, now)?),
            Self::Unfreeze { by, key, reply } => defer(reply, engine.unfreeze(by, key, now)?),
            Self::Prove { class, by, key, reply } => {
                defer(reply, engine.prove(*class, by, key, now)?)
            }
            Self::NoteBackups { events, by, key, reply } => {
                defer(reply, engine.note_backups(events.clone(), by, key, now)?)
            }
            Self::Tick(reply) => {
                let more = engine.tick(now)?;
                engine.care(now)?;
                defer(reply, more)
            }
            Self::Due(lane, limit, reply) => {
                stirs = false;
                defer(reply, engine.owed(*lane, now, *limit)?)
            }
            Self::See(look) => {
                stirs = false;
                let look = Arc::clone(look);
                Box::new(move |seen: &dyn Glance| {
                    if let Some(look) = taken(&look) {
                        look(seen);
                    }
                })
            }
            Self::Pulse(reply) => {
                stirs = false;
                defer(reply, beat(engine, pulse, now))
            }
        };
        Ok(Ran { answer, settled, stirs })
    }
}

fn defer<T: 'static>(reply: &Reply<T>, value: T) -> Deferred {
    let reply = Arc::clone(&reply.0);
    // Whoever asked may have gone away meanwhile: what was written stays written.
    Box::new(move |_| drop(taken(&reply).map(|reply| reply.send(value))))
}

fn taken<T>(place: &Mutex<Option<T>>) -> Option<T> {
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn receive<S: Store>(
    engine: &mut Engine<S>,
    arrival: &Arrival,
    now: Ts,
) -> Result<Receipt, StoreError> {
    let (verdict, signals) = match &arrival.verdict {
        Ok(signals) => (Ok(signals.len() as u32), signals.as_slice()),
        Err(why) => (Err(why.clone()), [].as_slice()),
    };
    let delivery = Delivery {
        key: arrival.key,
        source: arrival.source.clone(),
        trust: arrival.trust,
        received_at: arrival.received_at,
        body: &arrival.body,
        verdict,
    };
    engine.receive(&delivery, signals, now)
}

/// A refusal is an answer; only the store's failure gives the batch up.
fn wish<S: Store>(
    engine: &mut Engine<S>,
    said: &Utterance,
    now: Ts,
) -> Result<Result<Granted, WishError>, StoreError> {
    match engine.wish(&said.target, &said.by, &said.via, &said.key, &said.wish, now) {
        Err(WishError::Store(error)) => Err(error),
        answer => Ok(answer),
    }
}

/// A refusal is an answer, here too.
fn operate<S: Store>(
    engine: &mut Engine<S>,
    said: &Instruction,
    now: Ts,
) -> Result<Result<Operation, OperationError>, StoreError> {
    match engine.operate(&said.by, &said.via, &said.key, &said.wish, now) {
        Err(OperationError::Store(error)) => Err(error),
        answer => Ok(answer),
    }
}

/// A refusal is an answer, here too.
fn change_roster<S: Store>(
    engine: &mut Engine<S>,
    said: &RosterChange,
    now: Ts,
) -> Result<Result<Vec<RosterEvent>, RosterError>, StoreError> {
    match engine.change_roster(&said.by, &said.via, &said.key, &said.wish, now) {
        Err(RosterError::Store(error)) => Err(error),
        answer => Ok(answer),
    }
}

fn beat<S: Store>(engine: &Engine<S>, last: &Pulse, now: Ts) -> Pulse {
    let frozen = engine.standing().frozen.as_ref();
    Pulse {
        at: now,
        live: engine.live().len(),
        frozen: frozen.map(|freeze| format!("{}: {}", freeze.by, freeze.why)),
        ..last.clone()
    }
}
