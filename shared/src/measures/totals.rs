//! "Metrics and KPIs": mean times to detect, to acknowledge, to recover, over many incidents.

use std::collections::BTreeMap;

use super::{Measures, Verdict};
use crate::plan::Severity;
use crate::time::Span;

/// The plan's metrics by severity. Suspicions that were never declared don't count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals(pub BTreeMap<Severity, Times>);

/// The times of all incidents of one severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// How many were declared.
    pub incidents: u32,
    /// Time to detect (MTTD).
    pub detect: Option<Average>,
    /// Time to acknowledge (MTTA).
    pub acknowledge: Option<Average>,
    /// Time to recover (MTTR).
    pub recover: Option<Average>,
    /// How many recovered within their RTO: the "recovery success rate", over [`Times::incidents`].
    pub within_rto: u32,
}

/// A mean hides the bad night, a median hides it better: both are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Average {
    /// The arithmetic mean.
    pub mean: Span,
    /// The middle one; of an even number, the mean of the two middle ones.
    pub median: Span,
}

impl Totals {
    /// Sums up.
    pub fn over<'a>(incidents: impl IntoIterator<Item = &'a Measures>) -> Self {
        let mut by_severity: BTreeMap<Severity, Vec<&Measures>> = BTreeMap::new();
        for measures in incidents.into_iter().filter(|one| one.detection.is_some()) {
            by_severity.entry(measures.severity).or_default().push(measures);
        }
        Self(by_severity.into_iter().map(|(severity, all)| (severity, times(&all))).collect())
    }
}

fn times(all: &[&Measures]) -> Times {
    let over = |of: fn(&Measures) -> Option<Span>| average(all.iter().filter_map(|m| of(m)));
    let kept = all.iter().filter(|measures| measures.rto_verdict() == Verdict::Kept);
    Times {
        incidents: all.len() as u32,
        detect: over(|measures| measures.detection),
        acknowledge: over(|measures| measures.acknowledgement),
        recover: over(|measures| measures.recovery),
        within_rto: kept.count() as u32,
    }
}

fn average(spans: impl Iterator<Item = Span>) -> Option<Average> {
    let mut spans: Vec<i64> = spans.map(|span| span.0).collect();
    spans.sort_unstable();
    let count = spans.len();
    let (low, high) = (spans.get(count.checked_sub(1)? / 2)?, spans.get(count / 2)?);
    let mean = Span(spans.iter().sum::<i64>() / count as i64);
    Some(Average { mean, median: Span(i64::midpoint(*low, *high)) })
}
