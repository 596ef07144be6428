//! Forms: what they ask, and their answers as types. An answer that won't do comes back as a sentence under its field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::id::{ComponentId, PersonId};
use shared::incident::{Incident, Role};
use shared::operation::Operation;
use shared::plan::{Plan, Severity, is_placeholder};
use shared::timeline::role_says;
use slack_morphism::prelude::*;

use super::action::{Action, Named, Step, Verb};
use super::kit::{self, Input};
use super::text::{cut, said};
use super::{Scene, card, operation};

/// Where Slack must be asked to open a form within three seconds, and what stands there first.
const LOADING: &str = "loading";
/// Names of the inputs: of their blocks, too.
const SEVERITY: &str = "severity";
const COMPONENT: &str = "component";
const WORDS: &str = "words";
const ROLE: &str = "role";
const PERSON: &str = "person";

const SEVERITIES: [(Severity, &str, &str); 4] = [
    (Severity::P1, "p1", "P1: complete service outage"),
    (Severity::P2, "p2", "P2: partial service degradation"),
    (Severity::P3, "p3", "P3: minor functionality issues"),
    (Severity::P4, "p4", "P4: non-critical issues"),
];

const ROLES: [(Role, &str); 5] = [
    (Role::IncidentCommander, "incident-commander"),
    (Role::TechnicalLead, "technical-lead"),
    (Role::CommunicationsLead, "communications-lead"),
    (Role::BusinessLead, "business-lead"),
    (Role::AssignedDeveloper, "assigned-developer"),
];

/// What a form was opened for; Slack keeps it as `private_metadata` and brings it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// The action that opened it.
    pub action: Action,
    /// The channel it was opened from, where the answer belongs.
    pub channel: Option<SlackChannelId>,
}

/// A purpose as the wire keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(rename = "do")]
    action: String,
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    channel: Option<SlackChannelId>,
}

impl Purpose {
    fn keep(&self) -> String {
        let kept = Kept { action: self.action.to_string(), channel: self.channel.clone() };
        // Two short strings: they always can be written.
        serde_json::to_string(&kept).unwrap_or_default()
    }

    fn read(text: &str) -> Option<Self> {
        let Kept { action, channel } = serde_json::from_str(text).ok()?;
        Some(Self { action: action.parse().ok()?, channel })
    }
}

/// Opened at once, while the real form is being made: the trigger lives for three seconds.
pub fn loading() -> SlackModalView {
    let blocks = vec![kit::section("One moment…")];
    SlackModalView::new(title("All Clear"), blocks)
        .with_callback_id(LOADING.into())
        .with_close(title("Close"))
}

/// Declares an incident; of a plan without components nothing can be declared.
pub fn declare(channel: Option<SlackChannelId>, plan: &Plan) -> SlackModalView {
    let severities = SEVERITIES.iter().map(|(_, id, says)| kit::choice(says, (*id).into()));
    let name = |one: &shared::plan::Component| kit::choice(&said(&one.name), one.id.to_string());
    let components: Vec<_> = plan.components.iter().map(name).collect();
    let first = components.first().cloned();
    let blocks = vec![
        ask(COMPONENT, "What is broken?", "The whole site: choose the frontend.")
            .select(components, first),
        Input {
            optional: true,
            ..ask(SEVERITY, "How bad is it?", "Leave it empty to let the plan decide.")
        }
        .select(severities.collect(), None),
        ask(WORDS, "What do you see?", "People read this first: one sentence is enough.").words(),
    ];
    form("Declare an incident", "Declare", &Purpose { action: Action::Declare, channel }, blocks)
}

/// Asks for words for everyone.
pub fn update(incident: &Incident, channel: Option<SlackChannelId>, plan: &Plan) -> SlackModalView {
    let input = ask(WORDS, "What should everyone know?", "It joins the timeline.");
    on_incident(
        Verb::Update,
        ("Write an update", "Tell everyone"),
        incident,
        channel,
        plan,
        vec![input.words()],
    )
}

/// Gives a role to a person of the plan.
pub fn assign(incident: &Incident, channel: Option<SlackChannelId>, plan: &Plan) -> SlackModalView {
    let roles: Vec<_> =
        ROLES.iter().map(|(role, id)| kit::choice(role_says(*role), (*id).into())).collect();
    let first = roles.first().cloned();
    let person = |one: &shared::plan::Person| {
        let name = if is_placeholder(&one.name) { one.id.as_str() } else { &one.name };
        kit::choice(&said(&format!("{name}, {}", one.title)), one.id.to_string())
    };
    let people = plan.people.iter().map(person).collect();
    let inputs = vec![
        ask(ROLE, "Which role?", "Whoever holds it now is relieved.").select(roles, first),
        ask(PERSON, "Who takes it?", "The people of the plan.").select(people, None),
    ];
    on_incident(Verb::Assign, ("Assign a role", "Assign"), incident, channel, plan, inputs)
}

/// Asks how bad it is, and why.
pub fn severity(
    incident: &Incident,
    channel: Option<SlackChannelId>,
    plan: &Plan,
) -> SlackModalView {
    let choices = || SEVERITIES.iter().map(|(_, id, says)| kit::choice(says, (*id).into()));
    let now = SEVERITIES.iter().position(|(one, ..)| *one == incident.severity);
    let inputs = vec![
        ask(SEVERITY, "How bad is it?", "Worse than before: the paging begins anew.")
            .select(choices().collect(), now.and_then(|at| choices().nth(at))),
        ask(WORDS, "Why?", "It stays on record, with your name.").words(),
    ];
    on_incident(Verb::Severity, ("Set the severity", "Set"), incident, channel, plan, inputs)
}

/// Asks why every action shall stop.
pub fn freeze(channel: Option<SlackChannelId>) -> SlackModalView {
    let says = "Nothing acts any more, whatever was armed or approved. Detection and paging go on.";
    let why = ask(WORDS, "Why?", "It stays on record, with your name.").words();
    let purpose = Purpose { action: Action::Freeze, channel };
    form("Freeze every action", "Freeze", &purpose, vec![kit::section(says), why])
}

/// Asks why an operation is called off.
pub fn abort(
    named: Named,
    operation: &Operation,
    channel: Option<SlackChannelId>,
) -> SlackModalView {
    let act = super::text::marked(&shared::timeline::act_says(&operation.act));
    let head = kit::section(&format!("*Operation {}*: {act}", operation.number));
    let why = ask(WORDS, "Why?", "It stays on record, with your name.").words();
    let purpose = Purpose { action: Action::Operation(Step::Abort, named), channel };
    form("Call it off", "Call it off", &purpose, vec![head, why])
}

/// Asks why, before something that needs a reason on record: reopening, resolving without evidence, planning a change.
pub fn reason(
    verb: Verb,
    incident: &Incident,
    channel: Option<SlackChannelId>,
    plan: &Plan,
) -> SlackModalView {
    let input = ask(WORDS, "Why?", "It stays on record, with your name.");
    on_incident(verb, (verb.label(), "Go on"), incident, channel, plan, vec![input.words()])
}

/// Shows a plan whole once more, before somebody agrees to exactly that; `by_phone` is how they alone could do so by phone.
pub fn approve(
    operation: &Operation,
    channel: Option<SlackChannelId>,
    scene: Scene,
    by_phone: Option<&str>,
) -> SlackModalView {
    let named = Named { number: operation.number, hash: operation.hash.to_string() };
    let purpose = Purpose { action: Action::Operation(Step::Read, named), channel };
    let says = super::text::marked(&shared::timeline::act_says(&operation.act));
    let mut blocks = vec![kit::section(&format!("*Operation {}*: {says}", operation.number))];
    blocks.extend(operation::plan_blocks(operation, scene));
    blocks.extend(by_phone.map(|how| kit::context(&[&operation::without_slack(how)])));
    form("Approve a plan", "I agree to this", &purpose, blocks)
}

fn ask<'a>(name: &'static str, label: &'a str, hint: &'a str) -> Input<'a> {
    Input { name, label, hint, optional: false }
}

fn on_incident(
    verb: Verb,
    (title, submit): (&str, &str),
    incident: &Incident,
    channel: Option<SlackChannelId>,
    plan: &Plan,
    inputs: Vec<SlackBlock>,
) -> SlackModalView {
    let head = super::text::escape(&card::title(incident, plan));
    let mut blocks = vec![kit::context(&[&head])];
    blocks.extend(inputs);
    let action = Action::Incident(verb, incident.number);
    form(title, submit, &Purpose { action, channel }, blocks)
}

fn form(name: &str, submit: &str, purpose: &Purpose, blocks: Vec<SlackBlock>) -> SlackModalView {
    SlackModalView::new(title(name), kit::bounded(blocks, kit::VIEW_BLOCKS))
        .with_callback_id(purpose.action.id().into())
        .with_private_metadata(purpose.keep())
        .with_submit(title(submit))
        .with_close(title("Cancel"))
}

/// In the place of a form: why nothing was done.
pub fn refused(why: &str) -> SlackModalView {
    SlackModalView::new(title("Not done"), vec![kit::section(&super::text::marked(why))])
}

fn title(text: &str) -> SlackBlockPlainTextOnly {
    kit::plain(text, kit::VIEW_TITLE)
}

/// What a form was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// Declare an incident.
    Declare {
        /// How bad; absent: by the plan's classification.
        severity: Option<Severity>,
        /// What is broken.
        component: ComponentId,
        /// In their words.
        says: String,
    },
    /// Tell everyone something.
    Update {
        /// The incident's number.
        incident: u32,
        /// Their words.
        text: String,
    },
    /// Give a role to somebody.
    Assign {
        /// The incident's number.
        incident: u32,
        /// Which.
        role: Role,
        /// To whom.
        to: PersonId,
    },
    /// The reason that an action on an incident waited for.
    Because {
        /// The action.
        verb: Verb,
        /// The incident's number.
        incident: u32,
        /// Why.
        because: String,
    },
    /// Set how bad it is.
    Severity {
        /// The incident's number.
        incident: u32,
        /// How bad.
        to: Severity,
        /// Why.
        because: String,
    },
    /// Stop every action.
    Freeze {
        /// Why.
        because: String,
    },
    /// Agree to a plan that was read.
    Approve(Named),
    /// Call an operation off.
    Abort {
        /// The operation's number.
        number: u32,
        /// Why.
        because: String,
    },
}

/// Why a form was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Some fields won't do: a sentence for each, by the name of its block.
    #[error("{} fields won't do", .0.len())]
    Fields(BTreeMap<&'static str, String>),
    /// It is no form of ours, or of a version long gone.
    #[error("this form is not known any more: close it and open it again")]
    Unknown,
}

impl Rejection {
    /// As Slack wants it in answer to a submission; `None` where there is no field to put it under.
    pub fn response(&self) -> Option<SlackViewSubmissionResponse> {
        let Self::Fields(fields) = self else { return None };
        let errors = fields.iter().map(|(name, says)| ((*name).to_owned(), says.clone()));
        let errors = SlackViewSubmissionErrorsResponse::new(errors.collect());
        Some(SlackViewSubmissionResponse::Errors(errors))
    }
}

/// Reads a submitted form: what was meant, and where its answer belongs.
pub fn submitted(
    view: &SlackStatefulView,
    plan: &Plan,
) -> Result<(Submission, Option<SlackChannelId>), Rejection> {
    let SlackView::Modal(modal) = &view.view else { return Err(Rejection::Unknown) };
    let kept = modal.private_metadata.as_deref().and_then(Purpose::read);
    let Purpose { action, channel } = kept.ok_or(Rejection::Unknown)?;
    let id = modal.callback_id.as_ref().map(|SlackCallbackId(id)| id.as_str());
    if id != Some(action.id()) {
        return Err(Rejection::Unknown);
    }
    let mut answers =
        Answers { state: view.state_params.state.as_ref(), plan, wrong: BTreeMap::new() };
    let submission = answers.read(action)?;
    if answers.wrong.is_empty() {
        Ok((submission, channel))
    } else {
        Err(Rejection::Fields(answers.wrong))
    }
}

/// A form's answers, and what is wrong with them.
struct Answers<'a> {
    state: Option<&'a SlackViewState>,
    plan: &'a Plan,
    wrong: BTreeMap<&'static str, String>,
}

impl Answers<'_> {
    fn read(&mut self, action: Action) -> Result<Submission, Rejection> {
        Ok(match action {
            Action::Declare => Submission::Declare {
                severity: self.severity(),
                component: self.component(),
                says: self.words("say in a sentence what you see"),
            },
            Action::Incident(Verb::Update, incident) => {
                Submission::Update { incident, text: self.words("say something") }
            }
            Action::Incident(Verb::Assign, incident) => {
                Submission::Assign { incident, role: self.role(), to: self.person() }
            }
            Action::Incident(Verb::Severity, incident) => {
                let because = self.words("a reason is needed");
                let to = self.severity();
                if to.is_none() {
                    self.refuse(SEVERITY, "choose P1, P2, P3 or P4".into());
                }
                Submission::Severity { incident, to: to.unwrap_or(Severity::P1), because }
            }
            Action::Freeze => Submission::Freeze { because: self.words("a reason is needed") },
            Action::Operation(Step::Abort, Named { number, .. }) => {
                Submission::Abort { number, because: self.words("a reason is needed") }
            }
            Action::Incident(verb, incident) if needs_reason(verb) => {
                Submission::Because { verb, incident, because: self.words("a reason is needed") }
            }
            Action::Operation(Step::Read, named) => Submission::Approve(named),
            Action::Unfreeze | Action::Incident(..) | Action::Operation(..) => {
                return Err(Rejection::Unknown);
            }
        })
    }

    fn value(&self, name: &str) -> Option<&SlackViewStateValue> {
        let values = &self.state?.values;
        values.get(&SlackBlockId(name.into()))?.get(&SlackActionId(name.into()))
    }

    fn chosen(&self, name: &str) -> Option<&str> {
        Some(self.value(name)?.selected_option.as_ref()?.value.as_str())
    }

    fn refuse(&mut self, name: &'static str, says: String) {
        self.wrong.insert(name, says);
    }

    fn words(&mut self, otherwise: &str) -> String {
        let words = self.value(WORDS).and_then(|value| value.value.as_deref()).unwrap_or_default();
        let words = words.trim().to_owned();
        let most = kit::INPUT_TEXT;
        if shared::timeline::plain(&words).is_empty() {
            self.refuse(WORDS, otherwise.into());
        } else if words.chars().count() > most {
            self.refuse(WORDS, format!("at most {most} characters"));
        }
        words
    }

    fn severity(&mut self) -> Option<Severity> {
        let chosen = self.chosen(SEVERITY)?.to_owned();
        let found = SEVERITIES.iter().find(|(_, id, _)| *id == chosen).map(|(found, ..)| *found);
        if found.is_none() {
            self.refuse(SEVERITY, "choose P1, P2, P3 or P4, or nothing".into());
        }
        found
    }

    fn component(&mut self) -> ComponentId {
        let id = ComponentId::from(self.chosen(COMPONENT).unwrap_or_default());
        if self.plan.component(&id).is_none() {
            let says = format!("`{}` is not in the plan (any more)", cut(id.as_str(), 60));
            self.refuse(COMPONENT, says);
        }
        id
    }

    fn role(&mut self) -> Role {
        let chosen = self.chosen(ROLE).unwrap_or_default().to_owned();
        let found = ROLES.iter().find(|(_, id)| *id == chosen).map(|(role, _)| *role);
        if found.is_none() {
            self.refuse(ROLE, "choose a role".into());
        }
        found.unwrap_or(Role::IncidentCommander)
    }

    fn person(&mut self) -> PersonId {
        let id = PersonId::from(self.chosen(PERSON).unwrap_or_default());
        if self.plan.person(&id).is_none() {
            self.refuse(PERSON, "choose somebody who is in the plan".into());
        }
        id
    }
}

/// Whether an action waits for a reason on record.
pub fn needs_reason(verb: Verb) -> bool {
    match verb {
        Verb::Reopen | Verb::ResolveAnyway | Verb::PlanRollback | Verb::PlanFailover => true,
        Verb::Acknowledge
        | Verb::Assign
        | Verb::Update
        | Verb::Severity
        | Verb::Mitigated
        | Verb::Resolve
        | Verb::Show
        | Verb::Timeline
        | Verb::Report => false,
    }
}
