//! Proofs of who sent a webhook. Only the checks in this folder can make a [`Verified`] body, and
//! handlers take nothing else: a body cannot be read before its sender was looked at.
//!
//! The checks are pure: time is an argument, and the one thing from outside (Amazon's certificate)
//! comes through the [`Certificates`] port. Deliberately absent: replay protection, which is the
//! delivery key's, and mTLS and OAuth, which belong before the door.

use std::fmt;

use axum::body::Bytes;
use axum::http::HeaderMap;
use shared::plan::Source;
use shared::signal::{Provider, Trust};
use shared::time::{Span, Ts};

mod certificate;
mod chat;
mod fetch;
mod grafana;
pub mod mac;
mod sns;
mod standard;
mod token;
mod twilio;
mod vonage;

pub use certificate::{CertificateUrl, Certificates, Unavailable};
pub use chat::{slack, vercel};
pub use fetch::HttpsCertificates;
pub use twilio::twilio;
pub use vonage::vonage;

/// How far a signed time may lie from ours, both ways (Standard Webhooks, Slack, Grafana).
pub const TOLERANCE: Span = Span::secs(300);

/// A body whose sender was looked at; what that was worth is its [`Trust`].
#[derive(Clone, Debug)]
pub struct Verified {
    body: Bytes,
    trust: Trust,
    delivery_id: Option<String>,
    subscribe_url: Option<String>,
}

impl Verified {
    fn new(body: Bytes, trust: Trust) -> Self {
        Self { body, trust, delivery_id: None, subscribe_url: None }
    }

    /// The raw bytes, as they were signed.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// How sure we are of the sender; never [`Trust::Own`].
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// The provider's id of this delivery, where the signature covers one.
    pub fn delivery_id(&self) -> Option<&str> {
        self.delivery_id.as_deref()
    }

    /// The URL that confirms a subscription to an allowed SNS topic, if that is what the body asks
    /// for: GET it once.
    pub fn subscribe_url(&self) -> Option<&str> {
        self.subscribe_url.as_deref()
    }
}

/// A shared secret, never empty: the token in a monitor's URL, or the key of its signatures.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret as it was configured; blanks around it (a file's last newline) don't count.
    pub fn new(text: &str) -> Result<Self, EmptySecret> {
        let text = text.trim();
        if text.is_empty() || text == standard::PREFIX {
            return Err(EmptySecret);
        }
        Ok(Self(text.to_owned()))
    }

    fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A configured secret is empty, which would let everybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret is empty: leave it out, or set one")]
pub struct EmptySecret;

/// Why a body is not taken. The texts go back to the sender and hold nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing was presented: answer 401.
    #[error("no proof of the sender: {0}")]
    Missing(&'static str),
    /// What was presented doesn't hold: answer 401.
    #[error("the proof of the sender does not hold: {0}")]
    Wrong(&'static str),
    /// The check needs something that can't be had now: answer 503, so that the sender tries again.
    #[error("failed to check the signature: {0}")]
    Later(Unavailable),
}

impl Refused {
    /// The HTTP status that makes the sender do the right thing.
    pub fn status(&self) -> u16 {
        match self {
            Self::Missing(_) | Self::Wrong(_) => 401,
            Self::Later(_) => 503,
        }
    }
}

/// Checks who sent a body to this endpoint; any of `secrets` may be the one, so that they can be
/// rotated.
///
/// SNS signs always and is always checked. Otherwise, where no secret is configured, everything is
/// taken as [`Trust::Unauthenticated`]; where one is, a body without proof is refused: by signature
/// where the provider can sign (our own form, Grafana), else by token (`Authorization: Bearer`,
/// `X-Allclear-Token` or `?token=`). `query` is the URL's, without `?`.
pub async fn prove(
    source: &Source,
    secrets: &[Secret],
    headers: &HeaderMap,
    query: &str,
    body: Bytes,
    now: Ts,
    certificates: &impl Certificates,
) -> Result<Verified, Refused> {
    let signed = |names: &[&str]| names.iter().any(|name| headers.contains_key(*name));
    match source.provider {
        Provider::Cloudwatch => sns::prove(&source.topics, body, now, certificates).await,
        _ if secrets.is_empty() => Ok(Verified::new(body, Trust::Unauthenticated)),
        Provider::Generic if signed(&standard::SIGNATURES) => {
            standard::prove(secrets, headers, body, now)
        }
        Provider::Grafana if signed(&[grafana::SIGNATURE]) => {
            grafana::prove(secrets, headers, body, now)
        }
        _ => token::prove(secrets, headers, query, body),
    }
}

/// A header that must be there exactly once: of two, one could be checked and the other one used.
fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refused> {
    let mut all = headers.get_all(name).iter();
    match (all.next().map(|value| value.to_str()), all.next()) {
        (Some(Ok(value)), None) => Ok(value),
        (None, _) => Err(Refused::Missing("a header of the signature is not there")),
        _ => Err(Refused::Wrong("a header of the signature is unreadable or there twice")),
    }
}

/// Seconds since 1970, digits only.
fn unix_seconds(text: &str) -> Result<Ts, Refused> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: Option<i64> = text.parse().ok().filter(|_| digits);
    seconds
        .and_then(|seconds| seconds.checked_mul(1_000))
        .map(Ts)
        .ok_or(Refused::Wrong("its time is no number of seconds since 1970"))
}

/// Whether a signed time lies within the tolerance, before or after ours.
fn is_fresh(signed_at: Ts, now: Ts, tolerance: Span) -> bool {
    signed_at.0.abs_diff(now.0) <= tolerance.0.unsigned_abs()
}

#[cfg(test)]
mod tests;
