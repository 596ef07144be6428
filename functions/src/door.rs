//! The door: proves who sent a delivery, then reads what it says. Nothing is parsed before it is proven.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use shared::id::SourceId;
use shared::ledger::Hash;
use shared::plan::Source;
use shared::signal::{self, Malformed, Signal, Trust};
use shared::time::Ts;

use crate::http::reason;
use crate::proof::{self, EmptySecret, HttpsCertificates, Refused, Secret};

/// What senders know: the secrets of each source; more than one while they are being rotated.
pub type Secrets = HashMap<SourceId, Vec<Secret>>;

/// Decides whom to believe.
pub struct Door {
    secrets: Secrets,
    certificates: HttpsCertificates,
    http: reqwest::Client,
}

/// What a sender presents.
pub struct Presented {
    /// The headers.
    pub headers: HeaderMap,
    /// The URL's query, without `?`.
    pub query: String,
    /// The raw body.
    pub body: Bytes,
    /// When it came.
    pub at: Ts,
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
    /// Where a subscription is to be confirmed, on a host of the provider.
    pub subscribe_url: Option<String>,
}

/// A delivery that was turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The HTTP status.
    pub status: StatusCode,
    /// What is wrong.
    pub error: String,
    /// What to do about it.
    pub todo: String,
}

/// A setting `ALLCLEAR_SECRET_<SOURCE>` that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to use {name}: {empty}")]
pub struct BadSecret {
    name: String,
    empty: EmptySecret,
}

/// The name of the setting that holds a source's secrets, e.g. `ALLCLEAR_SECRET_UPTIME_KUMA`.
pub fn secret_setting(source: &SourceId) -> String {
    format!("ALLCLEAR_SECRET_{}", source.as_str().to_uppercase().replace('-', "_"))
}

/// Reads the sources' secrets, separated by commas, through `setting`, which looks one up by its name.
pub fn secrets<'a>(
    sources: impl IntoIterator<Item = &'a Source>,
    setting: impl Fn(&str) -> Option<String>,
) -> Result<Secrets, BadSecret> {
    let mut all = Secrets::new();
    for source in sources {
        let name = secret_setting(&source.id);
        let Some(text) = setting(&name) else { continue };
        let secrets = text.split(',').map(Secret::new).collect::<Result<Vec<_>, _>>();
        let secrets = secrets.map_err(|empty| BadSecret { name, empty })?;
        all.insert(source.id.clone(), secrets);
    }
    Ok(all)
}

impl Door {
    /// A door with these secrets.
    pub fn new(secrets: Secrets, http: reqwest::Client) -> Self {
        Self { secrets, certificates: HttpsCertificates::new(http.clone()), http }
    }

    /// Proves and reads a delivery.
    pub async fn open(&self, source: &Source, presented: &Presented) -> Result<Entry, Denied> {
        let Presented { headers, query, body, at } = presented;
        let secrets = self.secrets.get(&source.id).map_or(&[][..], Vec::as_slice);
        let body = body.clone();
        let verified =
            proof::prove(source, secrets, headers, query, body, *at, &self.certificates).await;
        let verified = verified.map_err(|refused| unproven(source, &refused))?;
        let (trust, body) = (verified.trust(), verified.body());
        let signals = signal::parse(source, trust, *at, body).map_err(|it| malformed(&it))?;
        let key = signal::delivery_key(&source.id, verified.delivery_id(), body, &signals, *at);
        let subscribe_url = verified.subscribe_url().map(str::to_owned);
        Ok(Entry { key, trust, signals, subscribe_url })
    }

    /// Confirms a subscription in the background; a provider whose confirmation is lost asks again.
    pub fn confirm(&self, source: &Source, url: String) {
        let (http, source) = (self.http.clone(), source.id.clone());
        tokio::spawn(async move {
            match http.get(url).send().await.and_then(reqwest::Response::error_for_status) {
                Ok(_) => tracing::info!(source.id = %source, "subscription confirmed"),
                Err(error) => {
                    let error = reason(error);
                    tracing::warn!(source.id = %source, error, "failed to confirm a subscription");
                }
            }
        });
    }
}

fn unproven(source: &Source, refused: &Refused) -> Denied {
    let error = refused.to_string();
    match refused {
        Refused::Later(_) => Denied {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error,
            todo: "send it again in a few seconds".into(),
        },
        Refused::Missing(_) | Refused::Wrong(_) => Denied {
            status: StatusCode::UNAUTHORIZED,
            error,
            todo: format!("sign it, or send the token, with {}", secret_setting(&source.id)),
        },
    }
}

fn malformed(malformed: &Malformed) -> Denied {
    Denied {
        status: StatusCode::BAD_REQUEST,
        error: malformed.wrong.clone(),
        todo: format!("send {}", malformed.send),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plan;

    #[test]
    fn secrets_are_named_after_their_source_and_may_be_rotated() {
        let plan = plan();
        let setting =
            |name: &str| (name == "ALLCLEAR_SECRET_UPTIME_KUMA").then(|| "new, old".to_owned());
        let all = secrets(&plan.sources, setting).unwrap();
        assert_eq!(all.keys().map(SourceId::as_str).collect::<Vec<_>>(), ["uptime-kuma"]);
        assert_eq!(all.values().map(Vec::len).sum::<usize>(), 2);
    }

    #[test]
    fn an_empty_secret_is_named_and_lets_nobody_in() {
        let plan = plan();
        let error = secrets(&plan.sources, |_| Some("good,".into())).unwrap_err().to_string();
        assert!(error.starts_with("failed to use ALLCLEAR_SECRET_"), "{error}");
    }
}
