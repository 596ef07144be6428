//! Vendors that are no monitors but sign the same way: Slack's requests and Vercel's webhooks.

use axum::body::Bytes;
use axum::http::HeaderMap;
use shared::signal::Trust;
use shared::time::Ts;

use super::mac::{Digest, any_hex_holds};
use super::{Refused, Secret, TOLERANCE, Verified, header, is_fresh, unix_seconds};

/// Accepts what Slack signed (scheme v0) within the last [`TOLERANCE`]. Source: Slack, "Verifying
/// requests".
pub fn slack(
    secrets: &[Secret],
    headers: &HeaderMap,
    body: Bytes,
    now: Ts,
) -> Result<Verified, Refused> {
    let timestamp = header(headers, "x-slack-request-timestamp")?;
    let signature = header(headers, "x-slack-signature")?;
    if !is_fresh(unix_seconds(timestamp)?, now, TOLERANCE) {
        return Err(Refused::Wrong("its time is more than 5 minutes away from ours"));
    }
    let parts = [b"v0:", timestamp.as_bytes(), b":", &body];
    let holds = signature.starts_with("v0=")
        && any_hex_holds(Digest::Sha256, secrets, &parts, signature, "v0=");
    if !holds {
        return Err(Refused::Wrong("the signature is not of this time, body and secret"));
    }
    Ok(Verified::new(body, Trust::SignedFresh))
}

/// Accepts what Vercel signed: SHA-1 of the body without a time, so repeats are for the caller to
/// drop by the body's `id`. Source: Vercel, "Securing webhooks".
pub fn vercel(secrets: &[Secret], headers: &HeaderMap, body: Bytes) -> Result<Verified, Refused> {
    let signature = header(headers, "x-vercel-signature")?;
    if !any_hex_holds(Digest::Sha1, secrets, &[&body], signature, "sha1=") {
        return Err(Refused::Wrong("the signature is not of this body and secret"));
    }
    Ok(Verified::new(body, Trust::Signed))
}
