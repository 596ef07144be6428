//! The incidents in memory: each component's live one and its last one that is over. They are found by component, by
//! stream, or by the moment from which they may be overdue; nothing here walks through all that is open.

use std::collections::{BTreeSet, HashMap};

use crate::id::{ComponentId, StreamId};
use crate::incident::Incident;
use crate::time::Ts;

/// Each component's incidents.
#[derive(Default)]
pub(super) struct Known {
    live: HashMap<ComponentId, Incident>,
    ended: HashMap<ComponentId, Incident>,
    components: HashMap<StreamId, ComponentId>,
    /// May name incidents that have moved on since: whoever looks one up asks it again.
    reviews: BTreeSet<(Ts, ComponentId)>,
}

impl Known {
    /// The live incidents.
    pub fn live(&self) -> impl ExactSizeIterator<Item = &Incident> {
        self.live.values()
    }

    /// The component's live incident.
    pub fn live_on(&self, component: &ComponentId) -> Option<&Incident> {
        self.live.get(component)
    }

    /// The incident of that stream.
    pub fn of(&self, id: &StreamId) -> Option<&Incident> {
        let component = self.components.get(id)?;
        let both = [self.live.get(component), self.ended.get(component)];
        both.into_iter().flatten().find(|incident| incident.id == *id)
    }

    /// Takes an incident up as it stands now, to be reviewed from that moment on. What came late to an older incident
    /// changes nothing of the one that goes on.
    pub fn take_up(&mut self, incident: Incident, review: Option<Ts>) {
        let component = incident.component.clone();
        let (here, gone) = if incident.state.is_live() {
            (&mut self.live, &mut self.ended)
        } else {
            (&mut self.ended, &mut self.live)
        };
        if gone.get(&component).is_some_and(|other| other.id == incident.id) {
            gone.remove(&component);
            self.components.remove(&incident.id);
        }
        if here.get(&component).is_some_and(|other| other.number > incident.number) {
            return;
        }
        self.reviews.extend(review.map(|at| (at, component.clone())));
        self.components.insert(incident.id.clone(), component.clone());
        let id = incident.id.clone();
        let before = here.insert(component, incident);
        if let Some(before) = before.filter(|before| before.id != id) {
            self.components.remove(&before.id);
        }
    }

    /// The live incidents whose review is due. `review` says when an incident's is, and must be what
    /// [`Known::take_up`] was told.
    pub fn due(&mut self, now: Ts, review: impl Fn(&Incident) -> Option<Ts>) -> Vec<&Incident> {
        let live = &self.live;
        let stands = |(at, component): &(Ts, ComponentId)| {
            live.get(component).is_some_and(|incident| review(incident) == Some(*at))
        };
        let reached = self.reviews.iter().take_while(|(at, _)| *at < now);
        let moved_on: Vec<_> = reached.filter(|one| !stands(one)).cloned().collect();
        for one in &moved_on {
            self.reviews.remove(one);
        }
        let due = self.reviews.iter().take_while(|(at, _)| *at < now);
        due.filter_map(|(_, component)| self.live.get(component)).collect()
    }
}
