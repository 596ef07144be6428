//! What carriers call the states of calls and messages, as the kernel knows them.
//!
//! Sources: Twilio, "Call resource" and "Message resource"; Vonage, "Voice API webhooks" and "Messages API webhooks".

use shared::page::Stage;

/// The state of a Twilio call; `answered_by` is what its machine detection says. `None` for a word that means nothing to
/// us: it is no news then.
pub fn twilio_call(status: &str, answered_by: Option<&str>) -> Option<Stage> {
    let machine = answered_by.is_some_and(|by| by.starts_with("machine") || by == "fax");
    Some(match status {
        "queued" | "initiated" => Stage::Queued,
        "ringing" => Stage::Ringing,
        "in-progress" => Stage::Answered,
        // A message is being left until now: a second call would ring into it.
        "completed" if machine => Stage::Machine,
        "completed" => Stage::Completed,
        "busy" => Stage::Busy,
        "no-answer" => Stage::NoAnswer,
        "failed" | "canceled" => Stage::Failed { code: "".into(), text: status.into() },
        _ => return None,
    })
}

/// The state of a Twilio message, with its error code.
pub fn twilio_text(status: &str, code: Option<&str>) -> Option<Stage> {
    let code = code.unwrap_or_default();
    Some(match status {
        _ if code == "21610" => Stage::OptedOut,
        "accepted" | "scheduled" | "queued" | "sending" => Stage::Queued,
        "sent" => Stage::Sent,
        "delivered" | "read" => Stage::Delivered,
        "undelivered" => Stage::Undelivered { code: code.into(), text: meaning(code).into() },
        "failed" => Stage::Failed { code: code.into(), text: meaning(code).into() },
        _ => return None,
    })
}

/// The state of a Vonage call; `machine` is whether its machine detection has said so.
pub fn vonage_call(status: &str, machine: bool) -> Option<Stage> {
    Some(match status {
        "started" => Stage::Queued,
        "ringing" => Stage::Ringing,
        "answered" | "human" => Stage::Answered,
        "completed" if machine => Stage::Machine,
        "completed" => Stage::Completed,
        "busy" => Stage::Busy,
        "timeout" | "unanswered" => Stage::NoAnswer,
        "failed" | "rejected" | "cancelled" => {
            Stage::Failed { code: "".into(), text: status.into() }
        }
        _ => return None,
    })
}

/// The state of a Vonage message, with its error.
pub fn vonage_text(status: &str, code: &str, text: &str) -> Option<Stage> {
    Some(match status {
        "submitted" => Stage::Sent,
        "delivered" | "read" => Stage::Delivered,
        "rejected" | "undeliverable" => Stage::Undelivered { code: code.into(), text: text.into() },
        _ => return None,
    })
}

/// What a code means, where it says what to do.
fn meaning(code: &str) -> &'static str {
    match code {
        "30003" => "the phone is off or out of reach",
        "30004" => "the message was blocked",
        "30005" => "there is no such phone: mend the plan",
        "30006" => "a landline, or a carrier that can't be reached: call instead",
        "30007" => "the carrier filtered it",
        "30008" => "unknown error",
        "30034" => "our number is not registered with US carriers",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_call_says_that_a_machine_had_it() {
        assert_eq!(twilio_call("in-progress", Some("machine_end_beep")), Some(Stage::Answered));
        assert_eq!(twilio_call("completed", Some("machine_end_beep")), Some(Stage::Machine));
        assert_eq!(twilio_call("completed", Some("human")), Some(Stage::Completed));
        assert_eq!(vonage_call("machine", true), None);
        assert_eq!(vonage_call("completed", true), Some(Stage::Machine));
    }

    #[test]
    fn undelivered_is_never_sent_and_an_opt_out_is_told_apart() {
        let stage = twilio_text("undelivered", Some("30003")).unwrap();
        assert!(stage.is_bad() && stage.to_string().contains("out of reach"), "{stage}");
        assert!(twilio_text("failed", Some("30008")).unwrap().is_bad());
        assert_eq!(twilio_text("failed", Some("21610")), Some(Stage::OptedOut));
        assert!(vonage_text("undeliverable", "1240", "Illegal Number").unwrap().is_bad());
    }

    #[test]
    fn a_word_nobody_knows_is_no_news() {
        assert_eq!(twilio_call("levitating", None), None);
        assert_eq!(vonage_text("levitating", "", ""), None);
    }
}
