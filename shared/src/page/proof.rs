//! Whether pages get out: what a proof to the outside rests on.

use super::{Copy, Fate, Stage};
use crate::incident::{Incident, Paging, wants_pages};
use crate::time::{Span, Ts};

/// Since when nobody could be paged about an incident that wants it, if that is longer than `within`.
///
/// A page is out once a carrier has taken it and does not say that it failed; who sleeps is the ladder's care. One that
/// is only said, for lack of credentials, is not out. While the pages of a later rung are on their way, for a second,
/// nothing is proven either: a proof may be late, never wrong.
pub fn stuck_since(incident: &Incident, within: Span, now: Ts) -> Option<Ts> {
    let Paging::Climbing { started, .. } = incident.paging else { return None };
    if !wants_pages(incident) {
        return None;
    }
    let newest = incident.pages.values().map(|stand| stand.rung).max().unwrap_or(0);
    let mut rung = incident.pages.values().filter(|stand| stand.rung == newest);
    if rung.any(|stand| stand.copies.iter().any(is_out)) {
        return None;
    }
    let copies = incident.pages.values().flat_map(|stand| &stand.copies);
    let last_out = copies.filter(|copy| is_out(copy)).map(|copy| copy.at).max();
    let since = last_out.map_or(started, |at| at.max(started));
    (now.since(since) > within).then_some(since)
}

fn is_out(copy: &Copy) -> bool {
    match &copy.fate {
        Fate::Taken => true,
        Fate::Said(stage) => {
            !matches!(stage, Stage::Failed { .. } | Stage::Undelivered { .. } | Stage::OptedOut)
        }
        Fate::UnderWay | Fate::NotTaken | Fate::Dry => false,
    }
}
