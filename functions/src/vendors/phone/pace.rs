//! Not faster than a provider takes calls, and in the order in which they were asked for: the first on the ladder is
//! dialled first.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::said::{Said, WAIT_MAX};

/// When a provider may be asked again.
#[derive(Debug)]
pub struct Pace {
    every: Duration,
    free: Mutex<Option<Instant>>,
}

impl Pace {
    /// One every so often.
    pub fn every(every: Duration) -> Self {
        Self { every, free: Mutex::new(None) }
    }

    /// Takes the next free moment and waits for it; a line that is too long sends its last to another provider.
    pub async fn turn(&self) -> Result<(), Said> {
        let turn = self.take(Instant::now())?;
        sleep_until(turn).await;
        Ok(())
    }

    fn take(&self, now: Instant) -> Result<Instant, Said> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = free.map_or(now, |free| free.max(now));
        let wait = turn - now;
        if wait > WAIT_MAX {
            return Err(Said::Busy { why: "too many calls at once".into(), after: wait });
        }
        *free = Some(turn + self.every);
        Ok(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_are_spread_in_order_and_a_long_line_goes_elsewhere() {
        let pace = Pace::every(Duration::from_secs(1));
        let now = Instant::now();
        let waits: Vec<_> = (0..6).map(|_| (pace.take(now).unwrap() - now).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 3, 4, 5]);
        assert!(matches!(pace.take(now), Err(Said::Busy { after, .. }) if after.as_secs() == 6));
        let later = now + Duration::from_mins(1);
        assert_eq!(pace.take(later).unwrap(), later, "nothing is saved up");
    }
}
