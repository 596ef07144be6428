//! Standard Webhooks with a shared key (`v1`), under its own header names and Svix's.
//!
//! Where the reference libraries disagree, we decide: the secret is base64 with or without padding
//! and with or without `whsec_`; the body is bytes, UTF-8 or not; a signature is base64 with
//! padding. Asymmetric signatures (`v1a`) are ignored like any unknown version. Source:
//! standardwebhooks.com, specification.

use axum::body::Bytes;
use axum::http::HeaderMap;
use data_encoding::{BASE64, BASE64_NOPAD};
use shared::signal::Trust;
use shared::time::Ts;

use super::mac::{Digest, MAX_TAGS, holds};
use super::{Refused, Secret, TOLERANCE, Verified, header, is_fresh, unix_seconds};

/// What a secret may begin with.
pub(super) const PREFIX: &str = "whsec_";
/// The headers that say that a body is signed this way.
pub(super) const SIGNATURES: [&str; 2] = ["webhook-signature", "svix-signature"];

/// Accepts a body signed with one of the secrets within the last [`TOLERANCE`].
pub(super) fn prove(
    secrets: &[Secret],
    headers: &HeaderMap,
    body: Bytes,
    now: Ts,
) -> Result<Verified, Refused> {
    let [id, timestamp, signature] = if headers.contains_key(SIGNATURES[0]) {
        ["webhook-id", "webhook-timestamp", SIGNATURES[0]]
    } else {
        ["svix-id", "svix-timestamp", SIGNATURES[1]]
    };
    let (id, timestamp) = (header(headers, id)?, header(headers, timestamp)?);
    let signature = header(headers, signature)?;
    if !is_fresh(unix_seconds(timestamp)?, now, TOLERANCE) {
        return Err(Refused::Wrong("its time is more than 5 minutes away from ours"));
    }
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &body];
    if !any_holds(secrets, &parts, signature) {
        return Err(Refused::Wrong("no v1 signature is of this id, time, body and secret"));
    }
    let delivery_id = Some(id.to_owned());
    Ok(Verified { delivery_id, ..Verified::new(body, Trust::SignedFresh) })
}

/// The header lists signatures with blanks between them: one for each key while keys are rotated.
fn any_holds(secrets: &[Secret], parts: &[&[u8]], header: &str) -> bool {
    let keys: Vec<Vec<u8>> = secrets.iter().filter_map(key).collect();
    header
        .split(' ')
        .take(MAX_TAGS)
        .filter_map(|entry| BASE64.decode(entry.strip_prefix("v1,")?.as_bytes()).ok())
        .any(|tag| keys.iter().any(|key| holds(Digest::Sha256, key, parts, &tag)))
}

/// The key inside a secret; a secret that is no base64 is a token and signs nothing.
fn key(secret: &Secret) -> Option<Vec<u8>> {
    let text = secret.text();
    let text = text.strip_prefix(PREFIX).unwrap_or(text).trim_end_matches('=');
    BASE64_NOPAD.decode(text.as_bytes()).ok().filter(|key| !key.is_empty())
}
