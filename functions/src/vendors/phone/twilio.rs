//! Twilio: calls that ask for a key, and messages. One failure domain.
//!
//! Twilio knows no idempotency key: a lost answer is never repeated here, but copied through another provider. What an
//! error code means: Twilio, "Error and warning dictionary".

use std::fmt;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;

use super::pace::Pace;
use super::said::{Said, retry_after, unanswered};
use super::urls::CallUrls;

/// Twilio's own address.
const API: &str = "https://api.twilio.com";
/// New accounts are given one call a second; more are queued there, for up to a day.
const CALL_EVERY: Duration = Duration::from_secs(1);
/// How long a phone rings, in seconds: six times, before most voicemails answer.
const RING_FOR: &str = "30";
/// What we want to hear of a call.
const EVENTS: [&str; 4] = ["initiated", "ringing", "answered", "completed"];
/// An answer that takes longer is lost: the page has 15 s in all.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// An account.
pub struct Twilio {
    http: reqwest::Client,
    api: String,
    account: String,
    token: String,
    from: String,
    pace: Pace,
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio").field("api", &self.api).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Created {
    sid: String,
}

#[derive(Deserialize)]
struct Failed {
    code: Option<u32>,
    #[serde(default)]
    message: String,
}

/// What a resource says about itself.
#[derive(Debug, Deserialize)]
pub struct Resource {
    /// Its state, e.g. `ringing` or `undelivered`.
    pub status: String,
    /// Why a message failed.
    #[serde(default)]
    pub error_code: Option<u32>,
    /// Who answered a call, where that was looked at.
    #[serde(default)]
    pub answered_by: Option<String>,
}

impl Twilio {
    /// `None` without an account. Of several tokens the first is used; the others are only believed. `from` is the number
    /// we call and write from.
    pub fn from_environment(
        http: reqwest::Client,
        from: &str,
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let set = |name: &str| read(name).filter(|value| !value.trim().is_empty());
        let tokens = set("TWILIO_AUTH_TOKEN")?;
        Some(Self {
            http,
            api: set("TWILIO_API_URL").unwrap_or_else(|| API.into()),
            account: set("TWILIO_ACCOUNT_SID")?,
            token: tokens.split(',').next()?.trim().to_owned(),
            from: from.to_owned(),
            pace: Pace::every(CALL_EVERY),
        })
    }

    /// Calls, and lets Twilio ask us what to say.
    pub async fn call(&self, to: &str, urls: &CallUrls) -> Said {
        if let Err(busy) = self.pace.turn().await {
            return busy;
        }
        let mut fields = vec![
            ("To", to),
            ("From", &self.from),
            ("Url", &urls.answer),
            ("StatusCallback", &urls.status),
            ("Timeout", RING_FOR),
            // A hint only: whoever presses a key is a person.
            ("MachineDetection", "DetectMessageEnd"),
        ];
        fields.extend(EVENTS.map(|event| ("StatusCallbackEvent", event)));
        fields.extend(urls.fallback.as_deref().map(|url| ("FallbackUrl", url)));
        self.post("Calls", &fields).await
    }

    /// Sends a message; `status` is where its state is told.
    pub async fn text(&self, to: &str, body: &str, status: Option<&str>) -> Said {
        let mut fields = vec![("To", to), ("From", self.from.as_str()), ("Body", body)];
        fields.extend(status.map(|url| ("StatusCallback", url)));
        self.post("Messages", &fields).await
    }

    /// Asks for a call or a message by its receipt. `None` when that can't be had.
    pub async fn resource(&self, receipt: &str) -> Option<Resource> {
        let kind = if receipt.starts_with("CA") { "Calls" } else { "Messages" };
        let url = self.url(&format!("{kind}/{receipt}"));
        let asked = self.http.get(url).basic_auth(&self.account, Some(&self.token));
        asked.timeout(ANSWER_WITHIN).send().await.ok()?.error_for_status().ok()?.json().await.ok()
    }

    fn url(&self, resource: &str) -> String {
        format!("{}/2010-04-01/Accounts/{}/{resource}.json", self.api, self.account)
    }

    async fn post(&self, resource: &str, fields: &[(&str, &str)]) -> Said {
        let form: String =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(self.url(resource));
        let request = request.basic_auth(&self.account, Some(&self.token));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match request.timeout(ANSWER_WITHIN).body(form).send().await {
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
}

fn said(status: u16, body: &[u8], wait: Duration) -> Said {
    if (200..300).contains(&status) {
        return match serde_json::from_slice(body) {
            Ok(Created { sid }) => Said::Took { receipt: sid },
            Err(_) => Said::Lost { why: "its answer can't be read".into() },
        };
    }
    let failed = serde_json::from_slice(body).ok();
    let Failed { code, message } = failed.unwrap_or(Failed { code: None, message: String::new() });
    let code_says = code.map_or(format!("HTTP {status}"), |code| format!("{message} ({code})"));
    match (status, code.unwrap_or(0)) {
        (429, _) | (_, 20429) => {
            Said::Busy { why: "too many requests (20429)".into(), after: wait }
        }
        (401 | 403, _) | (_, 20003) => Said::Closed {
            why: "it refuses our credentials (20003): set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
                .into(),
        },
        (_, 10004) => Said::Closed { why: format!("too many calls at once: {code_says}") },
        (_, 21606 | 21603 | 21659) => Said::Closed {
            why: format!("give phone.from.twilio a number of the account: {code_says}"),
        },
        (_, 11100 | 21205 | 21609) => {
            Said::Closed { why: format!("give phone.callback_url our address: {code_says}") }
        }
        (_, 30002 | 20005) => {
            Said::Closed { why: format!("the account is suspended: {code_says}") }
        }
        (_, 21610) => Said::Refused { why: format!("{OPTED_OUT} ({})", 21610) },
        (500.., _) => Said::Lost { why: code_says },
        _ => Said::Refused { why: code_says },
    }
}

/// What is said of somebody who has answered STOP: no message reaches them until they send START.
pub const OPTED_OUT: &str = "they have opted out of messages";

#[cfg(test)]
mod tests {
    use super::*;

    fn says(status: u16, body: &str) -> Said {
        said(status, body.as_bytes(), Duration::from_secs(7))
    }

    fn refusal(status: u16, code: u32) -> Said {
        says(status, &format!(r#"{{"code": {code}, "message": "No", "status": {status}}}"#))
    }

    #[test]
    fn what_was_taken_has_a_receipt() {
        assert_eq!(says(201, r#"{"sid": "CA1"}"#), Said::Took { receipt: "CA1".into() });
        assert!(matches!(says(201, "<html>"), Said::Lost { .. }), "it may have been taken");
    }

    #[test]
    fn every_code_says_what_is_next() {
        for (status, code) in [(429, 20429), (400, 20429)] {
            let after = Duration::from_secs(7);
            assert!(matches!(refusal(status, code), Said::Busy { after: it, .. } if it == after));
        }
        for (status, code) in [
            (401, 20003),
            (403, 20003),
            (400, 10004),
            (400, 21606),
            (400, 21603),
            (400, 11100),
            (400, 21609),
            (400, 30002),
        ] {
            assert!(matches!(refusal(status, code), Said::Closed { .. }), "{code}");
        }
        for (status, code) in [(400, 21201), (400, 21211), (400, 21610), (400, 21215), (404, 20404)]
        {
            assert!(matches!(refusal(status, code), Said::Refused { .. }), "{code}");
        }
        for status in [500, 502, 503, 504] {
            assert!(matches!(says(status, "<html>"), Said::Lost { .. }), "{status}");
        }
    }

    #[test]
    fn our_own_mistakes_say_what_to_mend() {
        let why = |said| match said {
            Said::Closed { why } => why,
            other => panic!("{other:?}"),
        };
        assert!(why(refusal(401, 20003)).contains("TWILIO_AUTH_TOKEN"));
        assert!(why(refusal(400, 21606)).contains("phone.from"));
        assert!(why(refusal(400, 11100)).contains("callback_url"));
    }
}
