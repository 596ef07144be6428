//! What the tests of the DNS hands share.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use functions::perform::{Hold, Perform};
use functions::vendors::dns::DnsHands;
use shared::effect::{Act, Aim, Effect, Finding, Look, Outcome, Survey};
use shared::id::EffectKey;
use tests::standin::stage::{Stage, WWW, ZONE};

/// The driver that edits records, alone.
pub const RECORDS: &str = "[\"records\"]";
/// The latch, alone.
pub const LATCH_ONLY: &str = "[\"latch\"]";
/// The built-in order.
pub const BOTH: &str = "[\"latch\", \"records\"]";

pub fn key() -> EffectKey {
    EffectKey { stream: "operations".into(), turn: 3, position: 0 }
}

pub async fn act(hands: &DnsHands, act: Act) -> Outcome {
    hands.perform(&key(), &Effect::Act(act), &Hold::Free).await
}

pub async fn survey(hands: &DnsHands, aim: Aim) -> Survey {
    match hands.perform(&key(), &Effect::Look(Look::Survey(aim)), &Hold::Free).await {
        Outcome::Done(Finding::Surveyed(survey)) => survey,
        other => panic!("{other:?}"),
    }
}

pub async fn verify(hands: &DnsHands, act: Act) -> (bool, String, Vec<String>) {
    match hands.perform(&key(), &Effect::Look(Look::Verify(act)), &Hold::Free).await {
        Outcome::Done(Finding::Verified { whole, says, tail }) => (whole, says, tail),
        other => panic!("{other:?}"),
    }
}

/// Whether an operation whose reply was lost took place.
pub async fn read_back(hands: &DnsHands, act: Act) -> bool {
    let look = Look::ReadBack { operation: key(), act };
    match hands.perform(&key(), &Effect::Look(look), &Hold::Free).await {
        Outcome::Done(Finding::ReadBack { applied }) => applied,
        other => panic!("{other:?}"),
    }
}

/// By which means it was done.
pub fn done_by(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Done(Finding::Changed { by, .. }) => by,
        other => panic!("{other:?}"),
    }
}

/// Both names lead there, for whoever asks the name server.
pub async fn lead_to(stage: &Stage, address: &str) {
    for name in [ZONE, WWW] {
        stage.knot.wait_for(name, "A", &[address]).await.unwrap();
    }
}

/// Writes that Route 53 accepted.
pub fn changes(stage: &Stage) -> usize {
    let calls = stage.route53.calls();
    let accepted = calls.iter().filter(|call| call.operation == "ChangeResourceRecordSets");
    accepted.filter(|call| call.outcome == "OK").count()
}
