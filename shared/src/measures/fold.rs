//! Folds the turns into what the incident itself doesn't remember: every outage, page and action.

use std::collections::BTreeMap;

use super::{Acts, Loss, Pages};
use crate::effect::{Act, Finding, Look, Outcome, Page};
use crate::id::PersonId;
use crate::incident::{Choice, Event};
use crate::ledger::Body;
use crate::plan::ContactKind;
use crate::signal::Health;
use crate::time::{Span, Ts};

/// A time during which it was, or was said to be, unwell.
#[derive(Default)]
struct Outage {
    from: Ts,
    to: Option<Ts>,
    probed: bool,
    down: bool,
    slow: bool,
}

impl Outage {
    fn since(from: Ts) -> Self {
        Self { from, ..Self::default() }
    }

    /// Slow or erring alone is not down.
    fn counts(&self) -> bool {
        self.down || !self.slow
    }
}

/// What became of one page over all its copies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Lost,
    Dry,
    Sent,
}

/// The fold.
#[derive(Default)]
pub(super) struct Story {
    pub(super) start_was_probed: bool,
    pub(super) first_act: Option<Ts>,
    pub(super) reported: Option<Ts>,
    pub(super) acts: Acts,
    outages: Vec<Outage>,
    last: Ts,
    pages: BTreeMap<(u32, PersonId, ContactKind), Fate>,
    copies: u32,
    standby_age: Option<Span>,
    age_at_choice: Option<Span>,
    took_place: Vec<Act>,
}

impl Story {
    pub(super) fn of(turns: &[Body<Event>]) -> Self {
        let mut story = Self::default();
        for turn in turns {
            story.last = turn.at;
            for event in &turn.events {
                story.outage(event, turn.at);
                story.action(event, turn.at);
                story.page(event);
            }
        }
        story
    }

    pub(super) fn downtime(&self) -> Option<Span> {
        let length = |outage: &Outage| outage.to.unwrap_or(self.last).since(outage.from);
        let down: Vec<Span> = self.outages.iter().filter(|o| o.counts()).map(length).collect();
        (!down.is_empty()).then(|| down.into_iter().fold(Span::ZERO, |sum, span| sum + span))
    }

    pub(super) fn pages(&self) -> Pages {
        let count = |fate: Fate| self.pages.values().filter(|one| **one == fate).count() as u32;
        Pages {
            sent: count(Fate::Sent),
            copies: self.copies,
            lost: count(Fate::Lost),
            dry: count(Fate::Dry),
        }
    }

    pub(super) fn loss(&self) -> Loss {
        let failed_over = self.took_place.contains(&Act::FailOver);
        let rolled_back = self.took_place.iter().any(|act| matches!(act, Act::RollBack { .. }));
        match (failed_over, self.age_at_choice) {
            (true, Some(age)) => Loss::UpTo(age),
            (true, None) => Loss::Unknown("nobody saw the age of the standby's data"),
            (false, _) if rolled_back => Loss::Nothing,
            (false, _) => Loss::Unknown("nothing that was done tells how much data was lost"),
        }
    }

    fn outage(&mut self, event: &Event, at: Ts) {
        match event {
            Event::Opened { since, .. } => {
                self.end(at);
                self.outages.push(Outage::since(*since));
                self.start_was_probed = false;
                self.first_act = None;
            }
            Event::Reopened { .. } => self.outages.push(Outage::since(at)),
            Event::Relapsed { since } => {
                self.outages.push(Outage { down: true, probed: true, ..Outage::since(*since) });
            }
            Event::Recovered { at, .. } => self.end(*at),
            Event::Resolved { .. } => self.end(at),
            Event::Dismissed { .. } => self.dismissed(at),
            Event::Reported => self.reported = Some(at),
            _ => self.evidence(event),
        }
    }

    fn evidence(&mut self, event: &Event) {
        let Some(outage) = self.outages.last_mut() else { return };
        match event {
            Event::FirstFailure { since } => {
                outage.from = *since;
                outage.probed = true;
                outage.down = true;
                self.start_was_probed = true;
            }
            Event::Joined { health: Health::Down, .. } => outage.down = true,
            Event::Joined { health: Health::Degraded, .. } | Event::Impaired { .. } => {
                outage.slow = true;
            }
            _ => {}
        }
    }

    fn end(&mut self, at: Ts) {
        if let Some(outage) = self.outages.last_mut() {
            outage.to.get_or_insert(at);
        }
    }

    /// What passed before anyone was woken was still down; what only a monitor claimed was nothing.
    fn dismissed(&mut self, at: Ts) {
        self.end(at);
        self.outages.pop_if(|outage| !outage.probed);
    }

    fn action(&mut self, event: &Event, at: Ts) {
        match event {
            Event::Found { finding: Finding::Standby(preflight), .. } => {
                self.standby_age = Some(preflight.data_age);
            }
            Event::Found {
                look: Look::ReadBack { act, .. },
                finding: Finding::ReadBack { applied: true },
            } => self.executed(act),
            Event::Chose { choice: Choice::Act { act: Act::FailOver, .. } } => {
                self.age_at_choice = self.standby_age;
            }
            Event::Chose { choice: Choice::Wait { would: Some(_), .. } } => {
                self.acts.held_back += 1;
            }
            Event::ActStarted { .. } => drop(self.first_act.get_or_insert(at)),
            Event::ActSettled { act, outcome, .. } => self.settled(act, outcome),
            _ => {}
        }
    }

    fn settled(&mut self, act: &Act, outcome: &Outcome) {
        match outcome {
            Outcome::Done(Finding::WouldHave) => self.first_act = None,
            Outcome::Done(_) => self.executed(act),
            Outcome::Later { .. } | Outcome::Never { .. } => self.acts.refused += 1,
            Outcome::Unknown { .. } => {}
        }
    }

    fn executed(&mut self, act: &Act) {
        self.acts.executed += 1;
        self.took_place.push(act.clone());
    }

    fn page(&mut self, event: &Event) {
        let Event::Paged { page, outcome, .. } = event else { return };
        self.copies += u32::from(page.copy > 1);
        let Page { rung, person, by, .. } = page;
        let fate = match outcome {
            Outcome::Done(Finding::WouldHave) => Fate::Dry,
            Outcome::Done(_) => Fate::Sent,
            Outcome::Later { .. } | Outcome::Never { .. } | Outcome::Unknown { .. } => Fate::Lost,
        };
        let known = self.pages.entry((*rung, person.clone(), *by)).or_insert(fate);
        *known = fate.max(*known);
    }
}
