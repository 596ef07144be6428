//! Pingdom's webhook: one check that changed its state.
//!
//! Its `importance_level` (HIGH, LOW) is no level of the plan and is deliberately not read. Source:
//! Pingdom's webhook documentation; transaction checks say SUCCESS and FAILING.

use serde::Deserialize;

use super::intake::{Draft, Intake, State, json};
use super::text::Text;
use super::{Health, Kind, Malformed, Signal};

const SEND: &str = "Pingdom's webhook form: {\"check_id\":…,\"current_state\":\"DOWN\",…}";

/// One change of one check. Times are given twice: as an epoch, and in UTC without saying so.
#[derive(Deserialize)]
struct Post<'a> {
    #[serde(borrow)]
    current_state: Text<'a>,
    #[serde(borrow, default)]
    check_id: Text<'a>,
    #[serde(borrow, default)]
    check_name: Text<'a>,
    #[serde(borrow)]
    check_params: Option<Params<'a>>,
    #[serde(borrow, default)]
    state_changed_timestamp: Text<'a>,
    #[serde(borrow, default)]
    state_changed_utc_time: Text<'a>,
    #[serde(borrow, default)]
    long_description: Text<'a>,
    #[serde(borrow, default)]
    description: Text<'a>,
}

/// HTTP checks have an URL; checks of other protocols a host and a port.
#[derive(Default, Deserialize)]
struct Params<'a> {
    #[serde(borrow, default)]
    full_url: Text<'a>,
    #[serde(borrow, default)]
    hostname: Text<'a>,
    #[serde(borrow, default)]
    port: Text<'a>,
}

/// Reads a POST.
pub(super) fn read(intake: &Intake<'_>, body: &str) -> Result<Vec<Signal>, Malformed> {
    let post: Post<'_> = json(body, SEND)?;
    let health = match post.current_state.lower().as_str() {
        "down" | "failing" => Health::Down,
        "up" | "success" => Health::Up,
        _ => Health::Unknown,
    };
    let target = post.check_params.as_ref().and_then(Params::target);
    let changed = intake
        .when(post.state_changed_timestamp.get())
        .or_else(|| intake.when(post.state_changed_utc_time.get()));
    Ok(vec![intake.signal(Draft {
        key: post.check_id.get().map(Into::into),
        name: post.check_name.get(),
        target: target.as_deref(),
        reason: post.long_description.get().or(post.description.get()),
        observed: changed,
        started: changed.filter(|_| health == Health::Down),
        ..Draft::new(Kind::Transition, State::Is(health))
    })])
}

impl Params<'_> {
    fn target(&self) -> Option<String> {
        let host = match (self.hostname.get(), self.port.get()) {
            (Some(host), Some(port)) => Some(format!("{host}:{port}")),
            (host, _) => host.map(ToOwned::to_owned),
        };
        self.full_url.get().map(ToOwned::to_owned).or(host)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Provider::Pingdom;
    use super::super::tests::lines;

    #[test]
    fn a_check_goes_down_and_comes_up() {
        let down = r#"{"check_id":9007199254740993,"check_name":"Home","check_type":"HTTP",
            "check_params":{"full_url":"https://app.example/","hostname":"app.example","port":443},
            "previous_state":"UP","current_state":"DOWN","state_changed_timestamp":1795316600,
            "state_changed_utc_time":"2026-11-22T03:03:20","importance_level":"HIGH",
            "description":"timeout","long_description":"Timeout (> 30s)",
            "first_probe":{"location":"Oslo"},"second_probe":{}}"#;
        let tcp = r#"{"check_id":"5","current_state":"UP","check_params":{"hostname":"db.example",
            "port":5432},"state_changed_utc_time":"2026-11-22T03:04:00","description":"OK"}"#;
        assert_eq!(
            lines(Pingdom, down),
            ["Transition Down frontend 9007199254740993 \
              alert=- seen=45 start=45 Zoned | Home | https://app.example/ | Timeout (> 30s)"]
        );
        assert_eq!(
            lines(Pingdom, tcp),
            ["Transition Up frontend 5 \
              alert=- seen=5 start=- AssumedUtc | - | db.example:5432 | OK"]
        );
    }

    #[test]
    fn transaction_checks_have_words_of_their_own() {
        let said =
            |word: &str| lines(Pingdom, &format!(r#"{{"check_id":1,"current_state":"{word}"}}"#));
        assert!(said("FAILING")[0].starts_with("Transition Down"));
        assert!(said("SUCCESS")[0].starts_with("Transition Up"));
        assert!(said("UNCONFIRMED_DOWN")[0].starts_with("Transition Unknown"));
    }
}
