//! One threshold over time, with the semantics of a Prometheus alerting rule's `for`.
//!
//! A condition counts when it is true at *every* evaluation for at least `hold`; one false evaluation starts over.
//! When to evaluate, and what the value means, is the caller's: there is no clock and no lookback here.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Ts};

/// A threshold that counts only after it has been crossed for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The condition is true above this; the comparison is strict, as in the plan.
    pub above: f64,
    /// How long the condition must have been true.
    pub hold: Span,
}

/// Where a rule stands after an evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The condition is not true.
    #[default]
    Inactive,
    /// True at every evaluation since then, but not for long enough.
    Pending {
        /// The first evaluation of the unbroken row.
        since: Ts,
    },
    /// True at every evaluation since then, and for long enough.
    Firing {
        /// The first evaluation of the unbroken row.
        since: Ts,
    },
}

impl Phase {
    /// Whether the condition has been true for long enough.
    pub fn firing(self) -> bool {
        matches!(self, Self::Firing { .. })
    }

    /// Since when the condition has been true at every evaluation.
    pub fn since(self) -> Option<Ts> {
        match self {
            Self::Inactive => None,
            Self::Pending { since } | Self::Firing { since } => Some(since),
        }
    }
}

/// A rule and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluator {
    rule: Rule,
    phase: Phase,
}

impl Evaluator {
    /// An evaluator that has seen nothing.
    pub fn new(rule: Rule) -> Self {
        Self { rule, phase: Phase::Inactive }
    }

    /// Where the rule stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Goes on firing where an earlier evaluator left off.
    pub fn resume(&mut self, since: Ts) {
        self.phase = Phase::Firing { since };
    }

    /// Evaluates a value; none, like NaN, is above nothing.
    pub fn observe(&mut self, at: Ts, value: Option<f64>) -> Phase {
        self.evaluate(at, value.is_some_and(|value| value > self.rule.above))
    }

    /// Evaluates a condition that isn't a number, such as "a majority fails".
    pub fn evaluate(&mut self, at: Ts, condition: bool) -> Phase {
        self.phase = if condition {
            // A clock that was set back must not keep the row from ever being long enough.
            let since = self.phase.since().map_or(at, |since| since.min(at));
            if self.phase.firing() || at - since >= self.rule.hold {
                Phase::Firing { since }
            } else {
                Phase::Pending { since }
            }
        } else {
            Phase::Inactive
        };
        self.phase
    }

    /// Nothing could be measured: a wait starts over, but what fires goes on firing.
    ///
    /// Here we differ from Prometheus on purpose, which resolves an alert when its series vanishes: silence is no proof
    /// that the trouble is over.
    pub fn interrupt(&mut self) {
        if !self.phase.firing() {
            self.phase = Phase::Inactive;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time between two evaluations, in seconds, as in the plan's Prometheus rules.
    const INTERVAL: i64 = 5;

    const DOWN: Rule = Rule { above: 0.0, hold: Span::secs(30) };
    const SLOW: Rule = Rule { above: 500.0, hold: Span::mins(2) };
    const ERRORS: Rule = Rule { above: 0.005, hold: Span::mins(5) };

    /// What, the rule, (value, evaluations) runs, and the first and the last second of firing.
    type Case<'a> = (&'a str, Rule, &'a [(Option<f64>, usize)], Option<(i64, i64)>);

    /// Plays (value, evaluations) runs from second 0; returns the seconds at which the rule fires.
    fn firing(rule: Rule, runs: &[(Option<f64>, usize)]) -> Vec<i64> {
        let mut evaluator = Evaluator::new(rule);
        let values = runs.iter().flat_map(|(value, n)| std::iter::repeat_n(*value, *n));
        let seconds = (0..).step_by(INTERVAL as usize);
        seconds
            .zip(values)
            .filter(|(s, value)| evaluator.observe(Ts(s * 1_000), *value).firing())
            .map(|(s, _)| s)
            .collect()
    }

    #[test]
    fn the_plans_thresholds_fire_when_prometheus_does() {
        const UP: Option<f64> = Some(0.0);
        const GONE: Option<f64> = Some(1.0);
        let (slow, fast) = (Some(600.0), Some(100.0));
        let cases: [Case; 9] = [
            ("down 30 s", DOWN, &[(UP, 6), (GONE, 8)], Some((60, 65))),
            ("a 25 s blip", DOWN, &[(UP, 6), (GONE, 5), (UP, 30)], None),
            ("slow for 2 min", SLOW, &[(fast, 6), (slow, 26)], Some((150, 155))),
            ("one fast sample", SLOW, &[(fast, 6), (slow, 21), (fast, 1), (slow, 21)], None),
            ("exactly 500 ms", SLOW, &[(Some(500.0), 60)], None),
            ("1 % errors", ERRORS, &[(None, 1), (Some(0.01), 63)], Some((305, 315))),
            ("exactly 0.5 % errors", ERRORS, &[(Some(5.0 / 1_000.0), 100)], None),
            ("no series at all", ERRORS, &[(None, 100)], None),
            ("it vanishes while down", DOWN, &[(UP, 6), (GONE, 8), (None, 20)], Some((60, 65))),
        ];
        for (what, rule, runs, expected) in cases {
            let fired = firing(rule, runs);
            assert_eq!(fired.first().copied().zip(fired.last().copied()), expected, "{what}");
        }
    }

    #[test]
    fn an_interruption_starts_a_wait_over_but_ends_no_alert() {
        let mut evaluator = Evaluator::new(SLOW);
        evaluator.observe(Ts(0), Some(900.0));
        evaluator.interrupt();
        assert_eq!(
            evaluator.observe(Ts(120_000), Some(900.0)),
            Phase::Pending { since: Ts(120_000) }
        );
        assert!(evaluator.observe(Ts(240_000), Some(900.0)).firing());
        evaluator.interrupt();
        assert!(evaluator.phase().firing());
    }

    #[test]
    fn a_clock_set_back_does_not_silence_a_rule() {
        let mut evaluator = Evaluator::new(DOWN);
        evaluator.evaluate(Ts(3_600_000), true);
        evaluator.evaluate(Ts(0), true);
        assert!(evaluator.evaluate(Ts(30_000), true).firing());
    }
}
