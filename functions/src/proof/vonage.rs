//! What Vonage signs: a JWT in `Authorization`, HS256 under the account's signature secret, that names the body's hash.
//!
//! The token carries the time it was made at and an id of its own, so that it can be taken once. Only HS256 is taken,
//! whatever the token's header asks for. Source: Vonage, "Signed webhooks".

use axum::body::Bytes;
use axum::http::HeaderMap;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use shared::signal::Trust;
use shared::time::Ts;

use super::mac::{Digest, holds};
use super::{Refused, Secret, TOLERANCE, Verified, header, is_fresh};

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    /// Seconds since 1970.
    iat: i64,
    jti: String,
    #[serde(default)]
    payload_hash: String,
}

/// Accepts a body whose token was made within the last [`TOLERANCE`]. The token's id is the delivery's: the caller takes
/// each once.
pub fn vonage(
    secrets: &[Secret],
    headers: &HeaderMap,
    body: Bytes,
    now: Ts,
) -> Result<Verified, Refused> {
    let bearer = header(headers, "authorization")?;
    let token =
        bearer.strip_prefix("Bearer ").ok_or(Refused::Missing("there is no bearer token"))?;
    let claims = claims(secrets, token)?;
    if !is_fresh(Ts(claims.iat.saturating_mul(1_000)), now, TOLERANCE) {
        return Err(Refused::Wrong("its time is more than 5 minutes away from ours"));
    }
    if claims.payload_hash != HEXLOWER.encode(&Sha256::digest(&body)) {
        return Err(Refused::Wrong("the token is not of this body"));
    }
    let delivery_id = Some(claims.jti);
    Ok(Verified { delivery_id, ..Verified::new(body, Trust::SignedFresh) })
}

fn claims(secrets: &[Secret], token: &str) -> Result<Claims, Refused> {
    const MALFORMED: Refused = Refused::Wrong("the token is no JWT");
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(tag), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(MALFORMED);
    };
    let decoded = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| MALFORMED);
    let Head { alg } = serde_json::from_slice(&decoded(head)?).map_err(|_| MALFORMED)?;
    let (tag, signed) = (decoded(tag)?, [head.as_bytes(), b".", body.as_bytes()]);
    let of = |secret: &Secret| holds(Digest::Sha256, secret.text().as_bytes(), &signed, &tag);
    if alg != "HS256" || !secrets.iter().any(of) {
        return Err(Refused::Wrong("the token is not signed with this secret"));
    }
    serde_json::from_slice(&decoded(body)?).map_err(|_| MALFORMED)
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use serde_json::{Value, json};

    use super::*;
    use crate::proof::tests::secrets;

    const NOW: Ts = Ts(1_764_000_000_000);
    const BODY: &str = r#"{"uuid":"aaaa","status":"answered"}"#;

    fn token(secret: &str, alg: &str, claims: &Value) -> String {
        let encode = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let signed = format!("{}.{}", encode(&json!({"alg": alg, "typ": "JWT"})), encode(claims));
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
    }

    fn good() -> Value {
        let hash = HEXLOWER.encode(&Sha256::digest(BODY));
        json!({"iat": NOW.0 / 1_000, "jti": "once", "iss": "Vonage", "payload_hash": hash})
    }

    fn taken(token: &str, body: &str) -> Result<Verified, Refused> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        vonage(&secrets(&["new", "old"]), &headers, body.to_owned().into(), NOW)
    }

    /// jwt.io's own example, which every library publishes; it names no body, so only its signature is looked at.
    #[test]
    fn the_published_token_holds() {
        let published = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
             eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.\
             SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        let says = |secret| claims(&secrets(&[secret]), published).err().unwrap();
        assert_eq!(says("your-256-bit-secret"), Refused::Wrong("the token is no JWT"), "no jti");
        assert_eq!(says("another"), Refused::Wrong("the token is not signed with this secret"));
    }

    #[test]
    fn a_fresh_token_of_this_body_is_taken_with_its_id() {
        for secret in ["new", "old"] {
            let verified = taken(&token(secret, "HS256", &good()), BODY).unwrap();
            assert_eq!(
                (verified.trust(), verified.delivery_id()),
                (Trust::SignedFresh, Some("once"))
            );
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let with = |name: &str, value: Value| {
            let mut claims = good();
            claims[name] = value;
            token("new", "HS256", &claims)
        };
        let seconds = NOW.0 / 1_000;
        for (why, token, body) in [
            ("another secret", token("other", "HS256", &good()), BODY),
            ("no signature asked for", token("new", "none", &good()), BODY),
            ("another algorithm", token("new", "HS512", &good()), BODY),
            ("another body", token("new", "HS256", &good()), "{}"),
            ("no hash", with("payload_hash", json!("")), BODY),
            ("too old", with("iat", json!(seconds - 301)), BODY),
            ("from the future", with("iat", json!(seconds + 301)), BODY),
            ("no end of time", with("iat", json!(i64::MAX)), BODY),
            ("no id", with("jti", Value::Null), BODY),
            ("cut short", "a.b".into(), BODY),
        ] {
            assert!(matches!(taken(&token, body), Err(Refused::Wrong(_))), "{why}");
        }
        let none = vonage(&secrets(&["new"]), &HeaderMap::new(), BODY.into(), NOW);
        assert!(matches!(none, Err(Refused::Missing(_))));
    }
}
