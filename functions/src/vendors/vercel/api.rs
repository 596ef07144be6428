//! One call to Vercel's API, and why it brought no reply.
//!
//! Nothing is tried twice here: whether a second try is safe is known only to whoever makes the call.

use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::time::{Span, Ts};

use super::paths::{Call, Place};
use crate::http::reason;

/// A read that takes longer is given up: several of them have to fit into the time of one look.
const READ_TIMEOUT: Duration = Duration::from_secs(8);
/// No wait asked for is believed beyond that; limits are counted by the minute.
const LONGEST_WAIT: Span = Span::mins(10);
/// Most characters of an error that are repeated to people.
const SAID_MAX: usize = 300;

/// The API of one team's project.
pub(super) struct Api {
    pub base: String,
    pub token: Token,
    /// Its id (`team_…`) or its slug.
    pub team: Option<String>,
    /// The project's id or name, from the plan.
    pub project: String,
    pub http: reqwest::Client,
}

/// A secret: no `Debug`, no `Display`, and a header that HTTP libraries don't show.
pub(super) struct Token(String);

impl Token {
    pub(super) fn new(token: &str) -> Self {
        Self(token.trim().to_owned())
    }

    fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nothing was sent: the API can't be reached, or our settings are wrong.
    Away(String),
    /// It was sent; the reply was lost, or the provider failed over it.
    Lost(String),
    /// The provider refused, and did nothing.
    Refused(Refusal),
    /// The reply can't be read.
    Garbled(String),
}

/// What the provider refused, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: u16,
    pub says: String,
    /// How long it asks us to wait.
    pub wait: Option<Span>,
}

/// A reply that is a success.
pub(super) struct Reply {
    pub status: u16,
    /// The server's clock, to the second.
    pub date: Option<Ts>,
    body: Vec<u8>,
}

impl Reply {
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Trouble> {
        serde_json::from_slice(&self.body).map_err(|error| Trouble::Garbled(error.to_string()))
    }
}

impl Api {
    /// Reads.
    pub(super) async fn get(&self, call: &Call<'_>) -> Result<Reply, Trouble> {
        reply(self.request(call)?.timeout(READ_TIMEOUT)).await
    }

    /// Writes. The body is `{}` where a call has none: Vercel requires it.
    pub(super) async fn post(&self, call: &Call<'_>, body: &Value) -> Result<Reply, Trouble> {
        reply(self.request(call)?.json(body)).await
    }

    fn request(&self, call: &Call<'_>) -> Result<RequestBuilder, Trouble> {
        let place = call.place(&self.project);
        let url = self
            .address(&place)
            .ok_or_else(|| Trouble::Away(format!("VERCEL_API_URL is no URL: {}", self.base)))?;
        let token = self.token.header().ok_or_else(|| {
            Trouble::Away("VERCEL_TOKEN holds characters that no token has".into())
        })?;
        Ok(self.http.request(place.method, url).header(AUTHORIZATION, token))
    }

    fn address(&self, place: &Place) -> Option<Url> {
        let mut url = Url::parse(&self.base).ok()?;
        let mut values = place.segments.iter();
        {
            let mut path = url.path_segments_mut().ok()?;
            path.pop_if_empty();
            for part in place.path.split('/') {
                // An id of the plan or of an incident is one segment, whatever it is made of.
                path.push(if part == "{}" { values.next()? } else { part });
            }
        }
        let team = self.team.as_ref().map(|team| (team_parameter(team), team.clone()));
        let query: Vec<_> = place.query.iter().cloned().chain(team).collect();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Some(url)
    }
}

fn team_parameter(team: &str) -> &'static str {
    if team.starts_with("team_") { "teamId" } else { "slug" }
}

async fn reply(request: RequestBuilder) -> Result<Reply, Trouble> {
    let sent = request.send().await.map_err(|error| {
        if error.is_connect() || error.is_builder() {
            return Trouble::Away(reason(error));
        }
        Trouble::Lost(reason(error))
    });
    let answer = sent?;
    let (status, date) = (answer.status(), date(answer.headers()));
    if status.is_success() {
        let body = answer.bytes().await.map_err(|error| Trouble::Lost(reason(error)))?;
        return Ok(Reply { status: status.as_u16(), date, body: body.into() });
    }
    Err(trouble(answer, date).await)
}

async fn trouble(answer: Response, date: Option<Ts>) -> Trouble {
    let status = answer.status().as_u16();
    let wait = wait(answer.headers(), date);
    let says = said(&answer.bytes().await.unwrap_or_default());
    if status >= 500 {
        return Trouble::Lost(format!("HTTP {status}: {says}"));
    }
    Trouble::Refused(Refusal { status, says, wait })
}

fn date(headers: &HeaderMap) -> Option<Ts> {
    let at = rfc2822::parse(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(Ts(at.timestamp().as_millisecond()))
}

/// `Retry-After` in seconds, else the moment `X-RateLimit-Reset` in seconds since 1970, by the server's clock.
fn wait(headers: &HeaderMap, date: Option<Ts>) -> Option<Span> {
    let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let asked = number("retry-after")
        .map(Span::secs)
        .or_else(|| Some(Ts(number("x-ratelimit-reset")?.saturating_mul(1_000)).since(date?)))?;
    Some(asked.clamp(Span::secs(1), LONGEST_WAIT))
}

/// The words of an error, in whichever of its shapes it comes.
fn said(body: &[u8]) -> String {
    let whole: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = ["error", "err"].iter().find_map(|key| whole.get(key)).unwrap_or(&whole);
    let words = error.get("message").or_else(|| error.get("code")).unwrap_or(error);
    let words = words.as_str().unwrap_or("it does not say why");
    words.chars().take(SAID_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_in_each_of_its_shapes() {
        for body in [
            r#"{"error": {"code": "gone", "message": "It is gone"}}"#,
            r#"{"err": {"message": "It is gone"}}"#,
            r#"{"status": 400, "code": "bad_request", "message": "It is gone"}"#,
            r#"{"error": "It is gone"}"#,
            r#"{"err": {"code": "It is gone"}}"#,
        ] {
            assert_eq!(said(body.as_bytes()), "It is gone", "{body}");
        }
        assert_eq!(said(b"<html>"), "it does not say why");
    }

    #[test]
    fn a_wait_is_taken_from_either_header_and_by_the_servers_clock() {
        let date = Some(Ts(1_000_000));
        let asked = |name: &'static str, value: &'static str| {
            wait(&HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]), date)
        };
        assert_eq!(asked("retry-after", "7"), Some(Span::secs(7)));
        assert_eq!(asked("x-ratelimit-reset", "1042"), Some(Span::secs(42)));
        assert_eq!(asked("retry-after", "86400"), Some(LONGEST_WAIT));
        assert_eq!(asked("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }

    #[test]
    fn an_id_is_one_segment_of_the_address_whatever_it_is_made_of() {
        let api = Api {
            base: "http://127.0.0.1:9/proxy/".into(),
            token: Token::new("t"),
            team: Some("ours".into()),
            project: "site".into(),
            http: crate::http::client().unwrap(),
        };
        let call = Call::RollBack { project: "prj", to: "../a?b", description: "stream/1/2" };
        let url = api.address(&call.place(&api.project)).unwrap();
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:9/proxy/v1/projects/prj/rollback/..%2Fa%3Fb\
             ?description=stream%2F1%2F2&slug=ours"
        );
    }
}
