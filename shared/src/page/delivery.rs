//! What a provider says of a page on its way. Callbacks come twice, late and out of order.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Ts;

/// How far a page has come, as its provider says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The provider holds it.
    Queued,
    /// It was handed to the network.
    Sent,
    /// The phone rings.
    Ringing,
    /// The call is on.
    InProgress,
    /// Somebody picked up; perhaps a person.
    Answered,
    /// The call is over, nobody having pressed a key.
    Completed,
    /// The network says that the message arrived: some say so of messages nobody ever got.
    Delivered,
    /// A machine picked up: it has the message now, and nobody knows of it.
    Machine,
    /// The line is busy.
    Busy,
    /// Nobody picks up.
    NoAnswer,
    /// It never left.
    Failed {
        /// The provider's code, e.g. `30008`; empty where it has none.
        code: Arc<str>,
        /// Its words.
        text: Arc<str>,
    },
    /// It left and did not arrive.
    Undelivered {
        /// The provider's code, e.g. `30003`; empty where it has none.
        code: Arc<str>,
        /// Its words.
        text: Arc<str>,
    },
    /// The person has told the carrier to stop (`STOP`; Twilio's error 21610): no text reaches them any more.
    OptedOut,
}

impl Stage {
    /// How much it says: what comes later in a page's life, or is worse, says more. Every bad end has one rank, so that
    /// a page fails once.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Queued | Self::Sent => 0,
            Self::Ringing => 1,
            Self::InProgress => 2,
            Self::Answered => 3,
            Self::Completed | Self::Delivered => 4,
            Self::Machine
            | Self::Busy
            | Self::NoAnswer
            | Self::Failed { .. }
            | Self::Undelivered { .. } => 5,
            Self::OptedOut => 6,
        }
    }

    /// Whether this copy will wake nobody any more.
    pub fn is_bad(&self) -> bool {
        self.rank() >= Self::Busy.rank()
    }

    /// Whether it says more than what was said before; `None`: nothing was. Whatever the order of callbacks, the same
    /// stage is reached in the end: their numbers are kept for the record only.
    pub fn adds_to(&self, before: Option<&Self>) -> bool {
        self.rank() > before.map_or(0, Self::rank)
    }
}

/// The stage as people say it.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (says, code, text) = match self {
            Self::Queued => ("queued", "", ""),
            Self::Sent => ("sent", "", ""),
            Self::Ringing => ("rings", "", ""),
            Self::InProgress => ("on the line", "", ""),
            Self::Answered => ("picked up, no key pressed", "", ""),
            Self::Completed => ("hung up, no key pressed", "", ""),
            Self::Delivered => ("delivered, says the network", "", ""),
            Self::Machine => ("a machine picked up", "", ""),
            Self::Busy => ("busy", "", ""),
            Self::NoAnswer => ("no answer", "", ""),
            Self::Failed { code, text } => ("FAILED", &**code, &**text),
            Self::Undelivered { code, text } => ("NOT delivered", &**code, &**text),
            Self::OptedOut => ("has opted out of texts (STOP)", "", ""),
        };
        f.write_str(says)?;
        if !code.is_empty() {
            write!(f, " {code}")?;
        }
        if text.is_empty() { Ok(()) } else { write!(f, ": {text}") }
    }
}

/// One callback, or one answer to our asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How far the page is.
    pub stage: Stage,
    /// The provider, e.g. `twilio`.
    pub provider: Arc<str>,
    /// The provider's id of the call or message.
    pub receipt: Arc<str>,
    /// The provider's own count, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// When it happened, as the provider says; else when we heard of it.
    pub at: Ts,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stages() -> Vec<Stage> {
        let (code, text): (Arc<str>, Arc<str>) = ("30008".into(), "unknown error".into());
        vec![
            Stage::Queued,
            Stage::Sent,
            Stage::Ringing,
            Stage::InProgress,
            Stage::Answered,
            Stage::Completed,
            Stage::Delivered,
            Stage::Machine,
            Stage::Busy,
            Stage::NoAnswer,
            Stage::Failed { code: code.clone(), text: text.clone() },
            Stage::Undelivered { code, text },
            Stage::OptedOut,
        ]
    }

    fn merged(heard: &[Stage]) -> (u8, usize) {
        let mut known: Option<Stage> = None;
        let mut bad = 0;
        for stage in heard {
            if stage.adds_to(known.as_ref()) {
                bad += usize::from(stage.is_bad() && *stage != Stage::OptedOut);
                known = Some(stage.clone());
            }
        }
        (known.map_or(0, |stage| stage.rank()), bad)
    }

    proptest! {
        /// Twice, late, in any order: the end is the same, and no copy fails twice.
        #[test]
        fn the_order_of_callbacks_does_not_matter(
            heard in proptest::collection::vec(proptest::sample::select(stages()), 0..12),
            seed in any::<u64>(),
        ) {
            let mut shuffled = heard.iter().chain(&heard).cloned().collect::<Vec<_>>();
            fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
            let (end, bad) = merged(&shuffled);
            prop_assert_eq!(end, merged(&heard).0);
            prop_assert!(bad <= 1);
        }
    }

    #[test]
    fn what_was_said_already_adds_nothing() {
        assert!(!Stage::Ringing.adds_to(Some(&Stage::Completed)), "a late callback");
        assert!(!Stage::Busy.adds_to(Some(&Stage::Machine)), "it failed already");
        assert!(!Stage::Sent.adds_to(None), "a provider that took it has said so");
        assert!(
            Stage::Undelivered { code: "30003".into(), text: "".into() }
                .adds_to(Some(&Stage::Delivered)),
            "in doubt it did not arrive"
        );
    }
}
