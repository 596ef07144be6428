//! The roster's journal: who stands in, whom texts don't reach, tests of phones.

use std::sync::Arc;

use super::turns::{derive, seal};
use super::{Engine, Store, StoreError, Ts, Turn};
use crate::effect::{Effect, Outcome, Page};
use crate::id::{EffectKey, PersonId};
use crate::ledger::{Body, Hash};
use crate::page::{Report, Stage};
use crate::roster::{self, ROSTER_STREAM, Refusal, Roster, RosterEvent, RosterWish};
use crate::store::Owed;

/// What can go wrong for a person: their wish, or the store.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// It is refused, with what to do.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: Store> Engine<S> {
    /// The roster.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// A person changes the roster, or answers a test. `key` names this one utterance: said twice, it counts once.
    pub fn change_roster(
        &mut self,
        by: &PersonId,
        via: &str,
        key: &str,
        wish: &RosterWish,
        now: Ts,
    ) -> Result<Vec<RosterEvent>, RosterError> {
        if self.roster.turns > 0 && self.store.has_taken(&ROSTER_STREAM.into(), key)? {
            return Ok(Vec::new());
        }
        let via: Arc<str> = via.into();
        let events = roster::decide(&self.plan, &self.roster, by, &via, wish, now)?;
        let turn = Turn { actor: by.as_str(), key, settles: None };
        self.append_roster(events.clone(), &turn, now)?;
        Ok(events)
    }

    /// Takes up what the journal holds.
    pub(super) fn take_up_roster(&mut self) -> Result<(), StoreError> {
        let (bodies, hashes) = self.read::<RosterEvent>(&ROSTER_STREAM.into())?;
        self.roster = Roster::default();
        for (body, hash) in bodies.iter().zip(hashes) {
            self.roster.apply_turn(body, hash);
        }
        Ok(())
    }

    /// What came of a page of a test.
    pub(super) fn settle_roster(
        &mut self,
        owed: &Owed,
        outcome: &Outcome,
        now: Ts,
    ) -> Result<(), StoreError> {
        let Effect::Page(page) = &owed.effect else { return self.store.settle(&owed.key) };
        let key = format!("outcome/{}", owed.key);
        let turn = Turn { actor: "pager", key: &key, settles: Some(&owed.key) };
        let event = roster::settled(&owed.key, page, outcome);
        self.append_roster(vec![event], &turn, now)
    }

    /// A provider says more of a page of a test.
    pub(super) fn deliver_test(
        &mut self,
        key: &EffectKey,
        page: &Page,
        report: &Report,
        now: Ts,
    ) -> Result<bool, StoreError> {
        let Some(event) = roster::delivered(&self.roster, key, page, report) else {
            return Ok(false);
        };
        let said = format!("delivery/{key}/{}/{}", report.receipt, report.stage.rank());
        let turn = Turn { actor: &report.provider, key: &said, settles: None };
        self.append_roster(vec![event], &turn, now)?;
        Ok(true)
    }

    /// What one page was told of a person holds for every page to come.
    pub(super) fn remember_stop(
        &mut self,
        page: &Page,
        report: &Report,
        now: Ts,
    ) -> Result<(), StoreError> {
        if report.stage != Stage::OptedOut || self.roster.opted_out.contains(&page.person) {
            return Ok(());
        }
        let event = RosterEvent::OptedOut { person: page.person.clone() };
        let key = format!("stop/{}/{}", page.person, report.receipt);
        let turn = Turn { actor: &report.provider, key: &key, settles: None };
        self.append_roster(vec![event], &turn, now)
    }

    fn append_roster(
        &mut self,
        events: Vec<RosterEvent>,
        asked: &Turn,
        now: Ts,
    ) -> Result<(), StoreError> {
        if events.is_empty() {
            return asked.settles.map_or(Ok(()), |key| self.store.settle(key));
        }
        let mut body = Body {
            stream: ROSTER_STREAM.into(),
            turn: self.roster.turns + 1,
            at: now,
            actor: Arc::from(asked.actor),
            key: asked.key.into(),
            events,
            owes: Vec::new(),
            settles: asked.settles.cloned(),
        };
        let mut after = self.roster.clone();
        after.apply_turn(&body, Hash::default());
        let owed = body.events.iter().flat_map(|one| roster::react(&self.plan, &after, one));
        body.owes = owed.collect();
        let sealed = seal(&self.roster.head, &body)?;
        self.store.append(&sealed, &derive(&body, None))?;
        after.head = sealed.hash;
        self.roster = after;
        Ok(())
    }
}
