//! Published vectors with everything that must fail, and messages signed for these tests.

use std::path::{Path, PathBuf};

use axum::http::HeaderValue;
use axum::http::header::HeaderName;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;

mod sns;

/// 2026-11-22T03:04:05Z.
const NOW: Ts = Ts(1_795_316_645_000);

pub(super) fn secrets(texts: &[&str]) -> Vec<Secret> {
    texts.iter().map(|text| Secret::new(text).unwrap()).collect()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn source(provider: Provider) -> Source {
    Source {
        id: "monitor-prod".into(),
        provider,
        component: "frontend".into(),
        monitors: vec![],
        topics: vec!["arn:aws:sns:us-west-2:000000000000:allclear".into()],
    }
}

/// Answers every address with this file, or with none.
struct Fixed(Option<&'static str>);

impl Certificates for Fixed {
    async fn pem(&self, _: &CertificateUrl) -> Result<Vec<u8>, Unavailable> {
        let pem = self.0.ok_or_else(|| Unavailable("timed out".into()))?;
        Ok(pem.as_bytes().to_vec())
    }
}

/// What the body `{}` is worth with these secrets, headers and query.
async fn proven(
    provider: Provider,
    keys: &[&str],
    pairs: &[(&'static str, &str)],
    query: &str,
) -> Result<Trust, Refused> {
    let (source, body) = (source(provider), Bytes::from_static(b"{}"));
    let proof =
        prove(&source, &secrets(keys), &headers(pairs), query, body, NOW, &Fixed(None)).await?;
    assert_eq!(proof.body(), "{}");
    Ok(proof.trust())
}

#[tokio::test]
async fn without_a_secret_everything_is_only_a_suspicion() {
    for provider in [Provider::Pingdom, Provider::Grafana, Provider::Generic] {
        let taken = proven(provider, &[], &[("webhook-signature", "v1,AAAA")], "token=x").await;
        assert_eq!(taken, Ok(Trust::Unauthenticated));
    }
    let sns = proven(Provider::Cloudwatch, &[], &[], "").await;
    assert_eq!(sns.unwrap_err().status(), 401);
}

#[tokio::test]
async fn a_token_is_taken_from_any_of_three_places() {
    let keys = ["old-token", "new-token"];
    let shared = Ok(Trust::SharedSecret);
    for token in keys {
        let bearer = format!("bearer {token}");
        let pingdom = Provider::Pingdom;
        assert_eq!(proven(pingdom, &keys, &[("authorization", &bearer)], "").await, shared);
        assert_eq!(proven(pingdom, &keys, &[("x-allclear-token", token)], "").await, shared);
        let query = format!("a=1&token={token}");
        assert_eq!(proven(pingdom, &keys, &[], &query).await, shared);
    }
    assert_eq!(proven(Provider::Generic, &keys, &[], "token=new%2Dtoken").await, shared);
}

#[tokio::test]
async fn a_missing_or_wrong_token_is_refused() {
    for (pairs, query) in [
        (vec![], ""),
        (vec![], "token="),
        (vec![], "token=other"),
        (vec![], "tokens=secret"),
        (vec![("authorization", "Basic secret")], ""),
        (vec![("authorization", "secret")], ""),
        (vec![("x-allclear-token", "secre")], ""),
        (vec![("x-allclear-token", "secrets")], ""),
    ] {
        let refused = proven(Provider::UptimeKuma, &["secret"], &pairs, query).await.unwrap_err();
        assert_eq!(refused.status(), 401);
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
}

#[test]
fn a_secret_is_never_empty_and_never_shown() {
    for empty in ["", " \n", "whsec_", " whsec_\n"] {
        assert_eq!(Secret::new(empty).unwrap_err(), EmptySecret);
    }
    let secret = Secret::new("hush\n").unwrap();
    assert_eq!((secret.text(), format!("{secret:?}").as_str()), ("hush", "Secret(…)"));
}

/// Standard Webhooks' published vector: secret, id, time, body, signature.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SIGNED_AT: i64 = 1_614_265_330;
const BODY: &str = r#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

/// Checks the vector so many seconds after it was signed.
fn standard_at(
    secret: &str,
    pairs: &[(&'static str, &str)],
    body: &'static str,
    seconds: i64,
) -> Result<Verified, Refused> {
    let now = Ts((SIGNED_AT + seconds) * 1_000);
    standard::prove(&secrets(&[secret]), &headers(pairs), Bytes::from(body), now)
}

fn signed<'a>(signature: &'a str, timestamp: &'a str) -> [(&'static str, &'a str); 3] {
    [("webhook-id", ID), ("webhook-timestamp", timestamp), ("webhook-signature", signature)]
}

#[test]
fn the_published_standard_webhook_holds() {
    let time = SIGNED_AT.to_string();
    let proof = standard_at(SECRET, &signed(SIGNATURE, &time), BODY, 0).unwrap();
    assert_eq!((proof.trust(), proof.delivery_id()), (Trust::SignedFresh, Some(ID)));
    let svix = [("svix-id", ID), ("svix-timestamp", time.as_str()), ("svix-signature", SIGNATURE)];
    assert!(standard_at(SECRET, &svix, BODY, 0).is_ok());
    assert!(standard_at(&SECRET[6..], &signed(SIGNATURE, &time), BODY, 300).is_ok());
    assert!(standard_at(SECRET, &signed(SIGNATURE, &time), BODY, -300).is_ok());
    let others = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
    let list = format!("{others} v2,{} {SIGNATURE} {others}", &SIGNATURE[3..]);
    assert!(standard_at(SECRET, &signed(&list, &time), BODY, 0).is_ok());
}

#[test]
fn a_wrong_signature_of_a_standard_webhook_is_refused() {
    let time = SIGNED_AT.to_string();
    for wrong in [
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
        "v1,",
        "v1",
        "",
        "v1,g0hM9",
        "v1,g0hM9SsE",
        "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7\
         AZdpXwVLPo3mNl8EM+m7TBAg==",
    ] {
        let refused = standard_at(SECRET, &signed(wrong, &time), BODY, 0).unwrap_err();
        assert!(!refused.to_string().contains("g0hM9"), "{refused}");
    }
    let right = signed(SIGNATURE, &time);
    assert!(standard_at(SECRET, &right, r#"{"test": 2432232315}"#, 0).is_err());
    assert!(standard_at("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &right, BODY, 0).is_err());
    assert!(standard_at("no base64!", &right, BODY, 0).is_err());
}

#[test]
fn a_standard_webhook_needs_all_headers_once_and_its_own_time() {
    let time = SIGNED_AT.to_string();
    let right = signed(SIGNATURE, &time);
    for missing in 0..3 {
        let mut pairs = right.to_vec();
        pairs.remove(missing);
        assert!(standard_at(SECRET, &pairs, BODY, 0).is_err(), "{missing}");
        let mut pairs = right.to_vec();
        pairs.push(right[missing]);
        assert!(standard_at(SECRET, &pairs, BODY, 0).is_err(), "{missing} twice");
    }
    for wrong in ["hello", "", "-1614265330", "1614265331", "1614265330.0", "9223372036854775807"] {
        assert!(standard_at(SECRET, &signed(SIGNATURE, wrong), BODY, 0).is_err(), "{wrong}");
    }
    for late in [301, -301] {
        assert!(standard_at(SECRET, &right, BODY, late).is_err(), "{late}");
    }
}

#[test]
fn a_key_may_be_unpadded_and_a_body_any_bytes() {
    let (key, body) = ("c2VjcmV0MQ", Bytes::from_static(b"\xff\xfe"));
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret1").unwrap();
    mac.update(b"msg_1.1795316645.\xff\xfe");
    let tag = data_encoding::BASE64.encode(&mac.finalize().into_bytes());
    let pairs = [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1795316645"),
        ("webhook-signature", &format!("v1,{tag}")),
    ];
    for key in [key.to_owned(), format!("{key}=="), format!("whsec_{key}==")] {
        assert!(standard::prove(&secrets(&[&key]), &headers(&pairs), body.clone(), NOW).is_ok());
    }
}

#[tokio::test]
async fn grafana_is_as_fresh_as_the_time_it_signs() {
    let tag = |parts: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"new").unwrap();
        mac.update(parts.as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes())
    };
    let bare = tag("{}");
    let timeless = [("x-grafana-alerting-signature", bare.as_str())];
    let (grafana, keys) = (Provider::Grafana, ["old", "new"]);
    assert_eq!(proven(grafana, &keys, &timeless, "").await, Ok(Trust::Signed));
    for (seconds, trust) in
        [(0, Trust::SignedFresh), (300, Trust::SignedFresh), (301, Trust::Signed)]
    {
        let time = (NOW.0 / 1_000 - seconds).to_string();
        let timed = tag(&format!("{time}:{{}}"));
        let pairs = [
            ("x-grafana-alerting-signature", timed.as_str()),
            ("x-grafana-alerting-timestamp", time.as_str()),
        ];
        assert_eq!(proven(grafana, &keys, &pairs, "").await, Ok(trust));
        assert!(proven(grafana, &["old"], &pairs, "").await.is_err());
        assert!(proven(grafana, &keys, &pairs[..1], "").await.is_err(), "the time was cut off");
        let added = [timeless[0], pairs[1]];
        assert!(proven(grafana, &keys, &added, "").await.is_err(), "a time was added");
    }
    let wrong = [("x-grafana-alerting-signature", "00")];
    assert!(proven(grafana, &keys, &wrong, "token=new").await.is_err(), "no way round it");
}

/// Slack's documentation and slackapi/python-slack-sdk (MIT).
#[test]
fn slacks_published_signature_holds() {
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
        &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
        &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
        %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let tag = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let check = |signature: &str, time: &str, body: &str, now: i64| {
        let pairs = [("x-slack-signature", signature), ("x-slack-request-timestamp", time)];
        let secret = secrets(&["8f742231b10e8888abcd99yyyzzz85a5"]);
        slack(&secret, &headers(&pairs), Bytes::from(body.to_owned()), Ts(now * 1_000)).is_ok()
    };
    let (time, at) = ("1531420618", 1_531_420_618);
    assert!(check(tag, time, BODY, at) && check(tag, time, BODY, at + 300));
    assert!(!check(tag, time, BODY, at + 301) && !check(tag, time, BODY, NOW.0 / 1_000));
    assert!(!check(tag, time, &format!("{BODY}------"), at) && !check(tag, time, "", at));
    assert!(!check(&tag[3..], time, BODY, at) && !check("v0=", time, BODY, at));
    assert!(!check(tag, "1531420619", BODY, at));
    assert!(slack(&secrets(&["x"]), &HeaderMap::new(), Bytes::new(), Ts(at * 1_000)).is_err());
}

#[test]
fn vercels_scheme_is_sha1_of_the_body() {
    let check = |signature: &str, secret: &str| {
        let pairs = headers(&[("x-vercel-signature", signature)]);
        vercel(&secrets(&[secret]), &pairs, Bytes::from_static(br#"{"a": "z"}"#))
    };
    let tag = "b17e04cbb22afa8ffbff8796fc1894ed27badd9e";
    assert_eq!(check(tag, "secret").unwrap().trust(), Trust::Signed);
    assert!(check(tag, "other").is_err() && check(&tag[..38], "secret").is_err());
    let sha256 = "f417af3a21bd70379b5796d5f013915e7029f62c580fb0f500f59a35a6f04c89";
    assert!(check(sha256, "secret").is_err());
}
