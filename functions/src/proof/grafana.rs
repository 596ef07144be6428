//! Grafana's HMAC: hexadecimal SHA-256 of the body, or of `{unix}:{body}` where the contact point
//! names a timestamp header; name it `X-Grafana-Alerting-Timestamp`.
//!
//! A signature that is older than [`TOLERANCE`] still proves who signed, so it is taken as one
//! without a time: losing an alert to a wrong clock would be worse than a suspicion. Source:
//! grafana/alerting, `http/hmac.go`.

use axum::body::Bytes;
use axum::http::HeaderMap;
use shared::signal::Trust;
use shared::time::Ts;

use super::mac::{Digest, any_hex_holds};
use super::{Refused, Secret, TOLERANCE, Verified, header, is_fresh, unix_seconds};

/// The header with the signature.
pub(super) const SIGNATURE: &str = "x-grafana-alerting-signature";
const TIMESTAMP: &str = "x-grafana-alerting-timestamp";

/// Accepts a body signed with one of the secrets.
pub(super) fn prove(
    secrets: &[Secret],
    headers: &HeaderMap,
    body: Bytes,
    now: Ts,
) -> Result<Verified, Refused> {
    let signature = header(headers, SIGNATURE)?;
    let holds = |parts: &[&[u8]]| any_hex_holds(Digest::Sha256, secrets, parts, signature, "");
    if !headers.contains_key(TIMESTAMP) {
        if !holds(&[&body]) {
            return Err(Refused::Wrong("the signature is not of this body and secret"));
        }
        return Ok(Verified::new(body, Trust::Signed));
    }
    let timestamp = header(headers, TIMESTAMP)?;
    let signed_at = unix_seconds(timestamp)?;
    if !holds(&[timestamp.as_bytes(), b":", &body]) {
        return Err(Refused::Wrong("the signature is not of this time, body and secret"));
    }
    let fresh = is_fresh(signed_at, now, TOLERANCE);
    Ok(Verified::new(body, if fresh { Trust::SignedFresh } else { Trust::Signed }))
}
