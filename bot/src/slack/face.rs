//! What the Slack face knows, and how it answers those who type.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use functions::clock::Clock;
use functions::proof::Secret;
use functions::vendors::lookout::Lookout;
use shared::engine::Glance;
use shared::grammar::chat::{Typed, understand};
use shared::grammar::{BackupVerb, Verb};
use shared::id::PersonId;
use shared::incident::Incident;
use shared::measures::Measures;
use shared::operation::{Operations, story};
use shared::plan::{Person, Plan};
use shared::roster::{Shift, on_call_at};
use shared::safety::Standing;
use shared::timeline::timeline;
use slack_morphism::prelude::{SlackChannelId, SlackUserId};

use super::access::Access;
use super::api::Api;
use super::book::Book;
use super::line::Line;
use super::presence::Presence;
use super::{Message, Scene, card, operation, room};
use crate::backups;
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
    /// How the way to Slack stands.
    pub line: Line,
    /// Whose account is still theirs.
    pub presence: Presence,
    /// The time.
    pub clock: Clock,
}

/// What is known at one moment, for a page.
struct Known {
    shift: Option<Shift>,
    standing: Standing,
    operations: Operations,
    live: Vec<Incident>,
}

impl Face {
    /// The face with this access.
    pub fn new(access: Access, lookout: &Lookout, counter: AtDesk, store: &Path) -> Self {
        let Access { bot_token, channel, url, secrets, .. } = access;
        Self {
            plan: Arc::clone(&lookout.plan),
            counter,
            api: Api::new(lookout.http.clone(), &url, &bot_token),
            secrets,
            channel,
            book: Book::beside(store),
            line: Line::beside(store),
            presence: Presence::default(),
            clock: lookout.clock,
        }
    }

    /// Who that is in the plan.
    pub fn person(&self, user: &SlackUserId) -> Option<&Person> {
        self.plan.people.iter().find(|one| one.slack.as_deref() == Some(user.0.as_str()))
    }

    /// Carries out what was typed; in an incident's own channel that incident is meant. Every answer is for whoever typed it: what matters to everyone is on the card.
    pub async fn typed(
        &self,
        command: &str,
        text: &str,
        (user, channel): (&SlackUserId, &SlackChannelId),
        key: &str,
    ) -> Vec<Message> {
        let at_hand = self.book.at_hand(channel, None);
        let command = command.trim_start_matches('/');
        match understand(command, text, at_hand) {
            Err(misunderstood) => vec![room::help_text(&misunderstood.0)],
            Ok(Typed::Help(help)) => vec![room::help_text(&help)],
            Ok(Typed::Bare) => vec![self.whereabouts(user, at_hand).await],
            Ok(Typed::Verb(verb)) => self.ordered(&verb, user, key).await,
        }
    }

    /// Carries out an order, in the name of whoever gave it.
    pub async fn ordered(&self, verb: &Verb, user: &SlackUserId, key: &str) -> Vec<Message> {
        if let Verb::Backup(verb) = verb {
            return vec![self.about_backups(verb, user).await];
        }
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
        self.vouch(verb, user).await?;
        let speaker =
            Speaker { by: person.id.clone(), via: VIA.into(), key: format!("slack/{key}") };
        orders::carry_out(verb, &speaker, &self.counter).await
    }

    /// Reads the backups' manifests; what makes, proves or restores one is for a terminal, where the keys are.
    async fn about_backups(&self, verb: &BackupVerb, user: &SlackUserId) -> Message {
        if self.person(user).is_none() {
            return room::refusal(
                "I don't know you yet: somebody of the team can add you to the plan",
            );
        }
        let (plan, verb, now) = (Arc::clone(&self.plan), verb.clone(), (self.clock)());
        let read = tokio::task::spawn_blocking(move || backups::in_chat(&verb, &plan, now));
        match read.await {
            Ok(Ok(answer)) => room::help_text(&answer.text),
            Ok(Err(why)) => room::refusal(&format!("{why:#}")),
            Err(_) => room::refusal("the backups could not be read"),
        }
    }

    async fn known(&self) -> Result<Known> {
        let now = (self.clock)();
        let look = move |seen: &dyn Glance| {
            Ok(Known {
                shift: on_call_at(seen.plan(), seen.roster(), now),
                standing: seen.standing().clone(),
                operations: seen.operations().clone(),
                live: seen.live().into_iter().cloned().collect(),
            })
        };
        self.counter.see(look).await
    }

    /// Where somebody is, and what they can do next.
    async fn whereabouts(&self, user: &SlackUserId, at_hand: Option<u32>) -> Message {
        let here = match at_hand {
            Some(number) => self.counter.see(move |seen| Ok(seen.numbered(number)?)).await,
            None => Ok(None),
        };
        let here = here.unwrap_or_default();
        let known = match self.known().await {
            Ok(known) => known,
            Err(why) => return room::refusal(&why.to_string()),
        };
        let live: Vec<&Incident> =
            known.live.iter().filter(|one| one.state.is_declared()).collect();
        let who = self.person(user);
        let (here, operations) = (here.as_ref(), &known.operations);
        let at =
            room::Whereabouts { who, here, live: &live, operations, shift: known.shift.as_ref() };
        room::status(&at, self.scene(&known.standing))
    }

    /// Somebody's home tab.
    pub async fn home(&self, user: &SlackUserId) -> Result<(), super::api::Trouble> {
        let Ok(known) = self.known().await else { return Ok(()) };
        let live: Vec<&Incident> =
            known.live.iter().filter(|one| one.state.is_declared()).collect();
        let plan = Arc::clone(&self.plan);
        let newest = tokio::task::spawn_blocking(move || backups::newest(&plan)).await;
        let backups = newest.unwrap_or_default();
        let house = super::home::House {
            live: &live,
            operations: &known.operations,
            shift: known.shift.as_ref(),
            backups: &backups,
        };
        let view = super::home::home(&house, self.scene(&known.standing));
        self.api.home(user, view).await
    }

    /// What every page is painted before.
    pub fn scene<'a>(&'a self, standing: &'a Standing) -> Scene<'a> {
        Scene { plan: &self.plan, standing, now: (self.clock)() }
    }

    /// What there is to show for an order.
    async fn shown(&self, said: &Said) -> Vec<Message> {
        if let Said::Granted(incident, standing) = said {
            return vec![card::brief(incident, self.scene(standing))];
        }
        let standing = match self.counter.see(|seen| Ok(seen.standing().clone())).await {
            Ok(standing) => standing,
            Err(why) => return vec![room::refusal(&why.to_string())],
        };
        let scene = self.scene(&standing);
        match said {
            Said::Granted(incident, _) => vec![card::brief(incident, scene)],
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
