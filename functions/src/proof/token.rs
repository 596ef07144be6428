//! A token that the monitor repeats: whoever saw one request knows it, so it is worth no more than
//! [`Trust::SharedSecret`].

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use shared::signal::Trust;

use super::{Refused, Secret, Verified};

const HEADER: &str = "x-allclear-token";
const PARAMETER: &str = "token";

/// Accepts a body that comes with one of the tokens, in any of the three places.
pub(super) fn prove(
    secrets: &[Secret],
    headers: &HeaderMap,
    query: &str,
    body: Bytes,
) -> Result<Verified, Refused> {
    let presented = presented(headers, query);
    if presented.is_empty() {
        return Err(Refused::Missing(
            "set the token as `Authorization: Bearer`, `X-Allclear-Token` or `?token=`",
        ));
    }
    let known = |token: &String| secrets.iter().any(|secret| same(secret.text(), token));
    if !presented.iter().any(known) {
        return Err(Refused::Wrong("the token is none of this endpoint"));
    }
    Ok(Verified::new(body, Trust::SharedSecret))
}

/// All tokens that came along; an empty one never matches, since no secret is empty.
fn presented(headers: &HeaderMap, query: &str) -> Vec<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let bearer = text(AUTHORIZATION.as_str())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned());
    let own = text(HEADER).map(|token| token.trim().to_owned());
    let in_url = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == PARAMETER)
        .map(|(_, token)| token.into_owned());
    bearer.into_iter().chain(own).chain(in_url).collect()
}

/// Compares tags instead of texts: the time it takes tells neither the place of a difference nor
/// the length.
fn same(secret: &str, presented: &str) -> bool {
    let tag = |text: &str| {
        Hmac::<Sha256>::new_from_slice(b"token").map(|mac| mac.chain_update(text.as_bytes()))
    };
    match (tag(secret), tag(presented)) {
        (Ok(secret), Ok(presented)) => presented.verify(&secret.finalize().into_bytes()).is_ok(),
        _ => false,
    }
}
