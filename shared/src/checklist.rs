//! The runbook of an incident, step by step: what is done, what is under way, what is late, and what only people know.
//!
//! A step is called done where the record shows it, and nowhere else. Nothing is decided here.

use std::collections::BTreeMap;
use std::fmt;

use crate::effect::{Act, Finding, Look, Outcome};
use crate::id::VendorId;
use crate::incident::{Event, Incident, State, Witness};
use crate::ledger::Body;
use crate::operation::{Ending, Operations, Stage};
use crate::plan::{Plan, RecoveryMeans, Runbook, Scenario, Severity, ShownBy, StepKind};
use crate::time::{Span, Ts};
use crate::timeline::plain;

/// A runbook's steps, as an incident stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checklist {
    /// The runbook's title.
    pub title: String,
    /// Its steps in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub what: String,
    /// By when the plan wants it done.
    pub by: Ts,
    /// How long after the start that is.
    pub within: Span,
    /// Who does it.
    pub who: StepKind,
    /// How far it is.
    pub progress: Progress,
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The record shows that it was done.
    Done {
        /// When.
        at: Ts,
    },
    /// It was begun.
    UnderWay {
        /// When.
        at: Ts,
    },
    /// People do it, or did it, by an operation of that number.
    ByOperation {
        /// The operation.
        number: u32,
        /// Whether it was verified.
        done: bool,
    },
    /// It was tried, and it did not work.
    Failed {
        /// When that was known.
        at: Ts,
        /// Why.
        why: String,
    },
    /// There is still time.
    Due,
    /// There is none left.
    Overdue,
    /// It is people's work: only they know.
    Peoples,
    /// It recovered without it.
    NotNeeded,
    /// It is over, and the record does not show that this was done.
    NotShown,
}

impl Progress {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done { .. } | Self::ByOperation { done: true, .. } => "done",
            Self::UnderWay { .. } | Self::ByOperation { .. } => "in progress",
            Self::Failed { .. } => "did not work",
            Self::Due => "due",
            Self::Overdue => "OVERDUE",
            Self::Peoples => "people's",
            Self::NotNeeded => "not needed",
            Self::NotShown => "not shown",
        }
    }

    /// Its sign: one column wide, and never without its word.
    pub fn sign(&self) -> char {
        match self {
            Self::Done { .. } | Self::ByOperation { done: true, .. } => '✓',
            Self::UnderWay { .. } | Self::ByOperation { .. } => '►',
            Self::Failed { .. } => '✗',
            Self::Due => '·',
            Self::Overdue => '!',
            Self::Peoples => '@',
            Self::NotNeeded => '–',
            Self::NotShown => '?',
        }
    }
}

/// E.g. `done 14:03:05`, `due by 14:17:40`, `did not work 14:04:17: no candidate`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.progress.word();
        // A time of day says nothing of a step that may wait for days.
        let by = if self.within < Span::hours(24) {
            format!("by {}", self.by.clock())
        } else {
            format!("within {}", self.within)
        };
        match &self.progress {
            Progress::Done { at } if *at > self.by => {
                write!(f, "{word} {}, late: {by}", at.clock())
            }
            Progress::Done { at } => write!(f, "{word} {}", at.clock()),
            Progress::UnderWay { at } => write!(f, "{word} since {}", at.clock()),
            Progress::ByOperation { number, .. } => write!(f, "{word}, operation {number}"),
            Progress::Failed { at, why } => write!(f, "{word}, {}: {}", at.clock(), plain(why)),
            Progress::Due | Progress::Overdue | Progress::Peoples => write!(f, "{word}, {by}"),
            Progress::NotNeeded | Progress::NotShown => f.write_str(word),
        }
    }
}

/// What a provider's status page said last, or why it could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorSeen {
    /// The provider.
    pub vendor: VendorId,
    /// When.
    pub at: Ts,
    /// Whether the parts we use work; `None` where nobody could tell.
    pub working: Option<bool>,
    /// Its words.
    pub says: String,
}

/// The providers' status as it was seen last, each with its time.
pub fn vendors_seen(turns: &[Body<Event>]) -> Vec<VendorSeen> {
    let mut seen: BTreeMap<VendorId, VendorSeen> = BTreeMap::new();
    for (at, event) in events(turns) {
        let one = match event {
            Event::Found {
                look: Look::VendorStatus(vendor),
                finding: Finding::Vendor { working, says, .. },
            } => (vendor, Some(*working), says),
            Event::LookFailed { look: Look::VendorStatus(vendor), why } => (vendor, None, why),
            _ => continue,
        };
        let (vendor, working, says) = (one.0.clone(), one.1, plain(one.2));
        seen.insert(vendor.clone(), VendorSeen { vendor, at, working, says });
    }
    seen.into_values().collect()
}

/// The runbook that fits an incident.
pub fn runbook_of<'a>(plan: &'a Plan, incident: &Incident) -> Option<&'a Runbook> {
    let means = plan.component(&incident.component).map(|component| component.recovery);
    let scenario = match (incident.severity, means) {
        (Severity::P1, Some(RecoveryMeans::RollbackOrFailover)) => Scenario::CompleteOutage,
        (Severity::P1, Some(RecoveryMeans::Manual)) => Scenario::DatabaseLoss,
        _ => Scenario::PartialDegradation,
    };
    plan.runbook(scenario)
}

/// The steps of the runbook that fits, each as the record shows it at this moment. `turns` are the incident's;
/// `operations` are people's, of which those that belong to it count.
pub fn checklist(
    plan: &Plan,
    incident: &Incident,
    turns: &[Body<Event>],
    operations: &Operations,
    now: Ts,
) -> Checklist {
    let Some(runbook) = runbook_of(plan, incident) else {
        return Checklist { title: "no runbook".into(), steps: Vec::new() };
    };
    let record = Record { incident, events: since_opening(turns), operations };
    let step = |step: &crate::plan::RunbookStep| {
        let by = incident.since + step.by;
        let progress = match step.shown_by {
            None => Progress::Peoples,
            Some(shown_by) => {
                record.shows(shown_by).unwrap_or_else(|| record.waits(shown_by, by, now))
            }
        };
        Step { what: step.what.clone(), by, within: step.by, who: step.who, progress }
    };
    Checklist { title: runbook.title.clone(), steps: runbook.steps.iter().map(step).collect() }
}

fn events(turns: &[Body<Event>]) -> impl Iterator<Item = (Ts, &Event)> {
    turns.iter().flat_map(|turn| turn.events.iter().map(|event| (turn.at, event)))
}

/// What happened since it was opened last: an incident that is opened again begins its runbook anew.
fn since_opening(turns: &[Body<Event>]) -> Vec<(Ts, &Event)> {
    let all: Vec<(Ts, &Event)> = events(turns).collect();
    let opens =
        |(_, event): &(Ts, &Event)| matches!(event, Event::Opened { .. } | Event::Reopened { .. });
    let first = all.iter().rposition(opens).unwrap_or(0);
    all[first..].to_vec()
}

/// What the record of an incident holds.
struct Record<'a> {
    incident: &'a Incident,
    events: Vec<(Ts, &'a Event)>,
    operations: &'a Operations,
}

impl Record<'_> {
    /// How far a step is that nothing shows yet.
    fn waits(&self, shown_by: ShownBy, by: Ts, now: Ts) -> Progress {
        use ShownBy::{Deployments, Dns, Failover, Migrations, Restart, Rollback, VendorStatus};
        let brings_back = matches!(
            shown_by,
            VendorStatus | Dns | Deployments | Migrations | Rollback | Failover | Restart
        );
        match self.incident.state {
            State::Mitigated | State::Resolved | State::Dismissed if brings_back => {
                Progress::NotNeeded
            }
            State::Resolved | State::Dismissed => Progress::NotShown,
            State::Unborn | State::Suspected | State::Open | State::Mitigated if now > by => {
                Progress::Overdue
            }
            State::Unborn | State::Suspected | State::Open | State::Mitigated => Progress::Due,
        }
    }

    fn shows(&self, shown_by: ShownBy) -> Option<Progress> {
        match shown_by {
            ShownBy::VendorStatus => self.looked(|look| matches!(look, Look::VendorStatus(_))),
            ShownBy::Dns => self.looked(|look| *look == Look::Dns),
            ShownBy::Deployments => self.looked(|look| *look == Look::Deployments),
            ShownBy::Migrations => self.migrations(),
            ShownBy::Rollback => self.acted(|act| matches!(act, Act::RollBack { .. })),
            ShownBy::Failover => self.acted(|act| *act == Act::FailOver),
            ShownBy::Restart => self.acted(|act| matches!(act, Act::Restart(_))),
            ShownBy::CriticalPath => self.walked(),
            ShownBy::Confirmed => self.confirmed(),
            ShownBy::AllClear => self.cleared(),
        }
    }

    /// Looks of the last round: all of them must have come back.
    fn looked(&self, meant: impl Fn(&Look) -> bool) -> Option<Progress> {
        let mut last: BTreeMap<&Look, Progress> = BTreeMap::new();
        for (at, event) in &self.events {
            let at = *at;
            match event {
                Event::LooksAsked { looks, .. } => {
                    let asked = looks.iter().filter(|look| meant(look));
                    last.extend(asked.map(|look| (look, Progress::UnderWay { at })));
                }
                Event::Found { look, .. } if meant(look) => {
                    last.insert(look, Progress::Done { at });
                }
                Event::LookFailed { look, why } if meant(look) => {
                    last.insert(look, Progress::Failed { at, why: why.clone() });
                }
                _ => {}
            }
        }
        worst(last.into_values())
    }

    fn migrations(&self) -> Option<Progress> {
        let listed = self.events.iter().rev().find_map(|(at, event)| match event {
            Event::Found { finding: Finding::Deployments(all), .. } => Some((*at, all)),
            _ => None,
        });
        let (at, all) = listed?;
        let mut candidates = all.iter().filter(|one| one.candidate).peekable();
        candidates.peek()?;
        Some(if candidates.any(|one| one.schema_compatible.is_some()) {
            Progress::Done { at }
        } else {
            Progress::Failed { at, why: "nobody can tell".into() }
        })
    }

    /// A change by machine, or by people who planned it for this incident; the better one counts.
    fn acted(&self, meant: impl Fn(&Act) -> bool + Copy) -> Option<Progress> {
        let (machines, people) = (self.acted_by_machine(meant), self.acted_by_people(meant));
        let is_good = |one: &Progress| !matches!(one, Progress::Failed { .. });
        match (machines, people) {
            (Some(machines), _) if is_good(&machines) => Some(machines),
            (machines, people) => people.or(machines),
        }
    }

    fn acted_by_machine(&self, meant: impl Fn(&Act) -> bool) -> Option<Progress> {
        let mut last = None;
        for (at, event) in &self.events {
            let at = *at;
            let failed = |why: &str| Progress::Failed { at, why: why.into() };
            let now = match event {
                Event::ActStarted { act, .. } if meant(act) => Progress::UnderWay { at },
                Event::ActSettled { act, outcome, .. } if meant(act) => match outcome {
                    Outcome::Done(Finding::WouldHave) => failed("dry run: nothing was changed"),
                    Outcome::Done(_) => Progress::Done { at },
                    Outcome::Unknown { .. } => Progress::UnderWay { at },
                    Outcome::Later { why, .. } | Outcome::Never { why } => failed(why),
                },
                Event::Found { look: Look::ReadBack { act, .. }, finding } if meant(act) => {
                    match finding {
                        Finding::ReadBack { applied: true } => Progress::Done { at },
                        _ => failed("it did not take place"),
                    }
                }
                Event::Found {
                    look: Look::Verify(act),
                    finding: Finding::Verified { whole: false, says, tail },
                } if meant(act) && tail.is_empty() => failed(says),
                Event::DidNotHelp { act } if meant(act) => failed("it did not help"),
                _ => continue,
            };
            last = Some(now);
        }
        last
    }

    fn acted_by_people(&self, meant: impl Fn(&Act) -> bool) -> Option<Progress> {
        let number = Some(self.incident.number);
        let mut own = self.operations.all.values().rev();
        let one = own.find(|one| one.incident == number && meant(&one.act))?;
        let number = one.number;
        Some(match &one.stage {
            Stage::Checking | Stage::Acting | Stage::ReadingBack { .. } | Stage::Verifying => {
                Progress::ByOperation { number, done: false }
            }
            Stage::Over(Ending::Verified { .. } | Ending::PartlyVerified { .. }) => {
                Progress::ByOperation { number, done: true }
            }
            Stage::Over(Ending::Unverified { why } | Ending::Failed { why }) => {
                let why = format!("operation {number}: {why}");
                Progress::Failed { at: one.planned_at, why }
            }
            // Nothing was done by these.
            Stage::Planned
            | Stage::Over(Ending::Drifted { .. } | Ending::WouldHave | Ending::Aborted { .. }) => {
                return None;
            }
        })
    }

    /// The critical path, as it was walked last; a relapse makes that worth nothing.
    fn walked(&self) -> Option<Progress> {
        let mut last = None;
        for (at, event) in &self.events {
            let at = *at;
            match event {
                Event::LookAsked { look: Look::CriticalPath } => {
                    last = Some(Progress::UnderWay { at });
                }
                Event::Found { finding: Finding::CriticalPath { passed: true, .. }, .. } => {
                    last = Some(Progress::Done { at });
                }
                Event::Found { finding: Finding::CriticalPath { says: why, .. }, .. }
                | Event::LookFailed { look: Look::CriticalPath, why } => {
                    last = Some(Progress::Failed { at, why: why.clone() });
                }
                Event::Relapsed { .. } => last = None,
                _ => {}
            }
        }
        last
    }

    fn confirmed(&self) -> Option<Progress> {
        let seen = |(at, event): &(Ts, &Event)| {
            let seen = matches!(event, Event::Confirmed { .. } | Event::Impaired { .. });
            seen.then_some(Progress::Done { at: *at })
        };
        self.events.iter().find_map(seen)
    }

    fn cleared(&self) -> Option<Progress> {
        self.events.iter().rev().find_map(|(at, event)| match event {
            Event::Resolved { witness: Witness::PersonAlone, .. } => Some(Progress::Failed {
                at: *at,
                why: "it was ended on a person's word, without evidence".into(),
            }),
            Event::Resolved { .. } => Some(Progress::Done { at: *at }),
            Event::Recovered { .. } => Some(Progress::UnderWay { at: *at }),
            _ => None,
        })
    }
}

/// What counts of several: nothing is done before all are.
fn worst(all: impl Iterator<Item = Progress>) -> Option<Progress> {
    let rank = |one: &Progress| match one {
        Progress::UnderWay { at } => (2, *at),
        Progress::Failed { at, .. } => (1, *at),
        Progress::Done { at } => (0, *at),
        Progress::ByOperation { .. }
        | Progress::Due
        | Progress::Overdue
        | Progress::Peoples
        | Progress::NotNeeded
        | Progress::NotShown => (3, Ts::default()),
    };
    all.max_by_key(rank)
}

#[cfg(test)]
mod tests;
