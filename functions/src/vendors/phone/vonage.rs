//! Vonage: calls that ask for a key, and messages. The second failure domain.
//!
//! Every request carries a token of its own, signed with the application's RSA key. Vonage takes three calls a second and
//! rejects the fourth. Sources: Vonage, "Voice API", "Messages API", "Authentication".

use std::fmt;
use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pace::Pace;
use super::said::{Said, retry_after, unanswered};
use super::urls::CallUrls;
use crate::clock::Clock;

/// Vonage's own address.
const API: &str = "https://api.nexmo.com";
/// Three calls a second.
const CALL_EVERY: Duration = Duration::from_millis(340);
/// How long a phone rings, in seconds.
const RING_FOR: u32 = 30;
/// How long a token is good for, in seconds.
const TOKEN_LIFE: i64 = 60;
/// An answer that takes longer is lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// An application with its number.
pub struct Vonage {
    http: reqwest::Client,
    api: String,
    application: String,
    key: RsaKeyPair,
    from: String,
    clock: Clock,
    pace: Pace,
}

impl fmt::Debug for Vonage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vonage").field("api", &self.api).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Created {
    #[serde(alias = "uuid", alias = "message_uuid")]
    id: String,
}

#[derive(Default, Deserialize)]
struct Failed {
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
}

impl Vonage {
    /// `None` without an application, or with a key that is none; `doctor` says which. `from` is our number.
    pub fn from_environment(
        http: reqwest::Client,
        clock: Clock,
        from: &str,
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let set = |name: &str| read(name).filter(|value| !value.trim().is_empty());
        Some(Self {
            http,
            api: set("VONAGE_API_URL").unwrap_or_else(|| API.into()),
            application: set("VONAGE_APPLICATION_ID")?,
            key: key(&set("VONAGE_PRIVATE_KEY")?)?,
            from: bare(from).to_owned(),
            clock,
            pace: Pace::every(CALL_EVERY),
        })
    }

    /// Calls, and lets Vonage ask us what to say.
    pub async fn call(&self, to: &str, urls: &CallUrls) -> Said {
        if let Err(busy) = self.pace.turn().await {
            return busy;
        }
        let call = json!({
            "to": [{"type": "phone", "number": bare(to)}],
            "from": {"type": "phone", "number": self.from},
            "answer_url": [urls.answer],
            "answer_method": "POST",
            "event_url": [urls.status],
            "event_method": "POST",
            "ringing_timer": RING_FOR,
            // A hint only: whoever presses a key is a person.
            "advanced_machine_detection": {"behavior": "continue", "mode": "detect"},
        });
        self.post("v1/calls", &call).await
    }

    /// Sends a message; `status` is where its state is told.
    pub async fn text(&self, to: &str, body: &str, status: Option<&str>) -> Said {
        let mut message = json!({
            "message_type": "text",
            "channel": "sms",
            "to": bare(to),
            "from": self.from,
            "text": body,
        });
        if let Some(status) = status {
            message["webhook_url"] = json!(status);
            message["webhook_version"] = json!("v1");
        }
        self.post("v1/messages", &message).await
    }

    /// The state of a call, e.g. `answered`. `None` when that can't be had; messages can't be asked for.
    pub async fn call_state(&self, receipt: &str) -> Option<String> {
        let url = format!("{}/v1/calls/{receipt}", self.api);
        let asked = self.http.get(url).bearer_auth(self.token()?).timeout(ANSWER_WITHIN);
        let answer: Value = asked.send().await.ok()?.error_for_status().ok()?.json().await.ok()?;
        answer["status"].as_str().map(ToOwned::to_owned)
    }

    async fn post(&self, resource: &str, body: &Value) -> Said {
        let Some(token) = self.token() else {
            return Said::Closed { why: "VONAGE_PRIVATE_KEY signs nothing: make a new one".into() };
        };
        let request = self.http.post(format!("{}/{resource}", self.api)).bearer_auth(token);
        match request.timeout(ANSWER_WITHIN).json(body).send().await {
            Err(error) => unanswered(error),
            Ok(answer) => {
                let (status, wait) = (answer.status().as_u16(), retry_after(answer.headers()));
                match answer.bytes().await {
                    Ok(body) => said(status, &body, wait),
                    Err(error) => Said::Lost { why: crate::http::reason(error) },
                }
            }
        }
    }

    /// A token for one request.
    fn token(&self) -> Option<String> {
        let random = SystemRandom::new();
        let mut id = [0; 16];
        random.fill(&mut id).ok()?;
        let now = (self.clock)().0 / 1_000;
        let encode = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let head = encode(&json!({"alg": "RS256", "typ": "JWT"}));
        let claims = encode(&json!({
            "application_id": self.application,
            "iat": now,
            "exp": now + TOKEN_LIFE,
            "jti": HEXLOWER.encode(&id),
        }));
        let signed = format!("{head}.{claims}");
        let mut tag = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut tag).ok()?;
        Some(format!("{signed}.{}", BASE64URL_NOPAD.encode(&tag)))
    }
}

/// Reads the application's private key, PKCS#8 in PEM as Vonage's dashboard hands it out. Its lines may be joined by a
/// literal `\n`, as files of settings have them.
pub fn key(pem: &str) -> Option<RsaKeyPair> {
    let pem = pem.replace("\\n", "\n");
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()
}

/// Vonage writes numbers without the plus.
fn bare(number: &str) -> &str {
    number.trim_start_matches('+')
}

fn said(status: u16, body: &[u8], wait: Duration) -> Said {
    if (200..300).contains(&status) {
        return match serde_json::from_slice(body) {
            Ok(Created { id }) => Said::Took { receipt: id },
            Err(_) => Said::Lost { why: "its answer can't be read".into() },
        };
    }
    let Failed { title, detail } = serde_json::from_slice(body).unwrap_or_default();
    let says = match (title.is_empty(), detail.is_empty()) {
        (true, _) => format!("HTTP {status}"),
        (false, true) => title,
        (false, false) => format!("{title}: {detail}"),
    };
    match status {
        429 => Said::Busy { why: says, after: wait },
        401 | 403 => Said::Closed {
            why: format!(
                "it refuses our credentials: set VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY ({says})"
            ),
        },
        402 => Said::Closed { why: format!("the account is empty: {says}") },
        500.. => Said::Lost { why: says },
        _ => Said::Refused { why: says },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(status: u16, body: &str) -> Said {
        said(status, body.as_bytes(), Duration::from_secs(2))
    }

    #[test]
    fn what_was_taken_has_a_receipt() {
        let took = |receipt: &str| Said::Took { receipt: receipt.into() };
        assert_eq!(says(201, r#"{"uuid": "u1", "status": "started"}"#), took("u1"));
        assert_eq!(says(202, r#"{"message_uuid": "m1"}"#), took("m1"));
        assert!(matches!(says(202, "{}"), Said::Lost { .. }), "it may have been taken");
    }

    #[test]
    fn every_answer_says_what_is_next() {
        let after = Duration::from_secs(2);
        assert!(matches!(says(429, "{}"), Said::Busy { after: it, .. } if it == after));
        for status in [401, 402, 403] {
            assert!(matches!(says(status, "{}"), Said::Closed { .. }), "{status}");
        }
        for status in [400, 404, 422] {
            assert!(matches!(says(status, "{}"), Said::Refused { .. }), "{status}");
        }
        for status in [500, 503] {
            assert!(matches!(says(status, "{}"), Said::Lost { .. }), "{status}");
        }
    }

    #[test]
    fn the_reason_is_vonages_own() {
        let body = r#"{"title": "Invalid parameters", "detail": "Invalid to"}"#;
        assert_eq!(says(422, body), Said::Refused { why: "Invalid parameters: Invalid to".into() });
    }

    #[test]
    fn what_is_no_key_is_none() {
        assert!(key("").is_none() && key("-----BEGIN PRIVATE KEY-----").is_none());
    }
}
