//! How it stands with one person and one means: the copies of the last page, and what became of each.

use std::sync::Arc;

use super::{MAX_COPIES, Report, Stage};
use crate::effect::{Finding, Outcome};
use crate::id::EffectKey;
use crate::time::Ts;

/// What became of one copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is under way to a provider.
    UnderWay,
    /// A provider took it.
    Taken,
    /// No provider took it, or nobody knows: the next copy is owed.
    NotTaken,
    /// It would have been sent, were this real.
    Dry,
    /// The provider says more.
    Said(Stage),
}

/// One copy of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The effect, once it is known.
    pub key: Option<EffectKey>,
    /// The provider, once it is known.
    pub provider: Option<Arc<str>>,
    /// What became of it.
    pub fate: Fate,
    /// Since when.
    pub at: Ts,
}

/// The last page to one person by one means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The rung it belongs to, counted over all rounds.
    pub rung: u32,
    /// Its copies, oldest first; never none.
    pub copies: Vec<Copy>,
}

impl Stand {
    /// A page that was just owed.
    pub fn owed(rung: u32, at: Ts) -> Self {
        Self { rung, copies: vec![Copy::owed(at)] }
    }

    /// The last copy.
    pub fn last(&self) -> Option<&Copy> {
        self.copies.last()
    }

    /// Whether this page may still wake somebody.
    pub fn has_hope(&self) -> bool {
        self.last().is_some_and(Copy::has_hope)
    }

    /// The copy of that number, counted from 1; those before it that nobody told us of are made up for.
    pub(crate) fn copy_mut(&mut self, number: u8, at: Ts) -> Option<&mut Copy> {
        let place = usize::from(number.clamp(1, MAX_COPIES)) - 1;
        while self.copies.len() <= place {
            self.copies.push(Copy::owed(at));
        }
        self.copies.get_mut(place)
    }
}

impl Copy {
    fn owed(at: Ts) -> Self {
        Self { key: None, provider: None, fate: Fate::UnderWay, at }
    }

    /// The last the provider said.
    pub fn stage(&self) -> Option<&Stage> {
        match &self.fate {
            Fate::Said(stage) => Some(stage),
            Fate::UnderWay | Fate::Taken | Fate::NotTaken | Fate::Dry => None,
        }
    }

    fn has_hope(&self) -> bool {
        match &self.fate {
            Fate::UnderWay | Fate::Taken | Fate::Dry => true,
            Fate::NotTaken => false,
            Fate::Said(stage) => !stage.is_bad(),
        }
    }

    /// A provider says more.
    pub(crate) fn said(&mut self, key: &EffectKey, report: &Report, at: Ts) {
        let provider = Some(report.provider.clone());
        *self =
            Self { key: Some(key.clone()), provider, fate: Fate::Said(report.stage.clone()), at };
    }

    /// A provider took it, or didn't. What a provider said of it before that stands.
    pub(crate) fn settled(&mut self, key: Option<&EffectKey>, outcome: &Outcome, at: Ts) {
        self.key = key.cloned();
        if let Fate::Said(_) = self.fate {
            return;
        }
        self.at = at;
        self.fate = match outcome {
            Outcome::Done(Finding::WouldHave) => Fate::Dry,
            Outcome::Done(Finding::Sent { provider, .. }) => {
                self.provider = Some(provider.as_str().into());
                Fate::Taken
            }
            Outcome::Done(_) => Fate::Taken,
            Outcome::Later { .. } | Outcome::Never { .. } | Outcome::Unknown { .. } => {
                Fate::NotTaken
            }
        };
    }
}
