//! What goes wrong on demand, and the token buckets that throttle as Route 53's do.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::record::RecordSet;
use super::refusal::Refusal;

/// Everything that is going to go wrong.
#[derive(Debug, Default)]
pub struct Faults {
    /// How often a new change is PENDING.
    pub pending_polls: u32,
    /// Replies to lose, by operation: the call takes effect.
    pub lost_replies: BTreeMap<String, u32>,
    /// Requests to lose, by operation: the call takes no effect.
    pub lost_requests: BTreeMap<String, u32>,
    /// Changes to refuse with `PriorRequestNotComplete`.
    pub prior_requests: u32,
    /// Calls to throttle.
    pub throttled: u32,
    /// Changes to strand.
    pub stranded: u32,
    /// What a person changes right before the next change.
    pub human: Option<RecordSet>,
    /// How long each call takes.
    pub latency: Duration,
    /// Refused batches are answered in their other form.
    pub bare: bool,
    /// Every call fails.
    pub outage: bool,
    /// Token buckets, when they are on.
    pub buckets: Option<Buckets>,
}

impl Faults {
    /// Refuses the call if it is its turn to fail.
    pub fn admit(&mut self, operation: &str) -> Result<(), Refusal> {
        if self.outage {
            return Err(Refusal::outage());
        }
        let empty = self.buckets.as_mut().is_some_and(|buckets| !buckets.take(operation));
        if empty || due(&mut self.throttled) {
            return Err(Refusal::throttled());
        }
        if operation == "ChangeResourceRecordSets" && due(&mut self.prior_requests) {
            return Err(Refusal::prior_request());
        }
        Ok(())
    }
}

/// Whether a fault is due, which uses it up.
pub fn due(times: &mut u32) -> bool {
    let due = *times > 0;
    *times = times.saturating_sub(1);
    due
}

/// Whether a fault of an operation is due, which uses it up.
pub fn due_for(times: &mut BTreeMap<String, u32>, operation: &str) -> bool {
    times.get_mut(operation).is_some_and(due)
}

/// One bucket for the account and one for each operation.
#[derive(Debug, Default)]
pub struct Buckets(BTreeMap<String, Bucket>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Buckets {
    /// Takes a token for a call from both buckets, if both have one.
    fn take(&mut self, operation: &str) -> bool {
        let now = Instant::now();
        let names = ["account", operation];
        let full = names.iter().all(|name| self.fill(name, now).tokens >= 1.0);
        if full {
            for name in names {
                self.fill(name, now).tokens -= 1.0;
            }
        }
        full
    }

    fn fill(&mut self, name: &str, now: Instant) -> &mut Bucket {
        let (burst, per_second) = limits(name);
        let full = || Bucket { tokens: burst, filled: now };
        let bucket = self.0.entry(name.to_owned()).or_insert_with(full);
        let since = now.duration_since(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + since * per_second).min(burst);
        bucket.filled = now;
        bucket
    }
}

/// The burst and the refill a second of a bucket, as Amazon publishes them.
fn limits(name: &str) -> (f64, f64) {
    match name {
        "GetHealthCheckStatus" => (4.0, 1.0),
        "CreateHealthCheck" => (50.0, 0.5),
        "DeleteHealthCheck" => (15.0, 3.0),
        _ => (50.0, 10.0),
    }
}
