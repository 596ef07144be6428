//! Tokens both ways: ours, RS256 with the application's key, and Vonage's, HS256 with the signature secret over the
//! body's hash.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use functions::vendors::phone::vonage::key;
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{APPLICATION, PRIVATE_KEY};

/// How far our clock may be off, in seconds.
const LEEWAY: i64 = 30;
/// The longest life of a token, in seconds.
const LIFE_MAX: i64 = 24 * 3_600;

/// The token that Vonage sends with a body.
pub fn token(secret: &str, id: &str, seconds: i64, body: &[u8]) -> String {
    let encode = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
    let claims = json!({
        "iat": seconds,
        "jti": id,
        "iss": "Vonage",
        "application_id": APPLICATION,
        "payload_hash": HEXLOWER.encode(&Sha256::digest(body)),
    });
    let signed = format!("{}.{}", encode(&json!({"alg": "HS256", "typ": "JWT"})), encode(&claims));
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

/// Whether a request's token is of our application, and fresh.
pub(super) fn admits(token: &str, seconds: i64) -> bool {
    claims(token).is_some_and(|claims| {
        let number = |name: &str| claims[name].as_i64();
        let (Some(iat), Some(exp)) = (number("iat"), number("exp")) else { return false };
        claims["application_id"] == APPLICATION
            && claims["jti"].as_str().is_some_and(|id| !id.is_empty())
            && iat <= seconds + LEEWAY
            && seconds <= exp
            && exp - iat <= LIFE_MAX
    })
}

/// The claims of a token that is signed with the application's key.
fn claims(token: &str) -> Option<Value> {
    let (signed, tag) = token.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
    let head: Value = serde_json::from_slice(&decode(head)?).ok()?;
    let key = key(PRIVATE_KEY)?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key());
    key.verify(signed.as_bytes(), &decode(tag)?).ok()?;
    (head["alg"] == "RS256").then(|| serde_json::from_slice(&decode(claims)?).ok()).flatten()
}
