//! Where a backup or a restore can run: a Lambda has fifteen minutes, a container as long as it takes.

use super::Speed;
use crate::time::Span;

/// The largest database that a Lambda is given, in bytes: at the 30 MB/s of a slow network they take six of its minutes.
pub const LAMBDA_MAX: u64 = 10_000_000_000;
/// The longest that a restore in a Lambda may be expected to take: AWS ends it after 15 minutes.
pub const LAMBDA_TIME: Span = Span::mins(10);

/// Where something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// A Lambda has the time for it.
    Lambda,
    /// The same program, as a container's job.
    Container,
}

impl Host {
    /// For a database of so many bytes, restored as fast as the last ones where those were timed.
    pub fn of(bytes: u64, speed: Option<Speed>) -> Self {
        let slow = speed.is_some_and(|speed| speed.span_of(bytes) > LAMBDA_TIME);
        if bytes > LAMBDA_MAX || slow { Self::Container } else { Self::Lambda }
    }

    /// In words.
    pub fn says(self) -> &'static str {
        match self {
            Self::Lambda => "a Lambda has time enough for it",
            Self::Container => "as a container's job: it is more than a Lambda has time for",
        }
    }
}
