//! The vendor that only says what it would do: it stands in for every vendor without credentials.

use shared::effect::{Act, Effect, Finding, Look, Outcome, Page, Tell};
use shared::id::EffectKey;
use shared::plan::ContactKind;

use crate::perform::{Hold, Perform};

/// Says what it would do and does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dry;

impl Perform for Dry {
    async fn perform(&self, key: &EffectKey, effect: &Effect, _: &Hold) -> Outcome {
        if let Some(would) = would(effect) {
            tracing::info!(effect.key = %key, "dry-run: would {would}");
        }
        outcome(key, effect)
    }
}

/// What would be done, as people say it; `None` for reads. No phone number, no address: logs travel.
fn would(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Page(page) => Some(would_page(page)),
        Effect::Act(Act::RollBack { from, to }) => Some(format!("roll back from {from} to {to}")),
        Effect::Act(Act::FailOver) => Some("fail over to the standby".into()),
        Effect::Act(Act::FailBack) => Some("fail back to the primary".into()),
        Effect::Act(Act::Promote { from, to }) => Some(format!("promote {to} over {from}")),
        Effect::Purge(_) => Some("throw away cached pages".into()),
        Effect::Act(Act::Restart(component)) => Some(format!("restart {component}")),
        Effect::Tell(Tell::Card) => Some("update the card".into()),
        Effect::Tell(Tell::Notice(text)) => Some(format!("post: {text}")),
        Effect::Report => Some("file the report".into()),
        Effect::Look(_) | Effect::WakeAt { .. } => None,
    }
}

fn would_page(page: &Page) -> String {
    let Page { person, incident, severity, component, .. } = page;
    let means = match page.by {
        ContactKind::Voice => "by voice",
        ContactKind::Sms => "by text message",
        ContactKind::Mail => "by mail",
        ContactKind::Slack => "in Slack",
    };
    format!("page {person} {means}: {severity:?} incident {incident}, {component}")
}

fn outcome(key: &EffectKey, effect: &Effect) -> Outcome {
    match effect {
        Effect::Page(_) => {
            Outcome::Done(Finding::Sent { provider: "dry-run".into(), receipt: key.to_string() })
        }
        Effect::Act(_) => Outcome::Done(Finding::WouldHave),
        // Nothing is ever done here, so nothing can have been done.
        Effect::Look(Look::ReadBack { .. }) => Outcome::Done(Finding::ReadBack { applied: false }),
        Effect::Look(_) => Outcome::Never { why: "nothing to look at in dry-run".into() },
        Effect::Purge(_) | Effect::Tell(_) | Effect::Report | Effect::WakeAt { .. } => {
            Outcome::Done(Finding::Nothing)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_in_dry_run_says_what_it_would_do_and_that_it_did_not() {
        let act = Effect::Act(Act::FailOver);
        assert_eq!(would(&act).unwrap(), "fail over to the standby");
        let key = EffectKey { stream: "abc".into(), turn: 1, position: 0 };
        assert_eq!(outcome(&key, &act), Outcome::Done(Finding::WouldHave));
    }
}
