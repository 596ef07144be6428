//! Everything known about one component right now: a fold over probes and measurements that says what is new.
//!
//! It knows no incident and no other component. Its memory is not durable: after a restart [`Watch::resume`] gives it
//! the start of an outage that is still open, and all other evidence is gathered anew. `Down` and `Certain` may then
//! be said a second time.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rule::{Evaluator, Phase, Rule};
use super::vantage::{Panel, Point, Probe, Quorum, Verdict, Vote};
use crate::plan::{Alert, Detection, Safety, Thresholds};
use crate::time::{Span, Ts};

/// Two measurements further apart than this are not "at every evaluation": how far back Prometheus looks, too.
const MEASUREMENT_GAP: Span = Span::mins(5);
/// The least time there is.
pub(super) const MOMENT: Span = Span::millis(1);

/// What is new about a component. In one outage the order is `FirstFailure`, `Down`, `Certain`, `Recovered`; then
/// either `Steady` or the next `FirstFailure`. `Certain` is said again when the majority dissolved and came back. While blind none of these six is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum News {
    /// A majority fails: a suspicion.
    FirstFailure {
        /// The first failing probe.
        since: Ts,
    },
    /// A majority has failed at every evaluation for [`Thresholds::down_for`]: people are paged.
    Down {
        /// The evidence.
        quorum: Quorum,
        /// The first failing probe.
        since: Ts,
    },
    /// The evidence is enough for a machine to act ([`Quorum::may_act`]).
    Certain {
        /// The evidence.
        quorum: Quorum,
        /// The first failing probe.
        since: Ts,
    },
    /// A majority is healthy again: the first success, not yet all clear.
    Recovered {
        /// When.
        at: Ts,
    },
    /// Healthy at every evaluation for [`Safety::up_for`], by [`Safety::up_successes`] results in a row: all clear.
    Steady {
        /// Since when.
        since: Ts,
        /// Successes in a row of each of a majority.
        successes: u32,
    },
    /// A majority has answered slower than [`Thresholds::slow_ms`] for [`Thresholds::slow_for`].
    Slow {
        /// Since when.
        since: Ts,
        /// What a majority exceeds now, in milliseconds.
        latency_ms: f64,
    },
    /// More than [`Thresholds::error_rate`] of the requests have failed for [`Thresholds::errors_for`].
    Erring {
        /// Since when.
        since: Ts,
        /// The share of failed requests now.
        rate: f64,
    },
    /// `Slow` (a warning) or `Erring` (info) is over.
    Eased {
        /// Which of them.
        alert: Alert,
        /// When.
        at: Ts,
    },
    /// Our own samples prove nothing, so that an outage can neither be established nor ended (safety rule 3).
    Blind {
        /// Why.
        why: Blindness,
        /// When.
        at: Ts,
    },
    /// There are samples to be trusted again.
    Sighted {
        /// When.
        at: Ts,
    },
}

/// Why our own samples prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blindness {
    /// No vantage point has reported lately.
    Silence,
    /// Wherever the component fails, the control site fails too.
    Control,
}

impl fmt::Display for Blindness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silence => "no vantage point reports any more",
            Self::Control => "the control site fails too: our own network is suspect",
        })
    }
}

/// Where a component stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Course {
    /// No outage is known.
    Well,
    /// From the first failure until a majority is healthy.
    Outage { since: Ts, down: bool, certain: bool },
    /// Healthy again, but not for long enough.
    Recovering { at: Ts },
}

/// All that is known about one component right now.
#[derive(Clone, Debug)]
pub struct Watch {
    panel: Panel,
    safety: Safety,
    started: Ts,
    memory: Memory,
}

/// What a watch remembers besides the newest results: from it follows what is news.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    course: Course,
    blind: bool,
    failing: Evaluator,
    healthy: Evaluator,
    slow: Evaluator,
    erring: Evaluator,
    measured_at: Option<Ts>,
}

impl Watch {
    /// A watch that knows nothing yet. It says nothing until every vantage point has reported, or is overdue.
    pub fn new(
        detection: &Detection,
        thresholds: &Thresholds,
        safety: &Safety,
        started: Ts,
    ) -> Self {
        let rule = |above, hold| Evaluator::new(Rule { above, hold });
        let memory = Memory {
            course: Course::Well,
            blind: false,
            failing: rule(0.0, thresholds.down_for),
            healthy: rule(0.0, safety.up_for),
            slow: rule(thresholds.slow_ms, thresholds.slow_for),
            erring: rule(thresholds.error_rate, thresholds.errors_for),
            measured_at: None,
        };
        Self { panel: Panel::new(detection), safety: safety.clone(), started, memory }
    }

    /// What it remembers, to be restored if the news that follow are lost.
    pub fn memory(&self) -> Memory {
        self.memory.clone()
    }

    /// Forgets what was said since: it will be said again. The newest results stay.
    pub fn restore(&mut self, memory: Memory) {
        self.memory = memory;
    }

    /// Goes on with an outage that was open before a restart. Only a healthy majority ends it: whoever hasn't
    /// reported yet is taken for failing.
    pub fn resume(&mut self, since: Ts) {
        self.memory.course = Course::Outage { since, down: false, certain: false };
        self.panel.presume_failing();
    }

    /// Goes on with an alert that was firing before a restart: only what is measured ends it.
    pub fn resume_alert(&mut self, alert: Alert, since: Ts) {
        match alert {
            Alert::Warning => self.memory.slow.resume(since),
            Alert::Info => self.memory.erring.resume(since),
            Alert::Critical => {}
        }
    }

    /// Takes in one probe. `control_ok` says whether the control site answered from the same vantage point.
    pub fn probe(&mut self, probe: Probe, control_ok: bool, now: Ts) -> Vec<News> {
        // Silence up to now must be noticed before the new result hides it.
        let mut news = self.tick(now);
        let recorded = self.panel.record(probe, control_ok, now);
        if let Some(vote) = recorded.filter(|_| !self.warming(now)) {
            let quorum = self.panel.count(now);
            self.look(&quorum, now, &mut news);
            if !self.memory.blind {
                self.judge(vote, quorum, now, &mut news);
            }
            self.judge_latency(now, &mut news);
        }
        news
    }

    /// Notices silence, which can end a wait but never complete one: time without a new result is no evidence.
    pub fn tick(&mut self, now: Ts) -> Vec<News> {
        let mut news = Vec::new();
        if !self.warming(now) {
            self.look(&self.panel.tally(now), now, &mut news);
        }
        news
    }

    /// The first moment after `now` at which a tick may say more than one at `now`, if nothing is taken in until then.
    pub fn silent_after(&self, now: Ts) -> Option<Ts> {
        let warm = self.started + self.panel.fresh_for() + MOMENT;
        let warm = Some(warm).filter(|at| !self.panel.complete() && *at > now);
        warm.into_iter().chain(self.panel.changes_after(now)).min()
    }

    /// Takes in how many of the requests failed in a window that ended `at`. Overtaken ones are no news.
    pub fn measured(&mut self, at: Ts, requests: u64, errors: u64) -> Vec<News> {
        if self.memory.measured_at.is_some_and(|last| at <= last) {
            return Vec::new();
        }
        if self.memory.measured_at.is_none_or(|last| at - last > MEASUREMENT_GAP) {
            self.memory.erring.interrupt();
        }
        self.memory.measured_at = Some(at);
        // Without requests the rate is NaN, which is above nothing: nobody meets an error.
        let rate = errors as f64 / requests as f64;
        let erring = |since| News::Erring { since, rate };
        alert(&mut self.memory.erring, at, rate, Alert::Info, erring).into_iter().collect()
    }

    /// Says `Down` and `Certain` once more when the evidence still holds: somebody new is listening.
    pub fn say_again(&mut self) {
        if let Course::Outage { down, certain, .. } = &mut self.memory.course {
            (*down, *certain) = (false, false);
        }
    }

    /// The first failing probe of the outage that goes on.
    pub fn since(&self) -> Option<Ts> {
        match self.memory.course {
            Course::Outage { since, .. } => Some(since),
            Course::Well | Course::Recovering { .. } => None,
        }
    }

    /// Whether our samples prove nothing at present.
    pub fn blind(&self) -> bool {
        self.memory.blind
    }

    /// Whether a majority failed at the last evaluation.
    pub fn failing(&self) -> bool {
        self.memory.failing.phase().since().is_some()
    }

    /// Since when a majority has been healthy at every evaluation.
    pub fn healthy_since(&self) -> Option<Ts> {
        self.memory.healthy.phase().since()
    }

    /// The count of votes as of now, to be looked at once more right before acting.
    pub fn quorum(&self, now: Ts) -> Quorum {
        self.dated(self.panel.count(now))
    }

    /// What each vantage point says.
    pub fn points(&self) -> &[Point] {
        self.panel.points()
    }

    /// Whether it is too early to count: the first to report would be a majority of one.
    fn warming(&self, now: Ts) -> bool {
        !self.panel.complete() && now - self.started <= self.panel.fresh_for()
    }

    /// Takes back what the count no longer bears out; a majority may have dissolved by silence alone.
    fn look(&mut self, quorum: &Quorum, now: Ts, news: &mut Vec<News>) {
        let blind = quorum.fresh == 0;
        if blind && !self.memory.blind {
            let why = if self.panel.heard(now) { Blindness::Control } else { Blindness::Silence };
            news.push(News::Blind { why, at: now });
        } else if self.memory.blind && !blind {
            news.push(News::Sighted { at: now });
        }
        self.memory.blind = blind;
        if blind {
            self.memory.slow.interrupt();
        }
        let verdict = quorum.verdict();
        if verdict != Verdict::Failing {
            self.memory.failing.evaluate(now, false);
            // The right to act goes with the majority, and is earned anew with it.
            if let Course::Outage { certain, .. } = &mut self.memory.course {
                *certain = false;
            }
        }
        if verdict != Verdict::Healthy {
            self.memory.healthy.evaluate(now, false);
        }
    }

    fn judge(&mut self, vote: Vote, quorum: Quorum, now: Ts, news: &mut Vec<News>) {
        let verdict = quorum.verdict();
        match verdict {
            Verdict::Failing => self.memory.failing.evaluate(now, true),
            Verdict::Healthy => self.memory.healthy.evaluate(now, true),
            Verdict::Split => return,
        };
        match (self.memory.course, verdict) {
            (Course::Well | Course::Recovering { .. }, Verdict::Failing) => {
                let since = self.onset(now);
                self.memory.course = Course::Outage { since, down: false, certain: false };
                news.push(News::FirstFailure { since });
                self.establish(vote, quorum, now, news);
            }
            (Course::Outage { .. }, Verdict::Failing) => self.establish(vote, quorum, now, news),
            (Course::Outage { .. }, Verdict::Healthy) => {
                self.memory.course = Course::Recovering { at: now };
                news.push(News::Recovered { at: now });
            }
            (Course::Recovering { .. }, Verdict::Healthy) => {
                news.extend(self.clear(quorum.in_row));
            }
            (Course::Well, Verdict::Healthy) | (_, Verdict::Split) => {}
        }
    }

    /// Where an outage that shows now began. A vantage point that has failed for long has a trouble of its own, and an
    /// outage never begins before the last one ended: otherwise both would be one incident.
    fn onset(&self, now: Ts) -> Ts {
        let window = now - self.panel.fresh_for();
        let after = match self.memory.course {
            Course::Recovering { at } => window.max(at),
            Course::Well | Course::Outage { .. } => window,
        };
        self.panel.first_failure(after, now).unwrap_or(now)
    }

    /// Only a failing result establishes anything: a healthy one may be the first of a recovery.
    fn establish(&mut self, vote: Vote, quorum: Quorum, now: Ts, news: &mut Vec<News>) {
        if vote != Vote::Failing {
            return;
        }
        let quorum = self.dated(quorum);
        let Course::Outage { since, down, certain } = &mut self.memory.course else { return };
        let since = *since;
        if !*down && self.memory.failing.phase().firing() {
            *down = true;
            news.push(News::Down { quorum: quorum.clone(), since });
        }
        if *down && !*certain && quorum.may_act(&self.safety, now) {
            *certain = true;
            news.push(News::Certain { quorum, since });
        }
    }

    fn clear(&mut self, successes: u32) -> Option<News> {
        let Phase::Firing { since } = self.memory.healthy.phase() else { return None };
        (successes >= self.safety.up_successes).then(|| {
            self.memory.course = Course::Well;
            News::Steady { since, successes }
        })
    }

    fn judge_latency(&mut self, now: Ts, news: &mut Vec<News>) {
        // Neither silence nor failures prove that answers have become fast.
        let Some(latency_ms) = self.panel.latency_ms(now) else {
            return self.memory.slow.interrupt();
        };
        let slow = |since| News::Slow { since, latency_ms };
        news.extend(alert(&mut self.memory.slow, now, latency_ms, Alert::Warning, slow));
    }

    fn dated(&self, mut quorum: Quorum) -> Quorum {
        quorum.since = self.since();
        quorum.held_since = self.memory.failing.phase().since();
        quorum
    }
}

/// Evaluates a rule and says whether its alert has begun or ended.
fn alert(
    evaluator: &mut Evaluator,
    at: Ts,
    value: f64,
    alert: Alert,
    begun: impl FnOnce(Ts) -> News,
) -> Option<News> {
    let before = evaluator.phase();
    match (before.firing(), evaluator.observe(at, Some(value))) {
        (false, Phase::Firing { since }) => Some(begun(since)),
        (true, Phase::Inactive | Phase::Pending { .. }) => Some(News::Eased { alert, at }),
        (true, Phase::Firing { .. }) | (false, Phase::Inactive | Phase::Pending { .. }) => None,
    }
}

#[cfg(test)]
pub(super) mod tests;
