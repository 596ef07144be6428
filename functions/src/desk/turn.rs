//! The desk's loop: take what is waiting, make it durable, answer, hand out what is due.
//!
//! Owed effects are handed out right after the commit that made them, so that a page waits for no poll; nor does it
//! wait behind the rest of a storm, for a batch is bounded.

use std::collections::HashMap;
use std::time::Duration;

use shared::effect::Lane;
use shared::engine::Engine;
use shared::id::EffectKey;
use shared::store::{Owed, Store, StoreError};
use shared::time::{Span, Ts};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::request::{Pulse, Ran, Request};
use crate::clock::Clock;

/// Most requests in one batch; a batch of deliveries then takes some 10 ms.
const BATCH: usize = 64;
/// Time passes at least this often: probes' silence is noticed, overdue rungs are swept.
const TICK: Span = Span::secs(1);
/// Races that one batch may lose against other desks. Whoever wins goes on, so somebody always does.
const RACES: u32 = 24;
/// The pause after the first lost race; later ones are longer, all by chance.
const RACE_PAUSE: Duration = Duration::from_millis(2);
/// A terminal's write beside us is noticed within this time.
const NOTICE_OTHERS: Span = Span::millis(200);

/// How many effects of a lane are under way at once. One is also an order: the next is not begun before the last ended.
/// What is told is put in order by whoever tells it.
pub const LANE_LIMITS: [(Lane, usize); 4] =
    [(Lane::Page, 16), (Lane::Act, 4), (Lane::Tell, 64), (Lane::Archive, 1)];

/// Owed effects as they become due, one receiver a lane. Each is handed out once until it is settled.
pub type Lanes = Vec<(Lane, mpsc::Receiver<Owed>)>;

/// The desk's ends of the lanes, with what is under way and since when.
pub(super) struct Outlet {
    lane: Lane,
    limit: usize,
    sender: mpsc::Sender<Owed>,
    under_way: HashMap<EffectKey, Ts>,
}

pub(super) fn lanes() -> (Vec<Outlet>, Lanes) {
    LANE_LIMITS
        .into_iter()
        .map(|(lane, limit)| {
            let (sender, receiver) = mpsc::channel(limit);
            (Outlet { lane, limit, sender, under_way: HashMap::new() }, (lane, receiver))
        })
        .unzip()
}

/// The room behind the desk.
pub(super) struct Room<S> {
    engine: Engine<S>,
    clock: Clock,
    requests: mpsc::Receiver<Request>,
    outlets: Vec<Outlet>,
    chance: fastrand::Rng,
    foreign_writes: u64,
    next_tick: Ts,
    last: Pulse,
}

impl<S: Store> Room<S> {
    pub fn new(
        engine: Engine<S>,
        clock: Clock,
        requests: mpsc::Receiver<Request>,
        outlets: Vec<Outlet>,
    ) -> Self {
        let at = clock();
        let last = Pulse { at, last_tick: None, oldest_page: None, live: 0, frozen: None };
        // Two desks that were opened at the same moment must not wait for each other in step.
        let chance = fastrand::Rng::with_seed(at.0 as u64 ^ u64::from(std::process::id()) << 32);
        let foreign_writes = engine.foreign_writes();
        Self { engine, clock, requests, outlets, chance, foreign_writes, next_tick: at, last }
    }

    /// Serves until every way to the desk is gone.
    pub async fn serve(mut self) {
        loop {
            let patience = self.patience((self.clock)());
            let waiting = match timeout(patience, self.requests.recv()).await {
                Ok(None) => return,
                Ok(Some(first)) => self.waiting(first),
                Err(_nobody_asked) => Vec::new(),
            };
            self.turn(&waiting, (self.clock)());
        }
    }

    /// Serves the same way, but lets no time pass by itself: whoever wants that asks for it.
    pub async fn serve_still(mut self) {
        while let Some(first) = self.requests.recv().await {
            let waiting = self.waiting(first);
            let now = (self.clock)();
            if waiting.iter().any(|it| matches!(it, Request::Tick(_))) {
                self.last.last_tick = Some(now);
            }
            self.answer(&waiting, now);
        }
    }

    /// A request, and those that wait behind it, as many as make one batch.
    fn waiting(&mut self, first: Request) -> Vec<Request> {
        let mut waiting = vec![first];
        while waiting.len() < BATCH
            && let Ok(next) = self.requests.try_recv()
        {
            waiting.push(next);
        }
        waiting
    }

    fn patience(&self, now: Ts) -> Duration {
        self.next_tick.since(now).min(NOTICE_OTHERS).to_std()
    }

    /// One turn: time first, then what was asked, then what is due.
    fn turn(&mut self, waiting: &[Request], now: Ts) {
        let tick = now >= self.next_tick || waiting.is_empty() && self.others_wrote();
        if tick {
            self.tick(now);
        }
        let stirred = !waiting.is_empty() && self.answer(waiting, now);
        if self.took_up_others() || tick || stirred {
            self.hand_out(now);
        }
    }

    fn hand_out(&mut self, now: Ts) {
        for outlet in &mut self.outlets {
            outlet
                .hand_out(&self.engine, now)
                .unwrap_or_else(|error| complain("hand out what is due", &error));
        }
        self.last.oldest_page = self.outlets.iter().find_map(Outlet::oldest_page);
        self.next_tick = self.next_tick.min(self.next_due(now));
    }

    /// Lets time pass; a batch of its own, so that what fails here fails no delivery.
    fn tick(&mut self, now: Ts) {
        self.next_tick = now + TICK;
        let passed = self.durably(now, |engine, _| {
            let more = engine.tick(now)?;
            engine.care(now).map(|()| more)
        });
        match passed {
            Ok(more) => {
                self.last.last_tick = Some(now);
                // A thousand rungs that are due at once are not spread over seconds.
                if more {
                    self.next_tick = now;
                }
            }
            Err(error) => complain("let time pass", &error),
        }
    }

    /// Runs and answers what was asked; says whether anything new may be due.
    fn answer(&mut self, waiting: &[Request], now: Ts) -> bool {
        let batch: Result<Vec<Ran>, StoreError> = self.durably(now, |engine, last| {
            waiting.iter().map(|request| request.run(engine, last, now)).collect()
        });
        match batch {
            // The replies are dropped with the requests: everyone learns that nothing was accepted.
            Err(error) => {
                complain("write a batch", &error);
                true
            }
            Ok(ran) => {
                let stirred = ran.iter().any(|one| one.stirs);
                for one in ran {
                    self.release(one);
                }
                stirred
            }
        }
    }

    /// Runs work as one durable batch. If another desk was first, it is run again over what that one wrote: it must not
    /// change anything but the engine.
    fn durably<T>(
        &mut self,
        now: Ts,
        work: impl Fn(&mut Engine<S>, &Pulse) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut races = 0;
        loop {
            match self.engine.batch(now, |engine| work(engine, &self.last)) {
                Err(StoreError::Conflict { .. }) if races < RACES => {
                    std::thread::sleep(RACE_PAUSE * self.chance.u32(0..=races));
                    races += 1;
                }
                done => return done,
            }
        }
    }

    fn release(&mut self, Ran { answer, settled, .. }: Ran) {
        if let Some((lane, key)) = settled
            && let Some(outlet) = self.outlets.iter_mut().find(|outlet| outlet.lane == lane)
        {
            outlet.under_way.remove(&key);
        }
        answer(&self.engine);
    }

    /// Whether somebody wrote beside us whom no batch of ours has taken up yet. A store that can't be asked says so in the
    /// next batch.
    fn others_wrote(&self) -> bool {
        let taken_up = self.engine.foreign_writes();
        self.engine.store().foreign_writes().is_ok_and(|writes| writes != taken_up)
    }

    /// Whether a batch has taken up what somebody wrote beside us.
    fn took_up_others(&mut self) -> bool {
        let writes = self.engine.foreign_writes();
        std::mem::replace(&mut self.foreign_writes, writes) != writes
    }

    /// When the next wake-up or postponed effect is due. What is due already is under way, or waits for a free hand.
    fn next_due(&self, now: Ts) -> Ts {
        self.engine.store().next_due(now).ok().flatten().unwrap_or(now + TICK)
    }
}

impl Outlet {
    /// Hands out what is due, as far as hands are free.
    fn hand_out<S: Store>(&mut self, engine: &Engine<S>, now: Ts) -> Result<(), StoreError> {
        if self.under_way.len() >= self.limit {
            return Ok(());
        }
        for owed in engine.owed(self.lane, now, self.limit)? {
            let key = owed.key.clone();
            if self.under_way.len() < self.limit
                && !self.under_way.contains_key(&key)
                && self.sender.try_send(owed).is_ok()
            {
                self.under_way.insert(key, now);
            }
        }
        Ok(())
    }

    fn oldest_page(&self) -> Option<Ts> {
        (self.lane == Lane::Page).then(|| self.under_way.values().min().copied()).flatten()
    }
}

fn complain(what: &str, error: &StoreError) {
    tracing::error!(error = %error, "failed to {what}");
}
