//! UptimeRobot's alert contact "webhook", as JSON or as a form, with its variables under their own
//! names or the usual `snake_case` ones.
//!
//! The user writes the template, so everything but the alert's type may be missing; without a time
//! in it, none is invented. Type 3 is a certificate that will expire, which is no outage.

use super::intake::{Draft, Intake, State, json, malformed};
use super::text::Labels;
use super::{Health, Kind, Malformed, Signal};

const SEND: &str = "UptimeRobot's variables, e.g. {\"alert_type\":\"*alertType*\",\
     \"monitor_id\":\"*monitorID*\",\"monitor_url\":\"*monitorURL*\",\
     \"alert_datetime\":\"*alertDateTime*\"}";

/// Reads a POST.
pub(super) fn read(intake: &Intake<'_>, body: &str) -> Result<Vec<Signal>, Malformed> {
    let is_json = body.trim_start().starts_with('{');
    let fields: Labels<'_> = if is_json { json(body, SEND)? } else { Labels::form(body) };
    let kind = fields.first(&["alert_type", "alertType"]);
    let health = match kind {
        None => return Err(malformed("there is no alert_type", SEND)),
        Some("1") => Health::Down,
        Some("2") => Health::Up,
        Some(_) => Health::Unknown,
    };
    let seen = intake.when(fields.first(&["alert_datetime", "alertDateTime"]));
    let target = fields.first(&["monitor_url", "monitorURL"]);
    Ok(vec![intake.signal(Draft {
        key: fields.first(&["monitor_id", "monitorID"]).or(target).map(Into::into),
        name: fields.first(&["monitor_friendly_name", "monitorFriendlyName"]),
        target,
        reason: fields.first(&["alert_details", "alertDetails"]),
        observed: seen,
        started: seen.filter(|_| health == Health::Down),
        ..Draft::new(Kind::Transition, State::Is(health))
    })])
}

#[cfg(test)]
mod tests {
    use super::super::Provider::UptimeRobot;
    use super::super::tests::lines;

    #[test]
    fn a_template_left_as_it_was_tells_what_it_can() {
        let bare = r#"{"monitor_url":"https://app.example","monitor_friendly_name":"App",
            "alert_type":"1","alert_details":"Connection Timeout",
            "alert_datetime":"*alertDateTime*","monitor_id":"*monitorID*"}"#;
        assert_eq!(
            lines(UptimeRobot, bare),
            ["Transition Down frontend https://app.example \
              alert=- seen=- start=- Missing | App | https://app.example | Connection Timeout"]
        );
    }

    #[test]
    fn a_full_template_and_a_form_say_the_same() {
        let full = r#"{"monitorID":787878,"monitorURL":"https://app.example","alertType":2,
            "monitorFriendlyName":"App","alertDetails":"OK","alertDateTime":1795316640}"#;
        let form = "monitorID=787878&monitorURL=https%3A%2F%2Fapp.example&alertType=2\
            &monitorFriendlyName=App&alertDetails=OK&alertDateTime=1795316640";
        assert_eq!(
            lines(UptimeRobot, full),
            ["Transition Up frontend 787878 \
              alert=- seen=5 start=- Zoned | App | https://app.example | OK"]
        );
        assert_eq!(lines(UptimeRobot, full), lines(UptimeRobot, form));
    }

    #[test]
    fn an_expiring_certificate_is_no_outage() {
        let notice =
            lines(UptimeRobot, r#"{"alert_type":"3","monitor_url":"https://app.example"}"#);
        assert!(notice[0].starts_with("Transition Unknown"));
    }
}
