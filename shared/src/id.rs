//! Names of things. An id is the name of a cause: the same outage gives the same incident id.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ledger::Hash;
use crate::time::Ts;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name!(/// A part of the application with its own recovery targets, e.g. `frontend`.
    ComponentId);
name!(/// A person of the plan, e.g. `lead-developer`.
    PersonId);
name!(/// A configured webhook endpoint, e.g. `pingdom-prod`; not the provider's name.
    SourceId);
name!(/// A monitor's own id as text: ids beyond 2^53 occur.
    MonitorKey);
name!(/// A place from which we probe, e.g. `us-west-2`.
    Vantage);
name!(/// A deployment of the hosting provider, e.g. `dpl_8Kq…`.
    DeploymentId);
name!(/// A vendor of the plan, e.g. `vercel`.
    VendorId);
name!(/// A stream of turns: an incident's id, or a journal's name such as `safety`.
    StreamId);

/// Length of an incident id in characters: 60 bits, written in base 32.
const INCIDENT_ID_LEN: usize = 12;

/// The id of the incident that a component's outage starting at `since` causes.
pub fn incident_id(component: &ComponentId, since: Ts) -> StreamId {
    let hash = Hash::of(&[component.as_str().as_bytes(), &since.0.to_be_bytes()]);
    let text = data_encoding::BASE32_NOPAD.encode(&hash.0[..8]).to_lowercase();
    StreamId(text[..INCIDENT_ID_LEN].into())
}

/// Names one owed effect: the stream, the turn that owes it, its place among the turn's effects.
///
/// It names the effect, not the attempt: every retry carries the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectKey {
    /// The stream whose turn owes the effect.
    pub stream: StreamId,
    /// The number of that turn.
    pub turn: u32,
    /// The position among the turn's effects, from 0.
    pub position: u16,
}

impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.stream, self.turn, self.position)
    }
}

impl std::str::FromStr for EffectKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.rsplitn(3, '/');
        let position = parts.next().and_then(|part| part.parse().ok());
        let turn = parts.next().and_then(|part| part.parse().ok());
        match (parts.next(), turn, position) {
            (Some(stream), Some(turn), Some(position)) => {
                Ok(Self { stream: stream.into(), turn, position })
            }
            _ => Err(format!("`{text}` is not an effect's key: write incident/turn/position")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_cause_has_the_same_id() {
        let id = incident_id(&"frontend".into(), Ts(1));
        assert_eq!(id, incident_id(&"frontend".into(), Ts(1)));
        assert_ne!(id, incident_id(&"frontend".into(), Ts(2)));
        assert_ne!(id, incident_id(&"database".into(), Ts(1)));
    }

    #[test]
    fn an_effects_key_reads_back() {
        let key = EffectKey { stream: "abc".into(), turn: 4, position: 1 };
        assert_eq!(key.to_string().parse::<EffectKey>().unwrap(), key);
        assert!("abc/4".parse::<EffectKey>().is_err());
    }
}
