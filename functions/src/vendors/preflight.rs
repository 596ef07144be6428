//! The standby's preflight at decision time: it answers over TLS, reaches its database, and its copy is fresh
//! (safety rule 4).
//!
//! What a health URL doesn't tell counts as not measured, and what is not measured fails: an unproven standby is no
//! standby.

use serde::Deserialize;
use shared::effect::{Finding, Outcome, Preflight};
use shared::time::{Span, Ts};

use crate::http::reason;

/// Stands for "not measured": older than any recovery point objective.
const UNKNOWN_AGE: Span = Span::days(36_500);

/// What a standby's health URL may say of itself.
#[derive(Default, Deserialize)]
struct Said {
    database: Option<Health>,
    data_age_seconds: Option<i64>,
}

/// Health URLs say `true` or `"ok"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Health {
    Flag(bool),
    Word(String),
}

/// Asks the standby.
pub async fn look(http: &reqwest::Client, url: &str, now: Ts) -> Outcome {
    let answer = match http.get(url).send().await {
        Ok(answer) => answer,
        Err(error) => return Outcome::Never { why: reason(error) },
    };
    let answers = answer.status().is_success();
    let certificate_life = life(&answer, now);
    let said: Said = answer.json().await.unwrap_or_default();
    let data_age = said.data_age();
    Outcome::Done(Finding::Standby(Preflight {
        answers,
        certificate_life,
        database: said.database.is_some_and(|health| health.is_good()),
        data_age,
        build: None,
    }))
}

impl Said {
    /// Some write -1 for "unknown"; what is no age is not measured.
    fn data_age(&self) -> Span {
        let seconds = self.data_age_seconds.filter(|age| (0..UNKNOWN_AGE.0 / 1_000).contains(age));
        seconds.map_or(UNKNOWN_AGE, Span::secs)
    }
}

impl Health {
    fn is_good(&self) -> bool {
        match self {
            Self::Flag(good) => *good,
            Self::Word(word) => word == "ok",
        }
    }
}

/// The rest of the leaf certificate's life; none at all without TLS.
fn life(answer: &reqwest::Response, now: Ts) -> Span {
    let leaf = answer.extensions().get::<reqwest::tls::TlsInfo>();
    let Some(der) = leaf.and_then(|leaf| leaf.peer_certificate()) else { return Span::ZERO };
    match x509_parser::parse_x509_certificate(der) {
        Ok((_, certificate)) => {
            Ts(certificate.validity().not_after.timestamp().saturating_mul(1_000)).since(now)
        }
        Err(_) => Span::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::site;
    use crate::{clock, http};

    async fn looked(path: &str) -> Preflight {
        let url = format!("{}{path}", site().await);
        match look(&http::client().unwrap(), &url, clock::now()).await {
            Outcome::Done(Finding::Standby(preflight)) => preflight,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_standby_says_how_fresh_its_data_is_and_without_tls_it_has_no_certificate() {
        let seen = looked("/up").await;
        assert!(seen.answers && seen.database, "{seen:?}");
        assert_eq!((seen.data_age, seen.certificate_life), (Span::secs(40), Span::ZERO));
    }

    #[tokio::test]
    async fn what_a_standby_does_not_say_counts_against_it() {
        let seen = looked("/ill").await;
        assert!(!seen.answers && !seen.database, "{seen:?}");
        assert_eq!(seen.data_age, UNKNOWN_AGE);
    }

    #[test]
    fn what_is_no_age_of_data_counts_as_not_measured() {
        for (age, read) in [(Some(3), Span::secs(3)), (Some(-1), UNKNOWN_AGE), (None, UNKNOWN_AGE)]
        {
            assert_eq!(Said { data_age_seconds: age, ..Said::default() }.data_age(), read);
        }
        let endless = Said { data_age_seconds: Some(i64::MAX), ..Said::default() };
        assert_eq!(endless.data_age(), UNKNOWN_AGE);
    }
}
