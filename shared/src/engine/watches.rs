//! What is known about every component right now, and which of them time alone can change: a tick asks those and no
//! others.

use std::collections::{BTreeMap, BTreeSet};

use crate::detect::{News, Watch};
use crate::id::ComponentId;
use crate::time::Ts;

/// Due at the next tick, whenever that is.
const NEXT_TICK: Ts = Ts(i64::MIN);

/// One watch a component.
#[derive(Default)]
pub(super) struct Watches {
    all: BTreeMap<ComponentId, Watch>,
    failing: BTreeSet<ComponentId>,
    /// When silence may be news; an entry too many only costs a look.
    agenda: BTreeSet<(Ts, ComponentId)>,
    ticked: Ts,
    /// Those that the open batch has changed, as they were.
    before: BTreeMap<ComponentId, Watch>,
}

impl Watches {
    /// Takes these up.
    pub fn new(all: BTreeMap<ComponentId, Watch>) -> Self {
        let agenda = all.keys().map(|component| (NEXT_TICK, component.clone())).collect();
        let mut watches = Self { all, agenda, ..Self::default() };
        watches.failing = watches.all.keys().filter(|one| watches.fails(one)).cloned().collect();
        watches
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The component's.
    pub fn get(&self, component: &ComponentId) -> Option<&Watch> {
        self.all.get(component)
    }

    /// Components that our own probes see failing.
    pub fn failing(&self) -> &BTreeSet<ComponentId> {
        &self.failing
    }

    /// Changes one; `None` if nobody watches that component.
    pub fn change<T>(
        &mut self,
        component: &ComponentId,
        how: impl FnOnce(&mut Watch) -> T,
    ) -> Option<T> {
        let watch = self.all.get_mut(component)?;
        if !self.before.contains_key(component) {
            self.before.insert(component.clone(), watch.clone());
        }
        let value = how(watch);
        self.note(component);
        self.agenda.insert((NEXT_TICK, component.clone()));
        Some(value)
    }

    /// Lets time pass: what is new of whom. A clock that was set back makes everyone's silence uncertain.
    pub fn tick(&mut self, now: Ts) -> Vec<(ComponentId, Vec<News>)> {
        let due: BTreeSet<ComponentId> = if now < self.ticked {
            self.agenda.clear();
            self.all.keys().cloned().collect()
        } else {
            let later = self.agenda.split_off(&(Ts(now.0 + 1), "".into()));
            let due = std::mem::replace(&mut self.agenda, later);
            due.into_iter().map(|(_, component)| component).collect()
        };
        self.ticked = now;
        debug_assert!(self.others_are_silent(&due, now), "a silence is overlooked");
        let mut news = Vec::new();
        for component in due {
            let said = self.change(&component, |watch| watch.tick(now)).unwrap_or_default();
            self.agenda.remove(&(NEXT_TICK, component.clone()));
            let silent = self.all.get(&component).and_then(|watch| watch.silent_after(now));
            self.agenda.extend(silent.map(|at| (at, component.clone())));
            news.push((component, said));
        }
        news
    }

    /// A batch begins: what it changes can be taken back.
    pub fn begin(&mut self) {
        self.before.clear();
    }

    /// News that was said into a lost batch must be said again. What was measured stays, unless the same is about to be
    /// taken in again: then a result that is known already would be no news.
    pub fn take_back(&mut self, measured_too: bool) {
        for (component, before) in std::mem::take(&mut self.before) {
            if let Some(watch) = self.all.get_mut(&component) {
                if measured_too {
                    *watch = before;
                } else {
                    watch.restore(before.memory());
                }
                self.note(&component);
                self.agenda.insert((NEXT_TICK, component));
            }
        }
    }

    /// Whether a tick would change none but these.
    fn others_are_silent(&self, due: &BTreeSet<ComponentId>, now: Ts) -> bool {
        self.all.iter().filter(|(component, _)| !due.contains(*component)).all(|(_, watch)| {
            let mut ticked = watch.clone();
            ticked.tick(now).is_empty() && ticked.memory() == watch.memory()
        })
    }

    fn note(&mut self, component: &ComponentId) {
        if self.fails(component) {
            self.failing.insert(component.clone());
        } else {
            self.failing.remove(component);
        }
    }

    fn fails(&self, component: &ComponentId) -> bool {
        self.all.get(component).is_some_and(|watch| watch.failing() && !watch.blind())
    }
}
