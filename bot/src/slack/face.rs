//! What the Slack face knows, and how it answers those who type.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use functions::clock::Clock;
use functions::proof::Secret;
use functions::vendors::lookout::Lookout;
use shared::engine::Glance;
use shared::grammar::Verb;
use shared::grammar::chat::{Typed, understand};
use shared::id::PersonId;
use shared::incident::Incident;
use shared::measures::Measures;
use shared::operation::{Operations, story};
use shared::plan::{Person, Plan};
use shared::safety::Standing;
use shared::timeline::timeline;
use slack_morphism::prelude::{SlackChannelId, SlackUserId};

use super::api::{Api, SLACK_API_URL};
use super::book::Book;
use super::{Message, Scene, card, operation, room};
use crate::orders::{self, AtDesk, Counter, Said, Speaker};
use crate::terminal::paint::{self, Brush};
use crate::terminal::people;

/// Columns of what is shown in a code block: a phone's.
const COLUMNS: usize = 60;
/// Names this face in the ledger.
pub const VIA: &str = "slack";

/// The face.
pub struct Face {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Where orders go.
    pub counter: AtDesk,
    /// The Web API.
    pub api: Api,
    /// What Slack signs with; several while it is rotated.
    pub secrets: Vec<Secret>,
    /// The room of all incidents.
    pub channel: SlackChannelId,
    /// Which message shows what.
    pub book: Book,
    /// The time.
    pub clock: Clock,
}

/// What is known at one moment, for a page.
struct Known {
    standing: Standing,
    operations: Operations,
    live: Vec<Incident>,
}

impl Face {
    /// The face, where Slack's settings are there. `read` gives a setting of the environment by its name.
    pub fn from_environment(
        lookout: &Lookout,
        counter: AtDesk,
        store: &Path,
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let set = |name: &str| read(name).filter(|value| !value.is_empty());
        let (token, channel) = (set("SLACK_BOT_TOKEN")?, set("SLACK_CHANNEL_ID")?);
        let url = set("SLACK_API_URL").unwrap_or_else(|| SLACK_API_URL.into());
        let secrets = set("SLACK_SIGNING_SECRET").unwrap_or_default();
        Some(Self {
            plan: Arc::clone(&lookout.plan),
            counter,
            api: Api::new(lookout.http.clone(), &url, &token),
            secrets: secrets.split(',').filter_map(|one| Secret::new(one).ok()).collect(),
            channel: SlackChannelId(channel),
            book: Book::beside(store),
            clock: lookout.clock,
        })
    }

    /// Who that is in the plan.
    pub fn person(&self, user: &SlackUserId) -> Option<&Person> {
        self.plan.people.iter().find(|one| one.slack.as_deref() == Some(user.0.as_str()))
    }

    /// Carries out what was typed. Every answer is for whoever typed it: what matters to everyone is on the card.
    pub async fn typed(
        &self,
        command: &str,
        text: &str,
        user: &SlackUserId,
        key: &str,
    ) -> Vec<Message> {
        let command = command.trim_start_matches('/');
        if command == "backup" {
            return vec![room::refusal(
                "backups are not connected in this version: go by the plan",
            )];
        }
        match understand(command, text, None) {
            Err(misunderstood) => vec![room::help_text(&misunderstood.0)],
            Ok(Typed::Help(help)) => vec![room::help_text(&help)],
            Ok(Typed::Bare) => vec![self.whereabouts(user).await],
            Ok(Typed::Verb(verb)) => self.ordered(&verb, user, key).await,
        }
    }

    /// Carries out an order, in the name of whoever gave it.
    pub async fn ordered(&self, verb: &Verb, user: &SlackUserId, key: &str) -> Vec<Message> {
        match self.obey(verb, user, key).await {
            Ok(said) => self.shown(&said).await,
            Err(why) => vec![room::refusal(&format!("{why:#}"))],
        }
    }

    /// The same; a refusal is the error.
    pub async fn obey(&self, verb: &Verb, user: &SlackUserId, key: &str) -> Result<Said> {
        let Some(person) = self.person(user) else {
            anyhow::bail!(
                "I don't know you yet. Somebody of the team can add you: your Slack id is {}, and \
                 `slack = \"…\"` under [[people]] in the plan is its place",
                user.0
            )
        };
        let speaker =
            Speaker { by: person.id.clone(), via: VIA.into(), key: format!("slack/{key}") };
        orders::carry_out(verb, &speaker, &self.counter).await
    }

    async fn known(&self) -> Result<Known> {
        let look = |seen: &dyn Glance| {
            Ok(Known {
                standing: seen.standing().clone(),
                operations: seen.operations().clone(),
                live: seen.live().into_iter().cloned().collect(),
            })
        };
        self.counter.see(look).await
    }

    /// Where somebody is, and what they can do next.
    async fn whereabouts(&self, user: &SlackUserId) -> Message {
        let known = match self.known().await {
            Ok(known) => known,
            Err(why) => return room::refusal(&why.to_string()),
        };
        let live: Vec<&Incident> =
            known.live.iter().filter(|one| one.state.is_declared()).collect();
        let who = self.person(user);
        let at = room::Whereabouts { who, here: None, live: &live, operations: &known.operations };
        room::status(&at, self.scene(&known.standing))
    }

    /// Somebody's home tab.
    pub async fn home(&self, user: &SlackUserId) -> Result<(), super::api::Trouble> {
        let Ok(known) = self.known().await else { return Ok(()) };
        let live: Vec<&Incident> =
            known.live.iter().filter(|one| one.state.is_declared()).collect();
        // How old backups are, nothing measures yet.
        let backups = std::collections::BTreeMap::new();
        let house =
            super::home::House { live: &live, operations: &known.operations, backups: &backups };
        let view = super::home::home(&house, self.scene(&known.standing));
        self.api.home(user, view).await
    }

    /// What every page is painted before.
    pub fn scene<'a>(&'a self, standing: &'a Standing) -> Scene<'a> {
        Scene { plan: &self.plan, standing, now: (self.clock)() }
    }

    /// What there is to show for an order.
    async fn shown(&self, said: &Said) -> Vec<Message> {
        let known = match self.known().await {
            Ok(known) => known,
            Err(why) => return vec![room::refusal(&why.to_string())],
        };
        let scene = self.scene(&known.standing);
        match said {
            Said::Incident(incident) => {
                let id = incident.id.clone();
                let turns = self.counter.see(move |seen| Ok(seen.turns(&id)?)).await;
                let lines = timeline(&turns.unwrap_or_default());
                vec![card::incident_card(incident, &lines, scene)]
            }
            Said::Incidents(rows) => vec![room::incident_list(rows, scene)],
            Said::Timeline(incident, turns) => {
                room::timeline_messages(incident.number, &timeline(turns))
            }
            Said::Report(incident, turns) => {
                let measures = Measures::of(&self.plan, incident, turns);
                let table = paint::measures(&measures, Brush { width: COLUMNS, colours: false });
                let rest = format!("The whole report: allclear report {}", incident.number);
                vec![room::help_text(&format!("{table}{rest}"))]
            }
            Said::Operation(one, standing) => {
                let turns = self.counter.see(|seen| Ok(seen.operation_turns()?)).await;
                let lines = story(&turns.unwrap_or_default());
                vec![operation::operation_card(one, &lines, self.scene(standing))]
            }
            Said::Operations(all) => {
                let rows: Vec<String> = all.iter().map(row).collect();
                let rows = if rows.is_empty() { "No operations.".into() } else { rows.join("\n") };
                vec![room::help_text(&rows)]
            }
            Said::Candidates(survey, _) => {
                let list = survey.deployments.iter().flatten().filter(|one| one.candidate);
                let rows: Vec<String> = list
                    .map(|one| format!("{}, live {} ago", one.id, scene.now.since(one.live_at)))
                    .collect();
                vec![room::help_text(&rows.join("\n"))]
            }
            Said::OnCall(roster, look) => {
                let answer = people::on_call(&self.plan, roster, *look, scene.now);
                vec![room::help_text(&answer.text)]
            }
            Said::PhoneTests(tests) => vec![room::help_text(&people::phone_tests(tests).text)],
            Said::Frozen(None) => {
                vec![room::notice("Frozen: nothing acts any more. Detection and paging go on.")]
            }
            Said::Frozen(Some(first)) => {
                vec![room::notice(&format!("Frozen already, by {}: {}", first.by, first.why))]
            }
            Said::Thawed(Some(_)) => vec![room::notice("No longer frozen: what is armed may act.")],
            Said::Thawed(None) => vec![room::notice("Nothing was frozen.")],
        }
    }

    /// Everybody in the plan who is in Slack.
    pub fn user_of(&self, person: &PersonId) -> Option<SlackUserId> {
        let slack = self.plan.person(person)?.slack.as_ref()?;
        (!shared::plan::is_placeholder(slack)).then(|| SlackUserId(slack.clone()))
    }
}

fn row(one: &shared::operation::Operation) -> String {
    let act = shared::timeline::act_says(&one.act);
    format!("{}: {act}; {}", one.number, crate::terminal::operations::stage_says(&one.stage))
}
