//! CloudWatch alarms through SNS: the envelope of a topic with the alarm's JSON as a string inside.
//!
//! Confirmations of a subscription, and notifications that hold no alarm, are control messages.
//! Confirming is the business of whoever proved the sender. Not read: SNS inside Lambda events,
//! which another door would receive.

use serde::Deserialize;

use super::intake::{Draft, Intake, State, json};
use super::text::Text;
use super::{Health, Kind, Malformed, Signal};

const SEND: &str = "an SNS message (not raw delivery): {\"Type\":\"Notification\",\"Message\":…}";

/// What SNS wraps around every message; the signature in it was checked at the door.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(borrow, default)]
    topic_arn: Text<'a>,
    #[serde(borrow, default)]
    subject: Text<'a>,
    #[serde(borrow)]
    message: Text<'a>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
}

/// A metric or composite alarm that changed its state.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alarm<'a> {
    #[serde(borrow)]
    new_state_value: Text<'a>,
    #[serde(borrow, default)]
    #[serde(rename = "AlarmArn")]
    arn: Text<'a>,
    #[serde(borrow, default)]
    #[serde(rename = "AlarmName")]
    name: Text<'a>,
    #[serde(borrow, default)]
    new_state_reason: Text<'a>,
    #[serde(borrow, default)]
    state_change_time: Text<'a>,
}

/// Reads a POST.
pub(super) fn read(intake: &Intake<'_>, body: &str) -> Result<Vec<Signal>, Malformed> {
    let envelope: Envelope<'_> = json(body, SEND)?;
    let message = envelope.message.get().unwrap_or_default();
    let alarm = match envelope.r#type.get() {
        Some("Notification") => serde_json::from_str::<Alarm<'_>>(message).ok(),
        Some(_) => None,
        None => return Err(Malformed { wrong: "there is no Type".into(), send: SEND }),
    };
    let draft = match &alarm {
        Some(alarm) => alarm.draft(intake, &envelope),
        None => Draft {
            key: envelope.topic_arn.get().map(Into::into),
            name: envelope.r#type.get(),
            reason: envelope.subject.get().or(Some(message)),
            observed: intake.when(envelope.timestamp.get()),
            ..Draft::control()
        },
    };
    Ok(vec![intake.signal(draft)])
}

impl Alarm<'_> {
    /// `INSUFFICIENT_DATA` is neither up nor down; older senders give no ARN.
    fn draft(&self, intake: &Intake<'_>, envelope: &Envelope<'_>) -> Draft<'_> {
        let state = match self.new_state_value.get() {
            Some("ALARM") => State::Firing,
            Some("OK") => State::Is(Health::Up),
            _ => State::Is(Health::Unknown),
        };
        let changed = intake
            .when(self.state_change_time.get())
            .or_else(|| intake.when(envelope.timestamp.get()));
        Draft {
            key: self.arn.get().or(self.name.get()).map(Into::into),
            name: self.name.get(),
            reason: self.new_state_reason.get(),
            observed: changed,
            started: changed.filter(|_| matches!(state, State::Firing)),
            ..Draft::new(Kind::Transition, state)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Provider::Cloudwatch;
    use super::super::tests::lines;

    fn notification(message: &str) -> String {
        let message = serde_json::to_string(message).unwrap();
        format!(
            r#"{{"Type":"Notification","MessageId":"m-1","TopicArn":"arn:aws:sns:r:1:t",
            "Subject":"ALARM","Timestamp":"2026-11-22T03:04:02.000Z","Message":{message}}}"#
        )
    }

    fn alarm(state: &str) -> String {
        notification(&format!(
            r#"{{"AlarmName":"edge-5xx","AlarmArn":"arn:aws:cloudwatch:r:1:alarm:edge-5xx",
            "NewStateValue":"{state}","OldStateValue":"OK","NewStateReason":"3 datapoints",
            "StateChangeTime":"2026-11-22T03:04:00.500+0000","Trigger":{{"Threshold":0.5}}}}"#
        ))
    }

    #[test]
    fn an_alarm_fires_ends_and_lacks_data() {
        assert_eq!(
            lines(Cloudwatch, &alarm("ALARM")),
            ["Transition Down frontend arn:aws:cloudwatch:r:1:alarm:edge-5xx \
                 alert=- seen=4.5 start=4.5 Zoned | edge-5xx | - | 3 datapoints"]
        );
        assert_eq!(
            lines(Cloudwatch, &alarm("OK")),
            ["Transition Up frontend arn:aws:cloudwatch:r:1:alarm:edge-5xx \
                 alert=- seen=4.5 start=- Zoned | edge-5xx | - | 3 datapoints"]
        );
        assert_eq!(
            lines(Cloudwatch, &alarm("INSUFFICIENT_DATA")),
            ["Transition Unknown frontend arn:aws:cloudwatch:r:1:alarm:edge-5xx \
                 alert=- seen=4.5 start=- Zoned | edge-5xx | - | 3 datapoints"]
        );
    }

    #[test]
    fn what_holds_no_alarm_is_a_control_message() {
        assert_eq!(
            lines(Cloudwatch, &notification("hello\nthere")),
            ["Control Unknown frontend arn:aws:sns:r:1:t \
              alert=- seen=3 start=- Zoned | Notification | - | ALARM"]
        );
        let confirm = r#"{"Type":"SubscriptionConfirmation","TopicArn":"arn:aws:sns:r:1:t",
            "Message":"confirm","Token":"t","SubscribeURL":"https://sns.r.amazonaws.com/?t"}"#;
        assert_eq!(
            lines(Cloudwatch, confirm),
            ["Control Unknown frontend arn:aws:sns:r:1:t \
              alert=- seen=- start=- Missing | SubscriptionConfirmation | - | confirm"]
        );
    }
}
