//! Backups and their proofs when the plan wants them, while the server runs.
//!
//! One at a time, on a thread that waits for nobody and for which nobody waits: pages go out beside it. What is due is
//! read from the store each time, so that a restart forgets nothing and a backup made by hand counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Error, Result};
use functions::backup::Failure;
use functions::clock::Clock;
use functions::desk::Desk;
use serde_json::{Value, json};
use shared::backup::{Catalogue, PITR, Task, agenda};
use shared::plan::Plan;
use shared::safety::BackupEvent;
use shared::time::{Span, Ts};

use crate::backups::catalogue;
use crate::making::{WATCHED, have_key, heartbeat, kinds, make, noted, prove, renew};

/// How often is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// What failed is tried again after this long.
const RETRY_AFTER: Span = Span::mins(15);
/// Who says so, in the journal.
const ACTOR: &str = "backups";

/// Keeps backups fresh and proven.
pub struct Keeping {
    plan: Arc<Plan>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is being done.
    under_way: Option<Task>,
    /// When what is watched was compared last.
    compared: BTreeMap<&'static str, Ts>,
    /// What failed last, when and why.
    failing: BTreeMap<String, (Ts, Arc<str>)>,
}

impl Keeping {
    /// `None` where the plan names no store for backups.
    pub fn under(plan: Arc<Plan>) -> Option<Arc<Self>> {
        plan.backup_store.as_ref()?;
        Some(Arc::new(Self { plan, state: Mutex::default() }))
    }

    /// What `/health` shows.
    pub fn health(&self) -> Value {
        let state = self.state();
        let failing = state
            .failing
            .iter()
            .map(|(what, (at, why))| json!({"what": what, "at": at.rfc3339(), "why": why}));
        let under_way = state.under_way.as_ref().map(says);
        json!({"backups": {"under_way": under_way, "failing": failing.collect::<Vec<_>>()}})
    }

    /// Does what is due, for ever.
    pub async fn run(self: Arc<Self>, desk: Desk, clock: Clock) {
        loop {
            let keeping = Arc::clone(&self);
            let round = tokio::task::spawn_blocking(move || keeping.round(clock));
            let Ok(Some(event)) = round.await else {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            };
            let key = format!("backups/{}", clock().0);
            if desk.note_backups(vec![event], ACTOR.into(), key).await.is_err() {
                tracing::error!("what came of a backup could not be written down");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    /// Does one thing that is due, and says what came of it.
    fn round(&self, clock: Clock) -> Option<BackupEvent> {
        let now = clock();
        let all = match have_key().and_then(|()| catalogue(&self.plan)) {
            Ok(all) => all,
            Err(why) => {
                let what = *kinds().first()?;
                return self.may_try(what, now).then(|| self.failed(what, &why, now)).flatten();
            }
        };
        if self.plan.backups.iter().any(|policy| policy.what == PITR)
            && let Err(why) = heartbeat()
        {
            tracing::warn!("the heartbeat can't be written: {why:#}");
        }
        let tasks = agenda(&self.plan, &kinds(), &all, now);
        let task = tasks.into_iter().find(|task| self.may_try(task.what(), now));
        let Some(task) = task else { return self.compare(&all, now, clock) };
        self.state().under_way = Some(task.clone());
        tracing::info!("{}", says(&task));
        let done = perform(&task, &all, &self.plan);
        self.state().under_way = None;
        match done {
            Ok(BackupEvent::Failed { why, .. }) => {
                self.failed(task.what(), &Error::msg(why), clock())
            }
            Ok(event) => {
                self.state().failing.remove(task.what());
                Some(event)
            }
            Err(why) => self.failed(task.what(), &why, clock()),
        }
    }

    /// Makes another backup of what is watched when somebody has changed it.
    fn compare(&self, all: &Catalogue, now: Ts, clock: Clock) -> Option<BackupEvent> {
        let kept = |what: &str| self.plan.backups.iter().any(|policy| policy.what == what);
        let able = kinds();
        let late = |(what, every): &(&'static str, Span)| {
            let since = *self.state().compared.entry(what).or_insert(now);
            able.contains(what)
                && kept(what)
                && now.since(since) >= *every
                && self.may_try(what, now)
        };
        let (what, _) = WATCHED.into_iter().find(late)?;
        self.state().compared.insert(what, now);
        match renew(what, all, &self.plan) {
            Ok(made) => {
                self.state().failing.remove(what);
                made.map(|(manifest, _)| BackupEvent::Made { backup: manifest.id })
            }
            Err(why) => self.failed(what, &why, clock()),
        }
    }

    fn may_try(&self, what: &str, now: Ts) -> bool {
        self.state().failing.get(what).is_none_or(|(at, _)| now.since(*at) >= RETRY_AFTER)
    }

    /// Another backup that is running is no failure: it is looked again later.
    fn failed(&self, what: &str, why: &Error, now: Ts) -> Option<BackupEvent> {
        let busy = matches!(why.downcast_ref::<Failure>(), Some(Failure::Busy));
        let why: Arc<str> = format!("{why:#}").into();
        self.state().failing.insert(what.into(), (now, Arc::clone(&why)));
        if busy {
            return None;
        }
        tracing::error!(backup.what = what, "a backup fails: {why}");
        Some(BackupEvent::Failed { what: what.into(), why })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn says(task: &Task) -> String {
    match task {
        Task::Make { what } => format!("making a backup of the {what}"),
        Task::Prove { backup, level } => format!("proving {backup} to {level}"),
    }
}

fn perform(task: &Task, all: &Catalogue, plan: &Plan) -> Result<BackupEvent> {
    match task {
        Task::Make { what } => Ok(BackupEvent::Made { backup: make(what, plan)?.0.id }),
        Task::Prove { backup, level } => {
            let entry = all.entries().iter().find(|entry| entry.id() == backup);
            Ok(noted(&prove(&entry.context("it is gone")?.manifest, *level, plan)?))
        }
    }
}
