//! The vantage points of one component: who says what right now, how often in a row, and how fresh it is.
//!
//! A vote is the newest result of a vantage point. Counting holds no memory of outages: that is [`super::watch`]'s.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::watch::MOMENT;
use crate::id::Vantage;
use crate::plan::{Detection, Safety};
use crate::time::{Span, Ts};

/// A result older than this many probe intervals is stale: two results may be lost on the way without notice.
const STALE_AFTER_INTERVALS: i64 = 3;

/// One look at a component from one vantage point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// From where.
    pub vantage: Vantage,
    /// When, by the prober's clock.
    pub at: Ts,
    /// Whether it answered as it should.
    pub ok: bool,
    /// Response time in milliseconds, where there was a response.
    pub latency_ms: Option<f64>,
    /// What was wrong, for people.
    pub why: Option<String>,
}

/// What a vantage point's newest result is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    /// It answered: proof, even when the control site fails.
    Healthy,
    /// It failed while the control site answered.
    Failing,
    /// It failed together with the control site, or was never heard: it proves nothing.
    Abstains,
}

/// What is known from one vantage point.
#[derive(Clone, Debug)]
pub struct Point {
    /// Which one.
    pub vantage: Vantage,
    /// When it last reported.
    pub at: Option<Ts>,
    /// Its newest vote.
    pub vote: Vote,
    /// Its last proof, before any abstention, was a failure.
    pub last_failed: bool,
    /// Equal votes in a row; a gap longer than the staleness limit ends a row.
    pub in_row: u32,
    /// The first of that row.
    pub since: Ts,
    /// Response time of the newest result, in milliseconds.
    pub latency_ms: Option<f64>,
    /// What was wrong with the newest result.
    pub why: Option<String>,
}

/// What the fresh votes of a majority say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A majority fails.
    Failing,
    /// A majority is healthy, also when those that were lost while failing are counted against it.
    Healthy,
    /// Neither.
    Split,
}

/// The count of votes; it travels in the ledger as the evidence for what was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quorum {
    /// Vantage points the plan names.
    pub total: u32,
    /// Those with a fresh vote.
    pub fresh: u32,
    /// Those of the fresh ones that fail.
    pub failing: u32,
    /// Those who can't tell now, but failed when they last could.
    pub lost: u32,
    /// Equal votes in a row that each of the majority has given at least; 0 when split.
    pub in_row: u32,
    /// The first failing probe of the present outage: where the recovery time starts.
    pub since: Option<Ts>,
    /// Since when a majority has failed at every evaluation.
    pub held_since: Option<Ts>,
}

impl Quorum {
    /// What the majority says.
    pub fn verdict(&self) -> Verdict {
        let healthy = self.fresh - self.failing;
        if 2 * self.failing > self.fresh {
            Verdict::Failing
        } else if 2 * healthy > self.fresh + self.lost {
            Verdict::Healthy
        } else {
            Verdict::Split
        }
    }

    /// Whether a majority of the fresh votes fails: enough for telling people.
    pub fn down(&self) -> bool {
        self.verdict() == Verdict::Failing
    }

    /// Whether it is certain enough for a machine to act (safety rules 1 and 2).
    pub fn may_act(&self, safety: &Safety, now: Ts) -> bool {
        self.down()
            && self.fresh >= safety.quorum
            && self.in_row >= safety.act_failures
            && self.held_since.is_some_and(|since| now - since >= safety.act_after)
    }
}

impl fmt::Display for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} vantage points fail", self.failing, self.fresh)?;
        match self.total.saturating_sub(self.fresh) {
            0 => Ok(()),
            silent => write!(f, ", {silent} can't tell"),
        }
    }
}

/// All vantage points of one component.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    points: Vec<Point>,
    fresh_for: Span,
}

impl Panel {
    pub(super) fn new(detection: &Detection) -> Self {
        let points = detection.vantage_points.iter().map(|vantage| Point {
            vantage: vantage.clone(),
            at: None,
            vote: Vote::Abstains,
            last_failed: false,
            in_row: 0,
            since: Ts::default(),
            latency_ms: None,
            why: None,
        });
        let fresh_for = detection.probe_every.times(STALE_AFTER_INTERVALS);
        Self { points: points.collect(), fresh_for }
    }

    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    pub(super) fn fresh_for(&self) -> Span {
        self.fresh_for
    }

    /// Takes everyone for failing until they say otherwise: an outage was open when we started.
    pub(super) fn presume_failing(&mut self) {
        for point in self.points.iter_mut().filter(|point| point.at.is_none()) {
            point.last_failed = true;
        }
    }

    /// Takes a result in and says what it is worth. One from a place the plan doesn't name has no vote; a repeated or
    /// overtaken one is no news.
    pub(super) fn record(&mut self, probe: Probe, control_ok: bool, now: Ts) -> Option<Vote> {
        // A prober's fast clock must not make its result look fresh for longer.
        let at = probe.at.min(now);
        let point = self.points.iter_mut().find(|point| point.vantage == probe.vantage)?;
        // A time ahead of ours was written before our clock was set back: it overtakes nothing.
        if point.at.is_some_and(|last| at <= last && last <= now) {
            return None;
        }
        let vote = match (probe.ok, control_ok) {
            (true, _) => Vote::Healthy,
            (false, true) => Vote::Failing,
            (false, false) => Vote::Abstains,
        };
        let unbroken = point.at.is_some_and(|last| last <= at && at - last <= self.fresh_for);
        if vote == point.vote && unbroken {
            point.in_row = point.in_row.saturating_add(1);
        } else {
            (point.in_row, point.since) = (1, at);
        }
        point.last_failed = vote == Vote::Failing || point.last_failed && vote == Vote::Abstains;
        (point.at, point.vote) = (Some(at), vote);
        point.latency_ms = probe.latency_ms.filter(|ms| ms.is_finite());
        point.why = probe.why;
        Some(vote)
    }

    /// Whether every vantage point has reported at least once.
    pub(super) fn complete(&self) -> bool {
        self.points.iter().all(|point| point.at.is_some())
    }

    /// Whether somebody has reported lately, be it only that the control site fails too.
    pub(super) fn heard(&self, now: Ts) -> bool {
        self.points.iter().any(|point| self.recent(point, now))
    }

    /// Counts the votes and their rows; the moments in the result are left to who remembers the outage.
    pub(super) fn count(&self, now: Ts) -> Quorum {
        let quorum = self.tally(now);
        let in_row = match quorum.verdict() {
            Verdict::Failing => self.in_row(Vote::Failing, now, quorum.fresh),
            Verdict::Healthy => self.in_row(Vote::Healthy, now, quorum.fresh),
            Verdict::Split => 0,
        };
        Quorum { in_row, ..quorum }
    }

    /// When time alone changes the count next: a result grows stale, or a time ahead of ours is reached.
    pub(super) fn changes_after(&self, now: Ts) -> Option<Ts> {
        let reported = self.points.iter().filter_map(|point| point.at);
        let turns = reported.flat_map(|at| [at, at + self.fresh_for + MOMENT]);
        turns.filter(|at| *at > now).min()
    }

    /// Counts the votes alone.
    pub(super) fn tally(&self, now: Ts) -> Quorum {
        let mut quorum = Quorum { total: self.points.len() as u32, ..Quorum::default() };
        for point in &self.points {
            let votes = point.vote != Vote::Abstains && self.recent(point, now);
            quorum.fresh += u32::from(votes);
            quorum.failing += u32::from(votes && point.last_failed);
            quorum.lost += u32::from(!votes && point.last_failed);
        }
        quorum
    }

    /// The first failing probe not before `after`, among those that fail now.
    pub(super) fn first_failure(&self, after: Ts, now: Ts) -> Option<Ts> {
        self.fresh(Vote::Failing, now)
            .map(|point| point.since)
            .filter(|since| *since >= after)
            .min()
    }

    /// The response time that a majority of the healthy vantage points reach, in milliseconds.
    pub(super) fn latency_ms(&self, now: Ts) -> Option<f64> {
        let latencies = self.fresh(Vote::Healthy, now).filter_map(|point| point.latency_ms);
        let voters = latencies.clone().count() as u32;
        reached_by(majority(voters), &latencies)
    }

    fn in_row(&self, vote: Vote, now: Ts, voters: u32) -> u32 {
        let rows = self.fresh(vote, now).map(|point| point.in_row);
        reached_by(majority(voters), &rows).unwrap_or(0)
    }

    fn fresh(&self, vote: Vote, now: Ts) -> impl Iterator<Item = &Point> + Clone {
        self.points.iter().filter(move |point| point.vote == vote && self.recent(point, now))
    }

    fn recent(&self, point: &Point, now: Ts) -> bool {
        point.at.is_some_and(|at| at <= now && now - at <= self.fresh_for)
    }
}

/// The fewest voters that are more than half.
fn majority(voters: u32) -> usize {
    voters as usize / 2 + 1
}

/// The highest of the values that at least `n` of them reach. Quadratic, but there are few and nothing is allocated.
fn reached_by<T: PartialOrd + Copy>(
    n: usize,
    values: &(impl Iterator<Item = T> + Clone),
) -> Option<T> {
    let reached = |least: T| values.clone().filter(|value| *value >= least).count() >= n;
    let candidates = values.clone().filter(|value| reached(*value));
    candidates.reduce(|best, value| if value > best { value } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quorum(total: u32, fresh: u32, failing: u32, lost: u32) -> Quorum {
        Quorum { total, fresh, failing, lost, ..Quorum::default() }
    }

    #[test]
    fn a_majority_of_the_fresh_decides_and_the_silent_cannot_take_a_failure_back() {
        for (counted, verdict) in [
            (quorum(3, 3, 2, 0), Verdict::Failing),
            (quorum(3, 1, 1, 0), Verdict::Failing),
            (quorum(3, 3, 1, 0), Verdict::Healthy),
            (quorum(3, 2, 1, 0), Verdict::Split),
            (quorum(3, 1, 0, 2), Verdict::Split),
            (quorum(3, 2, 0, 1), Verdict::Healthy),
            (quorum(3, 0, 0, 3), Verdict::Split),
            (quorum(3, 0, 0, 0), Verdict::Split),
        ] {
            assert_eq!(counted.verdict(), verdict, "{counted:?}");
        }
    }

    #[test]
    fn people_read_who_fails_and_who_is_silent() {
        assert_eq!(quorum(3, 3, 3, 0).to_string(), "3 of 3 vantage points fail");
        assert_eq!(quorum(3, 2, 2, 1).to_string(), "2 of 2 vantage points fail, 1 can't tell");
    }

    #[test]
    fn a_value_counts_when_enough_reach_it() {
        let rows = [1, 7, 3];
        assert_eq!(reached_by(2, &rows.into_iter()), Some(3));
        assert_eq!(reached_by(1, &rows.into_iter()), Some(7));
        assert_eq!(reached_by(4, &rows.into_iter()), None);
    }
}
