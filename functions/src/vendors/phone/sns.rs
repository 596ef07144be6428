//! Amazon SNS: messages only, and one way. The last resort for text: its monthly limit of spending stops it silently.

use aws_sdk_sns::types::MessageAttributeValue;

use super::said::Said;
use crate::vendors::aws::{Aws, Trouble, trouble};

/// What AWS answers where it would take the same later.
const BUSY: [&str; 3] = ["Throttled", "Throttling", "ThrottlingException"];
/// What it answers where our keys are not in order.
const CLOSED: [&str; 4] =
    ["AuthorizationError", "InvalidClientTokenId", "SignatureDoesNotMatch", "AccessDenied"];

/// A Region to send from.
#[derive(Debug)]
pub struct Sns {
    client: aws_sdk_sns::Client,
}

impl Sns {
    /// `None` without keys and a Region.
    pub fn from_environment(
        http: reqwest::Client,
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let region = read("ALLCLEAR_SNS_REGION").filter(|value| !value.is_empty())?;
        let aws = Aws::from_environment(http, read)?;
        Some(Self { client: aws.sns(&region) })
    }

    /// Sends a message.
    pub async fn text(&self, to: &str, body: &str) -> Said {
        let text = |value: &str| {
            MessageAttributeValue::builder().data_type("String").string_value(value).build()
        };
        let Ok(urgent) = text("Transactional") else {
            return Said::Refused { why: "the message makes no sense".into() };
        };
        let publish = self.client.publish().phone_number(to).message(body);
        match publish.message_attributes("AWS.SNS.SMS.SMSType", urgent).send().await {
            Ok(sent) => match sent.message_id {
                Some(receipt) => Said::Took { receipt },
                None => Said::Lost { why: "its answer names no message".into() },
            },
            Err(error) => said(trouble(&error)),
        }
    }
}

fn said(trouble: Trouble) -> Said {
    match trouble {
        Trouble::NotSent(why) => Said::Closed { why },
        Trouble::Lost(why) => Said::Lost { why },
        Trouble::Refused { code, says } if BUSY.contains(&code.as_str()) => {
            Said::Busy { why: says, after: std::time::Duration::from_secs(1) }
        }
        Trouble::Refused { code, says } if CLOSED.contains(&code.as_str()) => Said::Closed {
            why: format!(
                "AWS refuses our keys: set AWS_ACCESS_KEY_ID and let it sns:Publish ({says})"
            ),
        },
        Trouble::Refused { says, .. } if says.to_lowercase().contains("opted out") => {
            Said::Refused { why: super::OPTED_OUT.into() }
        }
        Trouble::Refused { code, says } => Said::Refused { why: format!("{code}: {says}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_says_what_is_next() {
        let refused = |code: &str, says: &str| {
            said(Trouble::Refused { code: code.into(), says: says.into() })
        };
        assert!(matches!(refused("Throttling", "Rate exceeded"), Said::Busy { .. }));
        assert!(matches!(refused("AuthorizationError", "not allowed"), Said::Closed { .. }));
        let opted_out = refused("InvalidParameter", "Phone number is opted out");
        assert_eq!(opted_out, Said::Refused { why: super::super::OPTED_OUT.into() });
        assert!(matches!(said(Trouble::Lost("gone".into())), Said::Lost { .. }));
        assert!(matches!(said(Trouble::NotSent("down".into())), Said::Closed { .. }));
    }
}
