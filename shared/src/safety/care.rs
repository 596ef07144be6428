//! Looking after the last deployment known to be good: pinned while it is well, checked daily that it is still there.

use super::{SafetyEvent, Standing};
use crate::effect::Deployment;
use crate::plan::Plan;
use crate::time::{Span, Ts};

/// How often the deployments are looked at: four times in the daily check of a pin, so that one missed look is no harm.
pub const CARE_EVERY: Span = Span::hours(6);

/// What the list of deployments says about the pins. `well_since`: since when our own probes see the site well.
pub fn care(
    standing: &Standing,
    plan: &Plan,
    list: &[Deployment],
    well_since: Option<Ts>,
    now: Ts,
) -> Vec<SafetyEvent> {
    let mut events = Vec::new();
    if let Some(last) = standing.pins.last()
        && !list.iter().any(|one| one.id == *last && (one.current || one.candidate))
    {
        events.push(SafetyEvent::PinLost { deployment: last.clone() });
    }
    if let Some(live) = list.iter().find(|one| one.current)
        && well_since.is_some_and(|since| now.since(since.max(live.live_at)) >= plan.safety.up_for)
        && standing.pins.last() != Some(&live.id)
    {
        events.push(SafetyEvent::Pinned { deployment: live.id.clone() });
    }
    events
}
