//! Routing controls of Application Recovery Controller: switches of a data plane with five Regional endpoints.
//!
//! Source: ARC's best practices: write the endpoints down, pick one at random, go on to the next. Setting a switch to
//! the same state twice is no harm, so an endpoint whose answer is lost is simply followed by the next.

use aws_sdk_route53recoverycluster::Client;
use aws_sdk_route53recoverycluster::types::{
    RoutingControlState as State, UpdateRoutingControlStateEntry,
};
use shared::effect::{Change, Toward};
use shared::id::EffectKey;
use shared::ledger::Hash;
use shared::plan::RoutingControls;

use super::Acted;
use crate::perform::Hold;
use crate::vendors::aws::{Aws, Trouble, trouble};

/// The switches of a plan.
pub struct SwitchDriver<'a> {
    /// What reaches AWS.
    pub aws: &'a Aws,
    /// Where they are.
    pub controls: &'a RoutingControls,
}

impl SwitchDriver<'_> {
    /// What would change; nothing if it is so already.
    pub async fn changes(&self, toward: Toward) -> Result<Vec<Change>, Trouble> {
        let mut changes = Vec::new();
        for (arn, wanted) in self.wanted(toward) {
            let found = self.state(arn).await?;
            if found != wanted {
                changes.push(change(arn, &found, &wanted));
            }
        }
        Ok(changes)
    }

    /// Sets both switches in one call, so that they are never both off.
    pub async fn act(&self, key: &EffectKey, toward: Toward, hold: &Hold) -> Acted {
        let mut last = Acted::NotDone("no endpoint of the cluster is written down".into());
        for endpoint in self.endpoints(&key.to_string()) {
            let tried = self.ask(&endpoint, toward, hold).await;
            last = match (tried, last) {
                (done @ Acted::Done(_), _) => return done,
                // Some endpoint may have taken it, or takes it still, whatever the others say: it is read back.
                (Acted::Halted(why), Acted::Lost(_)) => return Acted::Lost(why),
                (Acted::Refused(why) | Acted::NotDone(why), Acted::Lost(_)) => Acted::Lost(why),
                (over @ (Acted::Halted(_) | Acted::Refused(_)), _) => return over,
                (other, _) => other,
            };
        }
        last
    }

    /// Asks one endpoint, under the lease.
    async fn ask(&self, endpoint: &Client, toward: Toward, hold: &Hold) -> Acted {
        if let Err(why) = hold.stands().await {
            return Acted::Halted(why);
        }
        match self.set(endpoint, toward).await {
            Ok(()) => Acted::Done(self.changed(toward)),
            Err(Trouble::Refused { code, says }) if code == "ConflictException" => {
                Acted::Refused(format!("a safety rule of the cluster forbids it: {says}"))
            }
            Err(trouble) => Acted::from(trouble),
        }
    }

    /// Whether both switches are as wanted now.
    pub async fn is_toward(&self, toward: Toward) -> Result<bool, Trouble> {
        Ok(self.changes(toward).await?.is_empty())
    }

    async fn set(&self, client: &Client, toward: Toward) -> Result<(), Trouble> {
        let mut call = client.update_routing_control_states();
        for (arn, state) in self.wanted(toward) {
            let entry = UpdateRoutingControlStateEntry::builder();
            let entry = entry.routing_control_arn(arn).routing_control_state(state).build();
            let entry = entry.map_err(|error| Trouble::NotSent(error.to_string()))?;
            call = call.update_routing_control_state_entries(entry);
        }
        call.send().await.map(drop).map_err(|error| trouble(&error))
    }

    /// The state of one switch, by the first endpoint that answers.
    async fn state(&self, arn: &str) -> Result<State, Trouble> {
        let mut last = Trouble::NotSent("no endpoint of the cluster is written down".into());
        for endpoint in self.endpoints(arn) {
            match endpoint.get_routing_control_state().routing_control_arn(arn).send().await {
                Ok(answer) => return Ok(answer.routing_control_state().clone()),
                Err(error) => last = trouble(&error),
            }
        }
        Err(last)
    }

    /// The endpoints in an order that differs from one operation to the next.
    fn endpoints(&self, seed: &str) -> Vec<Client> {
        let mut endpoints: Vec<&str> = self.controls.endpoints.iter().map(String::as_str).collect();
        endpoints.sort_by_key(|endpoint| Hash::of(&[seed.as_bytes(), endpoint.as_bytes()]));
        let split = endpoints.into_iter().filter_map(|endpoint| endpoint.split_once('='));
        split.map(|(region, url)| self.aws.routing_controls(region, url)).collect()
    }

    fn wanted(&self, toward: Toward) -> [(&str, State); 2] {
        let (primary, standby) = match toward {
            Toward::Primary => (State::On, State::Off),
            Toward::Standby => (State::Off, State::On),
        };
        [(&self.controls.standby, standby), (&self.controls.primary, primary)]
    }

    fn changed(&self, toward: Toward) -> Vec<Change> {
        let other = |state: &State| if *state == State::On { State::Off } else { State::On };
        let each = self.wanted(toward).into_iter();
        each.map(|(arn, state)| change(arn, &other(&state), &state)).collect()
    }
}

fn change(arn: &str, before: &State, after: &State) -> Change {
    let target = format!("routing control {}", arn.rsplit('/').next().unwrap_or(arn));
    Change { target, before: before.as_str().into(), after: after.as_str().into() }
}
