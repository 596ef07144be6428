//! The outbox: performs what is owed, each lane on its own, and brings the outcome back to the desk.
//!
//! The desk hands out, keeps what is under way and bounds it; here is only the way of one effect: permit, perform
//! within its time, settle. Whatever a crash interrupts is owed again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use shared::effect::{Act, Effect, Lane, Look, Outcome, Tell};
use shared::engine::Permit;
use shared::operation::OPERATIONS_STREAM;
use shared::store::Owed;
use shared::time::Span;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::desk::{Desk, Lanes};
use crate::perform::{Hold, KillSwitch, Perform};

/// A provider that has not taken a page by then is given up, and another one is asked.
const PAGE_TIMEOUT: Duration = Duration::from_secs(15);
/// Below the time that a round of looks has together.
const LOOK_TIMEOUT: Duration = Duration::from_secs(12);
/// Reading back and verifying follow a change through name servers and caches (safety rule 12).
const FOLLOW_TIMEOUT: Duration = Duration::from_secs(200);
/// A change of DNS may take 180 s to be in sync.
const ACT_TIMEOUT: Duration = Duration::from_secs(200);
/// For chat and reports.
const TELL_TIMEOUT: Duration = Duration::from_secs(30);
/// The wait before something harmless is tried again.
const TRY_AGAIN: Span = Span::secs(5);
/// The wait before an outcome is brought to a store again that could not take it.
const SETTLE_AGAIN: Duration = Duration::from_secs(1);
/// Performs and settles.
pub struct Outbox<P> {
    /// Where owed effects come from and outcomes go.
    pub desk: Desk,
    /// Who performs.
    pub performer: P,
    /// What stops every action.
    pub switch: KillSwitch,
}

/// Carries out what the lanes bring, until the desk is gone or this is dropped.
pub async fn run<P: Perform>(outbox: Outbox<P>, lanes: Lanes) {
    let outbox = Arc::new(outbox);
    let mut workers = JoinSet::new();
    for (lane, owed) in lanes {
        let outbox = Arc::clone(&outbox);
        match lane {
            Lane::Tell => drop(workers.spawn(tell(outbox, owed))),
            Lane::Page | Lane::Act | Lane::Archive => drop(workers.spawn(work(outbox, owed))),
        }
    }
    workers.join_all().await;
}

/// The lane that tells: one thing after the other, the oldest first. An incident's card is shown as it stands now, so that
/// showing it once does for all the turns that owe it.
async fn tell<P: Perform>(outbox: Arc<Outbox<P>>, mut lane: mpsc::Receiver<Owed>) {
    let mut waiting = Vec::new();
    while lane.recv_many(&mut waiting, usize::MAX).await > 0 {
        while let Some(first) = waiting.first().cloned() {
            let (same, others) = waiting.into_iter().partition(|owed| shows_the_same(&first, owed));
            waiting = others;
            outbox.carry_all(same).await;
        }
    }
}

/// Whether performing the later of two performs both.
fn shows_the_same(one: &Owed, other: &Owed) -> bool {
    let is_card = |owed: &Owed| {
        owed.effect == Effect::Tell(Tell::Card) && owed.key.stream.as_str() != OPERATIONS_STREAM
    };
    one.key == other.key || is_card(one) && is_card(other) && one.key.stream == other.key.stream
}

/// One lane: begins whatever comes, for the desk bounds what is under way.
async fn work<P: Perform>(outbox: Arc<Outbox<P>>, mut lane: mpsc::Receiver<Owed>) {
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            next = lane.recv() => match next {
                Some(owed) => {
                    let outbox = Arc::clone(&outbox);
                    under_way.spawn(async move { outbox.carry(owed).await });
                }
                None => break,
            },
            Some(_done) = under_way.join_next() => {}
        }
    }
    under_way.join_all().await;
}

impl<P: Perform> Outbox<P> {
    async fn carry(&self, owed: Owed) {
        let outcome = self.outcome(&owed).await;
        tracing::info!(effect.key = %owed.key, effect.outcome = word(&outcome), "performed");
        self.settle(&owed, &outcome).await;
    }

    /// Performs the last of them for all of them.
    async fn carry_all(&self, owed: Vec<Owed>) {
        let Some(last) = owed.iter().max_by_key(|owed| owed.key.turn) else { return };
        let (outcome, count) = (self.outcome(last).await, owed.len());
        tracing::info!(effect.key = %last.key, effect.outcome = word(&outcome), count, "performed");
        join_all(owed.iter().map(|owed| self.settle(owed, &outcome))).await;
    }

    async fn settle(&self, owed: &Owed, outcome: &Outcome) {
        // Given up, it would keep its place in the lane for ever, and a lane has few.
        while self.desk.settle(owed.clone(), outcome.clone()).await.is_err() {
            sleep(SETTLE_AGAIN).await;
        }
    }

    /// What comes of an effect: its permit where it acts, and its performance within its time. Nothing is settled yet.
    pub async fn outcome(&self, owed: &Owed) -> Outcome {
        let hold = match &owed.effect {
            Effect::Act(act) => match self.permit(owed, act).await {
                Ok(hold) => hold,
                Err(outcome) => return outcome,
            },
            _ => Hold::Free,
        };
        let performed = self.performer.perform(&owed.key, &owed.effect, &hold);
        match timeout(time_for(&owed.effect), performed).await {
            Ok(outcome) => outcome,
            Err(_) => without_answer(&owed.effect),
        }
    }

    /// The permit, and a last look at everything that may have stopped us since it was asked for.
    async fn permit(&self, owed: &Owed, act: &Act) -> Result<Hold, Outcome> {
        let later = |why: String| Outcome::Later { why, after: TRY_AGAIN };
        if let Some(why) = self.switch.thrown() {
            // The desk is asked all the same: an operation that was begun before is read back, never given up.
            self.freeze(owed, &why).await;
        }
        let permit = self.desk.permit(owed.key.clone(), act.clone()).await;
        match permit.map_err(|away| later(away.to_string()))? {
            Permit::Settled(outcome) => Err(outcome),
            Permit::Go { epoch } => {
                let (desk, switch) = (self.desk.clone(), self.switch.clone());
                let hold = Hold::Lease { desk, key: owed.key.clone(), epoch, switch };
                hold.stands().await.map_err(later)?;
                Ok(hold)
            }
        }
    }

    /// What the kill switch stops is frozen in the journal, too: else the kernel would go on choosing. Removing the file
    /// is then not enough; a person allows acting again.
    async fn freeze(&self, owed: &Owed, why: &str) {
        let frozen = self.desk.freeze("kill-switch".into(), why.into(), owed.key.to_string()).await;
        if let Err(away) = frozen {
            tracing::error!(effect.key = %owed.key, error = %away, "failed to note the freeze");
        }
    }
}

/// How long an effect may take.
pub(crate) fn time_for(effect: &Effect) -> Duration {
    match effect {
        Effect::Page(_) => PAGE_TIMEOUT,
        Effect::Look(Look::ReadBack { .. } | Look::Verify(_)) | Effect::Purge(_) => FOLLOW_TIMEOUT,
        Effect::Look(_) => LOOK_TIMEOUT,
        Effect::Act(_) => ACT_TIMEOUT,
        Effect::Tell(_) | Effect::Report | Effect::WakeAt { .. } => TELL_TIMEOUT,
    }
}

/// What no answer in time means. A lost answer to a page or an action is no failure: it may have happened.
pub(crate) fn without_answer(effect: &Effect) -> Outcome {
    let why = "no answer in time".to_owned();
    match effect {
        Effect::Page(_) | Effect::Act(_) => Outcome::Unknown { why },
        Effect::Look(_) => Outcome::Never { why },
        Effect::Purge(_) | Effect::Tell(_) | Effect::Report | Effect::WakeAt { .. } => {
            Outcome::Later { why, after: TRY_AGAIN }
        }
    }
}

pub(crate) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::Later { .. } => "later",
        Outcome::Never { .. } => "never",
        Outcome::Unknown { .. } => "unknown",
    }
}

#[cfg(test)]
mod tests;
