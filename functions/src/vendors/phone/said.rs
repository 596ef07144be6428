//! What a provider said to a page, before it is known what that means for the ladder.

use std::time::Duration;

use shared::effect::{Finding, Outcome};
use shared::time::Span;

/// A provider that asks for a longer wait is as good as down.
pub const WAIT_MAX: Duration = Duration::from_secs(5);

/// What a provider said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It took the page.
    Took {
        /// Its receipt: what its callbacks name the page by.
        receipt: String,
    },
    /// It surely did not take it, and would later.
    Busy {
        /// In which words.
        why: String,
        /// After this long.
        after: Duration,
    },
    /// It surely did not take it, and it takes nobody's: it can't be reached, or our account is not in order.
    Closed {
        /// What is wrong and what to do.
        why: String,
    },
    /// It takes pages, but not this one.
    Refused {
        /// What is wrong with it.
        why: String,
    },
    /// The answer was lost: it may have taken the page.
    Lost {
        /// How.
        why: String,
    },
}

impl Said {
    /// Whether the provider did its work: what is wrong with one number says nothing about the provider.
    pub fn counts_for_it(&self) -> bool {
        matches!(self, Self::Took { .. } | Self::Refused { .. })
    }

    /// What that means for the page. The kernel copies whatever is not done through the next provider, at once.
    pub fn outcome(self, provider: &str) -> Outcome {
        let named = |why: String| format!("{provider}: {why}");
        match self {
            Self::Took { receipt } => {
                Outcome::Done(Finding::Sent { provider: provider.into(), receipt })
            }
            Self::Busy { why, after } => {
                Outcome::Later { why: named(why), after: Span::millis(after.as_millis() as i64) }
            }
            Self::Closed { why } | Self::Refused { why } => Outcome::Never { why: named(why) },
            Self::Lost { why } => Outcome::Unknown { why: named(why) },
        }
    }
}

/// What a request that got no answer means: one that never left is no page.
pub fn unanswered(error: reqwest::Error) -> Said {
    let never_left = error.is_connect() || error.is_builder();
    let why = crate::http::reason(error);
    if never_left { Said::Closed { why } } else { Said::Lost { why } }
}

/// The wait that a 429 asks for, in whole seconds; one without a word about it means a second.
pub fn retry_after(headers: &reqwest::header::HeaderMap) -> Duration {
    let asked = headers.get(reqwest::header::RETRY_AFTER).and_then(|it| it.to_str().ok());
    Duration::from_secs(asked.and_then(|it| it.trim().parse().ok()).unwrap_or(1))
}
