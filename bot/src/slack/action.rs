//! What a press means: the ids and values of buttons and menus, written and read in one place.
//!
//! A value is a verb and what it is about, parted by colons: `acknowledge:42`, `run:7:<hash>`. It is parsed once, at the
//! door; what doesn't read back is refused there.

use std::fmt;
use std::str::FromStr;

use shared::ledger::HASH_DIGITS_MIN;
use slack_morphism::prelude::{SlackActionId, SlackInteractionActionInfo};

/// The id of a menu whose options carry the verb.
pub const MENU: &str = "more";
/// Hexadecimal digits of a whole hash.
const HASH_DIGITS: usize = 64;

/// Something pressed, or asked for by a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open the form that declares an incident.
    Declare,
    /// Open the form that asks why every action shall stop.
    Freeze,
    /// Allow actions again.
    Unfreeze,
    /// Something on an incident, by its number.
    Incident(Verb, u32),
    /// Something on an operation's plan.
    Operation(Step, Named),
}

/// What can be pressed on an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// "I have it."
    Acknowledge,
    /// Open the form that gives a role to somebody.
    Assign,
    /// Open the form for an update.
    Update,
    /// Open the form that asks how bad it is, and why.
    Severity,
    /// "Users are fine again."
    Mitigated,
    /// "It is over."
    Resolve,
    /// Open the form that asks why it is over although evidence is missing.
    ResolveAnyway,
    /// Open the form that asks why it is not over.
    Reopen,
    /// Show the card.
    Show,
    /// Show the timeline.
    Timeline,
    /// Write the report.
    Report,
    /// Plan a rollback; nothing is changed yet.
    PlanRollback,
    /// Plan a failover; nothing is changed yet.
    PlanFailover,
}

/// What can be pressed on an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Agree to the plan.
    Approve,
    /// Open the form that shows the plan once more before agreeing.
    Read,
    /// Say go.
    Run,
    /// Open the form that asks why it is called off.
    Abort,
    /// Show the card.
    Look,
}

/// An operation and the plan that was on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The operation's number.
    pub number: u32,
    /// Digits of the plan's hash, lower case.
    pub hash: String,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 13] = [
        Self::Acknowledge,
        Self::Assign,
        Self::Update,
        Self::Severity,
        Self::Mitigated,
        Self::Resolve,
        Self::ResolveAnyway,
        Self::Reopen,
        Self::Show,
        Self::Timeline,
        Self::Report,
        Self::PlanRollback,
        Self::PlanFailover,
    ];

    /// As the wire writes it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Assign => "assign",
            Self::Update => "update",
            Self::Severity => "severity",
            Self::Mitigated => "mitigated",
            Self::Resolve => "resolve",
            Self::ResolveAnyway => "resolve-anyway",
            Self::Reopen => "reopen",
            Self::Show => "show",
            Self::Timeline => "timeline",
            Self::Report => "report",
            Self::PlanRollback => "plan-rollback",
            Self::PlanFailover => "plan-failover",
        }
    }

    /// The words on its button.
    pub fn label(self) -> &'static str {
        match self {
            Self::Acknowledge => "Acknowledge",
            Self::Assign => "Assign a role",
            Self::Update => "Write an update",
            Self::Severity => "Set the severity",
            Self::Mitigated => "Mitigated",
            Self::Resolve => "Resolve",
            Self::ResolveAnyway => "Resolve without evidence",
            Self::Reopen => "Open it again",
            Self::Show => "Show the card",
            Self::Timeline => "Show the timeline",
            Self::Report => "Write the report",
            Self::PlanRollback => "Plan a rollback",
            Self::PlanFailover => "Plan a failover",
        }
    }
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 5] = [Self::Approve, Self::Read, Self::Run, Self::Abort, Self::Look];

    /// As the wire writes it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Read => "read",
            Self::Run => "run",
            Self::Abort => "abort",
            Self::Look => "look",
        }
    }

    /// The words on its button.
    pub fn label(self) -> &'static str {
        match self {
            Self::Approve => "Approve",
            Self::Read => "Read and approve",
            Self::Run => "Run",
            Self::Abort => "Call it off",
            Self::Look => "Show the plan",
        }
    }
}

/// Why a press cannot be read: it came from an older or a foreign message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The button carries nothing.
    #[error("the button carries no value: ask for a fresh card with /incident status")]
    Empty,
    /// The value says something else than the id.
    #[error("`{id}` and `{value}` do not belong together: ask for a fresh card")]
    Mismatch {
        /// The action's id.
        id: String,
        /// The value.
        value: String,
    },
    /// The value is none of ours.
    #[error("`{0}` is no action of ours: ask for a fresh card with /incident status")]
    Unknown(String),
}

impl Action {
    /// The `action_id` of its button, and the `callback_id` of its form.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Declare => "declare",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
            Self::Incident(verb, _) => verb.id(),
            Self::Operation(step, _) => step.id(),
        }
    }

    /// The words on its button.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Declare => "Declare an incident",
            Self::Freeze => "Freeze every action",
            Self::Unfreeze => "Allow actions again",
            Self::Incident(verb, _) => verb.label(),
            Self::Operation(step, _) => step.label(),
        }
    }

    /// Reads a press as the wire brings it: a button's value, or the chosen option of a menu.
    pub fn pressed(press: &SlackInteractionActionInfo) -> Result<Self, Unreadable> {
        let SlackActionId(id) = &press.action_id;
        let chosen = press.selected_option.as_ref().map(|option| &option.value);
        let value = chosen.or(press.value.as_ref()).ok_or(Unreadable::Empty)?;
        Self::read(id, value)
    }

    /// Reads an id and a value that belong together.
    pub fn read(id: &str, value: &str) -> Result<Self, Unreadable> {
        let action: Self = value.parse()?;
        if id == action.id() || id == MENU {
            Ok(action)
        } else {
            Err(Unreadable::Mismatch { id: brief(id), value: brief(value) })
        }
    }
}

/// What came from outside is quoted, but not at length.
fn brief(text: &str) -> String {
    super::text::cut(text, 40)
}

/// As a button's value.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declare | Self::Freeze | Self::Unfreeze => f.write_str(self.id()),
            Self::Incident(verb, number) => write!(f, "{}:{number}", verb.id()),
            Self::Operation(step, Named { number, hash }) => {
                write!(f, "{}:{number}:{hash}", step.id())
            }
        }
    }
}

impl FromStr for Action {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let unknown = || Unreadable::Unknown(brief(text));
        let parts: Vec<&str> = text.splitn(4, ':').collect();
        match parts.as_slice() {
            ["declare"] => Ok(Self::Declare),
            ["freeze"] => Ok(Self::Freeze),
            ["unfreeze"] => Ok(Self::Unfreeze),
            [verb, number] => {
                let verb = Verb::ALL.into_iter().find(|one| one.id() == *verb);
                let (Some(verb), Some(number)) = (verb, whole(number)) else {
                    return Err(unknown());
                };
                Ok(Self::Incident(verb, number))
            }
            [step, number, hash] if is_hash(hash) => {
                let step = Step::ALL.into_iter().find(|one| one.id() == *step);
                let (Some(step), Some(number)) = (step, whole(number)) else {
                    return Err(unknown());
                };
                Ok(Self::Operation(step, Named { number, hash: (*hash).to_owned() }))
            }
            _ => Err(unknown()),
        }
    }
}

/// A number in the one way we write it, so that every value reads back to itself.
fn whole(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| number.to_string() == text)
}

fn is_hash(text: &str) -> bool {
    (HASH_DIGITS_MIN..=HASH_DIGITS).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn actions() -> impl Strategy<Value = Action> {
        let named = (any::<u32>(), "[0-9a-f]{8,64}");
        let named = named.prop_map(|(number, hash)| Named { number, hash });
        let verb = proptest::sample::select(Verb::ALL.to_vec());
        let step = proptest::sample::select(Step::ALL.to_vec());
        prop_oneof![
            Just(Action::Declare),
            Just(Action::Freeze),
            Just(Action::Unfreeze),
            (verb, any::<u32>()).prop_map(|(verb, number)| Action::Incident(verb, number)),
            (step, named).prop_map(|(step, named)| Action::Operation(step, named)),
        ]
    }

    proptest! {
        #[test]
        fn every_action_reads_back(action in actions()) {
            let value = action.to_string();
            prop_assert_eq!(Action::read(action.id(), &value), Ok(action.clone()));
            prop_assert_eq!(Action::read(MENU, &value), Ok(action));
        }

        #[test]
        fn what_is_read_is_what_was_written(text in "[a-z:-]{0,16}[0-9]{0,3}(:[0-9a-f]{0,9})?") {
            if let Ok(action) = text.parse::<Action>() {
                prop_assert_eq!(action.to_string(), text);
            }
        }

        #[test]
        fn junk_is_refused_without_a_panic(id in "\\PC{0,30}", value in "\\PC{0,300}") {
            if let Err(refused) = Action::read(&id, &value) {
                prop_assert!(refused.to_string().chars().count() < 200);
            }
        }
    }

    #[test]
    fn a_button_with_a_foreign_value_does_nothing() {
        assert!(Action::read("acknowledge", "acknowledge:42").is_ok());
        for (id, value) in [
            ("acknowledge", "run:7:0123456789abcdef"),
            ("run", "run:7:0123"),
            ("run", "run:7:0123456789ABCDEF"),
            ("acknowledge", "acknowledge:042"),
            ("acknowledge", "acknowledge:-1"),
            ("acknowledge", ""),
        ] {
            assert!(Action::read(id, value).is_err(), "{id} {value}");
        }
    }
}
