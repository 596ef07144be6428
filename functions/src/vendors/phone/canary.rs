//! Measures the carriers from outside: a message through one, to the number of another, and how long it takes to come
//! back as that one's callback. What a carrier says of delivery is never taken for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::plan::Carrier;
use shared::time::Ts;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::Phones;
use super::said::Said;

/// What a canary's text begins with; the rest is its number.
const BEGINS: &str = "All Clear canary ";
/// A message that takes longer did not arrive.
const BACK_WITHIN: Duration = Duration::from_mins(1);
/// Who is measured, and through whose number.
const ROUND: [(Carrier, Carrier); 2] =
    [(Carrier::Twilio, Carrier::Vonage), (Carrier::Vonage, Carrier::Twilio)];

/// Canaries that are under way.
#[derive(Debug, Default)]
pub struct Canaries {
    under_way: Mutex<(u64, HashMap<u64, oneshot::Sender<()>>)>,
    last_back: Mutex<Option<Ts>>,
}

impl Canaries {
    /// A new one: its text, and what hears of its return.
    fn start(&self) -> (u64, oneshot::Receiver<()>) {
        let mut guard = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, waiting) = &mut *guard;
        *last += 1;
        let (came, comes) = oneshot::channel();
        waiting.retain(|_, it| !it.is_closed());
        waiting.insert(*last, came);
        (*last, comes)
    }

    /// When the last one came back.
    pub fn last_back(&self) -> Option<Ts> {
        *self.last_back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_back(&self, at: Ts) {
        *self.last_back.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// Whether a message that came in was a canary; it has come back then.
    pub fn came(&self, text: &str) -> bool {
        let Some(number) = text.trim().strip_prefix(BEGINS) else { return false };
        let number: Option<u64> = number.parse().ok();
        let mut guard = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(came) = number.and_then(|number| guard.1.remove(&number)) {
            // Whoever waited may have given up.
            let _late = came.send(());
        }
        true
    }
}

/// Measures both ways every so often, until it is dropped.
pub async fn run(phones: Arc<Phones>, every: Duration) {
    loop {
        for (through, to) in ROUND {
            if let Some(number) = phones.phone().and_then(|phone| phone.from.get(&to)) {
                measure(&phones, through, number).await;
            }
        }
        sleep(every).await;
    }
}

/// Sends one canary and takes in whether it came back.
pub async fn measure(phones: &Phones, through: Carrier, to: &str) {
    let (number, comes) = phones.canaries.start();
    let text = format!("{BEGINS}{number}");
    match phones.text(through, to, &text, None).await {
        Said::Took { .. } => {
            let well = timeout(BACK_WITHIN, comes).await.is_ok();
            phones.scores.note(through, well);
            if well {
                phones.canaries.is_back((phones.clock)());
            }
            tracing::info!(carrier = through.name(), well, "canary");
        }
        said => {
            phones.scores.note(through, false);
            tracing::warn!(carrier = through.name(), ?said, "the canary was not taken");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_canary_is_known_by_its_number_and_comes_back_once() {
        let canaries = Canaries::default();
        let (number, comes) = canaries.start();
        assert!(!canaries.came("42 ack"), "people write, too");
        assert!(canaries.came(&format!("{BEGINS}{number} ")));
        assert_eq!(comes.await, Ok(()));
        assert!(canaries.came(&format!("{BEGINS}{number}")), "a repetition is still no person");
        assert!(canaries.came("All Clear canary x"));
    }
}
