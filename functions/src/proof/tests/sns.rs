//! SNS: messages signed for these tests, and Amazon's own where they lie beside the repository.
//!
//! `fixtures/messages.jsonl` was signed with `openssl dgst -sha1|-sha256 -sign key.pem` and the key
//! thrown away; the certificates come from `openssl req -x509 -newkey rsa:2048 -nodes -subj
//! /CN=sns.amazonaws.com -addext subjectAltName=DNS:sns.amazonaws.com -days 7305`, the second one
//! for `sns.example.com`.

use super::*;

const CERTIFICATE: &str = include_str!("../fixtures/certificate.pem");
const STRANGER: &str = include_str!("../fixtures/stranger.pem");
const MESSAGES: &str = include_str!("../fixtures/messages.jsonl");
/// 2026-11-24T03:04:05Z, three seconds after the messages.
const LATER: Ts = Ts(NOW.0 + 2 * 86_400_000);
const A_YEAR: Span = Span::days(365);

fn message(number: usize) -> &'static str {
    MESSAGES.lines().nth(number).unwrap()
}

async fn check(body: &str, pem: Option<&'static str>, now: Ts) -> Result<Verified, Refused> {
    let (source, body) = (source(Provider::Cloudwatch), Bytes::from(body.to_owned()));
    prove(&source, &[], &HeaderMap::new(), "", body, now, &Fixed(pem)).await
}

#[tokio::test]
async fn both_versions_and_both_casings_hold() {
    for (number, id) in ["0a-v1", "0b-v2", "0c-lambda", "0d-confirm"].into_iter().enumerate() {
        let proof = check(message(number), Some(CERTIFICATE), LATER).await.unwrap();
        assert_eq!((proof.trust(), proof.delivery_id()), (Trust::SignedFresh, Some(id)));
        assert_eq!(proof.subscribe_url().is_some(), id == "0d-confirm");
        let old = check(message(number), Some(CERTIFICATE), LATER + Span::mins(61)).await.unwrap();
        assert_eq!(old.trust(), Trust::Signed);
    }
}

#[tokio::test]
async fn a_changed_message_is_refused() {
    for (number, from, to) in [
        (0, "ALARM", "OK   "),
        (0, "0a-v1", "0a-v2"),
        (0, r#""Type": "Notification","#, r#""Type": "Notification", "Subject": "x","#),
        (0, r#""SignatureVersion": "1""#, r#""SignatureVersion": "2""#),
        (0, r#""SignatureVersion": "1""#, r#""SignatureVersion": "3""#),
        (0, r#""Signature": ""#, r#""Signature": "!"#),
        (1, "Ærø", "Aero"),
        (1, "03:04:02.000Z", "03:04:03.000Z"),
        (3, "Action=ConfirmSubscription", "Action=Unsubscribe"),
        (3, r#""Token": "t0ken", "#, ""),
        (3, "SubscriptionConfirmation", "Notification"),
        (3, "SubscriptionConfirmation", "Invitation"),
    ] {
        let changed = message(number).replacen(from, to, 1);
        assert_ne!(changed, message(number), "{from}");
        let refused = check(&changed, Some(CERTIFICATE), LATER).await.unwrap_err();
        assert_eq!(refused.status(), 401, "{from}");
    }
}

#[tokio::test]
async fn a_message_needs_its_fields_and_an_allowed_topic() {
    let whole: serde_json::Value = serde_json::from_str(message(0)).unwrap();
    for key in ["Type", "MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion"] {
        let mut part = whole.clone();
        part.as_object_mut().unwrap().remove(key);
        assert!(check(&part.to_string(), Some(CERTIFICATE), LATER).await.is_err(), "{key}");
    }
    for key in ["Signature", "SigningCertURL"] {
        let mut part = whole.clone();
        part[key] = serde_json::Value::Null;
        assert!(check(&part.to_string(), Some(CERTIFICATE), LATER).await.is_err(), "{key}");
    }
    let mut closed = source(Provider::Cloudwatch);
    closed.topics.clear();
    let (headers, body) = (HeaderMap::new(), Bytes::from(message(0)));
    let refused = prove(&closed, &[], &headers, "", body, LATER, &Fixed(None)).await.unwrap_err();
    assert!(refused.to_string().contains("`topics`"), "{refused}");
}

#[tokio::test]
async fn the_certificate_must_name_sns_and_hold_now() {
    for (pem, now) in [
        (STRANGER, LATER),
        ("", LATER),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", LATER),
        (CERTIFICATE, LATER - A_YEAR),
        (CERTIFICATE, LATER + A_YEAR.times(21)),
    ] {
        let refused = check(message(1), Some(pem), now).await.unwrap_err();
        assert!(refused.to_string().contains("certificate"), "{refused}");
    }
}

#[tokio::test]
async fn without_the_certificate_the_sender_is_asked_to_try_again() {
    let refused = check(message(1), None, LATER).await.unwrap_err();
    assert_eq!(refused.status(), 503);
}

#[test]
fn only_amazons_addresses_are_asked_for_certificates() {
    for url in [
        "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/cert.pem",
    ] {
        assert_eq!(CertificateUrl::new(url).unwrap().as_str(), url);
    }
    for url in [
        "",
        "http://sns.us-west-2.amazonaws.com/a.pem",
        "https://sns.us-west-2.amazonaws.com/a.crt",
        "https://sns.us-west-2.amazonaws.com/?x=a.pem",
        "https://sns.us-west-2.amazonaws.com/#a.pem",
        "https://sns.us-west-2.amazonaws.com.example/a.pem",
        "https://sns.us-west-2.amazonaws.com:8443/a.pem",
        "https://user@sns.us-west-2.amazonaws.com/a.pem",
        "https://sns.a.amazonaws.com/a.pem",
        "https://sns.amazonaws.com/a.pem",
        "https://sns.b.us-west-2.amazonaws.com/a.pem",
        "https://bucket.s3.amazonaws.com/a.pem",
        "https://evil.example/sns.us-west-2.amazonaws.com/a.pem",
    ] {
        assert_eq!(CertificateUrl::new(url), None, "{url}");
    }
}

/// `ALLCLEAR_SAMPLES`, else the folder beside the repository.
#[expect(clippy::disallowed_methods, reason = "tests only: where the samples lie is no setting")]
fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples");
    std::env::var_os("ALLCLEAR_SAMPLES").map_or(beside, PathBuf::from).join("aws-sns")
}

/// Published with aws-sdk-java-v2 (Apache-2.0); the certificate is of 2025-11-10 to 2026-10-14.
#[tokio::test]
async fn messages_that_amazon_signed_hold() {
    let now: Ts = "2026-03-06T20:00:00Z".parse().unwrap();
    let mut checked = 0;
    if let Ok(pem) = std::fs::read_to_string(folder().join("signing-certificate.pem")) {
        let certificates = Fixed(Some(pem.leak()));
        for name in ["other-notification-1", "other-notification-2", "other-subscription-2"] {
            let body = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
            amazons(&body, now, &certificates).await;
            checked += 1;
        }
    }
    note(&format!("{checked} messages that Amazon signed checked"));
}

async fn amazons(body: &str, now: Ts, certificates: &Fixed) {
    let mut source = source(Provider::Cloudwatch);
    let message: serde_json::Value = serde_json::from_str(body).unwrap();
    source.topics = vec![message["TopicArn"].as_str().unwrap().to_owned()];
    let check = async |body: String, now| {
        prove(&source, &[], &HeaderMap::new(), "", body.into(), now, certificates).await
    };
    let proof = check(body.to_owned(), now).await.unwrap();
    assert_eq!(proof.trust(), Trust::SignedFresh);
    assert_eq!(check(body.to_owned(), now + Span::hours(2)).await.unwrap().trust(), Trust::Signed);
    assert!(check(body.replacen("2026-03-06", "2026-03-07", 1), now).await.is_err());
    assert!(check(body.to_owned(), now + A_YEAR).await.is_err(), "the certificate has expired");
}

#[expect(clippy::print_stdout, reason = "a skipped check must be seen")]
fn note(text: &str) {
    println!("{text}");
}
