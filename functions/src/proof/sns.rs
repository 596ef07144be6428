//! Amazon SNS: every message carries its signature in its own body.
//!
//! Order of the checks: topic, certificate's address, certificate, signature. Nothing is fetched
//! for a topic that may not send here. Source: Amazon SNS developer guide, "Verifying the
//! signatures of Amazon SNS messages".

use std::fmt::Write;

use axum::body::Bytes;
use data_encoding::BASE64;
use serde::Deserialize;
use shared::signal::Trust;
use shared::time::{Span, Ts};

use super::certificate::{CertificateUrl, Certificates, Scheme, check, sns_url};
use super::{Refused, Verified, is_fresh};

/// An older message still proves its sender, but not that it isn't a replay: SNS itself retries for
/// about an hour.
const FRESH_FOR: Span = Span::hours(1);

/// The signed fields; Lambda writes the certificate's one in another case.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    r#type: String,
    #[serde(rename = "MessageId")]
    id: String,
    topic_arn: String,
    subject: Option<String>,
    #[serde(rename = "Message")]
    text: String,
    timestamp: String,
    token: Option<String>,
    #[serde(rename = "SubscribeURL", alias = "SubscribeUrl")]
    subscribe_url: Option<String>,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL", alias = "SigningCertUrl")]
    certificate_url: String,
}

/// Accepts a message that Amazon signed for one of the topics.
pub(super) async fn prove(
    topics: &[String],
    body: Bytes,
    now: Ts,
    certificates: &impl Certificates,
) -> Result<Verified, Refused> {
    let message: Message = serde_json::from_slice(&body)
        .map_err(|_| Refused::Missing("the body is no signed SNS message"))?;
    if !topics.contains(&message.topic_arn) {
        return Err(Refused::Wrong("the topic is none of this endpoint: add it to `topics`"));
    }
    let url = CertificateUrl::new(&message.certificate_url)
        .ok_or(Refused::Wrong("the certificate's address is not Amazon's"))?;
    let pem = certificates.pem(&url).await.map_err(Refused::Later)?;
    message.verify(&pem, now).map_err(Refused::Wrong)?;
    let signed_at: Option<Ts> = message.timestamp.parse().ok();
    let fresh = signed_at.is_some_and(|at| is_fresh(at, now, FRESH_FOR));
    let trust = if fresh { Trust::SignedFresh } else { Trust::Signed };
    let subscribe_url = message.confirms().map(ToOwned::to_owned);
    let delivery_id = Some(message.id);
    Ok(Verified { delivery_id, subscribe_url, ..Verified::new(body, trust) })
}

impl Message {
    /// Checks certificate and signature; the error says what doesn't hold.
    fn verify(&self, pem: &[u8], now: Ts) -> Result<(), &'static str> {
        let scheme = match self.signature_version.as_str() {
            "1" => Scheme::Sha1,
            "2" => Scheme::Sha256,
            _ => return Err("its version of signatures is unknown"),
        };
        let signature =
            BASE64.decode(self.signature.as_bytes()).map_err(|_| "the signature is no base64")?;
        let (host, _) = sns_url(&self.certificate_url).ok_or("the address is not Amazon's")?;
        let text = self.signed_text().ok_or("a signed field is not there")?;
        check(pem, host, now, scheme, text.as_bytes(), &signature)
    }

    /// Name and value on a line each, in the order of their names; which ones depends on the type.
    fn signed_text(&self) -> Option<String> {
        let mut fields = vec![("Message", &self.text), ("MessageId", &self.id)];
        match self.r#type.as_str() {
            "Notification" => {
                fields.extend(self.subject.as_ref().map(|subject| ("Subject", subject)));
                fields.push(("Timestamp", &self.timestamp));
            }
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
                fields.push(("SubscribeURL", self.subscribe_url.as_ref()?));
                fields.push(("Timestamp", &self.timestamp));
                fields.push(("Token", self.token.as_ref()?));
            }
            _ => return None,
        }
        fields.extend([("TopicArn", &self.topic_arn), ("Type", &self.r#type)]);
        let mut text = String::new();
        for (name, value) in fields {
            write!(text, "{name}\n{value}\n").ok()?;
        }
        Some(text)
    }

    /// The address that confirms a subscription, if it is one of SNS itself.
    fn confirms(&self) -> Option<&str> {
        let url = self.subscribe_url.as_deref().filter(|url| sns_url(url).is_some())?;
        (self.r#type == "SubscriptionConfirmation").then_some(url)
    }
}
