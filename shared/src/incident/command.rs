//! What an incident is asked, and the refusals that explain themselves.

use std::sync::Arc;

use crate::detect::News;
use crate::effect::{Effect, Outcome, Page, Timer};
use crate::id::{ComponentId, EffectKey, PersonId};
use crate::incident::event::Role;
use crate::page::Report;
use crate::plan::Severity;
use crate::signal::Signal;
use crate::time::Ts;

/// A question to the kernel. The same outage, asked twice, is one incident.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A monitor says something about this incident's component.
    Signal {
        /// What it says.
        signal: Box<Signal>,
        /// The number a new incident would get.
        number: u32,
        /// What our probes see right now.
        view: View,
    },
    /// Our own probes have news about this incident's component.
    News {
        /// The component.
        component: ComponentId,
        /// The news.
        news: News,
        /// The number a new incident would get.
        number: u32,
    },
    /// A wake-up that the incident asked for.
    Wake {
        /// What for.
        timer: Timer,
        /// What our probes see right now.
        view: View,
    },
    /// An owed effect has an outcome.
    Outcome {
        /// Which effect.
        key: EffectKey,
        /// What it was.
        effect: Box<Effect>,
        /// What came of it.
        outcome: Outcome,
    },
    /// A provider says more of a page that it took.
    Delivery {
        /// The page's effect.
        key: EffectKey,
        /// The page.
        page: Box<Page>,
        /// What it says.
        report: Report,
    },
    /// A person speaks.
    Person {
        /// Who.
        by: PersonId,
        /// Through which face, e.g. `terminal`.
        via: Arc<str>,
        /// What they want.
        wish: Wish,
        /// What our probes see right now.
        view: View,
    },
}

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Declare an incident on a component.
    Declare {
        /// What is broken.
        component: ComponentId,
        /// How bad; absent: by the plan's classification.
        severity: Option<Severity>,
        /// In their words.
        says: String,
        /// The number a new incident would get.
        number: u32,
    },
    /// "I have it."
    Acknowledge,
    /// "I can't": the next rung is paged now. Whoever has the incident gives it back by it.
    Decline,
    /// Page these people, whoever has the incident.
    Summon {
        /// Whom.
        people: Vec<PersonId>,
        /// Why.
        because: String,
    },
    /// Tell everyone something.
    Update(String),
    /// Set the severity by hand.
    SetSeverity {
        /// To what.
        to: Severity,
        /// Why.
        because: String,
    },
    /// Give a role to somebody.
    Assign {
        /// Which.
        role: Role,
        /// To whom.
        to: PersonId,
    },
    /// "Users are fine again."
    Mitigated,
    /// "It is over."
    Resolve {
        /// Why, when evidence is missing or against it.
        without_evidence: Option<String>,
    },
    /// "It is not over."
    Reopen {
        /// Why.
        because: String,
    },
}

/// What our probes see of a component at the moment of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// A majority of the fresh vantage points gets good answers.
    Healthy {
        /// Since when.
        since: Ts,
    },
    /// A majority doesn't.
    Failing,
    /// Nothing can be said: no fresh probes, or our own network is suspect.
    Blind,
}

/// Why a wish was not granted, in words for the person who had it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The person isn't in the plan.
    #[error("{0} is not in the plan: add them under [[people]] in plan.toml")]
    Stranger(PersonId),
    /// Nothing is open there.
    #[error("incident {number} is {state}: {hint}")]
    WrongState {
        /// The incident's number.
        number: u32,
        /// Its state, as people say it.
        state: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// Somebody else has it.
    #[error("{by} has acknowledged this already")]
    AlreadyAcknowledged {
        /// Who.
        by: PersonId,
    },
    /// The component isn't in the plan.
    #[error("there is no component `{0}` in the plan: known are {1}")]
    NoSuchComponent(ComponentId, String),
    /// Something is already open for the component.
    #[error(
        "incident {number} is already open for {component}: use `allclear incident update {number}`"
    )]
    AlreadyOpen {
        /// Its number.
        number: u32,
        /// The component.
        component: ComponentId,
    },
    /// Our own probes fail at this very moment.
    #[error("our own probes still fail: it is not mitigated")]
    StillFailing,
    /// The evidence speaks against it.
    #[error("not resolved: {why}. If you know better: --without-evidence \"why\"")]
    NoEvidence {
        /// What the evidence says.
        why: String,
    },
    /// The incident's stream is full.
    #[error(
        "incident {number} has reached its limit of {limit} turns: resolve it and declare a new one"
    )]
    Full {
        /// Its number.
        number: u32,
        /// The limit.
        limit: u32,
    },
}
