//! What a call that brought no reply means for people and for the outbox.
//!
//! Reads and writes differ in one thing: a read whose reply was lost is asked again, a write is read back.

use shared::effect::Outcome;
use shared::time::Span;

use super::api::{Refusal, Trouble};

/// The wait before an API that is away, or busy, is asked again.
pub(super) const TRY_AGAIN: Span = Span::secs(10);
/// The wait after a limit that doesn't say how long it lasts; most of Vercel's are counted by the minute.
const LIMITED: Span = Span::secs(60);

impl Trouble {
    /// For a read: nothing was changed, so it can be asked again.
    pub(super) fn of_read(&self) -> Outcome {
        match self {
            Self::Away(_) | Self::Lost(_) => later(self.says()),
            Self::Refused(refusal) => refusal.outcome(),
            Self::Garbled(_) => Outcome::Never { why: self.says() },
        }
    }

    /// For a write: what was sent and got no clear answer may have happened.
    pub(super) fn of_write(&self) -> Outcome {
        match self {
            Self::Away(_) => later(self.says()),
            Self::Lost(_) | Self::Garbled(_) => Outcome::Unknown { why: self.says() },
            Self::Refused(refusal) => refusal.outcome(),
        }
    }

    /// In one sentence, with what to do.
    pub(super) fn says(&self) -> String {
        match self {
            Self::Away(why) | Self::Lost(why) => format!(
                "the hosting provider's API is away ({why}): `allclear failover \"why\"` is the \
                 other way out"
            ),
            Self::Refused(refusal) => refusal.says(),
            Self::Garbled(why) => {
                format!(
                    "the hosting provider's reply cannot be read ({why}): look at its dashboard"
                )
            }
        }
    }
}

impl Refusal {
    fn outcome(&self) -> Outcome {
        let why = self.says();
        match self.status {
            409 => later(why),
            429 => Outcome::Later { why, after: self.wait.unwrap_or(LIMITED) },
            _ => Outcome::Never { why },
        }
    }

    fn says(&self) -> String {
        let Self { status, says, .. } = self;
        let what_to_do = match status {
            401 => "VERCEL_TOKEN is unknown or has expired: make a new one",
            402 => {
                "the subscription does not allow this: choose the deployment just before the live \
                 one, or upgrade"
            }
            403 => "VERCEL_TOKEN may not do this: give it the plan's project and team",
            404 => "check the plan's hosting.project and hosting.team",
            409 => "another change of production is under way: it is waited for",
            410 | 422 => "that deployment cannot be used any more: choose another one",
            429 => "too many requests: we wait as long as it asks",
            _ => "look at the hosting provider's dashboard",
        };
        format!("the hosting provider refuses (HTTP {status}, {says}): {what_to_do}")
    }
}

pub(super) fn later(why: String) -> Outcome {
    Outcome::Later { why, after: TRY_AGAIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_reply_is_asked_again_for_a_read_and_read_back_for_a_write() {
        let lost = Trouble::Lost("no answer in time".into());
        assert!(matches!(lost.of_read(), Outcome::Later { .. }));
        assert!(matches!(lost.of_write(), Outcome::Unknown { .. }));
    }

    #[test]
    fn what_was_never_sent_is_tried_later_and_the_other_way_out_is_named() {
        let Outcome::Later { why, .. } = Trouble::Away("refused".into()).of_write() else {
            panic!()
        };
        assert!(why.contains("allclear failover"), "{why}");
    }
}
