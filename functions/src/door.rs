//! The door: proves who sent a delivery, then reads what it says. Nothing is parsed before it is proven.

use std::collections::HashMap;

use axum::http::{HeaderMap, StatusCode};
use shared::id::SourceId;
use shared::ledger::Hash;
use shared::plan::Source;
use shared::signal::{self, Malformed, Signal, Trust};
use shared::time::Ts;

/// What senders know: the secrets of each source; more than one while they are being rotated.
pub type Secrets = HashMap<SourceId, Vec<String>>;

/// Decides whom to believe.
pub struct Door {
    secrets: Secrets,
    _http: reqwest::Client,
}

/// A delivery that came in.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its delivery key.
    pub key: Hash,
    /// How sure we are of the sender.
    pub trust: Trust,
    /// What it says.
    pub signals: Vec<Signal>,
}

/// A delivery that was turned away: the status, what is wrong, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The HTTP status.
    pub status: StatusCode,
    /// What is wrong.
    pub error: String,
    /// What to do about it.
    pub todo: String,
}

impl Door {
    /// A door with these secrets.
    pub fn new(secrets: Secrets, http: reqwest::Client) -> Self {
        Self { secrets, _http: http }
    }

    /// Proves and reads a delivery.
    pub async fn open(
        &self,
        source: &Source,
        _headers: &HeaderMap,
        body: &[u8],
        now: Ts,
    ) -> Result<Entry, Denied> {
        let trust = match self.secrets.get(&source.id) {
            None => Trust::Unauthenticated,
            Some(_) => return Err(unproven()),
        };
        let signals = signal::parse(source, trust, now, body).map_err(|it| malformed(&it))?;
        let key = signal::delivery_key(&source.id, None, body, &signals, now);
        Ok(Entry { key, trust, signals })
    }
}

fn unproven() -> Denied {
    Denied {
        status: StatusCode::UNAUTHORIZED,
        error: "the sender is not proven".into(),
        todo: "send the secret of this source".into(),
    }
}

fn malformed(malformed: &Malformed) -> Denied {
    Denied {
        status: StatusCode::BAD_REQUEST,
        error: malformed.wrong.clone(),
        todo: format!("send {}", malformed.send),
    }
}
