//! What the stand-in sends us: signed forms, and how it judges our answers.

use std::time::Duration;

use axum::http::StatusCode;
use reqwest::header::CONTENT_TYPE;
use tokio::time::sleep;

use super::twiml::{self, Verb};
use super::{ACCOUNT, Shared, signature};

/// Fields of a form.
pub(super) type Form = Vec<(String, String)>;

/// An answer that takes longer is none: Twilio's own limit.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// A form with what every one has.
pub(super) fn form(fields: &[(&str, &str)]) -> Form {
    let common = [("AccountSid", ACCOUNT), ("ApiVersion", "2010-04-01")];
    let all = common.iter().chain(fields);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Shared {
    /// Asks what to do. What Twilio would not take is objected to.
    pub(super) async fn ask(&self, url: &str, form: &Form) -> Option<Vec<Verb>> {
        let said: Result<(), String> = match self.send(url, form).await {
            Ok((status, kind, body)) if status.is_success() => {
                let is_xml = kind.starts_with("text/xml") || kind.starts_with("application/xml");
                match twiml::read(&body) {
                    _ if !is_xml => Err(format!("is {kind}, not XML")),
                    Ok(verbs) => return Some(verbs),
                    Err(why) => Err(format!("{why}: {body}")),
                }
            }
            Ok((status, _, body)) => Err(format!("answers {status}: {body}")),
            Err(why) => Err(why),
        };
        self.phones.object(format!("twilio: {url} {}", said.err().unwrap_or_default()));
        None
    }

    /// Tells us of a state, as the account is told.
    pub(super) async fn tell(&self, url: &str, form: &Form) {
        let post = self.lock().post;
        if post.lost || self.lock().down {
            return;
        }
        sleep(post.late).await;
        for _ in 0..=u8::from(post.twice) {
            match self.send(url, form).await {
                Ok((status, _, body)) if !status.is_success() => {
                    self.phones.object(format!("twilio: {url} answers {status}: {body}"));
                }
                Ok((status, _, body)) if body.is_empty() && status != StatusCode::NO_CONTENT => {
                    self.phones.object(format!("twilio: {url} answers {status} without a body"));
                }
                Ok(_) => {}
                Err(why) => self.phones.object(format!("twilio: {url} {why}")),
            }
        }
    }

    async fn send(&self, url: &str, form: &Form) -> Result<(StatusCode, String, String), String> {
        let token = self.lock().token.clone();
        let body: String =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.client.post(self.lock().behind(url)).timeout(ANSWER_WITHIN);
        let request = request.header("X-Twilio-Signature", signature(&token, url, form));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await.map_err(|error| error.to_string())?;
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let (status, kind) = (answer.status(), kind.unwrap_or_default().to_owned());
        Ok((status, kind, answer.text().await.map_err(|error| error.to_string())?))
    }
}
