//! Presses and forms: what they mean as orders.

use shared::engine::Glance;
use shared::grammar::{
    Abort, Change, HostingPlan, IncidentVerb, Named as Plan, NamesPlan, On, OperationVerb,
    Rollback, Verb as Order,
};
use shared::plan::Severity;
use slack_morphism::prelude::{
    SlackChannelId, SlackModalView, SlackStatefulView, SlackTriggerId, SlackUserId,
};

use super::action::{Action, Named, Step, Verb};
use super::api::Trouble;
use super::face::Face;
use super::modal::{self, Rejection, Submission};
use super::{Message, room};
use crate::orders::{self, Counter};
use crate::terminal::operations::by_phone;

impl Face {
    /// Does what was pressed: carries an order out, or opens a form while its trigger lives.
    pub async fn pressed(
        &self,
        action: Action,
        user: &SlackUserId,
        trigger: &SlackTriggerId,
        channel: Option<SlackChannelId>,
        key: &str,
    ) -> Vec<Message> {
        if let Some(order) = at_once(&action) {
            return self.ordered(&order, user, key).await;
        }
        match self.asks(action, user, trigger, channel).await {
            Ok(()) => Vec::new(),
            Err(trouble) => {
                let says = format!("the form could not be opened ({trouble}): press it again");
                vec![room::refusal(&says)]
            }
        }
    }

    /// Opens a form. What needs a look at the store first is opened empty: the trigger lives for three seconds, and
    /// a busy store may take longer.
    async fn asks(
        &self,
        action: Action,
        user: &SlackUserId,
        trigger: &SlackTriggerId,
        channel: Option<SlackChannelId>,
    ) -> Result<(), Trouble> {
        let form = match action {
            Action::Declare => modal::declare(channel, &self.plan),
            Action::Freeze | Action::Unfreeze => modal::freeze(channel),
            Action::Incident(verb, number) => {
                let opened = self.api.open(trigger, modal::loading()).await?;
                let form = self.form_of_incident(verb, number, channel).await;
                return self.api.change(opened, said(form)).await;
            }
            Action::Operation(step, named) => {
                let opened = self.api.open(trigger, modal::loading()).await?;
                let form = self.form_of_operation(step, named, user, channel).await;
                return self.api.change(opened, said(form)).await;
            }
        };
        self.api.open(trigger, form).await.map(drop)
    }

    async fn form_of_incident(
        &self,
        verb: Verb,
        number: u32,
        channel: Option<SlackChannelId>,
    ) -> anyhow::Result<SlackModalView> {
        let incident = self.counter.see(move |seen| orders::numbered(seen, number)).await?;
        Ok(match verb {
            Verb::Assign => modal::assign(&incident, channel, &self.plan),
            Verb::Update => modal::update(&incident, channel, &self.plan),
            Verb::Severity => modal::severity(&incident, channel, &self.plan),
            other => modal::reason(other, &incident, channel, &self.plan),
        })
    }

    async fn form_of_operation(
        &self,
        step: Step,
        named: Named,
        user: &SlackUserId,
        channel: Option<SlackChannelId>,
    ) -> anyhow::Result<SlackModalView> {
        let number = named.number;
        let look = move |seen: &dyn Glance| {
            let operation = seen.operations().all.get(&number).cloned();
            let operation =
                operation.ok_or_else(|| anyhow::anyhow!("there is no operation {number}"))?;
            Ok((operation, seen.standing().clone()))
        };
        let (operation, standing) = self.counter.see(look).await?;
        if step == Step::Abort {
            return Ok(modal::abort(named, &operation, channel));
        }
        let person = self.person(user);
        let says = person.and_then(|it| by_phone(&operation, &self.plan, &it.id));
        Ok(modal::approve(&operation, channel, self.scene(&standing), says.as_deref()))
    }

    /// What a form asks for, and the channel it was opened in; else what is wrong with it.
    pub fn submitted(
        &self,
        view: &SlackStatefulView,
    ) -> Result<(Order, Option<SlackChannelId>), Rejection> {
        let (submission, channel) = modal::submitted(view, &self.plan)?;
        Ok((asked(submission), channel))
    }
}

fn on(number: u32) -> On {
    On { number: Some(number) }
}

/// In the place of the form: the form, or why there is none.
fn said(form: anyhow::Result<SlackModalView>) -> SlackModalView {
    form.unwrap_or_else(|why| modal::refused(&format!("{why:#}")))
}

/// What needs no form.
fn at_once(action: &Action) -> Option<Order> {
    match action {
        Action::Declare | Action::Freeze => None,
        Action::Unfreeze => Some(Order::Incident(IncidentVerb::Unfreeze)),
        Action::Incident(verb, number) => of_incident(*verb, *number),
        Action::Operation(step, named) => of_operation(*step, named),
    }
}

fn of_incident(verb: Verb, number: u32) -> Option<Order> {
    let on = on(number);
    Some(Order::Incident(match verb {
        Verb::Acknowledge => IncidentVerb::Ack(on),
        Verb::Mitigated => IncidentVerb::Mitigated(on),
        Verb::Resolve => IncidentVerb::Resolve { on, without_evidence: None },
        Verb::Show => IncidentVerb::Show(on),
        Verb::Timeline => IncidentVerb::Timeline(on),
        Verb::Report => IncidentVerb::Report(on),
        Verb::Assign
        | Verb::Update
        | Verb::Severity
        | Verb::ResolveAnyway
        | Verb::Reopen
        | Verb::PlanRollback
        | Verb::PlanFailover => return None,
    }))
}

fn of_operation(step: Step, named: &Named) -> Option<Order> {
    let number = named.number;
    let plan = || Plan { number, hash: named.hash.clone() };
    Some(Order::Operation(match step {
        Step::Approve => OperationVerb::Approve(plan()),
        Step::Run => OperationVerb::Run(plan()),
        Step::Look => OperationVerb::Show { number },
        Step::Read | Step::Abort => return None,
    }))
}

fn asked(submission: Submission) -> Order {
    Order::Incident(match submission {
        Submission::Declare { severity, component, says } => {
            let severity = severity.map(|severity: Severity| format!("{severity:?}"));
            let words = severity.into_iter().chain([component.to_string(), says]).collect();
            IncidentVerb::Declare { words }
        }
        Submission::Update { incident, text } => {
            IncidentVerb::Update { on: on(incident), text: vec![text] }
        }
        Submission::Assign { incident, role, to } => {
            IncidentVerb::Assign { on: on(incident), role, to: to.to_string() }
        }
        Submission::Because { verb, incident, because } => {
            return because_of(verb, incident, because);
        }
        Submission::Severity { incident, to, because } => {
            IncidentVerb::Severity { on: on(incident), to, because: vec![because] }
        }
        Submission::Freeze { because } => IncidentVerb::Freeze { why: vec![because] },
        Submission::Approve(Named { number, hash }) => {
            return Order::Operation(OperationVerb::Approve(Plan { number, hash }));
        }
        Submission::Abort { number, because } => {
            return Order::Operation(OperationVerb::Abort(Abort {
                number,
                because: vec![because],
            }));
        }
    })
}

fn because_of(verb: Verb, incident: u32, because: String) -> Order {
    let because = vec![because];
    match verb {
        Verb::PlanRollback => {
            let plan = HostingPlan { because, to: None, incident: Some(incident) };
            Order::Rollback(Rollback { verb: None, plan })
        }
        Verb::PlanFailover => {
            let plan = NamesPlan { because, incident: Some(incident) };
            Order::Failover(Change { verb: None, plan })
        }
        Verb::Reopen => Order::Incident(IncidentVerb::Reopen { on: on(incident), because }),
        _ => Order::Incident(IncidentVerb::Resolve {
            on: on(incident),
            without_evidence: Some(because.concat()),
        }),
    }
}
