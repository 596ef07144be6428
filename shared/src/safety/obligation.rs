//! What an action leaves to people, and how they are reminded of it until it is done.

use super::{End, SafetyEvent, Standing};
use crate::effect::{Act, ActClass, Effect, Look, Tell, Timer};
use crate::time::{Span, Ts};

/// How often people are reminded of what they still have to do.
pub const REMIND_EVERY: Span = Span::hours(4);

/// What an action leaves to people (safety rules 6 and 19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// The action.
    pub act: Act,
    /// When it took place.
    pub since: Ts,
    /// When people were last reminded.
    pub reminded: Ts,
}

impl Obligation {
    /// What is to be done, and how.
    pub fn says(&self) -> &'static str {
        match self.act.class() {
            ActClass::Rollback => {
                "new deployments do not go live: `allclear rollback undo \"why\"`, or promote one"
            }
            ActClass::Failover => "traffic is on the standby: plan `allclear failback \"why\"`",
            ActClass::Restart => "look after what was restarted",
        }
    }
}

/// What is brought to mind once more: an obligation that is open, and not too soon after the last time.
pub fn remind(standing: &Standing, class: ActClass, now: Ts) -> Vec<SafetyEvent> {
    let due = |open: &Obligation| now.since(open.reminded) >= REMIND_EVERY;
    let due = standing.obligations.get(&class).is_some_and(due);
    due.then_some(SafetyEvent::Reminded { class }).into_iter().collect()
}

/// What a journal's event owes the world: reminders, and the looks that pins need. Never called on replay.
pub fn react(standing: &Standing, event: &SafetyEvent, at: Ts) -> Vec<Effect> {
    let remind = |class| Effect::WakeAt { at: at + REMIND_EVERY, timer: Timer::Remind(class) };
    let notice = |text: String| Effect::Tell(Tell::Notice(text));
    match event {
        SafetyEvent::Released { end: End::TookPlace, .. } => standing
            .obligations
            .iter()
            .filter(|(_, open)| open.since == at)
            .map(|(class, _)| remind(*class))
            .collect(),
        SafetyEvent::Reminded { class } => {
            let open = standing.obligations.get(class);
            let said = open.map(|open| notice(format!("still open: {}", open.says())));
            said.into_iter().chain([remind(*class)]).collect()
        }
        SafetyEvent::CareAsked => vec![Effect::Look(Look::Deployments)],
        SafetyEvent::PinLost { deployment } => vec![notice(format!(
            "{deployment} was the last deployment known to be good, and cannot be rolled back to \
             any more"
        ))],
        SafetyEvent::Prepared { by, what } => vec![notice(format!("{by} prepares: {what}"))],
        SafetyEvent::Backup(event) => super::backups::says(event).map(notice).into_iter().collect(),
        SafetyEvent::Frozen(_)
        | SafetyEvent::Unfrozen { .. }
        | SafetyEvent::Granted { .. }
        | SafetyEvent::Released { .. }
        | SafetyEvent::PeopleSettled { .. }
        | SafetyEvent::Pinned { .. }
        | SafetyEvent::Proven { .. } => Vec::new(),
    }
}
