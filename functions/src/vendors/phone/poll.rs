//! Asks carriers what became of pages they have not spoken of for a minute: callbacks get lost, too.
//!
//! What is to be asked for is read from the ledger, so that a restart forgets nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use shared::effect::{Finding, Outcome};
use shared::engine::Glance;
use shared::id::EffectKey;
use shared::incident::{Event, wants_pages};
use shared::page::{Fate, Report, Stage};
use shared::plan::ContactKind;
use shared::store::StoreError;
use shared::time::{Span, Ts};
use tokio::time::sleep;

use super::{Phones, stage};
use crate::clock::Clock;
use crate::desk::Desk;

/// A carrier that is silent for so long is asked.
pub const SILENT_FOR: Span = Span::secs(60);
/// A page that nothing was heard of for so long has gone the way of the ladder.
const GIVEN_UP: Span = Span::mins(30);
/// Between two rounds.
const EVERY: Duration = Duration::from_secs(10);
/// Asked for in one round.
const AT_ONCE: usize = 10;

/// A page whose carrier is silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent {
    /// The page.
    pub key: EffectKey,
    /// By what.
    pub by: ContactKind,
    /// The carrier's name.
    pub provider: String,
    /// Its receipt.
    pub receipt: String,
}

/// Asks until it is dropped.
pub async fn run(phones: Arc<Phones>, desk: Desk, clock: Clock) {
    loop {
        sleep(EVERY).await;
        round(&phones, &desk, clock).await;
    }
}

/// Asks once.
pub async fn round(phones: &Phones, desk: &Desk, clock: Clock) {
    let now = clock();
    let found = desk.see(move |seen| silent(seen, now)).await;
    let silent = found.ok().and_then(Result::ok).unwrap_or_default();
    for one in silent {
        let Some(stage) = ask(phones, &one).await else { continue };
        let Silent { key, provider, receipt, .. } = one;
        let (provider, receipt) = (provider.into(), receipt.into());
        let report = Report { stage, provider, receipt, sequence: None, at: clock() };
        if desk.deliver(key.clone(), report).await.is_err() {
            tracing::warn!(effect.key = %key, "failed to note what became of a page");
        }
    }
}

/// Pages that may still wake somebody, and that nothing was heard of for a minute.
pub fn silent(seen: &dyn Glance, now: Ts) -> Result<Vec<Silent>, StoreError> {
    let mut found = Vec::new();
    for incident in seen.live().into_iter().filter(|one| wants_pages(one)) {
        // Each costs a reading of its stream.
        if found.len() >= AT_ONCE {
            break;
        }
        let copies = incident.pages.values().flat_map(|stand| &stand.copies);
        let waits = |since: Ts| SILENT_FOR <= now.since(since) && now.since(since) < GIVEN_UP;
        let open = |fate: &Fate| match fate {
            Fate::Taken => true,
            Fate::Said(stage) => stage.rank() < Stage::Completed.rank(),
            Fate::UnderWay | Fate::NotTaken | Fate::Dry => false,
        };
        let keys: Vec<_> = copies
            .filter(|copy| waits(copy.at) && open(&copy.fate))
            .filter_map(|copy| copy.key.clone())
            .collect();
        if keys.is_empty() {
            continue;
        }
        let receipts = receipts(seen, &incident.id)?;
        found.extend(keys.iter().filter_map(|key| receipts.get(key).cloned()));
    }
    found.truncate(AT_ONCE);
    Ok(found)
}

fn receipts(
    seen: &dyn Glance,
    id: &shared::id::StreamId,
) -> Result<HashMap<EffectKey, Silent>, StoreError> {
    let turns = seen.turns(id)?;
    let events = turns.into_iter().flat_map(|turn| turn.events);
    let sent = events.filter_map(|event| match event {
        Event::Paged {
            page,
            key: Some(key),
            outcome: Outcome::Done(Finding::Sent { provider, receipt }),
            ..
        } => Some((key.clone(), Silent { key, by: page.by, provider, receipt })),
        _ => None,
    });
    Ok(sent.collect())
}

async fn ask(phones: &Phones, one: &Silent) -> Option<Stage> {
    match (one.provider.as_str(), one.by) {
        ("twilio", by) => {
            let found = phones.twilio.as_ref()?.resource(&one.receipt).await?;
            let code = found.error_code.map(|code| code.to_string());
            match by {
                ContactKind::Voice => {
                    stage::twilio_call(&found.status, found.answered_by.as_deref())
                }
                _ => stage::twilio_text(&found.status, code.as_deref()),
            }
        }
        ("vonage", ContactKind::Voice) => {
            let status = phones.vonage.as_ref()?.call_state(&one.receipt).await?;
            stage::vonage_call(&status, false)
        }
        _ => None,
    }
}
