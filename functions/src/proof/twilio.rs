//! What Twilio signs: HMAC-SHA1 of the URL it called and of the form it sent, under the account's token.
//!
//! The URL is ours, from the settings: behind a proxy `Host` says something else, and a stranger may write anything into
//! it. There is no time in the scheme, so repeats are for the caller to drop by call, state and sequence. Source: Twilio,
//! "Validating requests".

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use axum::http::HeaderMap;
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use sha2::{Digest as _, Sha256};
use shared::signal::Trust;

use super::mac::{Digest, holds};
use super::{Refused, Secret, Verified, header};

const WRONG: Refused = Refused::Wrong("the signature is not of this URL, form and token");

/// Accepts a form, or a JSON body whose `bodySHA256` stands in the query, that was sent to `url`: the public URL with
/// its query. `secrets` are tokens of the account, two while one is being replaced.
pub fn twilio(
    secrets: &[Secret],
    headers: &HeaderMap,
    url: &str,
    body: Bytes,
) -> Result<Verified, Refused> {
    let tag = header(headers, "x-twilio-signature")?;
    let tag = BASE64.decode(tag.as_bytes()).map_err(|_| WRONG)?;
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let (_, hash) =
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "bodySHA256").unzip();
    let signed = match hash {
        None => form(&body),
        Some(hash) if is_hash_of(&hash, &body) => String::new(),
        Some(_) => return Err(Refused::Wrong("bodySHA256 is not of this body")),
    };
    let of = |url: &str, secret: &Secret| {
        let parts = [url.as_bytes(), signed.as_bytes()];
        holds(Digest::Sha1, secret.text().as_bytes(), &parts, &tag)
    };
    if !spellings(url).iter().any(|url| secrets.iter().any(|secret| of(url, secret))) {
        return Err(WRONG);
    }
    Ok(Verified::new(body, Trust::Signed))
}

/// Names and values with nothing between, sorted; a value that is there twice counts once.
fn form(body: &[u8]) -> String {
    let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        fields.entry(name.into()).or_default().insert(value.into());
    }
    let pairs = fields.iter().flat_map(|(name, values)| values.iter().map(move |it| (name, it)));
    pairs.map(|(name, value)| format!("{name}{value}")).collect()
}

fn is_hash_of(hash: &str, body: &[u8]) -> bool {
    HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).is_ok_and(|hash| hash == Sha256::digest(body)[..])
}

/// The URL as it is, without its port, and with the port that its scheme implies: Twilio signs any of them.
fn spellings(url: &str) -> Vec<String> {
    let mut all = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return all };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    if let Some((host, _)) = authority.rsplit_once(':').filter(|(_, port)| is_port(port)) {
        all.push(format!("{scheme}://{host}{path}"));
    } else {
        let port = if scheme == "https" { 443 } else { 80 };
        all.push(format!("{scheme}://{authority}:{port}{path}"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::tests::secrets;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn body(from: &str) -> String {
        let from = from.replace('+', "%2B");
        format!("Digits=1234&CallSid=CA1234567890ABCDE&To=%2B18005551212&Caller={from}&From={from}")
    }

    fn taken(tokens: &[&str], url: &str, body: &str, signature: &str) -> Result<(), Refused> {
        let mut headers = HeaderMap::new();
        headers.insert("x-twilio-signature", signature.parse().unwrap());
        twilio(&secrets(tokens), &headers, url, body.to_owned().into()).map(drop)
    }

    /// Twilio's documentation, twilio-python (`tests/unit/test_request_validator.py`, MIT) and GoAlert
    /// (`notification/twilio/signature_test.go`, Apache-2.0).
    #[test]
    fn published_signatures_of_forms_hold() {
        for (from, signature) in [
            ("+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("+12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
            ("+14158675310", "GvWf1cFY/Q7PnoempGyD5oXAezc="),
        ] {
            let taken = |tokens: &[&str], url: &str, body: &str| {
                taken(tokens, url, body, signature).is_ok()
            };
            assert!(
                taken(&["12345"], URL, &body(from)) && taken(&["new", "12345"], URL, &body(from))
            );
            assert!(!taken(&["1234"], URL, &body(from)) && !taken(&[], URL, &body(from)));
            assert!(!taken(&["12345"], URL, &(body(from) + "&Digits=1")));
            assert!(!taken(&["12345"], &(URL.to_owned() + "&more"), &body(from)));
        }
    }

    #[test]
    fn the_port_may_be_signed_or_not() {
        let plain = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        let with_port = URL.replace(".com", ".com:1234");
        let http = with_port.replace("https", "http");
        let of = |url: &str, signature| taken(&["12345"], url, &body("+14158675309"), signature);
        assert_eq!(of(&with_port, plain), Ok(()));
        assert_eq!(of(&http, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="), Ok(()));
        assert_eq!(of(URL, "kvajT1Ptam85bY51eRf/AJRuM3w="), Ok(()), "443 is implied");
        assert_eq!(of(&http, plain), Err(WRONG), "another scheme is another URL");
    }

    #[test]
    fn a_json_body_is_signed_by_its_hash_in_the_query() {
        let json = r#"{"property": "value", "boolean": true}"#;
        let hash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
        let of = |hash: &str, body: &str| {
            let url = format!("{URL}&bodySHA256={hash}");
            taken(&["12345"], &url, body, "a9nBmqA0ju/hNViExpshrM61xv4=")
        };
        assert_eq!(of(hash, json), Ok(()));
        assert!(of(hash, "{}").is_err() && of("", json).is_err());
    }

    #[test]
    fn what_is_there_twice_counts_once_and_in_order() {
        assert_eq!(form(b"b=2&a=9&b=10&b=2"), "a9b10b2");
        assert_eq!(form(b"Body=a+b%26c&Empty="), "Bodya b&cEmpty");
    }

    #[test]
    fn nothing_is_taken_without_a_signature() {
        let none = twilio(&secrets(&["12345"]), &HeaderMap::new(), URL, Bytes::new());
        assert!(matches!(none, Err(Refused::Missing(_))));
        for bad in ["", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "RSOYDt4T1cUT", "not base64!"] {
            assert_eq!(taken(&["12345"], URL, &body("+14158675309"), bad), Err(WRONG), "{bad}");
        }
    }
}
