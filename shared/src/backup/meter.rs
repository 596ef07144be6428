//! What would be lost now, and how long a restore would take: measured, beside what the plan promises.

use super::{Catalogue, Check, Entry};
use crate::id::ComponentId;
use crate::plan::{Component, Plan};
use crate::time::{Span, Ts};

/// So many restores are looked at; the slowest of them counts, since a disaster has no better day.
const RESTORES: usize = 3;

/// The measure of every component that a backup serves.
#[derive(Clone, Debug, PartialEq)]
pub struct Meter {
    /// One reading a component, in the plan's order.
    pub readings: Vec<Reading>,
}

/// One component, now.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The component.
    pub component: ComponentId,
    /// The plan's recovery point objective.
    pub rpo: Span,
    /// What would be lost if it were lost now; `None` without any backup.
    pub loses: Option<Span>,
    /// The longest loss that the plan's own backups allow, where that is more than its objective.
    pub planned_loss: Option<Span>,
    /// The plan's recovery time objective.
    pub rto: Span,
    /// How long a restore would take, by the last ones; `None` where none was timed.
    pub takes: Option<Span>,
}

/// How fast restores were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed {
    /// Bytes of plain dump that were brought back …
    pub bytes: u64,
    /// … in this time.
    pub took: Span,
}

impl Speed {
    /// The slowest of the last restores that passed.
    pub fn of(entries: &[Entry]) -> Option<Self> {
        let timed = entries.iter().flat_map(|entry| {
            let timed = |check: &Check| check.restored_in.filter(|_| check.passed());
            let bytes = entry.manifest.plain_bytes();
            entry.checks.iter().filter_map(move |check| Some((check.at, timed(check)?, bytes)))
        });
        let mut timed: Vec<(Ts, Span, u64)> = timed.collect();
        timed.sort_by_key(|(at, _, _)| std::cmp::Reverse(*at));
        let last = timed.into_iter().take(RESTORES).map(|(_, took, bytes)| Self { bytes, took });
        last.min_by(|a, b| a.per_second().total_cmp(&b.per_second()))
    }

    /// Bytes a second.
    pub fn per_second(self) -> f64 {
        self.bytes as f64 / self.took.as_secs_f64().max(0.001)
    }

    /// How long so many bytes take.
    pub fn span_of(self, bytes: u64) -> Span {
        Span((bytes as f64 / self.per_second().max(1.0) * 1_000.0).ceil() as i64)
    }
}

impl Meter {
    /// Reads it for every component that the plan backs up.
    pub fn read(plan: &Plan, catalogue: &Catalogue, now: Ts) -> Self {
        let served =
            |component: &&Component| plan.backups.iter().any(|policy| policy.serves(&component.id));
        let speed = Speed::of(catalogue.entries());
        let read = |component: &Component| reading(plan, component, catalogue, speed, now);
        Self { readings: plan.components.iter().filter(served).map(read).collect() }
    }

    /// What is over its target, in words; empty when all is well.
    pub fn alarms(&self) -> Vec<String> {
        self.readings.iter().flat_map(Reading::alarms).collect()
    }
}

fn reading(
    plan: &Plan,
    component: &Component,
    catalogue: &Catalogue,
    speed: Option<Speed>,
    now: Ts,
) -> Reading {
    let serving = plan.backups.iter().filter(|policy| policy.serves(&component.id));
    let newest = serving.filter_map(|policy| catalogue.of(&policy.what).next());
    let newest = newest.max_by_key(|entry| entry.manifest.snapshot_at);
    Reading {
        component: component.id.clone(),
        rpo: component.rpo,
        loses: newest.map(|entry| now.since(entry.manifest.snapshot_at)),
        planned_loss: plan.worst_loss(&component.id).filter(|worst| *worst > component.rpo),
        rto: component.rto,
        takes: newest.zip(speed).map(|(entry, speed)| speed.span_of(entry.manifest.plain_bytes())),
    }
}

impl Reading {
    /// What is over its target, in words.
    pub fn alarms(&self) -> Vec<String> {
        let Self { component, rpo, rto, .. } = self;
        let lost = match self.loses {
            None => Some(format!("{component}: no backup, all of it would be lost")),
            Some(loses) if loses > *rpo => {
                Some(format!("{component}: {loses} would be lost, the plan allows {rpo}"))
            }
            Some(_) => None,
        };
        let slow = self.takes.filter(|takes| takes > rto);
        let slow = slow
            .map(|takes| format!("{component}: a restore takes {takes}, the plan allows {rto}"));
        lost.into_iter().chain(slow).collect()
    }

    /// What no running of this plan can cure.
    pub fn contradiction(&self) -> Option<String> {
        let Self { component, rpo, .. } = self;
        let worst = self.planned_loss?;
        Some(format!(
            "{component}: backups every {worst} cannot keep the plan's {rpo}; point-in-time recovery can"
        ))
    }
}
