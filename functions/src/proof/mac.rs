//! HMAC as vendors put it into headers. Comparison takes the same time wherever a tag differs, and
//! a tag that was cut short never matches.

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::Secret;

/// Tags looked at in one header: each costs a pass over the body, which strangers could make long.
pub(super) const MAX_TAGS: usize = 8;

/// The hash inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1: Vercel and Twilio.
    Sha1,
    /// SHA-256: everybody else.
    Sha256,
}

/// Whether `tag` is the HMAC of all parts, one after the other.
pub fn holds(digest: Digest, key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
    match digest {
        Digest::Sha1 => check::<Hmac<Sha1>>(key, parts, tag),
        Digest::Sha256 => check::<Hmac<Sha256>>(key, parts, tag),
    }
}

fn check<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
    // HMAC takes keys of any length; an empty one is refused because everybody has it.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return false };
    for part in parts {
        mac.update(part);
    }
    !key.is_empty() && mac.verify_slice(tag).is_ok()
}

/// Whether one of the hexadecimal tags in a header is right for one of the secrets.
///
/// The header is one tag or a list with commas, each with or without the vendor's `prefix` (such as
/// `sha1=`).
pub fn any_hex_holds(
    digest: Digest,
    secrets: &[Secret],
    parts: &[&[u8]],
    header: &str,
    prefix: &str,
) -> bool {
    header.split(',').take(MAX_TAGS).map(str::trim).any(|tag| {
        let tag = tag.strip_prefix(prefix).unwrap_or(tag);
        let holds = |tag: &[u8]| {
            secrets.iter().any(|secret| holds(digest, secret.text().as_bytes(), parts, tag))
        };
        HEXLOWER_PERMISSIVE.decode(tag.as_bytes()).is_ok_and(|tag| holds(&tag))
    })
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::proof::tests::secrets;

    #[test]
    fn the_primitives_agree_with_rfc_4231_and_rfc_2202() {
        let holds = |digest, tag: &str| {
            let tag = HEXLOWER.decode(tag.as_bytes()).unwrap();
            holds(digest, b"Jefe", &[b"what do ya want ", b"for nothing?"], &tag)
        };
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let sha1 = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
        assert!(holds(Digest::Sha256, sha256) && holds(Digest::Sha1, sha1));
        assert!(!holds(Digest::Sha256, sha1) && !holds(Digest::Sha1, sha256));
        assert!(!super::holds(Digest::Sha256, b"", &[b"x"], &[0; 32]));
        assert!(!holds(Digest::Sha256, &sha256[..32]) && !holds(Digest::Sha256, ""));
    }

    /// Published by adnanh/webhook (`internal/hook/hook_test.go`, MIT): secret, body and tags.
    #[test]
    fn published_lists_of_tags_are_read() {
        let good = "b17e04cbb22afa8ffbff8796fc1894ed27badd9e";
        let bad = format!("XXX{}", &good[3..]);
        let holds = |keys: &[&str], body: &str, header: &str| {
            any_hex_holds(Digest::Sha1, &secrets(keys), &[body.as_bytes()], header, "sha1=")
        };
        let body = r#"{"a": "z"}"#;
        for header in [
            good.to_owned(),
            format!("sha1={good}"),
            format!("sha1={bad},sha1={good}"),
            format!("{bad}, {good}"),
        ] {
            assert!(holds(&["old", "secret"], body, &header), "{header}");
            assert!(!holds(&["other"], body, &header) && !holds(&[], body, &header));
        }
        let hidden = format!("{}{good}", format!("{bad},").repeat(MAX_TAGS));
        for header in [hidden, bad.clone(), format!("{bad},{bad}"), "sha1=".into(), String::new()] {
            assert!(!holds(&["secret"], body, &header), "{header}");
        }
        assert!(holds(&["secret"], "", "25af6174a0fcecc4d346680a72b7ce644b9a88e8"));
        let sha256 = "sha256=f417af3a21bd70379b5796d5f013915e7029f62c580fb0f500f59a35a6f04c89";
        let keys = secrets(&["secret"]);
        assert!(any_hex_holds(Digest::Sha256, &keys, &[body.as_bytes()], sha256, "sha256="));
    }

    /// GitHub's documentation and octokit/webhooks-methods.js (MIT).
    #[test]
    fn githubs_published_signatures_hold() {
        for (secret, body, tag) in [
            (
                "It's a Secret to Everybody",
                "Hello, World!",
                "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            ),
            (
                "mysecret",
                r#"{"foo":"bar"}"#,
                "4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3",
            ),
        ] {
            let holds = |secret: &str, tag: &str| {
                let keys = secrets(&[secret]);
                any_hex_holds(Digest::Sha256, &keys, &[body.as_bytes()], tag, "sha256=")
            };
            assert!(holds(secret, &format!("sha256={tag}")));
            assert!(!holds("foo", tag) && !holds(secret, "foo"));
        }
    }
}
