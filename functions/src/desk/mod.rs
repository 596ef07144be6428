//! The incident desk: one thread that owns the engine and its store, and everyone else's way to it.
//!
//! Requests that are waiting are run as one durable batch (group commit): one disk flush answers them all, and nothing
//! is answered before it is on disk. When the store fails, the whole batch is given up and nobody is told "accepted";
//! senders retry. When another desk at the same store was first, the batch is run again over what that one wrote. The desk decides nothing: that is the kernel's work.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use shared::detect::Probe;
use shared::effect::{Act, ActClass, Lane, Outcome};
use shared::engine::{
    Engine, Glance, Granted, OperationError, Permit, Receipt, RosterError, WishError,
};
use shared::id::{ComponentId, EffectKey};
use shared::operation::Operation;
use shared::page::Report;
use shared::roster::RosterEvent;
use shared::safety::BackupEvent;
use shared::store::{Owed, Store};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;

mod request;
mod turn;

pub use request::{Arrival, Instruction, Pulse, RosterChange, Utterance};
use request::{Reply, Request, See};
pub use turn::{LANE_LIMITS, Lanes};

/// Requests that may wait; beyond it whoever asks waits, too.
const QUEUE: usize = 1_024;

/// Owed effects that are told in one go.
pub const DUE_AT_ONCE: usize = 1_024;

/// The way to the desk; clones lead to the same one.
#[derive(Clone)]
pub struct Desk(mpsc::Sender<Request>);

/// The store could not take it, or the desk is closed: nothing of the request took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store can't be used now: nothing was accepted; the server's log says why")]
pub struct Away;

/// A freshly opened desk.
pub struct Opened {
    /// The way to it.
    pub desk: Desk,
    /// Owed effects, lane by lane, as they become due.
    pub lanes: Lanes,
    /// Its thread, which ends when every [`Desk`] is gone.
    pub thread: JoinHandle<()>,
}

/// Opens the desk over an engine.
pub fn open<S: Store + Send + 'static>(engine: Engine<S>, clock: Clock) -> io::Result<Opened> {
    let (sender, requests) = mpsc::channel(QUEUE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (outlets, lanes) = turn::lanes();
    let room = turn::Room::new(engine, clock, requests, outlets);
    let thread = std::thread::Builder::new()
        .name("desk".into())
        .spawn(move || runtime.block_on(room.serve()))?;
    Ok(Opened { desk: Desk(sender), lanes, thread })
}

/// Opens a desk that only answers: it lets no time pass unless it is told to, and hands nothing out. For processes that
/// are frozen between two questions, with others like them beside.
pub fn open_still<S: Store + Send + 'static>(engine: Engine<S>, clock: Clock) -> io::Result<Desk> {
    let (sender, requests) = mpsc::channel(QUEUE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let room = turn::Room::new(engine, clock, requests, Vec::new());
    std::thread::Builder::new()
        .name("desk".into())
        .spawn(move || runtime.block_on(room.serve_still()))?;
    Ok(Desk(sender))
}

impl Desk {
    /// Keeps a delivery and hears what it says; a refused one is only kept.
    pub async fn receive(&self, arrival: Arrival) -> Result<Receipt, Away> {
        self.ask(|reply| Request::Receive(Box::new(arrival), reply)).await
    }

    /// Takes in one of our own probes.
    pub async fn probe(
        &self,
        component: ComponentId,
        probe: Probe,
        control_ok: bool,
    ) -> Result<(), Away> {
        self.ask(|reply| Request::Probe { component, probe, control_ok, reply }).await
    }

    /// Takes in what came of an owed effect.
    pub async fn settle(&self, owed: Owed, outcome: Outcome) -> Result<(), Away> {
        self.ask(|reply| Request::Settle(Box::new(owed), outcome, reply)).await
    }

    /// Takes in what a provider says of a page that it took: whether that was news. Once this is answered, it is
    /// durable.
    pub async fn deliver(&self, key: EffectKey, report: Report) -> Result<bool, Away> {
        self.ask(|reply| Request::Deliver(key, Box::new(report), reply)).await
    }

    /// Asks for the permit of an action.
    pub async fn permit(&self, key: EffectKey, act: Act) -> Result<Permit, Away> {
        self.ask(|reply| Request::Permit(key, act, reply)).await
    }

    /// Whether an operation still holds its lease, and nothing is frozen.
    pub async fn holds(&self, key: EffectKey, epoch: u32) -> Result<bool, Away> {
        self.ask(|reply| Request::Holds(key, epoch, reply)).await
    }

    /// A person speaks.
    pub async fn wish(&self, said: Utterance) -> Result<Result<Granted, WishError>, Away> {
        self.ask(|reply| Request::Wish(Box::new(said), reply)).await
    }

    /// A person wants something of an operation.
    pub async fn operate(
        &self,
        said: Instruction,
    ) -> Result<Result<Operation, OperationError>, Away> {
        self.ask(|reply| Request::Operate(Box::new(said), reply)).await
    }

    /// A person changes who is on call, answers a test of their phone, or wants no more texts.
    pub async fn change_roster(
        &self,
        said: RosterChange,
    ) -> Result<Result<Vec<RosterEvent>, RosterError>, Away> {
        self.ask(|reply| Request::Roster(Box::new(said), reply)).await
    }

    /// Freezes every action.
    pub async fn freeze(&self, by: String, why: String, key: String) -> Result<(), Away> {
        self.ask(|reply| Request::Freeze { by, why, key, reply }).await
    }

    /// Allows acting again.
    pub async fn unfreeze(&self, by: String, key: String) -> Result<(), Away> {
        self.ask(|reply| Request::Unfreeze { by, key, reply }).await
    }

    /// Notes that a drill proved a class of action.
    pub async fn prove(&self, class: ActClass, by: String, key: String) -> Result<(), Away> {
        self.ask(|reply| Request::Prove { class, by, key, reply }).await
    }

    /// Notes what happened to backups.
    pub async fn note_backups(
        &self,
        events: Vec<BackupEvent>,
        by: String,
        key: String,
    ) -> Result<(), Away> {
        self.ask(|reply| Request::NoteBackups { events, by, key, reply }).await
    }

    /// Looks at what is known, between two writes.
    pub async fn see<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Glance) -> T + Send + 'static,
    ) -> Result<T, Away> {
        let (reply, answer) = oneshot::channel();
        // Whoever asked may have gone away meanwhile.
        let see: See = Box::new(move |seen| drop(reply.send(look(seen))));
        self.0.send(Request::See(Arc::new(Mutex::new(Some(see))))).await.map_err(|_| Away)?;
        answer.await.map_err(|_| Away)
    }

    /// Lets time pass: due wake-ups fire, overdue rungs are swept. Says whether more may be due.
    pub async fn tick(&self) -> Result<bool, Away> {
        self.ask(Request::Tick).await
    }

    /// What a lane owes and is due, the most urgent first, at most [`DUE_AT_ONCE`].
    pub async fn due(&self, lane: Lane) -> Result<Vec<Owed>, Away> {
        self.ask(|reply| Request::Due(lane, DUE_AT_ONCE, reply)).await
    }

    /// A sign of life: the loop takes a fresh turn for it, and the store a batch.
    pub async fn pulse(&self) -> Result<Pulse, Away> {
        self.ask(Request::Pulse).await
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, Away> {
        let (reply, answer) = oneshot::channel();
        self.0.send(request(Reply::new(reply))).await.map_err(|_| Away)?;
        answer.await.map_err(|_| Away)
    }
}

#[cfg(test)]
mod tests;
