//! Presses and forms: what they mean as orders.

use shared::engine::Glance;
use shared::grammar::{
    Abort, Change, HostingPlan, IncidentVerb, Named as Plan, NamesPlan, On, OperationVerb,
    Rollback, Verb as Order,
};
use shared::plan::Severity;
use slack_morphism::prelude::{
    SlackChannelId, SlackModalView, SlackStatefulView, SlackTriggerId, SlackUserId, SlackView,
};

use super::action::{Action, Named, Step, Verb};
use super::face::Face;
use super::modal::{self, Rejection, Submission};
use super::{Message, room};
use crate::orders::{self, Counter};

/// What a press leads to.
pub enum Led {
    /// An order that can be carried out at once.
    To(Box<Order>),
    /// A form that has to be filled in first.
    Form(Box<SlackModalView>),
}

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
        match self.leads_to(action, channel).await {
            Err(why) => vec![room::refusal(&why.to_string())],
            Ok(Led::To(order)) => self.ordered(&order, user, key).await,
            Ok(Led::Form(form)) => match self.api.open(trigger, SlackView::Modal(*form)).await {
                Ok(()) => Vec::new(),
                Err(trouble) => {
                    let says = format!("the form could not be opened ({trouble}): press it again");
                    vec![room::refusal(&says)]
                }
            },
        }
    }

    async fn leads_to(
        &self,
        action: Action,
        channel: Option<SlackChannelId>,
    ) -> anyhow::Result<Led> {
        match action {
            Action::Declare => Ok(Led::Form(Box::new(modal::declare(channel, &self.plan)))),
            Action::Operation(Step::Read, Named { number, .. }) => {
                self.form_of_operation(number, channel).await
            }
            Action::Operation(step, named) => Ok(Led::To(Box::new(of_operation(step, named)))),
            Action::Incident(verb, number) => match at_once(verb, number) {
                Some(order) => Ok(Led::To(Box::new(order))),
                None => self.form_of_incident(verb, number, channel).await,
            },
        }
    }

    async fn form_of_incident(
        &self,
        verb: Verb,
        number: u32,
        channel: Option<SlackChannelId>,
    ) -> anyhow::Result<Led> {
        let incident = self.counter.see(move |seen| orders::numbered(seen, number)).await?;
        Ok(Led::Form(Box::new(match verb {
            Verb::Assign => modal::assign(&incident, channel, &self.plan),
            Verb::Update => modal::update(&incident, channel, &self.plan),
            other => modal::reason(other, &incident, channel, &self.plan),
        })))
    }

    async fn form_of_operation(
        &self,
        number: u32,
        channel: Option<SlackChannelId>,
    ) -> anyhow::Result<Led> {
        let look = move |seen: &dyn Glance| {
            let operation = seen.operations().all.get(&number).cloned();
            let operation =
                operation.ok_or_else(|| anyhow::anyhow!("there is no operation {number}"))?;
            Ok((operation, seen.standing().clone()))
        };
        let (operation, standing) = self.counter.see(look).await?;
        let form = modal::approve(&operation, channel, self.scene(&standing));
        Ok(Led::Form(Box::new(form)))
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

/// What needs no form.
fn at_once(verb: Verb, number: u32) -> Option<Order> {
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
        | Verb::ResolveAnyway
        | Verb::Reopen
        | Verb::PlanRollback
        | Verb::PlanFailover => return None,
    }))
}

fn of_operation(step: Step, Named { number, hash }: Named) -> Order {
    Order::Operation(match step {
        Step::Approve => OperationVerb::Approve(Plan { number, hash }),
        Step::Run => OperationVerb::Run(Plan { number, hash }),
        Step::Abort => {
            OperationVerb::Abort(Abort { number, because: vec!["called off in Slack".into()] })
        }
        Step::Look | Step::Read => OperationVerb::Show { number },
    })
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
        Submission::Approve(named) => return of_operation(Step::Approve, named),
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
