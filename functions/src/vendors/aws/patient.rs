//! Asking again, for a service of which everything we ask may be asked twice.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// One try; the table answers within some 10 ms.
const TRY_TIMEOUT: Duration = Duration::from_secs(2);
/// All tries: less than a monitor waits for us.
const TIMEOUT: Duration = Duration::from_secs(6);
/// Tries, the first included.
const TRIES: u32 = 6;
/// The pause after the first try is at most this, and doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(TRY_TIMEOUT)
        .operation_timeout(TIMEOUT)
        .build()
}

pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(TRIES)
        .with_initial_backoff(FIRST_PAUSE)
        .with_max_backoff(LONGEST_PAUSE)
}

/// A connection that broke before the reply, such as one that was frozen with its function for an hour, is worth another
/// try. The SDK knows that of refusals and of silence by itself.
#[derive(Debug)]
pub(super) struct BrokenConnections;

impl ClassifyRetry for BrokenConnections {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let broke = match context.output_or_error() {
            Some(Err(error)) => error.as_connector_error().is_some_and(|error| !error.is_user()),
            Some(Ok(_)) | None => false,
        };
        if broke { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "broken connections"
    }
}
